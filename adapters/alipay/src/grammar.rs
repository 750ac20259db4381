//! What Alipay's fields look like: amounts, dates in Beijing time, numbers. The signed string has no
//! escaping, so a strict grammar is part of what makes a signature mean what it seems to
//! 「异步通知说明」. What a message means is others' part.

use chrono::{DateTime, NaiveDate};
use payfold_domain::{Money, OutTradeNo, RefundNo, RefundNumber, Timestamp, TransactionId};

use crate::Refusal;
use crate::form::Form;

const AMOUNT: &str = "yuan in digits with at most two decimals";
const DATE: &str = "yyyy-MM-dd HH:mm:ss";
const DATE_WITH_FRACTION: &str = "yyyy-MM-dd HH:mm:ss, with at most three decimals";
const DIGITS: &str = "1 to 64 digits";
const WORD: &str = "1 to 64 characters of 0-9A-Za-z_.";
const CHARSET: &str = "utf-8, gbk, gb2312 or gb18030";

/// Beijing time has no summer time 「异步通知说明」.
const BEIJING_OFFSET_SECS: i64 = 8 * 3600;

/// Fields that decide what a message means, in the order of their names.
const DECIDING: [&str; 12] = [
    "app_id",
    "gmt_payment",
    "gmt_refund",
    "notify_type",
    "out_biz_no",
    "out_trade_no",
    "refund_fee",
    "seller_id",
    "subject",
    "total_amount",
    "trade_no",
    "trade_status",
];

/// Holds every field that is present to its grammar, whether or not it is used.
pub(crate) fn check(form: &Form<'_>) -> Result<(), Refusal> {
    for field in form.present() {
        check_field(field.name, &field.value)?;
    }
    form.present()
        .filter(|field| field.value.contains(&b'&'))
        .try_for_each(|field| check_unambiguous(field.name, &field.value))
}

fn check_field(name: &[u8], value: &[u8]) -> Result<(), Refusal> {
    let (field, expected, fits) = match name {
        b"total_amount" => ("total_amount", AMOUNT, is_amount(value)),
        b"refund_fee" => ("refund_fee", AMOUNT, is_amount(value)),
        b"receipt_amount" => ("receipt_amount", AMOUNT, is_amount(value)),
        b"invoice_amount" => ("invoice_amount", AMOUNT, is_amount(value)),
        b"buyer_pay_amount" => ("buyer_pay_amount", AMOUNT, is_amount(value)),
        b"point_amount" => ("point_amount", AMOUNT, is_amount(value)),
        b"refund_amount" => ("refund_amount", AMOUNT, is_amount(value)),
        b"send_back_fee" => ("send_back_fee", AMOUNT, is_amount(value)),
        b"mdiscount_amount" => ("mdiscount_amount", AMOUNT, is_amount(value)),
        b"discount_amount" => ("discount_amount", AMOUNT, is_amount(value)),
        b"dback_amount" => ("dback_amount", AMOUNT, is_amount(value)),
        b"notify_time" => ("notify_time", DATE, beijing(value).is_some()),
        b"gmt_create" => ("gmt_create", DATE, beijing(value).is_some()),
        b"gmt_payment" => ("gmt_payment", DATE, beijing(value).is_some()),
        b"gmt_close" => ("gmt_close", DATE, beijing(value).is_some()),
        b"timestamp" => ("timestamp", DATE, beijing(value).is_some()),
        b"gmt_refund" => {
            let fits = beijing_with_fraction(value).is_some();
            ("gmt_refund", DATE_WITH_FRACTION, fits)
        }
        b"trade_no" => ("trade_no", DIGITS, is_digits(value)),
        b"app_id" => ("app_id", DIGITS, is_digits(value)),
        b"auth_app_id" => ("auth_app_id", DIGITS, is_digits(value)),
        b"seller_id" => ("seller_id", DIGITS, is_digits(value)),
        b"buyer_id" => ("buyer_id", DIGITS, is_digits(value)),
        b"notify_type" => ("notify_type", WORD, is_word(value)),
        b"trade_status" => ("trade_status", WORD, is_word(value)),
        b"charset" => ("charset", CHARSET, is_charset(value)),
        b"out_trade_no" => return out_trade_no(value).map(drop),
        b"out_biz_no" => return out_biz_no(value).map(drop),
        _ => return Ok(()),
    };
    if fits {
        Ok(())
    } else {
        Err(Refusal::Malformed { field, expected })
    }
}

/// Refuses a value that seems to hold a deciding field: the signed string would not tell it from that
/// field itself. Then each deciding field stands once in the string, where its grammar ends it at the
/// next `&`, however the string is cut. Only a subject may hold the names that sort after it
/// (`total_amount`, `trade_no`, `trade_status`): the fields so named must follow, and after them comes
/// nothing that a buyer or a shop writes.
fn check_unambiguous(name: &[u8], value: &[u8]) -> Result<(), Refusal> {
    for piece in value.split(|byte| *byte == b'&').skip(1) {
        for field in DECIDING {
            let held = piece
                .strip_prefix(field.as_bytes())
                .is_some_and(|rest| rest.first() == Some(&b'='));
            if held && !(name == b"subject" && field > "subject") {
                return Err(Refusal::Ambiguous { field });
            }
        }
    }
    Ok(())
}

/// An amount in yuan, 0 to 2 decimals.
pub(crate) fn amount(field: &'static str, value: &[u8]) -> Result<Money, Refusal> {
    Money::parse_yuan(value).ok_or(Refusal::Malformed {
        field,
        expected: AMOUNT,
    })
}

/// The merchant's number of a payment.
pub(crate) fn out_trade_no(value: &[u8]) -> Result<OutTradeNo, Refusal> {
    std::str::from_utf8(value)
        .ok()
        .filter(|text| !text.contains(['|', '*']))
        .and_then(|text| OutTradeNo::from_gateway(text).ok())
        .ok_or(Refusal::Malformed {
            field: "out_trade_no",
            expected: "1 to 64 characters of 0-9A-Za-z_-",
        })
}

/// Alipay's number of a trade.
pub(crate) fn trade_no(value: &[u8]) -> Result<TransactionId, Refusal> {
    std::str::from_utf8(value)
        .ok()
        .filter(|text| is_digits(text.as_bytes()))
        .and_then(|text| TransactionId::from_gateway(text).ok())
        .ok_or(Refusal::Malformed {
            field: "trade_no",
            expected: DIGITS,
        })
}

/// The merchant's number of a refund that was made here (`out_request_no`).
pub(crate) fn refund_no(field: &'static str, value: &[u8]) -> Result<RefundNo, Refusal> {
    std::str::from_utf8(value)
        .ok()
        .and_then(|text| RefundNo::from_gateway(text).ok())
        .ok_or(Refusal::Malformed {
            field,
            expected: "1 to 64 characters of 0-9A-Za-z_-|*@",
        })
}

/// The number of the refund in a notify. Alipay bounds its length and not its letters 「异步通知说明」, so
/// another system's may be anything that leaves the signed string with one meaning.
pub(crate) fn out_biz_no(value: &[u8]) -> Result<RefundNumber, Refusal> {
    if let Ok(refund_no) = refund_no("out_biz_no", value) {
        return Ok(RefundNumber::Stated(refund_no));
    }
    let is_short = match std::str::from_utf8(value) {
        Ok(text) => (1..=64).contains(&text.chars().count()),
        // In GB18030 a character has at most four bytes.
        Err(_other_charset) => value.len() <= 4 * 64,
    };
    let is_plain = |byte: &u8| !byte.is_ascii_control() && !matches!(byte, b'&' | b'=');
    if is_short && value.iter().all(is_plain) {
        Ok(RefundNumber::Foreign)
    } else {
        Err(Refusal::Malformed {
            field: "out_biz_no",
            expected: "1 to 64 characters without &, = and control characters",
        })
    }
}

/// A kind or a state of message, by Alipay's name for it.
pub(crate) fn word(field: &'static str, value: &[u8]) -> Result<String, Refusal> {
    std::str::from_utf8(value)
        .ok()
        .filter(|text| is_word(text.as_bytes()))
        .map(str::to_owned)
        .ok_or(Refusal::Malformed {
            field,
            expected: WORD,
        })
}

/// The code of a refusal, by Alipay's name for it (`ACQ.TRADE_NOT_EXIST`, `isv.invalid-signature`).
pub(crate) fn code(field: &'static str, text: &str) -> Result<String, Refusal> {
    let fits = (1..=64).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-'));
    if fits {
        Ok(text.to_owned())
    } else {
        Err(Refusal::Malformed {
            field,
            expected: "1 to 64 characters of 0-9A-Za-z_.-",
        })
    }
}

/// `yyyy-MM-dd HH:mm:ss`, Beijing time.
pub(crate) fn beijing(text: &[u8]) -> Option<Timestamp> {
    let [
        y0,
        y1,
        y2,
        y3,
        b'-',
        mo0,
        mo1,
        b'-',
        d0,
        d1,
        b' ',
        h0,
        h1,
        b':',
        mi0,
        mi1,
        b':',
        s0,
        s1,
    ] = text
    else {
        return None;
    };
    let year = number(&[*y0, *y1, *y2, *y3])?;
    let date = NaiveDate::from_ymd_opt(
        i32::try_from(year).ok()?,
        number(&[*mo0, *mo1])?,
        number(&[*d0, *d1])?,
    )?;
    let time = date.and_hms_opt(
        number(&[*h0, *h1])?,
        number(&[*mi0, *mi1])?,
        number(&[*s0, *s1])?,
    )?;
    let secs = time.and_utc().timestamp() - BEIJING_OFFSET_SECS;
    Some(Timestamp::from_secs(secs))
}

/// As [`beijing`], and then perhaps a point and one to three decimals of a second (`gmt_refund`).
pub(crate) fn beijing_with_fraction(text: &[u8]) -> Option<Timestamp> {
    let (whole, fraction) = text.split_at_checked(19)?;
    let micros = match fraction {
        [] => 0,
        [b'.', tenths] => number(&[*tenths])? * 100_000,
        [b'.', digits @ ..] if digits.len() == 2 => number(digits)? * 10_000,
        [b'.', digits @ ..] if digits.len() == 3 => number(digits)? * 1_000,
        _ => return None,
    };
    let whole = beijing(whole)?;
    Some(Timestamp::from_micros(
        whole.as_micros() + i64::from(micros),
    ))
}

/// As [`beijing_with_fraction`], of a field that must be so.
pub(crate) fn time(field: &'static str, text: &[u8]) -> Result<Timestamp, Refusal> {
    beijing_with_fraction(text).ok_or(Refusal::Malformed {
        field,
        expected: DATE_WITH_FRACTION,
    })
}

/// An instant as `yyyy-MM-dd HH:mm:ss`, Beijing time; `None` beyond the calendar.
pub(crate) fn to_beijing(time: Timestamp) -> Option<String> {
    let shifted = DateTime::from_timestamp(time.plus_secs(BEIJING_OFFSET_SECS).as_secs(), 0)?;
    Some(shifted.format("%Y-%m-%d %H:%M:%S").to_string())
}

pub(crate) fn is_digits(value: &[u8]) -> bool {
    (1..=64).contains(&value.len()) && value.iter().all(u8::is_ascii_digit)
}

fn is_amount(value: &[u8]) -> bool {
    Money::parse_yuan(value).is_some()
}

fn is_word(value: &[u8]) -> bool {
    (1..=64).contains(&value.len())
        && value
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.'))
}

/// The charsets that a payment can be made in. No text of a notify becomes part of a fact, so its
/// bytes stay as they are; an unknown name is refused, for the text could be anything.
fn is_charset(value: &[u8]) -> bool {
    [&b"utf-8"[..], b"gbk", b"gb2312", b"gb18030"]
        .iter()
        .any(|known| value.eq_ignore_ascii_case(known))
}

fn number(digits: &[u8]) -> Option<u32> {
    digits.iter().try_fold(0, |sum: u32, digit| {
        digit
            .is_ascii_digit()
            .then(|| sum * 10 + u32::from(digit - b'0'))
    })
}

//! The grammar of what WeChat Pay writes in either protocol: numbers, ids and times. Each refuses with
//! the field's name and what was expected.

use chrono::{DateTime, NaiveDateTime};
use payfold_domain::{AppId, Currency, Gateway, OutTradeNo, RefundNo, Timestamp, TransactionId};

use crate::Refusal;

/// `transaction_id` 「微信支付订单号」: digits, 28 in practice.
pub(crate) fn transaction_id(text: &str) -> Result<TransactionId, Refusal> {
    const REFUSAL: Refusal = malformed("transaction_id", "1 to 32 digits");
    if text.len() > 32 || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(REFUSAL);
    }
    TransactionId::from_gateway(text).map_err(|_invalid| REFUSAL)
}

pub(crate) fn out_trade_no(text: &str) -> Result<OutTradeNo, Refusal> {
    OutTradeNo::external(Gateway::WechatPay, text)
        .map_err(|invalid| malformed("out_trade_no", invalid.expected))
}

pub(crate) fn refund_no(text: &str) -> Result<RefundNo, Refusal> {
    RefundNo::from_gateway(text).map_err(|invalid| malformed("out_refund_no", invalid.expected))
}

pub(crate) fn app_id(text: &str) -> Result<AppId, Refusal> {
    AppId::new(text).map_err(|invalid| malformed("appid", invalid.expected))
}

/// A currency; absent means renminbi.
pub(crate) fn currency(text: Option<&str>, field: &'static str) -> Result<Currency, Refusal> {
    match text {
        None => Ok(Currency::CNY),
        Some(code) => Currency::new(code).ok_or(malformed(field, "three upper-case letters")),
    }
}

/// A time of v3: RFC 3339 with any offset.
pub(crate) fn rfc3339(text: &str, field: &'static str) -> Result<Timestamp, Refusal> {
    DateTime::parse_from_rfc3339(text)
        .map(|time| Timestamp::from_micros(time.timestamp_micros()))
        .map_err(|_invalid| malformed(field, "a time by RFC 3339"))
}

/// A time of v2, which is Beijing's and says no zone: `yyyyMMddHHmmss` in pay notifies.
pub(crate) fn beijing_compact(text: &str, field: &'static str) -> Result<Timestamp, Refusal> {
    let digits = text.len() == 14 && text.bytes().all(|byte| byte.is_ascii_digit());
    beijing(text, "%Y%m%d%H%M%S")
        .filter(|_| digits)
        .ok_or(malformed(field, "yyyyMMddHHmmss"))
}

/// A time of v2, which is Beijing's and says no zone: `yyyy-MM-dd HH:mm:ss` in refund notifies.
pub(crate) fn beijing_spaced(text: &str, field: &'static str) -> Result<Timestamp, Refusal> {
    beijing(text, "%Y-%m-%d %H:%M:%S")
        .filter(|_| text.len() == 19)
        .ok_or(malformed(field, "yyyy-MM-dd HH:mm:ss"))
}

fn beijing(text: &str, format: &str) -> Option<Timestamp> {
    const EIGHT_HOURS_SECS: i64 = 8 * 3600;
    let local = NaiveDateTime::parse_from_str(text, format).ok()?;
    Some(Timestamp::from_secs(local.and_utc().timestamp()).plus_secs(-EIGHT_HOURS_SECS))
}

/// A name of a state or code that this binary need not know: short, and fit to be kept as text.
pub(crate) fn state<'a>(text: &'a str, field: &'static str) -> Result<&'a str, Refusal> {
    let fits = (1..=64).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-'));
    if fits {
        Ok(text)
    } else {
        Err(malformed(field, "1 to 64 characters of 0-9A-Za-z_.-"))
    }
}

pub(crate) const fn malformed(field: &'static str, expected: &'static str) -> Refusal {
    Refusal::Malformed { field, expected }
}

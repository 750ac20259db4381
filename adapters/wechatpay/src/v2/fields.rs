//! The defence against the weakness of v2's sign 「安全规范」: the signed string does not tell where a
//! value ends, so whoever sees a document and controls one free text in it can cut the same string into
//! another document. Every field that is known has its strict grammar here, used or not, and no value
//! may seem to hold a known field.

use super::xml::Elements;
use crate::Refusal;
use crate::grammar::malformed;

/// What a known field may hold.
#[derive(Clone, Copy)]
enum Grammar {
    /// Digits, so many at most.
    Digits(usize),
    /// `0-9A-Za-z_-.|*@`, so many at most.
    Word(usize),
    /// Three upper-case letters.
    Currency,
    /// Anything: the merchant's, the buyer's or the gateway's own words.
    Free,
}

/// Every field of a pay or refund notify.
const KNOWN: &[(&str, Grammar)] = &[
    ("appid", Grammar::Word(32)),
    ("attach", Grammar::Free),
    ("bank_type", Grammar::Word(32)),
    ("cash_fee", Grammar::Digits(11)),
    ("cash_fee_type", Grammar::Currency),
    ("coupon_count", Grammar::Digits(11)),
    ("coupon_fee", Grammar::Digits(11)),
    ("device_info", Grammar::Free),
    ("err_code", Grammar::Word(32)),
    ("err_code_des", Grammar::Free),
    ("fee_type", Grammar::Currency),
    ("is_subscribe", Grammar::Word(1)),
    ("mch_id", Grammar::Digits(32)),
    ("nonce_str", Grammar::Word(64)),
    ("openid", Grammar::Word(128)),
    ("out_trade_no", Grammar::Word(64)),
    ("promotion_detail", Grammar::Free),
    ("rate_value", Grammar::Word(32)),
    ("result_code", Grammar::Word(16)),
    ("return_code", Grammar::Word(16)),
    ("return_msg", Grammar::Free),
    ("settlement_total_fee", Grammar::Digits(11)),
    ("sign", Grammar::Word(64)),
    ("sign_type", Grammar::Word(32)),
    ("sub_appid", Grammar::Word(32)),
    ("sub_is_subscribe", Grammar::Word(1)),
    ("sub_mch_id", Grammar::Digits(32)),
    ("sub_openid", Grammar::Word(128)),
    ("time_end", Grammar::Digits(14)),
    ("total_fee", Grammar::Digits(11)),
    ("trade_state", Grammar::Word(32)),
    ("trade_state_desc", Grammar::Free),
    ("trade_type", Grammar::Word(16)),
    ("transaction_id", Grammar::Digits(32)),
    ("version", Grammar::Word(32)),
];

/// Fields that come with a number at their end.
const KNOWN_NUMBERED: &[(&str, Grammar)] = &[
    ("coupon_fee_", Grammar::Digits(11)),
    ("coupon_id_", Grammar::Word(64)),
    ("coupon_type_", Grammar::Word(32)),
];

/// Whether every known field has its grammar, and the signed string reads in one way alone.
pub(super) fn check(elements: &Elements<'_>) -> Result<(), Refusal> {
    for (name, value) in elements.iter() {
        if let Some((field, grammar)) = known(name) {
            grammar.check(field, value)?;
        }
        if let Some(field) = value.split('&').skip(1).find_map(field_that_starts) {
            return Err(Refusal::Ambiguous { field });
        }
    }
    Ok(())
}

/// The known field whose `name=` a piece of a value starts with.
fn field_that_starts(piece: &str) -> Option<&'static str> {
    let (name, _value) = piece.split_once('=')?;
    known(name).map(|(field, _)| field)
}

fn known(name: &str) -> Option<(&'static str, Grammar)> {
    if let Ok(at) = KNOWN.binary_search_by(|(field, _)| (*field).cmp(name)) {
        return KNOWN.get(at).copied();
    }
    KNOWN_NUMBERED
        .iter()
        .find(|(prefix, _)| {
            name.strip_prefix(prefix).is_some_and(|number| {
                !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
            })
        })
        .copied()
}

impl Grammar {
    fn check(self, field: &'static str, value: &str) -> Result<(), Refusal> {
        let (fits, expected) = match self {
            Self::Digits(most) => (
                value.len() <= most && value.bytes().all(|byte| byte.is_ascii_digit()),
                "digits",
            ),
            Self::Word(most) => (
                value.len() <= most && value.bytes().all(is_word),
                "a plain word",
            ),
            Self::Currency => (
                value.len() == 3 && value.bytes().all(|byte| byte.is_ascii_uppercase()),
                "three upper-case letters",
            ),
            Self::Free => (true, "text"),
        };
        if fits {
            Ok(())
        } else {
            Err(malformed(field, expected))
        }
    }
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b'|' | b'*' | b'@')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_known_fields_stand_in_order_for_the_binary_search() {
        assert!(KNOWN.is_sorted_by(|(one, _), (other, _)| one < other));
    }
}

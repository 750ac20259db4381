//! The files of `tests/vectors`. Keys in them are for tests only.

use serde_json::Value;

pub(crate) fn v2_pay_notify() -> Value {
    serde_json::from_str(include_str!("vectors/v2_pay_notify.json")).unwrap()
}

pub(crate) fn v2_refund_req_info() -> Value {
    serde_json::from_str(include_str!("vectors/v2_refund_req_info.json")).unwrap()
}

pub(crate) fn v3_authorization() -> Value {
    serde_json::from_str(include_str!("vectors/v3_authorization.json")).unwrap()
}

pub(crate) fn v3_notify() -> Value {
    serde_json::from_str(include_str!("vectors/v3_notify.json")).unwrap()
}

pub(crate) fn v3_published() -> Value {
    serde_json::from_str(include_str!("vectors/v3_published.json")).unwrap()
}

/// The text at a pointer into a vector.
pub(crate) fn text<'a>(vector: &'a Value, pointer: &str) -> &'a str {
    vector
        .pointer(pointer)
        .and_then(Value::as_str)
        .unwrap_or_else(|| panic!("no text at {pointer}"))
}

pub(crate) fn v3_certificates() -> Value {
    serde_json::from_str(include_str!("vectors/v3_certificates.json")).unwrap()
}

pub(crate) fn bill() -> Value {
    serde_json::from_str(include_str!("vectors/bill_tradebill.json")).unwrap()
}

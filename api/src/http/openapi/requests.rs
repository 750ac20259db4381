//! What requests hold.

use serde_json::{Value, json};

use crate::http::order::place::MOST_MINOR;

/// Text without control characters.
const LINE: &str = "^[^\\u0000-\\u001f\\u007f-\\u009f]*$";

/// The schemas of request bodies.
pub(super) fn schemas() -> [(String, Value); 7] {
    [
        ("PlaceOrder".to_owned(), place_order()),
        ("StartPayment".to_owned(), start_payment()),
        (
            "RequestRefund".to_owned(),
            request(
                json!({ "minor": minor(), "reason": line_if_any(80) }),
                &["minor"],
            ),
        ),
        (
            "DispatchShipment".to_owned(),
            request(
                json!({
                    "carrier": line(64),
                    "tracking_no": line(64),
                    "parcel": line_if_any(64),
                    "last": { "type": ["boolean", "null"], "default": true },
                }),
                &["carrier", "tracking_no"],
            ),
        ),
        (
            "HoldShipment".to_owned(),
            request(json!({ "reason": line(256) }), &["reason"]),
        ),
        (
            "ResolveException".to_owned(),
            request(
                json!({
                    "action": { "type": "string", "enum": ["accept", "refund", "retry", "dismiss"] },
                    "order_no": { "type": ["string", "null"], "pattern": "^[0-9A-Za-z_-]{1,64}$" },
                    "note": line_if_any(1000),
                }),
                &["action"],
            ),
        ),
        ("Nothing".to_owned(), request(json!({}), &[])),
    ]
}

fn place_order() -> Value {
    let amount = json!({
        "type": "object",
        "additionalProperties": false,
        "required": ["currency", "minor"],
        "properties": { "currency": { "type": "string", "const": "CNY" }, "minor": minor() },
    });
    request(
        json!({
            "amount": amount,
            "subject": line(127),
            "fulfilment": { "type": "string", "enum": ["ship", "none"] },
            "expires_at": {
                "type": ["string", "null"],
                "format": "date-time",
                "description": "From 1 minute to 7 days ahead; of an order that is there the first one stands.",
            },
            "metadata": {
                "type": ["object", "null"],
                "description": "The shop's own: at most 16 KiB, nested no deeper than 30.",
            },
        }),
        &["amount", "subject", "fulfilment"],
    )
}

fn start_payment() -> Value {
    request(
        json!({
            "method": {
                "type": "string",
                "enum": [
                    "alipay.page", "alipay.wap", "alipay.app", "alipay.jsapi", "alipay.qr",
                    "wechatpay.native", "wechatpay.jsapi", "wechatpay.mini", "wechatpay.h5",
                    "wechatpay.app", "external",
                ],
            },
            "return_url": {
                "type": ["string", "null"],
                "format": "uri",
                "maxLength": 512,
                "description": "http or https, at an origin that buyers may be sent back to.",
            },
            "client_ip": {
                "type": ["string", "null"],
                "description": "The buyer's, IPv4 or IPv6; wechatpay.h5 asks for it.",
            },
            "openid": described(
                line_if_any(128),
                "The buyer's; alipay.jsapi, wechatpay.jsapi and wechatpay.mini ask for it.",
            ),
        }),
        &["method"],
    )
}

fn described(mut schema: Value, words: &str) -> Value {
    if let Some(schema) = schema.as_object_mut() {
        schema.insert("description".to_owned(), json!(words));
    }
    schema
}

fn request(properties: Value, required: &[&str]) -> Value {
    json!({
        "type": "object",
        "additionalProperties": false,
        "required": required,
        "properties": properties,
    })
}

fn minor() -> Value {
    json!({ "type": "integer", "minimum": 1, "maximum": MOST_MINOR })
}

fn line(most: usize) -> Value {
    json!({ "type": "string", "minLength": 1, "maxLength": most, "pattern": LINE })
}

/// A line that may be absent or null.
fn line_if_any(most: usize) -> Value {
    json!({ "type": ["string", "null"], "minLength": 1, "maxLength": most, "pattern": LINE })
}

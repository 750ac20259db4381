//! What answers hold.

use serde_json::{Value, json};

use super::reference;

/// The schemas of answers.
pub(super) fn schemas() -> Vec<(String, Value)> {
    [
        orders(),
        payments(),
        shipments_and_exceptions(),
        lists(),
        operations(),
    ]
    .into_iter()
    .flatten()
    .map(|(name, schema)| (name.to_owned(), schema))
    .collect()
}

/// Schemas by their names.
type Named = Vec<(&'static str, Value)>;

fn orders() -> Named {
    let whole = json!({
        "order_no": text(), "status": one_of(&["open", "paid", "cancelled", "expired"]),
        "amount": reference("Money"), "subject": maybe("string"),
        "fulfilment": one_of(&["ship", "none"]), "metadata": maybe("object"),
        "created_at": instant(), "expires_at": instant(),
        "cancel_requested": { "type": "boolean" },
        "paid": sum("Confirmed for it."), "refunded": sum("Given back out of `paid`."),
        "held": sum("Received beside it, waiting for a decision."),
        "returned": sum("Received beside it and given back."),
        "payments": many("Payment"), "shipment": or_null("Shipment"),
        "exceptions": many("Exception"), "version": { "type": "integer" }, "as_of": text(),
        "read_token": text(),
    });
    let corrupt = json!({
        "order_no": text(), "status": { "const": "corrupt" }, "version": { "type": "integer" },
        "as_of": text(),
    });
    let restricted_payment = json!({
        "method": text(), "status": text(), "action": reference("Action"),
    });
    let restricted = json!({
        "order_no": text(), "status": text(), "amount": reference("Money"),
        "paid": sum("Confirmed for it."), "refunded": sum("Given back out of `paid`."),
        "payments": { "type": "array", "items": object(restricted_payment, &[]) },
        "shipment": or_null("Shipment"),
    });
    vec![
        (
            "Money",
            object(
                json!({ "currency": text(), "minor": { "type": "integer", "minimum": 0 } }),
                &[],
            ),
        ),
        ("PlacedOrder", object(whole, &["read_token"])),
        ("CorruptOrder", object(corrupt, &[])),
        ("RestrictedOrder", object(restricted, &[])),
        (
            "Order",
            json!({ "anyOf": [reference("PlacedOrder"), reference("CorruptOrder")] }),
        ),
        (
            "OrderOrRestricted",
            json!({ "anyOf": [reference("Order"), reference("RestrictedOrder")] }),
        ),
    ]
}

fn payments() -> Named {
    let step = |kind: &str, extra: Value| {
        let mut properties = json!({
            "type": { "const": kind }, "expires_at": instant(), "return_token": text(),
        });
        if let (Some(properties), Value::Object(extra)) = (properties.as_object_mut(), extra) {
            properties.extend(extra);
        }
        object(properties, &["return_token"])
    };
    let none = json!({ "type": { "const": "none" }, "return_token": text() });
    let payment = json!({
        "account": text(), "method": text(), "out_trade_no": text(),
        "status": one_of(&["starting", "open", "paid", "held", "returned", "closed", "failed"]),
        "amount": reference("Money"), "transaction_id": maybe("string"),
        "paid_at": maybe_instant(), "expires_at": maybe_instant(), "refunds": many("Refund"),
        "action": reference("Action"),
    });
    let refund = json!({
        "refund_no": text(), "minor": { "type": "integer" }, "reason": maybe("string"),
        "status": one_of(&["requested", "submitted", "needs_action", "succeeded", "failed"]),
        "requested_at": instant(), "succeeded_at": maybe_instant(),
    });
    vec![
        ("Payment", object(payment, &["action"])),
        ("Refund", object(refund, &[])),
        (
            "Action",
            json!({
                "description": "What the buyer does to pay; `return_token` is the `rt` of a return.",
                "oneOf": [
                    step("redirect", json!({ "url": text() })),
                    step("qr", json!({ "content": text() })),
                    step("sdk", json!({ "params": { "type": "object" } })),
                    object(none, &["return_token"]),
                ],
            }),
        ),
    ]
}

fn shipments_and_exceptions() -> Named {
    let status = one_of(&["requested", "held", "dispatched", "delivered", "cancelled"]);
    let parcel = json!({
        "parcel": text(), "carrier": text(), "tracking_no": text(),
        "last": { "type": "boolean" }, "dispatched_at": instant(),
    });
    let parcels = json!({ "type": "array", "items": object(parcel, &[]) });
    let listed = json!({
        "order_no": text(), "status": status.clone(), "parcels": parcels.clone(),
        "requested_at": instant(),
    });
    let stated =
        json!({ "currency": text(), "minor": { "type": "integer" }, "app_id": maybe("string") });
    let resolution = json!({
        "action": one_of(ACTIONS), "by": one_of(&["policy", "key", "events"]),
        "key": maybe("string"), "at": instant(), "order_no": maybe("string"), "note": maybe("string"),
    });
    let exception = json!({
        "id": text(), "kind": text(), "status": one_of(&["open", "resolved"]),
        "order_no": maybe("string"), "account": text(), "out_trade_no": text(),
        "transaction_id": maybe("string"), "refund_no": maybe("string"),
        "expected": or_null("StatedMoney"), "received": or_null("StatedMoney"),
        "opened_at": instant(), "actions": { "type": "array", "items": one_of(ACTIONS) },
        "resolution": or_null("Resolution"),
    });
    vec![
        (
            "Shipment",
            object(json!({ "status": status, "parcels": parcels }), &[]),
        ),
        ("ListedShipment", object(listed, &[])),
        ("StatedMoney", object(stated, &[])),
        ("Resolution", object(resolution, &[])),
        ("Exception", object(exception, &[])),
    ]
}

/// What may be decided about an exception.
const ACTIONS: &[&str] = &["accept", "refund", "retry", "dismiss"];

fn lists() -> Named {
    let count = || json!({ "type": "integer" });
    let row = json!({
        "date": { "type": "string", "format": "date" }, "account": text(), "method": text(),
        "payments_started": count(), "payments_confirmed": count(), "paid_minor": count(),
        "refunds": count(), "refunded_minor": count(), "duplicates_ignored": count(),
        "exceptions": count(), "fee_minor": count(),
    });
    let account = json!({
        "name": text(), "gateway": one_of(&["alipay", "wechatpay"]), "app_id": text(),
        "merchant_id": text(), "capability": one_of(&["full", "retired", "receives_only"]),
        "methods": { "type": "array", "items": text() }, "notify_url": text(), "return_url": text(),
    });
    let feed = json!({ "items": many("Event"), "next": text() });
    vec![
        ("DailyRow", object(row, &[])),
        ("Account", object(account, &[])),
        ("OrderPage", page("Order")),
        ("EventPage", page("Event")),
        ("ShipmentPage", page("ListedShipment")),
        ("ExceptionPage", page("Exception")),
        ("DailyReport", page("DailyRow")),
        ("AccountPage", page("Account")),
        ("FeedPage", object(feed, &[])),
    ]
}

fn operations() -> Named {
    let lag = json!({ "behind": { "type": "integer" }, "rebuilding": { "type": "boolean" } });
    let ready = json!({
        "status": one_of(&["ready", "not_ready"]), "store": text(),
        "views": { "type": "object", "additionalProperties": object(lag, &[]) },
    });
    vec![
        (
            "Alive",
            object(json!({ "status": { "const": "alive" } }), &[]),
        ),
        ("Ready", object(ready, &[])),
        (
            "GatewayFailure",
            object(json!({ "code": text(), "message": text() }), &[]),
        ),
    ]
}

fn page(item: &str) -> Value {
    object(json!({ "items": many(item), "next": maybe("string") }), &[])
}

/// An object with these properties, of which some may be absent.
fn object(properties: Value, optional: &[&str]) -> Value {
    let names = properties
        .as_object()
        .into_iter()
        .flat_map(|properties| properties.keys());
    let required: Vec<&String> = names
        .filter(|name| !optional.contains(&name.as_str()))
        .collect();
    json!({ "type": "object", "required": required, "properties": properties })
}

fn text() -> Value {
    json!({ "type": "string" })
}

fn instant() -> Value {
    json!({ "type": "string", "format": "date-time" })
}

fn maybe_instant() -> Value {
    json!({ "type": ["string", "null"], "format": "date-time" })
}

fn maybe(kind: &str) -> Value {
    json!({ "type": [kind, "null"] })
}

fn sum(about: &str) -> Value {
    json!({ "type": "integer", "description": about })
}

fn one_of(names: &[&str]) -> Value {
    json!({ "type": "string", "enum": names })
}

fn many(item: &str) -> Value {
    json!({ "type": "array", "items": reference(item) })
}

fn or_null(schema: &str) -> Value {
    json!({ "anyOf": [reference(schema), { "type": "null" }] })
}

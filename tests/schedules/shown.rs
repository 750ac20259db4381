//! What callers are shown of an order, beside its events: an answer names the order's version, and shows
//! it as it was after so many events.

use payfold_domain::order::{CancelWish, OpenedException, Payment, PlacedOrder, Refund};
use serde_json::{Value, json};

use crate::aftermath::{Aftermath, Found};

pub(crate) fn hold(aftermath: &Aftermath<'_>, found: &mut Found) {
    for answer in aftermath.record.said.orders.values() {
        let shown: Value = serde_json::from_slice(answer).unwrap();
        // Other answers have no version.
        let (Some(number), Some(version)) = (shown["order_no"].as_str(), shown["version"].as_u64())
        else {
            continue;
        };
        let version = usize::try_from(version).unwrap();
        let mut stories = aftermath.orders.values();
        let story = stories.find(|story| story.now().order_no.as_str() == number);
        let step = story.and_then(|story| story.steps.get(version.checked_sub(1)?));
        found.unless(
            step.is_some_and(|step| has(&shown, &order(&step.order))),
            "an order is shown as it stood at the version that the answer names",
            || shown.to_string(),
        );
    }
}

/// Whether everything that is expected is shown; more may be.
fn has(shown: &Value, expected: &Value) -> bool {
    match (shown, expected) {
        (Value::Object(shown), Value::Object(expected)) => expected
            .iter()
            .all(|(name, expected)| shown.get(name).is_some_and(|shown| has(shown, expected))),
        (Value::Array(shown), Value::Array(expected)) => {
            let mut pairs = shown.iter().zip(expected);
            shown.len() == expected.len() && pairs.all(|(shown, expected)| has(shown, expected))
        }
        (shown, expected) => shown == expected,
    }
}

fn order(order: &PlacedOrder) -> Value {
    let payments = order.payments.iter();
    let exceptions = order.exceptions.iter();
    json!({
        "status": order.status.as_str(),
        "amount": { "currency": "CNY", "minor": order.amount.minor },
        "cancel_requested": order.cancel_wish == CancelWish::Requested,
        "paid": order.paid_minor(),
        "refunded": order.refunded_minor(),
        "held": order.held_minor(),
        "returned": order.returned_minor(),
        "payments": payments.map(|one| payment(order, one)).collect::<Vec<_>>(),
        "shipment": order.shipment.as_ref().map(|one| json!({ "status": one.status.as_str() })),
        "exceptions": exceptions.map(exception).collect::<Vec<_>>(),
    })
}

fn payment(order: &PlacedOrder, payment: &Payment) -> Value {
    let money = payment.shown_transaction();
    json!({
        "account": payment.payment.account.as_str(),
        "out_trade_no": payment.payment.out_trade_no.as_str(),
        "method": payment.method.as_str(),
        "status": order.payment_status(payment).as_str(),
        "amount": { "currency": "CNY", "minor": payment.asked.minor },
        "transaction_id": money.map(|money| money.transaction_id.as_str()),
        "refunds": payment.refunds.iter().map(refund).collect::<Vec<_>>(),
    })
}

fn refund(refund: &Refund) -> Value {
    json!({
        "refund_no": refund.refund_no.as_str(),
        "minor": refund.amount.minor,
        "status": refund.status.as_str(),
    })
}

fn exception(exception: &OpenedException) -> Value {
    let resolution = exception.resolution.as_ref();
    json!({
        "id": exception.id.as_str(),
        "kind": exception.kind.as_str(),
        "out_trade_no": exception.payment.out_trade_no.as_str(),
        "status": if resolution.is_some() { "resolved" } else { "open" },
        "resolution": resolution.map(|made| json!({ "action": made.action.as_str() })),
    })
}

//! The invariants of orders and their money, held over every step of every story.

use std::collections::BTreeMap;

use payfold_domain::event::{Basis, OrderEvent, RefundOrigin};
use payfold_domain::order::{Disposition, OrderStatus, PlacedOrder, ShipmentStatus, Transaction};
use payfold_domain::stray::Claim;
use payfold_domain::{AccountName, OutTradeNo, RefundNo};

use crate::aftermath::{Aftermath, Found, OrderStep, OrderStory};
use crate::schedule::{Act, order_no};

const TAKEN_UP: &str = "money that came before its order had the number becomes the order's";

/// Holds one order's story to its rules.
pub(crate) fn hold(story: &OrderStory, found: &mut Found) {
    let order_no = &story.now().order_no;
    let count = |named: fn(&OrderEvent) -> bool| {
        let steps = story.steps.iter();
        steps.filter(|step| named(&step.event)).count()
    };
    let confirmed = count(|event| matches!(event, OrderEvent::PaymentConfirmed(_)));
    found.unless(confirmed <= 1, "an order is paid at most once", || {
        format!("{order_no}: {confirmed} times")
    });
    let shipped = count(|event| matches!(event, OrderEvent::ShipmentRequested));
    found.unless(shipped <= 1, "a shipment is requested at most once", || {
        format!("{order_no}: {shipped} times")
    });
    let mut before: Option<&PlacedOrder> = None;
    for OrderStep {
        event,
        order: after,
        ..
    } in &story.steps
    {
        money_adds_up(after, found);
        if let Some(before) = before {
            paid_is_never_undone(before, after, found);
            ships_only_what_may_leave(before, event, found);
            receives_once(before, event, found);
            is_paid_only_as_asked(before, event, found);
        }
        asks_back_no_more_than_came(event, after, found);
        before = Some(after);
    }
}

fn money_adds_up(order: &PlacedOrder, found: &mut Found) {
    let (paid, refunded) = (order.paid_minor(), order.refunded_minor());
    let (held, returned) = (order.held_minor(), order.returned_minor());
    let sums = [order.received_minor(), paid, held, returned, refunded];
    let adds_up = sums[0] == paid + held + returned
        && held >= 0
        && returned >= 0
        && (0..=paid).contains(&refunded)
        && order.confirmed().is_some() == (order.status == OrderStatus::Paid);
    found.unless(adds_up, "received = paid + held + returned", || {
        format!("{}: {sums:?}", order.order_no)
    });
}

fn paid_is_never_undone(before: &PlacedOrder, after: &PlacedOrder, found: &mut Found) {
    let id = |order: &PlacedOrder| order.confirmed().map(|money| money.transaction_id.clone());
    let kept = id(before).is_none() || id(before) == id(after);
    found.unless(kept, "paid is never undone", || {
        format!("{}: {:?} then {:?}", before.order_no, id(before), id(after))
    });
}

fn ships_only_what_may_leave(before: &PlacedOrder, event: &OrderEvent, found: &mut Found) {
    let rule = "only what is paid for, and neither held nor cancelled, is shipped";
    match event {
        OrderEvent::ShipmentRequested => {
            let paid = before.confirmed().is_some();
            found.unless(paid, rule, || format!("{}: requested", before.order_no));
        }
        OrderEvent::ShipmentDispatched(_) => {
            let status = before.shipment.as_ref().map(|shipment| shipment.status);
            let may = matches!(
                status,
                Some(
                    ShipmentStatus::Requested
                        | ShipmentStatus::Dispatched
                        | ShipmentStatus::Delivered
                )
            );
            found.unless(may, rule, || {
                format!("{}: dispatched while {status:?}", before.order_no)
            });
        }
        _ => {}
    }
}

fn receives_once(before: &PlacedOrder, event: &OrderEvent, found: &mut Found) {
    let money = match event {
        OrderEvent::PaymentConfirmed(confirmed) => match confirmed.basis {
            Basis::AsAsked => &confirmed.money,
            Basis::Accepted(_) => return,
        },
        OrderEvent::LatePaymentReceived(event) | OrderEvent::DoublePaymentReceived(event) => {
            &event.money
        }
        OrderEvent::MismatchedPaymentReceived(event) => &event.money,
        _ => return,
    };
    let id = &money.receipt.transaction_id;
    let known = before
        .payment(&money.payment)
        .is_some_and(|payment| payment.transaction(id).is_some());
    found.unless(!known, "each transaction is received once", || {
        format!("{}: {id} again", before.order_no)
    });
}

/// By itself only an open order is paid, by the amount that its payment asked.
fn is_paid_only_as_asked(before: &PlacedOrder, event: &OrderEvent, found: &mut Found) {
    let OrderEvent::PaymentConfirmed(confirmed) = event else {
        return;
    };
    let money = &confirmed.money;
    let asked = before.payment(&money.payment).map(|payment| payment.asked);
    let as_asked = asked == Some(money.receipt.amount) && before.status == OrderStatus::Open;
    let accepted = matches!(confirmed.basis, Basis::Accepted(_));
    found.unless(
        as_asked || accepted,
        "by itself an order is paid by what was asked, while it is open",
        || format!("{}: {:?}", before.order_no, money.receipt),
    );
}

fn asks_back_no_more_than_came(event: &OrderEvent, after: &PlacedOrder, found: &mut Found) {
    let OrderEvent::RefundRequested(event) = event else {
        return;
    };
    let rule = "refunds asked for never exceed what their payment brought";
    let payment = after.payment(&event.payment);
    let Some((payment, money)) =
        payment.and_then(|payment| Some((payment, payment.transaction(&event.transaction_id)?)))
    else {
        found.note(rule, format!("{}: of nothing", after.order_no));
        return;
    };
    let reserved = payment
        .refunds
        .iter()
        .filter(|refund| refund.transaction_id == event.transaction_id && refund.is_reserved());
    let asked: i64 = reserved.map(|refund| refund.amount.minor).sum();
    // A wish that a decision made goes over to the order as it was sent, whatever the back office did since.
    let elsewhere = match event.origin {
        RefundOrigin::Caller => money.external_minor,
        RefundOrigin::Exception { .. } => 0,
    };
    found.unless(asked + elsewhere <= money.amount.minor, rule, || {
        format!(
            "{}: {asked} and {elsewhere} of {}",
            after.order_no, money.amount.minor
        )
    });
}

/// Holds all orders together, and what the shop was answered about them.
pub(crate) fn hold_together(aftermath: &Aftermath<'_>, found: &mut Found) {
    let mut owners: BTreeMap<(&AccountName, String), &str> = BTreeMap::new();
    for story in aftermath.orders.values() {
        let order = story.now();
        for payment in &order.payments {
            for money in &payment.transactions {
                let key = (&payment.payment.account, money.transaction_id.to_string());
                let other = owners.insert(key, order.order_no.as_str());
                found.unless(other.is_none(), "money belongs to one order", || {
                    format!(
                        "{} to {} and {other:?}",
                        money.transaction_id, order.order_no
                    )
                });
                exceptions_are_known(order, money, found);
            }
        }
    }
    for act in &aftermath.record.said.accepted {
        let there = is_there(aftermath, act);
        found.unless(there, "what callers were told is stored", || {
            format!("{act:?}")
        });
    }
}

/// Holds that unmatched money which was given away has arrived: at the order that took it up, or at the
/// one that has its number.
fn strays_have_met_their_orders(aftermath: &Aftermath<'_>, found: &mut Found) {
    for (number, stray) in &aftermath.strays {
        let Claim::TakenUp(order_no) = &stray.claim else {
            continue;
        };
        let mut orders = aftermath.orders.values();
        let payment = orders.find_map(|story| story.now().payment(number));
        let has = stray.transactions.iter().all(|money| {
            payment.is_some_and(|payment| payment.transaction(&money.transaction_id).is_some())
        });
        found.unless(has, TAKEN_UP, || format!("{order_no}: {number:?}"));
    }
}

/// Holds what time alone must have brought about.
pub(crate) fn come_to_an_end(aftermath: &Aftermath<'_>, found: &mut Found) {
    strays_have_met_their_orders(aftermath, found);
    for story in aftermath.orders.values() {
        let order = story.now();
        for payment in &order.payments {
            let unclaimed = aftermath
                .strays
                .get(&payment.payment)
                .is_some_and(|stray| stray.claim == Claim::Unclaimed);
            found.unless(!unclaimed, TAKEN_UP, || {
                format!("{}: {:?}", order.order_no, payment.payment)
            });
        }
    }
}

fn exceptions_are_known(order: &PlacedOrder, money: &Transaction, found: &mut Found) {
    if let Disposition::Held(exception) | Disposition::Returned(exception) = &money.disposition {
        let known = order.exception(exception).is_some();
        found.unless(known, "held money has its exception", || {
            format!("{}: {}", order.order_no, money.transaction_id)
        });
    }
}

fn is_there(aftermath: &Aftermath<'_>, act: &Act) -> bool {
    let placed = |order: u8| {
        let stories = aftermath.orders.iter();
        let mut named = stories.filter(|(no, _)| no.as_str() == order_no(order));
        named.next().map(|(_, story)| story.now())
    };
    let payment = |pay: &crate::schedule::Pay| {
        let number = OutTradeNo::from_gateway(&pay.out_trade_no()).unwrap();
        let mut payments = placed(pay.order)?.payments.iter();
        payments.find(|payment| payment.payment.out_trade_no == number)
    };
    match act {
        Act::Place { order, .. } => placed(*order).is_some(),
        Act::Start(pay) => payment(pay).is_some(),
        Act::Cancel { order } => {
            placed(*order).is_some_and(|order| order.status != OrderStatus::Open)
        }
        Act::Refund { pay, refund, .. } => {
            let refund_no = RefundNo::new(&format!("REFUND-{refund}")).unwrap();
            payment(pay).is_some_and(|payment| payment.refund(&refund_no).is_some())
        }
        Act::Dispatch { order } => placed(*order)
            .and_then(|order| order.shipment.as_ref())
            .is_some_and(|shipment| !shipment.parcels.is_empty()),
        _ => true,
    }
}

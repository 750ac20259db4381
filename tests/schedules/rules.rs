//! The invariants of orders and their money, held over every step of every story.

use std::collections::BTreeMap;

use payfold_domain::event::{Basis, Event, OrderEvent, RefundOrigin, RefundRequested};
use payfold_domain::order::{
    Disposition, OrderStatus, Payment, PlacedOrder, RefundStatus, RefundWindow, ShipmentStatus,
    Transaction,
};
use payfold_domain::stray::Claim;
use payfold_domain::{AccountName, Method, PaymentRef, RefundNo};
use payfold_store::StreamName;

use crate::aftermath::{Aftermath, Found, Happened, OrderStep, OrderStory, repeated};
use crate::node::START_SECS;
use crate::tally::came_unasked;

/// How often what is known is stored for one payment.
pub(crate) const MOST_REPEATS: u32 = 32;

/// How long after its end a payment counts as over, whatever its gateway says.
pub(crate) const LONG_AFTER_SECS: i64 = 600;

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
    for step in &story.steps {
        let OrderStep {
            event,
            order: after,
            ..
        } = step;
        money_adds_up(after, found);
        has_its_time(step, found);
        if let Some(before) = before {
            paid_is_never_undone(before, after, found);
            ships_only_what_may_leave(before, event, found);
            receives_once(before, event, found);
            is_paid_only_as_asked(before, event, found);
            is_asked_for_in_its_time(before, event, found);
            ends_behind_its_offers(before, step, found);
        }
        asks_back_no_more_than_came(before, step, found);
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
    let money = match (came_unasked(event), event) {
        (Some((money, _)), _) => money,
        (None, OrderEvent::PaymentConfirmed(confirmed)) => match confirmed.basis {
            Basis::AsAsked => &confirmed.money,
            Basis::Accepted(_) => return,
        },
        (None, _) => return,
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

/// Whether it was decided about a stray: the order knows no such exception.
fn is_taken_over(asked: &RefundRequested, order: &PlacedOrder) -> bool {
    match &asked.origin {
        RefundOrigin::Exception { id, .. } => order.exception(id).is_none(),
        RefundOrigin::Caller => false,
    }
}

/// A wish that was decided about a stray goes over to its order as it was sent, whatever the back office
/// did since.
fn asks_back_no_more_than_came(before: Option<&PlacedOrder>, step: &OrderStep, found: &mut Found) {
    let rule = "refunds asked for never exceed what their payment brought";
    let OrderStep {
        event,
        order,
        tally,
        ..
    } = step;
    let (payment, refund_no, elsewhere_counts) = match event {
        OrderEvent::RefundRequested(event) => {
            let taken_over = is_taken_over(event, order);
            (&event.payment, &event.refund_no, !taken_over)
        }
        OrderEvent::RefundRetried(event) => {
            let payment = before.and_then(|order| order.payment(&event.payment));
            let refund = payment.and_then(|payment| payment.refund(&event.refund_no));
            // What is stuck was reserved all the time, whatever the back office did since.
            let failed = refund.is_some_and(|refund| refund.status == RefundStatus::Failed);
            (&event.payment, &event.refund_no, failed)
        }
        _ => return,
    };
    let money = tally.money_of(payment, refund_no);
    let Some(money) = money.filter(|money| {
        let payment = order.payment(payment);
        payment.is_some_and(|payment| payment.transaction(&money.id).is_some())
    }) else {
        found.note(rule, format!("{}: of nothing", order.order_no));
        return;
    };
    let left = if elsewhere_counts {
        tally.kept_minor(money)
    } else {
        money.minor - tally.asked_minor(money)
    };
    found.unless(left >= 0, rule, || {
        format!("{}: {left} left of {money:?}", order.order_no)
    });
}

/// What nobody may ask for is not there: a payment of an order that has ended, a refund of money that
/// waits for a decision or can no longer be given back, one more try of a refund that is neither stuck nor
/// refused.
fn is_asked_for_in_its_time(before: &PlacedOrder, event: &OrderEvent, found: &mut Found) {
    let refund = |payment, refund_no| {
        let payment = before.payment(payment);
        payment.and_then(|payment| payment.refund(refund_no))
    };
    let in_time = match event {
        OrderEvent::PaymentStarted(started) => {
            started.method == Method::External || before.status == OrderStatus::Open
        }
        OrderEvent::RefundRequested(asked) if asked.origin == RefundOrigin::Caller => {
            let payment = before.payment(&asked.payment).filter(is_open_for_refunds);
            let money = payment.and_then(|payment| payment.transaction(&asked.transaction_id));
            money.is_some_and(|money| match &money.disposition {
                Disposition::Confirmed(_) => true,
                Disposition::Held(exception) | Disposition::Returned(exception) => {
                    let known = before.exception(exception);
                    known.is_some_and(|known| known.resolution.is_some())
                }
            })
        }
        OrderEvent::RefundRequested(asked) => {
            let payment = before.payment(&asked.payment).filter(is_open_for_refunds);
            is_taken_over(asked, before) || payment.is_some()
        }
        OrderEvent::RefundRetried(retried) => {
            let payment = before.payment(&retried.payment).filter(is_open_for_refunds);
            let stands = refund(&retried.payment, &retried.refund_no).map(|refund| refund.status);
            let stopped = [RefundStatus::Failed, RefundStatus::NeedsAction].map(Some);
            payment.is_some() && stopped.contains(&stands)
        }
        _ => true,
    };
    found.unless(in_time, "nothing is asked for out of its time", || {
        format!("{}: {event:?}", before.order_no)
    });
}

/// Whether its gateway still gives back what was paid.
fn is_open_for_refunds(payment: &&Payment) -> bool {
    payment.refund_window == RefundWindow::Open
}

/// WeChat Pay knows whatever was offered, so it is closed there before its order ends; only long after
/// the order's time does it count as over.
fn ends_behind_its_offers(before: &PlacedOrder, step: &OrderStep, found: &mut Found) {
    let ends = matches!(
        step.event,
        OrderEvent::OrderCancelled | OrderEvent::OrderExpired
    );
    if !ends || before.expires_at.plus_secs(LONG_AFTER_SECS) <= step.at {
        return;
    }
    for payment in &before.payments {
        let open = payment.payment.account.as_str() == "wx"
            && payment.method != Method::External
            && payment.is_offered()
            && payment.transactions.is_empty();
        found.unless(
            !open,
            "an order ends behind what was offered for it",
            || format!("{}: {:?}", before.order_no, payment.payment),
        );
    }
}

/// What gateways say of when money came or went back lies between the beginning of the world and the moment
/// at which it was heard.
fn has_its_time(
    OrderStep {
        at, event, order, ..
    }: &OrderStep,
    found: &mut Found,
) {
    let stated = match event {
        OrderEvent::PaymentConfirmed(event) => event.money.receipt.paid_at,
        OrderEvent::RefundSucceeded(event) => event.succeeded_at,
        OrderEvent::ExternalRefundObserved(event) => event.refunded_at,
        event => match came_unasked(event) {
            Some((money, _)) => money.receipt.paid_at,
            None => return,
        },
    };
    // Gateways round to seconds.
    let lies_between = (START_SECS..=at.as_secs() + 1).contains(&stated.as_secs());
    found.unless(
        lies_between,
        "what happened at a gateway happened before it was heard of",
        || format!("{}: {stated:?} in {}", order.order_no, event.name()),
    );
}

/// What says nothing new leaves an event once, or not often.
fn is_told_seldom(aftermath: &Aftermath<'_>, found: &mut Found) {
    let mut told: BTreeMap<(&StreamName, &PaymentRef, &str), u32> = BTreeMap::new();
    for Happened { stream, event, .. } in &aftermath.events {
        let payment = match event {
            Event::Order(OrderEvent::PaymentPending(event)) => Some(&event.payment),
            event => repeated(event),
        };
        if let Some(payment) = payment {
            *told.entry((stream, payment, event.name())).or_default() += 1;
        }
    }
    for ((_, payment, what), times) in told {
        let most = if what == "PaymentPending" {
            1
        } else {
            MOST_REPEATS
        };
        found.unless(
            times <= most,
            "what says nothing new is stored seldom",
            || format!("{payment:?}: {what} {times} times"),
        );
    }
}

/// Holds all orders together.
pub(crate) fn hold_together(aftermath: &Aftermath<'_>, found: &mut Found) {
    is_told_seldom(aftermath, found);
    let mut numbers: BTreeMap<(&AccountName, &RefundNo), &PaymentRef> = BTreeMap::new();
    let orders = aftermath.orders.values().map(OrderStory::now);
    for payment in orders.flat_map(|order| &order.payments) {
        for refund in &payment.refunds {
            let number = (&payment.payment.account, &refund.refund_no);
            let other = numbers.insert(number, &payment.payment);
            found.unless(
                other.is_none(),
                "a refund's number is one payment's",
                || format!("{number:?} of {:?} and {other:?}", payment.payment),
            );
        }
    }
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
        let has_money = stray.transactions.iter().all(|money| {
            payment.is_some_and(|payment| payment.transaction(&money.transaction_id).is_some())
        });
        let has_refunds = stray.refunds.iter().all(|refund| {
            payment.is_some_and(|payment| payment.refund(&refund.refund_no).is_some())
        });
        found.unless(has_money && has_refunds, TAKEN_UP, || {
            format!("{order_no}: {number:?}")
        });
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

//! Payfold's answers beside the events: what was granted is there as it was asked for, and nobody is
//! refused without a reason that held while he asked.

use std::collections::BTreeMap;

use payfold_domain::event::{Fulfilment, Hold};
use payfold_domain::order::{CancelWish, OrderStatus, PlacedOrder, RefundWindow, ShipmentStatus};
use payfold_domain::{Method, Timestamp};

use crate::aftermath::{Aftermath, Found, OrderStep, OrderStory};
use crate::ask::Answered;
use crate::schedule::{Act, Pay, order_no, refund_no};
use crate::tally::{Received, Tally};

const GRANTED: &str = "what callers were told is stored, as they asked for it";
const REFUSED: &str = "nobody is refused without a reason";
const SENT_ON: &str = "a buyer is sent on with how his order stands";

/// How long before an order's end nothing is started for it, in seconds, and how long one has to live when
/// it is placed.
const LAST_SECS: i64 = 60;

pub(crate) fn hold(aftermath: &Aftermath<'_>, found: &mut Found) {
    for answered in &aftermath.record.said.answers {
        let mut stories = aftermath.orders.values();
        let story = stories.find(|story| story.is_of(answered.act.order()));
        let granted = answered.status.is_success() || answered.status.is_redirection();
        let (held, rule) = match answered.act {
            // Which exceptions there were is not remembered, so it cannot be judged here.
            Act::Resolve { .. } => continue,
            Act::Return(pay) => (is_sent_on_truly(aftermath, pay, answered), SENT_ON),
            _ if granted => (
                story.is_some_and(|story| is_granted(story, answered)),
                GRANTED,
            ),
            _ => (has_reason(aftermath, story, answered), REFUSED),
        };
        found.unless(held, rule, || format!("{answered:?}"));
    }
}

fn is_granted(story: &OrderStory, answered: &Answered) -> bool {
    let stood = story.between(answered.from, answered.until);
    let Some(now) = stood.last().map(|step| &step.order) else {
        return false;
    };
    let shipment = now.shipment.as_ref();
    match &answered.act {
        Act::Place {
            minor, fulfilment, ..
        } => is_placed_so(now, *minor, fulfilment),
        Act::Start(pay) | Act::StartOnce(pay) => {
            let payment = now.payment(&pay.payment());
            payment.is_some_and(|payment| payment.method.as_str() == pay.method)
        }
        Act::Cancel { .. } => {
            let mut stood = stood.iter();
            stood.any(|step| step.order.status == OrderStatus::Cancelled)
        }
        Act::Refund { pay, refund, minor } => {
            let payment = now.payment(&pay.payment());
            let refund = payment.and_then(|payment| payment.refund(&refund_no(*refund)));
            refund.is_some_and(|refund| refund.amount.minor == signed(*minor))
        }
        Act::Dispatch { .. } => shipment.is_some_and(|shipment| !shipment.parcels.is_empty()),
        Act::Deliver { .. } => {
            shipment.is_some_and(|shipment| shipment.status == ShipmentStatus::Delivered)
        }
        Act::Hold { .. } => stood.iter().any(|step| is_held_by_hand(&step.order)),
        Act::Release { .. } => stood.iter().any(|step| !is_held_by_hand(&step.order)),
        _ => true,
    }
}

fn is_placed_so(order: &PlacedOrder, minor: u64, fulfilment: &str) -> bool {
    let ships = order.fulfilment == Fulfilment::Ship;
    order.amount.minor == signed(minor) && ships == (fulfilment == "ship")
}

fn is_held_by_hand(order: &PlacedOrder) -> bool {
    let shipment = order.shipment.as_ref();
    shipment.is_some_and(|shipment| shipment.holds.contains(&Hold::Person))
}

fn signed(minor: u64) -> i64 {
    i64::try_from(minor).unwrap()
}

/// Whoever paid by payfold's own start has a page of the shop's to go to.
fn is_sent_on_truly(aftermath: &Aftermath<'_>, pay: Pay, answered: &Answered) -> bool {
    let told = answered.location.as_deref().and_then(|location| {
        let address = reqwest::Url::parse(location).ok()?;
        let told: BTreeMap<_, _> = address.query_pairs().into_owned().collect();
        Some((told.get("order_no")?.clone(), told.get("status")?.clone()))
    });
    let Some((order_no, status)) = told else {
        return !has_started(aftermath, pay, answered.from);
    };
    let mut stories = aftermath.orders.values();
    let story = stories.find(|story| story.now().order_no.as_str() == order_no);
    story.is_some_and(|story| {
        let mut stood = story.between(answered.from, answered.until).iter();
        stood.any(|step| {
            let then = match step.order.status {
                OrderStatus::Open => "pending",
                OrderStatus::Paid => "paid",
                OrderStatus::Cancelled | OrderStatus::Expired => "closed",
            };
            then == status
        })
    })
}

/// Whether an order had started that payment by then.
fn has_started(aftermath: &Aftermath<'_>, pay: Pay, at: Timestamp) -> bool {
    let mut stories = aftermath.orders.values();
    stories.any(|story| {
        let stood = story.between(at, at).first();
        let payment = stood.and_then(|step| step.order.payment(&pay.payment()));
        payment.is_some_and(|payment| payment.method != Method::External)
    })
}

/// Whether what the problem says was so at some moment while it was asked.
fn has_reason(aftermath: &Aftermath<'_>, story: Option<&OrderStory>, answered: &Answered) -> bool {
    let (act, from, until) = (&answered.act, answered.from, answered.until);
    let problem = answered.problem.as_deref().unwrap_or_default();
    if let Act::Place { life_s, .. } = act
        && problem == "invalid"
    {
        // An order's end is asked for in whole seconds, so up to one is lost.
        return signed(*life_s) <= LAST_SECS + until.secs_since(from) + 1;
    }
    if problem == "conflict" {
        return differs(aftermath, story.map(OrderStory::now), act);
    }
    let Some(story) = story else {
        return problem == "not-found";
    };
    let placed_at = story.steps[0].append.stored_at;
    let mut stood = story.between(from, until).iter();
    (problem == "not-found" && from <= placed_at)
        || stood.any(|step| is_reason(step, problem, act, until))
}

fn is_reason(
    OrderStep { order, tally, .. }: &OrderStep,
    problem: &str,
    act: &Act,
    until: Timestamp,
) -> bool {
    let shipment = order.shipment.as_ref().map(|shipment| shipment.status);
    match problem {
        "order-paid" => order.status == OrderStatus::Paid,
        "order-cancelled" => {
            order.status == OrderStatus::Cancelled || order.cancel_wish == CancelWish::Requested
        }
        "order-expired" => {
            let starts = matches!(act, Act::Start(_) | Act::StartOnce(_));
            let last = order.expires_at.plus_secs(-LAST_SECS);
            order.status == OrderStatus::Expired || (starts && last <= until.plus_secs(1))
        }
        "held" => has_undecided_money(order, act),
        "refund-too-much" => is_too_much(order, tally, act),
        "refunds-closed" => match *act {
            Act::Refund { pay, .. } | Act::RetryRefund { pay, .. } => {
                let payment = order.payment(&pay.payment());
                payment.is_some_and(|payment| payment.refund_window == RefundWindow::Finished)
            }
            _ => false,
        },
        "not-found" => match *act {
            Act::Refund { pay, .. } => order.payment(&pay.payment()).is_none(),
            Act::RetryRefund { pay, refund } => {
                let payment = order.payment(&pay.payment());
                payment.is_none_or(|payment| payment.refund(&refund_no(refund)).is_none())
            }
            _ => false,
        },
        "shipment-not-requested" => shipment.is_none(),
        "shipment-held" => shipment == Some(ShipmentStatus::Held),
        "shipment-cancelled" => shipment == Some(ShipmentStatus::Cancelled),
        "shipment-dispatched" => matches!(
            shipment,
            Some(ShipmentStatus::Dispatched | ShipmentStatus::Delivered)
        ),
        "shipment-not-dispatched" => matches!(
            shipment,
            Some(ShipmentStatus::Requested | ShipmentStatus::Held)
        ),
        _ => false,
    }
}

/// Whether something of that name is there with other content.
fn differs(aftermath: &Aftermath<'_>, order: Option<&PlacedOrder>, act: &Act) -> bool {
    match act {
        Act::Place {
            minor, fulfilment, ..
        } => order.is_some_and(|order| !is_placed_so(order, *minor, fulfilment)),
        Act::Start(pay) | Act::StartOnce(pay) => {
            let known = order.and_then(|order| order.payment(&pay.payment()));
            let mut others = aftermath.orders.values().map(OrderStory::now);
            known.is_some_and(|payment| payment.method.as_str() != pay.method)
                || others.any(|other| {
                    other.order_no.as_str() != order_no(pay.order)
                        && other.payment(&pay.payment()).is_some()
                })
        }
        Act::Refund { pay, refund, minor } => {
            let (asked_of, no) = (pay.payment(), refund_no(*refund));
            let orders = aftermath.orders.values();
            let payments = orders.flat_map(|story| &story.now().payments);
            let mut of_account =
                payments.filter(|payment| payment.payment.account == asked_of.account);
            of_account.any(|payment| {
                payment.refund(&no).is_some_and(|refund| {
                    payment.payment != asked_of || refund.amount.minor != signed(*minor)
                })
            })
        }
        _ => false,
    }
}

fn has_undecided_money(order: &PlacedOrder, act: &Act) -> bool {
    let Act::Refund { pay, .. } = act else {
        return false;
    };
    let mut exceptions = order.exceptions.iter();
    exceptions.any(|exception| exception.payment == pay.payment() && exception.resolution.is_none())
}

/// Money that waits for a decision is not there to be asked back.
fn is_too_much(order: &PlacedOrder, tally: &Tally, act: &Act) -> bool {
    let payment = |pay: Pay| order.payment(&pay.payment());
    match *act {
        Act::Refund { pay, minor, .. } => payment(pay).is_some_and(|payment| {
            let is_free = |money: &&Received| {
                let exception = money.exception.as_ref().and_then(|id| order.exception(id));
                payment.transaction(&money.id).is_some()
                    && (money.is_the_orders
                        || exception.is_some_and(|exception| exception.resolution.is_some()))
            };
            let mut moneys = tally.moneys().iter().filter(is_free);
            moneys.all(|money| tally.kept_minor(money) < signed(minor))
        }),
        Act::RetryRefund { pay, refund } => {
            let (name, no) = (pay.payment(), refund_no(refund));
            let refund = payment(pay).and_then(|payment| payment.refund(&no));
            let money = tally.money_of(&name, &no);
            refund
                .zip(money)
                .is_some_and(|(refund, money)| tally.kept_minor(money) < refund.amount.minor)
        }
        _ => false,
    }
}

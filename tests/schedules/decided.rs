//! What becomes of money that is not as asked: each policy decides what it is configured for and nothing
//! else, each decision is carried out, and nothing is taken or given back that nobody decided.

use std::collections::{BTreeMap, BTreeSet};

use payfold_domain::TransactionId;
use payfold_domain::event::{
    Basis, Event, ExceptionResolved, OrderEvent, RefundOrigin, RefundRequested, StrayEvent,
};
use payfold_domain::exception::{ExceptionId, ExceptionKind, ResolutionAction, Resolver};
use payfold_domain::order::{Disposition, OrderStatus, PlacedOrder, RefundWindow};
use payfold_domain::policy::{LatePolicy, Policy, ReturnPolicy};

use crate::aftermath::{Aftermath, Found, Happened, OrderStep};
use crate::tally::{agrees, came_unasked};

const BY_POLICY: &str = "money that is not as asked is treated as the policy says";
const CARRIED_OUT: &str = "a decision is carried out at once";

pub(crate) fn hold(aftermath: &Aftermath<'_>, found: &mut Found) {
    let policy = &aftermath.record.schedule.setting.policy;
    for story in aftermath.orders.values() {
        for append in story.appends() {
            what_came_is_called_by_its_name(append, found);
            policies_decide(append, policy, found);
            if let Some(OrderStep { order, tally, .. }) = append.last() {
                agrees(tally, order, found);
                what_went_back_waits_for_nobody(append, found);
            }
        }
    }
    for append in aftermath.appends() {
        decisions_are_carried_out(append, found);
    }
    nothing_happens_undecided(aftermath, found);
}

fn what_came_is_called_by_its_name(append: &[OrderStep], found: &mut Found) {
    for step in append {
        // Nobody pays through another application here.
        let fits = match &step.event {
            OrderEvent::MismatchedPaymentReceived(event) => {
                event.money.receipt.amount != event.expected
            }
            _ => true,
        };
        found.unless(fits, "what is as asked has no reason to wait", || {
            format!("{}: {:?}", step.order.order_no, step.event)
        });
    }
}

/// What is to become of money that came under an exception.
struct Due<'a> {
    exception: &'a ExceptionId,
    id: &'a TransactionId,
    action: Option<ResolutionAction>,
}

fn due<'a>(step: &'a OrderStep, policy: &Policy) -> Option<Due<'a>> {
    let (money, exception) = came_unasked(&step.event)?;
    // Late money alone leaves an order as it was.
    let late = match step.order.status {
        OrderStatus::Cancelled => policy.late_cancelled,
        _ => policy.late_expired,
    };
    let action = match (&step.event, late) {
        (OrderEvent::DoublePaymentReceived(_), _) => given_back(policy.double),
        (OrderEvent::MismatchedPaymentReceived(_), _) => given_back(policy.mismatch),
        (_, LatePolicy::Accept) => Some(ResolutionAction::Accept),
        (_, LatePolicy::Refund) => Some(ResolutionAction::Refund),
        (_, LatePolicy::Hold) => None,
    };
    Some(Due {
        exception,
        id: &money.receipt.transaction_id,
        action,
    })
}

fn given_back(policy: ReturnPolicy) -> Option<ResolutionAction> {
    match policy {
        ReturnPolicy::Hold => None,
        ReturnPolicy::Refund => Some(ResolutionAction::Refund),
    }
}

/// Whether that money can no longer be given back.
fn is_finished(order: &PlacedOrder, id: &TransactionId) -> bool {
    let mut payments = order.payments.iter();
    let payment = payments.find(|payment| payment.transaction(id).is_some());
    payment.is_some_and(|payment| payment.refund_window == RefundWindow::Finished)
}

/// What the policy says is decided with the news, unless the money had gone back by then or can no longer.
fn policies_decide(append: &[OrderStep], policy: &Policy, found: &mut Found) {
    let dues = append.iter().filter_map(|step| due(step, policy));
    let dues: BTreeMap<_, _> = dues.map(|due| (due.exception, due)).collect();
    let Some(last) = append.last() else { return };
    let resolved = append.iter().filter_map(|step| match &step.event {
        OrderEvent::ExceptionResolved(resolved) => Some(resolved),
        _ => None,
    });
    let mut ended = BTreeSet::new();
    for resolved in resolved {
        let due = dues.get(&resolved.exception);
        let as_configured = resolved.by != Resolver::Policy
            || due.and_then(|due| due.action) == Some(resolved.action);
        found.unless(as_configured, BY_POLICY, || format!("{resolved:?}"));
        ended.insert(&resolved.exception);
    }
    for due in dues.values().filter(|due| due.action.is_some()) {
        let mut moneys = last.tally.moneys().iter();
        let gone = moneys.any(|money| money.id == *due.id && last.tally.kept_minor(money) <= 0)
            || (due.action == Some(ResolutionAction::Refund) && is_finished(&last.order, due.id));
        found.unless(ended.contains(due.exception) || gone, BY_POLICY, || {
            format!("{}: {:?} {:?}", last.order.order_no, due.id, due.action)
        });
    }
}

/// Money beside the order's that is with the buyer again shows so, and waits for no decision.
fn what_went_back_waits_for_nobody(append: &[OrderStep], found: &mut Found) {
    let Some(OrderStep { order, tally, .. }) = append.last() else {
        return;
    };
    for money in tally.moneys() {
        let Some(exception) = money.exception.as_ref().filter(|_| !money.is_the_orders) else {
            continue;
        };
        let mut known = order
            .payments
            .iter()
            .flat_map(|payment| &payment.transactions);
        let known = known.find(|known| known.transaction_id == money.id);
        let shows_returned =
            known.is_some_and(|known| matches!(known.disposition, Disposition::Returned(_)));
        let waits = order
            .exception(exception)
            .is_none_or(|exception| exception.resolution.is_none());
        found.unless(
            shows_returned == money.is_back() && !(waits && money.is_back()),
            "money that went back shows so, and waits for nobody",
            || format!("{}: {money:?}", order.order_no),
        );
    }
}

fn decisions_are_carried_out(append: &[Happened], found: &mut Found) {
    let decided = append
        .iter()
        .filter_map(|happened| resolved(&happened.event));
    for decided in decided {
        let id = &decided.exception;
        let carried_out = match (decided.action, decided.kind, &decided.by) {
            (_, _, Resolver::Events) => true,
            (ResolutionAction::Accept, ExceptionKind::Late | ExceptionKind::Mismatch, _) => {
                append.iter().any(|next| confirms(&next.event, id))
            }
            (ResolutionAction::Accept, ExceptionKind::Unmatched, _) => {
                decided.order_no.is_some()
                    && append.iter().any(|next| {
                        matches!(&next.event, Event::Stray(StrayEvent::StrayTakenUp(taken))
                            if Some(&taken.order_no) == decided.order_no.as_ref())
                    })
            }
            (ResolutionAction::Refund, _, _) => append.iter().any(|next| gives_back(next, id)),
            (ResolutionAction::Retry, _, _) => append.iter().any(|next| retries(&next.event)),
            (ResolutionAction::Accept | ResolutionAction::Dismiss, _, _) => true,
        };
        found.unless(carried_out, CARRIED_OUT, || format!("{decided:?}"));
    }
}

fn resolved(event: &Event) -> Option<&ExceptionResolved> {
    match event {
        Event::Order(OrderEvent::ExceptionResolved(resolved))
        | Event::Stray(StrayEvent::ExceptionResolved(resolved)) => Some(resolved),
        _ => None,
    }
}

/// The exception by whose decision money pays an order.
fn accepted(event: &Event) -> Option<&ExceptionId> {
    match event {
        Event::Order(OrderEvent::PaymentConfirmed(confirmed)) => match &confirmed.basis {
            Basis::AsAsked => None,
            Basis::Accepted(exception) => Some(exception),
        },
        _ => None,
    }
}

/// Whether that is the money of the exception: its id follows from it.
fn is_about(id: &ExceptionId, asked: &RefundRequested) -> bool {
    let account = &asked.payment.account;
    let money = asked.transaction_id.as_str();
    [
        ExceptionKind::Late,
        ExceptionKind::Double,
        ExceptionKind::Mismatch,
        ExceptionKind::Unmatched,
    ]
    .into_iter()
    .any(|kind| ExceptionId::derive(account, money, kind) == *id)
}

fn confirms(event: &Event, id: &ExceptionId) -> bool {
    accepted(event) == Some(id)
}

fn gives_back(happened: &Happened, decided: &ExceptionId) -> bool {
    happened.refund_asked().is_some_and(|asked| {
        matches!(&asked.origin, RefundOrigin::Exception { id, .. } if id == decided)
            && is_about(decided, asked)
    })
}

fn retries(event: &Event) -> bool {
    matches!(
        event,
        Event::Order(OrderEvent::RefundRetried(_)) | Event::Stray(StrayEvent::RefundRetried(_))
    )
}

/// Whatever rests on an exception comes behind its decision, or with it.
fn nothing_happens_undecided(aftermath: &Aftermath<'_>, found: &mut Found) {
    let mut decided = BTreeSet::new();
    for append in aftermath.appends() {
        let resolved = append
            .iter()
            .filter_map(|happened| resolved(&happened.event));
        decided.extend(resolved.map(|resolved| (&resolved.exception, resolved.action)));
        for happened in append {
            let rests_on = accepted(&happened.event).map(|id| (id, ResolutionAction::Accept));
            let rests_on = rests_on.or_else(|| match &happened.refund_asked()?.origin {
                RefundOrigin::Exception { id, .. } => Some((id, ResolutionAction::Refund)),
                RefundOrigin::Caller => None,
            });
            found.unless(
                rests_on.is_none_or(|decision| decided.contains(&decision)),
                "nothing is accepted or given back that nobody decided",
                || format!("{}: {:?}", happened.stream, happened.event),
            );
        }
    }
}

//! A person decides an exception.

use super::{Draft, refund};
use crate::Money;
use crate::Receipt;
use crate::book::{of_kind, resolved, retried, return_money};
use crate::command::{Difference, Rejection, ResolveException};
use crate::event::{Basis, MoneyReceived, OrderEvent};
use crate::exception::{ExceptionKind, ResolutionAction};
use crate::order::{OpenedException, OrderStatus, Payment, PlacedOrder, Refund, Transaction};

pub(super) fn resolve_exception(
    order: &PlacedOrder,
    command: ResolveException,
) -> Result<Vec<OrderEvent>, Rejection> {
    let exception = order
        .exception(&command.exception)
        .ok_or(Rejection::NoSuchException)?;
    if let Some(decided) = decided_before(exception, command.action)? {
        return Ok(decided);
    }
    let payment = order
        .payment(&exception.payment)
        .ok_or(Rejection::NoSuchPayment)?;
    let offered = order.offered_actions(exception, command.capability);
    if !offered.contains(&command.action) {
        return Err(not_offered(order, exception, command.action, offered));
    }
    let effect = effect_of(payment, exception, command.action)?;

    let mut draft = Draft::of(order);
    let book = payment.book(&order.exceptions);
    match effect {
        Effect::Retry(refund) => {
            draft.record_all(retried(&book, refund, &command.by, command.note));
        }
        Effect::Accept(money) => {
            draft.record(resolved(
                exception,
                command.action,
                command.by,
                command.note,
            ));
            let basis = Basis::Accepted(exception.id.clone());
            draft.confirm(as_received(payment, money), basis);
        }
        Effect::Refund(money) => {
            draft.record(resolved(
                exception,
                command.action,
                command.by,
                command.note,
            ));
            let left = Money {
                minor: money.left_minor(&payment.refunds),
                ..money.amount
            };
            draft.record(return_money(
                &book,
                &money.transaction_id,
                left,
                &exception.id,
            ));
        }
        Effect::Leave => draft.record(resolved(
            exception,
            command.action,
            command.by,
            command.note,
        )),
    }
    Ok(draft.finish())
}

/// The same decision again is already so, another one conflicts with it.
pub(crate) fn decided_before<E>(
    exception: &OpenedException,
    action: ResolutionAction,
) -> Result<Option<Vec<E>>, Rejection> {
    match &exception.resolution {
        None => Ok(None),
        Some(resolution) if resolution.action == action => Ok(Some(Vec::new())),
        Some(resolution) => Err(Rejection::Conflict(vec![Difference {
            pointer: "/action",
            have: resolution.action.as_str().to_owned(),
            got: action.as_str().to_owned(),
        }])),
    }
}

/// What a decision does beside ending the exception.
enum Effect<'a> {
    /// The money pays the order.
    Accept(&'a Transaction),
    /// What is left of the money goes back.
    Refund(&'a Transaction),
    /// The refund is asked for again.
    Retry(&'a Refund),
    /// Nothing.
    Leave,
}

fn effect_of<'a>(
    payment: &'a Payment,
    exception: &OpenedException,
    action: ResolutionAction,
) -> Result<Effect<'a>, Rejection> {
    let money = || {
        let id = exception.transaction_id.as_ref();
        id.and_then(|id| payment.transaction(id))
            .ok_or(Rejection::NoSuchPayment)
    };
    Ok(match (action, exception.kind) {
        (ResolutionAction::Accept, ExceptionKind::ExternalRefund)
        | (ResolutionAction::Dismiss, _) => Effect::Leave,
        (ResolutionAction::Accept, _) => Effect::Accept(money()?),
        (ResolutionAction::Refund, _) => Effect::Refund(money()?),
        (ResolutionAction::Retry, _) => {
            let refund_no = exception.refund_no.as_ref();
            let refund = refund_no
                .and_then(|no| payment.refund(no))
                .ok_or(Rejection::NoSuchRefund)?;
            refund::is_covered(payment, refund)?;
            Effect::Retry(refund)
        }
    })
}

/// Money that could have been accepted, had other money not paid the order by now, says so.
fn not_offered(
    order: &PlacedOrder,
    exception: &OpenedException,
    action: ResolutionAction,
    offered: Vec<ResolutionAction>,
) -> Rejection {
    let acceptable =
        action == ResolutionAction::Accept && of_kind(exception.kind).contains(&action);
    match order.status {
        OrderStatus::Paid if acceptable => Rejection::OrderPaid,
        OrderStatus::Paid | OrderStatus::Open | OrderStatus::Cancelled | OrderStatus::Expired => {
            Rejection::ActionNotOffered { offered }
        }
    }
}

/// The money as it was first told of.
fn as_received(payment: &Payment, money: &Transaction) -> MoneyReceived {
    MoneyReceived {
        payment: payment.payment.clone(),
        method: payment.method,
        receipt: Receipt {
            transaction_id: money.transaction_id.clone(),
            amount: money.amount,
            application: money.application.clone(),
            paid_at: money.paid_at,
        },
        source: money.source,
    }
}

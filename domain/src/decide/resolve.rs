//! A person decides an exception of an order.

use super::Draft;
use crate::Receipt;
use crate::book::{carry_out, decided_before, money_of};
use crate::command::{Rejection, ResolveException};
use crate::event::{Basis, MoneyReceived, OrderEvent};
use crate::exception::{ExceptionKind, ResolutionAction};
use crate::order::{OpenedException, OrderStatus, Payment, PlacedOrder, Transaction};

pub(super) fn resolve_exception(
    order: &PlacedOrder,
    command: ResolveException,
) -> Result<Vec<OrderEvent>, Rejection> {
    let exception = order
        .exception(&command.exception)
        .ok_or(Rejection::NoSuchException)?;
    let named = command.order_no.as_ref();
    if named.is_some_and(|named| *named != order.order_no) {
        return Err(Rejection::OrderNoUnwanted);
    }
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
    let book = payment.book(&order.exceptions);
    let decided = carry_out(&book, exception, &command)?;
    let accepted = match exception.kind {
        ExceptionKind::Late | ExceptionKind::Mismatch
            if command.action == ResolutionAction::Accept =>
        {
            Some(money_of(&book, exception)?)
        }
        ExceptionKind::Late
        | ExceptionKind::Mismatch
        | ExceptionKind::Double
        | ExceptionKind::Unmatched
        | ExceptionKind::ExternalRefund
        | ExceptionKind::RefundFailed
        | ExceptionKind::RefundNeedsAction
        | ExceptionKind::Contradiction
        | ExceptionKind::Corrupt
        | ExceptionKind::Bill(_) => None,
    };

    let mut draft = Draft::of(order);
    draft.record_all(decided);
    if let Some(money) = accepted {
        let basis = Basis::Accepted(exception.id.clone());
        draft.confirm(as_received(payment, money), basis);
    }
    Ok(draft.finish())
}

/// Money that could have been accepted, had other money not paid the order by now, says so.
fn not_offered(
    order: &PlacedOrder,
    exception: &OpenedException,
    action: ResolutionAction,
    offered: Vec<ResolutionAction>,
) -> Rejection {
    let acceptable =
        action == ResolutionAction::Accept && exception.kind.actions().contains(&action);
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

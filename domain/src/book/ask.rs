//! What the shop may ask of refunds and exceptions, in an order or a stray alike.

use super::effect::{resolved, retried, return_money, submitted};
use super::{Book, BookEvent};
use crate::RefundNo;
use crate::command::{Difference, Rejection, ResolveException};
use crate::exception::{ResolutionAction, Resolver};
use crate::order::{OpenedException, Refund, RefundStatus, RefundWindow, Transaction};
use crate::policy::Capability;

/// Whether the account can give this number's money back, and the gateway still takes refunds of it.
pub(crate) fn takes_refunds(book: &Book<'_>, capability: Capability) -> Result<(), Rejection> {
    match book.refund_window {
        RefundWindow::Finished => return Err(Rejection::RefundsClosed),
        RefundWindow::Open => {}
    }
    match capability {
        Capability::Full | Capability::Retired => Ok(()),
        Capability::ReceivesOnly => Err(Rejection::AccountReceivesOnly),
    }
}

/// The gateway took the refund up.
pub(crate) fn submit(
    book: &Book<'_>,
    refund_no: &RefundNo,
) -> Result<Option<BookEvent>, Rejection> {
    let refund = book.refund(refund_no).ok_or(Rejection::NoSuchRefund)?;

    match refund.status {
        RefundStatus::Requested => Ok(Some(submitted(book, refund))),
        RefundStatus::Submitted
        | RefundStatus::NeedsAction
        | RefundStatus::Succeeded
        | RefundStatus::Failed => Ok(None),
    }
}

/// Asks again for a refund that is stuck or was refused, under the same number. One that was refused
/// needs its amount to be left still, for that was not reserved any more.
pub(crate) fn retry(
    book: &Book<'_>,
    refund_no: &RefundNo,
    capability: Capability,
    by: &Resolver,
    note: Option<&str>,
) -> Result<Vec<BookEvent>, Rejection> {
    let refund = book.refund(refund_no).ok_or(Rejection::NoSuchRefund)?;
    match refund.status {
        RefundStatus::Requested | RefundStatus::Submitted | RefundStatus::Succeeded => {
            return Ok(Vec::new());
        }
        RefundStatus::NeedsAction | RefundStatus::Failed => {}
    }
    takes_refunds(book, capability)?;
    is_covered(book, refund)?;

    Ok(retried(book, refund, by, note))
}

fn is_covered(book: &Book<'_>, refund: &Refund) -> Result<(), Rejection> {
    let money = book.transaction(&refund.transaction_id);
    let left_minor = money.map_or(0, |money| money.left_minor(book.refunds));
    if refund.is_reserved() || refund.amount.minor <= left_minor {
        Ok(())
    } else {
        Err(Rejection::RefundTooMuch { left_minor })
    }
}

/// A decision that was made before: the same again is already so, another one conflicts with it.
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

/// The money that an exception is about, where it is known.
pub(crate) fn money_of<'a>(
    book: &Book<'a>,
    exception: &OpenedException,
) -> Result<&'a Transaction, Rejection> {
    let id = exception.transaction_id.as_ref();
    id.and_then(|id| book.transaction(id))
        .ok_or(Rejection::NoSuchPayment)
}

/// Carries an offered decision out, as far as the number's own money goes: what accepting money means
/// beyond that is the order's or the stray's matter.
pub(crate) fn carry_out(
    book: &Book<'_>,
    exception: &OpenedException,
    command: &ResolveException,
) -> Result<Vec<BookEvent>, Rejection> {
    let decided = || {
        let (by, note) = (command.by.clone(), command.note.clone());
        resolved(exception, command.action, by, note)
    };
    match command.action {
        ResolutionAction::Accept | ResolutionAction::Dismiss => Ok(vec![decided()]),
        ResolutionAction::Refund => {
            let money = money_of(book, exception)?;
            let left = money.left(book.refunds);
            Ok(vec![
                decided(),
                return_money(book, &money.transaction_id, left, &exception.id),
            ])
        }
        ResolutionAction::Retry => {
            let refund_no = exception
                .refund_no
                .as_ref()
                .ok_or(Rejection::NoSuchRefund)?;
            let note = command.note.as_deref();
            retry(book, refund_no, command.capability, &command.by, note)
        }
    }
}

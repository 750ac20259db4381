//! Folds a stray's events into its state: total and pure, as for an order.

use super::{Claim, Stray, StrayMoney};
use crate::event::{ExternalRefundObserved, StrayEvent, UnexpectedMoney, UnmatchedRefundReceived};
use crate::evolve::{BookMut, Misfit, about_money, exception_resolved, open, received};
use crate::exception::ExceptionKind;
use crate::order::{Corruption, Disposition, OpenedException, RefundWindow, StatedMoney};
use crate::{Money, PaymentRef, RefundFact, RefundSize, RefundState, Timestamp};

/// The stray after `event`, which happened at `at`.
pub fn evolve_stray(stray: Stray, event: &StrayEvent, at: Timestamp) -> Stray {
    let mut money = match (stray, payment_of(event)) {
        (Stray::Corrupt(corruption), _) => return Stray::Corrupt(corruption),
        (Stray::Heard(money), _) => money,
        (Stray::Unheard, Some(payment)) => StrayMoney::unheard(payment.clone()),
        (Stray::Unheard, None) => return corrupt(Misfit("unheard"), event),
    };
    match apply(&mut money, event, at) {
        Ok(()) => Stray::Heard(money),
        Err(misfit) => corrupt(misfit, event),
    }
}

fn corrupt(misfit: Misfit, event: &StrayEvent) -> Stray {
    Stray::Corrupt(Corruption {
        order_no: None,
        state: misfit.0,
        event: event.name(),
    })
}

/// Changes a stray by one event.
pub(super) fn apply(
    stray: &mut StrayMoney,
    event: &StrayEvent,
    at: Timestamp,
) -> Result<(), Misfit> {
    match (&stray.claim, event) {
        (Claim::TakenUp(_), _) => return Err(Misfit("taken up")),
        (Claim::Unclaimed, _) => {}
    }
    let unmoved = &mut stray.unmoved;
    let mut book = BookMut {
        transactions: &mut stray.transactions,
        refunds: &mut stray.refunds,
        exceptions: &mut stray.exceptions,
    };
    match event {
        StrayEvent::UnmatchedPaymentReceived(event) => payment_received(stray, event, at),
        StrayEvent::UnmatchedRefundReceived(event) => refund_received(stray, event, at),
        StrayEvent::StrayTakenUp(event) => {
            stray.claim = Claim::TakenUp(event.order_no.clone());
            Ok(())
        }
        StrayEvent::PaymentFinished(_) => {
            stray.refund_window = RefundWindow::Finished;
            Ok(())
        }
        StrayEvent::DuplicateNotifyIgnored(_) => {
            unmoved.duplicates = unmoved.duplicates.saturating_add(1);
            Ok(())
        }
        StrayEvent::RefundHintReceived(_) => {
            unmoved.hints = unmoved.hints.saturating_add(1);
            Ok(())
        }
        StrayEvent::RefundRequested(event) => book.refund_requested(event, at),
        StrayEvent::RefundSubmitted(event) => book.refund_submitted(event),
        StrayEvent::RefundNeedsAction(event) => book.refund_needs_action(event, at),
        StrayEvent::RefundRetried(event) => book.refund_retried(event),
        StrayEvent::RefundSucceeded(event) => book.refund_succeeded(event),
        StrayEvent::RefundFailed(event) => book.refund_failed(event, at),
        StrayEvent::ExternalRefundObserved(event) => {
            book.external_refund_observed(event, at)?;
            let money = stray.book().transaction(&event.transaction_id);
            let external_minor = money.map_or(0, |money| money.external_minor);
            stray.stated_refunds.push(stated(event, external_minor));
            Ok(())
        }
        StrayEvent::ContradictionObserved(event) => book.contradiction_observed(event, at),
        StrayEvent::ExceptionResolved(event) => {
            exception_resolved(&mut stray.exceptions, event, at)
        }
    }
}

fn payment_received(
    stray: &mut StrayMoney,
    event: &UnexpectedMoney,
    at: Timestamp,
) -> Result<(), Misfit> {
    let id = &event.money.receipt.transaction_id;
    if stray.book().transaction(id).is_some() {
        return Err(Misfit("with that transaction"));
    }
    let disposition = Disposition::Held(event.exception.clone());
    stray.transactions.push(received(&event.money, disposition));
    let kind = ExceptionKind::Unmatched;
    let opened = about_money(&event.exception, kind, &event.money, None, at);
    open(&mut stray.exceptions, opened)
}

fn refund_received(
    stray: &mut StrayMoney,
    event: &UnmatchedRefundReceived,
    at: Timestamp,
) -> Result<(), Misfit> {
    stray.stated_refunds.push(event.refund.clone());
    let received = match event.refund.size {
        RefundSize::Exactly(amount) | RefundSize::RunningTotal(amount) => Some(StatedMoney {
            amount,
            app_id: None,
        }),
        RefundSize::Unknown => None,
    };
    open(
        &mut stray.exceptions,
        OpenedException {
            id: event.exception.clone(),
            kind: ExceptionKind::Unmatched,
            payment: event.payment.clone(),
            transaction_id: event.refund.transaction_id.clone(),
            refund_no: event.refund.refund_no().cloned(),
            expected: None,
            received,
            contradiction: None,
            opened_at: at,
            resolution: None,
        },
    )
}

/// The refund as a fact again, for the order that takes the stray up. What a running total told stays
/// one, of all that the back office had given back by then.
fn stated(event: &ExternalRefundObserved, external_minor: i64) -> RefundFact {
    let size = match (event.size, event.amount) {
        (Some(size), _) => RefundSize::Exactly(size),
        (None, Some(more)) => RefundSize::RunningTotal(Money {
            minor: external_minor,
            ..more
        }),
        (None, None) => RefundSize::Unknown,
    };
    RefundFact {
        transaction_id: Some(event.transaction_id.clone()),
        number: event.refund_no.clone().into(),
        size,
        state: RefundState::Succeeded(Some(event.refunded_at)),
    }
}

/// The number that an event speaks of, by which a stray comes to be.
fn payment_of(event: &StrayEvent) -> Option<&PaymentRef> {
    match event {
        StrayEvent::UnmatchedPaymentReceived(event) => Some(&event.money.payment),
        StrayEvent::UnmatchedRefundReceived(event) => Some(&event.payment),
        StrayEvent::StrayTakenUp(event) => Some(&event.payment),
        StrayEvent::PaymentFinished(event) => Some(&event.payment),
        StrayEvent::DuplicateNotifyIgnored(event) => Some(&event.payment),
        StrayEvent::RefundRequested(event) => Some(&event.payment),
        StrayEvent::RefundSubmitted(event) => Some(&event.payment),
        StrayEvent::RefundHintReceived(event) => Some(&event.payment),
        StrayEvent::RefundNeedsAction(event) | StrayEvent::RefundFailed(event) => {
            Some(&event.payment)
        }
        StrayEvent::RefundRetried(event) => Some(&event.payment),
        StrayEvent::RefundSucceeded(event) => Some(&event.payment),
        StrayEvent::ExternalRefundObserved(event) => Some(&event.payment),
        StrayEvent::ContradictionObserved(event) => Some(&event.payment),
        StrayEvent::ExceptionResolved(_) => None,
    }
}

//! The events by which a number's money, refunds and exceptions change.

use super::weigh::{Weighed, stated_time};
use super::{Book, BookEvent};
use crate::event::{
    Contradiction, ContradictionObserved, ExceptionResolved, RefundNamed, RefundOrigin,
    RefundRequested, RefundRetried, RefundSucceeded, RefundTroubled, Staleness,
};
use crate::exception::{ExceptionId, ExceptionKind, ResolutionAction, Resolver};
use crate::order::{Disposition, OpenedException, Refund, Transaction};
use crate::{Money, RefundFact, RefundNo, Timestamp, TransactionId};

pub(super) fn submitted(book: &Book<'_>, refund: &Refund) -> BookEvent {
    BookEvent::RefundSubmitted(RefundNamed {
        payment: book.payment.clone(),
        method: book.method,
        refund_no: refund.refund_no.clone(),
    })
}

pub(super) fn succeeded(
    book: &Book<'_>,
    refund: &Refund,
    fact: &RefundFact,
    now: Timestamp,
) -> BookEvent {
    BookEvent::RefundSucceeded(RefundSucceeded {
        payment: book.payment.clone(),
        method: book.method,
        refund_no: refund.refund_no.clone(),
        amount: refund.amount,
        succeeded_at: stated_time(fact, now),
    })
}

/// The refund is in trouble; its exception is named after how often it was in this trouble before, so
/// that a retry which fails again opens a new one.
pub(super) fn troubled(book: &Book<'_>, refund: &Refund, kind: ExceptionKind) -> RefundTroubled {
    let before = book
        .exceptions
        .iter()
        .filter(|known| known.kind == kind && known.refund_no.as_ref() == Some(&refund.refund_no))
        .count();
    let subject = format!(
        "{}\n{}\n{}",
        refund.transaction_id,
        refund.refund_no,
        before + 1
    );
    RefundTroubled {
        payment: book.payment.clone(),
        method: book.method,
        refund_no: refund.refund_no.clone(),
        exception: ExceptionId::derive(&book.payment.account, &subject, kind),
    }
}

/// The refund is asked for again, and its open exceptions are thereby decided.
pub(super) fn retried(
    book: &Book<'_>,
    refund: &Refund,
    by: &Resolver,
    note: Option<&str>,
) -> Vec<BookEvent> {
    let mut events = vec![BookEvent::RefundRetried(RefundRetried {
        payment: book.payment.clone(),
        method: book.method,
        refund_no: refund.refund_no.clone(),
        attempt: refund.attempt.saturating_add(1),
    })];
    events.extend(open_troubles(book, &refund.refund_no).map(|open| {
        resolved(
            open,
            ResolutionAction::Retry,
            by.clone(),
            note.map(str::to_owned),
        )
    }));
    events
}

/// The money that `exception` is about goes back: all that is left of it, under the exception's number.
pub(crate) fn return_money(
    book: &Book<'_>,
    transaction_id: &TransactionId,
    amount: Money,
    exception: &ExceptionId,
) -> BookEvent {
    const FIRST_TRY: u32 = 1;
    BookEvent::RefundRequested(RefundRequested {
        payment: book.payment.clone(),
        method: book.method,
        transaction_id: transaction_id.clone(),
        refund_no: exception.refund_no(FIRST_TRY),
        amount,
        origin: RefundOrigin::Exception {
            id: exception.clone(),
            attempt: FIRST_TRY,
        },
        reason: None,
    })
}

pub(crate) fn resolved(
    exception: &OpenedException,
    action: ResolutionAction,
    by: Resolver,
    note: Option<String>,
) -> BookEvent {
    BookEvent::Resolved(ExceptionResolved {
        exception: exception.id.clone(),
        kind: exception.kind,
        action,
        by,
        order_no: None,
        note,
    })
}

/// What happened next decided the exception, unless somebody had.
pub(super) fn settle(exception: &OpenedException, action: ResolutionAction) -> Option<BookEvent> {
    exception
        .resolution
        .is_none()
        .then(|| resolved(exception, action, Resolver::Events, None))
}

/// The refund's open exceptions end with what became of it.
pub(super) fn settle_troubles(
    book: &Book<'_>,
    refund_no: &RefundNo,
    action: ResolutionAction,
) -> Vec<BookEvent> {
    open_troubles(book, refund_no)
        .filter_map(|open| settle(open, action))
        .collect()
}

/// Money that was held and is wholly given back needs no decision any more.
pub(super) fn settle_money(
    book: &Book<'_>,
    money: &Transaction,
    given_back_minor: i64,
) -> Option<BookEvent> {
    if given_back_minor < money.amount.minor {
        return None;
    }
    match &money.disposition {
        Disposition::Held(exception) => {
            settle(book.exception(exception)?, ResolutionAction::Refund)
        }
        Disposition::Confirmed(_) | Disposition::Returned(_) => None,
    }
}

fn open_troubles<'a>(
    book: &Book<'a>,
    refund_no: &RefundNo,
) -> impl Iterator<Item = &'a OpenedException> {
    let Book {
        payment,
        exceptions,
        ..
    } = *book;
    exceptions.iter().filter(move |known| {
        matches!(
            known.kind,
            ExceptionKind::RefundFailed | ExceptionKind::RefundNeedsAction
        ) && known.payment == *payment
            && known.refund_no.as_ref() == Some(refund_no)
            && known.resolution.is_none()
    })
}

/// The gateway's statements do not fit together. Its exception is named after the transaction (the
/// payment where none is named) and the sort of contradiction: the same one is told once.
pub(crate) fn contradiction(
    book: &Book<'_>,
    transaction_id: Option<&TransactionId>,
    contradiction: Contradiction,
) -> Weighed {
    let about = transaction_id.map_or(book.payment.out_trade_no.as_str(), TransactionId::as_str);
    let subject = match &contradiction {
        Contradiction::OtherAmount { .. } => format!("{about}\nother_amount"),
        Contradiction::ForeignTransaction => format!("{about}\nforeign_transaction"),
        Contradiction::UnpaidAfterPaid => format!("{about}\nunpaid_after_paid"),
        Contradiction::OtherRefundAmount { refund_no, .. } => {
            format!("{about}\nother_refund_amount\n{refund_no}")
        }
        Contradiction::RefundedTooMuch { .. } => format!("{about}\nrefunded_too_much"),
    };
    let exception = ExceptionId::derive(
        &book.payment.account,
        &subject,
        ExceptionKind::Contradiction,
    );
    if book.exception(&exception).is_some() {
        return Weighed::Stale(Staleness::Repeat);
    }
    Weighed::New(vec![BookEvent::Contradiction(ContradictionObserved {
        payment: book.payment.clone(),
        method: book.method,
        transaction_id: transaction_id.cloned(),
        contradiction,
        exception,
    })])
}

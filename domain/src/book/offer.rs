//! What a person may decide about an exception, by its kind and by what can still be done.

use super::Book;
use crate::exception::{ExceptionKind, ResolutionAction};
use crate::order::{OpenedException, RefundWindow};
use crate::policy::Capability;

/// Whether money may still become an order's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Acceptance {
    /// It may.
    Possible,
    /// Other money has paid the order by now.
    TooLate,
}

/// What may be decided now, in the order in which it is offered; nothing once it was decided.
pub(crate) fn offered(
    book: &Book<'_>,
    exception: &OpenedException,
    capability: Capability,
    acceptance: Acceptance,
) -> Vec<ResolutionAction> {
    if exception.resolution.is_some() {
        return Vec::new();
    }
    exception
        .kind
        .actions()
        .iter()
        .copied()
        .filter(|action| match action {
            ResolutionAction::Accept => match exception.kind {
                ExceptionKind::Late | ExceptionKind::Mismatch => acceptance == Acceptance::Possible,
                ExceptionKind::Double
                | ExceptionKind::Unmatched
                | ExceptionKind::ExternalRefund
                | ExceptionKind::RefundFailed
                | ExceptionKind::RefundNeedsAction
                | ExceptionKind::Contradiction
                | ExceptionKind::Corrupt
                | ExceptionKind::Bill(_) => true,
            },
            ResolutionAction::Refund => {
                can_refund(book, capability) && left_minor(book, exception) > 0
            }
            ResolutionAction::Retry => can_refund(book, capability),
            ResolutionAction::Dismiss => true,
        })
        .collect()
}

/// Whether a refund of this number's money may be asked for.
pub(crate) fn can_refund(book: &Book<'_>, capability: Capability) -> bool {
    let able = match capability {
        Capability::Full | Capability::Retired => true,
        Capability::ReceivesOnly => false,
    };
    able && book.refund_window == RefundWindow::Open
}

fn left_minor(book: &Book<'_>, exception: &OpenedException) -> i64 {
    exception
        .transaction_id
        .as_ref()
        .and_then(|id| book.transaction(id))
        .map_or(0, |money| money.left_minor(book.refunds))
}

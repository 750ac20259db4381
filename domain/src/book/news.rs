//! What a gateway's word on one of our refunds does to it, by how the refund stands: the table.

use crate::RefundState;
use crate::event::Staleness;
use crate::order::RefundStatus;

/// What becomes of a refund that was asked for here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Moved {
    /// The word says nothing new.
    Stays(Staleness),
    /// The gateway took it up.
    Submitted,
    /// It is with the buyer.
    Succeeded,
    /// It is stuck.
    NeedsAction,
    /// It was refused or closed.
    Failed,
}

/// The table: how the refund stands, what the gateway says, what becomes of it. A success counts also
/// after a failure, and a refund may come back from the bank after it had succeeded; every other word
/// that goes back is older news.
#[rustfmt::skip]
pub(crate) fn moved(status: RefundStatus, stated: RefundState) -> Moved {
    use Staleness::{OlderNews, Repeat};
    match (status, stated) {
        (RefundStatus::Requested,   RefundState::Processing)   => Moved::Submitted,
        (RefundStatus::Requested,   RefundState::Succeeded(_)) => Moved::Succeeded,
        (RefundStatus::Requested,   RefundState::NeedsAction)  => Moved::NeedsAction,
        (RefundStatus::Requested,   RefundState::Failed)       => Moved::Failed,
        (RefundStatus::Submitted,   RefundState::Processing)   => Moved::Stays(Repeat),
        (RefundStatus::Submitted,   RefundState::Succeeded(_)) => Moved::Succeeded,
        (RefundStatus::Submitted,   RefundState::NeedsAction)  => Moved::NeedsAction,
        (RefundStatus::Submitted,   RefundState::Failed)       => Moved::Failed,
        (RefundStatus::NeedsAction, RefundState::Processing)   => Moved::Stays(OlderNews),
        (RefundStatus::NeedsAction, RefundState::Succeeded(_)) => Moved::Succeeded,
        (RefundStatus::NeedsAction, RefundState::NeedsAction)  => Moved::Stays(Repeat),
        (RefundStatus::NeedsAction, RefundState::Failed)       => Moved::Failed,
        (RefundStatus::Succeeded,   RefundState::Processing)   => Moved::Stays(OlderNews),
        (RefundStatus::Succeeded,   RefundState::Succeeded(_)) => Moved::Stays(Repeat),
        (RefundStatus::Succeeded,   RefundState::NeedsAction)  => Moved::NeedsAction,
        (RefundStatus::Succeeded,   RefundState::Failed)       => Moved::Stays(OlderNews),
        (RefundStatus::Failed,      RefundState::Processing)   => Moved::Stays(OlderNews),
        (RefundStatus::Failed,      RefundState::Succeeded(_)) => Moved::Succeeded,
        (RefundStatus::Failed,      RefundState::NeedsAction)  => Moved::Stays(OlderNews),
        (RefundStatus::Failed,      RefundState::Failed)       => Moved::Stays(Repeat),
    }
}

//! The events that orders and strays have in common, before they are one's or the other's.

use crate::command::Foreign;
use crate::event::{
    ContradictionObserved, ExceptionResolved, ExternalRefundObserved, NumberOwner, OrderEvent,
    RefundNamed, RefundRequested, RefundRetried, RefundSucceeded, RefundTroubled, StrayEvent,
};

/// An event about one number's money, refunds or exceptions, whichever stream it goes into.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum BookEvent {
    Contradiction(ContradictionObserved),
    RefundRequested(RefundRequested),
    RefundSubmitted(RefundNamed),
    RefundNeedsAction(RefundTroubled),
    RefundRetried(RefundRetried),
    RefundSucceeded(RefundSucceeded),
    RefundFailed(RefundTroubled),
    ExternalRefund(ExternalRefundObserved),
    Resolved(ExceptionResolved),
}

impl BookEvent {
    /// The event, where other streams have claimed these names.
    pub(crate) fn beside(mut self, foreign: &Foreign) -> Self {
        if let Self::ExternalRefund(event) = &mut self {
            event.number = NumberOwner::of(event.refund_no.as_ref(), &foreign.refunds);
        }
        self
    }
}

macro_rules! into_event {
    ($event:ident) => {
        impl From<BookEvent> for $event {
            fn from(event: BookEvent) -> Self {
                match event {
                    BookEvent::Contradiction(event) => Self::ContradictionObserved(event),
                    BookEvent::RefundRequested(event) => Self::RefundRequested(event),
                    BookEvent::RefundSubmitted(event) => Self::RefundSubmitted(event),
                    BookEvent::RefundNeedsAction(event) => Self::RefundNeedsAction(event),
                    BookEvent::RefundRetried(event) => Self::RefundRetried(event),
                    BookEvent::RefundSucceeded(event) => Self::RefundSucceeded(event),
                    BookEvent::RefundFailed(event) => Self::RefundFailed(event),
                    BookEvent::ExternalRefund(event) => Self::ExternalRefundObserved(event),
                    BookEvent::Resolved(event) => Self::ExceptionResolved(event),
                }
            }
        }
    };
}

into_event!(OrderEvent);
into_event!(StrayEvent);

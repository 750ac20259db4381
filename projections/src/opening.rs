//! Which events open an exception. What is shown or counted of it is the views' own.

use payfold_domain::event::{
    AccountEvent, BillEvent, ContradictionObserved, Event, ExternalRefundObserved, OrderEvent,
    RefundTroubled, StrayEvent, UnexpectedMoney,
};
use payfold_domain::exception::{ExceptionId, ExceptionKind};
use payfold_domain::{AccountName, Method};

/// An exception that an event opens.
pub(crate) struct Opening<'a> {
    pub(crate) id: &'a ExceptionId,
    pub(crate) kind: ExceptionKind,
    /// The account it is about.
    pub(crate) account: &'a AccountName,
    /// The method of the payment it is about.
    pub(crate) method: Method,
}

/// The exception that an event opens, where it opens one.
pub(crate) fn opening_in(event: &Event) -> Option<Opening<'_>> {
    match event {
        Event::Order(event) => opened_by_order(event),
        Event::Stray(event) => opened_by_stray(event),
        Event::Account(AccountEvent::CorruptOrderMessaged(event)) => Some(Opening {
            id: &event.exception,
            kind: ExceptionKind::Corrupt,
            account: &event.payment.account,
            method: Method::Unknown,
        }),
        Event::Bill(BillEvent::BillDifferenceFound(event)) => Some(Opening {
            id: &event.exception,
            kind: ExceptionKind::Bill(event.difference),
            account: &event.payment.account,
            method: Method::Unknown,
        }),
        Event::Account(
            AccountEvent::AccountRecorded(_)
            | AccountEvent::UnknownMessageReceived(_)
            | AccountEvent::ExceptionResolved(_),
        )
        | Event::Bill(BillEvent::BillImported(_) | BillEvent::ExceptionResolved(_)) => None,
    }
}

fn opened_by_order(event: &OrderEvent) -> Option<Opening<'_>> {
    match event {
        OrderEvent::LatePaymentReceived(event) => Some(by_money(event, ExceptionKind::Late)),
        OrderEvent::DoublePaymentReceived(event) => Some(by_money(event, ExceptionKind::Double)),
        OrderEvent::MismatchedPaymentReceived(event) => Some(Opening {
            id: &event.exception,
            kind: ExceptionKind::Mismatch,
            account: &event.money.payment.account,
            method: event.money.method,
        }),
        OrderEvent::ContradictionObserved(event) => Some(by_contradiction(event)),
        OrderEvent::RefundNeedsAction(event) => {
            Some(by_refund(event, ExceptionKind::RefundNeedsAction))
        }
        OrderEvent::RefundFailed(event) => Some(by_refund(event, ExceptionKind::RefundFailed)),
        OrderEvent::ExternalRefundObserved(event) => Some(by_external_refund(event)),
        OrderEvent::OrderPlaced(_)
        | OrderEvent::CancelRequested
        | OrderEvent::OrderCancelled
        | OrderEvent::OrderExpired
        | OrderEvent::PaymentStarted(_)
        | OrderEvent::PaymentOffered(_)
        | OrderEvent::PaymentPending(_)
        | OrderEvent::PaymentStartFailed(_)
        | OrderEvent::PaymentClosed(_)
        | OrderEvent::PaymentFinished(_)
        | OrderEvent::ReturnObserved(_)
        | OrderEvent::PaymentConfirmed(_)
        | OrderEvent::DuplicateNotifyIgnored(_)
        | OrderEvent::ShipmentRequested
        | OrderEvent::ShipmentHeld(_)
        | OrderEvent::ShipmentReleased
        | OrderEvent::ShipmentCancelled
        | OrderEvent::ShipmentDispatched(_)
        | OrderEvent::ShipmentDelivered
        | OrderEvent::RefundRequested(_)
        | OrderEvent::RefundSubmitted(_)
        | OrderEvent::RefundHintReceived(_)
        | OrderEvent::RefundRetried(_)
        | OrderEvent::RefundSucceeded(_)
        | OrderEvent::ExceptionResolved(_) => None,
    }
}

fn opened_by_stray(event: &StrayEvent) -> Option<Opening<'_>> {
    match event {
        StrayEvent::UnmatchedPaymentReceived(event) => {
            Some(by_money(event, ExceptionKind::Unmatched))
        }
        StrayEvent::UnmatchedRefundReceived(event) => Some(Opening {
            id: &event.exception,
            kind: ExceptionKind::Unmatched,
            account: &event.payment.account,
            method: Method::Unknown,
        }),
        StrayEvent::RefundNeedsAction(event) => {
            Some(by_refund(event, ExceptionKind::RefundNeedsAction))
        }
        StrayEvent::RefundFailed(event) => Some(by_refund(event, ExceptionKind::RefundFailed)),
        StrayEvent::ExternalRefundObserved(event) => Some(by_external_refund(event)),
        StrayEvent::ContradictionObserved(event) => Some(by_contradiction(event)),
        StrayEvent::StrayTakenUp(_)
        | StrayEvent::PaymentFinished(_)
        | StrayEvent::DuplicateNotifyIgnored(_)
        | StrayEvent::RefundRequested(_)
        | StrayEvent::RefundSubmitted(_)
        | StrayEvent::RefundHintReceived(_)
        | StrayEvent::RefundRetried(_)
        | StrayEvent::RefundSucceeded(_)
        | StrayEvent::ExceptionResolved(_) => None,
    }
}

fn by_money(event: &UnexpectedMoney, kind: ExceptionKind) -> Opening<'_> {
    Opening {
        id: &event.exception,
        kind,
        account: &event.money.payment.account,
        method: event.money.method,
    }
}

fn by_refund(event: &RefundTroubled, kind: ExceptionKind) -> Opening<'_> {
    Opening {
        id: &event.exception,
        kind,
        account: &event.payment.account,
        method: event.method,
    }
}

fn by_external_refund(event: &ExternalRefundObserved) -> Opening<'_> {
    Opening {
        id: &event.exception,
        kind: ExceptionKind::ExternalRefund,
        account: &event.payment.account,
        method: event.method,
    }
}

fn by_contradiction(event: &ContradictionObserved) -> Opening<'_> {
    Opening {
        id: &event.exception,
        kind: ExceptionKind::Contradiction,
        account: &event.payment.account,
        method: event.method,
    }
}

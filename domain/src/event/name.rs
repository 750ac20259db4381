//! The names of events on the wire (`type` without its prefix).

use super::{AccountEvent, BillEvent, Event, OrderEvent, StrayEvent};

impl Event {
    /// The event's name on the wire.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Order(event) => event.name(),
            Self::Stray(event) => event.name(),
            Self::Account(event) => event.name(),
            Self::Bill(event) => event.name(),
        }
    }
}

impl OrderEvent {
    /// The event's name on the wire.
    pub fn name(&self) -> &'static str {
        match self {
            Self::OrderPlaced(_) => "OrderPlaced",
            Self::CancelRequested => "CancelRequested",
            Self::OrderCancelled => "OrderCancelled",
            Self::OrderExpired => "OrderExpired",
            Self::PaymentStarted(_) => "PaymentStarted",
            Self::PaymentOffered(_) => "PaymentOffered",
            Self::PaymentPending(_) => "PaymentPending",
            Self::PaymentStartFailed(_) => "PaymentStartFailed",
            Self::PaymentClosed(_) => "PaymentClosed",
            Self::PaymentFinished(_) => "PaymentFinished",
            Self::ReturnObserved(_) => "ReturnObserved",
            Self::PaymentConfirmed(_) => "PaymentConfirmed",
            Self::DuplicateNotifyIgnored(_) => "DuplicateNotifyIgnored",
            Self::LatePaymentReceived(_) => "LatePaymentReceived",
            Self::DoublePaymentReceived(_) => "DoublePaymentReceived",
            Self::MismatchedPaymentReceived(_) => "MismatchedPaymentReceived",
            Self::ContradictionObserved(_) => "ContradictionObserved",
            Self::ShipmentRequested => "ShipmentRequested",
            Self::ShipmentHeld(_) => "ShipmentHeld",
            Self::ShipmentReleased => "ShipmentReleased",
            Self::ShipmentCancelled => "ShipmentCancelled",
            Self::ShipmentDispatched(_) => "ShipmentDispatched",
            Self::ShipmentDelivered => "ShipmentDelivered",
            Self::RefundRequested(_) => "RefundRequested",
            Self::RefundSubmitted(_) => "RefundSubmitted",
            Self::RefundHintReceived(_) => "RefundHintReceived",
            Self::RefundNeedsAction(_) => "RefundNeedsAction",
            Self::RefundRetried(_) => "RefundRetried",
            Self::RefundSucceeded(_) => "RefundSucceeded",
            Self::RefundFailed(_) => "RefundFailed",
            Self::ExternalRefundObserved(_) => "ExternalRefundObserved",
            Self::ExceptionResolved(_) => "ExceptionResolved",
        }
    }
}

impl StrayEvent {
    /// The event's name on the wire.
    pub fn name(&self) -> &'static str {
        match self {
            Self::UnmatchedPaymentReceived(_) => "UnmatchedPaymentReceived",
            Self::UnmatchedRefundReceived(_) => "UnmatchedRefundReceived",
            Self::StrayTakenUp(_) => "StrayTakenUp",
            Self::PaymentFinished(_) => "PaymentFinished",
            Self::DuplicateNotifyIgnored(_) => "DuplicateNotifyIgnored",
            Self::RefundRequested(_) => "RefundRequested",
            Self::RefundSubmitted(_) => "RefundSubmitted",
            Self::RefundHintReceived(_) => "RefundHintReceived",
            Self::RefundNeedsAction(_) => "RefundNeedsAction",
            Self::RefundRetried(_) => "RefundRetried",
            Self::RefundSucceeded(_) => "RefundSucceeded",
            Self::RefundFailed(_) => "RefundFailed",
            Self::ExternalRefundObserved(_) => "ExternalRefundObserved",
            Self::ContradictionObserved(_) => "ContradictionObserved",
            Self::ExceptionResolved(_) => "ExceptionResolved",
        }
    }
}

impl AccountEvent {
    /// The event's name on the wire.
    pub fn name(&self) -> &'static str {
        match self {
            Self::AccountRecorded(_) => "AccountRecorded",
            Self::UnknownMessageReceived(_) => "UnknownMessageReceived",
            Self::CorruptOrderMessaged(_) => "CorruptOrderMessaged",
            Self::ExceptionResolved(_) => "ExceptionResolved",
        }
    }
}

impl BillEvent {
    /// The event's name on the wire.
    pub fn name(&self) -> &'static str {
        match self {
            Self::BillImported(_) => "BillImported",
            Self::BillDifferenceFound(_) => "BillDifferenceFound",
            Self::ExceptionResolved(_) => "ExceptionResolved",
        }
    }
}

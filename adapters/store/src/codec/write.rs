//! Events to bytes.

use bytes::Bytes;
use payfold_domain::event::{AccountEvent, BillEvent, Event, OrderEvent, StrayEvent};
use serde::Serialize;

use super::form::{Form, PartedForm};
use super::{Encoded, SCHEMA};
use crate::seal::Sealed;

/// An event that has no bytes: an instant in it lies outside the years that RFC 3339 can write.
#[derive(Debug, thiserror::Error)]
#[error("encoding {kind}: {problem}")]
pub struct EncodeError {
    kind: &'static str,
    problem: serde_json::Error,
}

/// The event's bytes; equal events have equal bytes.
pub fn encode(event: &Event) -> Result<Encoded, EncodeError> {
    let parts = match event {
        Event::Order(event) => order(event),
        Event::Stray(event) => stray(event),
        Event::Account(event) => account(event),
        Event::Bill(event) => bill(event),
    };
    finish(event.name(), parts)
}

/// A seal's bytes.
pub(crate) fn encode_seal(sealed: &Sealed) -> Result<Encoded, EncodeError> {
    finish(Sealed::KIND, public(sealed))
}

/// Data and private part.
type Parts = Result<(Bytes, Option<Bytes>), serde_json::Error>;

fn finish(kind: &'static str, parts: Parts) -> Result<Encoded, EncodeError> {
    let (data, private) = parts.map_err(|problem| EncodeError { kind, problem })?;
    Ok(Encoded {
        kind,
        schema: SCHEMA,
        data,
        private,
    })
}

fn bare() -> Parts {
    Ok((Bytes::from_static(b"{}"), None))
}

fn public<T: Form>(event: &T) -> Parts {
    Ok((json(&event.data())?, None))
}

fn parted<T: PartedForm>(event: &T) -> Parts {
    let (data, private) = event.split();
    Ok((json(&data)?, private.as_ref().map(json).transpose()?))
}

fn json<T: Serialize>(form: &T) -> Result<Bytes, serde_json::Error> {
    // Most data is within 384 bytes; what is longer grows.
    let mut bytes = Vec::with_capacity(384);
    serde_json::to_writer(&mut bytes, form)?;
    Ok(Bytes::from(bytes))
}

fn order(event: &OrderEvent) -> Parts {
    match event {
        OrderEvent::OrderPlaced(event) => parted(event),
        OrderEvent::PaymentStarted(event) => parted(event),
        OrderEvent::PaymentOffered(event) => public(event),
        OrderEvent::PaymentPending(event) | OrderEvent::ReturnObserved(event) => public(event),
        OrderEvent::PaymentStartFailed(event) => parted(event),
        OrderEvent::PaymentClosed(event) => public(event),
        OrderEvent::PaymentFinished(event) => public(event),
        OrderEvent::PaymentConfirmed(event) => public(event),
        OrderEvent::DuplicateNotifyIgnored(event) => public(event),
        OrderEvent::LatePaymentReceived(event) | OrderEvent::DoublePaymentReceived(event) => {
            public(event)
        }
        OrderEvent::MismatchedPaymentReceived(event) => public(event),
        OrderEvent::ContradictionObserved(event) => public(event),
        OrderEvent::ShipmentHeld(event) => parted(event),
        OrderEvent::ShipmentDispatched(event) => public(event),
        OrderEvent::RefundRequested(event) => parted(event),
        OrderEvent::RefundSubmitted(event) => public(event),
        OrderEvent::RefundHintReceived(event) => public(event),
        OrderEvent::RefundNeedsAction(event) | OrderEvent::RefundFailed(event) => public(event),
        OrderEvent::RefundRetried(event) => public(event),
        OrderEvent::RefundSucceeded(event) => public(event),
        OrderEvent::ExternalRefundObserved(event) => public(event),
        OrderEvent::ExceptionResolved(event) => parted(event),
        OrderEvent::CancelRequested
        | OrderEvent::OrderCancelled
        | OrderEvent::OrderExpired
        | OrderEvent::ShipmentRequested
        | OrderEvent::ShipmentReleased
        | OrderEvent::ShipmentCancelled
        | OrderEvent::ShipmentDelivered => bare(),
    }
}

fn stray(event: &StrayEvent) -> Parts {
    match event {
        StrayEvent::UnmatchedPaymentReceived(event) => public(event),
        StrayEvent::UnmatchedRefundReceived(event) => public(event),
        StrayEvent::StrayTakenUp(event) => public(event),
        StrayEvent::PaymentFinished(event) => public(event),
        StrayEvent::DuplicateNotifyIgnored(event) => public(event),
        StrayEvent::RefundRequested(event) => parted(event),
        StrayEvent::RefundSubmitted(event) => public(event),
        StrayEvent::RefundHintReceived(event) => public(event),
        StrayEvent::RefundNeedsAction(event) | StrayEvent::RefundFailed(event) => public(event),
        StrayEvent::RefundRetried(event) => public(event),
        StrayEvent::RefundSucceeded(event) => public(event),
        StrayEvent::ExternalRefundObserved(event) => public(event),
        StrayEvent::ContradictionObserved(event) => public(event),
        StrayEvent::ExceptionResolved(event) => parted(event),
    }
}

fn account(event: &AccountEvent) -> Parts {
    match event {
        AccountEvent::AccountRecorded(event) => public(event),
        AccountEvent::UnknownMessageReceived(event) => public(event),
        AccountEvent::CorruptOrderMessaged(event) => public(event),
        AccountEvent::ExceptionResolved(event) => parted(event),
    }
}

fn bill(event: &BillEvent) -> Parts {
    match event {
        BillEvent::BillImported(event) => public(event),
        BillEvent::BillDifferenceFound(event) => public(event),
        BillEvent::ExceptionResolved(event) => parted(event),
    }
}

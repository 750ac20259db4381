//! Stored bytes to events.

use std::sync::Arc;

use bytes::Bytes;
use payfold_domain::event::{AccountEvent, BillEvent, Event, OrderEvent, StrayEvent};

use super::SCHEMA;
use super::form::{Form, Mismatch, PartedForm};
use crate::port::Recorded;
use crate::seal::Sealed;
use crate::stream::StreamName;

/// A stored event that this binary cannot read: where it lies, and what is wrong with it.
#[derive(Debug, thiserror::Error)]
#[error("reading version {version} of {stream}, {kind} of schema {schema}: {problem}")]
pub struct DecodeError {
    /// Its stream.
    pub stream: StreamName,
    /// Its place in its stream.
    pub version: u64,
    /// Its name.
    pub kind: Arc<str>,
    /// The version of its form.
    pub schema: u16,
    /// What is wrong.
    pub problem: DecodeProblem,
}

/// What is wrong with a stored event.
#[derive(Debug, thiserror::Error)]
pub enum DecodeProblem {
    /// A newer binary's event, or not one of that stream's.
    #[error("such a stream has no such event; a newer payfold may have written it")]
    UnknownKind,
    /// A newer binary's form.
    #[error("this payfold reads up to schema {SCHEMA}")]
    UnknownSchema,
    /// The data is no JSON of that form.
    #[error("its data: {0}")]
    Data(#[source] serde_json::Error),
    /// The private part is no JSON of that form.
    #[error("its private part: {0}")]
    Private(#[source] serde_json::Error),
    /// Fields that do not belong together.
    #[error(transparent)]
    Contents(#[from] Mismatch),
}

/// The event of stored bytes. Private fields are `None` where the private part was dropped, or not
/// asked for.
pub fn decode(recorded: &Recorded) -> Result<Event, DecodeError> {
    let parts = Parts::of(recorded);
    let event = parts.and_then(|parts| match &recorded.stream {
        StreamName::Order(_) => order(&recorded.kind, parts).map(Event::Order),
        StreamName::Stray(_) => stray(&recorded.kind, parts).map(Event::Stray),
        StreamName::Account(_) => account(&recorded.kind, parts).map(Event::Account),
        StreamName::Bill { .. } => bill(&recorded.kind, parts).map(Event::Bill),
        StreamName::Seal => Err(DecodeProblem::UnknownKind),
    });
    event.map_err(|problem| place(recorded, problem))
}

/// The seal of stored bytes.
pub(crate) fn decode_seal(recorded: &Recorded) -> Result<Sealed, DecodeError> {
    let sealed = match (&recorded.stream, &*recorded.kind) {
        (StreamName::Seal, Sealed::KIND) => Parts::of(recorded).and_then(Parts::public),
        _ => Err(DecodeProblem::UnknownKind),
    };
    sealed.map_err(|problem| place(recorded, problem))
}

fn place(recorded: &Recorded, problem: DecodeProblem) -> DecodeError {
    DecodeError {
        stream: recorded.stream.clone(),
        version: recorded.version,
        kind: Arc::clone(&recorded.kind),
        schema: recorded.schema,
        problem,
    }
}

/// The bytes of an event whose schema is known.
#[derive(Clone, Copy)]
struct Parts<'a> {
    data: &'a Bytes,
    private: Option<&'a Bytes>,
}

impl<'a> Parts<'a> {
    fn of(recorded: &'a Recorded) -> Result<Self, DecodeProblem> {
        if recorded.schema != SCHEMA {
            return Err(DecodeProblem::UnknownSchema);
        }
        let kept = recorded.private.as_ref();
        Ok(Self {
            data: &recorded.data,
            private: kept
                .and_then(|kept| kept.opening.as_ref())
                .map(|(_, bytes)| bytes),
        })
    }

    fn public<T: Form>(self) -> Result<T, DecodeProblem> {
        let data = serde_json::from_slice(self.data).map_err(DecodeProblem::Data)?;
        Ok(T::event(data)?)
    }

    fn parted<T: PartedForm>(self) -> Result<T, DecodeProblem> {
        let data = serde_json::from_slice(self.data).map_err(DecodeProblem::Data)?;
        let private = match self.private {
            Some(bytes) => serde_json::from_slice(bytes).map_err(DecodeProblem::Private)?,
            None => T::Private::default(),
        };
        Ok(T::join(data, private)?)
    }
}

fn order(kind: &str, parts: Parts<'_>) -> Result<OrderEvent, DecodeProblem> {
    Ok(match kind {
        "OrderPlaced" => OrderEvent::OrderPlaced(parts.parted()?),
        "CancelRequested" => OrderEvent::CancelRequested,
        "OrderCancelled" => OrderEvent::OrderCancelled,
        "OrderExpired" => OrderEvent::OrderExpired,
        "PaymentStarted" => OrderEvent::PaymentStarted(parts.parted()?),
        "PaymentOffered" => OrderEvent::PaymentOffered(parts.public()?),
        "PaymentPending" => OrderEvent::PaymentPending(parts.public()?),
        "PaymentStartFailed" => OrderEvent::PaymentStartFailed(parts.parted()?),
        "PaymentClosed" => OrderEvent::PaymentClosed(parts.public()?),
        "PaymentFinished" => OrderEvent::PaymentFinished(parts.public()?),
        "ReturnObserved" => OrderEvent::ReturnObserved(parts.public()?),
        "PaymentConfirmed" => OrderEvent::PaymentConfirmed(parts.public()?),
        "DuplicateNotifyIgnored" => OrderEvent::DuplicateNotifyIgnored(parts.public()?),
        "LatePaymentReceived" => OrderEvent::LatePaymentReceived(parts.public()?),
        "DoublePaymentReceived" => OrderEvent::DoublePaymentReceived(parts.public()?),
        "MismatchedPaymentReceived" => OrderEvent::MismatchedPaymentReceived(parts.public()?),
        "ContradictionObserved" => OrderEvent::ContradictionObserved(parts.public()?),
        "ShipmentRequested" => OrderEvent::ShipmentRequested,
        "ShipmentHeld" => OrderEvent::ShipmentHeld(parts.parted()?),
        "ShipmentReleased" => OrderEvent::ShipmentReleased,
        "ShipmentCancelled" => OrderEvent::ShipmentCancelled,
        "ShipmentDispatched" => OrderEvent::ShipmentDispatched(parts.public()?),
        "ShipmentDelivered" => OrderEvent::ShipmentDelivered,
        "RefundRequested" => OrderEvent::RefundRequested(parts.parted()?),
        "RefundSubmitted" => OrderEvent::RefundSubmitted(parts.public()?),
        "RefundHintReceived" => OrderEvent::RefundHintReceived(parts.public()?),
        "RefundNeedsAction" => OrderEvent::RefundNeedsAction(parts.public()?),
        "RefundRetried" => OrderEvent::RefundRetried(parts.public()?),
        "RefundSucceeded" => OrderEvent::RefundSucceeded(parts.public()?),
        "RefundFailed" => OrderEvent::RefundFailed(parts.public()?),
        "ExternalRefundObserved" => OrderEvent::ExternalRefundObserved(parts.public()?),
        "ExceptionResolved" => OrderEvent::ExceptionResolved(parts.parted()?),
        _ => return Err(DecodeProblem::UnknownKind),
    })
}

fn stray(kind: &str, parts: Parts<'_>) -> Result<StrayEvent, DecodeProblem> {
    Ok(match kind {
        "UnmatchedPaymentReceived" => StrayEvent::UnmatchedPaymentReceived(parts.public()?),
        "UnmatchedRefundReceived" => StrayEvent::UnmatchedRefundReceived(parts.public()?),
        "StrayTakenUp" => StrayEvent::StrayTakenUp(parts.public()?),
        "PaymentFinished" => StrayEvent::PaymentFinished(parts.public()?),
        "DuplicateNotifyIgnored" => StrayEvent::DuplicateNotifyIgnored(parts.public()?),
        "RefundRequested" => StrayEvent::RefundRequested(parts.parted()?),
        "RefundSubmitted" => StrayEvent::RefundSubmitted(parts.public()?),
        "RefundHintReceived" => StrayEvent::RefundHintReceived(parts.public()?),
        "RefundNeedsAction" => StrayEvent::RefundNeedsAction(parts.public()?),
        "RefundRetried" => StrayEvent::RefundRetried(parts.public()?),
        "RefundSucceeded" => StrayEvent::RefundSucceeded(parts.public()?),
        "RefundFailed" => StrayEvent::RefundFailed(parts.public()?),
        "ExternalRefundObserved" => StrayEvent::ExternalRefundObserved(parts.public()?),
        "ContradictionObserved" => StrayEvent::ContradictionObserved(parts.public()?),
        "ExceptionResolved" => StrayEvent::ExceptionResolved(parts.parted()?),
        _ => return Err(DecodeProblem::UnknownKind),
    })
}

fn account(kind: &str, parts: Parts<'_>) -> Result<AccountEvent, DecodeProblem> {
    Ok(match kind {
        "AccountRecorded" => AccountEvent::AccountRecorded(parts.public()?),
        "UnknownMessageReceived" => AccountEvent::UnknownMessageReceived(parts.public()?),
        "CorruptOrderMessaged" => AccountEvent::CorruptOrderMessaged(parts.public()?),
        "ExceptionResolved" => AccountEvent::ExceptionResolved(parts.parted()?),
        _ => return Err(DecodeProblem::UnknownKind),
    })
}

fn bill(kind: &str, parts: Parts<'_>) -> Result<BillEvent, DecodeProblem> {
    Ok(match kind {
        "BillImported" => BillEvent::BillImported(parts.public()?),
        "BillDifferenceFound" => BillEvent::BillDifferenceFound(parts.public()?),
        "ExceptionResolved" => BillEvent::ExceptionResolved(parts.parted()?),
        _ => return Err(DecodeProblem::UnknownKind),
    })
}

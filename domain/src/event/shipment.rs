//! The events of a shipment.

use crate::exception::ExceptionId;

/// A reason for which a shipment must not leave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Hold {
    /// A person said so.
    Person,
    /// Refunds asked for reach what was paid.
    Refunds,
    /// An exception is not resolved yet.
    Exception(ExceptionId),
}

/// See [`OrderEvent::ShipmentHeld`](super::OrderEvent::ShipmentHeld).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShipmentHeld {
    /// Every reason that stands now, in the order in which they arose.
    pub holds: Vec<Hold>,
    /// *Private.* What the person said, where this hold is a person's.
    pub reason: Option<String>,
}

/// Whether more parcels of the same shipment follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParcelPlace {
    /// This is the last one.
    Last,
    /// More follow.
    MoreFollow,
}

/// See [`OrderEvent::ShipmentDispatched`](super::OrderEvent::ShipmentDispatched).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShipmentDispatched {
    /// The parcel's name within the shipment, `1` unless told.
    pub parcel: String,
    /// Who carries it.
    pub carrier: String,
    /// The carrier's number.
    pub tracking_no: String,
    /// Whether more follow.
    pub place: ParcelPlace,
}

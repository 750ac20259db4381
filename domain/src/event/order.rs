//! The events of an order as a whole, and what every stream shares with it.

use crate::exception::{ExceptionId, ExceptionKind, ResolutionAction, Resolver};
use crate::{Money, OrderNo, PaymentRef, Timestamp};

/// Whether an order's goods leave the house.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fulfilment {
    /// Something is shipped once the order is paid.
    Ship,
    /// Nothing is shipped.
    None,
}

/// See [`OrderEvent::OrderPlaced`](super::OrderEvent::OrderPlaced).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderPlaced {
    /// The order's name.
    pub order_no: OrderNo,
    /// Its full price.
    pub amount: Money,
    /// Whether it ships.
    pub fulfilment: Fulfilment,
    /// When it can no longer be paid.
    pub expires_at: Timestamp,
    /// *Private.* What the buyer reads at the gateway.
    pub subject: Option<String>,
    /// *Private.* The shop's own JSON object, as text.
    pub metadata: Option<String>,
}

/// See [`OrderEvent::ExceptionResolved`](super::OrderEvent::ExceptionResolved).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExceptionResolved {
    /// The exception.
    pub exception: ExceptionId,
    /// Its kind.
    pub kind: ExceptionKind,
    /// What was decided.
    pub action: ResolutionAction,
    /// By whom.
    pub by: Resolver,
    /// The order that takes unmatched money, where that was the decision.
    pub order_no: Option<OrderNo>,
    /// *Private.* A person's note.
    pub note: Option<String>,
}

/// See [`StrayEvent::StrayTakenUp`](super::StrayEvent::StrayTakenUp).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StrayTakenUp {
    /// The number.
    pub payment: PaymentRef,
    /// The order that has it now.
    pub order_no: OrderNo,
}

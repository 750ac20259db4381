//! The events of a refund.

use crate::exception::ExceptionId;
use crate::{Method, Money, PaymentRef, RefundFact, RefundNo, Timestamp, TransactionId};

/// Who wishes a refund.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RefundOrigin {
    /// The shop.
    Caller,
    /// The decision of an exception, at its n-th try (from 1).
    Exception {
        /// The exception.
        id: ExceptionId,
        /// The try.
        attempt: u32,
    },
}

/// See [`OrderEvent::RefundRequested`](super::OrderEvent::RefundRequested).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefundRequested {
    /// The payment it is given back out of.
    pub payment: PaymentRef,
    /// How that was made.
    pub method: Method,
    /// The money it is given back out of.
    pub transaction_id: TransactionId,
    /// Its number.
    pub refund_no: RefundNo,
    /// How much.
    pub amount: Money,
    /// Who wishes it.
    pub origin: RefundOrigin,
    /// *Private.* Why, in the caller's words.
    pub reason: Option<String>,
}

/// A refund, by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefundNamed {
    /// The payment.
    pub payment: PaymentRef,
    /// How that was made.
    pub method: Method,
    /// The refund.
    pub refund_no: RefundNo,
}

/// See [`OrderEvent::RefundHintReceived`](super::OrderEvent::RefundHintReceived).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefundHintReceived {
    /// The payment.
    pub payment: PaymentRef,
    /// How that was made.
    pub method: Method,
    /// What is claimed; proven by nothing.
    pub claimed: RefundFact,
}

/// A refund that did not reach the buyer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefundTroubled {
    /// The payment.
    pub payment: PaymentRef,
    /// How that was made.
    pub method: Method,
    /// The refund.
    pub refund_no: RefundNo,
    /// The exception that it opens.
    pub exception: ExceptionId,
}

/// See [`OrderEvent::RefundRetried`](super::OrderEvent::RefundRetried).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefundRetried {
    /// The payment.
    pub payment: PaymentRef,
    /// How that was made.
    pub method: Method,
    /// The refund.
    pub refund_no: RefundNo,
    /// Which try this is, counted from 1; the first retry is 2.
    pub attempt: u32,
}

/// See [`OrderEvent::RefundSucceeded`](super::OrderEvent::RefundSucceeded).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefundSucceeded {
    /// The payment.
    pub payment: PaymentRef,
    /// How that was made.
    pub method: Method,
    /// The refund.
    pub refund_no: RefundNo,
    /// How much was given back.
    pub amount: Money,
    /// The gateway's own time of it; the time of observation where it states none.
    pub succeeded_at: Timestamp,
}

/// See [`OrderEvent::ExternalRefundObserved`](super::OrderEvent::ExternalRefundObserved).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExternalRefundObserved {
    /// The payment.
    pub payment: PaymentRef,
    /// How that was made.
    pub method: Method,
    /// The money it was given back out of.
    pub transaction_id: TransactionId,
    /// The refund's number, where stated.
    pub refund_no: Option<RefundNo>,
    /// How much more was given back than was known; `None` where that is nothing, or the gateway does not
    /// say.
    pub amount: Option<Money>,
    /// How much this refund gave back by itself, where the gateway states it. A running total does not:
    /// what it holds above what was known may be several refunds'.
    pub size: Option<Money>,
    /// Whose the number is.
    pub number: NumberOwner,
    /// The gateway's own time of it; the time of observation where it states none.
    pub refunded_at: Timestamp,
    /// The exception that it opens.
    pub exception: ExceptionId,
}

/// Whose the number of a refund is that nobody here asked for. Alipay's are unique within one trade only
/// (`alipay.trade.refund`: `out_request_no`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NumberOwner {
    /// This payment's, in the whole account.
    Payment,
    /// Another payment of the account had a refund of that number before, and keeps the claim.
    Another,
}

impl NumberOwner {
    /// Whose `refund_no` is, where the numbers `taken` belong to others.
    pub(crate) fn of(refund_no: Option<&RefundNo>, taken: &[RefundNo]) -> Self {
        match refund_no {
            Some(refund_no) if taken.contains(refund_no) => Self::Another,
            Some(_) | None => Self::Payment,
        }
    }
}

/// See [`StrayEvent::UnmatchedRefundReceived`](super::StrayEvent::UnmatchedRefundReceived).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnmatchedRefundReceived {
    /// The number it was stated for.
    pub payment: PaymentRef,
    /// What is stated.
    pub refund: RefundFact,
    /// Whose the refund's number is.
    pub number: NumberOwner,
    /// The exception that it opens.
    pub exception: ExceptionId,
}

//! The events of a payment and of the money that comes by it.

use crate::exception::ExceptionId;
use crate::{
    AppId, Method, Money, PaymentRef, Receipt, RefundNo, Source, Timestamp, TransactionId,
};

/// See [`OrderEvent::PaymentStarted`](super::OrderEvent::PaymentStarted).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaymentStarted {
    /// The payment.
    pub payment: PaymentRef,
    /// How it is made.
    pub method: Method,
    /// What is asked: only money of this amount and currency is "as asked".
    pub asked: Money,
    /// The application it is started through; `None` where any that the account lists will do.
    pub app_id: Option<AppId>,
    /// When the gateway stops taking it, where payfold told the gateway so.
    pub expires_at: Option<Timestamp>,
    /// *Private.* Where the buyer is sent back to.
    pub return_url: Option<String>,
    /// *Private.* The buyer's id in the application.
    pub openid: Option<String>,
    /// *Private.* The buyer's address.
    pub client_ip: Option<String>,
}

/// How the buyer gets to pay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Offer {
    /// A request signed here, made afresh for each caller.
    Signed,
    /// A code whose content the buyer scans.
    Code(String),
    /// A `prepay_id` that front-end parameters are signed for.
    Prepay(String),
    /// A link that the buyer opens.
    Link(String),
    /// The shop offered it with its own code.
    Elsewhere,
}

/// See [`OrderEvent::PaymentOffered`](super::OrderEvent::PaymentOffered).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaymentOffered {
    /// The payment.
    pub payment: PaymentRef,
    /// How it is made.
    pub method: Method,
    /// How the buyer gets to pay.
    pub offer: Offer,
    /// Until when the offer works, where the gateway bounds it.
    pub valid_until: Option<Timestamp>,
}

/// A payment, by name, and how it is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaymentNamed {
    /// The payment.
    pub payment: PaymentRef,
    /// How it is made.
    pub method: Method,
}

/// See [`OrderEvent::PaymentStartFailed`](super::OrderEvent::PaymentStartFailed).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaymentStartFailed {
    /// The payment.
    pub payment: PaymentRef,
    /// How it is made.
    pub method: Method,
    /// The gateway's error code.
    pub gateway_code: String,
    /// The gateway's words. Private, for a gateway may quote the request, and the buyer in it.
    pub gateway_message: Option<String>,
}

/// See [`OrderEvent::PaymentClosed`](super::OrderEvent::PaymentClosed).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaymentClosed {
    /// The payment.
    pub payment: PaymentRef,
    /// How it is made.
    pub method: Method,
    /// By which way it became known.
    pub source: Source,
}

/// See [`OrderEvent::PaymentFinished`](super::OrderEvent::PaymentFinished).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaymentFinished {
    /// The payment.
    pub payment: PaymentRef,
    /// How it is made.
    pub method: Method,
    /// The money that can no longer be refunded, where known.
    pub transaction_id: Option<TransactionId>,
}

/// Money that came by a payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MoneyReceived {
    /// The payment.
    pub payment: PaymentRef,
    /// How it was made; [`Method::Unknown`] for a number that no order has claimed.
    pub method: Method,
    /// What the gateway states of the money.
    pub receipt: Receipt,
    /// By which way it became known.
    pub source: Source,
}

/// Why money counts as the order's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Basis {
    /// It is what was asked, in time.
    AsAsked,
    /// It was not as expected, and this exception's decision took it.
    Accepted(ExceptionId),
}

/// See [`OrderEvent::PaymentConfirmed`](super::OrderEvent::PaymentConfirmed).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaymentConfirmed {
    /// The money that pays the order.
    pub money: MoneyReceived,
    /// Why it counts.
    pub basis: Basis,
}

/// Why a notify said nothing new.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Staleness {
    /// It says what is already known.
    Repeat,
    /// It says what was true before what is known.
    OlderNews,
}

/// See [`OrderEvent::DuplicateNotifyIgnored`](super::OrderEvent::DuplicateNotifyIgnored).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DuplicateNotifyIgnored {
    /// The payment.
    pub payment: PaymentRef,
    /// How it is made.
    pub method: Method,
    /// The transaction that the notify spoke of, where it named one.
    pub transaction_id: Option<TransactionId>,
    /// Why it said nothing new.
    pub staleness: Staleness,
}

/// Money that was received beside the order and waits for a decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnexpectedMoney {
    /// The money.
    pub money: MoneyReceived,
    /// The exception that it opens.
    pub exception: ExceptionId,
}

/// See [`OrderEvent::MismatchedPaymentReceived`](super::OrderEvent::MismatchedPaymentReceived).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MismatchedMoney {
    /// The money.
    pub money: MoneyReceived,
    /// What was asked.
    pub expected: Money,
    /// Through which application, where one was named.
    pub expected_app_id: Option<AppId>,
    /// The exception that it opens.
    pub exception: ExceptionId,
}

/// In what the gateway's statements do not fit together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Contradiction {
    /// A known transaction, now with another amount.
    OtherAmount {
        /// As known.
        known: Money,
        /// As stated now.
        stated: Money,
    },
    /// A transaction that is another payment's.
    ForeignTransaction,
    /// Finally unpaid, though money came.
    UnpaidAfterPaid,
    /// A refund that was asked for here, of another amount.
    OtherRefundAmount {
        /// The refund.
        refund_no: RefundNo,
        /// As asked for.
        asked: Money,
        /// As stated.
        stated: Money,
    },
    /// More was given back than came in.
    RefundedTooMuch {
        /// What came in.
        received: Money,
        /// What is stated to be given back.
        stated: Money,
    },
}

/// See [`OrderEvent::ContradictionObserved`](super::OrderEvent::ContradictionObserved).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContradictionObserved {
    /// The payment.
    pub payment: PaymentRef,
    /// How it is made.
    pub method: Method,
    /// The transaction spoken of, where one was named.
    pub transaction_id: Option<TransactionId>,
    /// In what the statements do not fit.
    pub contradiction: Contradiction,
    /// The exception that it opens.
    pub exception: ExceptionId,
}

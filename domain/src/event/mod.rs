//! The events, by their names on the wire. An event tells what happened in the business; when it
//! happened is kept beside it by the store and handed to `evolve`.
//!
//! Fields marked *private* hold what may be personal data: the store keeps them in the event's
//! private part, which may be dropped later; they are then `None`.

mod account;
mod bill;
mod name;
mod order;
mod payment;
mod refund;
mod shipment;

pub use account::{AccountIdentity, CorruptOrderMessaged, UnknownMessageReceived};
pub use bill::{BillDifference, BillDifferenceFound, BillImported, NeighbourRow};
pub use order::{ExceptionResolved, Fulfilment, OrderPlaced, StrayTakenUp};
pub use payment::{
    Basis, Contradiction, ContradictionObserved, DuplicateNotifyIgnored, MismatchedMoney,
    MoneyReceived, Offer, PaymentClosed, PaymentConfirmed, PaymentFinished, PaymentNamed,
    PaymentOffered, PaymentStartFailed, PaymentStarted, Staleness, UnexpectedMoney,
};
pub use refund::{
    ExternalRefundObserved, NumberOwner, RefundHintReceived, RefundNamed, RefundOrigin,
    RefundRequested, RefundRetried, RefundSucceeded, RefundTroubled, UnmatchedRefundReceived,
};
pub use shipment::{Hold, ParcelPlace, ShipmentDispatched, ShipmentHeld};

/// What happened to an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OrderEvent {
    /// The shop placed the order.
    OrderPlaced(OrderPlaced),
    /// The shop wishes the order cancelled; its open payments are being closed.
    CancelRequested,
    /// The order was cancelled.
    OrderCancelled,
    /// The order's time ran out.
    OrderExpired,
    /// A payment is about to be started: the intent, before the gateway is called.
    PaymentStarted(PaymentStarted),
    /// The buyer can pay.
    PaymentOffered(PaymentOffered),
    /// The gateway knows the payment and nothing was paid yet.
    PaymentPending(PaymentNamed),
    /// The gateway refused to start the payment.
    PaymentStartFailed(PaymentStartFailed),
    /// The payment ended without money.
    PaymentClosed(PaymentClosed),
    /// What was paid can no longer be refunded.
    PaymentFinished(PaymentFinished),
    /// The buyer's browser came back.
    ReturnObserved(PaymentNamed),
    /// The order is paid, by this money.
    PaymentConfirmed(PaymentConfirmed),
    /// A notify said what was already known, or older news.
    DuplicateNotifyIgnored(DuplicateNotifyIgnored),
    /// Money came after the order was cancelled or had expired.
    LatePaymentReceived(UnexpectedMoney),
    /// Money came for an order that other money had paid.
    DoublePaymentReceived(UnexpectedMoney),
    /// Money came that is not what was asked.
    MismatchedPaymentReceived(MismatchedMoney),
    /// The gateway's statements do not fit together.
    ContradictionObserved(ContradictionObserved),
    /// The order is to be shipped.
    ShipmentRequested,
    /// The shipment must not leave now, for these reasons (all that stand).
    ShipmentHeld(ShipmentHeld),
    /// No reason to hold the shipment stands any more.
    ShipmentReleased,
    /// The shipment will not leave.
    ShipmentCancelled,
    /// A parcel left, or a parcel's data was corrected.
    ShipmentDispatched(ShipmentDispatched),
    /// The shipment arrived.
    ShipmentDelivered,
    /// Money is to be given back: the intent, before the gateway is called.
    RefundRequested(RefundRequested),
    /// The gateway took the refund up.
    RefundSubmitted(RefundNamed),
    /// An unsigned notify claims something of a refund.
    RefundHintReceived(RefundHintReceived),
    /// The refund is stuck; a person must act.
    RefundNeedsAction(RefundTroubled),
    /// A refund that was stuck or refused is asked for again, under the same number.
    RefundRetried(RefundRetried),
    /// The refund is with the buyer.
    RefundSucceeded(RefundSucceeded),
    /// The refund was refused or closed; nothing is given back.
    RefundFailed(RefundTroubled),
    /// Money was given back that nobody here asked for.
    ExternalRefundObserved(ExternalRefundObserved),
    /// An exception was decided.
    ExceptionResolved(ExceptionResolved),
}

/// What happened to money without an order: the stream of one number at one account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StrayEvent {
    /// Money came for a number that no order has claimed.
    UnmatchedPaymentReceived(UnexpectedMoney),
    /// A refund came for a number that no order has claimed.
    UnmatchedRefundReceived(UnmatchedRefundReceived),
    /// An order claimed the number; whatever comes from now on is that order's.
    StrayTakenUp(StrayTakenUp),
    /// As of an order.
    PaymentFinished(PaymentFinished),
    /// As of an order.
    DuplicateNotifyIgnored(DuplicateNotifyIgnored),
    /// As of an order.
    RefundRequested(RefundRequested),
    /// As of an order.
    RefundSubmitted(RefundNamed),
    /// As of an order.
    RefundHintReceived(RefundHintReceived),
    /// As of an order.
    RefundNeedsAction(RefundTroubled),
    /// As of an order.
    RefundRetried(RefundRetried),
    /// As of an order.
    RefundSucceeded(RefundSucceeded),
    /// As of an order.
    RefundFailed(RefundTroubled),
    /// As of an order.
    ExternalRefundObserved(ExternalRefundObserved),
    /// As of an order.
    ContradictionObserved(ContradictionObserved),
    /// As of an order.
    ExceptionResolved(ExceptionResolved),
}

/// What happened to an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AccountEvent {
    /// The account's identity at its gateway, at the first start that knew it.
    AccountRecorded(AccountIdentity),
    /// An authentic message of a kind or with a state that this binary does not know.
    UnknownMessageReceived(UnknownMessageReceived),
    /// An authentic message for an order whose events cannot be read, or for a number whose own cannot.
    CorruptOrderMessaged(CorruptOrderMessaged),
    /// An exception was decided.
    ExceptionResolved(ExceptionResolved),
}

/// What happened to a gateway's bill of one day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BillEvent {
    /// The bill was read whole and matched against the events.
    BillImported(BillImported),
    /// A row of the bill and the events say different things.
    BillDifferenceFound(BillDifferenceFound),
    /// An exception was decided.
    ExceptionResolved(ExceptionResolved),
}

/// Any event of any public stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// Of the stream `order/NO`.
    Order(OrderEvent),
    /// Of the stream `stray/ACCOUNT/NUMBER`.
    Stray(StrayEvent),
    /// Of the stream `account/NAME`.
    Account(AccountEvent),
    /// Of the stream `bill/ACCOUNT/DATE`.
    Bill(BillEvent),
}

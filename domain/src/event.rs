//! The events, by their names on the wire. An event tells what happened in the business; when it
//! happened is kept beside it by the store and handed to `evolve`.
//!
//! Fields marked *private* hold what may be personal data: the store keeps them in the event's
//! private part, which may be dropped later; they are then `None`.

use crate::exception::{ExceptionId, ExceptionKind, ResolutionAction, Resolver};
use crate::{
    AccountName, AppId, Currency, Gateway, Method, Money, OrderNo, OutTradeNo, PaymentRef, Receipt,
    RefundFact, RefundNo, Source, Timestamp, TransactionId,
};

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
    /// An authentic message for an order whose events cannot be read.
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

/// Whether an order's goods leave the house.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fulfilment {
    /// Something is shipped once the order is paid.
    Ship,
    /// Nothing is shipped.
    None,
}

/// See [`OrderEvent::OrderPlaced`].
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

/// See [`OrderEvent::PaymentStarted`].
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

/// See [`OrderEvent::PaymentOffered`].
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

/// See [`OrderEvent::PaymentStartFailed`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaymentStartFailed {
    /// The payment.
    pub payment: PaymentRef,
    /// How it is made.
    pub method: Method,
    /// The gateway's error code.
    pub gateway_code: String,
    /// The gateway's words.
    pub gateway_message: String,
}

/// See [`OrderEvent::PaymentClosed`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaymentClosed {
    /// The payment.
    pub payment: PaymentRef,
    /// How it is made.
    pub method: Method,
    /// By which way it became known.
    pub source: Source,
}

/// See [`OrderEvent::PaymentFinished`].
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

/// See [`OrderEvent::PaymentConfirmed`].
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

/// See [`OrderEvent::DuplicateNotifyIgnored`].
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

/// See [`OrderEvent::MismatchedPaymentReceived`].
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

/// See [`OrderEvent::ContradictionObserved`].
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

/// See [`OrderEvent::ShipmentHeld`].
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

/// See [`OrderEvent::ShipmentDispatched`].
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

/// See [`OrderEvent::RefundRequested`].
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

/// See [`OrderEvent::RefundHintReceived`].
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

/// See [`OrderEvent::RefundRetried`].
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

/// See [`OrderEvent::RefundSucceeded`].
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

/// See [`OrderEvent::ExternalRefundObserved`].
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
    /// How much more was given back than was known; `None` where the gateway does not say.
    pub amount: Option<Money>,
    /// The gateway's own time of it; the time of observation where it states none.
    pub refunded_at: Timestamp,
    /// The exception that it opens.
    pub exception: ExceptionId,
}

/// See [`OrderEvent::ExceptionResolved`].
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

/// See [`StrayEvent::UnmatchedRefundReceived`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnmatchedRefundReceived {
    /// The number it was stated for.
    pub payment: PaymentRef,
    /// What is stated.
    pub refund: RefundFact,
    /// The exception that it opens.
    pub exception: ExceptionId,
}

/// See [`StrayEvent::StrayTakenUp`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StrayTakenUp {
    /// The number.
    pub payment: PaymentRef,
    /// The order that has it now.
    pub order_no: OrderNo,
}

/// See [`AccountEvent::AccountRecorded`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountIdentity {
    /// The account's name here.
    pub account: AccountName,
    /// Its gateway.
    pub gateway: Gateway,
    /// The merchant there: Alipay's `seller_id`, WeChat Pay's `mch_id`.
    pub merchant_id: String,
    /// Alipay's `app_id`; `None` for WeChat Pay, whose identity is the `mch_id` alone.
    pub app_id: Option<AppId>,
}

/// See [`AccountEvent::UnknownMessageReceived`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownMessageReceived {
    /// The account.
    pub account: AccountName,
    /// The gateway's name for the kind or state.
    pub kind: String,
}

/// See [`AccountEvent::CorruptOrderMessaged`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CorruptOrderMessaged {
    /// The payment spoken of.
    pub payment: PaymentRef,
    /// The order whose events cannot be read.
    pub order_no: OrderNo,
    /// Money that the message states, where it does.
    pub receipt: Option<Receipt>,
    /// The exception that it opens.
    pub exception: ExceptionId,
}

/// See [`BillEvent::BillImported`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BillImported {
    /// The account.
    pub account: AccountName,
    /// The bill's day, `YYYY-MM-DD` in Asia/Shanghai.
    pub date: String,
    /// SHA-256 of the bill as read, so that a second import is known.
    pub digest: [u8; 32],
    /// Payment rows and their sum.
    pub payments: u64,
    /// Sum of the payment rows, in the minor unit.
    pub paid_minor: i64,
    /// Refund rows.
    pub refunds: u64,
    /// Sum of the refund rows, in the minor unit.
    pub refunded_minor: i64,
    /// The gateway's fees, in the minor unit.
    pub fee_minor: i64,
    /// Rows of the merchant's other applications.
    pub foreign: u64,
    /// The currency of the sums.
    pub currency: Currency,
}

/// See [`BillEvent::BillDifferenceFound`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BillDifferenceFound {
    /// The payment that the row, or the missing row, is about.
    pub payment: PaymentRef,
    /// The transaction, where known.
    pub transaction_id: Option<TransactionId>,
    /// In what the two differ.
    pub difference: BillDifference,
    /// As the events have it.
    pub here: Option<Money>,
    /// As the bill has it.
    pub there: Option<Money>,
    /// The exception that it opens.
    pub exception: ExceptionId,
}

/// In what a bill and the events differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BillDifference {
    /// The bill has it, the events do not.
    MissingHere,
    /// The events have it, the bill does not.
    MissingThere,
    /// Both have it, with other amounts.
    OtherAmount,
    /// Both have it, in other states.
    OtherState,
}

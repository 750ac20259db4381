//! What may be asked of an order or a stray, and what is answered where it may not be.

use crate::event::{Fulfilment, Offer, ParcelPlace};
use crate::exception::{ExceptionId, ResolutionAction, Resolver};
use crate::order::Pending;
use crate::policy::{Capability, Policy};
use crate::{
    AppId, Method, Money, Observation, OrderNo, PaymentRef, RefundHint, RefundNo, Timestamp,
    TransactionId,
};

/// What may be asked of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// The shop places the order.
    Place(PlaceOrder),
    /// The shop starts a payment.
    StartPayment(StartPayment),
    /// The gateway offered the payment to the buyer.
    OfferPayment(OfferPayment),
    /// The gateway refused to start the payment.
    FailPaymentStart(FailPaymentStart),
    /// A gateway's facts arrived.
    Observe(Observe),
    /// The buyer's browser came back with a good signature or token.
    ObserveReturn(ObserveReturn),
    /// An unsigned notify claims something of a refund.
    ObserveRefundHint(ObserveRefundHint),
    /// The order takes up what a stray's stream holds for a number of its own.
    TakeUpStray(TakeUpStray),
    /// The shop wishes the order cancelled.
    Cancel(Conclude),
    /// The order's time may have run out.
    Expire(Conclude),
    /// The shop wishes money given back.
    RequestRefund(RequestRefund),
    /// The gateway took a refund up.
    SubmitRefund(SubmitRefund),
    /// A refund that needs action, or failed, is asked for again.
    RetryRefund(RetryRefund),
    /// A parcel leaves, or its data is corrected.
    DispatchShipment(DispatchShipment),
    /// The shipment arrived.
    DeliverShipment,
    /// A person holds the shipment.
    HoldShipment(HoldShipment),
    /// A person ends a person's hold.
    ReleaseShipment,
    /// A person decides an exception.
    ResolveException(ResolveException),
}

/// See [`Command::Place`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlaceOrder {
    /// The order's name.
    pub order_no: OrderNo,
    /// Its full price.
    pub amount: Money,
    /// What the buyer reads at the gateway.
    pub subject: String,
    /// Whether it ships.
    pub fulfilment: Fulfilment,
    /// When it can no longer be paid.
    pub expires_at: Timestamp,
    /// The shop's own JSON object, as text.
    pub metadata: Option<String>,
}

/// See [`Command::StartPayment`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StartPayment {
    /// The payment.
    pub payment: PaymentRef,
    /// How it is made.
    pub method: Method,
    /// The application it is started through; `None` where any that the account lists will do.
    pub app_id: Option<AppId>,
    /// When the gateway is told to stop taking it; `None` for `external`.
    pub expires_at: Option<Timestamp>,
    /// Where the buyer is sent back to.
    pub return_url: Option<String>,
    /// The buyer's id in the application.
    pub openid: Option<String>,
    /// The buyer's address.
    pub client_ip: Option<String>,
    /// An offer that needs no call of the gateway, stored in the same append.
    pub offer: Option<Offer>,
    /// What the account can do.
    pub capability: Capability,
    /// When it is asked.
    pub now: Timestamp,
}

/// See [`Command::OfferPayment`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OfferPayment {
    /// The payment.
    pub payment: PaymentRef,
    /// How the buyer gets to pay.
    pub offer: Offer,
    /// Until when the offer works, where the gateway bounds it.
    pub valid_until: Option<Timestamp>,
}

/// See [`Command::FailPaymentStart`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailPaymentStart {
    /// The payment.
    pub payment: PaymentRef,
    /// When the try began that was refused: a later one is another call's matter.
    pub started_at: Timestamp,
    /// The gateway's error code.
    pub gateway_code: String,
    /// The gateway's words.
    pub gateway_message: String,
}

/// See [`Command::Observe`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Observe {
    /// What the gateway says.
    pub observation: Observation,
    /// What it names and other streams have claimed.
    pub foreign: Foreign,
    /// What the account can do.
    pub capability: Capability,
    /// The configured policies.
    pub policy: Policy,
    /// When it is observed.
    pub now: Timestamp,
}

/// The names in a message whose claims belong to other streams.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Foreign {
    /// Of transactions.
    pub transactions: Vec<TransactionId>,
    /// Of refunds.
    pub refunds: Vec<RefundNo>,
}

/// See [`Command::ObserveReturn`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObserveReturn {
    /// The payment that the buyer came back from.
    pub payment: PaymentRef,
}

/// See [`Command::ObserveRefundHint`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObserveRefundHint {
    /// What is claimed.
    pub hint: RefundHint,
}

/// Why an order takes a stray up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TakeUpBasis {
    /// The order has claimed the number: the facts are met as they would have been met then.
    Claimed,
    /// A person accepted the money for this order: it pays the order, whatever its amount.
    Accepted {
        /// The stray's exception that was so decided.
        exception: ExceptionId,
    },
}

/// See [`Command::TakeUpStray`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TakeUpStray {
    /// Every fact that the stray's stream holds, as one observation.
    pub observation: Observation,
    /// What it names and streams other than these two have claimed.
    pub foreign: Foreign,
    /// Why.
    pub basis: TakeUpBasis,
    /// What the account can do.
    pub capability: Capability,
    /// The configured policies.
    pub policy: Policy,
    /// When it is taken up.
    pub now: Timestamp,
}

/// See [`Command::Cancel`] and [`Command::Expire`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conclude {
    /// Payments that count as closed although no gateway said so.
    pub excused: Vec<Excused>,
    /// When it is asked.
    pub now: Timestamp,
}

/// A payment that counts as closed: its account only receives, or the gateway does not know it. It does
/// not count any more once it has come further, for its gateway knows it then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Excused {
    /// The payment.
    pub payment: PaymentRef,
    /// Whether it had been offered by then.
    pub was_offered: bool,
    /// Whether the gateway had said by then that it knows the payment.
    pub pending: Pending,
}

/// See [`Command::RequestRefund`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestRefund {
    /// The payment it is given back out of.
    pub payment: PaymentRef,
    /// Its number.
    pub refund_no: RefundNo,
    /// How much, in the minor unit.
    pub minor: i64,
    /// Why, in the caller's words.
    pub reason: Option<String>,
    /// What the account can do.
    pub capability: Capability,
}

/// See [`Command::SubmitRefund`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubmitRefund {
    /// The payment.
    pub payment: PaymentRef,
    /// The refund.
    pub refund_no: RefundNo,
}

/// See [`Command::RetryRefund`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RetryRefund {
    /// The payment.
    pub payment: PaymentRef,
    /// The refund.
    pub refund_no: RefundNo,
    /// What the account can do.
    pub capability: Capability,
    /// Who asks.
    pub by: Resolver,
}

/// See [`Command::DispatchShipment`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DispatchShipment {
    /// The parcel's name within the shipment.
    pub parcel: String,
    /// Who carries it.
    pub carrier: String,
    /// The carrier's number.
    pub tracking_no: String,
    /// Whether more follow.
    pub place: ParcelPlace,
}

/// See [`Command::HoldShipment`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HoldShipment {
    /// What the person says.
    pub reason: Option<String>,
}

/// See [`Command::ResolveException`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResolveException {
    /// The exception.
    pub exception: ExceptionId,
    /// What is decided.
    pub action: ResolutionAction,
    /// For unmatched money that is accepted: the order that takes it.
    pub order_no: Option<OrderNo>,
    /// Who decides.
    pub by: Resolver,
    /// A person's note.
    pub note: Option<String>,
    /// What the account can do.
    pub capability: Capability,
}

/// A field in which a repeated request differs from the first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The request's field, as a JSON pointer.
    pub pointer: &'static str,
    /// As it was first; empty where it was absent.
    pub have: String,
    /// As it is asked now; empty where it is absent.
    pub got: String,
}

/// Why a caller's command may not be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// The order's events cannot be read.
    #[error("the order's events cannot be read")]
    OrderCorrupt,
    /// There is no such order.
    #[error("there is no such order")]
    NoSuchOrder,
    /// The order has no such payment.
    #[error("the order has no such payment")]
    NoSuchPayment,
    /// The payment has no such refund.
    #[error("the payment has no such refund")]
    NoSuchRefund,
    /// The stream has no such exception.
    #[error("there is no such exception")]
    NoSuchException,
    /// It is there already, with other content.
    #[error("it is there already, with other content")]
    Conflict(Vec<Difference>),
    /// The payment has a refund of that number that was made elsewhere.
    #[error("the payment has a refund of that number that was made elsewhere")]
    RefundNoTaken,
    /// The account has no private key, or is retired.
    #[error("the account only receives")]
    AccountReceivesOnly,
    /// The order is paid.
    #[error("the order is paid")]
    OrderPaid,
    /// The order was cancelled.
    #[error("the order was cancelled")]
    OrderCancelled,
    /// The order has expired, or will within a minute.
    #[error("the order has expired")]
    OrderExpired,
    /// Payments of the order are still open at their gateways; the wish is kept.
    #[error("payments of the order are still open at their gateways")]
    PaymentsStillOpen,
    /// The money waits for a decision.
    #[error("the money is held and waits for a decision")]
    Held,
    /// More than is left of what the payment brought.
    #[error("more than the {left_minor} that are left of what the payment brought")]
    RefundTooMuch {
        /// What is left, in the minor unit.
        left_minor: i64,
    },
    /// The gateway takes no refunds of it any more.
    #[error("the gateway takes no refunds of this payment any more")]
    RefundsClosed,
    /// Nothing ships, or not yet.
    #[error("no shipment is asked for")]
    ShipmentNotRequested,
    /// The shipment is held.
    #[error("the shipment is held")]
    ShipmentHeld,
    /// The shipment was cancelled.
    #[error("the shipment was cancelled")]
    ShipmentCancelled,
    /// The shipment has left.
    #[error("the shipment has left")]
    ShipmentDispatched,
    /// The shipment has not left.
    #[error("the shipment has not left")]
    ShipmentNotDispatched,
    /// The exception does not offer that action.
    #[error("the exception does not offer that action")]
    ActionNotOffered {
        /// What it offers.
        offered: Vec<ResolutionAction>,
    },
    /// The decision needs an order's name.
    #[error("accepting unmatched money needs the order that takes it")]
    OrderNoMissing,
    /// The decision names an order, and moves no money to it.
    #[error("only unmatched money that is accepted goes to an order that is named")]
    OrderNoUnwanted,
}

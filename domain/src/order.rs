//! An order's state, folded from its events. Only `evolve` makes it; everybody may read it. What
//! follows from the state (sums, a payment's status) is in `read`.

mod read;

pub(crate) use read::shown;

use crate::event::{Basis, Contradiction, Fulfilment, Hold, Offer, ParcelPlace, RefundOrigin};
use crate::exception::{ExceptionId, ExceptionKind, ResolutionAction, Resolver};
use crate::{
    AppId, Application, Method, Money, OrderNo, PaymentRef, RefundNo, Source, Timestamp,
    TransactionId,
};

/// An order, as its events tell it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Order {
    /// No event yet.
    Unplaced,
    /// Placed, and whatever followed.
    Placed(PlacedOrder),
    /// The events cannot be folded: an event met a state that it cannot belong to.
    Corrupt(Corruption),
}

/// Where a stream stopped making sense.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Corruption {
    /// The order, where its first event could be read.
    pub order_no: Option<OrderNo>,
    /// The state that was met.
    pub state: &'static str,
    /// The event that cannot belong to it.
    pub event: &'static str,
}

/// How an order stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OrderStatus {
    /// It can be paid.
    Open,
    /// It is paid.
    Paid,
    /// It was cancelled.
    Cancelled,
    /// Its time ran out.
    Expired,
}

impl OrderStatus {
    /// The status's name in answers.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Paid => "paid",
            Self::Cancelled => "cancelled",
            Self::Expired => "expired",
        }
    }
}

/// Whether the shop has asked for the order to be cancelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CancelWish {
    /// It has not.
    None,
    /// It has, and payments are still being closed.
    Requested,
}

/// A placed order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlacedOrder {
    /// Its name.
    pub order_no: OrderNo,
    /// Its full price.
    pub amount: Money,
    /// Whether it ships.
    pub fulfilment: Fulfilment,
    /// When it was placed.
    pub created_at: Timestamp,
    /// When it can no longer be paid.
    pub expires_at: Timestamp,
    /// What the buyer reads at the gateway, unless dropped.
    pub subject: Option<String>,
    /// The shop's own JSON object, as text, unless dropped.
    pub metadata: Option<String>,
    /// How it stands.
    pub status: OrderStatus,
    /// Whether its cancelling was asked for.
    pub cancel_wish: CancelWish,
    /// Its payments, in the order in which they were started.
    pub payments: Vec<Payment>,
    /// Its shipment; `None` where nothing ships, or not yet.
    pub shipment: Option<Shipment>,
    /// Its exceptions, in the order in which they arose.
    pub exceptions: Vec<OpenedException>,
}

/// How far a payment's start and end have come, its money apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PaymentStage {
    /// The intent is stored; what the gateway made of it is not known.
    Starting,
    /// The buyer can pay.
    Open {
        /// How the buyer gets to pay.
        offer: Offer,
        /// Until when the offer works, where the gateway bounds it.
        valid_until: Option<Timestamp>,
    },
    /// The gateway refused to start it.
    Failed {
        /// The gateway's error code.
        gateway_code: String,
        /// The gateway's words; `None` where they were dropped.
        gateway_message: Option<String>,
    },
    /// It ended without money and can no longer be paid.
    Closed,
}

/// How a payment shows outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PaymentStatus {
    /// The intent is stored; what the gateway made of it is not known.
    Starting,
    /// The buyer can pay.
    Open,
    /// Its money is the order's.
    Paid,
    /// Its money waits for a decision.
    Held,
    /// Its money went back.
    Returned,
    /// It ended without money.
    Closed,
    /// The gateway refused to start it.
    Failed,
}

impl PaymentStatus {
    /// The status's name in answers.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::Open => "open",
            Self::Paid => "paid",
            Self::Held => "held",
            Self::Returned => "returned",
            Self::Closed => "closed",
            Self::Failed => "failed",
        }
    }
}

/// Whether the gateway still refunds a payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefundWindow {
    /// It does.
    Open,
    /// It does not any more.
    Finished,
}

/// A payment of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payment {
    /// Its name.
    pub payment: PaymentRef,
    /// How it is made.
    pub method: Method,
    /// What was asked.
    pub asked: Money,
    /// Through which application; `None` where any that the account lists will do.
    pub app_id: Option<AppId>,
    /// When it was started.
    pub started_at: Timestamp,
    /// When the gateway stops taking it, where payfold told the gateway so.
    pub expires_at: Option<Timestamp>,
    /// Where the buyer is sent back to, unless dropped.
    pub return_url: Option<String>,
    /// The buyer's id in the application, unless dropped.
    pub openid: Option<String>,
    /// The buyer's address, unless dropped.
    pub client_ip: Option<String>,
    /// How far it has come.
    pub stage: PaymentStage,
    /// Whether the gateway said that it knows the payment and nothing was paid yet.
    pub pending: Pending,
    /// The money that came by it, in the order in which it became known.
    pub transactions: Vec<Transaction>,
    /// Its refunds that were asked for here, in the order in which they were asked for.
    pub refunds: Vec<Refund>,
    /// Whether the gateway still refunds it.
    pub refund_window: RefundWindow,
    /// Messages about it that changed nothing.
    pub unmoved: Unmoved,
}

/// How many messages that changed nothing are in a stream. Of each kind the first
/// [`Unmoved::KEPT`] are kept; past that they are only counted outside.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Unmoved {
    /// Notifies that said nothing new.
    pub duplicates: u32,
    /// Returns of the buyer's browser.
    pub returns: u32,
    /// Unsigned claims about refunds.
    pub hints: u32,
}

impl Unmoved {
    /// How many of each kind a stream keeps.
    pub const KEPT: u32 = 32;
}

/// Whether the gateway has said of a payment that nothing was paid yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pending {
    /// It has not.
    Unheard,
    /// It has.
    Heard,
}

/// What became of money that came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Disposition {
    /// It pays the order.
    Confirmed(Basis),
    /// It was received beside the order, under this exception, and not wholly given back.
    Held(ExceptionId),
    /// It was received beside the order, under this exception, and given back.
    Returned(ExceptionId),
}

/// Money that came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transaction {
    /// The gateway's number of it.
    pub transaction_id: TransactionId,
    /// How much.
    pub amount: Money,
    /// Through which application.
    pub application: Application,
    /// The gateway's own time of it.
    pub paid_at: Timestamp,
    /// By which way it became known.
    pub source: Source,
    /// What became of it.
    pub disposition: Disposition,
    /// What is known to be given back of it, in the minor unit.
    pub refunded_minor: i64,
    /// Of these, what was given back in the gateway's own back office.
    pub external_minor: i64,
    /// Refunds from the back office that are known by their numbers or sizes.
    pub external_refunds: Vec<ExternalRefund>,
    /// When the newest running total was that something of `external_minor` is known by: refunds until
    /// then may be in it.
    pub totalled_at: Option<Timestamp>,
}

/// A refund from the gateway's back office.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExternalRefund {
    /// Its number, where stated.
    pub refund_no: Option<RefundNo>,
    /// What it gave back by itself, in the minor unit; `None` where it is known by a running total alone.
    pub size: Option<i64>,
}

/// How a refund that was asked for here stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RefundStatus {
    /// The wish is stored.
    Requested,
    /// The gateway took it up.
    Submitted,
    /// It is stuck; the amount stays reserved.
    NeedsAction,
    /// It is with the buyer.
    Succeeded,
    /// It was refused or closed.
    Failed,
}

impl RefundStatus {
    /// The status's name in answers.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Requested => "requested",
            Self::Submitted => "submitted",
            Self::NeedsAction => "needs_action",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
        }
    }
}

/// A refund that was asked for here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refund {
    /// Its number.
    pub refund_no: RefundNo,
    /// The money it is given back out of.
    pub transaction_id: TransactionId,
    /// How much.
    pub amount: Money,
    /// Who wished it.
    pub origin: RefundOrigin,
    /// Why, in the caller's words, unless dropped.
    pub reason: Option<String>,
    /// How it stands.
    pub status: RefundStatus,
    /// Which try this is, from 1.
    pub attempt: u32,
    /// When it was asked for.
    pub requested_at: Timestamp,
    /// The gateway's own time of its success.
    pub succeeded_at: Option<Timestamp>,
}

/// How a shipment stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ShipmentStatus {
    /// It may leave.
    Requested,
    /// It must not leave now.
    Held,
    /// It has left, at least in part.
    Dispatched,
    /// It arrived.
    Delivered,
    /// It will not leave.
    Cancelled,
}

impl ShipmentStatus {
    /// The status's name in answers.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Requested => "requested",
            Self::Held => "held",
            Self::Dispatched => "dispatched",
            Self::Delivered => "delivered",
            Self::Cancelled => "cancelled",
        }
    }
}

/// A shipment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shipment {
    /// How it stands.
    pub status: ShipmentStatus,
    /// The reasons that hold it, in the order in which they arose.
    pub holds: Vec<Hold>,
    /// Its parcels, in the order in which they left.
    pub parcels: Vec<Parcel>,
    /// When it was asked for.
    pub requested_at: Timestamp,
}

/// A parcel of a shipment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parcel {
    /// Its name within the shipment.
    pub parcel: String,
    /// Who carries it.
    pub carrier: String,
    /// The carrier's number.
    pub tracking_no: String,
    /// Whether more follow.
    pub place: ParcelPlace,
    /// When it left.
    pub dispatched_at: Timestamp,
}

/// An amount as one side of an exception states it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatedMoney {
    /// How much.
    pub amount: Money,
    /// Through which application, where stated.
    pub app_id: Option<AppId>,
}

/// An exception that a stream has opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenedException {
    /// Its id.
    pub id: ExceptionId,
    /// Its kind.
    pub kind: ExceptionKind,
    /// The payment it is about.
    pub payment: PaymentRef,
    /// The transaction it is about, where known.
    pub transaction_id: Option<TransactionId>,
    /// The refund it is about, where it is about one.
    pub refund_no: Option<RefundNo>,
    /// What was expected, where something was.
    pub expected: Option<StatedMoney>,
    /// What came, where something came.
    pub received: Option<StatedMoney>,
    /// In what the statements do not fit, for a contradiction.
    pub contradiction: Option<Contradiction>,
    /// When it arose.
    pub opened_at: Timestamp,
    /// What was decided, once it was.
    pub resolution: Option<Resolution>,
}

/// What was decided about an exception.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolution {
    /// The decision.
    pub action: ResolutionAction,
    /// By whom.
    pub by: Resolver,
    /// When.
    pub at: Timestamp,
    /// The order that took unmatched money.
    pub order_no: Option<OrderNo>,
    /// A person's note, unless dropped.
    pub note: Option<String>,
}

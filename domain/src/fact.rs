//! What a gateway says, in the domain's words. Adapters translate authentic messages and verified
//! answers into an [`Observation`]; nothing here says what an order makes of it.

use crate::{AppId, Money, PaymentRef, RefundNo, Timestamp, TransactionId};

/// By which way a gateway's fact came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Source {
    /// The gateway called: a signed notify.
    Notify,
    /// The gateway answered: a verified query, close or refund answer.
    Query,
    /// A row of the gateway's bill.
    Bill,
}

/// Everything that one message proves about one payment. One message may prove several facts (an
/// Alipay partial-refund notify proves the payment too); they are decided and stored together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Observation {
    /// The payment spoken of.
    pub payment: PaymentRef,
    /// By which way it came.
    pub source: Source,
    /// The facts, in the order payment, refund, closing.
    pub facts: Vec<Fact>,
}

/// One thing that a gateway says about a payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fact {
    /// Money came.
    Paid(Receipt),
    /// Nothing was paid yet: the buyer has not acted, or a try failed and may be repeated.
    NotPaidYet,
    /// Money that came is given back, or is about to be.
    Refund(RefundFact),
    /// The payment ended without money and can no longer be paid.
    FinallyUnpaid,
    /// What was paid can no longer be refunded (Alipay's `TRADE_FINISHED`).
    NoMoreRefunds,
}

impl Fact {
    /// The transaction that it is about, where it says.
    pub fn transaction_id(&self) -> Option<&TransactionId> {
        match self {
            Self::Paid(receipt) => Some(&receipt.transaction_id),
            Self::Refund(refund) => refund.transaction_id.as_ref(),
            Self::NotPaidYet | Self::FinallyUnpaid | Self::NoMoreRefunds => None,
        }
    }
}

/// Money that came, as the gateway states it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// The gateway's number of it.
    pub transaction_id: TransactionId,
    /// The order amount at the gateway, before coupons (`total_amount`, `amount.total`, `total_fee`).
    pub amount: Money,
    /// The application it was paid through.
    pub application: Application,
    /// The gateway's own time of the payment; the time of observation where it states none.
    pub paid_at: Timestamp,
}

/// The application (`app_id`) that a gateway says a payment was made through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Application {
    /// One that the account lists.
    Listed(AppId),
    /// One of the same merchant that the account does not list.
    Unlisted(AppId),
    /// The message does not say (Alipay's query).
    Unstated,
}

impl Application {
    /// The application's id, where the gateway states one.
    pub fn app_id(&self) -> Option<&AppId> {
        match self {
            Self::Listed(app_id) | Self::Unlisted(app_id) => Some(app_id),
            Self::Unstated => None,
        }
    }
}

/// A refund, as the gateway states it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefundFact {
    /// The transaction it is given back out of, where stated.
    pub transaction_id: Option<TransactionId>,
    /// The merchant's number of the refund.
    pub number: RefundNumber,
    /// How much.
    pub size: RefundSize,
    /// How it stands.
    pub state: RefundState,
}

/// How a gateway names a refund.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RefundNumber {
    /// Not at all.
    Unstated,
    /// By a number that a refund here can have.
    Stated(RefundNo),
    /// By a number of another system of the merchant, outside the grammar of [`RefundNo`].
    Foreign,
}

impl From<Option<RefundNo>> for RefundNumber {
    fn from(stated: Option<RefundNo>) -> Self {
        stated.map_or(Self::Unstated, Self::Stated)
    }
}

impl RefundFact {
    /// The merchant's number of the refund, where one is stated that a refund here can have.
    pub fn refund_no(&self) -> Option<&RefundNo> {
        match &self.number {
            RefundNumber::Stated(refund_no) => Some(refund_no),
            RefundNumber::Unstated | RefundNumber::Foreign => None,
        }
    }

    /// The refund, of that money where it names none itself.
    pub(crate) fn of(mut self, transaction_id: Option<&TransactionId>) -> Self {
        if self.transaction_id.is_none() {
            self.transaction_id = transaction_id.cloned();
        }
        self
    }
}

/// How much a refund gives back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefundSize {
    /// This refund alone.
    Exactly(Money),
    /// All refunds of the transaction so far, this one among them (Alipay's `refund_fee`).
    RunningTotal(Money),
    /// The gateway only says that there was one (WeChat Pay's `trade_state` `REFUND`).
    Unknown,
}

/// How a refund stands at the gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefundState {
    /// Taken up and on its way.
    Processing,
    /// With the buyer, at the gateway's own time where it states one.
    Succeeded(Option<Timestamp>),
    /// Stuck at the bank; a person must act (WeChat Pay's `ABNORMAL`, v2 `CHANGE`).
    NeedsAction,
    /// Refused or closed; nothing is given back (WeChat Pay's `CLOSED`, v2 `REFUNDCLOSE`).
    Failed,
}

/// What a WeChat Pay v2 refund notify claims. It is encrypted but unsigned, so it proves little and
/// changes nothing until a query confirms it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefundHint {
    /// The payment spoken of.
    pub payment: PaymentRef,
    /// The refund it claims to speak of.
    pub refund: RefundFact,
}

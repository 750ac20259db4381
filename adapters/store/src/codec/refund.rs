//! The forms of a refund's events.

use payfold_domain::event::{
    ExternalRefundObserved, NumberOwner, RefundHintReceived, RefundNamed, RefundOrigin,
    RefundRequested, RefundRetried, RefundSucceeded, RefundTroubled, UnmatchedRefundReceived,
};
use payfold_domain::exception::ExceptionId;
use payfold_domain::{
    AccountName, Method, OutTradeNo, RefundFact, RefundNo, RefundNumber, RefundSize, RefundState,
    TransactionId,
};
use serde::{Deserialize, Serialize};

use super::field::{Amount, Instant, Text, payment, plain, spelled_choice, text};
use super::form::{Form, Mismatch, PartedForm};

/// The name of a [`RefundOrigin`], its exception apart.
#[derive(Clone, Copy)]
pub(super) enum OriginKind {
    Caller,
    Exception,
}

spelled_choice!(OriginKind { Caller = "caller", Exception = "exception" });

#[derive(Serialize, Deserialize)]
pub(super) struct RefundRequestedData {
    account: Text<AccountName>,
    out_trade_no: Text<OutTradeNo>,
    method: Text<Method>,
    transaction_id: Text<TransactionId>,
    refund_no: Text<RefundNo>,
    amount: Amount,
    origin: Text<OriginKind>,
    #[serde(skip_serializing_if = "Option::is_none")]
    exception: Option<Text<ExceptionId>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    attempt: Option<u32>,
}

#[derive(Default, Serialize, Deserialize)]
pub(super) struct RefundRequestedPrivate {
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

impl PartedForm for RefundRequested {
    type Data = RefundRequestedData;
    type Private = RefundRequestedPrivate;

    fn split(&self) -> (RefundRequestedData, Option<RefundRequestedPrivate>) {
        let (origin, exception, attempt) = match &self.origin {
            RefundOrigin::Caller => (OriginKind::Caller, None, None),
            RefundOrigin::Exception { id, attempt } => (
                OriginKind::Exception,
                Some(Text(id.clone())),
                Some(*attempt),
            ),
        };
        let data = RefundRequestedData {
            account: Text(self.payment.account.clone()),
            out_trade_no: Text(self.payment.out_trade_no.clone()),
            method: Text(self.method),
            transaction_id: Text(self.transaction_id.clone()),
            refund_no: Text(self.refund_no.clone()),
            amount: self.amount.into(),
            origin: Text(origin),
            exception,
            attempt,
        };
        let private = self.reason.clone().map(|reason| RefundRequestedPrivate {
            reason: Some(reason),
        });
        (data, private)
    }

    fn join(data: RefundRequestedData, private: RefundRequestedPrivate) -> Result<Self, Mismatch> {
        let origin = match (data.origin.0, data.exception, data.attempt) {
            (OriginKind::Caller, None, None) => RefundOrigin::Caller,
            (OriginKind::Exception, Some(id), Some(attempt)) => {
                RefundOrigin::Exception { id: id.0, attempt }
            }
            (OriginKind::Caller, ..) => {
                return Err(Mismatch(
                    "an exception beside a refund that a caller wishes",
                ));
            }
            (OriginKind::Exception, ..) => {
                return Err(Mismatch(
                    "an exception's refund without exception or attempt",
                ));
            }
        };
        Ok(Self {
            payment: payment(data.account, data.out_trade_no),
            method: data.method.0,
            transaction_id: data.transaction_id.0,
            refund_no: data.refund_no.0,
            amount: data.amount.into(),
            origin,
            reason: private.reason,
        })
    }
}

#[derive(Serialize, Deserialize)]
pub(super) struct RefundNamedData {
    account: Text<AccountName>,
    out_trade_no: Text<OutTradeNo>,
    method: Text<Method>,
    refund_no: Text<RefundNo>,
}

impl Form for RefundNamed {
    type Data = RefundNamedData;

    fn data(&self) -> RefundNamedData {
        RefundNamedData {
            account: Text(self.payment.account.clone()),
            out_trade_no: Text(self.payment.out_trade_no.clone()),
            method: Text(self.method),
            refund_no: Text(self.refund_no.clone()),
        }
    }

    fn event(data: RefundNamedData) -> Result<Self, Mismatch> {
        Ok(Self {
            payment: payment(data.account, data.out_trade_no),
            method: data.method.0,
            refund_no: data.refund_no.0,
        })
    }
}

#[derive(Serialize, Deserialize)]
pub(super) struct RefundTroubledData {
    account: Text<AccountName>,
    out_trade_no: Text<OutTradeNo>,
    method: Text<Method>,
    refund_no: Text<RefundNo>,
    exception: Text<ExceptionId>,
}

impl Form for RefundTroubled {
    type Data = RefundTroubledData;

    fn data(&self) -> RefundTroubledData {
        RefundTroubledData {
            account: Text(self.payment.account.clone()),
            out_trade_no: Text(self.payment.out_trade_no.clone()),
            method: Text(self.method),
            refund_no: Text(self.refund_no.clone()),
            exception: Text(self.exception.clone()),
        }
    }

    fn event(data: RefundTroubledData) -> Result<Self, Mismatch> {
        Ok(Self {
            payment: payment(data.account, data.out_trade_no),
            method: data.method.0,
            refund_no: data.refund_no.0,
            exception: data.exception.0,
        })
    }
}

#[derive(Serialize, Deserialize)]
pub(super) struct RefundRetriedData {
    account: Text<AccountName>,
    out_trade_no: Text<OutTradeNo>,
    method: Text<Method>,
    refund_no: Text<RefundNo>,
    attempt: u32,
}

impl Form for RefundRetried {
    type Data = RefundRetriedData;

    fn data(&self) -> RefundRetriedData {
        RefundRetriedData {
            account: Text(self.payment.account.clone()),
            out_trade_no: Text(self.payment.out_trade_no.clone()),
            method: Text(self.method),
            refund_no: Text(self.refund_no.clone()),
            attempt: self.attempt,
        }
    }

    fn event(data: RefundRetriedData) -> Result<Self, Mismatch> {
        Ok(Self {
            payment: payment(data.account, data.out_trade_no),
            method: data.method.0,
            refund_no: data.refund_no.0,
            attempt: data.attempt,
        })
    }
}

#[derive(Serialize, Deserialize)]
pub(super) struct RefundSucceededData {
    account: Text<AccountName>,
    out_trade_no: Text<OutTradeNo>,
    method: Text<Method>,
    refund_no: Text<RefundNo>,
    amount: Amount,
    succeeded_at: Instant,
}

impl Form for RefundSucceeded {
    type Data = RefundSucceededData;

    fn data(&self) -> RefundSucceededData {
        RefundSucceededData {
            account: Text(self.payment.account.clone()),
            out_trade_no: Text(self.payment.out_trade_no.clone()),
            method: Text(self.method),
            refund_no: Text(self.refund_no.clone()),
            amount: self.amount.into(),
            succeeded_at: Instant(self.succeeded_at),
        }
    }

    fn event(data: RefundSucceededData) -> Result<Self, Mismatch> {
        Ok(Self {
            payment: payment(data.account, data.out_trade_no),
            method: data.method.0,
            refund_no: data.refund_no.0,
            amount: data.amount.into(),
            succeeded_at: data.succeeded_at.0,
        })
    }
}

#[derive(Serialize, Deserialize)]
pub(super) struct ExternalRefundObservedData {
    account: Text<AccountName>,
    out_trade_no: Text<OutTradeNo>,
    method: Text<Method>,
    transaction_id: Text<TransactionId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    refund_no: Option<Text<RefundNo>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    amount: Option<Amount>,
    #[serde(skip_serializing_if = "Option::is_none")]
    size: Option<Amount>,
    #[serde(skip_serializing_if = "Option::is_none")]
    number: Option<Text<NumberOwner>>,
    refunded_at: Instant,
    exception: Text<ExceptionId>,
}

impl Form for ExternalRefundObserved {
    type Data = ExternalRefundObservedData;

    fn data(&self) -> ExternalRefundObservedData {
        ExternalRefundObservedData {
            account: Text(self.payment.account.clone()),
            out_trade_no: Text(self.payment.out_trade_no.clone()),
            method: Text(self.method),
            transaction_id: Text(self.transaction_id.clone()),
            refund_no: text(self.refund_no.as_ref()),
            amount: self.amount.map(Amount::from),
            size: self.size.map(Amount::from),
            number: unless_own(self.number),
            refunded_at: Instant(self.refunded_at),
            exception: Text(self.exception.clone()),
        }
    }

    fn event(data: ExternalRefundObservedData) -> Result<Self, Mismatch> {
        Ok(Self {
            payment: payment(data.account, data.out_trade_no),
            method: data.method.0,
            transaction_id: data.transaction_id.0,
            refund_no: plain(data.refund_no),
            amount: data.amount.map(|amount| amount.money()),
            size: data.size.map(|size| size.money()),
            number: plain(data.number).unwrap_or(NumberOwner::Payment),
            refunded_at: data.refunded_at.0,
            exception: data.exception.0,
        })
    }
}

/// Stored where another payment has the number; no word is this payment's own.
fn unless_own(owner: NumberOwner) -> Option<Text<NumberOwner>> {
    match owner {
        NumberOwner::Payment => None,
        NumberOwner::Another => Some(Text(owner)),
    }
}

/// The name of a [`RefundSize`], its amount apart.
#[derive(Clone, Copy)]
pub(super) enum SizeKind {
    Exactly,
    RunningTotal,
    Unknown,
}

spelled_choice!(SizeKind {
    Exactly = "exactly",
    RunningTotal = "running_total",
    Unknown = "unknown",
});

/// The name of a [`RefundState`], its time apart.
#[derive(Clone, Copy)]
pub(super) enum StateKind {
    Processing,
    Succeeded,
    NeedsAction,
    Failed,
}

spelled_choice!(StateKind {
    Processing = "processing",
    Succeeded = "succeeded",
    NeedsAction = "needs_action",
    Failed = "failed",
});

/// Why a number that was stated is not kept.
#[derive(Clone, Copy)]
pub(super) enum UnkeptNumber {
    Foreign,
}

spelled_choice!(UnkeptNumber { Foreign = "foreign" });

/// A refund as a gateway states it.
#[derive(Serialize, Deserialize)]
pub(super) struct RefundFactData {
    #[serde(skip_serializing_if = "Option::is_none")]
    transaction_id: Option<Text<TransactionId>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    refund_no: Option<Text<RefundNo>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    number: Option<Text<UnkeptNumber>>,
    size: Text<SizeKind>,
    #[serde(skip_serializing_if = "Option::is_none")]
    amount: Option<Amount>,
    state: Text<StateKind>,
    #[serde(skip_serializing_if = "Option::is_none")]
    succeeded_at: Option<Instant>,
}

impl From<&RefundFact> for RefundFactData {
    fn from(fact: &RefundFact) -> Self {
        let (size, amount) = match fact.size {
            RefundSize::Exactly(amount) => (SizeKind::Exactly, Some(amount)),
            RefundSize::RunningTotal(amount) => (SizeKind::RunningTotal, Some(amount)),
            RefundSize::Unknown => (SizeKind::Unknown, None),
        };
        let (state, succeeded_at) = match fact.state {
            RefundState::Processing => (StateKind::Processing, None),
            RefundState::Succeeded(at) => (StateKind::Succeeded, at),
            RefundState::NeedsAction => (StateKind::NeedsAction, None),
            RefundState::Failed => (StateKind::Failed, None),
        };
        Self {
            transaction_id: text(fact.transaction_id.as_ref()),
            refund_no: text(fact.refund_no()),
            number: (fact.number == RefundNumber::Foreign).then_some(Text(UnkeptNumber::Foreign)),
            size: Text(size),
            amount: amount.map(Amount::from),
            state: Text(state),
            succeeded_at: succeeded_at.map(Instant),
        }
    }
}

impl TryFrom<RefundFactData> for RefundFact {
    type Error = Mismatch;

    fn try_from(data: RefundFactData) -> Result<Self, Mismatch> {
        let size = match (data.size.0, data.amount) {
            (SizeKind::Exactly, Some(amount)) => RefundSize::Exactly(amount.into()),
            (SizeKind::RunningTotal, Some(amount)) => RefundSize::RunningTotal(amount.into()),
            (SizeKind::Unknown, None) => RefundSize::Unknown,
            (SizeKind::Exactly | SizeKind::RunningTotal, None) => {
                return Err(Mismatch("a refund of known size without its amount"));
            }
            (SizeKind::Unknown, Some(_)) => {
                return Err(Mismatch("an amount beside a refund of unknown size"));
            }
        };
        let state = match (data.state.0, data.succeeded_at) {
            (StateKind::Succeeded, at) => RefundState::Succeeded(at.map(|instant| instant.0)),
            (StateKind::Processing, None) => RefundState::Processing,
            (StateKind::NeedsAction, None) => RefundState::NeedsAction,
            (StateKind::Failed, None) => RefundState::Failed,
            (StateKind::Processing | StateKind::NeedsAction | StateKind::Failed, Some(_)) => {
                return Err(Mismatch(
                    "succeeded_at beside a refund that has not succeeded",
                ));
            }
        };
        let number = match (data.refund_no, data.number) {
            (None, Some(Text(UnkeptNumber::Foreign))) => RefundNumber::Foreign,
            (stated, None) => plain(stated).into(),
            (Some(_), Some(_)) => return Err(Mismatch("refund_no beside a foreign number")),
        };
        Ok(Self {
            transaction_id: plain(data.transaction_id),
            number,
            size,
            state,
        })
    }
}

#[derive(Serialize, Deserialize)]
pub(super) struct RefundHintReceivedData {
    account: Text<AccountName>,
    out_trade_no: Text<OutTradeNo>,
    method: Text<Method>,
    claimed: RefundFactData,
}

impl Form for RefundHintReceived {
    type Data = RefundHintReceivedData;

    fn data(&self) -> RefundHintReceivedData {
        RefundHintReceivedData {
            account: Text(self.payment.account.clone()),
            out_trade_no: Text(self.payment.out_trade_no.clone()),
            method: Text(self.method),
            claimed: (&self.claimed).into(),
        }
    }

    fn event(data: RefundHintReceivedData) -> Result<Self, Mismatch> {
        Ok(Self {
            payment: payment(data.account, data.out_trade_no),
            method: data.method.0,
            claimed: data.claimed.try_into()?,
        })
    }
}

#[derive(Serialize, Deserialize)]
pub(super) struct UnmatchedRefundReceivedData {
    account: Text<AccountName>,
    out_trade_no: Text<OutTradeNo>,
    refund: RefundFactData,
    #[serde(skip_serializing_if = "Option::is_none")]
    number: Option<Text<NumberOwner>>,
    exception: Text<ExceptionId>,
}

impl Form for UnmatchedRefundReceived {
    type Data = UnmatchedRefundReceivedData;

    fn data(&self) -> UnmatchedRefundReceivedData {
        UnmatchedRefundReceivedData {
            account: Text(self.payment.account.clone()),
            out_trade_no: Text(self.payment.out_trade_no.clone()),
            refund: (&self.refund).into(),
            number: unless_own(self.number),
            exception: Text(self.exception.clone()),
        }
    }

    fn event(data: UnmatchedRefundReceivedData) -> Result<Self, Mismatch> {
        Ok(Self {
            payment: payment(data.account, data.out_trade_no),
            refund: data.refund.try_into()?,
            number: plain(data.number).unwrap_or(NumberOwner::Payment),
            exception: data.exception.0,
        })
    }
}

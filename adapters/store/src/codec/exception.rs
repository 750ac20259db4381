//! The forms of the events about exceptions: statements that do not fit together, and decisions.

use payfold_domain::event::{Contradiction, ContradictionObserved, ExceptionResolved};
use payfold_domain::exception::{ExceptionId, ExceptionKind, ResolutionAction, Resolver};
use payfold_domain::{AccountName, Method, Money, OrderNo, OutTradeNo, RefundNo, TransactionId};
use serde::{Deserialize, Serialize};

use super::field::{Amount, Text, payment, plain, spelled_choice, text};
use super::form::{Form, Mismatch, PartedForm};

/// The name of a [`Contradiction`], what it compares apart.
#[derive(Clone, Copy)]
pub(super) enum ContradictionKind {
    OtherAmount,
    ForeignTransaction,
    UnpaidAfterPaid,
    OtherRefundAmount,
    RefundedTooMuch,
}

spelled_choice!(ContradictionKind {
    OtherAmount = "other_amount",
    ForeignTransaction = "foreign_transaction",
    UnpaidAfterPaid = "unpaid_after_paid",
    OtherRefundAmount = "other_refund_amount",
    RefundedTooMuch = "refunded_too_much",
});

#[derive(Serialize, Deserialize)]
pub(super) struct ContradictionObservedData {
    account: Text<AccountName>,
    out_trade_no: Text<OutTradeNo>,
    method: Text<Method>,
    #[serde(skip_serializing_if = "Option::is_none")]
    transaction_id: Option<Text<TransactionId>>,
    contradiction: Text<ContradictionKind>,
    #[serde(skip_serializing_if = "Option::is_none")]
    refund_no: Option<Text<RefundNo>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    known: Option<Amount>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stated: Option<Amount>,
    exception: Text<ExceptionId>,
}

/// What a contradiction compares: the refund it is about, what is known (asked for, received), and
/// what is stated.
type Compared = (Option<RefundNo>, Option<Money>, Option<Money>);

fn split(contradiction: &Contradiction) -> (ContradictionKind, Compared) {
    match contradiction {
        Contradiction::OtherAmount { known, stated } => (
            ContradictionKind::OtherAmount,
            (None, Some(*known), Some(*stated)),
        ),
        Contradiction::ForeignTransaction => {
            (ContradictionKind::ForeignTransaction, (None, None, None))
        }
        Contradiction::UnpaidAfterPaid => (ContradictionKind::UnpaidAfterPaid, (None, None, None)),
        Contradiction::OtherRefundAmount {
            refund_no,
            asked,
            stated,
        } => (
            ContradictionKind::OtherRefundAmount,
            (Some(refund_no.clone()), Some(*asked), Some(*stated)),
        ),
        Contradiction::RefundedTooMuch { received, stated } => (
            ContradictionKind::RefundedTooMuch,
            (None, Some(*received), Some(*stated)),
        ),
    }
}

fn join(kind: ContradictionKind, compared: Compared) -> Result<Contradiction, Mismatch> {
    match (kind, compared) {
        (ContradictionKind::OtherAmount, (None, Some(known), Some(stated))) => {
            Ok(Contradiction::OtherAmount { known, stated })
        }
        (ContradictionKind::ForeignTransaction, (None, None, None)) => {
            Ok(Contradiction::ForeignTransaction)
        }
        (ContradictionKind::UnpaidAfterPaid, (None, None, None)) => {
            Ok(Contradiction::UnpaidAfterPaid)
        }
        (ContradictionKind::OtherRefundAmount, (Some(refund_no), Some(asked), Some(stated))) => {
            Ok(Contradiction::OtherRefundAmount {
                refund_no,
                asked,
                stated,
            })
        }
        (ContradictionKind::RefundedTooMuch, (None, Some(received), Some(stated))) => {
            Ok(Contradiction::RefundedTooMuch { received, stated })
        }
        (
            ContradictionKind::OtherAmount
            | ContradictionKind::ForeignTransaction
            | ContradictionKind::UnpaidAfterPaid
            | ContradictionKind::OtherRefundAmount
            | ContradictionKind::RefundedTooMuch,
            _,
        ) => Err(Mismatch(
            "refund_no, known and stated are not what such a contradiction compares",
        )),
    }
}

impl Form for ContradictionObserved {
    type Data = ContradictionObservedData;

    fn data(&self) -> ContradictionObservedData {
        let (contradiction, (refund_no, known, stated)) = split(&self.contradiction);
        ContradictionObservedData {
            account: Text(self.payment.account.clone()),
            out_trade_no: Text(self.payment.out_trade_no.clone()),
            method: Text(self.method),
            transaction_id: text(self.transaction_id.as_ref()),
            contradiction: Text(contradiction),
            refund_no: refund_no.map(Text),
            known: known.map(Amount::from),
            stated: stated.map(Amount::from),
            exception: Text(self.exception.clone()),
        }
    }

    fn event(data: ContradictionObservedData) -> Result<Self, Mismatch> {
        let compared = (
            plain(data.refund_no),
            data.known.map(Money::from),
            data.stated.map(Money::from),
        );
        Ok(Self {
            payment: payment(data.account, data.out_trade_no),
            method: data.method.0,
            transaction_id: plain(data.transaction_id),
            contradiction: join(data.contradiction.0, compared)?,
            exception: data.exception.0,
        })
    }
}

/// The name of a [`Resolver`], its key's name apart.
#[derive(Clone, Copy)]
enum ResolverKind {
    Policy,
    Key,
    Events,
}

spelled_choice!(ResolverKind { Policy = "policy", Key = "key", Events = "events" });

#[derive(Serialize, Deserialize)]
pub(super) struct ExceptionResolvedData {
    exception: Text<ExceptionId>,
    kind: Text<ExceptionKind>,
    action: Text<ResolutionAction>,
    by: Text<ResolverKind>,
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    order_no: Option<Text<OrderNo>>,
}

#[derive(Default, Serialize, Deserialize)]
pub(super) struct ExceptionResolvedPrivate {
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
}

impl PartedForm for ExceptionResolved {
    type Data = ExceptionResolvedData;
    type Private = ExceptionResolvedPrivate;

    fn split(&self) -> (ExceptionResolvedData, Option<ExceptionResolvedPrivate>) {
        let (by, key) = match &self.by {
            Resolver::Policy => (ResolverKind::Policy, None),
            Resolver::Key(name) => (ResolverKind::Key, Some(name.clone())),
            Resolver::Events => (ResolverKind::Events, None),
        };
        let data = ExceptionResolvedData {
            exception: Text(self.exception.clone()),
            kind: Text(self.kind),
            action: Text(self.action),
            by: Text(by),
            key,
            order_no: text(self.order_no.as_ref()),
        };
        let private = self
            .note
            .clone()
            .map(|note| ExceptionResolvedPrivate { note: Some(note) });
        (data, private)
    }

    fn join(
        data: ExceptionResolvedData,
        private: ExceptionResolvedPrivate,
    ) -> Result<Self, Mismatch> {
        let by = match (data.by.0, data.key) {
            (ResolverKind::Policy, None) => Resolver::Policy,
            (ResolverKind::Events, None) => Resolver::Events,
            (ResolverKind::Key, Some(name)) => Resolver::Key(name),
            (ResolverKind::Policy | ResolverKind::Events, Some(_)) => {
                return Err(Mismatch("a key beside a decision that no caller made"));
            }
            (ResolverKind::Key, None) => {
                return Err(Mismatch("a caller's decision without its key's name"));
            }
        };
        Ok(Self {
            exception: data.exception.0,
            kind: data.kind.0,
            action: data.action.0,
            by,
            order_no: plain(data.order_no),
            note: private.note,
        })
    }
}

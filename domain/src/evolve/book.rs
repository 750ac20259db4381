//! How one number's money, refunds and exceptions change by events, in an order or a stray alike.

use super::Misfit;
use crate::event::{
    Contradiction, ContradictionObserved, ExceptionResolved, ExternalRefundObserved, RefundNamed,
    RefundRequested, RefundRetried, RefundSucceeded, RefundTroubled,
};
use crate::exception::ExceptionKind;
use crate::order::{
    Disposition, ExternalRefund, OpenedException, Refund, RefundStatus, Resolution, StatedMoney,
    Transaction,
};
use crate::{Method, Money, RefundNo, Timestamp, TransactionId};

const UNKNOWN_REFUND: Misfit = Misfit("without that refund");
const UNKNOWN_MONEY: Misfit = Misfit("without that transaction");

/// One number's money and refunds and its stream's exceptions, to be changed by an event.
pub(crate) struct BookMut<'a> {
    pub(crate) transactions: &'a mut Vec<Transaction>,
    pub(crate) refunds: &'a mut Vec<Refund>,
    pub(crate) exceptions: &'a mut Vec<OpenedException>,
}

impl BookMut<'_> {
    pub(crate) fn refund_requested(
        &mut self,
        event: &RefundRequested,
        at: Timestamp,
    ) -> Result<(), Misfit> {
        if self.refund(&event.refund_no).is_ok() {
            return Err(Misfit("with that refund"));
        }
        self.transaction(&event.transaction_id)?;
        self.refunds.push(Refund {
            refund_no: event.refund_no.clone(),
            transaction_id: event.transaction_id.clone(),
            amount: event.amount,
            origin: event.origin.clone(),
            reason: event.reason.clone(),
            status: RefundStatus::Requested,
            attempt: 1,
            requested_at: at,
            succeeded_at: None,
        });
        Ok(())
    }

    pub(crate) fn refund_submitted(&mut self, event: &RefundNamed) -> Result<(), Misfit> {
        let refund = self.refund(&event.refund_no)?;
        match refund.status {
            RefundStatus::Requested => {
                refund.status = RefundStatus::Submitted;
                Ok(())
            }
            RefundStatus::Submitted
            | RefundStatus::NeedsAction
            | RefundStatus::Succeeded
            | RefundStatus::Failed => Err(Misfit(refund.status.as_str())),
        }
    }

    /// A refund may get stuck also after it had succeeded: its money is not with the buyer then.
    pub(crate) fn refund_needs_action(
        &mut self,
        event: &RefundTroubled,
        at: Timestamp,
    ) -> Result<(), Misfit> {
        let refund = self.refund(&event.refund_no)?;
        match refund.status {
            RefundStatus::Requested | RefundStatus::Submitted => {
                refund.status = RefundStatus::NeedsAction;
            }
            RefundStatus::Succeeded => {
                refund.status = RefundStatus::NeedsAction;
                refund.succeeded_at = None;
                let (id, minor) = (refund.transaction_id.clone(), refund.amount.minor);
                self.transaction(&id)?.come_back(minor);
            }
            RefundStatus::NeedsAction | RefundStatus::Failed => {
                return Err(Misfit(refund.status.as_str()));
            }
        }
        self.troubled(event, ExceptionKind::RefundNeedsAction, at)
    }

    pub(crate) fn refund_failed(
        &mut self,
        event: &RefundTroubled,
        at: Timestamp,
    ) -> Result<(), Misfit> {
        let refund = self.refund(&event.refund_no)?;
        match refund.status {
            RefundStatus::Requested | RefundStatus::Submitted | RefundStatus::NeedsAction => {
                refund.status = RefundStatus::Failed;
                self.troubled(event, ExceptionKind::RefundFailed, at)
            }
            RefundStatus::Succeeded | RefundStatus::Failed => Err(Misfit(refund.status.as_str())),
        }
    }

    pub(crate) fn refund_retried(&mut self, event: &RefundRetried) -> Result<(), Misfit> {
        let refund = self.refund(&event.refund_no)?;
        match refund.status {
            RefundStatus::NeedsAction | RefundStatus::Failed => {
                refund.status = RefundStatus::Requested;
                refund.attempt = event.attempt;
                Ok(())
            }
            RefundStatus::Requested | RefundStatus::Submitted | RefundStatus::Succeeded => {
                Err(Misfit(refund.status.as_str()))
            }
        }
    }

    pub(crate) fn refund_succeeded(&mut self, event: &RefundSucceeded) -> Result<(), Misfit> {
        let refund = self.refund(&event.refund_no)?;
        match refund.status {
            RefundStatus::Requested
            | RefundStatus::Submitted
            | RefundStatus::NeedsAction
            | RefundStatus::Failed => {
                refund.status = RefundStatus::Succeeded;
                refund.succeeded_at = Some(event.succeeded_at);
                let id = refund.transaction_id.clone();
                self.transaction(&id)?.give_back(event.amount.minor);
                Ok(())
            }
            RefundStatus::Succeeded => Err(Misfit(refund.status.as_str())),
        }
    }

    pub(crate) fn external_refund_observed(
        &mut self,
        event: &ExternalRefundObserved,
        at: Timestamp,
    ) -> Result<(), Misfit> {
        let money = self.transaction(&event.transaction_id)?;
        if let Some(amount) = event.amount {
            money.external_minor = money.external_minor.saturating_add(amount.minor);
            money.give_back(amount.minor);
        }
        let size = size_of(event);
        if size.is_none() && event.amount.is_some() {
            money.totalled_at = money.totalled_at.max(Some(event.refunded_at));
        }
        money.knows_external(&event.refund_no, size);
        open(
            self.exceptions,
            OpenedException {
                id: event.exception.clone(),
                kind: ExceptionKind::ExternalRefund,
                payment: event.payment.clone(),
                transaction_id: Some(event.transaction_id.clone()),
                refund_no: event.refund_no.clone(),
                expected: None,
                received: event.size.or(event.amount).map(stated),
                contradiction: None,
                opened_at: at,
                resolution: None,
            },
        )
    }

    pub(crate) fn contradiction_observed(
        &mut self,
        event: &ContradictionObserved,
        at: Timestamp,
    ) -> Result<(), Misfit> {
        let (expected, received, refund_no) = match &event.contradiction {
            Contradiction::OtherAmount { known, stated } => (Some(*known), Some(*stated), None),
            Contradiction::ForeignTransaction | Contradiction::UnpaidAfterPaid => {
                (None, None, None)
            }
            Contradiction::OtherRefundAmount {
                refund_no,
                asked,
                stated,
            } => (Some(*asked), Some(*stated), Some(refund_no.clone())),
            Contradiction::RefundedTooMuch { received, stated } => {
                (Some(*received), Some(*stated), None)
            }
        };
        open(
            self.exceptions,
            OpenedException {
                id: event.exception.clone(),
                kind: ExceptionKind::Contradiction,
                payment: event.payment.clone(),
                transaction_id: event.transaction_id.clone(),
                refund_no,
                expected: expected.map(stated),
                received: received.map(stated),
                contradiction: Some(event.contradiction.clone()),
                opened_at: at,
                resolution: None,
            },
        )
    }

    fn troubled(
        &mut self,
        event: &RefundTroubled,
        kind: ExceptionKind,
        at: Timestamp,
    ) -> Result<(), Misfit> {
        let refund = self.refund(&event.refund_no)?;
        let (transaction_id, amount) = (refund.transaction_id.clone(), refund.amount);
        open(
            self.exceptions,
            OpenedException {
                id: event.exception.clone(),
                kind,
                payment: event.payment.clone(),
                transaction_id: Some(transaction_id),
                refund_no: Some(event.refund_no.clone()),
                expected: Some(stated(amount)),
                received: None,
                contradiction: None,
                opened_at: at,
                resolution: None,
            },
        )
    }

    fn refund(&mut self, refund_no: &RefundNo) -> Result<&mut Refund, Misfit> {
        self.refunds
            .iter_mut()
            .find(|refund| refund.refund_no == *refund_no)
            .ok_or(UNKNOWN_REFUND)
    }

    fn transaction(&mut self, id: &TransactionId) -> Result<&mut Transaction, Misfit> {
        self.transactions
            .iter_mut()
            .find(|money| money.transaction_id == *id)
            .ok_or(UNKNOWN_MONEY)
    }
}

impl Transaction {
    /// So much more of it is with the buyer; held money that is wholly given back is returned.
    fn give_back(&mut self, minor: i64) {
        self.refunded_minor = self.refunded_minor.saturating_add(minor);
        if let (Disposition::Held(exception), true) = (&self.disposition, self.is_given_back()) {
            self.disposition = Disposition::Returned(exception.clone());
        }
    }

    fn knows_external(&mut self, refund_no: &Option<RefundNo>, size: Option<Money>) {
        let size = size.map(|size| size.minor);
        let known = self.external_refunds.iter_mut();
        let known = refund_no.as_ref().and_then(|refund_no| {
            known
                .into_iter()
                .find(|known| known.refund_no.as_ref() == Some(refund_no))
        });
        match known {
            Some(known) => known.size = known.size.or(size),
            None => self.external_refunds.push(ExternalRefund {
                refund_no: refund_no.clone(),
                size,
            }),
        }
    }

    /// So much less of it is with the buyer after all.
    fn come_back(&mut self, minor: i64) {
        self.refunded_minor = self.refunded_minor.saturating_sub(minor);
        if let (Disposition::Returned(exception), false) = (&self.disposition, self.is_given_back())
        {
            self.disposition = Disposition::Held(exception.clone());
        }
    }
}

/// A refund's own size. An older payfold did not say so of WeChat Pay's, whose amounts always are.
fn size_of(event: &ExternalRefundObserved) -> Option<Money> {
    let states_sizes = match event.method {
        Method::WechatpayNative
        | Method::WechatpayJsapi
        | Method::WechatpayMini
        | Method::WechatpayH5
        | Method::WechatpayApp => true,
        Method::AlipayPage
        | Method::AlipayWap
        | Method::AlipayApp
        | Method::AlipayJsapi
        | Method::AlipayQr
        | Method::External
        | Method::Unknown => false,
    };
    event.size.or(event.amount.filter(|_| states_sizes))
}

/// Opens an exception; its id is new in the stream.
pub(crate) fn open(
    exceptions: &mut Vec<OpenedException>,
    exception: OpenedException,
) -> Result<(), Misfit> {
    if exceptions.iter().any(|known| known.id == exception.id) {
        return Err(Misfit("with that exception"));
    }
    exceptions.push(exception);
    Ok(())
}

/// Decides an exception that waits for it.
pub(crate) fn exception_resolved(
    exceptions: &mut [OpenedException],
    event: &ExceptionResolved,
    at: Timestamp,
) -> Result<(), Misfit> {
    let exception = exceptions
        .iter_mut()
        .find(|known| known.id == event.exception)
        .ok_or(Misfit("without that exception"))?;
    match exception.resolution {
        Some(_) => Err(Misfit("with that exception resolved")),
        None => {
            exception.resolution = Some(Resolution {
                action: event.action,
                by: event.by.clone(),
                at,
                order_no: event.order_no.clone(),
                note: event.note.clone(),
            });
            Ok(())
        }
    }
}

fn stated(amount: Money) -> StatedMoney {
    StatedMoney {
        amount,
        app_id: None,
    }
}

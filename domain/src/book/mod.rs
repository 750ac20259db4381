//! One number's money, refunds and exceptions: the rules that an order's payments and strays share.
//! What follows for the order (paid, shipped) is left to `observe` and `decide`.

mod ask;
mod effect;
mod event;
mod news;
mod offer;
mod weigh;

pub(crate) use ask::{carry_out, decided_before, money_of, retry, submit, takes_refunds};
pub(crate) use effect::{contradiction, resolved, return_money};
pub(crate) use event::BookEvent;
use news::{Moved, moved};
pub(crate) use offer::{Acceptance, can_refund, offered};
pub(crate) use weigh::{Weighed, weigh};

use crate::exception::ExceptionId;
use crate::order::{OpenedException, Refund, RefundWindow, Transaction};
use crate::{Method, PaymentRef, RefundNo, TransactionId};

/// One number's money, refunds and exceptions, as its stream has them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Book<'a> {
    pub(crate) payment: &'a PaymentRef,
    pub(crate) method: Method,
    pub(crate) transactions: &'a [Transaction],
    pub(crate) refunds: &'a [Refund],
    pub(crate) refund_window: RefundWindow,
    /// Every exception of the stream, those of its other numbers included.
    pub(crate) exceptions: &'a [OpenedException],
}

impl<'a> Book<'a> {
    pub(crate) fn transaction(&self, id: &TransactionId) -> Option<&'a Transaction> {
        self.transactions
            .iter()
            .find(|money| money.transaction_id == *id)
    }

    pub(crate) fn refund(&self, refund_no: &RefundNo) -> Option<&'a Refund> {
        self.refunds
            .iter()
            .find(|refund| refund.refund_no == *refund_no)
    }

    pub(crate) fn exception(&self, id: &ExceptionId) -> Option<&'a OpenedException> {
        self.exceptions.iter().find(|known| known.id == *id)
    }
}

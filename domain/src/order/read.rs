//! What follows from an order's state: its sums, how a payment shows, and what is left to give back.
//! The sums keep received = paid + held + returned; they are of one currency, the order's, so money of
//! another one that does not pay the order shows in its payment and its exception alone.

use super::{
    Disposition, ExternalRefund, OpenedException, OrderStatus, Payment, PaymentStage,
    PaymentStatus, Pending, PlacedOrder, Refund, RefundStatus, Transaction,
};
use crate::book::{Acceptance, Book, offered};
use crate::exception::{ExceptionId, ResolutionAction};
use crate::policy::Capability;
use crate::{AccountName, Currency, Money, PaymentRef, RefundNo, TransactionId};

impl PlacedOrder {
    /// The payment of that name.
    pub fn payment(&self, name: &PaymentRef) -> Option<&Payment> {
        self.payments.iter().find(|known| known.payment == *name)
    }

    /// The exception of that id.
    pub fn exception(&self, id: &ExceptionId) -> Option<&OpenedException> {
        self.exceptions.iter().find(|known| known.id == *id)
    }

    /// All money that came by the order's payments, in the minor unit.
    pub fn received_minor(&self) -> i64 {
        self.summed().map(|money| money.amount.minor).sum()
    }

    /// What was confirmed for the order, in the minor unit; what was given back of it included.
    pub fn paid_minor(&self) -> i64 {
        self.confirmed().map_or(0, |money| money.amount.minor)
    }

    /// What was given back out of what was confirmed, in the minor unit.
    pub fn refunded_minor(&self) -> i64 {
        self.confirmed().map_or(0, |money| money.refunded_minor)
    }

    /// What was received beside the order and not given back, in the minor unit.
    pub fn held_minor(&self) -> i64 {
        self.summed()
            .map(|money| match money.disposition {
                Disposition::Confirmed(_) | Disposition::Returned(_) => 0,
                Disposition::Held(_) => money.amount.minor - money.refunded_minor,
            })
            .sum()
    }

    /// What was received beside the order and given back, in the minor unit.
    pub fn returned_minor(&self) -> i64 {
        self.summed()
            .map(|money| match money.disposition {
                Disposition::Confirmed(_) => 0,
                Disposition::Held(_) | Disposition::Returned(_) => money.refunded_minor,
            })
            .sum()
    }

    /// The money that sums are made of.
    fn summed(&self) -> impl Iterator<Item = &Transaction> {
        let summed = |money: &&Transaction| {
            money.is_confirmed() || money.amount.currency == self.amount.currency
        };
        self.transactions().filter(summed)
    }

    /// The money that pays the order.
    pub fn confirmed(&self) -> Option<&Transaction> {
        self.transactions().find(|money| money.is_confirmed())
    }

    /// The payment whose money pays the order.
    pub(crate) fn confirmed_payment(&self) -> Option<&Payment> {
        self.payments
            .iter()
            .find(|payment| payment.transactions.iter().any(Transaction::is_confirmed))
    }

    /// How one of its payments shows outside: what could still be paid is over once the order is
    /// cancelled or has expired.
    pub fn payment_status(&self, payment: &Payment) -> PaymentStatus {
        let status = payment.status();
        match (self.status, status) {
            (
                OrderStatus::Cancelled | OrderStatus::Expired,
                PaymentStatus::Starting | PaymentStatus::Open,
            ) => PaymentStatus::Closed,
            (
                OrderStatus::Open
                | OrderStatus::Paid
                | OrderStatus::Cancelled
                | OrderStatus::Expired,
                status,
            ) => status,
        }
    }

    /// What a person may decide about one of the order's exceptions now, for an account that can do
    /// `capability`; nothing once it was decided.
    pub fn offered_actions(
        &self,
        exception: &OpenedException,
        capability: Capability,
    ) -> Vec<ResolutionAction> {
        let Some(payment) = self.payment(&exception.payment) else {
            return Vec::new();
        };
        let acceptance = match self.status {
            OrderStatus::Paid => Acceptance::TooLate,
            OrderStatus::Open | OrderStatus::Cancelled | OrderStatus::Expired => {
                Acceptance::Possible
            }
        };
        offered(
            &payment.book(&self.exceptions),
            exception,
            capability,
            acceptance,
        )
    }

    /// Whether that money of `account` came by one of the order's payments.
    pub(crate) fn knows(&self, account: &AccountName, id: &TransactionId) -> bool {
        self.payments
            .iter()
            .filter(|payment| payment.payment.account == *account)
            .any(|payment| payment.transaction(id).is_some())
    }

    /// All money that came, payment by payment.
    pub(crate) fn transactions(&self) -> impl Iterator<Item = &Transaction> {
        self.payments
            .iter()
            .flat_map(|payment| &payment.transactions)
    }
}

impl Payment {
    /// Whether money may still come by it, as far as anything was heard of it. A start that the gateway
    /// refused ends a payment, unless the gateway spoke of it as payable nonetheless.
    pub fn is_endless(&self) -> bool {
        match self.stage {
            PaymentStage::Closed => false,
            PaymentStage::Failed { .. } => {
                self.pending == Pending::Heard && self.transactions.is_empty()
            }
            PaymentStage::Starting | PaymentStage::Open { .. } => self.transactions.is_empty(),
        }
    }

    /// Whether the buyer was given the means to pay.
    pub fn is_offered(&self) -> bool {
        match self.stage {
            PaymentStage::Open { .. } => true,
            PaymentStage::Starting | PaymentStage::Failed { .. } | PaymentStage::Closed => false,
        }
    }

    /// How the payment shows outside.
    pub fn status(&self) -> PaymentStatus {
        match self.shown_transaction().map(|money| &money.disposition) {
            Some(Disposition::Confirmed(_)) => PaymentStatus::Paid,
            Some(Disposition::Held(_)) => PaymentStatus::Held,
            Some(Disposition::Returned(_)) => PaymentStatus::Returned,
            None => match self.stage {
                PaymentStage::Starting => PaymentStatus::Starting,
                PaymentStage::Open { .. } => PaymentStatus::Open,
                PaymentStage::Failed { .. } => PaymentStatus::Failed,
                PaymentStage::Closed => PaymentStatus::Closed,
            },
        }
    }

    /// The money that the payment shows: of several the confirmed one, else the first.
    pub fn shown_transaction(&self) -> Option<&Transaction> {
        shown(&self.transactions)
    }

    /// The money of that number that came by this payment.
    pub fn transaction(&self, id: &TransactionId) -> Option<&Transaction> {
        self.transactions
            .iter()
            .find(|money| money.transaction_id == *id)
    }

    /// The refund of that number that was asked for here.
    pub fn refund(&self, refund_no: &RefundNo) -> Option<&Refund> {
        self.refunds
            .iter()
            .find(|refund| refund.refund_no == *refund_no)
    }

    /// The payment as the rules of money and refunds read it; `exceptions` are its stream's.
    pub(crate) fn book<'a>(&'a self, exceptions: &'a [OpenedException]) -> Book<'a> {
        Book {
            payment: &self.payment,
            method: self.method,
            transactions: &self.transactions,
            refunds: &self.refunds,
            refund_window: self.refund_window,
            exceptions,
        }
    }
}

impl Transaction {
    /// Whether it pays the order.
    pub fn is_confirmed(&self) -> bool {
        matches!(self.disposition, Disposition::Confirmed(_))
    }

    /// The exception that it waits under, or was left under.
    pub(crate) fn held_under(&self) -> Option<&ExceptionId> {
        match &self.disposition {
            Disposition::Held(exception) => Some(exception),
            Disposition::Confirmed(_) | Disposition::Returned(_) => None,
        }
    }

    /// Whether all of it was given back.
    pub fn is_given_back(&self) -> bool {
        self.refunded_minor >= self.amount.minor
    }

    /// The back office's refund of that number, where it is known.
    pub fn external_refund(&self, refund_no: &RefundNo) -> Option<&ExternalRefund> {
        let mut refunds = self.external_refunds.iter();
        refunds.find(|refund| refund.refund_no.as_ref() == Some(refund_no))
    }

    /// What the back office gave back of it and no refund's own size explains, in the minor unit: running
    /// totals told of it.
    pub(crate) fn unsized_minor(&self) -> i64 {
        let sizes = self.external_refunds.iter();
        self.external_minor - sizes.filter_map(|refund| refund.size).sum::<i64>()
    }

    /// What can still be asked back of it; `refunds` are its payment's.
    pub(crate) fn left(&self, refunds: &[Refund]) -> Money {
        Money {
            minor: self.left_minor(refunds),
            ..self.amount
        }
    }

    /// What can still be asked back of it, in the minor unit; `refunds` are its payment's. The gateways
    /// are asked for renminbi alone.
    pub fn left_minor(&self, refunds: &[Refund]) -> i64 {
        if self.amount.currency != Currency::CNY {
            return 0;
        }
        self.kept_minor(refunds)
    }

    /// What neither went back of it nor is to, in the minor unit; `refunds` are its payment's.
    pub(crate) fn kept_minor(&self, refunds: &[Refund]) -> i64 {
        let asked: i64 = refunds
            .iter()
            .filter(|refund| refund.transaction_id == self.transaction_id && refund.is_reserved())
            .map(|refund| refund.amount.minor)
            .sum();
        (self.amount.minor - asked - self.external_minor).max(0)
    }
}

/// Of several, the confirmed money, else the first.
pub(crate) fn shown(transactions: &[Transaction]) -> Option<&Transaction> {
    transactions
        .iter()
        .find(|money| money.is_confirmed())
        .or(transactions.first())
}

impl Refund {
    /// Whether its amount cannot be asked back again: it is on its way, stuck, or with the buyer.
    pub fn is_reserved(&self) -> bool {
        match self.status {
            RefundStatus::Requested
            | RefundStatus::Submitted
            | RefundStatus::NeedsAction
            | RefundStatus::Succeeded => true,
            RefundStatus::Failed => false,
        }
    }

    /// Whether its outcome is not known yet.
    pub fn is_pending(&self) -> bool {
        match self.status {
            RefundStatus::Requested | RefundStatus::Submitted | RefundStatus::NeedsAction => true,
            RefundStatus::Succeeded | RefundStatus::Failed => false,
        }
    }
}

//! Money without an order: the stream of one number at one account that no order has claimed. The
//! rules of its money, refunds and exceptions are those of an order's payment; whose it becomes is a
//! person's word, or that of the order which claims the number.

mod decide;
mod draft;
mod evolve;

pub use decide::{StrayCommand, StrayRejection, decide_stray};
pub use evolve::evolve_stray;

use crate::book::{Acceptance, Book, offered};
use crate::command::TakeUpBasis;
use crate::exception::{ExceptionId, ExceptionKind, ResolutionAction, Resolver};
use crate::order::{
    Corruption, OpenedException, Refund, RefundStatus, RefundWindow, Transaction, Unmoved,
};
use crate::policy::Capability;
use crate::{
    Fact, Method, Observation, OrderNo, PaymentRef, Receipt, RefundFact, RefundNumber, RefundSize,
    RefundState, Source,
};

/// A number without an order, as its events tell it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stray {
    /// No event yet.
    Unheard,
    /// Something came for it.
    Heard(StrayMoney),
    /// The events cannot be folded.
    Corrupt(Corruption),
}

/// Whether an order has claimed the number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claim {
    /// None has.
    Unclaimed,
    /// This one has; whatever comes from now on is that order's.
    TakenUp(OrderNo),
}

/// What came for a number that no order had claimed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StrayMoney {
    /// The number.
    pub payment: PaymentRef,
    /// Whose it is.
    pub claim: Claim,
    /// The money that came, in the order in which it became known.
    pub transactions: Vec<Transaction>,
    /// Its refunds that were decided here.
    pub refunds: Vec<Refund>,
    /// Refunds that were stated of it and not asked for here.
    pub stated_refunds: Vec<RefundFact>,
    /// Its exceptions, in the order in which they arose.
    pub exceptions: Vec<OpenedException>,
    /// Whether its gateway still gives back what came.
    pub refund_window: RefundWindow,
    /// Messages about it that changed nothing.
    pub unmoved: Unmoved,
}

impl StrayMoney {
    pub(crate) fn unheard(payment: PaymentRef) -> Self {
        Self {
            payment,
            claim: Claim::Unclaimed,
            transactions: Vec::new(),
            refunds: Vec::new(),
            stated_refunds: Vec::new(),
            exceptions: Vec::new(),
            refund_window: RefundWindow::Open,
            unmoved: Unmoved::default(),
        }
    }

    /// The exception of that id.
    pub fn exception(&self, id: &ExceptionId) -> Option<&OpenedException> {
        self.exceptions.iter().find(|known| known.id == *id)
    }

    /// What a person may decide about one of its exceptions now, for an account that can do
    /// `capability`; nothing once it was decided, or an order has the number.
    pub fn offered_actions(
        &self,
        exception: &OpenedException,
        capability: Capability,
    ) -> Vec<ResolutionAction> {
        match self.claim {
            Claim::TakenUp(_) => Vec::new(),
            Claim::Unclaimed => offered(&self.book(), exception, capability, Acceptance::Possible),
        }
    }

    /// Everything that it knows, for the order that takes it up: each money and its refunds, then the
    /// refunds of what is not known. Those that were decided here carry their number `pf-…`, by which the
    /// order goes on with them. That no more can be given back stands behind the first money, so that it is
    /// known before anything is decided about any.
    pub fn observation(&self) -> Observation {
        let mut facts = Vec::new();
        for money in &self.transactions {
            facts.push(Fact::Paid(receipt_of(money)));
            if facts.len() == 1 && self.refund_window == RefundWindow::Finished {
                facts.push(Fact::NoMoreRefunds);
            }
            let id = &money.transaction_id;
            // Their running totals hold none of ours.
            let stated = self.stated_refunds.iter();
            let stated = stated.filter(|refund| refund.transaction_id.as_ref() == Some(id));
            facts.extend(stated.cloned().map(Fact::Refund));
            let ours = self
                .refunds
                .iter()
                .filter(|refund| refund.transaction_id == *id);
            facts.extend(ours.map(fact_of).map(Fact::Refund));
        }
        let stated = self.stated_refunds.iter().filter(|refund| {
            let id = refund.transaction_id.as_ref();
            id.and_then(|id| self.book().transaction(id)).is_none()
        });
        facts.extend(stated.cloned().map(Fact::Refund));
        let first = self.transactions.first();
        Observation {
            payment: self.payment.clone(),
            source: first.map_or(Source::Query, |money| money.source),
            facts,
        }
    }

    /// On what ground an order takes it up: a person accepted its money for that order, or else the
    /// order has claimed the number.
    pub fn take_up_basis(&self) -> TakeUpBasis {
        let accepted = self.exceptions.iter().find(|exception| {
            exception.resolution.as_ref().is_some_and(|made| {
                gives_to_order(exception, made.action) && made.by != Resolver::Events
            })
        });
        match accepted {
            Some(exception) => TakeUpBasis::Accepted {
                exception: exception.id.clone(),
            },
            None => TakeUpBasis::Claimed,
        }
    }

    pub(crate) fn book(&self) -> Book<'_> {
        Book {
            payment: &self.payment,
            method: Method::Unknown,
            transactions: &self.transactions,
            refunds: &self.refunds,
            refund_window: self.refund_window,
            exceptions: &self.exceptions,
        }
    }
}

/// Whether that decision gives the number's money to an order. What is told of money that went back by
/// another way is accepted for itself.
fn gives_to_order(exception: &OpenedException, action: ResolutionAction) -> bool {
    exception.kind == ExceptionKind::Unmatched && action == ResolutionAction::Accept
}

fn receipt_of(money: &Transaction) -> Receipt {
    Receipt {
        transaction_id: money.transaction_id.clone(),
        amount: money.amount,
        application: money.application.clone(),
        paid_at: money.paid_at,
    }
}

fn fact_of(refund: &Refund) -> RefundFact {
    let state = match refund.status {
        RefundStatus::Requested | RefundStatus::Submitted => RefundState::Processing,
        RefundStatus::NeedsAction => RefundState::NeedsAction,
        RefundStatus::Succeeded => RefundState::Succeeded(refund.succeeded_at),
        RefundStatus::Failed => RefundState::Failed,
    };
    RefundFact {
        transaction_id: Some(refund.transaction_id.clone()),
        number: RefundNumber::Stated(refund.refund_no.clone()),
        size: RefundSize::Exactly(refund.amount),
        state,
    }
}

//! The stream of a gateway's bill of one day: what it held, and in what it differs from the events.

mod row;

pub use row::{
    BillEntry, BillRow, BillSummary, BilledPayment, BilledRefund, Movement, MovementKind,
    RefusedBill,
};

use std::collections::{BTreeMap, BTreeSet};

use crate::command::{Rejection, ResolveException};
use crate::dismissal;
use crate::event::{
    BillDifference, BillDifferenceFound, BillEvent, BillImported, ExceptionResolved,
};
use crate::exception::{ExceptionId, ExceptionKind, ResolutionAction, Resolver};
use crate::order::{OpenedException, StatedMoney};
use crate::{Money, PaymentRef, RefundNo, Timestamp, TransactionId};

/// A bill, as its events tell it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Bill {
    /// The bill as it was last read.
    pub imported: Option<BillImported>,
    /// Its exceptions, in the order in which they arose.
    pub exceptions: Vec<OpenedException>,
}

/// What may be asked of a bill's stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BillCommand {
    /// The bill, or a neighbour day's, differs from the events. So many differences may be found that
    /// they are told in several commands.
    Note(Vec<FoundDifference>),
    /// What was different is so no more.
    Settle(BTreeSet<ExceptionId>),
    /// The bill was matched whole.
    Conclude {
        /// What it held.
        imported: BillImported,
        /// Every difference that was found, all of them noted before, by its exception's first name.
        found: BTreeSet<ExceptionId>,
    },
    /// A person decides an exception.
    ResolveException(ResolveException),
}

/// A row of a bill and the events say different things.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundDifference {
    /// The payment that the row, or the missing row, is about.
    pub payment: PaymentRef,
    /// The transaction, where known.
    pub transaction_id: Option<TransactionId>,
    /// The refund, where it is about one that has a number.
    pub refund_no: Option<RefundNo>,
    /// In what the two differ.
    pub difference: BillDifference,
    /// As the events have it.
    pub here: Option<Money>,
    /// As the bill has it.
    pub there: Option<Money>,
}

impl FoundDifference {
    /// The exception that it opens first: the same for the same money, in whichever import it is found.
    pub fn exception(&self) -> ExceptionId {
        self.about().exception(FIRST_TIME)
    }

    fn about(&self) -> About<'_> {
        About {
            payment: &self.payment,
            transaction_id: self.transaction_id.as_ref(),
            refund_no: self.refund_no.as_ref(),
            kind: ExceptionKind::Bill(self.difference),
        }
    }
}

/// Counted from 1.
const FIRST_TIME: usize = 1;

/// What a difference is about.
struct About<'a> {
    payment: &'a PaymentRef,
    transaction_id: Option<&'a TransactionId>,
    refund_no: Option<&'a RefundNo>,
    kind: ExceptionKind,
}

impl<'a> About<'a> {
    fn of(exception: &'a OpenedException) -> Self {
        Self {
            payment: &exception.payment,
            transaction_id: exception.transaction_id.as_ref(),
            refund_no: exception.refund_no.as_ref(),
            kind: exception.kind,
        }
    }

    /// The exception of the difference's n-th time.
    fn exception(&self, time: usize) -> ExceptionId {
        let money = match self.transaction_id {
            Some(transaction_id) => transaction_id.as_str(),
            None => self.payment.out_trade_no.as_str(),
        };
        let mut about = match self.refund_no {
            Some(refund_no) => format!("{money}\n{refund_no}"),
            None => money.to_owned(),
        };
        if time > FIRST_TIME {
            about = format!("{about}\n\n{time}");
        }
        ExceptionId::derive(&self.payment.account, &about, self.kind)
    }
}

/// What `command` makes of the bill. A difference that is known is noted once, and a bill that was
/// concluded before is already so. Another bill of the same day adds what it differs in anew, and what
/// it differs in no more is settled.
///
/// # Errors
///
/// A decision about an exception that may not be is told why.
pub fn decide_bill(bill: &Bill, command: BillCommand) -> Result<Vec<BillEvent>, Rejection> {
    match command {
        BillCommand::Note(found) => Ok(note(bill, found)),
        BillCommand::Settle(exceptions) => Ok(settle(bill, |first| exceptions.contains(first))),
        BillCommand::Conclude { imported, found } => Ok(conclude(bill, imported, &found)),
        BillCommand::ResolveException(command) => {
            let resolved = dismissal::dismiss(&bill.exceptions, command)?;
            Ok(resolved
                .into_iter()
                .map(BillEvent::ExceptionResolved)
                .collect())
        }
    }
}

/// The bill after `event`, which happened at `at`. Every event fits.
pub fn evolve_bill(mut bill: Bill, event: &BillEvent, at: Timestamp) -> Bill {
    match event {
        BillEvent::BillImported(imported) => bill.imported = Some(imported.clone()),
        BillEvent::BillDifferenceFound(found) => {
            dismissal::opened(&mut bill.exceptions, about_difference(found, at));
        }
        BillEvent::ExceptionResolved(event) => {
            dismissal::resolved(&mut bill.exceptions, event, at);
        }
    }
    bill
}

/// What differs again after it did so no more is told again; what a person has dismissed is not.
fn note(bill: &Bill, found: Vec<FoundDifference>) -> Vec<BillEvent> {
    let mut known: BTreeMap<ExceptionId, Vec<&OpenedException>> = BTreeMap::new();
    for exception in &bill.exceptions {
        let first = About::of(exception).exception(FIRST_TIME);
        known.entry(first).or_default().push(exception);
    }
    let mut noted = BTreeSet::new();
    let mut events = Vec::new();
    for found in found {
        let first = found.exception();
        let before = known.get(&first).map_or(&[][..], Vec::as_slice);
        if before
            .iter()
            .all(|exception| has_ended_by_itself(exception))
            && noted.insert(first)
        {
            let time = before.len() + FIRST_TIME;
            events.push(BillEvent::BillDifferenceFound(found_difference(
                found, time,
            )));
        }
    }
    events
}

fn has_ended_by_itself(exception: &OpenedException) -> bool {
    let resolution = exception.resolution.as_ref();
    resolution.is_some_and(|resolution| resolution.by == Resolver::Events)
}

/// Ends what is open, by the names that the exceptions had at their first times.
fn settle(bill: &Bill, is_settled: impl Fn(&ExceptionId) -> bool) -> Vec<BillEvent> {
    bill.exceptions
        .iter()
        .filter(|exception| {
            exception.resolution.is_none()
                && is_settled(&About::of(exception).exception(FIRST_TIME))
        })
        .map(|exception| {
            BillEvent::ExceptionResolved(ExceptionResolved {
                exception: exception.id.clone(),
                kind: exception.kind,
                action: ResolutionAction::Dismiss,
                by: Resolver::Events,
                order_no: None,
                note: None,
            })
        })
        .collect()
}

fn conclude(bill: &Bill, imported: BillImported, found: &BTreeSet<ExceptionId>) -> Vec<BillEvent> {
    let same = |known: &BillImported| known.digest == imported.digest;
    if bill.imported.as_ref().is_some_and(same) {
        return Vec::new();
    }
    let mut events = settle(bill, |first| !found.contains(first));
    events.push(BillEvent::BillImported(imported));
    events
}

fn found_difference(found: FoundDifference, time: usize) -> BillDifferenceFound {
    BillDifferenceFound {
        exception: found.about().exception(time),
        payment: found.payment,
        transaction_id: found.transaction_id,
        refund_no: found.refund_no,
        difference: found.difference,
        here: found.here,
        there: found.there,
    }
}

fn about_difference(found: &BillDifferenceFound, at: Timestamp) -> OpenedException {
    let stated = |amount| StatedMoney {
        amount,
        app_id: None,
    };
    OpenedException {
        id: found.exception.clone(),
        kind: ExceptionKind::Bill(found.difference),
        payment: found.payment.clone(),
        transaction_id: found.transaction_id.clone(),
        refund_no: found.refund_no.clone(),
        expected: found.here.map(stated),
        received: found.there.map(stated),
        contradiction: None,
        opened_at: at,
        resolution: None,
    }
}

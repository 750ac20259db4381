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
    /// What was different is so no more, whatever the amounts were.
    Settle(Vec<FoundDifference>),
    /// The bill was matched whole.
    Conclude {
        /// What it held.
        imported: BillImported,
        /// Every difference that was found, all of them noted before.
        found: Vec<FoundDifference>,
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
    /// Which money of the payment's.
    pub money: BilledMoney,
    /// In what the two differ.
    pub difference: BillDifference,
    /// As the events have it.
    pub here: Option<Money>,
    /// As the bill has it.
    pub there: Option<Money>,
}

/// Which money of a payment's a difference is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BilledMoney {
    /// What came.
    Payment,
    /// What went back under that number.
    Refund(RefundNo),
    /// What went back without a number: by its amount in the minor unit, and the how-many-th row of that
    /// amount it is, from 1.
    UnnumberedRefund {
        /// The amount.
        minor: i64,
        /// Which of them.
        nth: usize,
    },
}

/// Counted from 1.
const FIRST_TIME: usize = 1;

impl FoundDifference {
    /// The exception that it opens at its n-th time: the same for the same money, in whichever import it
    /// is found.
    fn exception(&self, time: usize) -> ExceptionId {
        let transaction_id = self.transaction_id.as_ref();
        let money =
            transaction_id.map_or(self.payment.out_trade_no.as_str(), TransactionId::as_str);
        let mut about = match &self.money {
            BilledMoney::Payment => money.to_owned(),
            BilledMoney::Refund(refund_no) => format!("{money}\n{refund_no}"),
            BilledMoney::UnnumberedRefund { minor, nth } => {
                format!("{money}\n\nrefund {minor} {nth}")
            }
        };
        if time > FIRST_TIME {
            about = format!("{about}\n\n{time}");
        }
        let kind = ExceptionKind::Bill(self.difference);
        ExceptionId::derive(&self.payment.account, &about, kind)
    }

    /// Whether that exception tells of these amounts.
    fn is_told_by(&self, exception: &OpenedException) -> bool {
        let told = |stated: &Option<StatedMoney>| stated.as_ref().map(|stated| stated.amount);
        (told(&exception.expected), told(&exception.received)) == (self.here, self.there)
    }

    fn event(self, time: usize) -> BillDifferenceFound {
        BillDifferenceFound {
            exception: self.exception(time),
            payment: self.payment,
            transaction_id: self.transaction_id,
            refund_no: match self.money {
                BilledMoney::Refund(refund_no) => Some(refund_no),
                BilledMoney::Payment | BilledMoney::UnnumberedRefund { .. } => None,
            },
            difference: self.difference,
            here: self.here,
            there: self.there,
        }
    }
}

/// The exceptions of a bill by their names, to find those that one difference has opened so far.
struct Known<'a>(BTreeMap<&'a ExceptionId, &'a OpenedException>);

impl<'a> Known<'a> {
    fn of(bill: &'a Bill) -> Self {
        let exceptions = bill.exceptions.iter();
        Self(exceptions.map(|known| (&known.id, known)).collect())
    }

    /// In the order of their times.
    fn of_difference(&self, found: &FoundDifference) -> impl Iterator<Item = &'a OpenedException> {
        (FIRST_TIME..).map_while(|time| self.0.get(&found.exception(time)).copied())
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
        BillCommand::Settle(settled) => {
            let ids = ids_of(bill, &settled);
            Ok(settle(bill, |id| ids.contains(id)))
        }
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

/// What differs again after it did so no more is told again, and what differs in other amounts than
/// before instead of that; what a person has dismissed is not.
fn note(bill: &Bill, found: Vec<FoundDifference>) -> Vec<BillEvent> {
    let known = Known::of(bill);
    let mut noted = BTreeSet::new();
    let mut events = Vec::new();
    for found in found {
        if !noted.insert(found.exception(FIRST_TIME)) {
            continue;
        }
        let before: Vec<&OpenedException> = known.of_difference(&found).collect();
        let told_otherwise = before
            .iter()
            .filter(|known| known.resolution.is_none() && !found.is_told_by(known));
        events.extend(told_otherwise.map(|known| ended(known)));
        let is_told =
            |known: &&OpenedException| !has_ended_by_itself(known) && found.is_told_by(known);
        if !before.iter().any(is_told) {
            let time = before.len() + FIRST_TIME;
            events.push(BillEvent::BillDifferenceFound(found.event(time)));
        }
    }
    events
}

fn has_ended_by_itself(exception: &OpenedException) -> bool {
    let resolution = exception.resolution.as_ref();
    resolution.is_some_and(|resolution| resolution.by == Resolver::Events)
}

/// Every exception that these differences have opened.
fn ids_of(bill: &Bill, differences: &[FoundDifference]) -> BTreeSet<ExceptionId> {
    let known = Known::of(bill);
    let exceptions = differences
        .iter()
        .flat_map(|found| known.of_difference(found));
    exceptions.map(|exception| exception.id.clone()).collect()
}

/// Ends what is open.
fn settle(bill: &Bill, is_settled: impl Fn(&ExceptionId) -> bool) -> Vec<BillEvent> {
    let open = bill
        .exceptions
        .iter()
        .filter(|known| known.resolution.is_none());
    open.filter(|known| is_settled(&known.id))
        .map(ended)
        .collect()
}

fn ended(exception: &OpenedException) -> BillEvent {
    BillEvent::ExceptionResolved(ExceptionResolved {
        exception: exception.id.clone(),
        kind: exception.kind,
        action: ResolutionAction::Dismiss,
        by: Resolver::Events,
        order_no: None,
        note: None,
    })
}

fn conclude(bill: &Bill, imported: BillImported, found: &[FoundDifference]) -> Vec<BillEvent> {
    let same = |known: &BillImported| known.digest == imported.digest;
    if bill.imported.as_ref().is_some_and(same) {
        return Vec::new();
    }
    let found = ids_of(bill, found);
    let mut events = settle(bill, |id| !found.contains(id));
    events.push(BillEvent::BillImported(imported));
    events
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

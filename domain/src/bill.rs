//! The stream of a gateway's bill of one day: what it held, and in what it differs from the events.

mod row;

pub use row::{
    BillEntry, BillRow, BillSummary, BilledPayment, BilledRefund, Movement, MovementKind,
    RefusedBill,
};

use crate::command::{Rejection, ResolveException};
use crate::dismissal;
use crate::event::{BillDifference, BillDifferenceFound, BillEvent, BillImported};
use crate::exception::{ExceptionId, ExceptionKind};
use crate::order::{OpenedException, StatedMoney};
use crate::{Money, PaymentRef, Timestamp, TransactionId};

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
    /// The bill was read whole and matched.
    Import {
        /// What it held.
        imported: BillImported,
        /// In what it differs from the events.
        differences: Vec<FoundDifference>,
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
    /// In what the two differ.
    pub difference: BillDifference,
    /// As the events have it.
    pub here: Option<Money>,
    /// As the bill has it.
    pub there: Option<Money>,
}

/// What `command` makes of the bill. The same bill again is already so; another one of the same day
/// adds what it differs in anew.
///
/// # Errors
///
/// A decision about an exception that may not be is told why.
pub fn decide_bill(bill: &Bill, command: BillCommand) -> Result<Vec<BillEvent>, Rejection> {
    match command {
        BillCommand::Import {
            imported,
            differences,
        } => Ok(import(bill, imported, differences)),
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

fn import(bill: &Bill, imported: BillImported, found: Vec<FoundDifference>) -> Vec<BillEvent> {
    let same = |known: &BillImported| known.digest == imported.digest;
    if bill.imported.as_ref().is_some_and(same) {
        return Vec::new();
    }
    let differences = found.into_iter().map(found_difference).filter(|found| {
        let known = |open: &OpenedException| open.id == found.exception;
        !bill.exceptions.iter().any(known)
    });
    let mut events: Vec<BillEvent> = differences.map(BillEvent::BillDifferenceFound).collect();
    events.insert(0, BillEvent::BillImported(imported));
    events
}

fn found_difference(found: FoundDifference) -> BillDifferenceFound {
    let about = match &found.transaction_id {
        Some(transaction_id) => transaction_id.as_str(),
        None => found.payment.out_trade_no.as_str(),
    };
    let kind = ExceptionKind::Bill(found.difference);
    BillDifferenceFound {
        exception: ExceptionId::derive(&found.payment.account, about, kind),
        payment: found.payment,
        transaction_id: found.transaction_id,
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
        refund_no: None,
        expected: found.here.map(stated),
        received: found.there.map(stated),
        contradiction: None,
        opened_at: at,
        resolution: None,
    }
}

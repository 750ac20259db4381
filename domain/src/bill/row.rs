//! What a gateway's bill holds, in the domain's words: its rows, and the day and figures that it
//! states of itself. Adapters read a bill into these; what a row means to the events is the caller's
//! part.

use crate::{Money, OutTradeNo, RefundNo, Timestamp, TransactionId};

/// A row of a bill.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BillRow {
    /// Its line in the bill, from 1.
    pub line: u64,
    /// What the gateway charged for it, in the minor unit; negative where it gave some back.
    pub fee_minor: i64,
    /// Whose it is, and what it tells.
    pub entry: BillEntry,
}

/// Whose a row is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BillEntry {
    /// Money of the account's own applications.
    Own(Movement),
    /// Money of another application of the same merchant.
    Foreign,
}

/// Money that moved, as a bill states it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Movement {
    /// The payment's number.
    pub out_trade_no: OutTradeNo,
    /// The gateway's number of the payment's money.
    pub transaction_id: TransactionId,
    /// The order's amount of a payment, what was asked to be given back of a refund; never negative.
    pub amount: Money,
    /// When the gateway counts it.
    pub at: Timestamp,
    /// In which direction, and how it stands.
    pub kind: MovementKind,
}

/// In which direction money moved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MovementKind {
    /// From the buyer.
    Payment(BilledPayment),
    /// Back to the buyer.
    Refund {
        /// The merchant's number of the refund, where stated.
        refund_no: Option<RefundNo>,
        /// How it stood when the bill was written.
        state: BilledRefund,
    },
}

/// How a bill says that a payment stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BilledPayment {
    /// Paid.
    Paid,
    /// Taken back whole before it was settled.
    Revoked,
}

/// How a bill says that a refund stands: a snapshot, which the refund may have left since.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BilledRefund {
    /// With the buyer.
    Succeeded,
    /// On its way.
    Processing,
    /// Stuck, refused or closed.
    Failed,
}

/// What a bill states of itself, once it was read whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BillSummary {
    /// Its day, `YYYY-MM-DD` in Asia/Shanghai.
    pub date: String,
    /// SHA-256 of what it tells, however it was packed.
    pub digest: [u8; 32],
    /// Its rows.
    pub rows: u64,
}

/// Why a bill is refused as a whole.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the bill is refused at line {line}: found {found}, expected {expected}")]
pub struct RefusedBill {
    /// The line, from 1; 0 where it cannot be opened.
    pub line: u64,
    /// What was found. Nothing of a buyer's.
    pub found: String,
    /// What was expected.
    pub expected: String,
}

impl RefusedBill {
    /// A refusal at a line. What was found is cut to what a person reads.
    pub fn new(line: u64, found: impl AsRef<str>, expected: impl Into<String>) -> Self {
        const MOST: usize = 80;
        let found = found.as_ref();
        Self {
            line,
            found: match found.char_indices().nth(MOST) {
                Some((end, _)) => format!("{}…", found.split_at(end).0),
                None => found.to_owned(),
            },
            expected: expected.into(),
        }
    }
}

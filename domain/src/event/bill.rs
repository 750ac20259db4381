//! The events of a gateway's bill of one day.

use crate::exception::ExceptionId;
use crate::{AccountName, Currency, Money, OutTradeNo, PaymentRef, RefundNo, TransactionId};

/// See [`BillEvent::BillImported`](super::BillEvent::BillImported).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BillImported {
    /// The account.
    pub account: AccountName,
    /// The bill's day, `YYYY-MM-DD` in Asia/Shanghai.
    pub date: String,
    /// SHA-256 of the bill as read, so that a second import is known.
    pub digest: [u8; 32],
    /// Payment rows and their sum.
    pub payments: u64,
    /// Sum of the payment rows, in the minor unit.
    pub paid_minor: i64,
    /// Refund rows.
    pub refunds: u64,
    /// Sum of the refund rows, in the minor unit.
    pub refunded_minor: i64,
    /// The gateway's fees, in the minor unit.
    pub fee_minor: i64,
    /// Rows of the merchant's other applications.
    pub foreign: u64,
    /// The currency of the sums.
    pub currency: Currency,
    /// Money that the events have at the edge of the day and this bill lacks; a neighbour day's may
    /// have it.
    pub awaited: Vec<NeighbourRow>,
    /// Money of this bill that the events have on a neighbour day.
    pub carried: Vec<NeighbourRow>,
}

/// Money that stands, or may stand, in the bill of the day before or after: the gateway's clocks and
/// its messages differ by seconds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NeighbourRow {
    /// The neighbour day, `YYYY-MM-DD` in Asia/Shanghai.
    pub date: String,
    /// The payment's number.
    pub out_trade_no: OutTradeNo,
    /// The transaction.
    pub transaction_id: TransactionId,
    /// The refund, where it is one.
    pub refund_no: Option<RefundNo>,
    /// How much, as the events have it, where they say.
    pub amount: Option<Money>,
}

/// See [`BillEvent::BillDifferenceFound`](super::BillEvent::BillDifferenceFound).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BillDifferenceFound {
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
    /// The exception that it opens.
    pub exception: ExceptionId,
}

/// In what a bill and the events differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BillDifference {
    /// The bill has it, the events do not.
    MissingHere,
    /// The events have it, the bill does not.
    MissingThere,
    /// Both have it, with other amounts.
    OtherAmount,
    /// Both have it, in other states.
    OtherState,
}

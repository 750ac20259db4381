//! The forms of the events of a bill's stream.

use payfold_domain::event::{BillDifference, BillDifferenceFound, BillImported, NeighbourRow};
use payfold_domain::exception::ExceptionId;
use payfold_domain::{AccountName, Currency, Money, OutTradeNo, RefundNo, TransactionId};
use serde::{Deserialize, Serialize};

use super::field::{Amount, Digest, Text, payment, plain, text};
use super::form::{Form, Mismatch};

#[derive(Serialize, Deserialize)]
pub(super) struct BillImportedData {
    account: Text<AccountName>,
    date: String,
    digest: Digest,
    currency: Text<Currency>,
    payments: u64,
    paid_minor: i64,
    refunds: u64,
    refunded_minor: i64,
    fee_minor: i64,
    foreign: u64,
    awaited: Vec<NeighbourRowData>,
    carried: Vec<NeighbourRowData>,
}

#[derive(Serialize, Deserialize)]
struct NeighbourRowData {
    date: String,
    out_trade_no: Text<OutTradeNo>,
    transaction_id: Text<TransactionId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    refund_no: Option<Text<RefundNo>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    amount: Option<Amount>,
}

impl From<&NeighbourRow> for NeighbourRowData {
    fn from(row: &NeighbourRow) -> Self {
        Self {
            date: row.date.clone(),
            out_trade_no: Text(row.out_trade_no.clone()),
            transaction_id: Text(row.transaction_id.clone()),
            refund_no: text(row.refund_no.as_ref()),
            amount: row.amount.map(Amount::from),
        }
    }
}

impl From<NeighbourRowData> for NeighbourRow {
    fn from(data: NeighbourRowData) -> Self {
        Self {
            date: data.date,
            out_trade_no: data.out_trade_no.0,
            transaction_id: data.transaction_id.0,
            refund_no: plain(data.refund_no),
            amount: data.amount.map(Money::from),
        }
    }
}

impl Form for BillImported {
    type Data = BillImportedData;

    fn data(&self) -> BillImportedData {
        BillImportedData {
            account: Text(self.account.clone()),
            date: self.date.clone(),
            digest: Digest(self.digest),
            currency: Text(self.currency),
            payments: self.payments,
            paid_minor: self.paid_minor,
            refunds: self.refunds,
            refunded_minor: self.refunded_minor,
            fee_minor: self.fee_minor,
            foreign: self.foreign,
            awaited: self.awaited.iter().map(NeighbourRowData::from).collect(),
            carried: self.carried.iter().map(NeighbourRowData::from).collect(),
        }
    }

    fn event(data: BillImportedData) -> Result<Self, Mismatch> {
        Ok(Self {
            account: data.account.0,
            date: data.date,
            digest: data.digest.0,
            payments: data.payments,
            paid_minor: data.paid_minor,
            refunds: data.refunds,
            refunded_minor: data.refunded_minor,
            fee_minor: data.fee_minor,
            foreign: data.foreign,
            currency: data.currency.0,
            awaited: data.awaited.into_iter().map(NeighbourRow::from).collect(),
            carried: data.carried.into_iter().map(NeighbourRow::from).collect(),
        })
    }
}

#[derive(Serialize, Deserialize)]
pub(super) struct BillDifferenceFoundData {
    account: Text<AccountName>,
    out_trade_no: Text<OutTradeNo>,
    #[serde(skip_serializing_if = "Option::is_none")]
    transaction_id: Option<Text<TransactionId>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    refund_no: Option<Text<RefundNo>>,
    difference: Text<BillDifference>,
    #[serde(skip_serializing_if = "Option::is_none")]
    here: Option<Amount>,
    #[serde(skip_serializing_if = "Option::is_none")]
    there: Option<Amount>,
    exception: Text<ExceptionId>,
}

impl Form for BillDifferenceFound {
    type Data = BillDifferenceFoundData;

    fn data(&self) -> BillDifferenceFoundData {
        BillDifferenceFoundData {
            account: Text(self.payment.account.clone()),
            out_trade_no: Text(self.payment.out_trade_no.clone()),
            transaction_id: text(self.transaction_id.as_ref()),
            refund_no: text(self.refund_no.as_ref()),
            difference: Text(self.difference),
            here: self.here.map(Amount::from),
            there: self.there.map(Amount::from),
            exception: Text(self.exception.clone()),
        }
    }

    fn event(data: BillDifferenceFoundData) -> Result<Self, Mismatch> {
        Ok(Self {
            payment: payment(data.account, data.out_trade_no),
            transaction_id: plain(data.transaction_id),
            refund_no: plain(data.refund_no),
            difference: data.difference.0,
            here: data.here.map(Money::from),
            there: data.there.map(Money::from),
            exception: data.exception.0,
        })
    }
}

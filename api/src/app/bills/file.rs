//! Reading a bill by its account's adapter, whole each time: once to know that it stands, once to hold
//! its rows against the events.

use std::io::{Read, Seek, SeekFrom};

use payfold_domain::bill::{BillRow, BillSummary, Movement, MovementKind, RefusedBill};
use payfold_projections::Day;
use payfold_wechatpay::BillProof;
use sha2::{Digest, Sha256};

use crate::app::accounts::{Account, GatewayAccount};

/// A bill's bytes, that can be read again.
pub trait BillFile: Read + Seek + Send + 'static {}

impl<T: Read + Seek + Send + 'static> BillFile for T {}

/// What must be so of a bill beside what stands in it.
#[derive(Debug, Clone)]
pub enum AskedBill {
    /// Nothing: an operator brings it.
    ByHand,
    /// It was fetched.
    Fetched {
        /// For this day.
        day: Day,
        /// SHA-1 of the bill before it was packed, as WeChat Pay stated it.
        sha1: Option<[u8; 20]>,
    },
    /// The gateway says that nothing happened on this day; there is no file.
    NoRows(Day),
}

/// What a bill holds, added up. Foreign rows are counted and nothing more.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Sums {
    pub(super) payments: u64,
    pub(super) paid_minor: i64,
    pub(super) refunds: u64,
    pub(super) refunded_minor: i64,
    pub(super) fee_minor: i64,
    pub(super) foreign: u64,
}

impl Sums {
    pub(super) fn add_foreign(&mut self) {
        self.foreign += 1;
    }

    pub(super) fn add(&mut self, movement: &Movement, fee_minor: i64) {
        self.fee_minor = self.fee_minor.saturating_add(fee_minor);
        let minor = movement.amount.minor;
        match &movement.kind {
            MovementKind::Payment(_) => {
                self.payments += 1;
                self.paid_minor = self.paid_minor.saturating_add(minor);
            }
            MovementKind::Refund { .. } => {
                self.refunds += 1;
                self.refunded_minor = self.refunded_minor.saturating_add(minor);
            }
        }
    }

    /// Takes these figures out again, whose rows turned out to be foreign.
    pub(super) fn without(self, foreign: Self) -> Self {
        Self {
            payments: self.payments.saturating_sub(foreign.payments),
            paid_minor: self.paid_minor.saturating_sub(foreign.paid_minor),
            refunds: self.refunds.saturating_sub(foreign.refunds),
            refunded_minor: self.refunded_minor.saturating_sub(foreign.refunded_minor),
            fee_minor: self.fee_minor.saturating_sub(foreign.fee_minor),
            foreign: self.foreign + foreign.payments + foreign.refunds,
        }
    }
}

/// Reads the bill from its start, and gives out each row.
pub(super) fn read(
    account: &Account,
    bill: &mut impl BillFile,
    asked: &AskedBill,
    each: impl FnMut(BillRow),
) -> Result<BillSummary, RefusedBill> {
    let (day, sha1) = match asked {
        AskedBill::ByHand => (None, None),
        AskedBill::Fetched { day, sha1 } => (Some(day.to_string()), *sha1),
        AskedBill::NoRows(day) => {
            return Ok(BillSummary {
                date: day.to_string(),
                digest: Sha256::digest([]).into(),
                rows: 0,
            });
        }
    };
    bill.seek(SeekFrom::Start(0))
        .map_err(|error| RefusedBill::new(0, error.to_string(), "a readable file"))?;
    let summary = match &account.gateway {
        GatewayAccount::Alipay(alipay) => alipay.read_bill(bill, each)?,
        GatewayAccount::WechatPay(wechatpay) => {
            let date = day.as_deref();
            wechatpay.read_bill(bill, BillProof { sha1, date }, each)?
        }
    };
    match day {
        Some(day) if day != summary.date => Err(RefusedBill::new(
            0,
            format!("the bill of {}", summary.date),
            format!("that of {day}"),
        )),
        Some(_) | None => Ok(summary),
    }
}

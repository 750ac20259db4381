//! The sums at the end of a bill, held against what its rows give.

use payfold_domain::bill::RefusedBill;

use super::amounts::{PARTS_OF_A_FEN, parts};
use super::columns::{Cells, Columns};
use super::lines::Line;

/// The names of the sums, each with the column that it sums 「申请交易账单」.
const SUMMED: [(&str, Summed); 10] = [
    ("应结订单总金额", Summed::Settled),
    ("退款总金额", Summed::Refunded),
    ("充值券退款总金额", Summed::RefundedCoupons),
    ("手续费总金额", Summed::Fee),
    ("订单总金额", Summed::Ordered),
    ("申请退款总金额", Summed::RefundAsked),
    // As older accounts name them.
    ("总交易额", Summed::Settled),
    ("总退款金额", Summed::Refunded),
    ("总代金券或立减优惠退款金额", Summed::RefundedCoupons),
    ("总企业红包退款金额", Summed::RefundedCoupons),
];

/// What is summed up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Summed {
    Settled,
    Refunded,
    RefundedCoupons,
    Fee,
    Ordered,
    RefundAsked,
}

/// The figures that the rows give, in hundred-thousandths of a yuan.
#[derive(Debug, Default)]
pub(super) struct Sums {
    rows: u64,
    settled: i64,
    refunded: i64,
    refunded_coupons: i64,
    fee: i64,
    ordered: i64,
    refund_asked: i64,
}

impl Sums {
    pub(super) fn rows(&self) -> u64 {
        self.rows
    }

    /// Adds a row, unless a sum would be more than can be counted: no bill comes to that.
    pub(super) fn add(&mut self, cells: &Cells<'_>, line: u64) -> Result<(), RefusedBill> {
        self.rows += 1;
        for (sum, amount) in [
            (&mut self.settled, cells.settled),
            (&mut self.refunded, cells.refunded),
            (&mut self.refunded_coupons, cells.refunded_coupons),
            (&mut self.fee, cells.fee),
            (&mut self.ordered, cells.ordered.unwrap_or(0)),
            (&mut self.refund_asked, cells.refund_asked.unwrap_or(0)),
        ] {
            *sum = sum.checked_add(amount).ok_or_else(|| {
                let found = "an amount with which a sum is too large";
                RefusedBill::new(line, found, "sums that can be counted")
            })?;
        }
        Ok(())
    }

    /// Compares the figures that the bill states. A figure is as exact as it is written.
    pub(super) fn check(
        &self,
        header: &str,
        values: Option<&Line<'_>>,
        columns: &Columns,
    ) -> Result<(), RefusedBill> {
        let Some(values) = values else {
            let at = self.rows + 2;
            return Err(RefusedBill::new(at, "the end", "the values of the sums"));
        };
        let at = values.number;
        let names: Vec<&str> = header.split(',').map(str::trim).collect();
        let stated: Vec<&str> = match values.text.strip_prefix('`') {
            Some(values) => values.split(",`").map(str::trim).collect(),
            None => Vec::new(),
        };
        if names.len() != stated.len() {
            let found = format!("{} values", stated.len());
            let expected = format!("{}, one for each sum, behind backticks", names.len());
            return Err(RefusedBill::new(at, found, expected));
        }
        let refused = |name: &str, found: &str, expected: String| {
            RefusedBill::new(at, format!("{found} as {name}"), expected)
        };
        for (name, text) in names.into_iter().zip(stated) {
            if name == "总交易单数" {
                // It may be written with a decimal.
                let rows = text.strip_suffix(".0").unwrap_or(text);
                if rows.parse() != Ok(self.rows) {
                    return Err(refused(name, text, format!("the {} rows", self.rows)));
                }
                continue;
            }
            let known = SUMMED.iter().find(|(known, _)| *known == name);
            let Some(sum) = known.and_then(|(_, summed)| self.of(*summed, columns)) else {
                continue;
            };
            if !parts(text).is_some_and(|stated| agree(stated, sum, text)) {
                let summed = written(sum);
                return Err(refused(
                    name,
                    text,
                    format!("{summed}, which the rows give"),
                ));
            }
        }
        Ok(())
    }

    /// `None` where the rows do not have the column.
    fn of(&self, summed: Summed, columns: &Columns) -> Option<i64> {
        match summed {
            Summed::Settled => Some(self.settled),
            Summed::Refunded => Some(self.refunded),
            Summed::RefundedCoupons => columns
                .have_refunded_coupons()
                .then_some(self.refunded_coupons),
            Summed::Fee => Some(self.fee),
            Summed::Ordered => columns.have_ordered().then_some(self.ordered),
            Summed::RefundAsked => columns.have_refund_asked().then_some(self.refund_asked),
        }
    }
}

/// Whether two figures are the same, as exactly as one of them is written.
fn agree(stated: i64, sum: i64, text: &str) -> bool {
    let decimals = text
        .split_once('.')
        .map_or(0, |(_, decimals)| decimals.len());
    let tolerance = if decimals > 2 { 0 } else { PARTS_OF_A_FEN / 2 };
    stated.abs_diff(sum) <= tolerance.unsigned_abs()
}

fn written(parts: i64) -> String {
    let sign = if parts < 0 { "-" } else { "" };
    let parts = parts.unsigned_abs();
    format!("{sign}{}.{:05}", parts / 100_000, parts % 100_000)
}

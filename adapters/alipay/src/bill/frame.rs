//! The comment lines that frame a bill: whose it is, of which day, and the sums at its end.

use std::io::BufRead;

use chrono::{Days, NaiveDate, NaiveDateTime, NaiveTime};
use payfold_domain::Money;
use payfold_domain::bill::RefusedBill;

use super::amounts;
use super::columns::Cells;
use super::lines::{Line, Lines};

/// Whose a bill is, and of which day, as far as its lines have told.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Frame {
    account: Option<String>,
    day: Option<NaiveDate>,
}

impl Frame {
    /// Takes in a comment line that stands before the rows.
    pub(super) fn read(&mut self, line: &Line<'_>) -> Result<(), RefusedBill> {
        if let Some(account) = line.text.strip_prefix("#账号：") {
            self.account = Some(account.trim().trim_matches(['[', ']']).to_owned());
        }
        if line.text.starts_with("#起始日期") {
            let refused = || {
                let expected = "起始日期 and 终止日期 of one day, midnight to midnight";
                RefusedBill::new(line.number, &line.text, expected)
            };
            self.day = Some(one_day(&line.text).ok_or_else(refused)?);
        }
        Ok(())
    }

    /// Refuses the bill of another merchant, once its account was read.
    pub(super) fn hold_to(&self, seller_id: &str, at: u64) -> Result<(), RefusedBill> {
        match &self.account {
            Some(account) if !is_of(account, seller_id) => Err(RefusedBill::new(
                at,
                format!("the bill of {account}"),
                format!("that of the account's own seller_id, {seller_id}"),
            )),
            Some(_) | None => Ok(()),
        }
    }

    /// The day, once both lines were read.
    pub(super) fn day(&self, at: u64) -> Result<NaiveDate, RefusedBill> {
        match (&self.account, self.day) {
            (Some(_), Some(day)) => Ok(day),
            _ => Err(RefusedBill::new(
                at,
                "no #账号 or no #起始日期 before the rows",
                "both",
            )),
        }
    }
}

/// Reads the file of sums, which has to be of the same account and day as the rows. What it sums by
/// shops the file of rows sums as a whole, so its figures prove nothing more.
pub(super) fn read_sums(mut lines: Lines<impl BufRead>, of: &Frame) -> Result<(), RefusedBill> {
    let mut frame = Frame::default();
    while let Some(line) = lines.next()? {
        frame.read(&line)?;
    }
    if frame == *of {
        Ok(())
    } else {
        Err(RefusedBill::new(
            lines.count(),
            "a file of sums of another account or day",
            "those of the file of rows",
        ))
    }
}

/// A bill names the account by its `seller_id` and a suffix that is always the same.
fn is_of(account: &str, seller_id: &str) -> bool {
    account
        .strip_prefix(seller_id)
        .is_some_and(|suffix| matches!(suffix, "" | "0156"))
}

/// The day from the two times in the line. The second is the next midnight, or the second before it.
fn one_day(line: &str) -> Option<NaiveDate> {
    let mut times = line
        .split('[')
        .skip(1)
        .map(|rest| rest.split(']').next().and_then(time));
    let (from, to) = (times.next()??, times.next()??);
    let next = from.checked_add_days(Days::new(1))?;
    let last = NaiveTime::from_hms_opt(23, 59, 59)?;
    let whole = from.time() == NaiveTime::MIN && (to == next || to == from.date().and_time(last));
    (whole && times.next().is_none()).then(|| from.date())
}

fn time(text: &str) -> Option<NaiveDateTime> {
    NaiveDateTime::parse_from_str(text, "%Y年%m月%d日 %H:%M:%S").ok()
}

/// How many rows of a kind there are, and what they come to, in fen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Sums {
    pub(super) rows: u64,
    /// Of 商家实收.
    pub(super) received: i64,
    /// Of 商家优惠, where the bill has that column.
    pub(super) discount: Option<i64>,
}

impl Sums {
    /// Adds a row, unless a sum would be more than can be counted: no bill comes to that.
    pub(super) fn add(&mut self, cells: &Cells<'_>, line: u64) -> Result<(), RefusedBill> {
        let refused = || {
            let found = "an amount with which a sum is too large";
            RefusedBill::new(line, found, "sums that can be counted")
        };
        let added = |sum: i64, amount| sum.checked_add(amount).ok_or_else(refused);
        self.rows += 1;
        self.received = added(self.received, cells.received)?;
        if let Some(discount) = &mut self.discount {
            *discount = added(*discount, cells.discount.unwrap_or(0))?;
        }
        Ok(())
    }

    /// Holds the figures that a line states (`…合计：N笔，商家实收共X元，商家优惠共Y元`) against what the
    /// rows gave.
    pub(super) fn check(&self, line: &Line<'_>, stated: &str) -> Result<(), RefusedBill> {
        let fits = match figures(stated) {
            Some((rows, received, discount)) => {
                rows == self.rows
                    && received == self.received
                    && match (discount, self.discount) {
                        (Some(stated), Some(summed)) => stated == summed,
                        (Some(_), None) | (None, Some(_) | None) => true,
                    }
            }
            None => false,
        };
        if fits {
            return Ok(());
        }
        let mut expected = format!(
            "what the rows give: {}笔，共{}元",
            self.rows,
            Money::cny(self.received).to_yuan()
        );
        if let Some(discount) = self.discount {
            expected.push_str(&format!("，优惠共{}元", Money::cny(discount).to_yuan()));
        }
        Err(RefusedBill::new(line.number, &line.text, expected))
    }
}

/// The count and the one or two sums of a line.
fn figures(stated: &str) -> Option<(u64, i64, Option<i64>)> {
    let (rows, sums) = stated.split_once('笔')?;
    let mut sums = sums
        .split('共')
        .skip(1)
        .map(|rest| rest.split('元').next().and_then(amounts::fen));
    let received = sums.next()??;
    let discount = match sums.next() {
        Some(discount) => Some(discount?),
        None => None,
    };
    Some((rows.trim().parse().ok()?, received, discount))
}

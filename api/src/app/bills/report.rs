//! What came of an import, for whoever asked for it.

use std::fmt;

use payfold_domain::Money;
use payfold_domain::bill::{BilledMoney, FoundDifference};
use payfold_domain::event::BillDifference;

use super::file::Sums;
use crate::control::Mode;

/// How many rows a dry run shows.
const SHOWN: usize = 100;

/// What came of an import.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BillReport {
    /// The account.
    pub(super) account: String,
    /// The day.
    pub(super) date: String,
    pub(super) rows: u64,
    pub(super) sums: Sums,
    pub(super) outcome: Outcome,
}

/// Whether the bill was matched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It had been before.
    Known,
    /// It was now.
    Matched(Matched),
}

/// What the matching found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Matched {
    pub(super) mode: Mode,
    /// Rows that the events have too.
    pub(super) matched: u64,
    /// Rows that they have by now, for the gateway was asked.
    pub(super) taken_in: u64,
    /// Rows that would be asked about.
    pub(super) to_ask: u64,
    /// What the events have of the day and the bill lacks.
    pub(super) lacks: u64,
    /// What of it a neighbour day's bill may have.
    pub(super) awaited: u64,
    /// Differences, by their kind.
    pub(super) missing_here: u64,
    pub(super) missing_there: u64,
    pub(super) other_amount: u64,
    pub(super) other_state: u64,
    /// Of a dry run, what it found, as far as it is shown.
    pub(super) rows: Vec<ShownRow>,
}

/// A row that differs, or would be asked about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ShownRow {
    pub(super) what: &'static str,
    /// Where it stands in the bill, if it does.
    pub(super) line: Option<u64>,
    pub(super) found: FoundDifference,
}

impl BillReport {
    /// Whether the events have money of the day that the bill lacks.
    pub(crate) fn lacks_money(&self) -> bool {
        match &self.outcome {
            Outcome::Known => false,
            Outcome::Matched(matched) => matched.lacks > 0,
        }
    }
}

impl Matched {
    pub(super) fn nothing(mode: Mode) -> Self {
        Self {
            mode,
            matched: 0,
            taken_in: 0,
            to_ask: 0,
            lacks: 0,
            awaited: 0,
            missing_here: 0,
            missing_there: 0,
            other_amount: 0,
            other_state: 0,
            rows: Vec::new(),
        }
    }

    pub(super) fn count(&mut self, difference: BillDifference) {
        match difference {
            BillDifference::MissingHere => self.missing_here += 1,
            BillDifference::MissingThere => self.missing_there += 1,
            BillDifference::OtherAmount => self.other_amount += 1,
            BillDifference::OtherState => self.other_state += 1,
        }
    }
}

impl fmt::Display for BillReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            account,
            date,
            rows,
            sums,
            outcome,
        } = self;
        let matched = match outcome {
            Outcome::Known => {
                return write!(
                    f,
                    "the bill of {account} of {date} was imported before: nothing to do"
                );
            }
            Outcome::Matched(matched) => matched,
        };
        match matched.mode {
            Mode::Apply => writeln!(f, "the bill of {account} of {date}, imported")?,
            Mode::DryRun => writeln!(
                f,
                "the bill of {account} of {date}, looked at; nothing is changed"
            )?,
        }
        writeln!(f, "rows           {rows}")?;
        writeln!(f, "matched        {}", matched.matched)?;
        match matched.mode {
            Mode::Apply => writeln!(f, "taken in       {}", matched.taken_in)?,
            Mode::DryRun => writeln!(f, "to be asked    {}", matched.to_ask)?,
        }
        writeln!(f, "foreign        {}", sums.foreign)?;
        writeln!(f, "awaited        {}", matched.awaited)?;
        writeln!(f, "missing here   {}", matched.missing_here)?;
        writeln!(f, "missing there  {}", matched.missing_there)?;
        writeln!(f, "other amount   {}", matched.other_amount)?;
        writeln!(f, "other state    {}", matched.other_state)?;
        let yuan = |minor| Money::cny(minor).to_yuan();
        writeln!(
            f,
            "payments       {}, {} CNY",
            sums.payments,
            yuan(sums.paid_minor)
        )?;
        writeln!(
            f,
            "refunds        {}, {} CNY",
            sums.refunds,
            yuan(sums.refunded_minor)
        )?;
        write!(f, "fees           {} CNY", yuan(sums.fee_minor))?;
        write_rows(f, matched)
    }
}

fn write_rows(f: &mut fmt::Formatter<'_>, matched: &Matched) -> fmt::Result {
    let rows = &matched.rows;
    if rows.is_empty() {
        return Ok(());
    }
    write!(
        f,
        "\n\nline\tkind\tout_trade_no\ttransaction_id\trefund_no\there\tthere"
    )?;
    for row in rows.iter().take(SHOWN) {
        write!(f, "\n{row}")?;
    }
    let all = matched.to_ask
        + matched.missing_here
        + matched.missing_there
        + matched.other_amount
        + matched.other_state;
    match all.saturating_sub(u64::try_from(SHOWN).unwrap_or_default()) {
        0 => Ok(()),
        more => write!(f, "\nand {more} more"),
    }
}

impl fmt::Display for ShownRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let found = &self.found;
        let or_none = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
        let yuan = |money: Option<Money>| or_none(money.map(|money| money.to_yuan()));
        let refund_no = match &found.money {
            BilledMoney::Refund(refund_no) => refund_no.to_string(),
            BilledMoney::UnnumberedRefund { .. } => "(none)".to_owned(),
            BilledMoney::Payment => "-".to_owned(),
        };
        let cells = [
            or_none(self.line.map(|line| line.to_string())),
            self.what.to_owned(),
            found.payment.out_trade_no.to_string(),
            or_none(found.transaction_id.as_ref().map(ToString::to_string)),
            refund_no,
            yuan(found.here),
            yuan(found.there),
        ];
        f.write_str(&cells.join("\t"))
    }
}

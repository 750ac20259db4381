//! What is found of a bill, until it is stored, and how much of it may be found.

use std::collections::BTreeMap;

use payfold_domain::bill::FoundDifference;
use payfold_domain::event::NeighbourRow;
use payfold_domain::exception::ExceptionKind;
use payfold_projections::Day;

use super::edges::{Lack, NeighbourNews};
use super::file::Sums;
use super::judge::{Judged, Verdict};
use super::ledger::{Key, Ledger};
use super::report::{Matched, ShownRow};
use super::{BillError, Import};
use crate::control::Mode;

/// How many differences a bill may have. One with more is hardly of the same money, and people look at
/// each.
pub(super) const MOST_DIFFERENCES: usize = 10_000;

/// A difference, with the line of its row, where the bill has one.
#[derive(Debug)]
struct Located {
    line: Option<u64>,
    found: FoundDifference,
}

/// What is found of a bill.
pub(super) struct Findings {
    pub(super) sums: Sums,
    /// Of rows that turned out to be foreign.
    foreign: Sums,
    pub(super) matched: Matched,
    found: Vec<Located>,
    /// How many rows the gateway did not tell about, and the first of them.
    pub(super) unanswered: u64,
    unanswered_first: Vec<Located>,
    /// Rows that a dry run does not ask about.
    to_ask: Vec<Located>,
    pub(super) awaited: Vec<NeighbourRow>,
    pub(super) carried: Vec<NeighbourRow>,
    pub(super) beside: BTreeMap<Day, NeighbourNews>,
}

impl Findings {
    pub(super) fn of(import: &Import<'_>, matched: u64, carried: Vec<NeighbourRow>) -> Self {
        let mut findings = Self {
            sums: import.sums,
            foreign: Sums::default(),
            matched: Matched::nothing(import.mode),
            found: Vec::new(),
            unanswered: 0,
            unanswered_first: Vec::new(),
            to_ask: Vec::new(),
            awaited: Vec::new(),
            carried,
            beside: BTreeMap::new(),
        };
        findings.matched.matched = matched;
        findings
    }

    /// How many more differences there may be.
    pub(super) fn room(&self) -> usize {
        MOST_DIFFERENCES.saturating_sub(self.found.len())
    }

    /// Takes in judged rows.
    pub(super) fn take(
        &mut self,
        judged: Vec<Judged>,
        ledger: &mut Ledger,
    ) -> Result<(), BillError> {
        for Judged { row, ruling } in judged {
            let line = Some(row.line);
            self.carried.extend(ruling.carried);
            if let Some(key) = ruling.explains {
                ledger.mark(key);
            }
            match ruling.verdict {
                Verdict::Matched => self.matched.matched += 1,
                Verdict::TakenIn => self.matched.taken_in += 1,
                Verdict::ToAsk(found) => {
                    self.matched.to_ask += 1;
                    if self.to_ask.len() < MOST_DIFFERENCES {
                        self.to_ask.push(Located { line, found });
                    }
                }
                Verdict::Foreign => self.foreign.add(&row.movement, row.fee_minor),
                Verdict::Different(found) => self.differ(line, found)?,
                Verdict::Unanswered(found) => {
                    self.unanswered += 1;
                    if self.unanswered_first.len() < MOST_DIFFERENCES {
                        self.unanswered_first.push(Located { line, found });
                    }
                }
            }
        }
        Ok(())
    }

    /// Takes in what the bill lacks, unless a row has turned out to be it.
    pub(super) fn lack(
        &mut self,
        lacks: Vec<(Key, Lack)>,
        ledger: &mut Ledger,
    ) -> Result<(), BillError> {
        for (key, lack) in lacks {
            match lack {
                _ if !ledger.is_here_alone(key) => {}
                Lack::None => {}
                Lack::Awaited(row) => {
                    self.matched.lacks += 1;
                    self.matched.awaited += 1;
                    self.awaited.push(row);
                }
                Lack::Missing(found) => {
                    self.matched.lacks += 1;
                    self.differ(None, found)?;
                }
            }
        }
        Ok(())
    }

    fn differ(&mut self, line: Option<u64>, found: FoundDifference) -> Result<(), BillError> {
        if self.room() == 0 {
            return Err(BillError::TooDifferent);
        }
        self.matched.count(found.difference);
        self.found.push(Located { line, found });
        Ok(())
    }

    /// Puts everything into the order of the bill.
    pub(super) fn finish(
        &mut self,
        mode: Mode,
        beside: BTreeMap<Day, NeighbourNews>,
    ) -> Result<(), BillError> {
        if self.awaited.len() + self.carried.len() > MOST_DIFFERENCES {
            return Err(BillError::TooDifferent);
        }
        for rows in [&mut self.found, &mut self.unanswered_first] {
            rows.sort_by_key(|located| located.line.unwrap_or(u64::MAX));
        }
        self.sums = self.sums.without(self.foreign);
        self.beside = beside;
        let beside = self.beside.values().flat_map(|news| &news.missing);
        beside.for_each(|found| self.matched.count(found.difference));
        if mode == Mode::DryRun {
            self.matched.rows = self.shown();
        }
        Ok(())
    }

    fn shown(&self) -> Vec<ShownRow> {
        let kind = |found: &FoundDifference| ExceptionKind::Bill(found.difference).as_str();
        let row = |what, line, found: &FoundDifference| ShownRow {
            what,
            line,
            found: found.clone(),
        };
        let different = self.found.iter();
        let different = different.map(|one| row(kind(&one.found), one.line, &one.found));
        let to_ask = self.to_ask.iter();
        let to_ask = to_ask.map(|one| row("to be asked", one.line, &one.found));
        let beside = self.beside.values().flat_map(|news| &news.missing);
        let beside = beside.map(|found| row(kind(found), None, found));
        let mut rows: Vec<ShownRow> = different.chain(to_ask).chain(beside).collect();
        rows.sort_by_key(|row| row.line.unwrap_or(u64::MAX));
        rows
    }

    /// Every difference that is to be noted: those that may be none, too.
    pub(super) fn to_note(&self) -> Vec<FoundDifference> {
        let all = self.found.iter().chain(&self.unanswered_first);
        all.map(|located| located.found.clone()).collect()
    }
}

//! Reconciling a gateway's bill of one day with the events. The bill is read whole first; then its rows
//! are held against the money that the events have on that day; what is left over is looked up, asked
//! about at the gateway, and judged; what the bill lacks, too. Differences are stored first and the
//! import last, so that one that was cut off goes on when it is asked for again, and one that was
//! finished is not done twice.

mod edges;
mod file;
mod judge;
mod ledger;
mod report;
mod story;

use std::collections::BTreeMap;
use std::sync::Arc;

use payfold_domain::bill::{
    Bill, BillCommand, BillEntry, BillSummary, FoundDifference, RefusedBill,
};
use payfold_domain::event::{BillImported, NeighbourRow};
use payfold_domain::{AccountName, Currency};
use payfold_projections::Day;

use super::accounts::Account;
use super::aggregate::BillOf;
use super::upkeep::Progress;
use super::{App, AppError};
use crate::control::Mode;
use crate::world::WorkLost;
use edges::{Lack, NeighbourNews, Neighbours};
use file::Sums;
pub use file::{AskedBill, BillFile};
use judge::{Judge, Judged, LeftRow, Verdict};
use ledger::Ledger;
pub use report::BillReport;
use report::{Matched, Outcome};

/// How many differences a bill may have. One with more is hardly of the same money, and people look at
/// each.
const MOST_DIFFERENCES: usize = 10_000;

/// How many differences are stored at a time.
const AT_A_TIME: usize = 200;

/// Why a bill was not imported.
#[derive(Debug, thiserror::Error)]
pub enum BillError {
    /// It is refused whole.
    #[error(transparent)]
    Refused(#[from] RefusedBill),
    /// It is hardly this account's.
    #[error(
        "the bill and the events differ in more than {MOST_DIFFERENCES} places: nothing is stored of it; expected the bill of an account whose payments go through this payfold"
    )]
    TooDifferent,
    /// Rows are left to be asked about.
    #[error(
        "{rows} rows could not be asked about now, for the gateway does not answer; they are exceptions until the bill is imported again, what else was found is stored"
    )]
    Unfinished {
        /// How many.
        rows: u64,
    },
    /// Anything else.
    #[error(transparent)]
    App(#[from] AppError),
}

impl From<WorkLost> for BillError {
    fn from(lost: WorkLost) -> Self {
        Self::App(lost.into())
    }
}

/// A bill that stands, and is to be held against the events.
struct Import<'a> {
    account: &'a Arc<Account>,
    day: Day,
    summary: BillSummary,
    sums: Sums,
    mode: Mode,
}

/// The bill's rows and the day's events, held against each other.
struct Held {
    ledger: Ledger,
    neighbours: Neighbours,
    /// Rows that the events do not have just so.
    left: Vec<LeftRow>,
    matched: u64,
}

/// What is found of a bill, until it is stored.
struct Findings {
    sums: Sums,
    matched: Matched,
    found: Vec<FoundDifference>,
    /// Rows that could not be asked about.
    unasked: u64,
    awaited: Vec<NeighbourRow>,
    carried: Vec<NeighbourRow>,
    beside: BTreeMap<Day, NeighbourNews>,
}

impl App {
    /// Reconciles a bill with the account's events. The same bill again changes nothing.
    ///
    /// # Errors
    ///
    /// A bill that does not stand is refused whole, with the line. Where the gateway does not answer for
    /// some rows, all else is stored, and the same bill can be imported again.
    pub async fn import_bill(
        &self,
        account: &AccountName,
        file: impl BillFile,
        asked: AskedBill,
        mode: Mode,
        progress: &Progress,
    ) -> Result<BillReport, BillError> {
        let account = self.account(account)?;
        let (import, file) = self.read_whole(&account, file, &asked, mode).await?;
        let bill = import.bill();
        let known = self.fold_now::<Bill>(&bill).await?.state.imported;
        if known.is_some_and(|known| known.digest == import.summary.digest) {
            return Ok(import.report(import.sums, Outcome::Known));
        }
        progress.tell(format!(
            "{} rows of {}",
            import.summary.rows, import.summary.date
        ));
        let held = self.hold_against(&import, file, asked).await?;
        let findings = self.find(&import, held, progress).await?;
        if mode == Mode::Apply {
            self.store_findings(&import, &findings).await?;
        }
        Ok(import.report(findings.sums, Outcome::Matched(findings.matched)))
    }

    async fn read_whole<'a, F: BillFile>(
        &self,
        account: &'a Arc<Account>,
        mut file: F,
        asked: &AskedBill,
        mode: Mode,
    ) -> Result<(Import<'a>, F), BillError> {
        let (reader, asked) = (Arc::clone(account), asked.clone());
        let reading = move || {
            let mut sums = Sums::default();
            let read = file::read(&reader, &mut file, &asked, |row| match &row.entry {
                BillEntry::Foreign => sums.add_foreign(),
                BillEntry::Own(movement) => sums.add(movement, row.fee_minor),
            });
            read.map(|summary| (summary, sums, file))
        };
        let (summary, sums, file) = self.world.tasks.blocking(reading).await??;
        let day = Day::parse(&summary.date)
            .ok_or_else(|| RefusedBill::new(0, &summary.date, "a day, YYYY-MM-DD"))?;
        let import = Import {
            account,
            day,
            summary,
            sums,
            mode,
        };
        Ok((import, file))
    }

    async fn hold_against(
        &self,
        import: &Import<'_>,
        mut file: impl BillFile,
        asked: AskedBill,
    ) -> Result<Held, BillError> {
        let (account, day) = (Arc::clone(import.account), import.day);
        let mut held = Held {
            ledger: self.ledger(&account.name, account.gateway(), day).await?,
            neighbours: self.neighbours(&account.name, day).await?,
            left: Vec::new(),
            matched: 0,
        };
        let reading = move || {
            let read = file::read(&account, &mut file, &asked, |row| {
                if let BillEntry::Own(movement) = row.entry {
                    let here = held.ledger.match_row(&movement);
                    // The neighbour day's bill is not to miss what this one has, whoever knows of it.
                    let beside = held.neighbours.match_row(&movement);
                    if here || beside {
                        held.matched += 1;
                    } else {
                        held.left.push(LeftRow {
                            line: row.line,
                            fee_minor: row.fee_minor,
                            movement,
                        });
                    }
                }
            });
            read.map(|summary| (summary, held))
        };
        let (summary, held) = self.world.tasks.blocking(reading).await??;
        if summary != import.summary {
            let found = "another bill than a moment ago";
            return Err(RefusedBill::new(0, found, "a file that nobody writes").into());
        }
        Ok(held)
    }

    /// Judges what is left over on both sides.
    async fn find(
        &self,
        import: &Import<'_>,
        held: Held,
        progress: &Progress,
    ) -> Result<Findings, BillError> {
        let Held {
            mut ledger,
            neighbours,
            left,
            matched,
        } = held;
        let mut findings = Findings {
            sums: import.sums,
            matched: Matched::nothing(import.mode),
            found: Vec::new(),
            unasked: 0,
            awaited: Vec::new(),
            carried: neighbours.carried(),
            beside: BTreeMap::new(),
        };
        findings.matched.matched = matched;
        let rows = left.len();
        let judge = Judge::new(self, import.account, import.day, import.mode);
        let judged = judge
            .all(left, |done| {
                progress.tell(format!("{done} of {rows} rows looked into"));
            })
            .await?;
        let mut foreign = Sums::default();
        for judged in judged {
            judged.has.iter().for_each(|key| ledger.mark(*key));
            findings.take(judged, &mut foreign)?;
        }
        findings.sums = findings.sums.without(foreign);
        let (account, gateway) = (&import.account.name, import.account.gateway());
        for position in ledger.here_alone() {
            let Some(alone) = self.alone(gateway, import.day, position).await? else {
                continue;
            };
            match neighbours.weigh(account, import.day, alone) {
                Lack::None => {}
                Lack::Awaited(row) => {
                    findings.matched.awaited += 1;
                    findings.awaited.push(row);
                }
                Lack::Missing(found) => findings.differ(found)?,
            }
        }
        findings.beside = neighbours.news(account);
        let beside = findings.beside.values().flat_map(|news| &news.missing);
        beside.for_each(|found| findings.matched.count(found.difference));
        if findings.awaited.len() + findings.carried.len() > MOST_DIFFERENCES {
            return Err(BillError::TooDifferent);
        }
        Ok(findings)
    }

    /// Stores the differences first, and that the bill was imported last.
    async fn store_findings(
        &self,
        import: &Import<'_>,
        findings: &Findings,
    ) -> Result<(), BillError> {
        for (day, news) in &findings.beside {
            let bill = BillOf {
                account: import.account.name.clone(),
                date: day.to_string(),
            };
            self.note(&bill, &news.missing).await?;
            let settle = BillCommand::Settle(news.settled.clone());
            self.change_bill(&bill, settle).await?;
        }
        let bill = import.bill();
        self.note(&bill, &findings.found).await?;
        if findings.unasked > 0 {
            let rows = findings.unasked;
            return Err(BillError::Unfinished { rows });
        }
        let found = findings.found.iter().map(FoundDifference::exception);
        let conclude = BillCommand::Conclude {
            imported: import.imported(findings),
            found: found.collect(),
        };
        self.change_bill(&bill, conclude).await?;
        Ok(())
    }

    async fn note(&self, bill: &BillOf, found: &[FoundDifference]) -> Result<(), AppError> {
        for some in found.chunks(AT_A_TIME) {
            let note = BillCommand::Note(some.to_vec());
            self.change_bill(bill, note).await?;
        }
        Ok(())
    }
}

impl Import<'_> {
    fn bill(&self) -> BillOf {
        BillOf {
            account: self.account.name.clone(),
            date: self.day.to_string(),
        }
    }

    fn report(&self, sums: Sums, outcome: Outcome) -> BillReport {
        BillReport {
            account: self.account.name.to_string(),
            date: self.summary.date.clone(),
            rows: self.summary.rows,
            sums,
            outcome,
        }
    }

    fn imported(&self, findings: &Findings) -> BillImported {
        let sums = findings.sums;
        BillImported {
            account: self.account.name.clone(),
            date: self.day.to_string(),
            digest: self.summary.digest,
            payments: sums.payments,
            paid_minor: sums.paid_minor,
            refunds: sums.refunds,
            refunded_minor: sums.refunded_minor,
            fee_minor: sums.fee_minor,
            foreign: sums.foreign,
            currency: Currency::CNY,
            awaited: findings.awaited.clone(),
            carried: findings.carried.clone(),
        }
    }
}

impl Findings {
    fn take(&mut self, judged: Judged, foreign: &mut Sums) -> Result<(), BillError> {
        self.carried.extend(judged.carried);
        match judged.verdict {
            Verdict::Matched => self.matched.matched += 1,
            Verdict::TakenIn => self.matched.taken_in += 1,
            Verdict::WouldAsk => self.matched.to_ask += 1,
            Verdict::Foreign => foreign.add(&judged.row.movement, judged.row.fee_minor),
            Verdict::Different(found) => self.differ(found)?,
            Verdict::Unasked(found) => {
                self.unasked += 1;
                self.differ(found)?;
            }
        }
        Ok(())
    }

    fn differ(&mut self, found: FoundDifference) -> Result<(), BillError> {
        if self.found.len() >= MOST_DIFFERENCES {
            return Err(BillError::TooDifferent);
        }
        self.matched.count(found.difference);
        self.found.push(found);
        Ok(())
    }
}

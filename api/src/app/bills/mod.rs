//! Reconciling a gateway's bill of one day with the events. The bill is read whole first; then its rows
//! are held against the money that the events have on that day; what is left over is looked up, asked
//! about at the gateway, and judged; what the bill lacks, too. Differences are stored first and the
//! import last, so that one that was cut off goes on when it is asked for again, and one that was
//! finished is not done twice.

mod ask;
mod edges;
mod file;
mod findings;
mod judge;
mod ledger;
mod report;
mod story;
mod weigh;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use futures_util::TryStreamExt;
use payfold_domain::bill::{
    Bill, BillCommand, BillEntry, BillSummary, FoundDifference, MovementKind, RefusedBill,
};
use payfold_domain::event::BillImported;
use payfold_domain::{AccountName, Currency};
use payfold_projections::Day;

use super::accounts::Account;
use super::aggregate::BillOf;
use super::upkeep::Progress;
use super::{App, AppError};
use crate::control::Mode;
use crate::world::WorkLost;
use ask::Standing;
pub(crate) use edges::FETCHED_DAYS;
use edges::{Lack, NeighbourNews, Neighbours};
use file::Sums;
pub use file::{AskedBill, BillFile};
use findings::{Findings, MOST_DIFFERENCES};
use judge::{Judge, LeftRow, Means, Verdict, by_transaction};
use ledger::{Key, Ledger};
pub use report::BillReport;
use report::Outcome;

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
        "the bill and the events differ in more than {MOST_DIFFERENCES} places: no difference is stored, what the gateway answered meanwhile stays; expected the bill of an account whose payments go through this payfold"
    )]
    TooDifferent,
    /// Rows are left to be asked about.
    #[error(
        "{rows} rows could not be asked about now, for the gateway does not answer, or not before a person has acted; they are exceptions (the first {MOST_DIFFERENCES} of them) until the bill is imported again, what else was found is stored"
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
    /// The rows of refunds that have a number.
    refunds: BTreeSet<Key>,
    matched: u64,
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
        // One beside it may conclude the bill before this one notes what nothing ends from then on.
        let _alone = self.imports.enter(&account.name).await;
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

    /// Gives the bill of a day up that is not concluded by now; whether it is not. What the bills beside it
    /// hoped to find in it is missing from then on, until it is imported nonetheless. One that was read,
    /// and waits for answers about some rows alone, has told what it has.
    pub(crate) async fn give_bill_up(
        &self,
        account: &AccountName,
        day: Day,
    ) -> Result<bool, AppError> {
        let _alone = self.imports.enter(account).await;
        let bill = BillOf {
            account: account.clone(),
            date: day.to_string(),
        };
        let Bill {
            imported,
            exceptions,
            ..
        } = self.fold_now::<Bill>(&bill).await?.state;
        if imported.is_none() && exceptions.is_empty() {
            let neighbours = self.neighbours(account, day).await?;
            let beside = neighbours.news(account, &[]);
            self.store_news(account, &beside).await?;
        }
        Ok(imported.is_none())
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
            refunds: BTreeSet::new(),
            matched: 0,
        };
        let reading = move || {
            let read = file::read(&account, &mut file, &asked, |row| {
                if let BillEntry::Own(movement) = row.entry {
                    if let MovementKind::Refund { .. } = movement.kind {
                        held.refunds.extend(Key::of_row(&movement));
                    }
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

    /// Judges what is left over on both sides: first by what is stored, for that may be too much already,
    /// then by what the gateway says.
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
            refunds,
            matched,
        } = held;
        let mut findings = Findings::of(import, matched, neighbours.carried());
        let judge = |means| Judge {
            app: self,
            account: import.account,
            day: import.day,
            refunds: &refunds,
            means,
        };
        let (rows, mut done) = (left.len(), 0);
        let mut tell = |more: usize| {
            done += more;
            progress.tell(format!("{done} of {rows} rows looked into"));
        };
        let mut open = Vec::new();
        let by_store = judge(Means::Store);
        let mut judging = by_store.all(by_transaction(left));
        while let Some(judged) = judging.try_next().await? {
            let is_open = |verdict: &Verdict| matches!(verdict, Verdict::ToAsk(_));
            let mut verdicts = judged.iter().map(|judged| &judged.ruling.verdict);
            if import.mode == Mode::Apply && verdicts.any(is_open) {
                open.push(judged.into_iter().map(|judged| judged.row).collect());
            } else {
                tell(judged.len());
                findings.take(judged, &mut ledger)?;
            }
        }
        drop(judging);
        let room = findings.room() + unnumbered(&open);
        let lacks = self.lacks(import, &ledger, &neighbours, room).await?;
        let by_gateway = judge(Means::Gateway(Standing::default()));
        let mut judging = by_gateway.all(open);
        while let Some(judged) = judging.try_next().await? {
            tell(judged.len());
            findings.take(judged, &mut ledger)?;
        }
        drop(judging);
        findings.lack(lacks, &mut ledger)?;
        let beside = neighbours.news(&import.account.name, &findings.carried);
        findings.finish(import.mode, beside)?;
        Ok(findings)
    }

    /// What the bill lacks as far as is known; an error where more is missing than there is room for.
    async fn lacks(
        &self,
        import: &Import<'_>,
        ledger: &Ledger,
        neighbours: &Neighbours,
        mut room: usize,
    ) -> Result<Vec<(Key, Lack)>, BillError> {
        let (account, gateway) = (&import.account.name, import.account.gateway());
        let mut lacks = Vec::new();
        for (position, key) in ledger.here_alone() {
            tokio::task::yield_now().await;
            let Some(alone) = self.alone(gateway, import.day, position).await? else {
                continue;
            };
            let lack = neighbours.weigh(account, import.day, alone);
            if let Lack::Missing(_) = lack {
                room = room.checked_sub(1).ok_or(BillError::TooDifferent)?;
            }
            lacks.push((key, lack));
        }
        Ok(lacks)
    }

    /// Stores the differences first, and that the bill was imported last.
    async fn store_findings(
        &self,
        import: &Import<'_>,
        findings: &Findings,
    ) -> Result<(), BillError> {
        self.store_news(&import.account.name, &findings.beside)
            .await?;
        let bill = import.bill();
        let to_note = findings.to_note();
        self.note(&bill, &to_note).await?;
        if findings.unanswered > 0 {
            let rows = findings.unanswered;
            return Err(BillError::Unfinished { rows });
        }
        let conclude = BillCommand::Conclude {
            imported: import.imported(findings),
            found: to_note,
        };
        self.change_bill(&bill, conclude).await?;
        Ok(())
    }

    async fn store_news(
        &self,
        account: &AccountName,
        beside: &BTreeMap<Day, NeighbourNews>,
    ) -> Result<(), AppError> {
        for (day, news) in beside {
            let bill = BillOf {
                account: account.clone(),
                date: day.to_string(),
            };
            self.note(&bill, &news.missing).await?;
            let settle = BillCommand::Settle(news.settled.clone());
            self.change_bill(&bill, settle).await?;
        }
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

/// How many refunds without a number are among the rows: each may be one of those that the bill lacks.
fn unnumbered(rows: &[Vec<LeftRow>]) -> usize {
    let rows = rows.iter().flatten();
    rows.filter(|row| Key::of_row(&row.movement).is_none())
        .count()
}

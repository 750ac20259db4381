//! Yesterday's bills are fetched and reconciled, and those of the days before that are still missing.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Cursor;
use std::sync::Arc;

use bytes::Bytes;
use payfold_domain::bill::Bill;
use payfold_domain::{AccountName, Timestamp};
use payfold_projections::Day;

use crate::app::accounts::Account;
use crate::app::aggregate::BillOf;
use crate::app::bills::FETCHED_DAYS;
use crate::app::calls::BillAnswer;
use crate::app::{App, AppError, AskedBill, BillError, BillReport, Progress};
use crate::control::Mode;

/// How long after its day a bill is asked for first, in seconds: at 10:00 in Shanghai 「下载账单」
/// 「查询对账单下载地址」.
const FIRST_SECS: i64 = 10 * 3600;

/// How many days back one is looked for that came in none of them: a service may have stood still.
const GIVEN_UP_DAYS: i64 = 40;

/// How long a bill that could not be had or matched is not asked for again, in seconds.
const AGAIN_SECS: i64 = 3600;

/// What is known of the bills that are due.
#[derive(Debug, Default)]
pub(super) struct Bills {
    done: BTreeSet<(AccountName, Day)>,
    again: BTreeMap<(AccountName, Day), Timestamp>,
    /// Those of the days before that were looked at: they are fetched no more.
    over: BTreeSet<(AccountName, Day)>,
}

impl App {
    /// Fetches and reconciles every bill that is due, the oldest first.
    pub(super) async fn fetch_bills(&self, bills: &mut Bills) -> Result<(), AppError> {
        let today = Day::of(self.world.now());
        let oldest = today.before(FETCHED_DAYS);
        bills.done.retain(|(_, day)| oldest <= *day);
        bills.again.retain(|(_, day), _| oldest <= *day);
        bills
            .over
            .retain(|(_, day)| today.before(GIVEN_UP_DAYS) <= *day);
        let mut accounts = Vec::new();
        for name in self.accounts.all().keys() {
            if let Some(account) = self.askable(name) {
                let since = self.recorded_on(name).await?.unwrap_or(today);
                accounts.push((account, since));
            }
        }
        for back in (FETCHED_DAYS + 1..=GIVEN_UP_DAYS).rev() {
            let day = today.before(back);
            for (account, since) in &accounts {
                if *since <= day {
                    self.give_up(bills, &account.name, day).await?;
                }
            }
        }
        for back in (1..=FETCHED_DAYS).rev() {
            let day = today.before(back);
            for (account, since) in &accounts {
                if *since <= day && self.is_bill_due(bills, account, day).await? {
                    self.fetch_one(bills, account, day).await;
                }
            }
        }
        Ok(())
    }

    /// Gives up what did not come in its days, and says so once.
    async fn give_up(
        &self,
        bills: &mut Bills,
        account: &AccountName,
        day: Day,
    ) -> Result<(), AppError> {
        let key = (account.clone(), day);
        if bills.over.contains(&key) {
            return Ok(());
        }
        if self.give_bill_up(account, day).await? {
            self.metrics.bill_given_up(account);
            tracing::error!(%account, %day, "the bill of a day is not reconciled after {FETCHED_DAYS} days and is fetched no more: import it by hand");
        }
        bills.over.insert(key);
        Ok(())
    }

    async fn is_bill_due(
        &self,
        bills: &mut Bills,
        account: &Account,
        day: Day,
    ) -> Result<bool, AppError> {
        let now = self.world.now();
        let key = (account.name.clone(), day);
        let later = bills.again.get(&key).is_some_and(|again| now < *again);
        if now < day.next().start().plus_secs(FIRST_SECS) || later || bills.done.contains(&key) {
            return Ok(false);
        }
        let bill = BillOf {
            account: account.name.clone(),
            date: day.to_string(),
        };
        let known = self.fold_now::<Bill>(&bill).await?.state.imported.is_some();
        if known {
            bills.done.insert(key);
        }
        Ok(!known)
    }

    async fn fetch_one(&self, bills: &mut Bills, account: &Arc<Account>, day: Day) {
        let key = (account.name.clone(), day);
        let reconciled = self.reconcile(account, day).await;
        if let Err(error) = &reconciled {
            self.metrics.job_failed("fetching bills");
            tracing::warn!(account = %account.name, %day, %error, "a bill could not be reconciled and is tried again in an hour");
        }
        if let Ok(Reconciled::Done) = reconciled {
            bills.again.remove(&key);
            bills.done.insert(key);
        } else {
            let again = self.world.now().plus_secs(AGAIN_SECS);
            bills.again.insert(key, again);
        }
    }

    async fn reconcile(&self, account: &Arc<Account>, day: Day) -> Result<Reconciled, BillError> {
        let (file, asked) = match self.fetch_bill(account, day).await? {
            BillAnswer::There(file, sha1) => (file, AskedBill::Fetched { day, sha1 }),
            BillAnswer::NotYet => return Ok(Reconciled::NotYet),
            // Gateways say so of a bill that is late, too, but not for a whole day.
            BillAnswer::NoRows if self.world.now() < day.next().next().start() => {
                return Ok(Reconciled::NotYet);
            }
            BillAnswer::NoRows => {
                let (nothing, asked) = (Bytes::new(), AskedBill::NoRows(day));
                let believed_from = Day::of(self.world.now()).before(FETCHED_DAYS - 1);
                if believed_from < day && self.lacks_money(account, &asked).await? {
                    tracing::warn!(account = %account.name, %day, "a gateway says that nothing happened on a day of which the events have money");
                    return Ok(Reconciled::NotYet);
                }
                (nothing, asked)
            }
        };
        self.import(account, file, asked, Mode::Apply).await?;
        Ok(Reconciled::Done)
    }

    /// Whether the events have money that the empty bill of a day lacks.
    async fn lacks_money(&self, account: &Account, asked: &AskedBill) -> Result<bool, BillError> {
        let nothing = Bytes::new();
        let report = self.import(account, nothing, asked.clone(), Mode::DryRun);
        Ok(report.await?.lacks_money())
    }

    async fn import(
        &self,
        account: &Account,
        file: Bytes,
        asked: AskedBill,
        mode: Mode,
    ) -> Result<BillReport, BillError> {
        let (progress, lines) = Progress::channel();
        drop(lines);
        self.import_bill(&account.name, Cursor::new(file), asked, mode, &progress)
            .await
    }
}

/// Whether a bill is through.
enum Reconciled {
    Done,
    NotYet,
}

//! Sums by day, account and method. A day is one in Asia/Shanghai: the gateway's own of a payment or a
//! refund, ours of everything else; so past days change when news of them comes.
//!
//! Payments are summed where they are confirmed. Refunds are kept one by one ([`refund`]), for one that
//! succeeded may turn out to be stuck, and one of unmatched money moves to the order that takes it up.

mod refund;
mod stretch;
mod sums;

use std::sync::Arc;

use chrono::NaiveDate;
use indexmap::IndexMap;
use payfold_domain::event::{BillEvent, BillImported, Event, OrderEvent, StrayEvent};
use payfold_domain::{AccountName, Method, Timestamp};
use rusqlite::{Connection, Row, Transaction, params};

use crate::day::Day;
use crate::error::ViewError;
use crate::feed::{Fed, Said};
use crate::listing::Answer;
use crate::opening::opening_in;
use crate::reader::ViewReader;
use crate::row;
pub use stretch::Stretch;
use sums::Sums;

pub(crate) const FORMAT: i64 = 3;

pub(crate) const TABLES: &str = "
    CREATE TABLE daily (
        day                INTEGER NOT NULL,
        account            TEXT NOT NULL,
        method             TEXT NOT NULL,
        payments_started   INTEGER NOT NULL,
        payments_confirmed INTEGER NOT NULL,
        paid_minor         INTEGER NOT NULL,
        refunds            INTEGER NOT NULL,
        refunded_minor     INTEGER NOT NULL,
        duplicates_ignored INTEGER NOT NULL,
        exceptions         INTEGER NOT NULL,
        fee_minor          INTEGER NOT NULL,
        PRIMARY KEY (day, account, method)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE refunds (
        position     INTEGER PRIMARY KEY,
        account      TEXT NOT NULL,
        out_trade_no TEXT NOT NULL,
        refund_no    TEXT,
        stray        INTEGER NOT NULL,
        day          INTEGER NOT NULL,
        method       TEXT NOT NULL,
        refunds      INTEGER NOT NULL,
        minor        INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX refunds_by_number ON refunds (account, out_trade_no, refund_no)
        WHERE refund_no IS NOT NULL;
    CREATE INDEX refunds_of_strays ON refunds (account, out_trade_no) WHERE stray = 1;
    CREATE TABLE stretches (
        day     INTEGER NOT NULL,
        account TEXT NOT NULL,
        stretch INTEGER NOT NULL,
        PRIMARY KEY (day, account, stretch)
    ) STRICT, WITHOUT ROWID;";

/// One row of the report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DailyRow {
    /// The day in Asia/Shanghai.
    pub date: NaiveDate,
    /// The account.
    pub account: AccountName,
    /// The method; `Unknown` for unmatched money and for what a bill says of a whole account.
    pub method: Method,
    /// Payments started.
    pub payments_started: i64,
    /// Payments that came to pay their orders.
    pub payments_confirmed: i64,
    /// What these brought, in the minor unit.
    pub paid_minor: i64,
    /// Refunds that reached the buyers, of any money.
    pub refunds: i64,
    /// Their sum, in the minor unit.
    pub refunded_minor: i64,
    /// Notifies that said nothing new.
    pub duplicates_ignored: i64,
    /// Exceptions opened.
    pub exceptions: i64,
    /// The gateway's fees by its bill of that day, in the minor unit.
    pub fee_minor: i64,
}

/// Reads the daily report.
#[derive(Clone)]
pub struct DailyReport {
    reader: Arc<ViewReader>,
}

impl DailyReport {
    pub(crate) fn new(reader: Arc<ViewReader>) -> Self {
        Self { reader }
    }

    /// The rows of the days `from` to `to`, both among them, by day, account and method.
    pub fn between(
        &self,
        from: NaiveDate,
        to: NaiveDate,
    ) -> Result<Answer<Vec<DailyRow>>, ViewError> {
        self.reader.read(|connection| select(connection, from, to))
    }

    /// Where in the feed the events stand that tell of money of the account that moved on that day, in
    /// order. Other events stand there too.
    pub fn stretches(
        &self,
        account: &AccountName,
        day: Day,
    ) -> Result<Answer<Vec<Stretch>>, ViewError> {
        self.reader
            .read(|connection| stretch::select(connection, account, day))
    }
}

fn select(
    connection: &Connection,
    from: NaiveDate,
    to: NaiveDate,
) -> rusqlite::Result<Vec<DailyRow>> {
    connection
        .prepare_cached(
            "SELECT day, account, method, payments_started, payments_confirmed, paid_minor, refunds,
                refunded_minor, duplicates_ignored, exceptions, fee_minor
             FROM daily WHERE day BETWEEN ?1 AND ?2 ORDER BY day, account, method",
        )?
        .query_map(params![Day::from(from), Day::from(to)], report_row)?
        // Days whose refunds turned out to be stuck may be left with nothing to tell.
        .filter(|row| !row.as_ref().is_ok_and(is_empty))
        .collect()
}

fn is_empty(row: &DailyRow) -> bool {
    [
        row.payments_started,
        row.payments_confirmed,
        row.paid_minor,
        row.refunds,
        row.refunded_minor,
        row.duplicates_ignored,
        row.exceptions,
        row.fee_minor,
    ]
    .iter()
    .all(|figure| *figure == 0)
}

fn report_row(row: &Row<'_>) -> rusqlite::Result<DailyRow> {
    let day: Day = row.get(0)?;
    Ok(DailyRow {
        date: day.date(),
        account: row::name(row, 1, |text| AccountName::new(text).ok())?,
        method: row::name(row, 2, Method::from_name)?,
        payments_started: row.get(3)?,
        payments_confirmed: row.get(4)?,
        paid_minor: row.get(5)?,
        refunds: row.get(6)?,
        refunded_minor: row.get(7)?,
        duplicates_ignored: row.get(8)?,
        exceptions: row.get(9)?,
        fee_minor: row.get(10)?,
    })
}

/// The key of a row.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Key {
    day: Day,
    account: AccountName,
    method: Method,
}

impl Key {
    fn new(at: Timestamp, account: &AccountName, method: Method) -> Self {
        Self {
            day: Day::of(at),
            account: account.clone(),
            method,
        }
    }
}

/// What a batch adds, by row.
type Added = IndexMap<Key, Sums>;

pub(crate) fn apply(tx: &Transaction<'_>, events: &[Fed<'_>]) -> rusqlite::Result<()> {
    let mut added = Added::new();
    for fed in events {
        let Said::Event(event) = &fed.said else {
            continue;
        };
        match event {
            Event::Order(event) => {
                add_order_event(&mut added, event, fed.time);
                refund::of_order(tx, &mut added, event, fed.position)?;
            }
            Event::Stray(event) => {
                if let StrayEvent::DuplicateNotifyIgnored(event) = event {
                    let key = Key::new(fed.time, &event.payment.account, event.method);
                    added.entry(key).or_default().duplicates_ignored += 1;
                }
                refund::of_stray(tx, &mut added, event, fed.position)?;
            }
            Event::Bill(BillEvent::BillImported(bill)) => add_bill(&mut added, bill, fed.time),
            Event::Bill(BillEvent::BillDifferenceFound(_) | BillEvent::ExceptionResolved(_))
            | Event::Account(_) => {}
        }
        if let Some(opening) = opening_in(event) {
            let key = Key::new(fed.time, opening.account, opening.method);
            added.entry(key).or_default().exceptions += 1;
        }
    }
    sums::write(tx, &added)?;
    stretch::apply(tx, events)
}

fn add_order_event(added: &mut Added, event: &OrderEvent, at: Timestamp) {
    if let OrderEvent::PaymentStarted(started) = event {
        let key = Key::new(at, &started.payment.account, started.method);
        added.entry(key).or_default().payments_started += 1;
    }
    if let OrderEvent::DuplicateNotifyIgnored(ignored) = event {
        let key = Key::new(at, &ignored.payment.account, ignored.method);
        added.entry(key).or_default().duplicates_ignored += 1;
    }
    if let OrderEvent::PaymentConfirmed(confirmed) = event {
        let money = &confirmed.money;
        let key = Key::new(money.receipt.paid_at, &money.payment.account, money.method);
        let sums = added.entry(key).or_default();
        sums.payments_confirmed += 1;
        sums.paid_minor += money.receipt.amount.minor;
    }
}

/// A bill speaks of a whole account; a later import of the same day replaces what an earlier one said.
fn add_bill(added: &mut Added, bill: &BillImported, at: Timestamp) {
    let day = Day::parse(&bill.date).unwrap_or(Day::of(at));
    let key = Key {
        day,
        account: bill.account.clone(),
        method: Method::Unknown,
    };
    added.entry(key).or_default().fee_minor = Some(bill.fee_minor);
}

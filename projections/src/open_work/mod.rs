//! What is due: orders that will expire, wishes to cancel, payments without an end, refunds without an
//! outcome, questions that a gateway has to answer, and unmatched money that an order may take up.
//! Jobs read it, and so does a quick start; what is done about a row, when, and how often, is theirs:
//! they load the order, which says more than the row, and what they find done already is not done again.
//!
//! A row whose gateway never gives an answer would stay for ever, so payments and questions are dropped
//! once nothing can come of them.

mod payment;
mod place;
mod question;
mod refund;
mod stray;

use std::sync::Arc;

use payfold_domain::Timestamp;
use payfold_store::Position;
use rusqlite::Transaction;

pub use payment::{OpenPayment, OpenStage};
pub use place::{CancelWish, DueOrder, OpenOrder};
pub use question::{Question, QuestionReason};
pub use refund::{OpenRefund, OpenRefundStage};
pub use stray::{OpenStray, TakenUpStray};

use crate::error::ViewError;
use crate::feed::Fed;
use crate::listing::Answer;
use crate::reader::ViewReader;
use crate::row;

pub(crate) const FORMAT: i64 = 2;

pub(crate) const TABLES: &str = "
    CREATE TABLE orders (
        position         INTEGER PRIMARY KEY,
        order_no         TEXT NOT NULL UNIQUE,
        expires_at       INTEGER NOT NULL,
        cancel_wished_at INTEGER
    ) STRICT;
    CREATE INDEX orders_by_expiry ON orders (expires_at);
    CREATE INDEX cancel_wishes ON orders (cancel_wished_at) WHERE cancel_wished_at IS NOT NULL;
    CREATE TABLE payments (
        position      INTEGER PRIMARY KEY,
        account       TEXT NOT NULL,
        out_trade_no  TEXT NOT NULL,
        order_no      TEXT NOT NULL,
        method        TEXT NOT NULL,
        stage         TEXT NOT NULL,
        started_at    INTEGER NOT NULL,
        expires_at    INTEGER,
        watched_until INTEGER NOT NULL,
        UNIQUE (account, out_trade_no)
    ) STRICT;
    CREATE TABLE refunds (
        position     INTEGER PRIMARY KEY,
        account      TEXT NOT NULL,
        refund_no    TEXT NOT NULL,
        out_trade_no TEXT NOT NULL,
        stream       TEXT NOT NULL,
        stage        TEXT NOT NULL,
        since        INTEGER NOT NULL,
        UNIQUE (account, refund_no)
    ) STRICT;
    CREATE TABLE questions (
        position     INTEGER PRIMARY KEY,
        account      TEXT NOT NULL,
        out_trade_no TEXT NOT NULL,
        stream       TEXT NOT NULL,
        reason       TEXT NOT NULL,
        since        INTEGER NOT NULL,
        UNIQUE (account, out_trade_no)
    ) STRICT;
    CREATE TABLE strays (
        position       INTEGER PRIMARY KEY,
        account        TEXT NOT NULL,
        out_trade_no   TEXT NOT NULL,
        transaction_id TEXT,
        stage          TEXT NOT NULL,
        order_no       TEXT,
        UNIQUE (account, out_trade_no)
    ) STRICT;";

/// Reads the open work. Every list is in the order in which its rows are due or arose, and goes on
/// after the position of the last row of the page before; `limit` bounds a page.
#[derive(Clone)]
pub struct OpenWork {
    reader: Arc<ViewReader>,
}

impl OpenWork {
    pub(crate) fn new(reader: Arc<ViewReader>) -> Self {
        Self { reader }
    }

    /// Open orders whose time has run out by `now`, those due first first. `after` is the last row of
    /// the page before.
    pub fn orders_due_to_expire(
        &self,
        now: Timestamp,
        after: Option<&DueOrder>,
        limit: usize,
    ) -> Result<Answer<Vec<DueOrder>>, ViewError> {
        self.reader
            .read(|connection| place::due_to_expire(connection, now, after, bound(limit)))
    }

    /// Open orders whose cancelling was asked for, in the order in which they were placed.
    pub fn cancel_wishes(
        &self,
        after: Position,
        limit: usize,
    ) -> Result<Answer<Vec<CancelWish>>, ViewError> {
        self.reader
            .read(|connection| place::cancel_wishes(connection, row::stored(after), bound(limit)))
    }

    /// The open order that was placed at that position, while it is open.
    pub fn open_order(&self, position: Position) -> Result<Answer<Option<OpenOrder>>, ViewError> {
        self.reader
            .read(|connection| place::at(connection, row::stored(position)))
    }

    /// Payments that have no end and may still get one at `now`, in the order in which they were started,
    /// also those that a clock which ran ahead started. Those that the gateway refused to start are not
    /// among them.
    pub fn open_payments(
        &self,
        now: Timestamp,
        after: Position,
        limit: usize,
    ) -> Result<Answer<Vec<OpenPayment>>, ViewError> {
        self.reader
            .read(|connection| payment::open(connection, now, row::stored(after), bound(limit)))
    }

    /// The payment that was started at that position, while [`OpenWork::open_payments`] has it.
    pub fn open_payment(
        &self,
        now: Timestamp,
        position: Position,
    ) -> Result<Answer<Option<OpenPayment>>, ViewError> {
        self.reader.read(|connection| {
            let next = payment::open(connection, now, before(position), 1)?;
            Ok(next.into_iter().find(|row| row.position == position))
        })
    }

    /// The refund whose last step stands at that position, while it has no outcome.
    pub fn open_refund(&self, position: Position) -> Result<Answer<Option<OpenRefund>>, ViewError> {
        self.reader.read(|connection| {
            let next = refund::open(connection, before(position), 1)?;
            Ok(next.into_iter().find(|row| row.position == position))
        })
    }

    /// Refunds that are not with the buyer and not refused, in the order of their last step.
    pub fn open_refunds(
        &self,
        after: Position,
        limit: usize,
    ) -> Result<Answer<Vec<OpenRefund>>, ViewError> {
        self.reader
            .read(|connection| refund::open(connection, row::stored(after), bound(limit)))
    }

    /// Payments about which the gateway has to be asked, in the order in which the questions arose,
    /// those of the last two days. There is no event of an answer that tells nothing new: who has asked
    /// remembers the position.
    pub fn questions(
        &self,
        now: Timestamp,
        after: Position,
        limit: usize,
    ) -> Result<Answer<Vec<Question>>, ViewError> {
        self.reader
            .read(|connection| question::open(connection, now, row::stored(after), bound(limit)))
    }

    /// The question that was last raised at that position, while it is worth asking.
    pub fn question(
        &self,
        now: Timestamp,
        position: Position,
    ) -> Result<Answer<Option<Question>>, ViewError> {
        self.reader.read(|connection| {
            let next = question::open(connection, now, before(position), 1)?;
            Ok(next.into_iter().find(|row| row.position == position))
        })
    }

    /// Unmatched money that no order has taken up, in the order in which it came.
    pub fn open_strays(
        &self,
        after: Position,
        limit: usize,
    ) -> Result<Answer<Vec<OpenStray>>, ViewError> {
        self.reader
            .read(|connection| stray::open(connection, row::stored(after), bound(limit)))
    }

    /// Unmatched money that an order took up but has not met yet, in the order in which it came.
    pub fn strays_taken_up(
        &self,
        after: Position,
        limit: usize,
    ) -> Result<Answer<Vec<TakenUpStray>>, ViewError> {
        self.reader
            .read(|connection| stray::taken_up(connection, row::stored(after), bound(limit)))
    }
}

/// After this, a page begins with the row at that position, if there is one.
fn before(position: Position) -> i64 {
    row::stored(position).saturating_sub(1)
}

fn bound(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

pub(crate) fn apply(tx: &Transaction<'_>, events: &[Fed<'_>]) -> rusqlite::Result<()> {
    place::apply(tx, events)?;
    payment::apply(tx, events)?;
    refund::apply(tx, events)?;
    question::apply(tx, events)?;
    stray::apply(tx, events)?;
    // By the earliest time of the batch, lest one event of a clock that ran ahead drop what is due.
    match events.iter().map(|event| event.time).min() {
        Some(time) => {
            payment::drop_ended(tx, time)?;
            question::drop_old(tx, time)
        }
        None => Ok(()),
    }
}

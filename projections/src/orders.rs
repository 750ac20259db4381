//! The orders, by their status and time. It is an index: what a list shows of an order is folded from
//! the order's own events, up to this view's checkpoint.

use std::sync::Arc;

use indexmap::IndexMap;
use payfold_domain::event::{Event, OrderEvent};
use payfold_domain::{OrderNo, Timestamp};
use payfold_store::{Position, StreamName};
use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};

use crate::error::ViewError;
use crate::feed::{Fed, Said};
use crate::listing::{Listing, with_one_more};
use crate::reader::ViewReader;
use crate::row;

pub(crate) const FORMAT: i64 = 1;

pub(crate) const TABLES: &str = "
    CREATE TABLE orders (
        position   INTEGER PRIMARY KEY,
        order_no   TEXT NOT NULL UNIQUE,
        status     TEXT NOT NULL,
        created_at INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX orders_by_time ON orders (created_at);
    CREATE INDEX orders_by_status ON orders (status, created_at);";

/// How an order stands in the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ListedStatus {
    /// It can be paid.
    Open,
    /// It is paid.
    Paid,
    /// It was cancelled.
    Cancelled,
    /// Its time ran out.
    Expired,
    /// One of its events cannot be read.
    Corrupt,
}

impl ListedStatus {
    /// Every status.
    pub const ALL: [Self; 5] = [
        Self::Open,
        Self::Paid,
        Self::Cancelled,
        Self::Expired,
        Self::Corrupt,
    ];

    /// The status's name in requests and answers.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Paid => "paid",
            Self::Cancelled => "cancelled",
            Self::Expired => "expired",
            Self::Corrupt => "corrupt",
        }
    }

    /// The status of that name, if there is one.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == name)
    }
}

/// An order in the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedOrder {
    /// Where in the feed it was placed.
    pub position: Position,
    /// Its name.
    pub order_no: OrderNo,
    /// How it stands.
    pub status: ListedStatus,
    /// When it was placed.
    pub created_at: Timestamp,
}

/// Which orders are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct OrderFilter {
    /// Those of this status alone.
    pub status: Option<ListedStatus>,
    /// Those placed then or later.
    pub created_from: Option<Timestamp>,
    /// Those placed before.
    pub created_to: Option<Timestamp>,
}

/// Reads the orders.
#[derive(Clone)]
pub struct Orders {
    reader: Arc<ViewReader>,
}

impl Orders {
    pub(crate) fn new(reader: Arc<ViewReader>) -> Self {
        Self { reader }
    }

    /// A page of the orders, newest first, after the one placed at `after`.
    pub fn list(
        &self,
        filter: &OrderFilter,
        after: Option<Position>,
        limit: usize,
    ) -> Result<Listing<ListedOrder>, ViewError> {
        let answer = self
            .reader
            .read(|connection| select(connection, filter, after, limit))?;
        Ok(Listing::page(answer, limit, |order| order.position))
    }
}

fn select(
    connection: &Connection,
    filter: &OrderFilter,
    after: Option<Position>,
    limit: usize,
) -> rusqlite::Result<Vec<ListedOrder>> {
    let from = filter.created_from.map_or(i64::MIN, Timestamp::as_micros);
    // Everything placed before `created_to`, and everything behind the row that the last page ended
    // with: whichever of the two bounds is lower, as (created_at, position).
    let mut below = (
        filter.created_to.map_or(i64::MAX, Timestamp::as_micros),
        i64::MIN,
    );
    if filter.created_to.is_none() {
        below.1 = i64::MAX;
    }
    if let Some(after) = after {
        below = below.min(place_in_time(connection, after)?);
    }
    let limit = with_one_more(limit);
    match filter.status {
        None => connection
            .prepare_cached(
                "SELECT position, order_no, status, created_at FROM orders
                 WHERE created_at >= ?1 AND (created_at, position) < (?2, ?3)
                 ORDER BY created_at DESC, position DESC LIMIT ?4",
            )?
            .query_map(params![from, below.0, below.1, limit], listed)?
            .collect(),
        Some(status) => connection
            .prepare_cached(
                "SELECT position, order_no, status, created_at FROM orders
                 WHERE status = ?5 AND created_at >= ?1 AND (created_at, position) < (?2, ?3)
                 ORDER BY created_at DESC, position DESC LIMIT ?4",
            )?
            .query_map(
                params![from, below.0, below.1, limit, status.as_str()],
                listed,
            )?
            .collect(),
    }
}

/// Where in the list a position lies. Lists go by time, and clocks may step back.
fn place_in_time(connection: &Connection, position: Position) -> rusqlite::Result<(i64, i64)> {
    let created_at = connection
        .prepare_cached(
            "SELECT created_at FROM orders WHERE position <= ?1 ORDER BY position DESC LIMIT 1",
        )?
        .query_row([row::stored(position)], |row| row.get(0))
        .optional()?;
    Ok((created_at.unwrap_or(i64::MIN), row::stored(position)))
}

fn listed(row: &Row<'_>) -> rusqlite::Result<ListedOrder> {
    Ok(ListedOrder {
        position: row::position(row, 0)?,
        order_no: row::name(row, 1, |text| OrderNo::new(text).ok())?,
        status: row::name(row, 2, ListedStatus::from_name)?,
        created_at: row::instant(row, 3)?,
    })
}

/// What a batch changes of one order.
#[derive(Default)]
struct Change {
    placed: Option<(Position, Timestamp)>,
    status: Option<ListedStatus>,
}

impl Change {
    fn meet(&mut self, status: ListedStatus, position: Position, at: Timestamp) {
        let status = match (status, self.placed) {
            (ListedStatus::Open | ListedStatus::Corrupt, None) => {
                self.placed = Some((position, at));
                status
            }
            // Nothing is placed twice: its stream makes no sense.
            (ListedStatus::Open, Some(_)) => ListedStatus::Corrupt,
            (
                ListedStatus::Paid
                | ListedStatus::Cancelled
                | ListedStatus::Expired
                | ListedStatus::Corrupt,
                _,
            ) => status,
        };
        // What could not be read once stays so.
        if self.status != Some(ListedStatus::Corrupt) {
            self.status = Some(status);
        }
    }
}

pub(crate) fn apply(tx: &Transaction<'_>, events: &[Fed<'_>]) -> rusqlite::Result<()> {
    let mut changes: IndexMap<&OrderNo, Change> = IndexMap::new();
    for fed in events {
        let StreamName::Order(order_no) = fed.stream else {
            continue;
        };
        let status = match &fed.said {
            Said::Unreadable => Some(ListedStatus::Corrupt),
            Said::Event(Event::Order(event)) => status_after(event),
            Said::Event(Event::Stray(_) | Event::Account(_) | Event::Bill(_)) => None,
        };
        let Some(status) = status else { continue };
        let change = changes.entry(order_no).or_default();
        change.meet(status, fed.position, fed.time);
    }
    write(tx, &changes)
}

/// The status that an event gives to its order, where it changes it.
fn status_after(event: &OrderEvent) -> Option<ListedStatus> {
    match event {
        OrderEvent::OrderPlaced(_) => Some(ListedStatus::Open),
        OrderEvent::PaymentConfirmed(_) => Some(ListedStatus::Paid),
        OrderEvent::OrderCancelled => Some(ListedStatus::Cancelled),
        OrderEvent::OrderExpired => Some(ListedStatus::Expired),
        OrderEvent::CancelRequested
        | OrderEvent::PaymentStarted(_)
        | OrderEvent::PaymentOffered(_)
        | OrderEvent::PaymentPending(_)
        | OrderEvent::PaymentStartFailed(_)
        | OrderEvent::PaymentClosed(_)
        | OrderEvent::PaymentFinished(_)
        | OrderEvent::ReturnObserved(_)
        | OrderEvent::DuplicateNotifyIgnored(_)
        | OrderEvent::LatePaymentReceived(_)
        | OrderEvent::DoublePaymentReceived(_)
        | OrderEvent::MismatchedPaymentReceived(_)
        | OrderEvent::ContradictionObserved(_)
        | OrderEvent::ShipmentRequested
        | OrderEvent::ShipmentHeld(_)
        | OrderEvent::ShipmentReleased
        | OrderEvent::ShipmentCancelled
        | OrderEvent::ShipmentDispatched(_)
        | OrderEvent::ShipmentDelivered
        | OrderEvent::RefundRequested(_)
        | OrderEvent::RefundSubmitted(_)
        | OrderEvent::RefundHintReceived(_)
        | OrderEvent::RefundNeedsAction(_)
        | OrderEvent::RefundRetried(_)
        | OrderEvent::RefundSucceeded(_)
        | OrderEvent::RefundFailed(_)
        | OrderEvent::ExternalRefundObserved(_)
        | OrderEvent::ExceptionResolved(_) => None,
    }
}

fn write(tx: &Transaction<'_>, changes: &IndexMap<&OrderNo, Change>) -> rusqlite::Result<()> {
    // An order that is there already is not placed again: its stream makes no sense.
    let mut insert = tx.prepare_cached(
        "INSERT INTO orders (position, order_no, status, created_at) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (order_no) DO UPDATE SET status = 'corrupt'",
    )?;
    let mut update = tx.prepare_cached(
        "UPDATE orders SET status = ?2
         WHERE order_no = ?1 AND status NOT IN (?2, 'corrupt')",
    )?;
    for (order_no, change) in changes {
        let Some(status) = change.status else {
            continue;
        };
        match change.placed {
            Some((position, created_at)) => insert.execute(params![
                row::stored(position),
                order_no.as_str(),
                status.as_str(),
                created_at.as_micros()
            ])?,
            None => update.execute(params![order_no.as_str(), status.as_str()])?,
        };
    }
    Ok(())
}

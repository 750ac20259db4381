//! Orders that are open: when they expire, and whether their cancelling was asked for.

use indexmap::IndexMap;
use payfold_domain::event::{Event, OrderEvent};
use payfold_domain::{OrderNo, Timestamp};
use payfold_store::{Position, StreamName};
use rusqlite::{Connection, OptionalExtension, Transaction, params};

use crate::feed::{Fed, Said};
use crate::row;

/// An open order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenOrder {
    /// Its name.
    pub order_no: OrderNo,
    /// When it is to expire.
    pub expires_at: Timestamp,
    /// Since when it is to be cancelled, if it is.
    pub cancel_wished_at: Option<Timestamp>,
}

/// An open order whose time has run out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DueOrder {
    /// Where in the feed it was placed.
    pub position: Position,
    /// Its name.
    pub order_no: OrderNo,
    /// When it was to expire.
    pub expires_at: Timestamp,
}

/// An open order whose cancelling was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CancelWish {
    /// Where in the feed the order was placed.
    pub position: Position,
    /// Its name.
    pub order_no: OrderNo,
    /// When it was asked for.
    pub since: Timestamp,
}

pub(super) fn due_to_expire(
    connection: &Connection,
    now: Timestamp,
    after: Option<&DueOrder>,
    limit: i64,
) -> rusqlite::Result<Vec<DueOrder>> {
    let (expires_at, position) = after.map_or((i64::MIN, 0), |last| {
        (last.expires_at.as_micros(), row::stored(last.position))
    });
    connection
        .prepare_cached(
            "SELECT position, order_no, expires_at FROM orders
             WHERE expires_at <= ?1 AND (expires_at, position) > (?2, ?3)
             ORDER BY expires_at, position LIMIT ?4",
        )?
        .query_map(
            params![now.as_micros(), expires_at, position, limit],
            |row| {
                Ok(DueOrder {
                    position: row::position(row, 0)?,
                    order_no: row::name(row, 1, |text| OrderNo::new(text).ok())?,
                    expires_at: row::instant(row, 2)?,
                })
            },
        )?
        .collect()
}

pub(super) fn cancel_wishes(
    connection: &Connection,
    after: i64,
    limit: i64,
) -> rusqlite::Result<Vec<CancelWish>> {
    connection
        .prepare_cached(
            // The signs keep SQLite from going over all open orders for the few wishes.
            "SELECT position, order_no, cancel_wished_at FROM orders
             WHERE cancel_wished_at IS NOT NULL AND +position > ?1 ORDER BY +position LIMIT ?2",
        )?
        .query_map([after, limit], |row| {
            Ok(CancelWish {
                position: row::position(row, 0)?,
                order_no: row::name(row, 1, |text| OrderNo::new(text).ok())?,
                since: row::instant(row, 2)?,
            })
        })?
        .collect()
}

pub(super) fn at(connection: &Connection, position: i64) -> rusqlite::Result<Option<OpenOrder>> {
    connection
        .prepare_cached(
            "SELECT order_no, expires_at, cancel_wished_at FROM orders WHERE position = ?1",
        )?
        .query_row([position], |row| {
            let cancel_wished_at: Option<i64> = row.get(2)?;
            Ok(OpenOrder {
                order_no: row::name(row, 0, |text| OrderNo::new(text).ok())?,
                expires_at: row::instant(row, 1)?,
                cancel_wished_at: cancel_wished_at.map(Timestamp::from_micros),
            })
        })
        .optional()
}

/// What a batch changes of one order. One that ended does not open again.
#[derive(Default)]
struct Change {
    placed: Option<(Position, Timestamp)>,
    cancel_wished_at: Option<Timestamp>,
    end: Option<Ended>,
}

/// The order is paid, cancelled or expired, or cannot be read.
struct Ended;

pub(super) fn apply(tx: &Transaction<'_>, events: &[Fed<'_>]) -> rusqlite::Result<()> {
    let mut changes: IndexMap<&OrderNo, Change> = IndexMap::new();
    for fed in events {
        let StreamName::Order(order_no) = fed.stream else {
            continue;
        };
        let event = match &fed.said {
            Said::Event(Event::Order(event)) => event,
            Said::Unreadable => {
                changes.entry(order_no).or_default().end = Some(Ended);
                continue;
            }
            Said::Event(Event::Stray(_) | Event::Account(_) | Event::Bill(_)) => continue,
        };
        if let OrderEvent::OrderPlaced(placed) = event {
            let change = changes.entry(order_no).or_default();
            change
                .placed
                .get_or_insert((fed.position, placed.expires_at));
        }
        if let OrderEvent::CancelRequested = event {
            let change = changes.entry(order_no).or_default();
            change.cancel_wished_at.get_or_insert(fed.time);
        }
        if let OrderEvent::PaymentConfirmed(_)
        | OrderEvent::OrderCancelled
        | OrderEvent::OrderExpired = event
        {
            changes.entry(order_no).or_default().end = Some(Ended);
        }
    }
    write(tx, &changes)
}

fn write(tx: &Transaction<'_>, changes: &IndexMap<&OrderNo, Change>) -> rusqlite::Result<()> {
    let mut insert = tx.prepare_cached(
        "INSERT INTO orders (position, order_no, expires_at, cancel_wished_at)
         VALUES (?1, ?2, ?3, ?4) ON CONFLICT (order_no) DO NOTHING",
    )?;
    let mut wish = tx.prepare_cached(
        "UPDATE orders SET cancel_wished_at = ?2 WHERE order_no = ?1 AND cancel_wished_at IS NULL",
    )?;
    let mut delete = tx.prepare_cached("DELETE FROM orders WHERE order_no = ?1")?;
    for (order_no, change) in changes {
        let wished_at = change.cancel_wished_at.map(Timestamp::as_micros);
        match (&change.end, change.placed) {
            (None, Some((position, expires_at))) => {
                insert.execute(params![
                    row::stored(position),
                    order_no.as_str(),
                    expires_at.as_micros(),
                    wished_at
                ])?;
            }
            (None, None) => {
                wish.execute(params![order_no.as_str(), wished_at])?;
            }
            // Placed and ended within the batch: nobody needs to know.
            (Some(Ended), Some(_)) => {}
            (Some(Ended), None) => {
                delete.execute([order_no.as_str()])?;
            }
        }
    }
    Ok(())
}

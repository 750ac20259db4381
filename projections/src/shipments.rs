//! The shipments, by their status. It is an index: parcels and holds are folded from the order's own
//! events, up to this view's checkpoint.

use std::sync::Arc;

use indexmap::IndexMap;
use payfold_domain::OrderNo;
use payfold_domain::event::{Event, OrderEvent};
use payfold_domain::order::ShipmentStatus;
use payfold_store::{Position, StreamName};
use rusqlite::{Connection, Row, Transaction, params};

use crate::error::ViewError;
use crate::feed::{Fed, Said};
use crate::listing::{Listing, with_one_more};
use crate::reader::ViewReader;
use crate::row;

pub(crate) const FORMAT: i64 = 1;

pub(crate) const TABLES: &str = "
    CREATE TABLE shipments (
        position INTEGER PRIMARY KEY,
        order_no TEXT NOT NULL UNIQUE,
        status   TEXT NOT NULL
    ) STRICT;
    CREATE INDEX shipments_by_status ON shipments (status);
    CREATE TABLE parcels (
        order_no TEXT NOT NULL,
        parcel   TEXT NOT NULL,
        PRIMARY KEY (order_no, parcel)
    ) STRICT, WITHOUT ROWID;";

/// Every status that a shipment may have.
const STATUSES: [ShipmentStatus; 5] = [
    ShipmentStatus::Requested,
    ShipmentStatus::Held,
    ShipmentStatus::Dispatched,
    ShipmentStatus::Delivered,
    ShipmentStatus::Cancelled,
];

/// A shipment in the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedShipment {
    /// Where in the feed it was asked for.
    pub position: Position,
    /// Its order.
    pub order_no: OrderNo,
    /// How it stands.
    pub status: ShipmentStatus,
}

/// Reads the shipments.
#[derive(Clone)]
pub struct Shipments {
    reader: Arc<ViewReader>,
}

impl Shipments {
    pub(crate) fn new(reader: Arc<ViewReader>) -> Self {
        Self { reader }
    }

    /// A page of the shipments, newest first, after the one asked for at `after`.
    pub fn list(
        &self,
        status: Option<ShipmentStatus>,
        after: Option<Position>,
        limit: usize,
    ) -> Result<Listing<ListedShipment>, ViewError> {
        let answer = self
            .reader
            .read(|connection| select(connection, status, after, limit))?;
        Ok(Listing::page(answer, limit, |shipment| shipment.position))
    }
}

fn select(
    connection: &Connection,
    status: Option<ShipmentStatus>,
    after: Option<Position>,
    limit: usize,
) -> rusqlite::Result<Vec<ListedShipment>> {
    let below = after.map_or(i64::MAX, row::stored);
    let limit = with_one_more(limit);
    match status {
        None => connection
            .prepare_cached(
                "SELECT position, order_no, status FROM shipments
                 WHERE position < ?1 ORDER BY position DESC LIMIT ?2",
            )?
            .query_map(params![below, limit], listed)?
            .collect(),
        Some(status) => connection
            .prepare_cached(
                "SELECT position, order_no, status FROM shipments
                 WHERE status = ?3 AND position < ?1 ORDER BY position DESC LIMIT ?2",
            )?
            .query_map(params![below, limit, status.as_str()], listed)?
            .collect(),
    }
}

fn listed(row: &Row<'_>) -> rusqlite::Result<ListedShipment> {
    let status = |text: &str| STATUSES.into_iter().find(|status| status.as_str() == text);
    Ok(ListedShipment {
        position: row::position(row, 0)?,
        order_no: row::name(row, 1, |text| OrderNo::new(text).ok())?,
        status: row::name(row, 2, status)?,
    })
}

/// What a batch changes of one order's shipment.
#[derive(Default)]
struct Change<'a> {
    requested: Option<Position>,
    steps: Vec<Step<'a>>,
}

/// One change of a shipment.
enum Step<'a> {
    /// It stands so from now on.
    To(ShipmentStatus),
    /// That parcel left, which makes the shipment dispatched; or it was corrected, which does not.
    Parcel(&'a str),
}

pub(crate) fn apply(tx: &Transaction<'_>, events: &[Fed<'_>]) -> rusqlite::Result<()> {
    let mut changes: IndexMap<&OrderNo, Change<'_>> = IndexMap::new();
    for fed in events {
        let (StreamName::Order(order_no), Said::Event(Event::Order(event))) =
            (fed.stream, &fed.said)
        else {
            continue;
        };
        let Some(step) = step_of(event) else {
            continue;
        };
        let change = changes.entry(order_no).or_default();
        if matches!(event, OrderEvent::ShipmentRequested) {
            change.requested.get_or_insert(fed.position);
        }
        change.steps.push(step);
    }
    write(tx, &changes)
}

/// What an event changes of its order's shipment.
fn step_of(event: &OrderEvent) -> Option<Step<'_>> {
    match event {
        OrderEvent::ShipmentRequested | OrderEvent::ShipmentReleased => {
            Some(Step::To(ShipmentStatus::Requested))
        }
        OrderEvent::ShipmentHeld(_) => Some(Step::To(ShipmentStatus::Held)),
        OrderEvent::ShipmentCancelled => Some(Step::To(ShipmentStatus::Cancelled)),
        OrderEvent::ShipmentDispatched(dispatched) => Some(Step::Parcel(&dispatched.parcel)),
        OrderEvent::ShipmentDelivered => Some(Step::To(ShipmentStatus::Delivered)),
        OrderEvent::OrderPlaced(_)
        | OrderEvent::CancelRequested
        | OrderEvent::OrderCancelled
        | OrderEvent::OrderExpired
        | OrderEvent::PaymentStarted(_)
        | OrderEvent::PaymentOffered(_)
        | OrderEvent::PaymentPending(_)
        | OrderEvent::PaymentStartFailed(_)
        | OrderEvent::PaymentClosed(_)
        | OrderEvent::PaymentFinished(_)
        | OrderEvent::ReturnObserved(_)
        | OrderEvent::PaymentConfirmed(_)
        | OrderEvent::DuplicateNotifyIgnored(_)
        | OrderEvent::LatePaymentReceived(_)
        | OrderEvent::DoublePaymentReceived(_)
        | OrderEvent::MismatchedPaymentReceived(_)
        | OrderEvent::ContradictionObserved(_)
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

fn write(tx: &Transaction<'_>, changes: &IndexMap<&OrderNo, Change<'_>>) -> rusqlite::Result<()> {
    let mut insert = tx.prepare_cached(
        "INSERT INTO shipments (position, order_no, status) VALUES (?1, ?2, ?3)
         ON CONFLICT (order_no) DO UPDATE SET status = excluded.status",
    )?;
    let mut update =
        tx.prepare_cached("UPDATE shipments SET status = ?2 WHERE order_no = ?1 AND status <> ?2")?;
    let mut parcel =
        tx.prepare_cached("INSERT OR IGNORE INTO parcels (order_no, parcel) VALUES (?1, ?2)")?;
    for (order_no, change) in changes {
        let mut status = None;
        for step in &change.steps {
            match step {
                Step::To(next) => status = Some(*next),
                Step::Parcel(name) => {
                    if parcel.execute(params![order_no.as_str(), name])? > 0 {
                        status = Some(ShipmentStatus::Dispatched);
                    }
                }
            }
        }
        let Some(status) = status else { continue };
        match change.requested {
            Some(position) => insert.execute(params![
                row::stored(position),
                order_no.as_str(),
                status.as_str()
            ])?,
            None => update.execute(params![order_no.as_str(), status.as_str()])?,
        };
    }
    Ok(())
}

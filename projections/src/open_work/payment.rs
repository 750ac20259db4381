//! Payments without an end: the intent to start one whose outcome is not known, and those that the
//! buyer may still pay.

use indexmap::IndexMap;
use payfold_domain::event::{Event, OrderEvent, PaymentStarted};
use payfold_domain::{AccountName, Method, OrderNo, OutTradeNo, PaymentRef, Timestamp};
use payfold_store::{Position, StreamName};
use rusqlite::{Connection, Row, Transaction, params};

use crate::feed::{Fed, Said};
use crate::row;

/// How long after its expiry at the gateway a payment is still watched.
const WATCHED_AFTER_EXPIRY_S: i64 = 600;

/// How long a payment is watched whose expiry payfold did not set: no trade of either gateway can be
/// paid later (Alipay, "timeout_express": at most 15 days).
const WATCHED_WITHOUT_EXPIRY_S: i64 = 15 * 86_400 + WATCHED_AFTER_EXPIRY_S;

/// How many of the oldest rows a batch looks at, to drop those that are watched no more.
const DROPPED_AT_ONCE: i64 = 256;

/// How far a payment without an end has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OpenStage {
    /// The intent is stored; what the gateway made of it is not known.
    Starting,
    /// The buyer can pay.
    Open,
}

/// A payment without an end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenPayment {
    /// Where in the feed it was started, or offered after its gateway had refused it: whoever has read
    /// further finds a payment again that is open anew.
    pub position: Position,
    /// Its order.
    pub order_no: OrderNo,
    /// Its name.
    pub payment: PaymentRef,
    /// How it is made.
    pub method: Method,
    /// How far it has come.
    pub stage: OpenStage,
    /// When it was started.
    pub started_at: Timestamp,
    /// When the gateway stops taking it, where payfold told the gateway so.
    pub expires_at: Option<Timestamp>,
    /// Until when it is to be watched.
    pub watched_until: Timestamp,
}

/// How far a row has come, as its column says.
#[derive(Debug, Clone, Copy)]
enum Stage {
    Starting,
    Open,
    /// Refused by the gateway; a later try may still open it.
    Failed,
}

impl Stage {
    fn as_str(self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::Open => "open",
            Self::Failed => "failed",
        }
    }
}

pub(super) fn open(
    connection: &Connection,
    now: Timestamp,
    after: i64,
    limit: i64,
) -> rusqlite::Result<Vec<OpenPayment>> {
    connection
        .prepare_cached(
            "SELECT position, account, out_trade_no, order_no, method, stage, started_at, expires_at,
                watched_until
             FROM payments
             WHERE position > ?2 AND stage <> 'failed' AND watched_until > ?1
             ORDER BY position LIMIT ?3",
        )?
        .query_map(params![now.as_micros(), after, limit], open_payment)?
        .collect()
}

fn open_payment(row: &Row<'_>) -> rusqlite::Result<OpenPayment> {
    let expires_at: Option<i64> = row.get(7)?;
    Ok(OpenPayment {
        position: row::position(row, 0)?,
        payment: PaymentRef {
            account: row::name(row, 1, |text| AccountName::new(text).ok())?,
            out_trade_no: row::name(row, 2, |text| OutTradeNo::from_gateway(text).ok())?,
        },
        order_no: row::name(row, 3, |text| OrderNo::new(text).ok())?,
        method: row::name(row, 4, Method::from_name)?,
        stage: row::name(row, 5, |text| match text {
            "starting" => Some(OpenStage::Starting),
            "open" => Some(OpenStage::Open),
            _ => None,
        })?,
        started_at: row::instant(row, 6)?,
        expires_at: expires_at.map(Timestamp::from_micros),
        watched_until: row::instant(row, 8)?,
    })
}

/// What a batch changes of one payment. A start replaces what was; an end takes it away, and what comes
/// after it changes nothing.
enum Change<'a> {
    Started(Start<'a>),
    Reached(Reached),
    Ended,
}

/// How far a payment came within the batch that was started before it.
struct Reached {
    stage: Stage,
    /// Where it was opened, before anything else, if it was: a row that is refused moves there.
    opened_first: Option<Position>,
    /// Where it was last opened after it was refused within the batch.
    reopened: Option<Position>,
}

/// A payment that was started within the batch.
struct Start<'a> {
    position: Position,
    order_no: &'a OrderNo,
    event: &'a PaymentStarted,
    at: Timestamp,
    stage: Stage,
}

pub(super) fn apply(tx: &Transaction<'_>, events: &[Fed<'_>]) -> rusqlite::Result<()> {
    let mut changes: IndexMap<&PaymentRef, Change<'_>> = IndexMap::new();
    for fed in events {
        let (StreamName::Order(order_no), Said::Event(Event::Order(event))) =
            (fed.stream, &fed.said)
        else {
            continue;
        };
        if let OrderEvent::PaymentStarted(event) = event {
            let start = Start {
                position: fed.position,
                order_no,
                event,
                at: fed.time,
                stage: Stage::Starting,
            };
            changes.insert(&event.payment, Change::Started(start));
        }
        if let Some((payment, stage)) = stage_in(event) {
            reach(&mut changes, payment, stage, fed.position);
        }
        if let Some(payment) = ended_by(event) {
            changes.insert(payment, Change::Ended);
        }
    }
    write(tx, &changes)
}

fn stage_in(event: &OrderEvent) -> Option<(&PaymentRef, Stage)> {
    if let OrderEvent::PaymentOffered(event) = event {
        return Some((&event.payment, Stage::Open));
    }
    if let OrderEvent::PaymentStartFailed(event) = event {
        return Some((&event.payment, Stage::Failed));
    }
    None
}

/// The payment that an event ends: money came by it, or none can any more.
fn ended_by(event: &OrderEvent) -> Option<&PaymentRef> {
    if let OrderEvent::PaymentClosed(event) = event {
        return Some(&event.payment);
    }
    if let OrderEvent::PaymentConfirmed(event) = event {
        return Some(&event.money.payment);
    }
    if let OrderEvent::LatePaymentReceived(event) | OrderEvent::DoublePaymentReceived(event) = event
    {
        return Some(&event.money.payment);
    }
    if let OrderEvent::MismatchedPaymentReceived(event) = event {
        return Some(&event.money.payment);
    }
    None
}

fn reach<'a>(
    changes: &mut IndexMap<&'a PaymentRef, Change<'a>>,
    payment: &'a PaymentRef,
    stage: Stage,
    at: Position,
) {
    match changes.get_mut(payment) {
        None => {
            let reached = Reached {
                stage,
                opened_first: matches!(stage, Stage::Open).then_some(at),
                reopened: None,
            };
            changes.insert(payment, Change::Reached(reached));
        }
        Some(Change::Started(start)) => {
            if is_reopened(start.stage, stage) {
                start.position = at;
            }
            start.stage = stage;
        }
        Some(Change::Reached(reached)) => {
            if is_reopened(reached.stage, stage) {
                reached.reopened = Some(at);
            }
            reached.stage = stage;
        }
        Some(Change::Ended) => {}
    }
}

fn is_reopened(before: Stage, now: Stage) -> bool {
    matches!((before, now), (Stage::Failed, Stage::Open))
}

fn write(
    tx: &Transaction<'_>,
    changes: &IndexMap<&PaymentRef, Change<'_>>,
) -> rusqlite::Result<()> {
    let mut insert = tx.prepare_cached(
        "INSERT OR REPLACE INTO payments (position, account, out_trade_no, order_no, method, stage,
            started_at, expires_at, watched_until) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    )?;
    let mut update = tx.prepare_cached(
        "UPDATE payments SET stage = ?3,
            position = coalesce(?5, CASE stage WHEN 'failed' THEN ?4 END, position)
         WHERE account = ?1 AND out_trade_no = ?2",
    )?;
    let mut delete =
        tx.prepare_cached("DELETE FROM payments WHERE account = ?1 AND out_trade_no = ?2")?;
    for (payment, change) in changes {
        let account = payment.account.as_str();
        let out_trade_no = payment.out_trade_no.as_str();
        match change {
            Change::Started(start) => insert.execute(params![
                row::stored(start.position),
                account,
                out_trade_no,
                start.order_no.as_str(),
                start.event.method.as_str(),
                start.stage.as_str(),
                start.at.as_micros(),
                start.event.expires_at.map(Timestamp::as_micros),
                watched_until(start).as_micros(),
            ])?,
            Change::Reached(reached) => update.execute(params![
                account,
                out_trade_no,
                reached.stage.as_str(),
                reached.opened_first.map(row::stored),
                reached.reopened.map(row::stored),
            ])?,
            Change::Ended => delete.execute([account, out_trade_no])?,
        };
    }
    Ok(())
}

fn watched_until(start: &Start<'_>) -> Timestamp {
    match start.event.expires_at {
        Some(expires_at) => expires_at.plus_secs(WATCHED_AFTER_EXPIRY_S),
        None => start.at.plus_secs(WATCHED_WITHOUT_EXPIRY_S),
    }
}

/// Drops the oldest payments of which nothing can come any more.
pub(super) fn drop_ended(tx: &Transaction<'_>, time: Timestamp) -> rusqlite::Result<()> {
    tx.prepare_cached(
        "DELETE FROM payments WHERE watched_until <= ?1
         AND position IN (SELECT position FROM payments ORDER BY position LIMIT ?2)",
    )?
    .execute([time.as_micros(), DROPPED_AT_ONCE])
    .map(|_rows| ())
}

//! Payments about which the gateway has to be asked: an unsigned notify claimed something, or the
//! gateway's statements do not fit together.

use payfold_domain::event::{Event, OrderEvent, StrayEvent};
use payfold_domain::{AccountName, OutTradeNo, PaymentRef, Timestamp};
use payfold_store::{Position, StreamName};
use rusqlite::{Connection, Row, Transaction, params};

use crate::feed::{Fed, Said};
use crate::row;

/// How long a question is worth asking; by then the gateway has told by itself, or will not.
const ASKED_FOR_S: i64 = 2 * 86_400;

/// How many of the oldest rows a batch looks at, to drop those that are too old.
const DROPPED_AT_ONCE: i64 = 64;

/// Why a gateway has to be asked about a payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum QuestionReason {
    /// An unsigned notify claims something of a refund.
    RefundHint,
    /// Statements of the gateway do not fit together.
    Contradiction,
}

impl QuestionReason {
    fn as_str(self) -> &'static str {
        match self {
            Self::RefundHint => "refund_hint",
            Self::Contradiction => "contradiction",
        }
    }

    fn from_name(name: &str) -> Option<Self> {
        [Self::RefundHint, Self::Contradiction]
            .into_iter()
            .find(|reason| reason.as_str() == name)
    }
}

/// A payment about which the gateway has to be asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// The position of the event that last raised it.
    pub position: Position,
    /// That event's stream: an order's or a stray's.
    pub stream: StreamName,
    /// The payment.
    pub payment: PaymentRef,
    /// Why.
    pub reason: QuestionReason,
    /// Since when.
    pub since: Timestamp,
}

pub(super) fn open(
    connection: &Connection,
    now: Timestamp,
    after: i64,
    limit: i64,
) -> rusqlite::Result<Vec<Question>> {
    connection
        .prepare_cached(
            "SELECT position, stream, account, out_trade_no, reason, since FROM questions
             WHERE position > ?1 AND since > ?3 ORDER BY position LIMIT ?2",
        )?
        .query_map([after, limit, too_old(now)], question)?
        .collect()
}

fn question(row: &Row<'_>) -> rusqlite::Result<Question> {
    Ok(Question {
        position: row::position(row, 0)?,
        stream: row::name(row, 1, |text| StreamName::parse(text).ok())?,
        payment: PaymentRef {
            account: row::name(row, 2, |text| AccountName::new(text).ok())?,
            out_trade_no: row::name(row, 3, |text| OutTradeNo::from_gateway(text).ok())?,
        },
        reason: row::name(row, 4, QuestionReason::from_name)?,
        since: row::instant(row, 5)?,
    })
}

/// Of two that a payment raises the one for which more is asked stays, while it is worth asking.
pub(super) fn apply(tx: &Transaction<'_>, events: &[Fed<'_>]) -> rusqlite::Result<()> {
    for fed in events {
        let Some((payment, reason)) = raised_by(&fed.said) else {
            continue;
        };
        tx.prepare_cached(
            "INSERT INTO questions (position, stream, account, out_trade_no, reason, since)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)
             ON CONFLICT (account, out_trade_no) DO UPDATE SET
                position = excluded.position, since = excluded.since,
                stream = iif(reason = ?7 AND since > ?8 AND excluded.reason <> ?7,
                    stream, excluded.stream),
                reason = iif(reason = ?7 AND since > ?8, reason, excluded.reason)",
        )?
        .execute(params![
            row::stored(fed.position),
            fed.stream.to_string(),
            payment.account.as_str(),
            payment.out_trade_no.as_str(),
            reason.as_str(),
            fed.time.as_micros(),
            QuestionReason::RefundHint.as_str(),
            too_old(fed.time),
        ])?;
    }
    Ok(())
}

fn raised_by(said: &Said) -> Option<(&PaymentRef, QuestionReason)> {
    let Said::Event(event) = said else {
        return None;
    };
    if let Event::Order(OrderEvent::RefundHintReceived(event))
    | Event::Stray(StrayEvent::RefundHintReceived(event)) = event
    {
        return Some((&event.payment, QuestionReason::RefundHint));
    }
    if let Event::Order(OrderEvent::ContradictionObserved(event))
    | Event::Stray(StrayEvent::ContradictionObserved(event)) = event
    {
        return Some((&event.payment, QuestionReason::Contradiction));
    }
    None
}

/// Drops the oldest questions that are no longer worth asking.
pub(super) fn drop_old(tx: &Transaction<'_>, time: Timestamp) -> rusqlite::Result<()> {
    tx.prepare_cached(
        "DELETE FROM questions WHERE since <= ?1
         AND position IN (SELECT position FROM questions ORDER BY position LIMIT ?2)",
    )?
    .execute([too_old(time), DROPPED_AT_ONCE])
    .map(|_rows| ())
}

fn too_old(now: Timestamp) -> i64 {
    now.plus_secs(-ASKED_FOR_S).as_micros()
}

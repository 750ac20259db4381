//! Refunds without an outcome: asked for, on their way, or stuck.

use indexmap::IndexMap;
use payfold_domain::event::{
    Event, OrderEvent, RefundNamed, RefundRequested, RefundRetried, RefundTroubled, StrayEvent,
};
use payfold_domain::{AccountName, OutTradeNo, PaymentRef, RefundNo, Timestamp};
use payfold_store::{Position, StreamName};
use rusqlite::{Connection, Row, Transaction, params};

use crate::feed::{Fed, Said};
use crate::row;

/// How far a refund without an outcome has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OpenRefundStage {
    /// The wish is stored; whether the gateway knows of it is not.
    Requested,
    /// The gateway took it up.
    Submitted,
    /// It is stuck until a person acts, here or at the gateway.
    NeedsAction,
}

impl OpenRefundStage {
    fn as_str(self) -> &'static str {
        match self {
            Self::Requested => "requested",
            Self::Submitted => "submitted",
            Self::NeedsAction => "needs_action",
        }
    }

    fn from_name(name: &str) -> Option<Self> {
        [Self::Requested, Self::Submitted, Self::NeedsAction]
            .into_iter()
            .find(|stage| stage.as_str() == name)
    }
}

/// A refund without an outcome.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenRefund {
    /// Where in the feed its last step stands.
    pub position: Position,
    /// The stream it belongs to: an order's or a stray's.
    pub stream: StreamName,
    /// The payment it is given back out of.
    pub payment: PaymentRef,
    /// Its number.
    pub refund_no: RefundNo,
    /// How far it has come.
    pub stage: OpenRefundStage,
    /// When it came there.
    pub since: Timestamp,
}

pub(super) fn open(
    connection: &Connection,
    after: i64,
    limit: i64,
) -> rusqlite::Result<Vec<OpenRefund>> {
    connection
        .prepare_cached(
            "SELECT position, stream, account, out_trade_no, refund_no, stage, since FROM refunds
             WHERE position > ?1 ORDER BY position LIMIT ?2",
        )?
        .query_map([after, limit], open_refund)?
        .collect()
}

fn open_refund(row: &Row<'_>) -> rusqlite::Result<OpenRefund> {
    Ok(OpenRefund {
        position: row::position(row, 0)?,
        stream: row::name(row, 1, |text| StreamName::parse(text).ok())?,
        payment: PaymentRef {
            account: row::name(row, 2, |text| AccountName::new(text).ok())?,
            out_trade_no: row::name(row, 3, |text| OutTradeNo::from_gateway(text).ok())?,
        },
        refund_no: row::name(row, 4, |text| RefundNo::from_gateway(text).ok())?,
        stage: row::name(row, 5, OpenRefundStage::from_name)?,
        since: row::instant(row, 6)?,
    })
}

/// Where a refund stands after a step.
#[derive(Clone, Copy)]
enum Standing {
    Open(OpenRefundStage),
    /// With the buyer, or refused.
    Ended,
}

/// The last step of a refund.
struct Step<'a> {
    payment: &'a PaymentRef,
    refund_no: &'a RefundNo,
    standing: Standing,
}

pub(super) fn apply(tx: &Transaction<'_>, events: &[Fed<'_>]) -> rusqlite::Result<()> {
    let mut last: IndexMap<(&AccountName, &RefundNo), (&Fed<'_>, Step<'_>)> = IndexMap::new();
    for fed in events {
        let step = match &fed.said {
            Said::Event(Event::Order(event)) => step_of_order(event),
            Said::Event(Event::Stray(event)) => step_of_stray(event),
            Said::Event(Event::Account(_) | Event::Bill(_)) | Said::Unreadable => None,
        };
        if let Some(step) = step {
            last.insert((&step.payment.account, step.refund_no), (fed, step));
        }
    }
    let mut upsert = tx.prepare_cached(
        "INSERT OR REPLACE INTO refunds
            (position, stream, account, out_trade_no, refund_no, stage, since)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?;
    let mut delete =
        tx.prepare_cached("DELETE FROM refunds WHERE account = ?1 AND refund_no = ?2")?;
    for (fed, step) in last.values() {
        let account = step.payment.account.as_str();
        match step.standing {
            Standing::Open(stage) => upsert.execute(params![
                row::stored(fed.position),
                fed.stream.to_string(),
                account,
                step.payment.out_trade_no.as_str(),
                step.refund_no.as_str(),
                stage.as_str(),
                fed.time.as_micros(),
            ])?,
            Standing::Ended => delete.execute([account, step.refund_no.as_str()])?,
        };
    }
    Ok(())
}

fn step_of_order(event: &OrderEvent) -> Option<Step<'_>> {
    if let OrderEvent::RefundRequested(event) = event {
        return Some(requested(event));
    }
    if let OrderEvent::RefundSubmitted(event) = event {
        return Some(submitted(event));
    }
    if let OrderEvent::RefundRetried(event) = event {
        return Some(retried(event));
    }
    if let OrderEvent::RefundNeedsAction(event) = event {
        return Some(troubled(
            event,
            Standing::Open(OpenRefundStage::NeedsAction),
        ));
    }
    if let OrderEvent::RefundFailed(event) = event {
        return Some(troubled(event, Standing::Ended));
    }
    if let OrderEvent::RefundSucceeded(event) = event {
        return Some(Step {
            payment: &event.payment,
            refund_no: &event.refund_no,
            standing: Standing::Ended,
        });
    }
    None
}

fn step_of_stray(event: &StrayEvent) -> Option<Step<'_>> {
    if let StrayEvent::RefundRequested(event) = event {
        return Some(requested(event));
    }
    if let StrayEvent::RefundSubmitted(event) = event {
        return Some(submitted(event));
    }
    if let StrayEvent::RefundRetried(event) = event {
        return Some(retried(event));
    }
    if let StrayEvent::RefundNeedsAction(event) = event {
        return Some(troubled(
            event,
            Standing::Open(OpenRefundStage::NeedsAction),
        ));
    }
    if let StrayEvent::RefundFailed(event) = event {
        return Some(troubled(event, Standing::Ended));
    }
    if let StrayEvent::RefundSucceeded(event) = event {
        return Some(Step {
            payment: &event.payment,
            refund_no: &event.refund_no,
            standing: Standing::Ended,
        });
    }
    None
}

fn requested(event: &RefundRequested) -> Step<'_> {
    Step {
        payment: &event.payment,
        refund_no: &event.refund_no,
        standing: Standing::Open(OpenRefundStage::Requested),
    }
}

fn submitted(event: &RefundNamed) -> Step<'_> {
    Step {
        payment: &event.payment,
        refund_no: &event.refund_no,
        standing: Standing::Open(OpenRefundStage::Submitted),
    }
}

fn retried(event: &RefundRetried) -> Step<'_> {
    Step {
        payment: &event.payment,
        refund_no: &event.refund_no,
        standing: Standing::Open(OpenRefundStage::Requested),
    }
}

fn troubled(event: &RefundTroubled, standing: Standing) -> Step<'_> {
    Step {
        payment: &event.payment,
        refund_no: &event.refund_no,
        standing,
    }
}

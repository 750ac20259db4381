//! Unmatched money that an order may take up. The stray's stream and the order's are written one after
//! the other; a row stands until both have told of it, so that what lay between is found again.

use payfold_domain::event::{Event, OrderEvent, StrayEvent};
use payfold_domain::exception::ResolutionAction;
use payfold_domain::{AccountName, OrderNo, OutTradeNo, PaymentRef, TransactionId};
use payfold_store::{Position, StreamName};
use rusqlite::{Connection, Row, Transaction, params};

use crate::feed::{Fed, Said};
use crate::row;

/// Unmatched money that no order has taken up. An order may have claimed its number since.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenStray {
    /// Where in the feed it came.
    pub position: Position,
    /// Its number, which names its stream.
    pub payment: PaymentRef,
}

/// Unmatched money that an order took up, by the stray's stream, and has not met, by its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TakenUpStray {
    /// Where in the feed it came.
    pub position: Position,
    /// Its number, which names its stream.
    pub payment: PaymentRef,
    /// The order.
    pub order_no: OrderNo,
}

pub(super) fn open(
    connection: &Connection,
    after: i64,
    limit: i64,
) -> rusqlite::Result<Vec<OpenStray>> {
    connection
        .prepare_cached(
            "SELECT position, account, out_trade_no FROM strays
             WHERE stage IN ('open', 'met') AND position > ?1 ORDER BY position LIMIT ?2",
        )?
        .query_map([after, limit], |row| {
            Ok(OpenStray {
                position: row::position(row, 0)?,
                payment: payment(row)?,
            })
        })?
        .collect()
}

pub(super) fn taken_up(
    connection: &Connection,
    after: i64,
    limit: i64,
) -> rusqlite::Result<Vec<TakenUpStray>> {
    connection
        .prepare_cached(
            "SELECT position, account, out_trade_no, order_no FROM strays
             WHERE stage = 'taken_up' AND position > ?1 ORDER BY position LIMIT ?2",
        )?
        .query_map([after, limit], |row| {
            Ok(TakenUpStray {
                position: row::position(row, 0)?,
                payment: payment(row)?,
                order_no: row::name(row, 3, |text| OrderNo::new(text).ok())?,
            })
        })?
        .collect()
}

fn payment(row: &Row<'_>) -> rusqlite::Result<PaymentRef> {
    Ok(PaymentRef {
        account: row::name(row, 1, |text| AccountName::new(text).ok())?,
        out_trade_no: row::name(row, 2, |text| OutTradeNo::from_gateway(text).ok())?,
    })
}

/// Strays are rare: their events are written one by one, and an order's only while there are any.
pub(super) fn apply(tx: &Transaction<'_>, events: &[Fed<'_>]) -> rusqlite::Result<()> {
    let mut strays: i64 = tx
        .prepare_cached("SELECT count(*) FROM (SELECT 1 FROM strays LIMIT 1)")?
        .query_row([], |row| row.get(0))?;
    for fed in events {
        match &fed.said {
            Said::Event(Event::Stray(event)) => {
                strays += 1;
                of_stray(tx, fed, event)?;
            }
            Said::Event(Event::Order(event)) if strays > 0 => {
                if let Some((payment, transaction_id)) = money_in(event) {
                    met(tx, payment, transaction_id)?;
                }
            }
            Said::Event(Event::Order(_) | Event::Account(_) | Event::Bill(_))
            | Said::Unreadable => {}
        }
    }
    Ok(())
}

fn of_stray(tx: &Transaction<'_>, fed: &Fed<'_>, event: &StrayEvent) -> rusqlite::Result<()> {
    let StreamName::Stray(payment) = fed.stream else {
        return Ok(());
    };
    if let StrayEvent::UnmatchedPaymentReceived(event) = event {
        arrived(
            tx,
            fed.position,
            payment,
            Some(&event.money.receipt.transaction_id),
        )?;
    }
    if let StrayEvent::UnmatchedRefundReceived(event) = event {
        arrived(
            tx,
            fed.position,
            payment,
            event.refund.transaction_id.as_ref(),
        )?;
    }
    if let StrayEvent::StrayTakenUp(event) = event {
        given_to(tx, payment, &event.order_no)?;
    }
    if let StrayEvent::ExceptionResolved(event) = event
        && let (ResolutionAction::Accept, Some(order_no)) = (event.action, &event.order_no)
    {
        given_to(tx, payment, order_no)?;
    }
    Ok(())
}

fn arrived(
    tx: &Transaction<'_>,
    position: Position,
    payment: &PaymentRef,
    transaction_id: Option<&TransactionId>,
) -> rusqlite::Result<()> {
    tx.prepare_cached(
        "INSERT INTO strays (position, account, out_trade_no, transaction_id, stage)
         VALUES (?1, ?2, ?3, ?4, 'open') ON CONFLICT (account, out_trade_no) DO NOTHING",
    )?
    .execute(params![
        row::stored(position),
        payment.account.as_str(),
        payment.out_trade_no.as_str(),
        transaction_id.map(TransactionId::as_str),
    ])
    .map(|_rows| ())
}

/// The stray's stream says whose it is; where that order has told of the money, both are done.
fn given_to(
    tx: &Transaction<'_>,
    payment: &PaymentRef,
    order_no: &OrderNo,
) -> rusqlite::Result<()> {
    let key = [payment.account.as_str(), payment.out_trade_no.as_str()];
    tx.prepare_cached(
        "DELETE FROM strays WHERE account = ?1 AND out_trade_no = ?2 AND stage = 'met'",
    )?
    .execute(key)?;
    tx.prepare_cached(
        "UPDATE strays SET stage = 'taken_up', order_no = ?3
         WHERE account = ?1 AND out_trade_no = ?2",
    )?
    .execute(params![key[0], key[1], order_no.as_str()])
    .map(|_rows| ())
}

/// An order's stream tells of the money; where the stray's has said whose it is, both are done.
fn met(
    tx: &Transaction<'_>,
    payment: &PaymentRef,
    transaction_id: Option<&TransactionId>,
) -> rusqlite::Result<()> {
    let key = params![
        payment.account.as_str(),
        payment.out_trade_no.as_str(),
        transaction_id.map(TransactionId::as_str),
    ];
    tx.prepare_cached(
        "DELETE FROM strays WHERE account = ?1 AND out_trade_no = ?2 AND stage = 'taken_up'
         AND (transaction_id IS NULL OR ?3 IS NULL OR transaction_id = ?3)",
    )?
    .execute(key)?;
    tx.prepare_cached(
        "UPDATE strays SET stage = 'met' WHERE account = ?1 AND out_trade_no = ?2 AND stage = 'open'
         AND (transaction_id IS NULL OR ?3 IS NULL OR transaction_id = ?3)",
    )?
    .execute(key)
    .map(|_rows| ())
}

/// The number and the money that an order's event tells of.
fn money_in(event: &OrderEvent) -> Option<(&PaymentRef, Option<&TransactionId>)> {
    let money = if let OrderEvent::PaymentConfirmed(event) = event {
        &event.money
    } else if let OrderEvent::LatePaymentReceived(event)
    | OrderEvent::DoublePaymentReceived(event) = event
    {
        &event.money
    } else if let OrderEvent::MismatchedPaymentReceived(event) = event {
        &event.money
    } else if let OrderEvent::ExternalRefundObserved(event) = event {
        return Some((&event.payment, Some(&event.transaction_id)));
    } else if let OrderEvent::ContradictionObserved(event) = event {
        return Some((&event.payment, event.transaction_id.as_ref()));
    } else {
        return None;
    };
    Some((&money.payment, Some(&money.receipt.transaction_id)))
}

//! The refunds that are in the report, one by one: a refund that had succeeded may turn out to be
//! stuck, and what was given back of unmatched money is told again by the order that takes it up.

use payfold_domain::event::{
    ExternalRefundObserved, OrderEvent, RefundSucceeded, RefundTroubled, StrayEvent, StrayTakenUp,
};
use payfold_domain::{AccountName, Method, Money, PaymentRef, RefundNo, Timestamp};
use payfold_store::Position;
use rusqlite::{Params, Row, Transaction, params};

use super::{Added, Key};
use crate::day::Day;
use crate::row;

/// Who tells of a refund.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Teller {
    /// An order.
    Order,
    /// The stream of money without an order; what it tells gives way to what an order does.
    Stray,
}

/// A refund that reached the buyer.
struct Refunded<'a> {
    position: Position,
    teller: Teller,
    payment: &'a PaymentRef,
    method: Method,
    refund_no: Option<&'a RefundNo>,
    amount: Money,
    at: Timestamp,
}

pub(super) fn of_order(
    tx: &Transaction<'_>,
    added: &mut Added,
    event: &OrderEvent,
    position: Position,
) -> rusqlite::Result<()> {
    if let OrderEvent::RefundSucceeded(event) = event {
        uncount_number(tx, added, &event.payment, &event.refund_no, None)?;
        count(tx, added, &succeeded(event, Teller::Order, position))?;
    }
    if let OrderEvent::ExternalRefundObserved(event) = event
        && let Some(refunded) = external(event, Teller::Order, position)
    {
        if let Some(refund_no) = refunded.refund_no {
            // What a stray told gives way to what the order does.
            uncount_number(tx, added, refunded.payment, refund_no, Some(Teller::Stray))?;
        }
        count(tx, added, &refunded)?;
    }
    if let OrderEvent::RefundNeedsAction(event) | OrderEvent::RefundFailed(event) = event {
        troubled(tx, added, event)?;
    }
    Ok(())
}

pub(super) fn of_stray(
    tx: &Transaction<'_>,
    added: &mut Added,
    event: &StrayEvent,
    position: Position,
) -> rusqlite::Result<()> {
    if let StrayEvent::RefundSucceeded(event) = event {
        uncount_number(tx, added, &event.payment, &event.refund_no, None)?;
        count(tx, added, &succeeded(event, Teller::Stray, position))?;
    }
    if let StrayEvent::ExternalRefundObserved(event) = event
        && let Some(refunded) = external(event, Teller::Stray, position)
    {
        count(tx, added, &refunded)?;
    }
    if let StrayEvent::RefundNeedsAction(event) | StrayEvent::RefundFailed(event) = event {
        troubled(tx, added, event)?;
    }
    if let StrayEvent::StrayTakenUp(event) = event {
        taken_up(tx, added, event)?;
    }
    Ok(())
}

fn succeeded(event: &RefundSucceeded, teller: Teller, position: Position) -> Refunded<'_> {
    Refunded {
        position,
        teller,
        payment: &event.payment,
        method: event.method,
        refund_no: Some(&event.refund_no),
        amount: event.amount,
        at: event.succeeded_at,
    }
}

/// `None` where no more is thereby known to be given back. What is told of one in several events is their
/// sum.
fn external(
    event: &ExternalRefundObserved,
    teller: Teller,
    position: Position,
) -> Option<Refunded<'_>> {
    Some(Refunded {
        position,
        teller,
        payment: &event.payment,
        method: event.method,
        refund_no: event.refund_no.as_ref(),
        amount: event.amount?,
        at: event.refunded_at,
    })
}

/// What is told of one refund in several events counts as one.
fn count(tx: &Transaction<'_>, added: &mut Added, refunded: &Refunded<'_>) -> rusqlite::Result<()> {
    let refunds = i64::from(!is_counted(tx, refunded)?);
    let key = Key::new(refunded.at, &refunded.payment.account, refunded.method);
    tx.prepare_cached("INSERT INTO refunds VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)")?
        .execute(params![
            row::stored(refunded.position),
            key.account.as_str(),
            refunded.payment.out_trade_no.as_str(),
            refunded.refund_no.map(RefundNo::as_str),
            refunded.teller == Teller::Stray,
            key.day,
            key.method.as_str(),
            refunds,
            refunded.amount.minor,
        ])?;
    let sums = added.entry(key).or_default();
    sums.refunds += refunds;
    sums.refunded_minor += refunded.amount.minor;
    Ok(())
}

fn is_counted(tx: &Transaction<'_>, refunded: &Refunded<'_>) -> rusqlite::Result<bool> {
    let Some(refund_no) = refunded.refund_no else {
        return Ok(false);
    };
    let PaymentRef {
        account,
        out_trade_no,
    } = refunded.payment;
    tx.prepare_cached(
        "SELECT 1 FROM refunds WHERE account = ?1 AND out_trade_no = ?2 AND refund_no = ?3",
    )?
    .exists([account.as_str(), out_trade_no.as_str(), refund_no.as_str()])
}

/// A refund that is stuck or refused is not with the buyer, whatever was told before.
fn troubled(
    tx: &Transaction<'_>,
    added: &mut Added,
    event: &RefundTroubled,
) -> rusqlite::Result<()> {
    uncount_number(tx, added, &event.payment, &event.refund_no, None)
}

/// From now on the order tells what was given back of it.
fn taken_up(tx: &Transaction<'_>, added: &mut Added, event: &StrayTakenUp) -> rusqlite::Result<()> {
    let PaymentRef {
        account,
        out_trade_no,
    } = &event.payment;
    let delete = "DELETE FROM refunds WHERE account = ?1 AND out_trade_no = ?2 AND stray = 1
                  RETURNING day, method, refunds, minor";
    let names = [account.as_str(), out_trade_no.as_str()];
    uncount_all(tx, added, account, delete, names)
}

/// What was told under the number, by `teller` where only that one's gives way.
fn uncount_number(
    tx: &Transaction<'_>,
    added: &mut Added,
    payment: &PaymentRef,
    refund_no: &RefundNo,
    teller: Option<Teller>,
) -> rusqlite::Result<()> {
    let PaymentRef {
        account,
        out_trade_no,
    } = payment;
    let delete = "DELETE FROM refunds
                  WHERE account = ?1 AND out_trade_no = ?2 AND refund_no = ?3
                  AND (?4 IS NULL OR stray = ?4)
                  RETURNING day, method, refunds, minor";
    let names = params![
        account.as_str(),
        out_trade_no.as_str(),
        refund_no.as_str(),
        teller.map(|teller| teller == Teller::Stray),
    ];
    uncount_all(tx, added, account, delete, names)
}

fn uncount_all(
    tx: &Transaction<'_>,
    added: &mut Added,
    account: &AccountName,
    delete: &str,
    names: impl Params,
) -> rusqlite::Result<()> {
    let all: Vec<_> = tx
        .prepare_cached(delete)?
        .query_map(names, counted)?
        .collect::<rusqlite::Result<_>>()?;
    for counted in all {
        uncount(added, account, counted);
    }
    Ok(())
}

/// Where, and how much, a refund was counted.
struct Counted {
    day: Day,
    method: Method,
    refunds: i64,
    minor: i64,
}

fn counted(row: &Row<'_>) -> rusqlite::Result<Counted> {
    Ok(Counted {
        day: row.get(0)?,
        method: row::name(row, 1, Method::from_name)?,
        refunds: row.get(2)?,
        minor: row.get(3)?,
    })
}

fn uncount(added: &mut Added, account: &AccountName, counted: Counted) {
    let key = Key {
        day: counted.day,
        account: account.clone(),
        method: counted.method,
    };
    let sums = added.entry(key).or_default();
    sums.refunds -= counted.refunds;
    sums.refunded_minor -= counted.minor;
}

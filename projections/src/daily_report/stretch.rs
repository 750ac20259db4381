//! Where in the feed a day's money stands: which stretches of positions hold events that tell of money
//! that moved on that day. A day's money is found by them without a row for each payment, however late
//! some of it became known.

use std::collections::BTreeSet;

use payfold_domain::AccountName;
use payfold_store::Position;
use rusqlite::{Connection, Transaction, params};

use crate::day::Day;
use crate::feed::{Fed, Said};
use crate::moved::moved_in;
use crate::row;

/// How many positions a stretch has.
const LENGTH: u64 = 4_096;

/// Positions of the feed, next to each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stretch {
    /// They begin after this one,
    pub after: Position,
    /// and end with this one.
    pub last: Position,
}

pub(super) fn apply(tx: &Transaction<'_>, events: &[Fed<'_>]) -> rusqlite::Result<()> {
    let mut touched = BTreeSet::new();
    for fed in events {
        if let Said::Event(event) = &fed.said
            && let Some(moved) = moved_in(event, fed.time)
        {
            let stretch = Position(fed.position.0 / LENGTH);
            touched.insert((Day::of(moved.at), moved.payment.account.clone(), stretch));
        }
    }
    let mut insert = tx.prepare_cached("INSERT OR IGNORE INTO stretches VALUES (?1, ?2, ?3)")?;
    for (day, account, stretch) in touched {
        insert.execute(params![day, account.as_str(), row::stored(stretch)])?;
    }
    Ok(())
}

/// The stretches of a day's money, in order, those next to each other as one.
pub(super) fn select(
    connection: &Connection,
    account: &AccountName,
    day: Day,
) -> rusqlite::Result<Vec<Stretch>> {
    let mut stretches: Vec<Stretch> = Vec::new();
    let mut select = connection.prepare_cached(
        "SELECT stretch FROM stretches WHERE day = ?1 AND account = ?2 ORDER BY stretch",
    )?;
    let mut rows = select.query(params![day, account.as_str()])?;
    while let Some(row) = rows.next()? {
        let first = row::position(row, 0)?.0.saturating_mul(LENGTH);
        let after = Position(first.saturating_sub(1));
        let last = Position(first.saturating_add(LENGTH - 1));
        match stretches.last_mut() {
            Some(before) if before.last == after => before.last = last,
            Some(_) | None => stretches.push(Stretch { after, last }),
        }
    }
    Ok(stretches)
}

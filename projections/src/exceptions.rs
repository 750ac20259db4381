//! Money that needs, or needed, a person. It is an index: what an exception shows is folded from the
//! stream that opened it, up to this view's checkpoint.

use std::sync::Arc;

use indexmap::IndexMap;
use payfold_domain::event::{
    AccountEvent, BillEvent, Event, ExceptionResolved, OrderEvent, StrayEvent,
};
use payfold_domain::exception::{ExceptionId, ExceptionKind};
use payfold_store::{Position, StreamName};
use rusqlite::{Connection, Row, Transaction, params};

use crate::error::ViewError;
use crate::feed::{Fed, Said};
use crate::listing::{Answer, Listing, with_one_more};
use crate::opening::opening_in;
use crate::reader::ViewReader;
use crate::row;

pub(crate) const FORMAT: i64 = 1;

/// The same id may stand in two streams: an order and a stray may both have been told contradictions
/// about one transaction.
pub(crate) const TABLES: &str = "
    CREATE TABLE exceptions (
        position INTEGER PRIMARY KEY,
        id       TEXT NOT NULL,
        stream   TEXT NOT NULL,
        kind     TEXT NOT NULL,
        status   TEXT NOT NULL,
        resolved INTEGER,
        UNIQUE (id, stream)
    ) STRICT;
    CREATE INDEX exceptions_by_status ON exceptions (status);";

/// Whether an exception still waits for a decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ExceptionStatus {
    /// It does.
    Open,
    /// It was decided.
    Resolved,
}

impl ExceptionStatus {
    /// The status's name in requests and answers.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Resolved => "resolved",
        }
    }

    /// The status of that name, if there is one.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Open, Self::Resolved]
            .into_iter()
            .find(|status| status.as_str() == name)
    }
}

/// An exception in the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExceptionRow {
    /// Its id.
    pub id: ExceptionId,
    /// The stream that opened it, and decides it.
    pub stream: StreamName,
    /// Its kind.
    pub kind: ExceptionKind,
    /// The position of the event that opened it.
    pub opened: Position,
    /// The position of the event that resolved it; `None` while it is open.
    pub resolved: Option<Position>,
}

/// Reads the exceptions.
#[derive(Clone)]
pub struct Exceptions {
    reader: Arc<ViewReader>,
}

impl Exceptions {
    pub(crate) fn new(reader: Arc<ViewReader>) -> Self {
        Self { reader }
    }

    /// A page of the exceptions, newest first, after the one opened at `after`.
    pub fn list(
        &self,
        status: Option<ExceptionStatus>,
        after: Option<Position>,
        limit: usize,
    ) -> Result<Listing<ExceptionRow>, ViewError> {
        let answer = self
            .reader
            .read(|connection| select(connection, status, after, limit))?;
        Ok(Listing::page(answer, limit, |exception| exception.opened))
    }

    /// The exceptions of that id, one for each stream that opened it: usually one, open ones first.
    pub fn find(&self, id: &ExceptionId) -> Result<Answer<Vec<ExceptionRow>>, ViewError> {
        self.reader.read(|connection| {
            connection
                .prepare_cached(
                    "SELECT position, id, stream, kind, resolved FROM exceptions
                     WHERE id = ?1 ORDER BY resolved IS NOT NULL, position",
                )?
                .query_map([id.as_str()], listed)?
                .collect()
        })
    }

    /// How many exceptions wait for a decision.
    pub fn count_open(&self) -> Result<Answer<u64>, ViewError> {
        self.reader.read(|connection| {
            connection
                .prepare_cached("SELECT count(*) FROM exceptions WHERE status = 'open'")?
                .query_row([], |row| row::position(row, 0).map(|count| count.0))
        })
    }
}

fn select(
    connection: &Connection,
    status: Option<ExceptionStatus>,
    after: Option<Position>,
    limit: usize,
) -> rusqlite::Result<Vec<ExceptionRow>> {
    let below = after.map_or(i64::MAX, row::stored);
    let limit = with_one_more(limit);
    match status {
        None => connection
            .prepare_cached(
                "SELECT position, id, stream, kind, resolved FROM exceptions
                 WHERE position < ?1 ORDER BY position DESC LIMIT ?2",
            )?
            .query_map(params![below, limit], listed)?
            .collect(),
        Some(status) => connection
            .prepare_cached(
                "SELECT position, id, stream, kind, resolved FROM exceptions
                 WHERE status = ?3 AND position < ?1 ORDER BY position DESC LIMIT ?2",
            )?
            .query_map(params![below, limit, status.as_str()], listed)?
            .collect(),
    }
}

fn listed(row: &Row<'_>) -> rusqlite::Result<ExceptionRow> {
    Ok(ExceptionRow {
        opened: row::position(row, 0)?,
        id: row::name(row, 1, |text| ExceptionId::parse(text).ok())?,
        stream: row::name(row, 2, |text| StreamName::parse(text).ok())?,
        kind: row::name(row, 3, ExceptionKind::from_name)?,
        resolved: row::position_if_any(row, 4)?,
    })
}

/// What a batch changes of one exception. A stream opens an id once, and resolves it once.
struct Change {
    opened: Option<Position>,
    kind: ExceptionKind,
    resolved: Option<Position>,
}

pub(crate) fn apply(tx: &Transaction<'_>, events: &[Fed<'_>]) -> rusqlite::Result<()> {
    let mut changes: IndexMap<(&ExceptionId, &StreamName), Change> = IndexMap::new();
    for fed in events {
        let Said::Event(event) = &fed.said else {
            continue;
        };
        if let Some(opening) = opening_in(event) {
            let change = changes.entry((opening.id, fed.stream)).or_insert(Change {
                opened: None,
                kind: opening.kind,
                resolved: None,
            });
            change.opened.get_or_insert(fed.position);
        }
        if let Some(resolved) = resolution_in(event) {
            let change = changes
                .entry((&resolved.exception, fed.stream))
                .or_insert(Change {
                    opened: None,
                    kind: resolved.kind,
                    resolved: None,
                });
            change.resolved.get_or_insert(fed.position);
        }
    }
    write(tx, &changes)
}

fn resolution_in(event: &Event) -> Option<&ExceptionResolved> {
    if let Event::Order(OrderEvent::ExceptionResolved(resolved))
    | Event::Stray(StrayEvent::ExceptionResolved(resolved))
    | Event::Account(AccountEvent::ExceptionResolved(resolved))
    | Event::Bill(BillEvent::ExceptionResolved(resolved)) = event
    {
        return Some(resolved);
    }
    None
}

fn write(
    tx: &Transaction<'_>,
    changes: &IndexMap<(&ExceptionId, &StreamName), Change>,
) -> rusqlite::Result<()> {
    let mut open = tx.prepare_cached(
        "INSERT INTO exceptions (position, id, stream, kind, status, resolved)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)
         ON CONFLICT (id, stream) DO UPDATE SET status = excluded.status, resolved = excluded.resolved
         WHERE resolved IS NULL AND excluded.resolved IS NOT NULL",
    )?;
    let mut resolve = tx.prepare_cached(
        "UPDATE exceptions SET status = 'resolved', resolved = ?3
         WHERE id = ?1 AND stream = ?2 AND resolved IS NULL",
    )?;
    for ((id, stream), change) in changes {
        let resolved = change.resolved.map(row::stored);
        match change.opened {
            Some(opened) => {
                let status = match resolved {
                    Some(_) => ExceptionStatus::Resolved,
                    None => ExceptionStatus::Open,
                };
                open.execute(params![
                    row::stored(opened),
                    id.as_str(),
                    stream.to_string(),
                    change.kind.as_str(),
                    status.as_str(),
                    resolved
                ])?
            }
            None => resolve.execute(params![id.as_str(), stream.to_string(), resolved])?,
        };
    }
    Ok(())
}

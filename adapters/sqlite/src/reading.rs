//! Every question the port asks, answered on one connection. No answer holds a read transaction longer
//! than one statement or one page.

use std::collections::HashSet;
use std::sync::Arc;

use bytes::Bytes;
use payfold_domain::{KeyFingerprint, Timestamp};
use payfold_store::{
    Cell, Claim, EvidenceKey, Hash, Head, Kept, Page, Position, Recorded, Scope, StoreError,
    StoredEvidence, StreamName,
};
use rusqlite::{Connection, OptionalExtension, Row};
use uuid::Uuid;

use crate::claim::ClaimKey;
use crate::error::failed;

/// How many events of a long stream one read transaction takes.
const PAGE_EVENTS: usize = 1_000;
/// A page of the total order ends early once its events reach this.
const PAGE_BYTES: usize = 1 << 20;
const KNOWN_KINDS: usize = 256;

macro_rules! event_columns {
    () => {
        "e.position, s.name, e.version, e.id, e.kind, e.schema, e.time_us, e.data, e.evidence, e.hash"
    };
}

macro_rules! private_columns {
    () => {
        "e.private, p.salt, p.bytes"
    };
}

const LOAD: &str = concat!(
    "SELECT ",
    event_columns!(),
    ", ",
    private_columns!(),
    " FROM streams s JOIN events e ON e.stream_id = s.id",
    " LEFT JOIN private_parts p ON p.position = e.position",
    " WHERE s.name = ?1 AND e.version > ?2 ORDER BY e.version LIMIT ?3",
);

// An event whose stream is gone is to show, so it is joined from the left.
const READ_PUBLIC: &str = concat!(
    "SELECT ",
    event_columns!(),
    " FROM events e LEFT JOIN streams s ON s.id = e.stream_id",
    " WHERE e.position > ?1 ORDER BY e.position LIMIT ?2",
);

const READ_EVERYTHING: &str = concat!(
    "SELECT ",
    event_columns!(),
    ", ",
    private_columns!(),
    " FROM events e LEFT JOIN streams s ON s.id = e.stream_id",
    " LEFT JOIN private_parts p ON p.position = e.position",
    " WHERE e.position > ?1 ORDER BY e.position LIMIT ?2",
);

/// The names of events that were met, kept once for all rows.
#[derive(Debug, Default)]
pub(crate) struct Kinds(HashSet<Arc<str>>);

/// A connection and the names it has met.
pub(crate) struct Reading<'a> {
    pub(crate) connection: &'a Connection,
    pub(crate) kinds: &'a mut Kinds,
}

impl Reading<'_> {
    pub(crate) fn load(
        &mut self,
        stream: &StreamName,
        after: u64,
    ) -> Result<Vec<Recorded>, StoreError> {
        let name = stream.to_string();
        let mut events: Vec<Recorded> = Vec::new();
        loop {
            let before = events.len();
            let reached = events.last().map_or(after, |event| event.version);
            self.load_page(&name, reached, &mut events)?;
            if events.len() < before.saturating_add(PAGE_EVENTS) {
                return Ok(events);
            }
        }
    }

    fn load_page(
        &mut self,
        stream: &str,
        after: u64,
        events: &mut Vec<Recorded>,
    ) -> Result<(), StoreError> {
        let failed = failed("loading a stream");
        let mut statement = self.connection.prepare_cached(LOAD).map_err(&failed)?;
        let mut rows = statement
            .query((stream, clamped(after), clamped_usize(PAGE_EVENTS)))
            .map_err(&failed)?;
        while let Some(row) = rows.next().map_err(&failed)? {
            let event = recorded(row, self.kinds)?;
            events.push(Recorded {
                private: private(row)?,
                ..event
            });
        }
        Ok(())
    }

    pub(crate) fn head(&self, stream: &StreamName) -> Result<Head, StoreError> {
        let row = stream_row(self.connection, stream).map_err(failed("reading a stream's end"))?;
        Ok(row.map(|(_, head)| head).unwrap_or_default())
    }

    pub(crate) fn owner(&self, claim: &Claim) -> Result<Option<StreamName>, StoreError> {
        claim_owner(self.connection, claim)
    }

    pub(crate) fn read(
        &mut self,
        after: Position,
        limit: usize,
        scope: Scope,
    ) -> Result<Page, StoreError> {
        let sql = match scope {
            Scope::Public => READ_PUBLIC,
            Scope::Everything => READ_EVERYTHING,
        };
        let failed = failed("reading events");
        let mut statement = self.connection.prepare_cached(sql).map_err(&failed)?;
        let mut rows = statement
            .query((clamped(after.0), clamped_usize(limit)))
            .map_err(&failed)?;
        let mut page = Page {
            events: Vec::with_capacity(limit.min(512)),
            read_to: after,
        };
        let mut bytes = 0_usize;
        while let Some(row) = rows.next().map_err(&failed)? {
            let mut event = recorded(row, self.kinds)?;
            page.read_to = event.position;
            match (scope, &event.stream) {
                (Scope::Public, StreamName::Seal) => continue,
                (Scope::Public, _) => {}
                (Scope::Everything, _) => event.private = private(row)?,
            }
            bytes = bytes.saturating_add(size(&event));
            page.events.push(event);
            if bytes >= PAGE_BYTES {
                break;
            }
        }
        Ok(page)
    }

    pub(crate) fn at(&mut self, position: Position) -> Result<Option<Recorded>, StoreError> {
        let Some(before) = position.0.checked_sub(1) else {
            return Ok(None);
        };
        let page = self.read(Position(before), 1, Scope::Everything)?;
        let event = page.events.into_iter().next();
        Ok(event.filter(|event| event.position == position))
    }

    pub(crate) fn claims(
        &self,
        after: Option<&Claim>,
        limit: usize,
    ) -> Result<Vec<(Claim, StreamName)>, StoreError> {
        const SQL: &str = "SELECT c.kind, c.account, c.number, s.name \
             FROM claims c LEFT JOIN streams s ON s.id = c.stream_id \
             WHERE (c.kind, c.account, c.number) > (?1, ?2, ?3) \
             ORDER BY c.kind, c.account, c.number LIMIT ?4";
        let failed = failed("reading claims");
        let start = ClaimKey {
            kind: 0,
            account: "",
            number: "",
        };
        let from = after.map_or(start, ClaimKey::of);
        let mut statement = self.connection.prepare_cached(SQL).map_err(&failed)?;
        let mut rows = statement
            .query((from.kind, from.account, from.number, clamped_usize(limit)))
            .map_err(&failed)?;
        let mut claims = Vec::new();
        while let Some(row) = rows.next().map_err(&failed)? {
            let key = ClaimKey {
                kind: value(row, 0)?,
                account: text(row, 1)?,
                number: text(row, 2)?,
            };
            claims.push((key.read()?, parsed(text(row, 3)?)?));
        }
        Ok(claims)
    }

    pub(crate) fn evidence(
        &self,
        position: Position,
        commitment: Hash,
    ) -> Result<Option<StoredEvidence>, StoreError> {
        const SQL: &str = "SELECT e.position, e.last_position, e.commitment, e.salt, e.bytes, \
             k.fingerprint, k.spki_der \
             FROM evidence e LEFT JOIN keys k ON k.id = e.key_id \
             WHERE e.position <= ?1 ORDER BY e.position DESC LIMIT 1";
        let failed = failed("reading evidence");
        let mut statement = self.connection.prepare_cached(SQL).map_err(&failed)?;
        let mut rows = statement.query([clamped(position.0)]).map_err(&failed)?;
        let Some(row) = rows.next().map_err(&failed)? else {
            return Ok(None);
        };
        let last: u64 = value(row, 1)?;
        let evidence = stored_evidence(row)?;
        let rests_on = position.0 <= last && evidence.message.commitment == commitment;
        Ok(rests_on.then_some(evidence))
    }

    pub(crate) fn heads(
        &self,
        after: Option<&StreamName>,
        limit: usize,
    ) -> Result<Vec<(StreamName, Head)>, StoreError> {
        const SQL: &str = "SELECT name, head_version, head_hash FROM streams \
             WHERE name > ?1 ORDER BY name LIMIT ?2";
        let failed = failed("reading the streams' ends");
        let after = after.map(StreamName::to_string).unwrap_or_default();
        let mut statement = self.connection.prepare_cached(SQL).map_err(&failed)?;
        let mut rows = statement
            .query((after, clamped_usize(limit)))
            .map_err(&failed)?;
        let mut heads = Vec::new();
        while let Some(row) = rows.next().map_err(&failed)? {
            let head = Head {
                version: value(row, 1)?,
                hash: value(row, 2)?,
            };
            heads.push((parsed(text(row, 0)?)?, head));
        }
        Ok(heads)
    }

    pub(crate) fn read_evidence(
        &self,
        after: Position,
        limit: usize,
    ) -> Result<Vec<(Position, StoredEvidence)>, StoreError> {
        const SQL: &str = "SELECT e.position, e.last_position, e.commitment, e.salt, e.bytes, \
             k.fingerprint, k.spki_der \
             FROM evidence e LEFT JOIN keys k ON k.id = e.key_id \
             WHERE e.position > ?1 ORDER BY e.position LIMIT ?2";
        let failed = failed("reading evidence");
        let mut statement = self.connection.prepare_cached(SQL).map_err(&failed)?;
        let mut rows = statement
            .query((clamped(after.0), clamped_usize(limit)))
            .map_err(&failed)?;
        let mut found = Vec::new();
        while let Some(row) = rows.next().map_err(&failed)? {
            found.push((Position(value(row, 0)?), stored_evidence(row)?));
        }
        Ok(found)
    }

    pub(crate) fn cell(&self, name: &str) -> Result<Option<Cell>, StoreError> {
        const SQL: &str = "SELECT revision, value FROM cells WHERE name = ?1";
        let failed = failed("reading a cell");
        let mut statement = self.connection.prepare_cached(SQL).map_err(&failed)?;
        let mut rows = statement.query([name]).map_err(&failed)?;
        let Some(row) = rows.next().map_err(&failed)? else {
            return Ok(None);
        };
        Ok(Some(Cell {
            revision: value(row, 0)?,
            value: Bytes::copy_from_slice(blob(row, 1)?),
        }))
    }
}

/// A stream's row and its end.
pub(crate) fn stream_row(
    connection: &Connection,
    stream: &StreamName,
) -> rusqlite::Result<Option<(i64, Head)>> {
    const SQL: &str = "SELECT id, head_version, head_hash FROM streams WHERE name = ?1";
    connection
        .prepare_cached(SQL)?
        .query_row([stream.to_string()], |row| {
            let head = Head {
                version: row.get(1)?,
                hash: row.get(2)?,
            };
            Ok((row.get(0)?, head))
        })
        .optional()
}

/// The stream that a claim belongs to.
pub(crate) fn claim_owner(
    connection: &Connection,
    claim: &Claim,
) -> Result<Option<StreamName>, StoreError> {
    const SQL: &str = "SELECT s.name FROM claims c LEFT JOIN streams s ON s.id = c.stream_id \
         WHERE c.kind = ?1 AND c.account = ?2 AND c.number = ?3";
    let failed = failed("reading a claim");
    let key = ClaimKey::of(claim);
    let mut statement = connection.prepare_cached(SQL).map_err(&failed)?;
    let mut rows = statement
        .query((key.kind, key.account, key.number))
        .map_err(&failed)?;
    match rows.next().map_err(&failed)? {
        Some(row) => parsed(text(row, 0)?).map(Some),
        None => Ok(None),
    }
}

/// The position of the last event; 0 in an empty store.
pub(crate) fn last_position(connection: &Connection) -> rusqlite::Result<u64> {
    connection
        .prepare_cached("SELECT coalesce(max(position), 0) FROM events")?
        .query_row((), |row| row.get(0))
}

/// Reads the columns of `event_columns`.
fn recorded(row: &Row<'_>, kinds: &mut Kinds) -> Result<Recorded, StoreError> {
    let evidence = optional_blob(row, 8)?;
    Ok(Recorded {
        position: Position(value(row, 0)?),
        stream: parsed(text(row, 1)?)?,
        version: value(row, 2)?,
        id: Uuid::from_slice(blob(row, 3)?).map_err(|error| damaged(row, &error))?,
        kind: kinds.shared(text(row, 4)?),
        schema: value(row, 5)?,
        time: Timestamp::from_micros(value(row, 6)?),
        data: Bytes::copy_from_slice(blob(row, 7)?),
        private: None,
        evidence: evidence.map(|bytes| hash_of(row, bytes)).transpose()?,
        hash: hash_of(row, blob(row, 9)?)?,
    })
}

/// Reads the columns of `private_columns` after those of the event.
fn private(row: &Row<'_>) -> Result<Option<Kept>, StoreError> {
    kept(row, [10, 11, 12])
}

/// Columns: position, last position, commitment, salt, bytes, fingerprint, key.
fn stored_evidence(row: &Row<'_>) -> Result<StoredEvidence, StoreError> {
    let message =
        kept(row, [2, 3, 4])?.ok_or_else(|| damaged(row, &"evidence without a commitment"))?;
    Ok(StoredEvidence {
        message,
        key: EvidenceKey {
            fingerprint: KeyFingerprint(hash_of(row, blob(row, 5)?)?),
            spki_der: optional_blob(row, 6)?.map(Bytes::copy_from_slice),
        },
    })
}

fn kept(row: &Row<'_>, [commitment, salt, bytes]: [usize; 3]) -> Result<Option<Kept>, StoreError> {
    let Some(commitment) = optional_blob(row, commitment)? else {
        return Ok(None);
    };
    let opening = match (optional_blob(row, salt)?, optional_blob(row, bytes)?) {
        (Some(salt), Some(bytes)) => Some((hash_of(row, salt)?, Bytes::copy_from_slice(bytes))),
        (None, _) | (_, None) => None,
    };
    Ok(Some(Kept {
        commitment: hash_of(row, commitment)?,
        opening,
    }))
}

impl Kinds {
    fn shared(&mut self, name: &str) -> Arc<str> {
        if let Some(kind) = self.0.get(name) {
            return Arc::clone(kind);
        }
        let kind: Arc<str> = Arc::from(name);
        if self.0.len() < KNOWN_KINDS {
            self.0.insert(Arc::clone(&kind));
        }
        kind
    }
}

fn value<T: rusqlite::types::FromSql>(row: &Row<'_>, column: usize) -> Result<T, StoreError> {
    row.get(column).map_err(|error| damaged(row, &error))
}

fn text<'a>(row: &'a Row<'_>, column: usize) -> Result<&'a str, StoreError> {
    let found = row.get_ref(column).map_err(|error| damaged(row, &error))?;
    found.as_str().map_err(|error| damaged(row, &error))
}

fn blob<'a>(row: &'a Row<'_>, column: usize) -> Result<&'a [u8], StoreError> {
    let found = row.get_ref(column).map_err(|error| damaged(row, &error))?;
    found.as_blob().map_err(|error| damaged(row, &error))
}

fn optional_blob<'a>(row: &'a Row<'_>, column: usize) -> Result<Option<&'a [u8]>, StoreError> {
    let found = row.get_ref(column).map_err(|error| damaged(row, &error))?;
    found
        .as_blob_or_null()
        .map_err(|error| damaged(row, &error))
}

fn hash_of(row: &Row<'_>, bytes: &[u8]) -> Result<Hash, StoreError> {
    Hash::try_from(bytes).map_err(|error| damaged(row, &error))
}

fn parsed(name: &str) -> Result<StreamName, StoreError> {
    StreamName::parse(name).map_err(|error| StoreError::Damaged {
        place: "the streams".to_owned(),
        problem: error.to_string(),
    })
}

/// Names the row by its first column: a position wherever that matters.
fn damaged(row: &Row<'_>, problem: &dyn std::fmt::Display) -> StoreError {
    let place = row.get_ref(0).map_or_else(
        |_| "a row".to_owned(),
        |first| format!("the row at {first:?}"),
    );
    StoreError::Damaged {
        place,
        problem: problem.to_string(),
    }
}

/// The bytes of an event that have no bound of their own.
fn size(event: &Recorded) -> usize {
    let opening = event
        .private
        .as_ref()
        .and_then(|private| private.opening.as_ref());
    let private = opening.map_or(0, |(_, bytes)| bytes.len());
    event.data.len().saturating_add(private)
}

/// Past what SQLite can count there are no rows.
fn clamped(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn clamped_usize(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use payfold_domain::OrderNo;
    use rusqlite::StatementStatus;

    use super::*;

    #[test]
    fn a_statement_is_prepared_once_whatever_it_is_asked() {
        let connection = crate::connection::connect_in_memory().unwrap();
        crate::file::lay_out(&connection, Uuid::from_u128(7)).unwrap();
        let kinds = &mut Kinds::default();
        let mut reading = Reading {
            connection: &connection,
            kinds,
        };
        let stream = StreamName::Order(OrderNo::new("A-1").unwrap());
        for after in 0..5 {
            reading.load(&stream, after).unwrap();
            for scope in [Scope::Public, Scope::Everything] {
                reading.read(Position(after), 10, scope).unwrap();
            }
        }
        for sql in [LOAD, READ_PUBLIC, READ_EVERYTHING] {
            let statement = connection.prepare_cached(sql).unwrap();
            assert_eq!(statement.get_status(StatementStatus::Run), 5);
            assert_eq!(statement.get_status(StatementStatus::RePrepare), 0);
        }
    }
}

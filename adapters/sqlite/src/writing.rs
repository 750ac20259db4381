//! What one transaction of the writer may change: appends and cells, each checked before its first row
//! is written, so that a conflict touches no neighbour.

use std::cmp::Ordering;

use bytes::Bytes;
use payfold_store::{
    Append, CellOutcome, ClaimRequest, EvidenceKey, Head, NewEvent, NewEvidence, Outcome, Position,
    StoreError, StreamName,
};
use rusqlite::{Connection, OptionalExtension};

use crate::claim::ClaimKey;
use crate::error::failed;
use crate::heads::{Heads, KnownStream};
use crate::reading::{claim_owner, stream_row};

/// An open transaction. An error out of any of its methods means that all of it is rolled back.
pub(crate) struct Changes<'a> {
    pub(crate) connection: &'a Connection,
    pub(crate) heads: &'a mut Heads,
    /// The position of the last event.
    pub(crate) last: u64,
}

/// A compare-and-set of one cell.
#[derive(Debug, Clone)]
pub(crate) struct CellWrite {
    pub(crate) name: String,
    pub(crate) expected: u64,
    pub(crate) value: Bytes,
}

impl Changes<'_> {
    /// Stores an append of at least one event, or says why not; repeated, answers as it did the first time.
    pub(crate) fn append(&mut self, append: &Append) -> Result<Outcome, StoreError> {
        let known = self.known(&append.stream)?;
        let head = known.map(|stream| stream.head).unwrap_or_default();
        let conflict = Outcome::VersionConflict {
            actual: head.version,
        };
        match append.expected.cmp(&head.version) {
            Ordering::Equal => {}
            Ordering::Greater => return Ok(conflict),
            Ordering::Less => {
                let repeat = self
                    .repeat_of(append, known)
                    .map_err(failed("looking for a repeat"))?;
                return Ok(repeat.unwrap_or(conflict));
            }
        }
        let mut unclaimed = Vec::with_capacity(append.claims.len());
        for request in &append.claims {
            match claim_owner(self.connection, &request.claim)? {
                Some(owner) if owner == append.stream => {}
                Some(owner) if !may_be_taken(&owner, request) => {
                    return Ok(Outcome::ClaimConflict {
                        claim: request.claim.clone(),
                        owner,
                    });
                }
                Some(_) | None => unclaimed.push(request),
            }
        }
        self.store(append, known, &unclaimed)
            .map_err(failed("appending"))
    }

    /// Writes a cell if it is at the expected revision.
    pub(crate) fn set_cell(&mut self, write: &CellWrite) -> Result<CellOutcome, StoreError> {
        self.compare_and_set(write)
            .map_err(failed("writing a cell"))
    }

    /// Writes without changing anything, which fails where any write would.
    pub(crate) fn probe(&mut self) -> Result<(), StoreError> {
        self.run("UPDATE meta SET store_id = store_id", ())
            .map_err(failed("trying a write"))
    }

    fn known(&mut self, stream: &StreamName) -> Result<Option<KnownStream>, StoreError> {
        if let Some(known) = self.heads.get(stream) {
            return Ok(Some(known));
        }
        let row = stream_row(self.connection, stream).map_err(failed("reading a stream's end"))?;
        Ok(row.map(|(id, head)| KnownStream { id, head }))
    }

    /// What the same append became before, told by its first event's id where it would have come.
    fn repeat_of(
        &self,
        append: &Append,
        known: Option<KnownStream>,
    ) -> rusqlite::Result<Option<Outcome>> {
        const FIRST: &str =
            "SELECT 1 FROM events WHERE stream_id = ?1 AND version = ?2 AND id = ?3";
        const LAST: &str =
            "SELECT position, version, hash FROM events WHERE stream_id = ?1 AND version = ?2";
        let (Some(stream), Some(first)) = (known, append.events.first()) else {
            return Ok(None);
        };
        let came = (
            stream.id,
            append.expected.saturating_add(1),
            first.id.as_bytes(),
        );
        if !self.connection.prepare_cached(FIRST)?.exists(came)? {
            return Ok(None);
        }
        let version = append.expected.saturating_add(count(&append.events));
        self.connection
            .prepare_cached(LAST)?
            .query_row((stream.id, version), |row| {
                Ok(Outcome::Appended {
                    position: Position(row.get(0)?),
                    head: Head {
                        version: row.get(1)?,
                        hash: row.get(2)?,
                    },
                })
            })
            .optional()
    }

    /// Everything is allowed by now; from here on only the engine can fail.
    fn store(
        &mut self,
        append: &Append,
        known: Option<KnownStream>,
        unclaimed: &[&ClaimRequest],
    ) -> rusqlite::Result<Outcome> {
        let head = Head {
            version: append.expected.saturating_add(count(&append.events)),
            hash: append.events.last().map_or([0; 32], |event| event.hash),
        };
        let id = self.put_head(&append.stream, known, head)?;
        let first = self.last.saturating_add(1);
        for (version, event) in (append.expected.saturating_add(1)..).zip(&append.events) {
            self.last = self.last.saturating_add(1);
            self.put_event(append, id, version, event)?;
        }
        for request in unclaimed {
            self.put_claim(request, id)?;
        }
        if let Some(evidence) = &append.evidence {
            self.put_evidence(evidence, first)?;
        }
        self.heads.put(&append.stream, KnownStream { id, head });
        Ok(Outcome::Appended {
            position: Position(self.last),
            head,
        })
    }

    fn put_head(
        &self,
        stream: &StreamName,
        known: Option<KnownStream>,
        head: Head,
    ) -> rusqlite::Result<i64> {
        if let Some(known) = known {
            self.run(
                "UPDATE streams SET head_version = ?2, head_hash = ?3 WHERE id = ?1",
                (known.id, head.version, head.hash),
            )?;
            return Ok(known.id);
        }
        self.run(
            "INSERT INTO streams (name, head_version, head_hash) VALUES (?1, ?2, ?3)",
            (stream.to_string(), head.version, head.hash),
        )?;
        Ok(self.connection.last_insert_rowid())
    }

    fn put_event(
        &self,
        append: &Append,
        stream: i64,
        version: u64,
        event: &NewEvent,
    ) -> rusqlite::Result<()> {
        self.run(
            "INSERT INTO events (position, stream_id, version, id, kind, schema, time_us, data, \
             private, evidence, hash) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
            (
                self.last,
                stream,
                version,
                event.id.as_bytes(),
                event.kind,
                event.schema,
                append.time.as_micros(),
                &*event.data,
                event.private.as_ref().map(|private| private.commitment),
                event.evidence,
                event.hash,
            ),
        )?;
        let Some(private) = &event.private else {
            return Ok(());
        };
        self.run(
            "INSERT INTO private_parts (position, salt, bytes) VALUES (?1, ?2, ?3)",
            (self.last, private.salt, &*private.bytes),
        )
    }

    fn put_claim(&self, request: &ClaimRequest, stream: i64) -> rusqlite::Result<()> {
        let key = ClaimKey::of(&request.claim);
        self.run(
            "INSERT INTO claims (kind, account, number, stream_id) VALUES (?1, ?2, ?3, ?4) \
             ON CONFLICT DO UPDATE SET stream_id = excluded.stream_id",
            (key.kind, key.account, key.number, stream),
        )
    }

    fn put_evidence(&mut self, evidence: &NewEvidence, first: u64) -> rusqlite::Result<()> {
        let key = self.key_id(&evidence.key)?;
        let message = &evidence.message;
        self.run(
            "INSERT INTO evidence (position, last_position, key_id, commitment, salt, bytes) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            (
                first,
                self.last,
                key,
                message.commitment,
                message.salt,
                &*message.bytes,
            ),
        )
    }

    fn key_id(&mut self, key: &EvidenceKey) -> rusqlite::Result<i64> {
        let fingerprint = key.fingerprint.0;
        if let Some(id) = self.heads.key(&fingerprint) {
            return Ok(id);
        }
        let id = self.key_row(key)?;
        self.heads.put_key(fingerprint, id);
        Ok(id)
    }

    /// The key's row, made where there is none.
    fn key_row(&self, key: &EvidenceKey) -> rusqlite::Result<i64> {
        let fingerprint = key.fingerprint.0;
        let known = self
            .connection
            .prepare_cached("SELECT id FROM keys WHERE fingerprint = ?1")?
            .query_row([fingerprint], |row| row.get(0))
            .optional()?;
        if let Some(id) = known {
            return Ok(id);
        }
        self.run(
            "INSERT INTO keys (fingerprint, spki_der) VALUES (?1, ?2)",
            (fingerprint, key.spki_der.as_deref()),
        )?;
        Ok(self.connection.last_insert_rowid())
    }

    fn compare_and_set(&self, write: &CellWrite) -> rusqlite::Result<CellOutcome> {
        let actual: u64 = self
            .connection
            .prepare_cached("SELECT revision FROM cells WHERE name = ?1")?
            .query_row([&write.name], |row| row.get(0))
            .optional()?
            .unwrap_or(0);
        if actual != write.expected {
            return Ok(CellOutcome::Conflict { actual });
        }
        let revision = actual.saturating_add(1);
        self.run(
            "INSERT INTO cells (name, revision, value) VALUES (?1, ?2, ?3) \
             ON CONFLICT (name) DO UPDATE SET revision = excluded.revision, value = excluded.value",
            (&write.name, revision, &*write.value),
        )?;
        Ok(CellOutcome::Written { revision })
    }

    fn run(&self, sql: &str, params: impl rusqlite::Params) -> rusqlite::Result<()> {
        self.connection
            .prepare_cached(sql)?
            .execute(params)
            .map(|_rows| ())
    }
}

/// A stray's claims go over to the order that takes it up; nobody else's ever do.
fn may_be_taken(owner: &StreamName, request: &ClaimRequest) -> bool {
    matches!(owner, StreamName::Stray(_)) && request.take_from.as_ref() == Some(owner)
}

fn count(events: &[NewEvent]) -> u64 {
    u64::try_from(events.len()).unwrap_or(u64::MAX)
}

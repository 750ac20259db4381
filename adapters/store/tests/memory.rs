//! The port kept in memory, as plainly as it can be said: what the conformance suite is tried on, and
//! what audits and seals are tested over, for it lets a test break what it keeps.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::{Arc, Mutex, MutexGuard};

use ::bytes::Bytes;
use payfold_store::conformance::{Opening, Place};
use payfold_store::{
    Append, Cell, CellOutcome, Claim, Committed, Hash, Head, Kept, NewEvent, Outcome, Page,
    Pending, Position, Recorded, Scope, Store, StoredEvidence, StreamName, Tip,
};
use tokio::sync::watch;
use uuid::Uuid;

/// Everything that the store keeps. Positions have gaps, as the port allows.
#[derive(Default)]
pub(crate) struct Contents {
    pub(crate) events: Vec<Recorded>,
    pub(crate) claims: BTreeMap<Claim, StreamName>,
    pub(crate) evidence: BTreeMap<Position, StoredEvidence>,
    cells: BTreeMap<String, Cell>,
}

#[derive(Clone, Default)]
pub(crate) struct MemoryPlace {
    contents: Arc<Mutex<Contents>>,
}

impl MemoryPlace {
    pub(crate) fn contents(&self) -> MutexGuard<'_, Contents> {
        self.contents.lock().unwrap()
    }

    pub(crate) fn store(&self) -> MemoryStore {
        let last = self.contents().events.last().map(|event| event.position);
        MemoryStore {
            place: self.clone(),
            tip: watch::Sender::new(last.unwrap_or_default()),
        }
    }
}

impl Place for MemoryPlace {
    fn open(&mut self) -> Opening<'_> {
        let store: Arc<dyn Store> = Arc::new(self.store());
        Box::pin(async { store })
    }
}

pub(crate) struct MemoryStore {
    place: MemoryPlace,
    tip: watch::Sender<Position>,
}

impl Contents {
    fn of<'a>(&'a self, stream: &'a StreamName) -> impl Iterator<Item = &'a Recorded> {
        self.events
            .iter()
            .filter(move |event| event.stream == *stream)
    }

    fn head(&self, stream: &StreamName) -> Head {
        self.of(stream).last().map(end).unwrap_or_default()
    }

    fn append(&mut self, append: Append) -> Outcome {
        let first = append.events.first().map(|event| event.id);
        let count = append.events.len();
        let stored: Vec<&Recorded> = self
            .of(&append.stream)
            .skip_while(|event| event.version <= append.expected)
            .take(count)
            .collect();
        if let Some(repeated) = stored.first()
            && Some(repeated.id) == first
        {
            let last = stored.last().unwrap();
            return Outcome::Appended {
                position: last.position,
                head: end(last),
            };
        }
        let actual = self.head(&append.stream).version;
        if actual != append.expected {
            return Outcome::VersionConflict { actual };
        }
        for request in &append.claims {
            if let Some(owner) = self.claims.get(&request.claim)
                && *owner != append.stream
                && Some(owner) != request.take_from.as_ref()
            {
                return Outcome::ClaimConflict {
                    claim: request.claim.clone(),
                    owner: owner.clone(),
                };
            }
        }
        self.store(append)
    }

    fn store(&mut self, append: Append) -> Outcome {
        for request in append.claims {
            self.claims.insert(request.claim, append.stream.clone());
        }
        let mut version = append.expected;
        let mut position = self.events.last().map_or(0, |event| event.position.0);
        if let Some(evidence) = append.evidence {
            let kept = StoredEvidence {
                message: kept(evidence.message),
                key: evidence.key,
            };
            self.evidence.insert(Position(position + 3), kept);
        }
        for event in append.events {
            version += 1;
            position += 3;
            let stream = append.stream.clone();
            let place = (Position(position), version);
            self.events
                .push(recorded(stream, place, append.time, event));
        }
        let last = self.events.last().unwrap();
        Outcome::Appended {
            position: last.position,
            head: end(last),
        }
    }
}

fn end(event: &Recorded) -> Head {
    Head {
        version: event.version,
        hash: event.hash,
    }
}

fn kept(committed: Committed) -> Kept {
    Kept {
        commitment: committed.commitment,
        opening: Some((committed.salt, committed.bytes)),
    }
}

/// An event as it lies in a store.
pub(crate) fn recorded(
    stream: StreamName,
    (position, version): (Position, u64),
    time: payfold_domain::Timestamp,
    event: NewEvent,
) -> Recorded {
    Recorded {
        position,
        stream,
        version,
        id: event.id,
        kind: event.kind.into(),
        schema: event.schema,
        time,
        data: event.data,
        private: event.private.map(kept),
        evidence: event.evidence,
        hash: event.hash,
    }
}

fn public(event: &Recorded) -> Recorded {
    Recorded {
        private: None,
        ..event.clone()
    }
}

impl Store for MemoryStore {
    fn id(&self) -> Uuid {
        Uuid::from_u128(0xfeed)
    }

    fn append(&self, append: Append) -> Pending<'_, Outcome> {
        Box::pin(async move {
            let mut contents = self.place.contents();
            let outcome = contents.append(append);
            let last = contents.events.last().map(|event| event.position);
            self.tip.send_replace(last.unwrap_or_default());
            Ok(outcome)
        })
    }

    fn load<'a>(&'a self, stream: &'a StreamName, after: u64) -> Pending<'a, Vec<Recorded>> {
        let contents = self.place.contents();
        let events = contents.of(stream).filter(|event| event.version > after);
        let events = events.cloned().collect();
        Box::pin(async { Ok(events) })
    }

    fn head<'a>(&'a self, stream: &'a StreamName) -> Pending<'a, Head> {
        let head = self.place.contents().head(stream);
        Box::pin(async move { Ok(head) })
    }

    fn owner<'a>(&'a self, claim: &'a Claim) -> Pending<'a, Option<StreamName>> {
        let owner = self.place.contents().claims.get(claim).cloned();
        Box::pin(async { Ok(owner) })
    }

    fn read(&self, after: Position, limit: usize, scope: Scope) -> Pending<'_, Page> {
        let contents = self.place.contents();
        let read: Vec<&Recorded> = contents
            .events
            .iter()
            .filter(|event| event.position > after)
            .take(limit)
            .collect();
        let page = Page {
            read_to: read.last().map_or(after, |event| event.position),
            events: match scope {
                Scope::Everything => read.into_iter().cloned().collect(),
                Scope::Public => read
                    .into_iter()
                    .filter(|event| event.stream != StreamName::Seal)
                    .map(public)
                    .collect(),
            },
        };
        Box::pin(async { Ok(page) })
    }

    fn at(&self, position: Position) -> Pending<'_, Option<Recorded>> {
        let contents = self.place.contents();
        let found = contents
            .events
            .iter()
            .find(|event| event.position == position);
        let found = found.cloned();
        Box::pin(async { Ok(found) })
    }

    fn claims<'a>(
        &'a self,
        after: Option<&'a Claim>,
        limit: usize,
    ) -> Pending<'a, Vec<(Claim, StreamName)>> {
        let contents = self.place.contents();
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let claims = contents.claims.range((from, Bound::Unbounded)).take(limit);
        let claims = claims.map(|(claim, owner)| (claim.clone(), owner.clone()));
        let claims = claims.collect();
        Box::pin(async { Ok(claims) })
    }

    fn heads<'a>(
        &'a self,
        after: Option<&'a StreamName>,
        limit: usize,
    ) -> Pending<'a, Vec<(StreamName, Head)>> {
        let contents = self.place.contents();
        let ends = contents.events.iter();
        let ends: BTreeMap<_, _> = ends
            .map(|event| (event.stream.clone(), end(event)))
            .collect();
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let heads = ends.range((from, Bound::Unbounded)).take(limit);
        let heads = heads
            .map(|(stream, head)| (stream.clone(), *head))
            .collect();
        Box::pin(async { Ok(heads) })
    }

    fn evidence(
        &self,
        position: Position,
        commitment: Hash,
    ) -> Pending<'_, Option<StoredEvidence>> {
        let contents = self.place.contents();
        let beside = contents.evidence.range(..=position).next_back();
        let found = beside.map(|(_, kept)| kept.clone());
        let found = found.filter(|kept| kept.message.commitment == commitment);
        Box::pin(async { Ok(found) })
    }

    fn read_evidence(
        &self,
        after: Position,
        limit: usize,
    ) -> Pending<'_, Vec<(Position, StoredEvidence)>> {
        let contents = self.place.contents();
        let from = (Bound::Excluded(after), Bound::Unbounded);
        let kept = contents.evidence.range(from).take(limit);
        let kept = kept.map(|(position, kept)| (*position, kept.clone()));
        let kept = kept.collect();
        Box::pin(async { Ok(kept) })
    }

    fn tip(&self) -> Tip {
        self.tip.subscribe()
    }

    fn cell<'a>(&'a self, name: &'a str) -> Pending<'a, Option<Cell>> {
        let cell = self.place.contents().cells.get(name).cloned();
        Box::pin(async { Ok(cell) })
    }

    fn set_cell<'a>(
        &'a self,
        name: &'a str,
        expected: u64,
        value: Bytes,
    ) -> Pending<'a, CellOutcome> {
        let mut contents = self.place.contents();
        let actual = contents.cells.get(name).map_or(0, |cell| cell.revision);
        let outcome = if actual == expected {
            let revision = actual + 1;
            let cell = Cell { value, revision };
            contents.cells.insert(name.to_owned(), cell);
            CellOutcome::Written { revision }
        } else {
            CellOutcome::Conflict { actual }
        };
        Box::pin(async { Ok(outcome) })
    }

    fn probe(&self) -> Pending<'_, ()> {
        Box::pin(async { Ok(()) })
    }
}

//! The port: four promises that every store keeps, and the values that go in and come out.
//!
//! 1. [`Store::append`] is all or nothing and durable when it answers; a conflict is a value.
//! 2. A [`Claim`] belongs to one stream for ever, however many ask at once; an order may take a
//!    claim over only from the stray that it took up.
//! 3. There is one total order over all streams ([`Position`], gaps allowed), read from any position
//!    onwards without a hole that is filled later.
//! 4. Cells are small named values with compare-and-set; not in the feed, the chain or the audit.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use payfold_domain::{KeyFingerprint, Timestamp};
use uuid::Uuid;

use crate::stream::{Claim, StreamName};

/// A place in the one total order of all events, from 1; 0 is before the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Position(pub u64);

/// SHA-256.
pub type Hash = [u8; 32];

/// The end of a stream: its version (the number of its events) and the hash of its last event; zeros
/// before the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Head {
    /// The number of events in the stream.
    pub version: u64,
    /// The hash of the last one.
    pub hash: Hash,
}

/// Bytes that are committed to, and may be dropped without breaking the chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Committed {
    /// SHA-256(salt ‖ bytes); it stands in the chain.
    pub commitment: Hash,
    /// The salt beside the bytes.
    pub salt: [u8; 32],
    /// The bytes.
    pub bytes: Bytes,
}

/// A private part or evidence as it lies in the store: its commitment stays when its bytes are dropped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// SHA-256(salt ‖ bytes).
    pub commitment: Hash,
    /// Salt and bytes, unless dropped.
    pub opening: Option<([u8; 32], Bytes)>,
}

/// A public key that verified messages, kept once by its fingerprint. For WeChat Pay's shared v2
/// secret there is no key to keep, and `spki_der` is `None`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EvidenceKey {
    /// Its fingerprint.
    pub fingerprint: KeyFingerprint,
    /// Its DER `SubjectPublicKeyInfo`.
    pub spki_der: Option<Bytes>,
}

/// One event, ready to be stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewEvent {
    /// UUIDv5(receipt, expected version, index, stream); see `event_id`.
    pub id: Uuid,
    /// The event's name on the wire.
    pub kind: &'static str,
    /// The version of its data's form.
    pub schema: u16,
    /// Its data, JSON.
    pub data: Bytes,
    /// Its private part, JSON, where it has one.
    pub private: Option<Committed>,
    /// The commitment to the raw message it rests on, where there is one.
    pub evidence: Option<Hash>,
    /// Its hash, over everything above and the hash before it in its stream.
    pub hash: Hash,
}

/// A claim that an append makes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimRequest {
    /// What is claimed.
    pub claim: Claim,
    /// The stray's stream that it may be taken over from, where the order took that stray up.
    pub take_from: Option<StreamName>,
}

/// The raw message that an append rests on, kept beside the first event of the append.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewEvidence {
    /// The encoded message (see `evidence`).
    pub message: Committed,
    /// The key that verified it.
    pub key: EvidenceKey,
}

/// Everything that one decision writes to one stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Append {
    /// The stream.
    pub stream: StreamName,
    /// The version that the decision was made at.
    pub expected: u64,
    /// The events' own time, one for the whole append.
    pub time: Timestamp,
    /// The events, at least one.
    pub events: Vec<NewEvent>,
    /// The claims that they make.
    pub claims: Vec<ClaimRequest>,
    /// The raw message they rest on.
    pub evidence: Option<NewEvidence>,
}

/// What became of an append that the store could answer for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Stored, and durable; also when the very same append (by its first event's id) was stored before.
    Appended {
        /// The position of its last event.
        position: Position,
        /// The stream's end after it.
        head: Head,
    },
    /// The stream is not at the expected version; nothing was stored.
    VersionConflict {
        /// Where the stream is.
        actual: u64,
    },
    /// A claim belongs to another stream; nothing was stored.
    ClaimConflict {
        /// The claim.
        claim: Claim,
        /// Whose it is.
        owner: StreamName,
    },
}

/// An event as it lies in the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    /// Its place in the total order.
    pub position: Position,
    /// Its stream.
    pub stream: StreamName,
    /// Its place in its stream, from 1.
    pub version: u64,
    /// Its id.
    pub id: Uuid,
    /// Its name on the wire.
    pub kind: Arc<str>,
    /// The version of its data's form.
    pub schema: u16,
    /// Its own time.
    pub time: Timestamp,
    /// Its data, JSON, as stored.
    pub data: Bytes,
    /// Its private part, where it has one and it was asked for.
    pub private: Option<Kept>,
    /// The commitment to the raw message it rests on.
    pub evidence: Option<Hash>,
    /// Its hash.
    pub hash: Hash,
}

/// A page of the feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// Events in the total order, `seal` left out where the public feed is read.
    pub events: Vec<Recorded>,
    /// The position of the last event read, also of one that was left out; where to go on.
    pub read_to: Position,
}

/// Which streams a reading of the total order shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Every stream but `seal`, without private parts: the feed and the views.
    Public,
    /// Every stream, with private parts: seals and audits.
    Everything,
}

/// Evidence as it lies in the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredEvidence {
    /// The message.
    pub message: Kept,
    /// The key that verified it.
    pub key: EvidenceKey,
}

/// A cell's value and its revision, the fencing token of whoever read it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cell {
    /// The value.
    pub value: Bytes,
    /// Counts the writes, from 1.
    pub revision: u64,
}

/// What became of a compare-and-set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CellOutcome {
    /// Written, and durable.
    Written {
        /// The new revision.
        revision: u64,
    },
    /// The cell was at another revision (0: it was empty); nothing was written.
    Conflict {
        /// Where it is.
        actual: u64,
    },
}

/// Why a store could not answer.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Its queue is full; nothing was stored.
    #[error("the store's queue is full")]
    Overloaded,
    /// It cannot be written or read now: disk full, file damaged, engine away. For an append the
    /// outcome is unknown; the same append may be sent again.
    #[error("the store is not available: {0}")]
    Unavailable(String),
    /// Stored bytes do not make sense.
    #[error("reading {place}: {problem}")]
    Damaged {
        /// Where they lie.
        place: String,
        /// What is wrong with them.
        problem: String,
    },
}

/// A future of the port, boxed so that stores can stand behind one pointer.
pub type Pending<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;

/// A store of events.
pub trait Store: Send + Sync {
    /// The store's id; a restore gives it a new one.
    fn id(&self) -> Uuid;

    /// Stores all of it or nothing; durable when it answers.
    fn append(&self, append: Append) -> Pending<'_, Outcome>;

    /// A stream's events from version `after` + 1 on, with private parts, in order. Empty for a stream
    /// without events.
    fn load<'a>(&'a self, stream: &'a StreamName, after: u64) -> Pending<'a, Vec<Recorded>>;

    /// A stream's end: zeros for a stream without events.
    fn head<'a>(&'a self, stream: &'a StreamName) -> Pending<'a, Head>;

    /// The stream that a claim belongs to.
    fn owner<'a>(&'a self, claim: &'a Claim) -> Pending<'a, Option<StreamName>>;

    /// At most `limit` events after a position, in the total order.
    fn read(&self, after: Position, limit: usize, scope: Scope) -> Pending<'_, Page>;

    /// The event at exactly that position, of any stream.
    fn at(&self, position: Position) -> Pending<'_, Option<Recorded>>;

    /// Every claim, a page at a time in the order of the claims, for the audit.
    fn claims<'a>(
        &'a self,
        after: Option<&'a Claim>,
        limit: usize,
    ) -> Pending<'a, Vec<(Claim, StreamName)>>;

    /// Where the store says that each stream ends, a page at a time in an order of the store's own, for
    /// the audit.
    fn heads<'a>(
        &'a self,
        after: Option<&'a StreamName>,
        limit: usize,
    ) -> Pending<'a, Vec<(StreamName, Head)>>;

    /// The evidence with that commitment kept beside the append that holds the event at `position`.
    fn evidence(&self, position: Position, commitment: Hash)
    -> Pending<'_, Option<StoredEvidence>>;

    /// At most `limit` kept messages whose first event's position is after `after`, in the total order,
    /// each with the position of the first event of its append; for the audit.
    fn read_evidence(
        &self,
        after: Position,
        limit: usize,
    ) -> Pending<'_, Vec<(Position, StoredEvidence)>>;

    /// The position of the last event that is visible to [`Store::read`], and a wake-up at each change.
    fn tip(&self) -> Tip;

    /// A cell's value.
    fn cell<'a>(&'a self, name: &'a str) -> Pending<'a, Option<Cell>>;

    /// Writes a cell if it is at `expected` (0: empty).
    fn set_cell<'a>(
        &'a self,
        name: &'a str,
        expected: u64,
        value: Bytes,
    ) -> Pending<'a, CellOutcome>;

    /// Whether the store can be written now; says why not.
    fn probe(&self) -> Pending<'_, ()>;
}

/// The newest visible position, and a wake-up at each change.
pub type Tip = tokio::sync::watch::Receiver<Position>;

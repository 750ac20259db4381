//! The port that every store fills, and what is the same for all of them: events to bytes and back,
//! chains, seals, cursors, claims, and one conformance suite that holds every store to the port.
//!
//! It opens no file and no connection; engines do.

mod audit;
mod chain;
mod claims;
mod cloud;
mod codec;
#[cfg(feature = "conformance")]
pub mod conformance;
mod cursor;
mod evidence;
mod hex;
mod instant;
mod port;
mod prepare;
pub mod schema;
mod seal;
mod stream;
mod tree;

pub use audit::{AuditError, Audited, Flaw, LastSeal, VerifyAgain, audit, audit_halves};
pub use chain::{Link, commit};
pub use claims::claims_of;
pub use cloud::{TYPE_PREFIX, cloud_event};
pub use codec::{
    DecodeError, DecodeProblem, EncodeError, Encoded, Mismatch, SCHEMA, decode, encode,
};
pub use cursor::{Cursor, CursorError};
pub use evidence::{Channel, EvidenceError, EvidenceMessage};
pub use port::{
    Append, Cell, CellOutcome, ClaimRequest, Committed, EvidenceKey, Hash, Head, Kept, NewEvent,
    NewEvidence, Outcome, Page, Pending, Position, Recorded, Scope, Store, StoreError,
    StoredEvidence, Tip,
};
pub use prepare::{Decision, event_id, prepare};
pub use seal::{SEAL_AFTER_EVENTS, SEAL_AFTER_SECS, SealError, Sealed, Sealer};
pub use stream::{Claim, StreamName, UnknownStream};

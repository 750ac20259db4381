//! The port that every store fills, and what is the same for all of them: events to bytes and back,
//! chains, seals, cursors, claims, and one conformance suite that holds every store to the port.
//!
//! It opens no file and no connection; engines do.

mod chain;
mod claims;
mod codec;
mod evidence;
mod hex;
mod instant;
mod port;
mod prepare;
mod seal;
mod stream;

pub use chain::{Link, commit};
pub use claims::claims_of;
pub use codec::{
    DecodeError, DecodeProblem, EncodeError, Encoded, Mismatch, SCHEMA, decode, encode,
};
pub use evidence::{Channel, EvidenceError, EvidenceMessage};
pub use port::{
    Append, Cell, CellOutcome, ClaimRequest, Committed, EvidenceKey, Hash, Head, Kept, NewEvent,
    NewEvidence, Outcome, Page, Pending, Position, Recorded, Scope, Store, StoreError,
    StoredEvidence, Tip,
};
pub use prepare::{Decision, event_id, prepare};
pub use seal::Sealed;
pub use stream::{Claim, StreamName, UnknownStream};

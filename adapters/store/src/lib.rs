//! The port that every store fills, and what is the same for all of them: events to bytes and back,
//! chains, seals, cursors, claims, and one conformance suite that holds every store to the port.
//!
//! It opens no file and no connection; engines do.

mod port;
mod stream;

pub use port::{
    Append, Cell, CellOutcome, ClaimRequest, Committed, EvidenceKey, Hash, Head, Kept, NewEvent,
    NewEvidence, Outcome, Page, Pending, Position, Recorded, Scope, Store, StoreError,
    StoredEvidence, Tip,
};
pub use stream::{Claim, StreamName, UnknownStream};

//! Seals: tree hashes over everything that was stored since the last one.

use crate::port::{Hash, Position};

/// The event of the stream `seal`: what was in the store when it was sealed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sealed {
    /// Which seal this is, from 1.
    pub ordinal: u64,
    /// How many events it covers: those since the last seal's `through`, seals themselves left out.
    pub count: u64,
    /// The RFC 6962 tree hash of their hashes, in the order of the feed.
    pub tree: Hash,
    /// The position of the last one.
    pub through: Position,
}

impl Sealed {
    /// The event's name.
    pub const KIND: &'static str = "Sealed";
}

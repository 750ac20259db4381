//! The chain of a stream's events, and commitments to bytes that may be dropped.
//!
//! An event's hash covers what it says and the hash before it in its stream, and no position, so it
//! is the same on every store. It is computed here from the loaded head, never by an engine.

use payfold_domain::Timestamp;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::port::{Hash, Recorded};

/// The first field of every hashed event; another form of hashing has another tag.
const FORMAT: &[u8] = b"payfold event 1";

/// What an event's hash covers, the hash before it apart.
#[derive(Debug, Clone, Copy)]
pub struct Link<'a> {
    /// The stream's name.
    pub stream: &'a str,
    /// The event's place in it, from 1.
    pub version: u64,
    /// The event's id.
    pub id: Uuid,
    /// Its name on the wire.
    pub kind: &'a str,
    /// The version of its data's form.
    pub schema: u16,
    /// Its own time.
    pub time: Timestamp,
    /// Its data as stored.
    pub data: &'a [u8],
    /// The commitment to its private part.
    pub private: Option<&'a Hash>,
    /// The commitment to the raw message it rests on.
    pub evidence: Option<&'a Hash>,
}

impl<'a> Link<'a> {
    /// The link of a stored event; `stream` is its stream's name as text.
    pub fn of(recorded: &'a Recorded, stream: &'a str) -> Self {
        Self {
            stream,
            version: recorded.version,
            id: recorded.id,
            kind: &recorded.kind,
            schema: recorded.schema,
            time: recorded.time,
            data: &recorded.data,
            private: recorded.private.as_ref().map(|kept| &kept.commitment),
            evidence: recorded.evidence.as_ref(),
        }
    }

    /// SHA-256 over the format's tag, the fields in their order and the hash before (zeros before the
    /// first), each behind its length in eight bytes. Numbers are big-endian: version 8 bytes, schema
    /// 2, time (microseconds since 1970) 8; what is absent has length 0.
    pub fn hash(&self, before: &Hash) -> Hash {
        let mut sha = Sha256::new();
        for field in [
            FORMAT,
            self.stream.as_bytes(),
            &self.version.to_be_bytes(),
            self.id.as_bytes(),
            self.kind.as_bytes(),
            &self.schema.to_be_bytes(),
            &self.time.as_micros().to_be_bytes(),
            self.data,
            self.private.map_or(&[], Hash::as_slice),
            self.evidence.map_or(&[], Hash::as_slice),
            before,
        ] {
            sha.update(length(field).to_be_bytes());
            sha.update(field);
        }
        sha.finalize().into()
    }
}

/// SHA-256(salt ‖ bytes): says nothing of the bytes once the salt is gone with them.
pub fn commit(salt: &[u8; 32], bytes: &[u8]) -> Hash {
    Sha256::new()
        .chain_update(salt)
        .chain_update(bytes)
        .finalize()
        .into()
}

/// A length as it is hashed. No field is longer than memory, and no memory than 2^64.
fn length(field: &[u8]) -> u64 {
    u64::try_from(field.len()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;

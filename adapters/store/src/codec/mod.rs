//! Events to bytes and back. Data and private part are JSON objects; every form that was ever
//! stored stays readable, and is held by a golden file.
//!
//! A schema number stands beside each event. It rises when a reader of the old form would
//! misunderstand the new one; a field that only adds to it does not raise it, so fields that are not
//! known are passed over. An unknown kind or schema is an error that names it.

mod account;
mod bill;
mod exception;
mod field;
mod form;
mod money;
mod order;
mod payment;
mod read;
mod refund;
mod seal;
mod shipment;
mod write;

use bytes::Bytes;

pub use form::Mismatch;
pub(crate) use read::decode_seal;
pub use read::{DecodeError, DecodeProblem, decode};
pub(crate) use write::encode_seal;
pub use write::{EncodeError, encode};

/// The schema of every form that this binary writes.
pub const SCHEMA: u16 = 1;

/// An event as bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Encoded {
    /// The event's name on the wire.
    pub kind: &'static str,
    /// The version of its form.
    pub schema: u16,
    /// Its data, a JSON object.
    pub data: Bytes,
    /// Its private part, a JSON object, where anything is in it.
    pub private: Option<Bytes>,
}

//! An authentic message of a gateway, after verification: what it says and how that was proven.

use crate::{Observation, RefundHint};

/// A message whose sender is proven, addressed to the account that took it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authentic {
    /// What it says.
    pub message: Message,
    /// The headers that its signature covers, by lower-case name; empty where only the body is signed.
    pub signed_headers: Vec<(String, String)>,
    /// The key that verified it.
    pub key: KeyFingerprint,
}

/// What an authentic message says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message {
    /// Facts about a payment.
    Observation(Observation),
    /// A WeChat Pay v2 refund notify: encrypted, but unsigned.
    RefundHint(RefundHint),
    /// A kind or a state of message that this binary does not know, by the gateway's name for it.
    Unknown(String),
}

/// SHA-256 over a public key's DER `SubjectPublicKeyInfo` (over a tag and the key's own SHA-256 for
/// WeChat Pay's shared v2 secret).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyFingerprint(pub [u8; 32]);

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

/// What a gateway's refusal of a call means for whoever called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    /// Not now: the same request is worth sending again later.
    AskAgain,
    /// The gateway does not know the number. Soon after it was sent, that proves nothing.
    NotThere,
    /// A person has to do something first (fill the balance, unblock the account); then the same
    /// request, with the same number, is worth sending again.
    NeedsAction,
    /// No, and no again.
    No,
}

//! Refunds: wishing them, and asking for a stuck one again.

pub(crate) mod request;
pub(crate) mod retry;

//! Exceptions: money that needs a person, listed and decided.

pub(crate) mod answer;
pub(crate) mod list;
pub(crate) mod resolve;

//! Shipments: what callers say of them, and the list of them.

pub(crate) mod dispatch;
pub(crate) mod list;
pub(crate) mod steps;

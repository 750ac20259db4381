//! The domain from outside: given what happened, when a command comes, then these events follow.

#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "a test speaks of the cases that it is about"
)]

mod accounts;
mod back_office;
mod conclusions;
mod exceptions;
mod money;
mod payments;
mod properties;
mod refunds;
mod shipments;
mod story;
mod stray_properties;
mod strays;
mod table;

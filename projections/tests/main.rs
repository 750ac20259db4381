//! The views from outside: what they answer after which events, and that they come back by themselves.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod answers;
mod feed;
mod folding;
mod following;
mod generations;
mod lists;
mod open_work;
mod report;

//! The embedded store from outside: the port, opening, full disks, crashes.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![expect(clippy::indexing_slicing, reason = "a test fails by panicking")]

mod audit;
mod backup;
mod conformance;
mod crash;
mod full_disk;
mod given;
mod opening;
mod port;

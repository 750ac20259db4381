//! The codec against its golden files, the walk of an audit, and the conformance suite against the
//! simplest store that keeps the port.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![expect(clippy::panic, reason = "a test fails by panicking")]
#![expect(clippy::indexing_slicing, reason = "a test fails by panicking")]

mod arbitrary;
mod audit;
mod bytes;
mod cloud;
mod cursor;
mod golden;
mod halves;
mod memory;
mod samples;
mod seal;

payfold_store::conformance!(memory::MemoryPlace::default());

//! The embedded store: one SQLite file in a folder, one writer that shares the cost of a flush among
//! all who wait, and readers beside it.
//!
//! It knows appends, claims, cells and bytes; what an event means is its callers'. It reads no clock,
//! makes no ids and starts no thread but through what is passed in.

mod backup;
mod checkpointer;
mod claim;
mod connection;
mod error;
mod file;
mod fresh;
mod heads;
mod lock;
mod options;
mod queue;
mod reader;
mod reading;
mod service;
mod store;
mod writer;
mod writing;

pub use backup::{BackupError, restore};
pub use error::OpenError;
pub use options::{Options, Spawn};
pub use store::SqliteStore;

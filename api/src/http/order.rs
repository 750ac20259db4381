//! Orders: placing, reading, listing and cancelling them, and their events.

pub(crate) mod answer;
pub(crate) mod cancel;
pub(crate) mod events;
pub(crate) mod list;
pub(crate) mod place;
pub(crate) mod read;

//! When each append was stored: an event has its time from the moment at which it was decided, and nobody
//! sees it before it is stored.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use payfold_domain::Timestamp;
use payfold_store::Position;

/// The moments, by the position of each append's last event.
#[derive(Default)]
pub(crate) struct Stored(Mutex<BTreeMap<Position, Timestamp>>);

impl Stored {
    pub(crate) fn note(&self, last: Position, now: Timestamp) {
        let mut appends = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        appends.entry(last).or_insert(now);
    }

    pub(crate) fn appends(&self) -> BTreeMap<Position, Timestamp> {
        let appends = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        appends.clone()
    }
}

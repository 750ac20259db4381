//! The ends of the streams that were written last, so that the writer need not look them up again.

use std::collections::HashMap;

use payfold_store::{Head, StreamName};

/// How many streams one generation holds; two generations take some 3 MB.
const GENERATION: usize = 8_192;

/// A stream as the writer knows it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct KnownStream {
    pub(crate) id: i64,
    pub(crate) head: Head,
}

/// Two generations: what is not touched while one fills falls out with the next.
#[derive(Debug, Default)]
pub(crate) struct Heads {
    recent: HashMap<StreamName, KnownStream>,
    older: HashMap<StreamName, KnownStream>,
}

impl Heads {
    pub(crate) fn get(&self, stream: &StreamName) -> Option<KnownStream> {
        self.recent
            .get(stream)
            .or_else(|| self.older.get(stream))
            .copied()
    }

    pub(crate) fn put(&mut self, stream: &StreamName, known: KnownStream) {
        if let Some(entry) = self.recent.get_mut(stream) {
            *entry = known;
            return;
        }
        if self.recent.len() >= GENERATION {
            self.older = std::mem::take(&mut self.recent);
        }
        self.recent.insert(stream.clone(), known);
    }

    /// Forgets everything, as after a transaction that was rolled back.
    pub(crate) fn clear(&mut self) {
        self.recent.clear();
        self.older.clear();
    }
}

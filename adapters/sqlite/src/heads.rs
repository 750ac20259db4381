//! What the writer remembers of its file, so that it need not look it up again: the ends of the streams
//! that were written last, and the keys of evidence.

use std::collections::HashMap;

use payfold_store::{Hash, Head, StreamName};

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
    /// The rows of keys, by fingerprint. There are few.
    keys: HashMap<Hash, i64>,
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

    pub(crate) fn key(&self, fingerprint: &Hash) -> Option<i64> {
        self.keys.get(fingerprint).copied()
    }

    pub(crate) fn put_key(&mut self, fingerprint: Hash, id: i64) {
        self.keys.insert(fingerprint, id);
    }

    /// Forgets everything, as after a transaction that was rolled back.
    pub(crate) fn clear(&mut self) {
        self.recent.clear();
        self.older.clear();
        self.keys.clear();
    }
}

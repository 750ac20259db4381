//! Lanes: within one process the commands of one stream run one after another, so that racing copies
//! of a notify do not fight at the store. Each lane keeps the states folded last; the expected
//! version of an append keeps such a state honest when another node was faster.

use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher, Hash};

use tokio::sync::{Mutex, MutexGuard};

/// How many lanes there are beside the first; streams that share one wait for each other, and for
/// nothing worse.
const LANES: usize = 1023;

/// How many folded states a lane keeps.
const KEPT: usize = 16;

/// Streams named `K`, folded to `V`.
pub(crate) struct Lanes<K, V> {
    /// The same in every process: which streams share a lane is nothing that must not be guessed.
    hasher: BuildHasherDefault<DefaultHasher>,
    first: Mutex<Lane<K, V>>,
    others: Box<[Mutex<Lane<K, V>>]>,
}

/// One lane: the states folded last, the newest at the end.
pub(crate) struct Lane<K, V> {
    kept: Vec<(K, V)>,
}

impl<K: Hash, V> Lanes<K, V> {
    pub(crate) fn new() -> Self {
        let lane = || Mutex::new(Lane { kept: Vec::new() });
        Self {
            hasher: BuildHasherDefault::default(),
            first: lane(),
            others: (0..LANES).map(|_| lane()).collect(),
        }
    }

    /// Waits for the stream's lane.
    pub(crate) async fn enter(&self, key: &K) -> MutexGuard<'_, Lane<K, V>> {
        let spread = usize::try_from(self.hasher.hash_one(key) >> 32).unwrap_or_default();
        self.others
            .get(spread % (LANES + 1))
            .unwrap_or(&self.first)
            .lock()
            .await
    }
}

impl<K: Eq + Clone, V> Lane<K, V> {
    /// Takes out the state kept for that stream. Who changes the stream keeps the new one; who fails
    /// on the way leaves none, and the next one reads the store.
    pub(crate) fn take(&mut self, key: &K) -> Option<V> {
        let index = self.kept.iter().position(|(kept, _)| kept == key)?;
        Some(self.kept.remove(index).1)
    }

    /// Keeps a state, and lets the oldest go.
    pub(crate) fn keep(&mut self, key: &K, value: V) {
        if self.kept.len() >= KEPT {
            self.kept.remove(0);
        }
        self.kept.push((key.clone(), value));
    }
}

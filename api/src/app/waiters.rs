//! Bells by which a change of an order wakes those who wait for it. Orders share bells: a waiter
//! looks for itself whether it was meant.

use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};

use payfold_domain::OrderNo;
use tokio::sync::Notify;

/// How many bells there are beside the first.
const BELLS: usize = 1023;

/// The bells.
pub(crate) struct Waiters {
    hasher: BuildHasherDefault<DefaultHasher>,
    first: Notify,
    others: Box<[Notify]>,
}

impl Waiters {
    pub(crate) fn new() -> Self {
        Self {
            hasher: BuildHasherDefault::default(),
            first: Notify::new(),
            others: (0..BELLS).map(|_| Notify::new()).collect(),
        }
    }

    /// The bell that is rung when the order changes.
    pub(crate) fn bell(&self, order_no: &OrderNo) -> &Notify {
        let spread = usize::try_from(self.hasher.hash_one(order_no) >> 32).unwrap_or_default();
        self.others.get(spread % (BELLS + 1)).unwrap_or(&self.first)
    }
}

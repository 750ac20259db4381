//! What a view answers with: rows, and how far into the feed they are true.

use payfold_store::{Hash, Position};

/// How far into the feed an answer is true: the last event that the view had folded. An HTTP layer
/// makes its `Payfold-As-Of` cursor of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct AsOf {
    /// That event's position; 0 before the first.
    pub position: Position,
    /// That event's hash; zeros before the first.
    pub hash: Hash,
}

/// An answer, and how far it is true.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer<T> {
    /// The answer.
    pub value: T,
    /// How far it is true.
    pub as_of: AsOf,
}

/// A page of a list, newest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listing<T> {
    /// The rows.
    pub items: Vec<T>,
    /// The position of the last row's event, to go on after; `None` where there are no more rows.
    pub next: Option<Position>,
    /// How far the page is true.
    pub as_of: AsOf,
}

impl<T> Listing<T> {
    /// The page out of at most `limit` + 1 rows, of which the one too many says that there are more.
    pub(crate) fn page(
        answer: Answer<Vec<T>>,
        limit: usize,
        position: impl Fn(&T) -> Position,
    ) -> Self {
        let Answer {
            value: mut items,
            as_of,
        } = answer;
        let more = items.len() > limit;
        items.truncate(limit);
        let next = items.last().map(position).filter(|_| more);
        Self { items, next, as_of }
    }
}

/// A page's limit as SQL takes it, with the one row too many.
pub(crate) fn with_one_more(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX).saturating_add(1)
}

//! The store's events and kept messages, side by side, a batch at a time.

use crate::port::{Position, Recorded, Scope, Store, StoreError, StoredEvidence};

/// How many events are verified at once.
const PAGE: usize = 1000;

/// Events in the total order, and the messages that are kept beside them.
pub(super) struct Batch {
    pub(super) events: Vec<Recorded>,
    pub(super) evidence: Vec<(Position, StoredEvidence)>,
}

/// Where the walk is, and where it ends: at what was the newest event when it began.
pub(super) struct Walk<'a> {
    store: &'a dyn Store,
    after: Position,
    end: Position,
    /// Messages that were read and belong to events further on.
    ahead: Vec<(Position, StoredEvidence)>,
    evidence_after: Position,
}

impl<'a> Walk<'a> {
    pub(super) fn new(store: &'a dyn Store) -> Self {
        Self {
            store,
            after: Position(0),
            end: *store.tip().borrow(),
            ahead: Vec::new(),
            evidence_after: Position(0),
        }
    }

    /// The next batch; `None` at the end.
    pub(super) async fn next(&mut self) -> Result<Option<Batch>, StoreError> {
        if self.after >= self.end {
            return Ok(None);
        }
        let page = self.store.read(self.after, PAGE, Scope::Everything).await?;
        if page.read_to == self.after {
            return Ok(None);
        }
        self.after = page.read_to;
        let mut events = page.events;
        events.retain(|event| event.position <= self.end);
        let evidence = self.evidence(page.read_to.min(self.end)).await?;
        Ok(Some(Batch { events, evidence }))
    }

    /// The messages beside events up to that position.
    async fn evidence(
        &mut self,
        through: Position,
    ) -> Result<Vec<(Position, StoredEvidence)>, StoreError> {
        while self.evidence_after < through {
            let read = self.store.read_evidence(self.evidence_after, PAGE).await?;
            // Without a next one, none is up to `through`.
            self.evidence_after = read.last().map_or(through, |(position, _)| *position);
            self.ahead.extend(read);
        }
        let within = self
            .ahead
            .partition_point(|(position, _)| *position <= through);
        let further = self.ahead.split_off(within);
        Ok(std::mem::replace(&mut self.ahead, further))
    }
}

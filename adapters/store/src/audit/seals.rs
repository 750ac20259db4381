//! Seals against the events that they cover.

use std::collections::VecDeque;

use payfold_domain::Timestamp;

use super::{Flaw, LastSeal};
use crate::port::{Hash, Position};
use crate::seal::Sealed;
use crate::tree::TreeHash;

/// The events that no seal has covered yet, and the last seal.
#[derive(Default)]
pub(super) struct SealLedger {
    unsealed: VecDeque<(Position, Hash)>,
    last: Option<LastSeal>,
}

impl SealLedger {
    pub(super) fn push(&mut self, position: Position, hash: Hash) {
        self.unsealed.push_back((position, hash));
    }

    /// A seal covers exactly the events up to its last one that no seal before it covered.
    pub(super) fn check(&mut self, sealed: &Sealed, at: Timestamp) -> Result<(), Flaw> {
        let expected = self.last.map_or(0, |last| last.ordinal) + 1;
        if sealed.ordinal != expected {
            return Err(Flaw::SealOrdinal { expected });
        }
        let mut tree = TreeHash::default();
        let mut through = None;
        while let Some((position, hash)) = self.unsealed.front().copied()
            && position <= sealed.through
        {
            tree.push(&hash);
            through = Some(position);
            self.unsealed.pop_front();
        }
        let whole = through == Some(sealed.through)
            && tree.leaves() == sealed.count
            && tree.root() == sealed.tree;
        if !whole {
            return Err(Flaw::Seal {
                sealed: sealed.count,
                found: tree.leaves(),
            });
        }
        self.last = Some(LastSeal {
            ordinal: sealed.ordinal,
            at,
            through: sealed.through,
        });
        Ok(())
    }

    /// The last seal, and how many events came after what it covers.
    pub(super) fn end(&self) -> (Option<LastSeal>, u64) {
        let since = u64::try_from(self.unsealed.len()).unwrap_or(u64::MAX);
        (self.last, since)
    }
}

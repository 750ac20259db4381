//! Since when the gateway says neither yes nor no of a refund: a person is told after a while, and not at
//! the first word of a gateway that is out of sorts for a moment.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use payfold_domain::Timestamp;
use payfold_store::Position;

use super::agenda::Agenda;

/// After so long without a yes or a no a person is told, in seconds.
const TOLD_AFTER_SECS: i64 = 3_600;

/// When each row's trouble began. It is made anew at each start: that puts off the telling and nothing else.
#[derive(Debug, Default)]
pub(super) struct Troubles(Mutex<BTreeMap<Position, Timestamp>>);

impl Troubles {
    /// There is neither a yes nor a no now; whether that has been so for long.
    pub(super) fn is_overdue(&self, row: Position, now: Timestamp) -> bool {
        let mut began = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let began = began.entry(row).or_insert(now);
        // It began by a clock that ran ahead.
        *began = now.min(*began);
        TOLD_AFTER_SECS <= now.secs_since(*began)
    }

    /// The gateway said how it stands.
    pub(super) fn over(&self, row: Position) {
        let mut began = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        began.remove(&row);
    }

    /// Forgets rows that are looked at no more.
    pub(super) fn keep_those_of(&mut self, agenda: &Agenda) {
        let began = self.0.get_mut().unwrap_or_else(PoisonError::into_inner);
        began.retain(|row, _| agenda.holds(*row));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(secs: i64) -> Timestamp {
        Timestamp::from_secs(secs)
    }

    #[test]
    fn a_person_is_told_an_hour_after_the_trouble_began() {
        let (troubles, row) = (Troubles::default(), Position(1));
        assert!(!troubles.is_overdue(row, at(100_000)));
        assert!(!troubles.is_overdue(row, at(103_599)));
        assert!(troubles.is_overdue(row, at(103_600)));
        troubles.over(row);
        assert!(!troubles.is_overdue(row, at(103_700)));
    }

    #[test]
    fn a_trouble_that_began_by_a_clock_that_ran_ahead_begins_anew() {
        let (troubles, row) = (Troubles::default(), Position(1));
        assert!(!troubles.is_overdue(row, at(100_000)));
        assert!(!troubles.is_overdue(row, at(100)));
        assert!(troubles.is_overdue(row, at(3_700)));
    }

    #[test]
    fn what_is_looked_at_no_more_is_forgotten() {
        let (mut troubles, mut agenda) = (Troubles::default(), Agenda::default());
        agenda.put(Position(1), at(0));
        for row in [1, 2] {
            troubles.is_overdue(Position(row), at(0));
        }
        troubles.keep_those_of(&agenda);
        assert!(troubles.is_overdue(Position(1), at(3_600)));
        assert!(!troubles.is_overdue(Position(2), at(3_600)));
    }
}

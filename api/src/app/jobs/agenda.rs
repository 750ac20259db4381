//! When each row of open work is looked at next. It holds positions alone and is made anew from the
//! view at each start, so nothing is lost with it.

use std::collections::{BTreeMap, BTreeSet};

use payfold_domain::{AccountName, Timestamp};
use payfold_projections::ViewError;
use payfold_store::Position;

use super::PAGE;

/// How long a view that does not move is not looked at again, in seconds.
const GLANCE_SECS: i64 = 10;

/// When each row is looked at next.
#[derive(Debug, Default)]
pub(super) struct Agenda {
    due: BTreeSet<(Timestamp, Position)>,
    times: BTreeMap<Position, Timestamp>,
    clock: Steps,
}

impl Agenda {
    /// Looks at a row then, and not when it was to be looked at before.
    pub(super) fn put(&mut self, row: Position, at: Timestamp) {
        if let Some(before) = self.times.insert(row, at) {
            self.due.remove(&(before, row));
        }
        self.due.insert((at, row));
    }

    /// Looks at a row then, unless it is on the agenda already.
    pub(super) fn put_new(&mut self, row: Position, at: Timestamp) {
        if !self.holds(row) {
            self.put(row, at);
        }
    }

    /// Whether the row is looked at again.
    pub(super) fn holds(&self, row: Position) -> bool {
        self.times.contains_key(&row)
    }

    /// Takes out a page of the rows that are due, those due first first, as `read` finds them; those that
    /// are no open work any more are left out. `None` where none is due. What cannot be read stays due.
    pub(super) fn take_rows<R>(
        &mut self,
        now: Timestamp,
        read: impl Fn(Position) -> Result<Option<R>, ViewError>,
    ) -> Result<Option<Vec<(Position, R)>>, ViewError> {
        self.step_back(now);
        let due = self.take_due(now, PAGE);
        if due.is_empty() {
            return Ok(None);
        }
        let mut rows = Vec::new();
        for position in &due {
            match read(*position) {
                Ok(row) => rows.extend(row.map(|row| (*position, row))),
                Err(error) => {
                    due.iter().for_each(|position| self.put(*position, now));
                    return Err(error);
                }
            }
        }
        Ok(Some(rows))
    }

    /// Rows wait no longer where the clock steps back.
    fn step_back(&mut self, now: Timestamp) {
        let Some(back) = self.clock.back(now) else {
            return;
        };
        for at in self.times.values_mut() {
            *at = back.of(*at);
        }
        let due = self.times.iter().map(|(row, at)| (*at, *row));
        self.due = due.collect();
    }

    /// Takes out the rows that are due, those due first first, at most so many.
    fn take_due(&mut self, now: Timestamp, most: usize) -> Vec<Position> {
        let mut taken = Vec::new();
        while taken.len() < most {
            match self.due.first() {
                Some((at, row)) if *at <= now => {
                    let row = *row;
                    self.due.pop_first();
                    self.times.remove(&row);
                    taken.push(row);
                }
                Some(_) | None => break,
            }
        }
        taken
    }

    /// How late the row is that has been due longest, in seconds.
    pub(super) fn late_secs(&self, now: Timestamp) -> i64 {
        self.due
            .first()
            .map_or(0, |(at, _)| now.secs_since(*at).max(0))
    }
}

/// Sees where a clock steps back, as one does that ran ahead and was set.
#[derive(Debug, Default)]
pub(super) struct Steps(Option<Timestamp>);

/// How far a clock stepped back.
#[derive(Debug, Clone, Copy)]
pub(super) struct Back {
    micros: i64,
}

impl Steps {
    /// By how much the clock has stepped back since it was looked at last, if it has.
    pub(super) fn back(&mut self, now: Timestamp) -> Option<Back> {
        let before = self.0.replace(now)?;
        let micros = before.as_micros() - now.as_micros();
        (micros > 0).then_some(Back { micros })
    }
}

impl Back {
    /// The time that is as far ahead now as that one was before.
    pub(super) fn of(self, at: Timestamp) -> Timestamp {
        Timestamp::from_micros(at.as_micros() - self.micros)
    }
}

/// How far the view had come when it was last looked for rows that are new.
#[derive(Debug, Default)]
pub(super) struct Glance(Option<(Position, Timestamp)>);

impl Glance {
    /// Whether there may be rows that the last look has not found: the view has moved, or enough time
    /// has passed for what is asked for by the time.
    pub(super) fn is_stale(&self, view_at: Position, now: Timestamp) -> bool {
        self.0.is_none_or(|(position, at)| {
            position != view_at || now < at || at.plus_secs(GLANCE_SECS) <= now
        })
    }

    /// Everything that the view had was found.
    pub(super) fn found_all(&mut self, view_at: Position, now: Timestamp) {
        self.0 = Some((view_at, now));
    }
}

/// Up to where each account's rows are on the agenda, or were. Nothing is known here of an account that
/// cannot be asked: its rows are looked through once it can, as when a SIGHUP gives it its key.
#[derive(Debug, Default)]
pub(super) struct Seen(BTreeMap<AccountName, Position>);

impl Seen {
    /// These accounts can be asked now, and no others.
    pub(super) fn keep_to(&mut self, askable: BTreeSet<AccountName>) {
        self.0.retain(|account, _| askable.contains(account));
        for account in askable {
            self.0.entry(account).or_insert(Position(0));
        }
    }

    /// After which row there may be some that are not on the agenda; `None` where nobody can be asked.
    pub(super) fn after(&self) -> Option<Position> {
        self.0.values().min().copied()
    }

    /// Whether a row of that account belongs on the agenda and was not put there.
    pub(super) fn is_new(&self, account: &AccountName, row: Position) -> bool {
        self.0.get(account).is_some_and(|seen| *seen < row)
    }

    /// All rows up to that one were put on the agenda that belong there.
    pub(super) fn pass(&mut self, row: Position) {
        for seen in self.0.values_mut() {
            *seen = row.max(*seen);
        }
    }

    /// A row of that account left the agenda without having been asked about.
    pub(super) fn forget(&mut self, account: &AccountName) {
        self.0.remove(account);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(secs: i64) -> Timestamp {
        Timestamp::from_secs(secs)
    }

    proptest! {
        #[test]
        fn every_row_comes_once_at_its_last_time_and_in_order(
            puts in proptest::collection::vec((0_u64..20, 0_i64..100), 0..60),
            now in 0_i64..120,
        ) {
            let mut agenda = Agenda::default();
            let mut last = BTreeMap::new();
            for (row, secs) in puts {
                agenda.put(Position(row), at(secs));
                last.insert(Position(row), at(secs));
            }
            let due = last.values().filter(|time| **time <= at(now)).count();
            let taken = agenda.take_due(at(now), usize::MAX);
            prop_assert_eq!(taken.len(), due);
            let times: Vec<_> = taken.iter().map(|row| last[row]).collect();
            prop_assert!(times.is_sorted());
            prop_assert_eq!(agenda.late_secs(at(now)), 0);
            prop_assert_eq!(agenda.take_due(at(1_000), usize::MAX).len(), last.len() - due);
        }
    }

    #[test]
    fn rows_that_cannot_be_read_stay_due_and_rows_that_are_gone_do_not() {
        let mut agenda = Agenda::default();
        agenda.put(Position(1), at(10));
        agenda.put(Position(2), at(20));
        let second_fails = |position| match position {
            Position(2) => Err(ViewError::Folder {
                path: "views".into(),
                source: std::io::ErrorKind::Other.into(),
            }),
            position => Ok(Some(position)),
        };
        assert!(agenda.take_rows(at(20), second_fails).is_err());
        let first_is_gone = |position| Ok((position != Position(1)).then_some(position));
        let rows = agenda.take_rows(at(20), first_is_gone).unwrap();
        assert_eq!(rows, Some(vec![(Position(2), Position(2))]));
        assert_eq!(agenda.take_rows(at(20), first_is_gone).unwrap(), None);
    }

    #[test]
    fn a_view_is_looked_at_again_when_it_has_moved_or_time_has_passed() {
        let mut glance = Glance::default();
        assert!(glance.is_stale(Position(0), at(100)));
        glance.found_all(Position(7), at(100));
        assert!(!glance.is_stale(Position(7), at(109)));
        assert!(glance.is_stale(Position(8), at(100)));
        assert!(glance.is_stale(Position(6), at(100)));
        assert!(glance.is_stale(Position(7), at(110)));
        assert!(glance.is_stale(Position(7), at(99)));
    }

    #[test]
    fn the_rows_of_an_account_are_new_again_once_it_can_be_asked_again() {
        let (ali, wx) = ["ali", "wx"]
            .map(|name| AccountName::new(name).unwrap())
            .into();
        let mut seen = Seen::default();
        assert_eq!(seen.after(), None);
        seen.keep_to(BTreeSet::from([ali.clone()]));
        assert!(seen.is_new(&ali, Position(7)));
        assert!(!seen.is_new(&wx, Position(7)));
        seen.pass(Position(7));
        assert_eq!(seen.after(), Some(Position(7)));
        seen.keep_to(BTreeSet::from([ali.clone(), wx.clone()]));
        assert_eq!(seen.after(), Some(Position(0)));
        assert!(!seen.is_new(&ali, Position(7)));
        assert!(seen.is_new(&wx, Position(7)));
        seen.pass(Position(3));
        assert!(!seen.is_new(&ali, Position(7)));
        seen.forget(&ali);
        seen.keep_to(BTreeSet::from([ali.clone(), wx]));
        assert!(seen.is_new(&ali, Position(7)));
    }

    #[test]
    fn rows_wait_no_longer_where_the_clock_steps_back() {
        let mut agenda = Agenda::default();
        let read = |position| Ok(Some(position));
        assert_eq!(agenda.take_rows(at(1_000), read).unwrap(), None);
        agenda.put(Position(1), at(1_030));
        agenda.put(Position(2), at(1_010));
        assert_eq!(agenda.take_rows(at(100), read).unwrap(), None);
        agenda.put(Position(3), at(120));
        let mut taken = |secs| {
            agenda
                .take_rows(at(secs), read)
                .unwrap()
                .unwrap_or_default()
        };
        assert_eq!(taken(110), [(Position(2), Position(2))]);
        assert_eq!(taken(120), [(Position(3), Position(3))]);
        assert_eq!(taken(130), [(Position(1), Position(1))]);
    }

    #[test]
    fn what_is_late_is_told() {
        let mut agenda = Agenda::default();
        agenda.put(Position(1), at(10));
        agenda.put(Position(2), at(20));
        assert_eq!(agenda.late_secs(at(25)), 15);
        agenda.take_due(at(25), 1);
        assert_eq!(agenda.late_secs(at(25)), 5);
    }
}

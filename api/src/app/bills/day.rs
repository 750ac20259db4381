//! A bill's day: one in Asia/Shanghai, eight hours ahead of UTC and without summer time.

use chrono::{DateTime, Days, NaiveDate, NaiveTime};
use payfold_domain::Timestamp;

const SHANGHAI_AHEAD_SECS: i64 = 8 * 3600;

/// How near to the end of its day money may stand in the neighbour day's bill, in seconds: a gateway's
/// messages and its bills take their times from different clocks.
const EDGE_SECS: i64 = 3600;

/// A bill's day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Day(NaiveDate);

impl Day {
    /// The day of an instant.
    pub(crate) fn of(at: Timestamp) -> Self {
        let local = at.plus_secs(SHANGHAI_AHEAD_SECS).as_secs();
        Self(DateTime::from_timestamp(local, 0).map_or(NaiveDate::MIN, |time| time.date_naive()))
    }

    /// The day of that name, `YYYY-MM-DD`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        NaiveDate::parse_from_str(text, "%Y-%m-%d").ok().map(Self)
    }

    pub(crate) fn date(self) -> NaiveDate {
        self.0
    }

    /// The day's name, `YYYY-MM-DD`.
    pub(crate) fn name(self) -> String {
        self.0.format("%Y-%m-%d").to_string()
    }

    /// So many days earlier.
    pub(crate) fn before(self, days: u64) -> Self {
        Self(self.0.checked_sub_days(Days::new(days)).unwrap_or(self.0))
    }

    pub(crate) fn previous(self) -> Self {
        self.before(1)
    }

    pub(crate) fn next(self) -> Self {
        Self(self.0.checked_add_days(Days::new(1)).unwrap_or(self.0))
    }

    /// Its first instant.
    pub(crate) fn start(self) -> Timestamp {
        let midnight = self.0.and_time(NaiveTime::MIN).and_utc().timestamp();
        Timestamp::from_secs(midnight).plus_secs(-SHANGHAI_AHEAD_SECS)
    }

    /// The day whose bill may have what happened at that instant of this day, beside its own.
    pub(super) fn neighbour_at(self, at: Timestamp) -> Option<Self> {
        if at.secs_since(self.start()) < EDGE_SECS {
            Some(self.previous())
        } else if self.next().start().secs_since(at) <= EDGE_SECS {
            Some(self.next())
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_begins_at_midnight_in_shanghai() {
        let day = Day::parse("2026-01-01").unwrap();
        assert_eq!(day.start(), Timestamp::from_secs(1_767_196_800));
        assert_eq!(Day::of(day.start()), day);
        assert_eq!(Day::of(day.start().plus_secs(-1)), day.previous());
        assert_eq!(Day::of(day.next().start().plus_secs(-1)), day);
        assert_eq!(day.previous().name(), "2025-12-31");
    }

    #[test]
    fn only_what_happened_near_its_end_may_stand_in_another_days_bill() {
        let day = Day::parse("2026-01-01").unwrap();
        for (secs, neighbour) in [
            (0, Some(day.previous())),
            (3_599, Some(day.previous())),
            (3_600, None),
            (82_799, None),
            (82_800, Some(day.next())),
            (86_399, Some(day.next())),
        ] {
            assert_eq!(
                day.neighbour_at(day.start().plus_secs(secs)),
                neighbour,
                "{secs}"
            );
        }
    }
}

//! A day in Asia/Shanghai, by which the gateways bill and reports sum: eight hours ahead of UTC and
//! without summer time.

use std::fmt;

use chrono::{Days, NaiveDate};
use payfold_domain::Timestamp;
use rusqlite::ToSql;
use rusqlite::types::{FromSql, FromSqlResult, ToSqlOutput, ValueRef};

const AHEAD_SECS: i64 = 8 * 3600;
const DAY_SECS: i64 = 86_400;

/// A day in Asia/Shanghai, as the number of days since 1970-01-01. It is written `YYYY-MM-DD`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(i64);

impl Day {
    /// The day of an instant.
    pub fn of(at: Timestamp) -> Self {
        Self(at.plus_secs(AHEAD_SECS).as_secs().div_euclid(DAY_SECS))
    }

    /// The day that is written `YYYY-MM-DD`.
    pub fn parse(text: &str) -> Option<Self> {
        let date = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?;
        Some(date.into())
    }

    /// The day in the calendar; its first or last day for what lies beyond.
    pub fn date(self) -> NaiveDate {
        let days = Days::new(self.0.unsigned_abs());
        if self.0 < 0 {
            NaiveDate::default()
                .checked_sub_days(days)
                .unwrap_or(NaiveDate::MIN)
        } else {
            NaiveDate::default()
                .checked_add_days(days)
                .unwrap_or(NaiveDate::MAX)
        }
    }

    /// Its first instant.
    pub fn start(self) -> Timestamp {
        Timestamp::from_secs(self.0.saturating_mul(DAY_SECS)).plus_secs(-AHEAD_SECS)
    }

    /// So many days earlier.
    #[must_use]
    pub fn before(self, days: i64) -> Self {
        Self(self.0.saturating_sub(days))
    }

    /// The day before.
    #[must_use]
    pub fn previous(self) -> Self {
        self.before(1)
    }

    /// The day after.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.date().format("%Y-%m-%d"))
    }
}

impl From<NaiveDate> for Day {
    fn from(date: NaiveDate) -> Self {
        Self(date.signed_duration_since(NaiveDate::default()).num_days())
    }
}

impl ToSql for Day {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.0.into())
    }
}

impl FromSql for Day {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        i64::column_result(value).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_begins_at_midnight_in_shanghai() {
        let day = Day::parse("2026-01-01").unwrap();
        let midnight = Timestamp::from_secs(1_767_196_800); // 2025-12-31T16:00:00Z
        assert_eq!(day.start(), midnight);
        assert_eq!(Day::of(midnight), day);
        let before = Timestamp::from_micros(midnight.as_micros() - 1);
        assert_eq!(Day::of(before), day.previous());
        assert_eq!(Day::of(day.next().start().plus_secs(-1)), day);
        assert_eq!(day.previous().to_string(), "2025-12-31");
        let early = Timestamp::from_secs(-8 * 3600 - 1);
        assert_eq!(Day::of(early).to_string(), "1969-12-31");
    }

    #[test]
    fn a_day_is_the_date_it_was_made_of() {
        for date in ["1969-12-31", "1970-01-01", "2026-11-25"] {
            let parsed = NaiveDate::parse_from_str(date, "%Y-%m-%d").unwrap();
            assert_eq!(Day::from(parsed).date(), parsed);
            assert_eq!(Day::parse(date).unwrap().to_string(), date);
        }
    }
}

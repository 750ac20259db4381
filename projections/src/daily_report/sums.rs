//! The figures of one row of the report: added up in memory, then added to what is stored.

use chrono::{Days, NaiveDate};
use payfold_domain::Timestamp;
use rusqlite::types::{FromSql, FromSqlResult, ToSqlOutput, ValueRef};
use rusqlite::{ToSql, Transaction, params};

use super::Added;

/// Asia/Shanghai is eight hours ahead of UTC, and has no summer time.
const SHANGHAI_AHEAD_S: i64 = 8 * 3600;
const DAY_S: i64 = 86_400;

/// A day in Asia/Shanghai, as the number of days since 1970-01-01.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Day(i64);

impl Day {
    /// The day of an instant.
    pub(super) fn of(at: Timestamp) -> Self {
        Self(at.plus_secs(SHANGHAI_AHEAD_S).as_secs().div_euclid(DAY_S))
    }

    /// The day in the calendar; its first or last day for what lies beyond.
    pub(super) fn date(self) -> NaiveDate {
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

/// What is added to one row.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Sums {
    pub(super) payments_started: i64,
    pub(super) payments_confirmed: i64,
    pub(super) paid_minor: i64,
    pub(super) refunds: i64,
    pub(super) refunded_minor: i64,
    pub(super) duplicates_ignored: i64,
    pub(super) exceptions: i64,
    /// What the fees are from now on, where a bill told them.
    pub(super) fee_minor: Option<i64>,
}

pub(super) fn write(tx: &Transaction<'_>, added: &Added) -> rusqlite::Result<()> {
    let mut upsert = tx.prepare_cached(
        "INSERT INTO daily VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, coalesce(?11, 0))
         ON CONFLICT (day, account, method) DO UPDATE SET
            payments_started = payments_started + ?4,
            payments_confirmed = payments_confirmed + ?5,
            paid_minor = paid_minor + ?6,
            refunds = refunds + ?7,
            refunded_minor = refunded_minor + ?8,
            duplicates_ignored = duplicates_ignored + ?9,
            exceptions = exceptions + ?10,
            fee_minor = coalesce(?11, fee_minor)",
    )?;
    for (key, sums) in added {
        upsert.execute(params![
            key.day,
            key.account.as_str(),
            key.method.as_str(),
            sums.payments_started,
            sums.payments_confirmed,
            sums.paid_minor,
            sums.refunds,
            sums.refunded_minor,
            sums.duplicates_ignored,
            sums.exceptions,
            sums.fee_minor,
        ])?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_begins_at_midnight_in_shanghai() {
        let midnight = Timestamp::from_secs(1_767_196_800); // 2025-12-31T16:00:00Z
        let date = |at: Timestamp| Day::of(at).date().to_string();
        assert_eq!(date(midnight), "2026-01-01");
        assert_eq!(
            date(Timestamp::from_micros(midnight.as_micros() - 1)),
            "2025-12-31"
        );
        assert_eq!(date(Timestamp::from_secs(-8 * 3600 - 1)), "1969-12-31");
    }

    #[test]
    fn a_day_is_the_date_it_was_made_of() {
        for date in ["1969-12-31", "1970-01-01", "2026-11-25"] {
            let parsed = NaiveDate::parse_from_str(date, "%Y-%m-%d").unwrap();
            assert_eq!(Day::from(parsed).date(), parsed);
        }
    }
}

//! Which day a bill is of: the one of nearly all of its rows, for a row of midnight may stand in the
//! next day's bill.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate};
use payfold_domain::Timestamp;
use payfold_domain::bill::RefusedBill;

const BEIJING_AHEAD_SECS: i64 = 8 * 3600;

/// The days that the rows are of: at most two that follow each other, and how many rows each has.
#[derive(Debug, Default)]
pub(super) struct Days(BTreeMap<NaiveDate, u64>);

impl Days {
    /// Counts a row.
    pub(super) fn add(&mut self, at: Timestamp, line: u64) -> Result<(), RefusedBill> {
        let date = date_of(at);
        if let Some(rows) = self.0.get_mut(&date) {
            *rows += 1;
            return Ok(());
        }
        let near = |other: &NaiveDate| date.signed_duration_since(*other).num_days().abs() <= 1;
        if self.0.len() < 3 && self.0.keys().all(near) {
            self.0.insert(date, 1);
            Ok(())
        } else {
            let found = format!("a row of {date}");
            Err(RefusedBill::new(line, found, "the rows of one day"))
        }
    }

    /// The day. A bill without rows is of the day that was asked for.
    pub(super) fn date(&self, asked: Option<&str>, rows: u64) -> Result<String, RefusedBill> {
        let most = self.0.iter().max_by_key(|(date, rows)| (**rows, **date));
        let found = most.map(|(date, _)| date.to_string());
        match (found, asked) {
            (Some(found), Some(asked)) if found != asked => Err(RefusedBill::new(
                rows + 1,
                format!("the bill of {found}"),
                format!("that of {asked}"),
            )),
            (Some(found), _) => Ok(found),
            (None, Some(asked)) => Ok(asked.to_owned()),
            (None, None) => Err(RefusedBill::new(
                1,
                "no row, so that nobody knows the day",
                "a row",
            )),
        }
    }
}

fn date_of(at: Timestamp) -> NaiveDate {
    DateTime::from_timestamp(at.plus_secs(BEIJING_AHEAD_SECS).as_secs(), 0)
        .map_or(NaiveDate::MIN, |time| time.date_naive())
}

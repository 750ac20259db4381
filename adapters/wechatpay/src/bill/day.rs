//! Which day a bill is of. It does not say so, and a row of midnight may stand in the next day's bill:
//! of a quiet day such a row may be all that there is.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Timelike};
use payfold_domain::Timestamp;
use payfold_domain::bill::RefusedBill;

const BEIJING_AHEAD_SECS: i64 = 8 * 3600;

const AN_HOUR_SECS: u32 = 3600;
const A_DAY_SECS: u32 = 24 * AN_HOUR_SECS;

/// The days that the rows are of, all beside each other, and beside the day that was asked for.
#[derive(Debug)]
pub(super) struct Days {
    asked: Option<NaiveDate>,
    found: BTreeMap<NaiveDate, Span>,
}

/// When on a day its first row is, and its last, in seconds.
#[derive(Debug, Clone, Copy)]
struct Span {
    first: u32,
    last: u32,
}

impl Span {
    /// The rows may stand in the next day's bill.
    fn is_before_midnight(self) -> bool {
        self.first >= A_DAY_SECS - AN_HOUR_SECS
    }

    /// The rows may stand in the bill of the day before.
    fn is_after_midnight(self) -> bool {
        self.last <= AN_HOUR_SECS
    }
}

impl Days {
    /// None as yet of a bill that was fetched for this day, `YYYY-MM-DD`, or that somebody brings.
    pub(super) fn new(asked: Option<&str>) -> Result<Self, RefusedBill> {
        let read = |asked: &str| {
            let refused = |_no_date| RefusedBill::new(0, format!("the day {asked}"), "YYYY-MM-DD");
            asked.parse().map_err(refused)
        };
        Ok(Self {
            asked: asked.map(read).transpose()?,
            found: BTreeMap::new(),
        })
    }

    /// Takes in a row.
    pub(super) fn add(&mut self, at: Timestamp, line: u64) -> Result<(), RefusedBill> {
        let (date, secs) = of(at);
        if let Some(span) = self.found.get_mut(&date) {
            span.first = span.first.min(secs);
            span.last = span.last.max(secs);
            return Ok(());
        }
        let near = |other: &NaiveDate| date.signed_duration_since(*other).num_days().abs() <= 1;
        let fits = match &self.asked {
            Some(asked) => near(asked),
            None => self.found.keys().all(near),
        };
        if !fits {
            let expected = match self.asked {
                Some(asked) => format!("the rows of {asked}"),
                None => "the rows of one day".to_owned(),
            };
            return Err(RefusedBill::new(line, format!("a row of {date}"), expected));
        }
        let (first, last) = (secs, secs);
        self.found.insert(date, Span { first, last });
        Ok(())
    }

    /// The day.
    pub(super) fn date(&self, rows: u64) -> Result<String, RefusedBill> {
        let date = match self.asked {
            Some(asked) => self.date_asked(asked, rows),
            None => self.date_told(rows),
        };
        date.map(|date| date.to_string())
    }

    /// The gateway knows what it was asked for: the rows have to speak against it.
    fn date_asked(&self, asked: NaiveDate, rows: u64) -> Result<NaiveDate, RefusedBill> {
        let is_elsewhere = |(date, span): &(&NaiveDate, &Span)| {
            if **date < asked {
                !span.is_before_midnight()
            } else {
                !span.is_after_midnight()
            }
        };
        match self.found.iter().find(is_elsewhere) {
            Some((other, _)) if !self.found.contains_key(&asked) => Err(RefusedBill::new(
                rows + 1,
                format!("the bill of {other}"),
                format!("that of {asked}"),
            )),
            Some(_) | None => Ok(asked),
        }
    }

    /// What the rows alone tell.
    fn date_told(&self, rows: u64) -> Result<NaiveDate, RefusedBill> {
        let mut found = self.found.iter();
        match (found.next(), found.next()) {
            (Some((date, _)), None) => Ok(*date),
            (Some((_, earlier)), Some((date, _))) if earlier.is_before_midnight() => Ok(*date),
            (Some((date, _)), Some((_, later))) if later.is_after_midnight() => Ok(*date),
            (Some(_), Some(_)) => Err(RefusedBill::new(
                rows + 1,
                "the rows of two days",
                "those of one, or of the other within an hour of the midnight between them",
            )),
            (None, _) => Err(RefusedBill::new(
                1,
                "no row, so that nobody knows the day",
                "a row",
            )),
        }
    }
}

/// The day and its second, in Beijing.
fn of(at: Timestamp) -> (NaiveDate, u32) {
    let local = DateTime::from_timestamp(at.plus_secs(BEIJING_AHEAD_SECS).as_secs(), 0);
    local.map_or((NaiveDate::MIN, 0), |time| {
        (time.date_naive(), time.num_seconds_from_midnight())
    })
}

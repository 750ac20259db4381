//! Instants as text: RFC 3339 in UTC, always with six digits of a second, so that equal instants are
//! equal bytes.

use chrono::{DateTime, Datelike, SecondsFormat, Utc};
use payfold_domain::Timestamp;

/// `YYYY-MM-DDTHH:MM:SS.ffffffZ`; `None` outside the years 0000 to 9999, which RFC 3339 cannot write.
pub(crate) fn write(instant: Timestamp) -> Option<String> {
    DateTime::<Utc>::from_timestamp_micros(instant.as_micros())
        .filter(|time| (0..=9999).contains(&time.year()))
        .map(|time| time.to_rfc3339_opts(SecondsFormat::Micros, true))
}

/// The instant of an RFC 3339 text.
pub(crate) fn read(text: &str) -> Option<Timestamp> {
    let time = DateTime::parse_from_rfc3339(text).ok()?;
    Some(Timestamp::from_micros(time.timestamp_micros()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_written_in_utc_with_microseconds() {
        for (micros, text) in [
            (0, "1970-01-01T00:00:00.000000Z"),
            (-1, "1969-12-31T23:59:59.999999Z"),
            (951_782_400_000_000, "2000-02-29T00:00:00.000000Z"),
            (253_402_300_799_999_999, "9999-12-31T23:59:59.999999Z"),
        ] {
            let instant = Timestamp::from_micros(micros);
            assert_eq!(write(instant).as_deref(), Some(text));
            assert_eq!(read(text), Some(instant));
        }
    }

    #[test]
    fn a_year_that_rfc_3339_cannot_write_is_not_written() {
        assert_eq!(write(Timestamp::from_micros(253_402_300_800_000_000)), None);
        assert_eq!(write(Timestamp::from_micros(i64::MIN)), None);
    }
}

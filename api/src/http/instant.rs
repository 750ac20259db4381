//! Instants as callers read and write them: RFC 3339, answered in UTC.

use chrono::{DateTime, SecondsFormat, Utc};
use payfold_domain::Timestamp;

/// The years that RFC 3339 can write.
const FIRST: i64 = -62_167_219_200;
const LAST: i64 = 253_402_300_799;

/// The instant as text; the nearest one that has a text, where it lies outside the years 0 to 9999.
pub(crate) fn write(instant: Timestamp) -> String {
    let secs = instant.as_secs().clamp(FIRST, LAST);
    let micros = instant
        .as_micros()
        .clamp(FIRST * 1_000_000, secs * 1_000_000 + 999_999);
    DateTime::<Utc>::from_timestamp_micros(micros)
        .unwrap_or_default()
        .to_rfc3339_opts(SecondsFormat::Micros, true)
}

/// The instant that a caller writes.
pub(crate) fn read(text: &str) -> Result<Timestamp, String> {
    DateTime::parse_from_rfc3339(text)
        .ok()
        .map(|time| Timestamp::from_micros(time.timestamp_micros()))
        .filter(|instant| (FIRST..=LAST).contains(&instant.as_secs()))
        .ok_or_else(|| {
            "must be a time as RFC 3339 writes it, such as 2026-01-31T12:00:00Z".to_owned()
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_answered_in_utc() {
        let instant = read("2026-01-31T20:00:00+08:00").unwrap();
        assert_eq!(write(instant), "2026-01-31T12:00:00.000000Z");
    }

    #[test]
    fn every_instant_has_a_text() {
        for micros in [i64::MIN, -1, 0, i64::MAX] {
            assert!(write(Timestamp::from_micros(micros)).ends_with('Z'));
        }
    }

    #[test]
    fn what_is_no_instant_is_refused() {
        for text in ["", "2026-01-31", "now", "2026-02-30T00:00:00Z", "1e9"] {
            assert!(read(text).is_err(), "{text}");
        }
    }
}

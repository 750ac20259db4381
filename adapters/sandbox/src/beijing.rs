//! Times in the gateways' zone, which is Beijing's, without daylight saving.

use chrono::{DateTime, NaiveDate, NaiveDateTime, TimeDelta, Utc};

const AHEAD: TimeDelta = TimeDelta::hours(8);

/// The time on a clock in Beijing.
pub(crate) fn local(at: DateTime<Utc>) -> NaiveDateTime {
    let utc = at.naive_utc();
    utc.checked_add_signed(AHEAD).unwrap_or(utc)
}

/// The day in Beijing.
pub(crate) fn calendar_day(at: DateTime<Utc>) -> NaiveDate {
    local(at).date()
}

/// When that hour of that day begins in Beijing.
pub(crate) fn hour_of(day: NaiveDate, hour: u32) -> Option<DateTime<Utc>> {
    let local = day.and_hms_opt(hour, 0, 0)?;
    Some(local.checked_sub_signed(AHEAD)?.and_utc())
}

/// `yyyy-MM-dd HH:mm:ss`, as Alipay writes times.
pub(crate) fn plain(at: DateTime<Utc>) -> String {
    local(at).format("%Y-%m-%d %H:%M:%S").to_string()
}

/// `yyyyMMddHHmmss`, as WeChat Pay's v2 writes times.
pub(crate) fn packed(at: DateTime<Utc>) -> String {
    plain(at).chars().filter(char::is_ascii_digit).collect()
}

/// `yyyy-MM-dd`.
pub(crate) fn date(at: DateTime<Utc>) -> String {
    plain(at).chars().take(10).collect()
}

/// `yyyyMMdd`, with which trade numbers begin.
pub(crate) fn day(at: DateTime<Utc>) -> String {
    packed(at).chars().take(8).collect()
}

/// RFC 3339 with `+08:00`, as WeChat Pay's v3 writes times.
pub(crate) fn rfc3339(at: DateTime<Utc>) -> String {
    format!("{}+08:00", plain(at).replace(' ', "T"))
}

/// Reads `yyyy-MM-dd HH:mm:ss`.
pub(crate) fn from_plain(text: &str) -> Option<DateTime<Utc>> {
    let local = NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S").ok()?;
    Some(local.checked_sub_signed(AHEAD)?.and_utc())
}

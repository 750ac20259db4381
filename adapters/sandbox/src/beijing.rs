//! Times in the gateways' zone, which is Beijing's, without daylight saving.

use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};

const AHEAD: TimeDelta = TimeDelta::hours(8);

/// `yyyy-MM-dd HH:mm:ss`, as Alipay writes times.
pub(crate) fn plain(at: DateTime<Utc>) -> String {
    at.naive_utc()
        .checked_add_signed(AHEAD)
        .map_or_else(String::new, |local| {
            local.format("%Y-%m-%d %H:%M:%S").to_string()
        })
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

//! `GET /v1/reports/daily`: sums by day, account and method, as JSON or as CSV.

use std::fmt::Write;
use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use chrono::{Days, NaiveDate};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use payfold_projections::{DailyRow, Day, View};
use serde::Serialize;

use super::answer::{AS_OF, Items, chosen_by_accept, cursor_as_of, json_as_of};
use super::problem::Problem;
use super::query::Query;
use super::view::{ask, caught_up};
use crate::app::App;

/// The most days of a report.
const MOST_DAYS: i64 = 3_660;

/// Days of a report that names no beginning.
const USUAL_DAYS: u64 = 30;

/// A row of the report.
#[derive(Serialize)]
struct RowAnswer {
    date: String,
    account: String,
    method: &'static str,
    payments_started: i64,
    payments_confirmed: i64,
    paid_minor: i64,
    refunds: i64,
    refunded_minor: i64,
    duplicates_ignored: i64,
    exceptions: i64,
    fee_minor: i64,
}

/// Reads the report of the days `from` to `to`, both among them.
pub(crate) async fn read_report(
    State(app): State<Arc<App>>,
    mut query: Query,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let today = Day::of(app.world.now()).date();
    let to = query.take("to", day);
    let from = query.take("from", day);
    let last = to.unwrap_or_else(|| from.map_or(today, |from| from.max(today)));
    let first = from.unwrap_or_else(|| {
        last.checked_sub_days(Days::new(USUAL_DAYS - 1))
            .unwrap_or(last)
    });
    let days = last.signed_duration_since(first).num_days();
    if days < 0 {
        query.note("to", "lies before from");
    } else if days >= MOST_DAYS {
        query.note("from", "lies more than 3660 days before to");
    }
    let (first, last) = query.finish((first, last))?;
    caught_up(&app, View::DailyReport, &headers).await?;
    let report = ask(&app, move |app| app.views.daily_report.between(first, last)).await?;
    let as_of = cursor_as_of(&app, &report.as_of);
    let items: Vec<RowAnswer> = report.value.iter().map(RowAnswer::from).collect();
    if !prefers_csv(&headers) {
        let items = Items { items, next: None };
        return Ok(chosen_by_accept(json_as_of(StatusCode::OK, &items, as_of)));
    }
    let mut response = (StatusCode::OK, csv(&items)).into_response();
    let csv = HeaderValue::from_static("text/csv; charset=utf-8; header=present");
    response.headers_mut().insert(header::CONTENT_TYPE, csv);
    if let Ok(as_of) = HeaderValue::try_from(as_of.to_string()) {
        response.headers_mut().insert(AS_OF, as_of);
    }
    Ok(chosen_by_accept(response))
}

/// Rows as RFC 4180 has them. No value needs quotes: dates, names of `a-z0-9_.`, and numbers.
fn csv(rows: &[RowAnswer]) -> String {
    let mut text = String::from(
        "date,account,method,payments_started,payments_confirmed,paid_minor,refunds,\
         refunded_minor,duplicates_ignored,exceptions,fee_minor\r\n",
    );
    for row in rows {
        let RowAnswer {
            date,
            account,
            method,
            ..
        } = row;
        // Writing to a string cannot fail.
        let _written = write!(
            text,
            "{date},{account},{method},{},{},{},{},{},{},{},{}\r\n",
            row.payments_started,
            row.payments_confirmed,
            row.paid_minor,
            row.refunds,
            row.refunded_minor,
            row.duplicates_ignored,
            row.exceptions,
            row.fee_minor
        );
    }
    text
}

/// Whether `Accept` likes CSV better than JSON.
fn prefers_csv(headers: &HeaderMap) -> bool {
    let (mut csv, mut json) = (0.0, 0.0);
    let accepted = headers
        .get_all(header::ACCEPT)
        .iter()
        .filter_map(|value| value.to_str().ok());
    for range in accepted.flat_map(|value| value.split(',')) {
        let mut parts = range.split(';').map(str::trim);
        let media_type = parts.next().unwrap_or_default().to_ascii_lowercase();
        let quality = parts.find_map(|part| part.strip_prefix("q="));
        let quality = quality
            .and_then(|quality| quality.parse::<f32>().ok())
            .unwrap_or(1.0);
        match media_type.as_str() {
            "text/csv" | "text/*" => csv = f32::max(csv, quality),
            "application/json" | "application/*" | "*/*" => json = f32::max(json, quality),
            _ => {}
        }
    }
    csv > 0.0 && csv >= json
}

fn day(text: &str) -> Result<NaiveDate, String> {
    Some(text)
        .filter(|text| text.len() == "2026-01-31".len())
        .and_then(|text| NaiveDate::parse_from_str(text, "%Y-%m-%d").ok())
        .ok_or_else(|| "must be a day such as 2026-01-31".to_owned())
}

impl From<&DailyRow> for RowAnswer {
    fn from(row: &DailyRow) -> Self {
        Self {
            date: row.date.to_string(),
            account: row.account.to_string(),
            method: row.method.as_str(),
            payments_started: row.payments_started,
            payments_confirmed: row.payments_confirmed,
            paid_minor: row.paid_minor,
            refunds: row.refunds,
            refunded_minor: row.refunded_minor,
            duplicates_ignored: row.duplicates_ignored,
            exceptions: row.exceptions,
            fee_minor: row.fee_minor,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn csv_is_answered_to_those_who_like_it_better() {
        for (accept, likes_csv) in [
            ("", false),
            ("*/*", false),
            ("application/json", false),
            ("text/csv", true),
            ("text/csv;q=0.5, application/json", false),
            ("application/json;q=0.5, text/csv", true),
            ("text/csv;q=0", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT, HeaderValue::from_static(accept));
            assert_eq!(prefers_csv(&headers), likes_csv, "{accept}");
        }
    }

    #[test]
    fn a_day_is_written_in_full() {
        assert!(day("2026-01-31").is_ok());
        for text in ["2026-1-31", "2026-02-30", "20260131", "2026-01-31T00", ""] {
            assert!(day(text).is_err(), "{text}");
        }
    }
}

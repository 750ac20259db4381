//! Where a bill can be downloaded (`alipay.data.dataservice.bill.downloadurl.query`), and its download.

use axum::extract::{Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Days, Months, TimeDelta, Utc};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use serde_json::{Value, json};

use super::request::{Denied, Request};
use crate::beijing;
use crate::bill::Span;
use crate::bill::alipay::Bill;
use crate::bill::ticket::Uses;
use crate::draw;
use crate::sandbox::Sandbox;

/// How long an address is good, once.
const GOOD_FOR: TimeDelta = TimeDelta::seconds(30);

/// From which hour on a bill is there: of a day on the next one, of a month on the third.
const READY_HOUR: u32 = 9;

/// How many years back bills can be had.
const YEARS: u32 = 6;

#[derive(Default, Deserialize)]
#[serde(default)]
struct Asked {
    bill_type: String,
    bill_date: String,
}

/// What stands in an address; the ticket alone counts.
#[derive(Deserialize)]
pub(super) struct Address {
    token: String,
}

pub(super) fn address(sandbox: &Sandbox, request: &Request) -> Result<Value, Denied> {
    let asked: Asked = request.content()?;
    if asked.bill_type != "trade" {
        return Err(Denied::business("TYPE_NOT_SUPPORTED", "账单类型不支持"));
    }
    let wrong = || Denied::business("INVAILID_ARGUMENTS", "入参不合法");
    let (span, ready) = match (Span::day(&asked.bill_date), Span::month(&asked.bill_date)) {
        (Some(day), _) => (day, beijing::hour_of(day.end, READY_HOUR)),
        (None, Some(month)) => {
            let third = month.end.checked_add_days(Days::new(2));
            (
                month,
                third.and_then(|third| beijing::hour_of(third, READY_HOUR)),
            )
        }
        (None, None) => return Err(wrong()),
    };
    let now = sandbox.now();
    let mut state = sandbox.state();
    let on_schedule = sandbox.schedule_now(&state);
    if ready.is_none_or(|ready| on_schedule < ready) {
        return Err(Denied::business("BILL_NOT_EXIST", "账单不存在"));
    }
    let oldest = beijing::calendar_day(on_schedule).checked_sub_months(Months::new(12 * YEARS));
    if oldest.is_some_and(|oldest| span.first < oldest) {
        return Err(wrong());
    }
    let seller_id = &sandbox.keys().alipay.seller_id;
    let bill = Bill::of(&state.books, span, seller_id);
    if bill.is_empty() {
        return Err(Denied::business("NO_BILL_DATA", "没有账单数据"));
    }
    let dates = asked.bill_date.replace('-', "");
    let file = bill.packed(on_schedule).map_err(|error| {
        tracing::error!(%error, "a bill was not written");
        Denied::business("UNKNOWN_ERROR", "未知错误")
    })?;
    let token = draw::hex(&sandbox.outside().entropy, 32);
    let tickets = &mut state.tickets;
    tickets.hand_out(token.clone(), file, now + GOOD_FOR, Uses::Once, now);
    Ok(json!({
        "code": "10000",
        "msg": "Success",
        "bill_download_url": download(sandbox, &dates, &token, now),
    }))
}

/// The address, with all that Alipay writes into it.
fn download(sandbox: &Sandbox, dates: &str, token: &str, now: DateTime<Utc>) -> String {
    let seller_id = &sandbox.keys().alipay.seller_id;
    let name = format!("{seller_id}_trade_{dates}.csv.zip");
    let file_id = format!("/trade/{seller_id}/{dates}.csv.zip");
    format!(
        "{}/downloadBillFile.resource?bizType=trade&userId={seller_id}0156&fileType=csv.zip&bizDates={dates}&downloadFileName={name}&fileId={}&timestamp={}&token={token}",
        sandbox.settings().origin,
        utf8_percent_encode(&file_id, NON_ALPHANUMERIC),
        now.timestamp_millis(),
    )
}

pub(super) async fn file(
    State(sandbox): State<Sandbox>,
    Query(address): Query<Address>,
) -> Response {
    let now = sandbox.now();
    let file = sandbox.state().tickets.take(&address.token, now);
    match file {
        Some(file) => ([(header::CONTENT_TYPE, "application/zip")], file).into_response(),
        None => (StatusCode::FORBIDDEN, "token is invalid or expired").into_response(),
    }
}

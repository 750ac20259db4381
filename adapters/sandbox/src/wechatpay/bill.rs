//! The trade bill of a day: where it can be downloaded and what its hash is, and its download (申请交易
//! 账单, 下载账单).

use std::io::Write as _;

use axum::extract::{Query, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use chrono::{Months, TimeDelta};
use flate2::Compression;
use flate2::write::GzEncoder;
use serde::Deserialize;
use serde_json::{Value, json};
use sha1::{Digest as _, Sha1};

use super::answer::{Refusal, Signature, answered};
use super::called::Called;
use crate::beijing;
use crate::bill::Span;
use crate::bill::ticket::Uses;
use crate::bill::wechatpay::{Bill, Kind};
use crate::draw;
use crate::sandbox::Sandbox;

/// How long an address is good.
const GOOD_FOR: TimeDelta = TimeDelta::minutes(5);

/// From which hour of the next day on a bill is there.
const READY_HOUR: u32 = 10;

/// How many months back bills can be had.
const MONTHS: u32 = 3;

#[derive(Deserialize)]
pub(super) struct Asked {
    bill_date: Option<String>,
    bill_type: Option<String>,
    tar_type: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Address {
    token: Option<String>,
}

pub(super) async fn trade_bill(
    State(sandbox): State<Sandbox>,
    Query(asked): Query<Asked>,
    called: Called,
) -> Response {
    called
        .answer(&sandbox, "", |_key| handed_out(&sandbox, &asked))
        .await
}

fn handed_out(sandbox: &Sandbox, asked: &Asked) -> Result<Value, Refusal> {
    let span = asked.bill_date.as_deref().and_then(Span::day);
    let span = span.ok_or_else(|| Refusal::parameter("bill_date", "账单日期应为YYYY-MM-DD"))?;
    let kind = match asked.bill_type.as_deref() {
        None | Some("" | "ALL") => Kind::All,
        Some("SUCCESS") => Kind::Success,
        Some("REFUND") => Kind::Refund,
        Some(_) => {
            return Err(Refusal::parameter(
                "bill_type",
                "账单类型应为ALL、SUCCESS或REFUND",
            ));
        }
    };
    let is_packed = match asked.tar_type.as_deref() {
        None | Some("") => false,
        Some("GZIP") => true,
        Some(_) => return Err(Refusal::parameter("tar_type", "压缩类型应为GZIP")),
    };
    let now = sandbox.now();
    let mut state = sandbox.state();
    let on_schedule = sandbox.schedule_now(&state);
    let today = beijing::calendar_day(on_schedule);
    if span.first >= today {
        return Err(Refusal::business("INVALID_REQUEST", "账单日期应早于今天"));
    }
    if today
        .checked_sub_months(Months::new(MONTHS))
        .is_some_and(|oldest| span.first < oldest)
    {
        return Err(Refusal::business("INVALID_REQUEST", "仅支持三个月内的账单"));
    }
    if beijing::hour_of(span.end, READY_HOUR).is_none_or(|ready| on_schedule < ready) {
        return Err(Refusal::business(
            "STATEMENT_CREATING",
            "账单生成中，请稍后再试",
        ));
    }
    let bill = Bill::of(&state.books, span, kind, &sandbox.keys().wechatpay.mch_id);
    if bill.is_empty() {
        return Err(Refusal::business("NO_STATEMENT_EXIST", "账单文件不存在"));
    }
    let text = bill.text().into_bytes();
    let hash = Sha1::digest(&text);
    let hash: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
    let file = if is_packed { gzipped(&text)? } else { text };
    let token = draw::alphanumeric(&sandbox.outside().entropy, 64);
    let tickets = &mut state.tickets;
    tickets.hand_out(token.clone(), file, now + GOOD_FOR, Uses::WhileGood, now);
    Ok(json!({
        "hash_type": "SHA1",
        "hash_value": hash,
        "download_url": format!(
            "{}/v3/billdownload/file?token={token}",
            sandbox.settings().origin
        ),
    }))
}

/// The file. It carries no signature; its hash was signed before.
pub(super) async fn file(
    State(sandbox): State<Sandbox>,
    Query(address): Query<Address>,
    called: Called,
) -> Response {
    let token = address.token.unwrap_or_default();
    let found = called
        .checked(&sandbox, "", |_key| {
            let now = sandbox.now();
            let file = sandbox.state().tickets.take(&token, now);
            file.ok_or_else(|| Refusal::business("INVALID_REQUEST", "下载链接过期"))
        })
        .await;
    match found {
        (_, Ok(file)) => ([(header::CONTENT_TYPE, "text/plain")], file).into_response(),
        (key, Err(refusal)) => answered(&sandbox, key, Err(refusal), Signature::Genuine),
    }
}

fn gzipped(text: &[u8]) -> Result<Vec<u8>, Refusal> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    let written = encoder.write_all(text).and_then(|()| encoder.finish());
    written.map_err(|error| {
        tracing::error!(%error, "a bill was not packed");
        Refusal::down()
    })
}

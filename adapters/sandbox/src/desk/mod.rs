//! The sandbox's first page, for people: what is here, the books with every notify and its answer,
//! and buttons for what a buyer, a back office and bad luck may do.

mod act;
mod row;

use askama::Template;
use axum::Router;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde::Deserialize;

use self::row::{FaultRow, Stands, TradeRow, VisitRow};
use crate::beijing;
use crate::books::Gateway;
use crate::faults::{EVERY_FAULT, Fault};
use crate::page::page;
use crate::sandbox::Sandbox;

/// How many trades, and payments that nobody opened, the page shows.
const SHOWN: usize = 50;

pub(crate) fn routes() -> Router<Sandbox> {
    Router::new().route("/", get(show).post(act::act))
}

/// What is looked for.
#[derive(Deserialize)]
struct Looked {
    /// A part of an `out_trade_no`.
    #[serde(default)]
    find: String,
}

#[derive(Template)]
#[template(path = "desk.html")]
struct DeskPage<'a> {
    origin: &'a str,
    alipay_app: &'a str,
    mch_id: &'a str,
    service: String,
    find: &'a str,
    /// Why the last button did nothing.
    refused: Option<&'a str>,
    clock: String,
    speed: u32,
    faults: Vec<FaultRow>,
    any_fault: bool,
    visits: Vec<VisitRow>,
    trades: Vec<TradeRow>,
    count: usize,
}

async fn show(State(sandbox): State<Sandbox>, Query(looked): Query<Looked>) -> Response {
    drawn(&sandbox, &looked.find, None)
}

/// The page after a button that could do nothing.
fn refused(sandbox: &Sandbox, find: &str, why: &str) -> Response {
    let drawn = drawn(sandbox, find, Some(why));
    (StatusCode::UNPROCESSABLE_ENTITY, drawn).into_response()
}

fn drawn(sandbox: &Sandbox, find: &str, refused: Option<&str>) -> Response {
    sandbox.settle_refunds();
    let now = sandbox.now();
    let service = match sandbox.service().public_url() {
        Ok(url) => url,
        Err(error) => error.to_string(),
    };
    let state = sandbox.state();
    let on_schedule = sandbox.schedule_now(&state);
    let waiting: Vec<Fault> = state.faults.waiting(now).collect();
    let books = &state.books;
    let found = |number: &str| find.is_empty() || number.contains(find);
    let trades = books
        .numbered()
        .rev()
        .filter(|(_, trade)| found(&trade.out_trade_no))
        .take(SHOWN)
        .map(|(id, trade)| {
            let again = state.outbox.next(id).map(|due| due - on_schedule);
            TradeRow::of(&trade.as_of(now), again)
        })
        .collect();
    let visits = books
        .unopened()
        .filter(|(number, visit)| found(number) && visit.terms.expires.is_none_or(|at| now < at))
        .take(SHOWN)
        .map(|(number, visit)| VisitRow::of(number, visit))
        .collect();
    page(&DeskPage {
        origin: &sandbox.settings().origin,
        alipay_app: &sandbox.keys().alipay.app_id,
        mch_id: &sandbox.keys().wechatpay.mch_id,
        service,
        find,
        refused,
        clock: beijing::plain(on_schedule),
        speed: sandbox.settings().speed,
        faults: EVERY_FAULT
            .iter()
            .map(|(kind, words)| FaultRow::of(*kind, words, &waiting))
            .collect(),
        any_fault: !waiting.is_empty(),
        visits,
        trades,
        count: books.all().count(),
    })
}

/// A gateway's name in a form.
fn form_name(gateway: Gateway) -> &'static str {
    match gateway {
        Gateway::Alipay => "alipay",
        Gateway::WechatPay => "wechatpay",
    }
}

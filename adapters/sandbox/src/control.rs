//! `/_sandbox`: how a program looks into the books and plays the buyer, the back office and the bad
//! luck.

use axum::Json;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{get, post};
use bytes::Bytes;
use chrono::TimeDelta;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::alipay::renewal::Signing;
use crate::books::{End, Gateway, Trade};
use crate::faults::Fault;
use crate::notify::Via;
use crate::problem::Problem;
use crate::sandbox::Sandbox;
use crate::till::{Payable, Payment};
use crate::wechatpay::Parameters;
use crate::wechatpay::platform::Platform;

pub(crate) fn routes() -> Router<Sandbox> {
    Router::new()
        .route("/_sandbox/trades", get(trades))
        .route("/_sandbox/pay", post(pay))
        .route("/_sandbox/refund", post(refund))
        .route("/_sandbox/scan", post(scan))
        .route("/_sandbox/close", post(close))
        .route("/_sandbox/finish", post(finish))
        .route("/_sandbox/settle", post(settle))
        .route("/_sandbox/resend", post(resend))
        .route(
            "/_sandbox/faults",
            get(faults).post(add_fault).delete(end_faults),
        )
        .route("/_sandbox/wechatpay", get(platform).put(set_platform))
        .route("/_sandbox/alipay", get(signing).put(set_signing))
        .route("/_sandbox/clock", post(advance))
}

#[derive(Serialize)]
struct Items<T> {
    items: Vec<T>,
}

/// A trade, as the books show it.
#[derive(Serialize)]
struct TradeView {
    gateway: Gateway,
    out_trade_no: String,
    transaction_id: Option<String>,
    minor: u64,
    state: &'static str,
    notifies: u32,
    refunds: Vec<RefundView>,
}

#[derive(Serialize)]
struct RefundView {
    refund_no: String,
    minor: u64,
    state: &'static str,
}

impl From<&Trade> for TradeView {
    fn from(trade: &Trade) -> Self {
        let refund = |refund: &crate::books::Refund| RefundView {
            refund_no: refund.refund_no.clone(),
            minor: refund.minor,
            state: refund.state(),
        };
        Self {
            gateway: trade.gateway,
            out_trade_no: trade.out_trade_no.clone(),
            transaction_id: trade.transaction_id.clone(),
            minor: trade.minor,
            state: trade.state(),
            notifies: trade.notifies,
            refunds: trade.refunds.iter().map(refund).collect(),
        }
    }
}

async fn trades(State(sandbox): State<Sandbox>) -> Json<Items<TradeView>> {
    sandbox.settle_refunds();
    let now = sandbox.now();
    let state = sandbox.state();
    let view = |trade: &Trade| TradeView::from(&trade.as_of(now));
    Json(Items {
        items: state.books.all().map(view).collect(),
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PayRequest {
    gateway: Gateway,
    out_trade_no: Option<String>,
    minor: Option<u64>,
    via: Option<Via>,
    /// Whether the buyer pays a paid number a second time, in a trade of its own.
    #[serde(default)]
    again: bool,
    /// What `alipay.trade.app.pay` signed, as an app hands it to Alipay's SDK.
    order_string: Option<String>,
    /// What a front end opens a WeChat Pay order with, as it hands it to the WeChat app.
    params: Option<Parameters>,
}

async fn pay(State(sandbox): State<Sandbox>, body: Bytes) -> Result<Json<TradeView>, Problem> {
    let request: PayRequest = read(&body)?;
    let opened = match (&request.order_string, &request.params) {
        (Some(order), _) => Some(sandbox.open_order_string(order).map_err(Problem::invalid)?),
        (None, Some(params)) => Some(sandbox.open_parameters(params).map_err(Problem::invalid)?),
        (None, None) => None,
    };
    let Some(out_trade_no) = opened.or(request.out_trade_no) else {
        return Err(Problem::invalid("`out_trade_no` is missing"));
    };
    let trade = sandbox.pay(&Payment {
        gateway: request.gateway,
        out_trade_no: &out_trade_no,
        minor: request.minor,
        via: request.via.unwrap_or_default(),
        of: if request.again {
            Payable::Second
        } else {
            Payable::Waiting
        },
    })?;
    Ok(Json(TradeView::from(&trade)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RefundRequest {
    gateway: Gateway,
    out_trade_no: String,
    minor: u64,
    via: Option<Via>,
}

async fn refund(State(sandbox): State<Sandbox>, body: Bytes) -> Result<Json<TradeView>, Problem> {
    let request: RefundRequest = read(&body)?;
    let via = request.via.unwrap_or_default();
    let (trade, _refund) = sandbox.refund_in_back_office(
        request.gateway,
        &request.out_trade_no,
        request.minor,
        via,
    )?;
    Ok(Json(TradeView::from(&trade)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TradeRequest {
    gateway: Gateway,
    out_trade_no: String,
    via: Option<Via>,
}

/// The buyer opens a payment and does not pay yet.
async fn scan(State(sandbox): State<Sandbox>, body: Bytes) -> Result<Json<TradeView>, Problem> {
    let request: TradeRequest = read(&body)?;
    let trade = sandbox.begin(request.gateway, &request.out_trade_no)?;
    Ok(Json(TradeView::from(&trade)))
}

async fn close(State(sandbox): State<Sandbox>, body: Bytes) -> Result<Json<TradeView>, Problem> {
    let request: TradeRequest = read(&body)?;
    let trade = sandbox.close(request.gateway, &request.out_trade_no)?;
    Ok(Json(TradeView::from(&trade)))
}

/// An Alipay trade comes to the end of the time in which it can be given back.
async fn finish(State(sandbox): State<Sandbox>, body: Bytes) -> Result<Json<TradeView>, Problem> {
    let request: TradeRequest = read(&body)?;
    if request.gateway != Gateway::Alipay {
        return Err(Problem::invalid("only an Alipay trade finishes"));
    }
    let trade = sandbox.finish(&request.out_trade_no)?;
    Ok(Json(TradeView::from(&trade)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SettleRequest {
    gateway: Gateway,
    refund_no: String,
    state: End,
}

/// A refund that is on its way, or that the buyer's bank refused, comes to an end.
async fn settle(State(sandbox): State<Sandbox>, body: Bytes) -> Result<Json<TradeView>, Problem> {
    let request: SettleRequest = read(&body)?;
    if request.gateway == Gateway::Alipay && request.state != End::Success {
        return Err(Problem::invalid("an Alipay refund ends in SUCCESS alone"));
    }
    let number = sandbox
        .act_on_abnormal(request.gateway, &request.refund_no, request.state)?
        .out_trade_no;
    sandbox.settle_refunds();
    let trade = sandbox.begin(request.gateway, &number)?;
    Ok(Json(TradeView::from(&trade)))
}

async fn resend(State(sandbox): State<Sandbox>, body: Bytes) -> Result<Json<TradeView>, Problem> {
    let request: TradeRequest = read(&body)?;
    let via = request.via.unwrap_or_default();
    let trade = sandbox.send_again(request.gateway, &request.out_trade_no, via)?;
    Ok(Json(TradeView::from(&trade)))
}

async fn faults(State(sandbox): State<Sandbox>) -> Json<Items<Fault>> {
    let now = sandbox.now();
    Json(Items {
        items: sandbox.state().faults.waiting(now).collect(),
    })
}

async fn add_fault(
    State(sandbox): State<Sandbox>,
    body: Bytes,
) -> Result<Json<Items<Fault>>, Problem> {
    let fault: Fault = read(&body)?;
    if fault.times == Some(0) {
        return Err(Problem::invalid(
            "`times` is 0; a fault strikes at least once",
        ));
    }
    let now = sandbox.now();
    sandbox.state().faults.add(fault, now);
    Ok(faults(State(sandbox)).await)
}

async fn end_faults(State(sandbox): State<Sandbox>) -> StatusCode {
    sandbox.state().faults.end();
    StatusCode::NO_CONTENT
}

/// With which keys WeChat Pay signs to the merchant.
async fn platform(State(sandbox): State<Sandbox>) -> Json<Platform> {
    Json(sandbox.state().platform)
}

async fn set_platform(
    State(sandbox): State<Sandbox>,
    body: Bytes,
) -> Result<Json<Platform>, Problem> {
    let wanted: Platform = read(&body)?;
    sandbox.state().platform = wanted;
    Ok(Json(wanted))
}

/// With which certificate Alipay signs to a merchant in certificate mode.
async fn signing(State(sandbox): State<Sandbox>) -> Json<Signing> {
    Json(sandbox.state().alipay)
}

async fn set_signing(
    State(sandbox): State<Sandbox>,
    body: Bytes,
) -> Result<Json<Signing>, Problem> {
    let wanted: Signing = read(&body)?;
    sandbox.state().alipay = wanted;
    Ok(Json(wanted))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ClockRequest {
    advance_s: u32,
}

#[derive(Serialize)]
struct ClockView {
    /// The sandbox's own clock, on which the retry schedules run.
    now: String,
}

async fn advance(State(sandbox): State<Sandbox>, body: Bytes) -> Result<Json<ClockView>, Problem> {
    let request: ClockRequest = read(&body)?;
    sandbox.advance(TimeDelta::seconds(i64::from(request.advance_s)));
    let state = sandbox.state();
    let now = sandbox.schedule_now(&state);
    Ok(Json(ClockView {
        now: now.to_rfc3339_opts(chrono::SecondsFormat::Millis, true),
    }))
}

/// Reads a request; its media type is not judged.
fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    serde_json::from_slice(body).map_err(|error| Problem::invalid(format!("the request: {error}")))
}

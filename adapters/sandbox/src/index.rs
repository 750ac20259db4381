//! The sandbox's first page: what is here, and how somebody's own SDK is pointed at it.

use askama::Template;
use axum::extract::State;
use axum::response::Response;

use crate::books::Trade;
use crate::money::yuan;
use crate::page::page;
use crate::sandbox::Sandbox;

/// How many trades the page shows.
const SHOWN: usize = 12;

#[derive(Template)]
#[template(path = "index.html")]
struct IndexPage<'a> {
    origin: &'a str,
    alipay_app: &'a str,
    mch_id: &'a str,
    service: String,
    trades: Vec<Row>,
}

struct Row {
    gateway: &'static str,
    out_trade_no: String,
    amount: String,
    state: &'static str,
    notifies: u32,
}

pub(crate) async fn show(State(sandbox): State<Sandbox>) -> Response {
    let row = |trade: &Trade| Row {
        gateway: trade.gateway.name(),
        out_trade_no: trade.out_trade_no.clone(),
        amount: yuan(trade.minor),
        state: trade.state(),
        notifies: trade.notifies,
    };
    let trades = sandbox
        .state()
        .books
        .all()
        .rev()
        .take(SHOWN)
        .map(row)
        .collect();
    let service = match sandbox.service().public_url() {
        Ok(url) => url,
        Err(error) => error.to_string(),
    };
    page(&IndexPage {
        origin: &sandbox.settings().origin,
        alipay_app: &sandbox.keys().alipay.app_id,
        mch_id: &sandbox.keys().wechatpay.mch_id,
        service,
        trades,
    })
}

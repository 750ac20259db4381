//! The parameters that the documents of calls name: WeChat Pay refuses a call that has any other.

use axum::http::Uri;
use serde_json::Value;

use super::answer::Refusal;
use crate::books::TradeType;

/// Of every order (Native下单, APP下单, H5下单). What is not looked at here may hold anything.
const ORDER: &[&str] = &[
    "/appid",
    "/mchid",
    "/description",
    "/out_trade_no",
    "/time_expire",
    "/attach",
    "/notify_url",
    "/goods_tag",
    "/support_fapiao",
    "/limit_pay",
    "/amount/total",
    "/amount/currency",
    "/detail",
    "/scene_info",
    "/settle_info",
];

/// Of an order inside WeChat beside those of every order (JSAPI下单).
const PAYER: &str = "/payer/openid";

/// Of a refund (退款申请).
pub(super) const REFUND: &[&str] = &[
    "/transaction_id",
    "/out_trade_no",
    "/out_refund_no",
    "/reason",
    "/notify_url",
    "/funds_account",
    "/amount/refund",
    "/amount/total",
    "/amount/currency",
    "/amount/from",
    "/goods_detail",
];

/// Of closing an order (关闭订单).
pub(super) const CLOSE: &[&str] = &["/mchid"];

/// Whether an order has no parameter that its document does not name.
pub(super) fn order(content: &Value, trade_type: TradeType) -> Result<(), Refusal> {
    match trade_type {
        TradeType::Jsapi => only(content, &[ORDER, &[PAYER]].concat()),
        TradeType::Native | TradeType::App | TradeType::H5 => only(content, ORDER),
    }
}

/// Whether a body has no parameter but these, which are pointers.
pub(super) fn only(content: &Value, documented: &[&str]) -> Result<(), Refusal> {
    let mut others = Vec::new();
    look_for_others(content, "", documented, &mut others);
    none_of(others.iter().map(|at| format!("/body{at}")).collect())
}

/// Whether the query string of a query for an order names the merchant alone.
pub(super) fn order_query(uri: &Uri) -> Result<(), Refusal> {
    let pairs = uri.query().unwrap_or_default().split('&');
    let names = pairs.map(|pair| pair.split_once('=').map_or(pair, |(name, _)| name));
    let others = names.filter(|name| !matches!(*name, "" | "mchid"));
    none_of(others.map(|name| format!("/query/{name}")).collect())
}

fn none_of(others: Vec<String>) -> Result<(), Refusal> {
    if others.is_empty() {
        Ok(())
    } else {
        Err(Refusal::undocumented(&others))
    }
}

fn look_for_others(content: &Value, at: &str, documented: &[&str], others: &mut Vec<String>) {
    for (name, member) in content.as_object().into_iter().flatten() {
        let at = format!("{at}/{name}");
        let lies_below = |known: &&str| {
            known
                .strip_prefix(&at)
                .is_some_and(|rest| rest.starts_with('/'))
        };
        if documented.contains(&at.as_str()) {
            continue;
        }
        let has_members = member
            .as_object()
            .is_some_and(|members| !members.is_empty());
        if has_members || documented.iter().any(lies_below) {
            look_for_others(member, &at, documented, others);
        } else {
            others.push(at);
        }
    }
}

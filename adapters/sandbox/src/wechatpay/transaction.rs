//! Orders after they were made: query and close.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Value, json};

use super::answer::Refusal;
use super::called::Called;
use super::documented;
use crate::books::{Gateway, Standing, Trade};
use crate::notify::{described, paid_transaction};
use crate::sandbox::Sandbox;

pub(super) async fn query(
    State(sandbox): State<Sandbox>,
    Path(number): Path<String>,
    called: Called,
) -> Response {
    called
        .answer(&sandbox, &number, |_key| {
            merchants_own(&sandbox, &called)?;
            let state = sandbox.state();
            let found = state.books.find(Gateway::WechatPay, &number);
            shown(&sandbox, found.map(|(_, trade)| trade))
        })
        .await
}

pub(super) async fn query_by_id(
    State(sandbox): State<Sandbox>,
    Path(transaction_id): Path<String>,
    called: Called,
) -> Response {
    let number = sandbox.number_named(Gateway::WechatPay, Some(&transaction_id), None);
    called
        .answer(&sandbox, &number, |_key| {
            merchants_own(&sandbox, &called)?;
            let state = sandbox.state();
            let found = state
                .books
                .find_transaction(Gateway::WechatPay, &transaction_id);
            shown(&sandbox, found.map(|(_, trade)| trade))
        })
        .await
}

pub(super) async fn close(
    State(sandbox): State<Sandbox>,
    Path(number): Path<String>,
    called: Called,
) -> Response {
    called
        .answer(&sandbox, &number, |_key| {
            let content = called.content();
            documented::only(&content, documented::CLOSE)?;
            let mch_id = content.get("mchid").and_then(Value::as_str);
            if mch_id != Some(&sandbox.keys().wechatpay.mch_id) {
                return Err(Refusal::parameter("/mchid", "商户号与签名的商户号不一致"));
            }
            let standing = {
                let state = sandbox.state();
                state
                    .books
                    .find(Gateway::WechatPay, &number)
                    .map(|(_, trade)| trade.standing)
            };
            match standing {
                None => Err(no_order()),
                Some(Standing::Paid(_)) => {
                    Err(Refusal::business("ORDER_PAID", "订单已支付，不能关闭"))
                }
                Some(Standing::Waiting | Standing::Closed(_)) => sandbox
                    .close(Gateway::WechatPay, &number)
                    .map(|_closed| Value::Null)
                    .map_err(|refused| Refusal::business("INVALID_REQUEST", refused.to_string())),
            }
        })
        .await
}

fn shown(sandbox: &Sandbox, trade: Option<&Trade>) -> Result<Value, Refusal> {
    let trade = trade.ok_or_else(no_order)?.as_of(sandbox.now());
    let mut shown = match trade.standing {
        Standing::Paid(_) => paid_transaction(sandbox, &trade),
        // WeChat Pay says little of an order that brought nothing.
        Standing::Waiting | Standing::Closed(_) => json!({
            "amount": { "payer_currency": "CNY", "total": trade.minor },
            "appid": trade.terms.app_id,
            "mchid": sandbox.keys().wechatpay.mch_id,
            "out_trade_no": trade.out_trade_no,
            "scene_info": { "device_id": "" },
            "trade_state": trade.state(),
            "trade_state_desc": described(&trade),
        }),
    };
    if let Some(fields) = shown.as_object_mut() {
        fields.insert("promotion_detail".to_owned(), json!([]));
    }
    Ok(shown)
}

fn no_order() -> Refusal {
    let status = StatusCode::NOT_FOUND;
    Refusal {
        status,
        code: "ORDER_NOT_EXIST",
        message: "订单不存在".to_owned(),
        detail: Value::Null,
    }
}

/// A query names the merchant in its query string.
fn merchants_own(sandbox: &Sandbox, called: &Called) -> Result<(), Refusal> {
    documented::order_query(&called.uri)?;
    let own = format!("mchid={}", sandbox.keys().wechatpay.mch_id);
    let query = called.uri.query().unwrap_or_default();
    if query.split('&').any(|pair| pair == own) {
        return Ok(());
    }
    Err(Refusal::parameter("mchid", "商户号与签名的商户号不一致"))
}

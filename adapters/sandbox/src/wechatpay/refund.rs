//! Refunds that a merchant asks for, and how they stand.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use serde_json::{Value, json};

use super::answer::Refusal;
use super::called::Called;
use super::documented;
use super::order::{takes_notifies, within};
use crate::beijing;
use crate::books::{End, Gateway, Refund, Standing, Trade};
use crate::notify::Via;
use crate::refund::{By, Refunding};
use crate::sandbox::Sandbox;
use crate::till::Refused;

/// A refund (退款申请).
#[derive(Deserialize)]
struct Asked {
    out_trade_no: Option<String>,
    transaction_id: Option<String>,
    out_refund_no: String,
    reason: Option<String>,
    notify_url: Option<String>,
    amount: Amount,
}

#[derive(Deserialize)]
struct Amount {
    refund: u64,
    total: u64,
    currency: String,
}

pub(super) async fn refund(State(sandbox): State<Sandbox>, called: Called) -> Response {
    let content = called.content();
    let text = |name| content.get(name).and_then(Value::as_str);
    let number = sandbox.number_named(
        Gateway::WechatPay,
        text("transaction_id"),
        text("out_trade_no"),
    );
    called
        .answer(&sandbox, &number, |_key| refunded(&sandbox, &content))
        .await
}

fn refunded(sandbox: &Sandbox, content: &Value) -> Result<Value, Refusal> {
    let asked = Asked::deserialize(content)
        .map_err(|error| Refusal::parameter("", format!("参数错误：{error}")))?;
    documented::only(content, documented::REFUND)?;
    if let Some(reason) = &asked.reason {
        within("/reason", "退款原因", reason, 0, 80)?;
    }
    let letter = |byte: u8| byte.is_ascii_alphanumeric() || b"_-|*@".contains(&byte);
    let refund_no = &asked.out_refund_no;
    if !(1..=64).contains(&refund_no.len()) || !refund_no.bytes().all(letter) {
        return Err(Refusal::parameter(
            "/out_refund_no",
            "商户退款单号应为1至64位数字、字母、_-|*@",
        ));
    }
    if let Some(url) = &asked.notify_url {
        takes_notifies(url)?;
    }
    if asked.amount.currency != "CNY" {
        return Err(Refusal::parameter("/amount/currency", "货币类型应为CNY"));
    }
    let found = {
        let state = sandbox.state();
        let found = match (&asked.transaction_id, &asked.out_trade_no) {
            (Some(id), _) => state.books.find_transaction(Gateway::WechatPay, id),
            (None, Some(number)) => state.books.find(Gateway::WechatPay, number),
            (None, None) => {
                return Err(Refusal::parameter(
                    "/out_trade_no",
                    "商户订单号与微信订单号不能同时为空",
                ));
            }
        };
        found
            .filter(|(_, trade)| matches!(trade.standing, Standing::Paid(_)))
            .map(|(id, trade)| (id, trade.minor))
    };
    let Some((trade, total)) = found else {
        return Err(nothing_paid());
    };
    if asked.amount.total != total {
        return Err(Refusal::business(
            "INVALID_REQUEST",
            "您的请求参数与订单信息不一致",
        ));
    }
    let (trade, _moved) = sandbox
        .give_back(Refunding {
            gateway: Gateway::WechatPay,
            trade,
            refund_no,
            minor: asked.amount.refund,
            notify_url: asked.notify_url,
            via: Via::V3,
            by: By::Merchant,
        })
        .map_err(refused)?;
    let refund = trade.refund(refund_no).ok_or_else(no_refund)?;
    Ok(shown(&trade, refund))
}

pub(super) async fn query(
    State(sandbox): State<Sandbox>,
    Path(refund_no): Path<String>,
    called: Called,
) -> Response {
    let number = sandbox.number_of_refund(Gateway::WechatPay, &refund_no);
    called
        .answer(&sandbox, &number, |_key| {
            sandbox.settle_refunds();
            let state = sandbox.state();
            state
                .books
                .find_refund(Gateway::WechatPay, &refund_no)
                .map(|(_, trade, refund)| shown(trade, refund))
                .ok_or_else(no_refund)
        })
        .await
}

/// A refund that the buyer's bank refused goes to another card (发起异常退款).
#[derive(Deserialize)]
struct Abnormal {
    out_refund_no: String,
    #[serde(rename = "type")]
    to: String,
}

pub(super) async fn apply_abnormal(
    State(sandbox): State<Sandbox>,
    Path(refund_id): Path<String>,
    called: Called,
) -> Response {
    let content = called.content();
    let refund_no = content.get("out_refund_no").and_then(Value::as_str);
    let number = sandbox.number_of_refund(Gateway::WechatPay, refund_no.unwrap_or_default());
    called
        .answer(&sandbox, &number, |_key| {
            let asked = Abnormal::deserialize(&content)
                .map_err(|error| Refusal::parameter("", format!("参数错误：{error}")))?;
            if !matches!(asked.to.as_str(), "USER_BANK_CARD" | "MERCHANT_BANK_CARD") {
                return Err(Refusal::parameter("/type", "异常退款处理方式有误"));
            }
            sandbox.settle_refunds();
            let number = &asked.out_refund_no;
            let known = sandbox
                .state()
                .books
                .refund_mut(Gateway::WechatPay, number)
                .is_some_and(|(_, refund)| refund.refund_id == refund_id);
            if !known {
                return Err(no_refund());
            }
            let trade = sandbox
                .act_on_abnormal(Gateway::WechatPay, number, End::Success)
                .map_err(refused)?;
            let refund = trade.refund(number).ok_or_else(no_refund)?;
            Ok(shown(&trade, refund))
        })
        .await
}

fn shown(trade: &Trade, refund: &Refund) -> Value {
    let mut shown = json!({
        "refund_id": refund.refund_id,
        "out_refund_no": refund.refund_no,
        "transaction_id": trade.transaction_id,
        "out_trade_no": trade.out_trade_no,
        "channel": "ORIGINAL",
        "user_received_account": "支付用户零钱",
        "create_time": beijing::rfc3339(refund.asked),
        "status": refund.state(),
        "funds_account": "AVAILABLE",
        "amount": {
            "total": trade.minor,
            "refund": refund.minor,
            "payer_total": trade.minor,
            "payer_refund": refund.minor,
            "settlement_total": trade.minor,
            "settlement_refund": refund.minor,
            "discount_refund": 0,
            "currency": "CNY",
        },
    });
    if let (true, Some(fields)) = (refund.is_back(), shown.as_object_mut()) {
        let at = beijing::rfc3339(refund.at());
        fields.insert("success_time".to_owned(), json!(at));
    }
    shown
}

fn no_refund() -> Refusal {
    not_there("退款单不存在")
}

/// For a refund, an order that brought nothing is none, whether it is known or not.
fn nothing_paid() -> Refusal {
    not_there("订单不存在")
}

fn not_there(message: &str) -> Refusal {
    Refusal {
        status: StatusCode::NOT_FOUND,
        code: "RESOURCE_NOT_EXISTS",
        message: message.to_owned(),
        detail: Value::Null,
    }
}

fn refused(refused: Refused) -> Refusal {
    match refused {
        Refused::Unknown { .. } | Refused::NotPaid { .. } | Refused::Closed { .. } => {
            nothing_paid()
        }
        Refused::OtherRefund { .. } => Refusal::business(
            "INVALID_REQUEST",
            "订单金额或退款金额与之前请求不一致，请核实后再试",
        ),
        Refused::OtherTrade { .. } => {
            Refusal::business("INVALID_REQUEST", "请求重入时，参数与首次请求时不一致。")
        }
        Refused::TooMuch { .. } => {
            Refusal::business("INVALID_REQUEST", "申请退款金额大于订单剩余可退金额")
        }
        Refused::NoAmount { .. } => {
            Refusal::parameter("/amount/refund", "退款金额应为正整数，单位为分")
        }
        Refused::Balance { .. } => Refusal {
            status: StatusCode::FORBIDDEN,
            ..Refusal::business("NOT_ENOUGH", "基本账户余额不足，请充值后重新发起")
        },
        Refused::NoRefund { .. } => no_refund(),
        Refused::NotAbnormal { .. } => Refusal::business(
            "INVALID_REQUEST",
            "退款单状态不是退款异常，不能发起异常退款",
        ),
        Refused::Paid { .. }
        | Refused::Finished { .. }
        | Refused::Expired { .. }
        | Refused::NoNumber => Refusal::business("INVALID_REQUEST", "订单状态不支持退款"),
        Refused::NoAddress(_) | Refused::Unwritten(_) => Refusal::down(),
    }
}

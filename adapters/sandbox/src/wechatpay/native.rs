//! Native orders: a merchant orders, and gets the code that the buyer's phone scans.

use axum::extract::State;
use axum::response::Response;
use chrono::{DateTime, TimeDelta, Utc};
use serde::Deserialize;
use serde_json::{Value, json};

use super::answer::Refusal;
use super::called::Called;
use crate::books::{Gateway, Particulars, PlatformKey, Standing, Terms, WechatPayTerms};
use crate::draw;
use crate::money::MOST_MINOR;
use crate::notify::Via;
use crate::sandbox::Sandbox;
use crate::till::{Payable, Payment};

/// How long an order lives that names no end.
const LIFE: TimeDelta = TimeDelta::days(7);

/// An order (Native下单).
#[derive(Deserialize)]
struct Order {
    appid: String,
    mchid: String,
    description: String,
    out_trade_no: String,
    time_expire: Option<String>,
    attach: Option<String>,
    notify_url: String,
    amount: Amount,
}

#[derive(Deserialize)]
struct Amount {
    total: u64,
    currency: Option<String>,
}

pub(super) async fn order(State(sandbox): State<Sandbox>, called: Called) -> Response {
    let content = called.content();
    let number = content
        .get("out_trade_no")
        .and_then(Value::as_str)
        .unwrap_or_default();
    called
        .answer(&sandbox, number, |key| ordered(&sandbox, &content, key))
        .await
}

fn ordered(sandbox: &Sandbox, content: &Value, key: PlatformKey) -> Result<Value, Refusal> {
    let order = Order::deserialize(content)
        .map_err(|error| Refusal::parameter("", format!("参数错误：{error}")))?;
    let now = sandbox.now();
    let expires = order.checked(sandbox, now)?;
    let terms = Terms {
        app_id: order.appid,
        subject: order.description,
        notify_url: Some(order.notify_url),
        expires: Some(expires),
        particulars: Particulars::WechatPay(WechatPayTerms {
            trade_type: "NATIVE",
            attach: order.attach.unwrap_or_default(),
            platform: key,
            order: content.to_string(),
        }),
    };
    let code = draw::alphanumeric(&sandbox.outside().entropy, 9);
    let mut state = sandbox.state();
    let found = state.books.find(Gateway::WechatPay, &order.out_trade_no);
    let id = match found.map(|(id, trade)| (id, trade.standing, &trade.terms)) {
        None => {
            let payment = Payment {
                gateway: Gateway::WechatPay,
                out_trade_no: &order.out_trade_no,
                minor: None,
                via: Via::V3,
                of: Payable::Waiting,
            };
            let trade = sandbox.new_trade(&payment, order.amount.total, terms, now);
            state.books.enter(trade)
        }
        Some((_, Standing::Paid(_), _)) => {
            return Err(Refusal::business("ORDER_PAID", "该订单已支付"));
        }
        Some((_, Standing::Closed(_), _)) => {
            return Err(Refusal::business("ORDER_CLOSED", "该订单已关闭"));
        }
        Some((id, Standing::Waiting, first)) if same_order(first, &terms) => id,
        Some((_, Standing::Waiting, _)) => {
            let message = "请求重入时，参数与首次请求时不一致。";
            return Err(Refusal::business("INVALID_REQUEST", message));
        }
    };
    let code_url = format!("weixin://wxpay/bizpayurl?pr={code}");
    state.books.issue_code(code, id);
    Ok(json!({ "code_url": code_url }))
}

impl Order {
    /// Holds the parameters against their grammar, and says when the order ends.
    fn checked(&self, sandbox: &Sandbox, now: DateTime<Utc>) -> Result<DateTime<Utc>, Refusal> {
        let wechatpay = &sandbox.keys().wechatpay;
        if self.mchid != wechatpay.mch_id {
            return Err(Refusal::parameter("/mchid", "商户号与签名的商户号不一致"));
        }
        if self.appid != wechatpay.app_id {
            return Err(Refusal::business(
                "APPID_MCHID_NOT_MATCH",
                "appid和mch_id不匹配，请检查后再试",
            ));
        }
        let letter = |byte: u8| byte.is_ascii_alphanumeric() || b"_-|*".contains(&byte);
        let number = &self.out_trade_no;
        if !(6..=32).contains(&number.len()) || !number.bytes().all(letter) {
            return Err(Refusal::parameter(
                "/out_trade_no",
                "商户订单号应为6至32位数字、字母、_-|*",
            ));
        }
        if !(1..=127).contains(&self.description.chars().count()) {
            return Err(Refusal::parameter(
                "/description",
                "商品描述应为1至127个字符",
            ));
        }
        if self
            .attach
            .as_ref()
            .is_some_and(|attach| attach.chars().count() > 128)
        {
            return Err(Refusal::parameter("/attach", "附加数据不得超过128个字符"));
        }
        let url = &self.notify_url;
        let schemed = url.starts_with("https://") || url.starts_with("http://");
        if !schemed || url.contains('?') || url.len() > 255 {
            return Err(Refusal::parameter(
                "/notify_url",
                "通知地址应为完整URL，不得携带参数，至多255个字符",
            ));
        }
        if !(1..=MOST_MINOR).contains(&self.amount.total) {
            return Err(Refusal::parameter(
                "/amount/total",
                "金额应为正整数，单位为分",
            ));
        }
        if self
            .amount
            .currency
            .as_ref()
            .is_some_and(|currency| currency != "CNY")
        {
            return Err(Refusal::parameter("/amount/currency", "货币类型应为CNY"));
        }
        self.ends(now)
    }

    fn ends(&self, now: DateTime<Utc>) -> Result<DateTime<Utc>, Refusal> {
        let Some(text) = &self.time_expire else {
            return Ok(now + LIFE);
        };
        let wrong = || {
            Refusal::parameter(
                "/time_expire",
                "订单失效时间应为RFC3339格式，晚于当前时间1分钟以上",
            )
        };
        let at = DateTime::parse_from_rfc3339(text)
            .map_err(|_not_a_time| wrong())?
            .to_utc();
        if at < now + TimeDelta::minutes(1) {
            Err(wrong())
        } else {
            Ok(at)
        }
    }
}

/// Whether an order repeats the first one, parameter by parameter.
fn same_order(first: &Terms, again: &Terms) -> bool {
    match (&first.particulars, &again.particulars) {
        (Particulars::WechatPay(first), Particulars::WechatPay(again)) => {
            first.order == again.order
        }
        _ => false,
    }
}

//! Orders: a merchant orders, and gets what the buyer opens: a code to scan, a `prepay_id` for a page
//! in WeChat, a mini program or an app, or the address of a page for another browser.

use axum::extract::State;
use axum::response::Response;
use chrono::{DateTime, TimeDelta, Utc};
use serde::Deserialize;
use serde_json::{Value, json};

use super::answer::Refusal;
use super::called::Called;
use super::documented;
use crate::beijing;
use crate::books::{
    Gateway, Particulars, PlatformKey, Standing, Terms, TradeType, Visit, WechatPayTerms,
};
use crate::draw;
use crate::money::MOST_MINOR;
use crate::sandbox::Sandbox;

/// How long an order lives that names no end.
const LIFE: TimeDelta = TimeDelta::days(7);

/// How long a `code_url` or a `prepay_id` can be opened.
const OPEN_LIFE: TimeDelta = TimeDelta::hours(2);

/// How long an `h5_url` can be opened.
const H5_LIFE: TimeDelta = TimeDelta::minutes(5);

/// An order (Native下单, JSAPI下单, APP下单, H5下单).
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
    payer: Option<Payer>,
    scene_info: Option<Scene>,
}

#[derive(Deserialize)]
struct Amount {
    total: u64,
    currency: Option<String>,
}

#[derive(Deserialize)]
struct Payer {
    openid: String,
}

#[derive(Deserialize)]
struct Scene {
    payer_client_ip: Option<String>,
    h5_info: Option<H5>,
}

#[derive(Deserialize)]
struct H5 {
    #[serde(rename = "type")]
    kind: String,
}

pub(super) async fn native(State(sandbox): State<Sandbox>, called: Called) -> Response {
    order(&sandbox, &called, TradeType::Native).await
}

pub(super) async fn jsapi(State(sandbox): State<Sandbox>, called: Called) -> Response {
    order(&sandbox, &called, TradeType::Jsapi).await
}

pub(super) async fn app(State(sandbox): State<Sandbox>, called: Called) -> Response {
    order(&sandbox, &called, TradeType::App).await
}

pub(super) async fn h5(State(sandbox): State<Sandbox>, called: Called) -> Response {
    order(&sandbox, &called, TradeType::H5).await
}

async fn order(sandbox: &Sandbox, called: &Called, trade_type: TradeType) -> Response {
    let content = called.content();
    let number = content
        .get("out_trade_no")
        .and_then(Value::as_str)
        .unwrap_or_default();
    called
        .answer(sandbox, number, |key| {
            ordered(sandbox, &content, trade_type, key)
        })
        .await
}

fn ordered(
    sandbox: &Sandbox,
    content: &Value,
    trade_type: TradeType,
    key: PlatformKey,
) -> Result<Value, Refusal> {
    let order = Order::deserialize(content)
        .map_err(|error| Refusal::parameter("", format!("参数错误：{error}")))?;
    documented::order(content, trade_type)?;
    let now = sandbox.now();
    let expires = order.checked(sandbox, trade_type, now)?;
    let visit = Visit {
        minor: order.amount.total,
        terms: Terms {
            app_id: order.appid,
            subject: order.description,
            notify_url: Some(order.notify_url),
            expires: Some(expires),
            particulars: Particulars::WechatPay(WechatPayTerms {
                trade_type,
                attach: order.attach.unwrap_or_default(),
                platform: key,
                order: content.to_string(),
                openid: order.payer.map(|payer| payer.openid),
            }),
        },
    };
    let opener = Opener::drawn(sandbox, trade_type, now);
    let mut state = sandbox.state();
    let found = state.books.find(Gateway::WechatPay, &order.out_trade_no);
    let found = found.map(|(id, trade)| (id, trade.as_of(now)));
    let id = match found {
        None => {
            let number = order.out_trade_no;
            let trade = sandbox.new_trade(Gateway::WechatPay, number, visit, now);
            state.books.enter(trade)
        }
        Some((id, trade)) => match trade.standing {
            Standing::Paid(_) => return Err(Refusal::business("ORDER_PAID", "该订单已支付")),
            Standing::Closed(_) => {
                return Err(Refusal::business("ORDER_CLOSED", "该订单已关闭"));
            }
            Standing::Waiting => {
                repeats(&trade.terms, &visit.terms)?;
                id
            }
        },
    };
    state.books.issue_code(opener.code, id, opener.until);
    Ok(opener.answer)
}

/// What a buyer opens an order with, and how long it can be opened.
struct Opener {
    code: String,
    until: DateTime<Utc>,
    answer: Value,
}

impl Opener {
    fn drawn(sandbox: &Sandbox, trade_type: TradeType, now: DateTime<Utc>) -> Self {
        let entropy = &sandbox.outside().entropy;
        let prepay_id = || format!("wx{}{}", beijing::packed(now), draw::hex(entropy, 20));
        match trade_type {
            TradeType::Native => {
                let code = draw::alphanumeric(entropy, 9);
                let code_url = format!("weixin://wxpay/bizpayurl?pr={code}");
                Self {
                    code,
                    until: now + OPEN_LIFE,
                    answer: json!({ "code_url": code_url }),
                }
            }
            TradeType::Jsapi | TradeType::App => {
                let code = prepay_id();
                Self {
                    answer: json!({ "prepay_id": code }),
                    until: now + OPEN_LIFE,
                    code,
                }
            }
            TradeType::H5 => {
                let code = prepay_id();
                let h5_url = format!(
                    "{}/cgi-bin/mmpayweb-bin/checkmweb?prepay_id={code}&package={}",
                    sandbox.settings().origin,
                    draw::digits(entropy, 10),
                );
                Self {
                    code,
                    until: now + H5_LIFE,
                    answer: json!({ "h5_url": h5_url }),
                }
            }
        }
    }
}

impl Order {
    /// Holds the parameters against their grammar, and says when the order ends.
    fn checked(
        &self,
        sandbox: &Sandbox,
        trade_type: TradeType,
        now: DateTime<Utc>,
    ) -> Result<DateTime<Utc>, Refusal> {
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
        within("/description", "商品描述", &self.description, 1, 127)?;
        if let Some(attach) = &self.attach {
            within("/attach", "附加数据", attach, 0, 128)?;
        }
        self.money_and_place()?;
        self.buyer(trade_type)?;
        self.ends(now)
    }

    /// Where the notify goes, and how much is asked for.
    fn money_and_place(&self) -> Result<(), Refusal> {
        takes_notifies(&self.notify_url)?;
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
        Ok(())
    }

    /// What a kind of order has to say of the buyer.
    fn buyer(&self, trade_type: TradeType) -> Result<(), Refusal> {
        let openid = self.payer.as_ref().map(|payer| payer.openid.as_str());
        match trade_type {
            TradeType::Native | TradeType::App => Ok(()),
            TradeType::Jsapi if openid.is_some_and(|id| (1..=128).contains(&id.len())) => Ok(()),
            TradeType::Jsapi => Err(Refusal::parameter(
                "/payer/openid",
                "用户标识openid不能为空",
            )),
            TradeType::H5 => {
                let Some(scene) = &self.scene_info else {
                    return Err(Refusal::parameter("/scene_info", "场景信息不能为空"));
                };
                if scene.payer_client_ip.as_ref().is_none_or(String::is_empty) {
                    return Err(Refusal::parameter(
                        "/scene_info/payer_client_ip",
                        "用户终端IP不能为空",
                    ));
                }
                let kinds = ["Wap", "iOS", "Android"];
                let known = |info: &H5| {
                    kinds
                        .iter()
                        .any(|kind| kind.eq_ignore_ascii_case(&info.kind))
                };
                if scene.h5_info.as_ref().is_some_and(known) {
                    Ok(())
                } else {
                    Err(Refusal::parameter(
                        "/scene_info/h5_info/type",
                        "场景类型应为Wap、iOS或Android",
                    ))
                }
            }
        }
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

/// Refuses an order that does not repeat the first one of its number: of the same kind, and parameter by
/// parameter.
fn repeats(first: &Terms, again: &Terms) -> Result<(), Refusal> {
    let message = match (&first.particulars, &again.particulars) {
        (Particulars::WechatPay(first), Particulars::WechatPay(again))
            if first.trade_type == again.trade_type =>
        {
            if first.order == again.order {
                return Ok(());
            }
            "请求重入时，参数与首次请求时不一致。"
        }
        _ => "201 商户订单号重复",
    };
    Err(Refusal::business("INVALID_REQUEST", message))
}

/// Texts are measured in bytes.
pub(super) fn within(
    field: &'static str,
    name: &str,
    text: &str,
    least: usize,
    most: usize,
) -> Result<(), Refusal> {
    let bytes = text.len();
    let bound = match bytes {
        bytes if bytes < least => format!("小于最小值 {least}"),
        bytes if bytes > most => format!("大于最大值 {most}"),
        _ => return Ok(()),
    };
    Err(Refusal::parameter(
        field,
        format!(
            "输入源“/body{field}”映射到值字段“{name}”字符串规则校验失败，字节数 {bytes}，{bound}"
        ),
    ))
}

/// An address of a notify has neither query nor fragment.
pub(super) fn takes_notifies(url: &str) -> Result<(), Refusal> {
    let scheme = ["https://", "http://"];
    let rest = scheme.iter().find_map(|scheme| url.strip_prefix(scheme));
    let outside = |letter: char| letter.is_whitespace() || "?#".contains(letter);
    if url.len() <= 255 && rest.is_some_and(|rest| !rest.is_empty() && !rest.contains(outside)) {
        Ok(())
    } else {
        Err(Refusal::parameter(
            "/notify_url",
            "通知地址应为完整URL，不得携带参数，至多255个字符",
        ))
    }
}

//! A merchant's request to Alipay's gateway: who sends it, whether the signature holds, and what it
//! asks for.

use chrono::{DateTime, TimeDelta, Utc};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::form::Pairs;
use crate::beijing;
use crate::books::{AlipayTerms, Gateway, Particulars, Standing, Terms, Visit};
use crate::money::from_yuan;
use crate::sandbox::Sandbox;
use crate::sign::verifies;

/// How far a request's time may be off. Alipay publishes no bound; a page may be opened late.
const SKEW: TimeDelta = TimeDelta::hours(24);

/// Why the gateway does not do what it is asked, in its own codes (公共错误码).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{sub_code}: {sub_msg}")]
pub(crate) struct Denied {
    pub(crate) code: &'static str,
    pub(crate) msg: &'static str,
    pub(crate) sub_code: &'static str,
    pub(crate) sub_msg: String,
}

impl Denied {
    /// A parameter is not as it has to be.
    pub(crate) fn invalid(sub_code: &'static str, sub_msg: impl Into<String>) -> Self {
        Self {
            code: "40002",
            msg: "Invalid Arguments",
            sub_code,
            sub_msg: sub_msg.into(),
        }
    }

    /// A parameter is not there.
    fn missing(sub_code: &'static str, sub_msg: impl Into<String>) -> Self {
        Self {
            code: "40001",
            msg: "Missing Required Arguments",
            sub_code,
            sub_msg: sub_msg.into(),
        }
    }

    /// The request is in order, and the business says no.
    pub(crate) fn business(sub_code: &'static str, sub_msg: impl Into<String>) -> Self {
        Self {
            code: "40004",
            msg: "Business Failed",
            sub_code,
            sub_msg: sub_msg.into(),
        }
    }
}

/// A request whose signature held.
pub(crate) struct Request {
    pairs: Pairs,
    pub(crate) method: String,
}

/// What a page, wap or app payment asks for.
#[derive(Deserialize)]
struct Order {
    out_trade_no: String,
    total_amount: Amount,
    subject: String,
    body: Option<String>,
    product_code: Option<String>,
    time_expire: Option<String>,
    timeout_express: Option<String>,
    passback_params: Option<String>,
}

/// SDKs write amounts as text or as a number.
#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum Amount {
    Text(String),
    Number(serde_json::Number),
}

impl Amount {
    /// In fen; nothing where it is no amount.
    pub(super) fn minor(&self) -> Option<u64> {
        match self {
            Self::Text(text) => from_yuan(text),
            Self::Number(number) => from_yuan(&number.to_string()),
        }
    }
}

impl Request {
    /// Checks the common parameters and the merchant's signature, in the gateway's own order.
    pub(crate) fn verified(sandbox: &Sandbox, pairs: Pairs) -> Result<Self, Denied> {
        let Some(method) = pairs.text("method") else {
            return Err(Denied::missing("isv.missing-method", "缺少方法名参数"));
        };
        match pairs.text("app_id") {
            None => return Err(Denied::missing("isv.missing-app-id", "缺少AppID参数")),
            Some(app_id) if app_id != sandbox.keys().alipay.app_id => {
                return Err(Denied::invalid("isv.invalid-app-id", "无效的AppID参数"));
            }
            Some(_) => {}
        }
        match pairs.text("sign_type").as_deref() {
            None => {
                return Err(Denied::missing(
                    "isv.missing-signature-type",
                    "缺少签名类型参数",
                ));
            }
            Some("RSA2") => {}
            Some(_) => {
                return Err(Denied::invalid(
                    "isv.invalid-signature-type",
                    "无效的签名类型参数",
                ));
            }
        }
        let Some(sign) = pairs.text("sign") else {
            return Err(Denied::missing("isv.missing-signature", "缺少签名参数"));
        };
        let signed = pairs.signed_text(&["sign"]);
        if !verifies(&sandbox.keys().alipay.app.to_public_key(), &signed, &sign) {
            let (text, _, _) = pairs.charset().decode(&signed);
            let hint = format!("验签出错，请检查应用私钥与签名内容。网关验签字符串为：{text}");
            return Err(Denied::invalid("isv.invalid-signature", hint));
        }
        timely(&pairs, sandbox.now())?;
        Ok(Self { pairs, method })
    }

    /// `biz_content`, read as what the method wants.
    pub(crate) fn content<T: DeserializeOwned>(&self) -> Result<T, Denied> {
        let Some(content) = self.pairs.text("biz_content") else {
            return Err(Denied::missing(
                "isv.missing-biz-content",
                "缺少biz_content参数",
            ));
        };
        serde_json::from_str(&content)
            .map_err(|error| Denied::invalid("ACQ.INVALID_PARAMETER", format!("参数有误：{error}")))
    }

    /// Lets a buyer see what this request wants paid, and says under which number. Nothing is in
    /// the books before the buyer acts.
    pub(crate) fn open(&self, sandbox: &Sandbox) -> Result<String, Denied> {
        let order: Order = self.content()?;
        let (number, visit) = self.visit(order, sandbox.now())?;
        let mut state = sandbox.state();
        if let Some((_, trade)) = state.books.find(Gateway::Alipay, &number) {
            match trade.standing {
                Standing::Paid(_) => {
                    return Err(Denied::business("ACQ.TRADE_HAS_SUCCESS", "交易已被支付"));
                }
                Standing::Closed(_) => {
                    return Err(Denied::business("ACQ.TRADE_HAS_CLOSE", "交易已经关闭"));
                }
                Standing::Waiting => {}
            }
            if trade.minor != visit.minor || trade.terms.subject != visit.terms.subject {
                return Err(Denied::business(
                    "ACQ.CONTEXT_INCONSISTENT",
                    "交易信息被篡改",
                ));
            }
        }
        state.books.visit(&number, visit);
        Ok(number)
    }

    fn visit(&self, order: Order, now: DateTime<Utc>) -> Result<(String, Visit), Denied> {
        let wrong =
            |what: &str| Denied::invalid("ACQ.INVALID_PARAMETER", format!("参数有误：{what}"));
        let letter = |byte: u8| byte.is_ascii_alphanumeric() || b"_-".contains(&byte);
        let number = order.out_trade_no;
        if number.is_empty() || number.len() > 64 || !number.bytes().all(letter) {
            return Err(wrong("out_trade_no"));
        }
        let minor = order
            .total_amount
            .minor()
            .ok_or_else(|| wrong("total_amount"))?;
        if order.subject.is_empty() || order.subject.chars().count() > 256 {
            return Err(wrong("subject"));
        }
        if order
            .product_code
            .is_some_and(|code| !product_codes(&self.method).contains(&code.as_str()))
        {
            return Err(wrong("product_code"));
        }
        let expires = expiry(order.time_expire, order.timeout_express, now).map_err(wrong)?;
        if expires.is_some_and(|at| at <= now) {
            return Err(Denied::business(
                "ACQ.NOW_TIME_AFTER_EXPIRE_TIME_ERROR",
                "订单已超时",
            ));
        }
        let terms = Terms {
            app_id: self.pairs.text("app_id").unwrap_or_default(),
            subject: order.subject,
            notify_url: self.pairs.text("notify_url"),
            expires,
            particulars: Particulars::Alipay(AlipayTerms {
                method: self.method.clone(),
                charset: self
                    .pairs
                    .text("charset")
                    .unwrap_or_else(|| "utf-8".to_owned()),
                return_url: self.pairs.text("return_url"),
                body: order.body.filter(|body| !body.is_empty()),
                passback_params: order.passback_params.filter(|params| !params.is_empty()),
            }),
        };
        Ok((number, Visit { minor, terms }))
    }
}

impl Sandbox {
    /// Opens what an app hands to Alipay's SDK, and says under which number it can be paid.
    pub(crate) fn open_order_string(&self, order: &str) -> Result<String, Denied> {
        Request::verified(self, Pairs::read(order.as_bytes()))?.open(self)
    }
}

fn product_codes(method: &str) -> &'static [&'static str] {
    match method {
        "alipay.trade.page.pay" => &["FAST_INSTANT_TRADE_PAY"],
        "alipay.trade.wap.pay" => &["QUICK_WAP_WAY", "QUICK_WAP_PAY"],
        _ => &["QUICK_MSECURITY_PAY"],
    }
}

fn timely(pairs: &Pairs, now: DateTime<Utc>) -> Result<(), Denied> {
    let Some(timestamp) = pairs.text("timestamp") else {
        return Err(Denied::missing("isv.missing-timestamp", "缺少时间戳参数"));
    };
    match beijing::from_plain(&timestamp) {
        Some(at) if (now - at).abs() <= SKEW => Ok(()),
        Some(_) | None => Err(Denied::invalid("isv.invalid-timestamp", "无效的时间戳参数")),
    }
}

/// When a payment ends: at `time_expire`, or after `timeout_express` (`90m`, `2h`, `15d`; `1c` ends
/// with the day).
fn expiry(
    at: Option<String>,
    after: Option<String>,
    now: DateTime<Utc>,
) -> Result<Option<DateTime<Utc>>, &'static str> {
    if let Some(at) = at {
        return beijing::from_plain(&at).map(Some).ok_or("time_expire");
    }
    let Some(after) = after else { return Ok(None) };
    if after == "1c" {
        let midnight = format!(
            "{} 23:59:59",
            beijing::plain(now).split(' ').next().unwrap_or_default()
        );
        return Ok(beijing::from_plain(&midnight));
    }
    let (count, unit) = after
        .split_at_checked(after.len().saturating_sub(1))
        .ok_or("timeout_express")?;
    let count: u32 = count.parse().map_err(|_not_digits| "timeout_express")?;
    let minutes = match unit {
        "m" => count,
        "h" => count.saturating_mul(60),
        "d" => count.saturating_mul(1_440),
        _ => return Err("timeout_express"),
    };
    if !(1..=15 * 1_440).contains(&minutes) {
        return Err("timeout_express");
    }
    Ok(Some(now + TimeDelta::minutes(i64::from(minutes))))
}

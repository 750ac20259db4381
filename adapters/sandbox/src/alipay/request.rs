//! A merchant's request to Alipay's gateway: who sends it, whether the signature holds, and what it
//! asks for.

use std::fmt::Display;

use chrono::{DateTime, TimeDelta, Utc};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::form::Pairs;
use crate::beijing;
use crate::keys::AlipayCerts;
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
    pub(super) fn missing(sub_code: &'static str, sub_msg: impl Into<String>) -> Self {
        Self {
            code: "40001",
            msg: "Missing Required Arguments",
            sub_code,
            sub_msg: sub_msg.into(),
        }
    }

    /// A parameter of the business is not as it has to be, or is missing.
    pub(crate) fn parameter(what: impl Display) -> Self {
        Self::business("ACQ.INVALID_PARAMETER", format!("参数有误：{what}"))
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

impl Amount {
    /// In fen, as an order may ask for.
    pub(super) fn payable(&self) -> Result<u64, Denied> {
        self.minor().ok_or_else(|| {
            let text = match self {
                Self::Text(text) => text.clone(),
                Self::Number(number) => number.to_string(),
            };
            let whole = text.split('.').next().unwrap_or_default();
            if whole.len() >= 9 && whole.bytes().all(|byte| byte.is_ascii_digit()) {
                Denied::business("ACQ.TOTAL_FEE_EXCEED", "订单总金额不在允许范围内")
            } else {
                Denied::parameter("total_amount")
            }
        })
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
        if !verifies(sandbox.alipay_verifier(), &signed, &sign) {
            let (text, _, _) = pairs.charset().decode(&signed);
            let hint = format!("验签出错，请检查应用私钥与签名内容。网关验签字符串为：{text}");
            return Err(Denied::invalid("isv.invalid-signature", hint));
        }
        by_certificates(&pairs, &sandbox.keys().alipay.certs)?;
        timely(&pairs, sandbox.now())?;
        Ok(Self { pairs, method })
    }

    /// `biz_content`, read as what the method wants.
    pub(crate) fn content<T: DeserializeOwned>(&self) -> Result<T, Denied> {
        let Some(content) = content(&self.pairs) else {
            return Err(Denied::missing(
                "isv.missing-biz-content",
                "缺少biz_content参数",
            ));
        };
        let value = content.map_err(|error| {
            Denied::invalid("isv.invalid-parameter", format!("参数无效：{error}"))
        })?;
        T::deserialize(value).map_err(Denied::parameter)
    }

    /// A common parameter; nothing where it is empty.
    pub(super) fn common(&self, name: &str) -> Option<String> {
        self.pairs.text(name)
    }
}

/// `biz_content` as Alipay takes it: an empty member is one that is not there, and a whole number is its
/// digits. Nothing where there is no `biz_content`.
pub(super) fn content(pairs: &Pairs) -> Option<serde_json::Result<Value>> {
    let text = pairs.text("biz_content")?;
    Some(serde_json::from_str(&text).map(|mut content: Value| {
        if let Some(members) = content.as_object_mut() {
            members.retain(|_, value| !value.is_null() && value != "");
            for value in members.values_mut() {
                if value.is_i64() || value.is_u64() {
                    *value = Value::String(value.to_string());
                }
            }
        }
        content
    }))
}

/// In certificate mode a request names the merchant's certificate and the roots that it trusts; with
/// neither, it goes by plain keys.
fn by_certificates(pairs: &Pairs, certs: &AlipayCerts) -> Result<(), Denied> {
    match (pairs.text("app_cert_sn"), pairs.text("alipay_root_cert_sn")) {
        (None, None) => Ok(()),
        (None, Some(_)) => Err(Denied::missing(
            "isv.missing-app-cert-sn",
            "缺少应用公钥证书序列号",
        )),
        (Some(_), None) => Err(Denied::missing(
            "isv.missing-alipay-root-cert-sn",
            "缺少支付宝根证书序列号",
        )),
        (Some(app), _) if app != certs.app.sn => Err(Denied::invalid(
            "isv.invalid-app-cert-sn",
            "无效的应用公钥证书序列号",
        )),
        (_, Some(root)) if root != certs.root.sn => Err(Denied::invalid(
            "isv.invalid-alipay-root-cert-sn",
            "无效的支付宝根证书序列号",
        )),
        (Some(_), Some(_)) => Ok(()),
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

//! What WeChat Pay answers: JSON, signed with the key that the merchant asked for.

use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::platform::Occasion;
use super::sign::{probed, signed_headers};
use crate::books::PlatformKey;
use crate::draw;
use crate::sandbox::Sandbox;

/// The code of a parameter that is not as it has to be.
const PARAM_ERROR: &str = "PARAM_ERROR";

/// Why a call is refused, in WeChat Pay's codes.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) status: StatusCode,
    pub(crate) code: &'static str,
    pub(crate) message: String,
    /// What it says beside its words; null where it says no more.
    pub(crate) detail: Value,
}

impl Refusal {
    /// A signature that does not hold.
    pub(crate) fn unsigned(message: impl Into<String>) -> Self {
        let status = StatusCode::UNAUTHORIZED;
        Self {
            status,
            code: "SIGN_ERROR",
            message: message.into(),
            detail: Value::Null,
        }
    }

    /// A parameter that is not as it has to be; `field` is a pointer into the body.
    pub(crate) fn parameter(field: &'static str, message: impl Into<String>) -> Self {
        let message = message.into();
        Self {
            status: StatusCode::BAD_REQUEST,
            code: PARAM_ERROR,
            detail: json!({ "field": field, "issue": message, "location": "body" }),
            message,
        }
    }

    /// Parameters that the call's document does not name.
    pub(super) fn undocumented(pointers: &[String]) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            code: PARAM_ERROR,
            message: "请求中含有未在API文档中定义的参数".to_owned(),
            detail: json!({ "location": null, "value": pointers }),
        }
    }

    /// A request that is in order and cannot be carried out.
    pub(crate) fn business(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            code,
            message: message.into(),
            detail: Value::Null,
        }
    }

    /// Whether it was made before anybody looked for the merchant's business: such ones are not signed.
    fn is_unsigned(&self) -> bool {
        self.status == StatusCode::UNAUTHORIZED || self.code == PARAM_ERROR
    }

    /// An outage.
    pub(crate) fn down() -> Self {
        Self {
            status: StatusCode::INTERNAL_SERVER_ERROR,
            code: "SYSTEM_ERROR",
            message: "系统异常，请稍后重试".to_owned(),
            detail: Value::Null,
        }
    }
}

pub(super) async fn no_such_resource(
    State(sandbox): State<Sandbox>,
    headers: HeaderMap,
) -> Response {
    let refusal = Refusal {
        status: StatusCode::NOT_FOUND,
        code: "RESOURCE_NOT_EXISTS",
        message: "请求的资源不存在".to_owned(),
        detail: Value::Null,
    };
    answered(
        &sandbox,
        asked_key(&sandbox, &headers).unwrap_or(PlatformKey::Certificate),
        Err(refusal),
        Signature::Genuine,
    )
}

/// What the ids of public keys begin with, and serials of certificates do not.
const PUBLIC_KEY_ID: &[u8] = b"PUB_KEY_ID_";

/// The key with which the merchant wants to be answered: by `Wechatpay-Serial`, and without it the
/// platform certificate's (如何从平台证书切换成微信支付公钥). WeChat Pay's own SDKs send the header without a
/// value while they know no certificate.
pub(super) fn asked_key(sandbox: &Sandbox, headers: &HeaderMap) -> Result<PlatformKey, Refusal> {
    let wechatpay = &sandbox.keys().wechatpay;
    match headers.get("wechatpay-serial").map(HeaderValue::as_bytes) {
        None | Some(b"") => Ok(PlatformKey::Certificate),
        Some(id) if id == wechatpay.public_key_id.as_bytes() => Ok(PlatformKey::PublicKey),
        // SDKs send the merchant's own serial with their first question for certificates, too.
        Some(serial) if !serial.starts_with(PUBLIC_KEY_ID) => Ok(PlatformKey::Certificate),
        Some(_) => Err(Refusal::business(
            "INVALID_REQUEST",
            "Wechatpay-Serial 无效，不是本商户的公钥ID",
        )),
    }
}

/// What an answer is signed with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Signature {
    Genuine,
    /// A wrong one, to see whether the merchant looks.
    Probe,
}

/// Signs an answer and sends it; null is an answer without a body.
pub(super) fn answered(
    sandbox: &Sandbox,
    key: PlatformKey,
    outcome: Result<Value, Refusal>,
    signature: Signature,
) -> Response {
    let is_unsigned = outcome.as_ref().is_err_and(Refusal::is_unsigned);
    let (status, body) = match outcome {
        Ok(Value::Null) => (StatusCode::NO_CONTENT, String::new()),
        Ok(content) => (StatusCode::OK, content.to_string()),
        Err(refusal) => {
            let mut body = json!({ "code": refusal.code, "message": refusal.message });
            if let (false, Some(fields)) = (refusal.detail.is_null(), body.as_object_mut()) {
                fields.insert("detail".to_owned(), refusal.detail);
            }
            (refusal.status, body.to_string())
        }
    };
    let signed = match is_unsigned {
        true => Ok(Vec::new()),
        false => signed_headers(sandbox, key, Occasion::Answer, &body),
    };
    let signed = match signed {
        Ok(headers) => match signature {
            Signature::Genuine => headers,
            Signature::Probe => probed(headers),
        },
        Err(error) => {
            tracing::error!(%error, "an answer was not signed");
            return StatusCode::INTERNAL_SERVER_ERROR.into_response();
        }
    };
    let mut response = (status, body).into_response();
    let request_id = format!(
        "08{}-0",
        draw::hex(&sandbox.outside().entropy, 30).to_uppercase()
    );
    let fixed = [
        (
            header::CONTENT_TYPE.as_str(),
            "application/json; charset=utf-8".to_owned(),
        ),
        ("request-id", request_id),
    ];
    for (name, value) in signed.into_iter().chain(fixed) {
        // All of these are printable ASCII.
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

//! Whether a call is the merchant's: the `Authorization` header over method, address, time, nonce
//! and body (如何构造请求签名); and whether it says what it accepts and who sends it.

use axum::http::{HeaderMap, HeaderValue, header};
use chrono::TimeDelta;

use super::answer::Refusal;
use super::called::Called;
use crate::sandbox::Sandbox;
use crate::sign::verifies;

const SCHEME: &str = "WECHATPAY2-SHA256-RSA2048 ";
/// How far the merchant's clock may be off.
const WINDOW: TimeDelta = TimeDelta::minutes(5);

/// What stands in the header.
#[derive(Default)]
struct Credentials<'a> {
    mchid: &'a str,
    nonce_str: &'a str,
    signature: &'a str,
    timestamp: &'a str,
    serial_no: &'a str,
}

/// Admits a call that is the merchant's and has the headers that every call has. Where orders are made
/// those are looked for after the signature, everywhere else before it.
pub(super) fn admitted(sandbox: &Sandbox, called: &Called) -> Result<(), Refusal> {
    if called.uri.path().starts_with("/v3/pay/") {
        verified(sandbox, called)?;
        introduced(&called.headers)
    } else {
        introduced(&called.headers)?;
        verified(sandbox, called)
    }
}

fn introduced(headers: &HeaderMap) -> Result<(), Refusal> {
    let said = |name| {
        headers
            .get(name)
            .is_some_and(|value| !HeaderValue::is_empty(value))
    };
    if said(header::ACCEPT) && said(header::USER_AGENT) {
        Ok(())
    } else {
        let message = "Http头缺少Accept或User-Agent";
        Err(Refusal::business("INVALID_REQUEST", message))
    }
}

/// Holds a call against the merchant's key.
fn verified(sandbox: &Sandbox, called: &Called) -> Result<(), Refusal> {
    let Called {
        method,
        uri,
        headers,
        body,
    } = called;
    let wechatpay = &sandbox.keys().wechatpay;
    let header = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok());
    let Some(credentials) = header.and_then(parsed) else {
        return Err(Refusal::unsigned(
            "Http头Authorization值格式错误，请参考《微信支付商户REST API签名规则》",
        ));
    };
    if credentials.mchid != wechatpay.mch_id {
        return Err(Refusal::unsigned("商户号不存在或与证书不匹配"));
    }
    if !credentials
        .serial_no
        .eq_ignore_ascii_case(&wechatpay.merchant_cert.serial)
    {
        return Err(Refusal::unsigned(
            "商户证书序列号有误。请使用签名私钥匹配的证书序列号",
        ));
    }
    if credentials.nonce_str.is_empty() || credentials.nonce_str.len() > 32 {
        return Err(Refusal::unsigned(
            "Http头Authorization中的nonce_str有误，长度应为1至32",
        ));
    }
    let now = sandbox.now().timestamp();
    let timestamp = credentials.timestamp.parse::<u32>().map(i64::from);
    if !timestamp.is_ok_and(|at| (now - at).abs() <= WINDOW.num_seconds()) {
        return Err(Refusal::unsigned(
            "Http头Authorization中的timestamp与发起请求的时间不得超过5分钟",
        ));
    }
    let address = uri.path_and_query().map_or("/", |address| address.as_str());
    let holds = |address: &str| {
        let mut message = format!(
            "{method}\n{address}\n{}\n{}\n",
            credentials.timestamp, credentials.nonce_str
        )
        .into_bytes();
        message.extend_from_slice(body);
        message.push(b'\n');
        let verifier = sandbox.wechatpay_verifier();
        verifies(verifier, &message, credentials.signature)
    };
    // An SDK sends the mark of a query that it does not have, and does not sign it.
    if holds(address) || address.strip_suffix('?').is_some_and(holds) {
        Ok(())
    } else {
        Err(Refusal::unsigned("签名错误，请检查后再试"))
    }
}

/// `name="value"`, comma-separated, in any order.
fn parsed(header: &str) -> Option<Credentials<'_>> {
    let mut credentials = Credentials::default();
    for item in header.strip_prefix(SCHEME)?.split(',') {
        let (name, value) = item.trim().split_once('=')?;
        let value = value.strip_prefix('"')?.strip_suffix('"')?;
        let place = match name {
            "mchid" => &mut credentials.mchid,
            "nonce_str" => &mut credentials.nonce_str,
            "signature" => &mut credentials.signature,
            "timestamp" => &mut credentials.timestamp,
            "serial_no" => &mut credentials.serial_no,
            _ => return None,
        };
        if !place.is_empty() {
            return None;
        }
        *place = value;
    }
    Some(credentials)
}

//! `/gateway.do`: payments that a browser opens lead to the cashier; calls between servers are
//! answered in JSON, signed.

use axum::body::Bytes;
use axum::extract::{RawQuery, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use encoding_rs::{Encoding, UTF_8};
use serde::Deserialize;
use serde_json::{Value, json};

use super::bill;
use super::cancel;
use super::cashier;
use super::form::Pairs;
use super::order;
use super::renewal::Mode;
use super::request::{Denied, Request, content};
use super::trade;
use crate::books::Gateway;
use crate::sandbox::Sandbox;
use crate::sign::base64_signature;
use crate::weather::Weather;

pub(super) async fn by_query(
    State(sandbox): State<Sandbox>,
    RawQuery(query): RawQuery,
) -> Response {
    answer(&sandbox, Pairs::read(query.unwrap_or_default().as_bytes())).await
}

pub(super) async fn by_form(
    State(sandbox): State<Sandbox>,
    RawQuery(query): RawQuery,
    body: Bytes,
) -> Response {
    let mut pairs = Pairs::read(query.unwrap_or_default().as_bytes());
    pairs.add(&body);
    answer(&sandbox, pairs).await
}

async fn answer(sandbox: &Sandbox, pairs: Pairs) -> Response {
    let method = pairs.text("method").unwrap_or_default();
    let number = number_in(sandbox, &pairs);
    let proof = Proof::wanted(sandbox, &pairs);
    let charset = pairs.charset();
    if let Weather::Down = sandbox.weather(&number).await {
        return (
            StatusCode::BAD_GATEWAY,
            "<html><body><h1>502 Bad Gateway</h1></body></html>",
        )
            .into_response();
    }
    let request = Request::verified(sandbox, pairs);
    if request.is_ok() {
        sandbox.note_mode(proof.mode());
    }
    match method.as_str() {
        "alipay.trade.page.pay" | "alipay.trade.wap.pay" | "alipay.trade.app.pay" => {
            match request.and_then(|request| order::open(sandbox, &request)) {
                Ok(number) => Redirect::to(&cashier::address(&number)).into_response(),
                Err(denied) => cashier::denied(&denied),
            }
        }
        _ => {
            let outcome = request.and_then(|request| carry_out(sandbox, &request));
            in_json(sandbox, &method, outcome, proof, charset)
        }
    }
}

/// Calls between servers, by method.
fn carry_out(sandbox: &Sandbox, request: &Request) -> Result<Value, Denied> {
    match request.method.as_str() {
        "alipay.trade.precreate" => order::precreate(sandbox, request),
        "alipay.trade.create" => order::create(sandbox, request),
        "alipay.trade.query" => trade::query(sandbox, request),
        "alipay.trade.close" => trade::close(sandbox, request),
        "alipay.trade.cancel" => cancel::cancel(sandbox, request),
        "alipay.trade.refund" => trade::refund(sandbox, request),
        "alipay.open.app.alipaycert.download" => certificate(sandbox, request),
        "alipay.data.dataservice.bill.downloadurl.query" => bill::address(sandbox, request),
        "alipay.trade.fastpay.refund.query" => trade::refund_query(sandbox, request),
        _ => Err(Denied::invalid("isv.invalid-method", "不存在的方法名")),
    }
}

#[derive(Deserialize)]
struct WhichCertificate {
    #[serde(default)]
    alipay_cert_sn: String,
}

/// `alipay.open.app.alipaycert.download`: the certificate of an SN that an answer named.
fn certificate(sandbox: &Sandbox, request: &Request) -> Result<Value, Denied> {
    let which: WhichCertificate = request.content()?;
    if which.alipay_cert_sn.is_empty() {
        let words = "缺少支付宝公钥证书序列号";
        return Err(Denied::invalid("isv.invalid-parameter", words));
    }
    let cert = sandbox
        .alipay_certificate_of(&which.alipay_cert_sn)
        .ok_or_else(|| Denied::business("CERT_NOT_EXIST", "证书不存在"))?;
    Ok(json!({
        "code": "10000",
        "msg": "Success",
        "alipay_cert_content": STANDARD.encode(&cert.pem),
    }))
}

/// What an answer's signature is to be checked by.
enum Proof<'a> {
    Key,
    /// A certificate, by its SN, which is not signed.
    Certificate(&'a str),
}

impl<'a> Proof<'a> {
    /// As the request says it, even one that is refused.
    fn wanted(sandbox: &'a Sandbox, pairs: &Pairs) -> Self {
        match pairs.text("app_cert_sn") {
            Some(_) => Self::Certificate(&sandbox.alipay_certificate().sn),
            None => Self::Key,
        }
    }
}

impl Proof<'_> {
    fn mode(&self) -> Mode {
        match self {
            Self::Key => Mode::Keys,
            Self::Certificate(_) => Mode::Certificates,
        }
    }
}

/// An answer under the method's own node, in the charset of the request, signed over the node's bytes.
fn in_json(
    sandbox: &Sandbox,
    method: &str,
    outcome: Result<Value, Denied>,
    proof: Proof<'_>,
    charset: &'static Encoding,
) -> Response {
    // Who is not known gets no signature.
    let is_signed = !matches!(
        &outcome,
        Err(denied) if matches!(denied.sub_code, "isv.invalid-app-id" | "isv.missing-app-id")
    );
    let node = match outcome {
        Ok(content) => content,
        Err(denied) => json!({
            "code": denied.code,
            "msg": denied.msg,
            "sub_code": denied.sub_code,
            "sub_msg": denied.sub_msg,
        }),
    };
    // Alipay escapes slashes, and signs what it sends.
    let node = node.to_string().replace('/', "\\/");
    let name = if method.is_empty() {
        "error_response".to_owned()
    } else {
        format!("{}_response", method.replace('.', "_"))
    };
    let name = Value::String(name);
    if !is_signed {
        return text(&format!("{{{name}:{node}}}"), charset);
    }
    let signer = sandbox.alipay_signer(proof.mode());
    let (signed, _, _) = charset.encode(&node);
    let body = match base64_signature(signer, &signed) {
        Ok(sign) => match proof {
            Proof::Key => format!(r#"{{{name}:{node},"sign":"{sign}"}}"#),
            Proof::Certificate(sn) => {
                format!(r#"{{{name}:{node},"alipay_cert_sn":"{sn}","sign":"{sign}"}}"#)
            }
        },
        Err(error) => {
            tracing::error!(%error, "an answer was not signed");
            return StatusCode::INTERNAL_SERVER_ERROR.into_response();
        }
    };
    text(&body, charset)
}

/// JSON, under the media type that Alipay gives it.
fn text(body: &str, charset: &'static Encoding) -> Response {
    let media_type = if charset == UTF_8 {
        "text/html;charset=utf-8".to_owned()
    } else {
        format!("text/html;charset={}", charset.name())
    };
    let (body, _, _) = charset.encode(body);
    ([(header::CONTENT_TYPE, media_type)], body.into_owned()).into_response()
}

/// The number that a request is about, signed or not: by it a fault finds its call.
fn number_in(sandbox: &Sandbox, pairs: &Pairs) -> String {
    let content = content(pairs).and_then(Result::ok).unwrap_or_default();
    let text = |name| content.get(name).and_then(Value::as_str);
    sandbox.number_named(Gateway::Alipay, text("trade_no"), text("out_trade_no"))
}

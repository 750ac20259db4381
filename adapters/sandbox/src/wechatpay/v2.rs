//! The query of an order in v2: XML both ways, signed with the APIv2 key (查询订单).

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use quick_xml::Reader;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesRef, Event};

use crate::books::{Gateway, Standing, Trade};
use crate::draw;
use crate::notify::described;
use crate::notify::wechatpay_v2::{Digest, Document, paid, sign, signed};
use crate::sandbox::Sandbox;
use crate::weather::Weather;

/// Fields of a document, in order.
type Fields = Vec<(String, String)>;

/// Why a query is not answered.
enum Refusal {
    /// Before it is known who asks: unsigned.
    Unknown(&'static str),
    /// The business says no: signed.
    Business(&'static str, &'static str, Digest),
}

/// Of v2 an order can be queried, and is notified of.
pub(super) async fn not_offered() -> Response {
    in_xml(refused("沙箱不提供该接口"))
}

pub(super) async fn order_query(State(sandbox): State<Sandbox>, body: Bytes) -> Response {
    let fields = read(&body);
    let text = |name| fields.as_ref().and_then(|fields| field(fields, name));
    let number = sandbox.number_named(
        Gateway::WechatPay,
        text("transaction_id"),
        text("out_trade_no"),
    );
    if let Weather::Down = sandbox.weather(&number).await {
        return StatusCode::BAD_GATEWAY.into_response();
    }
    let outcome = match &fields {
        Some(fields) => queried(&sandbox, fields),
        None => Err(Refusal::Unknown("XML格式错误")),
    };
    let document = match outcome {
        Ok(document) => document.xml(),
        Err(Refusal::Unknown(message)) => refused(message),
        Err(Refusal::Business(code, words, digest)) => {
            let mut fields = about(&sandbox);
            fields.extend([
                ("result_code", "FAIL".to_owned()),
                ("err_code", code.to_owned()),
                ("err_code_des", words.to_owned()),
            ]);
            signed(&sandbox, fields, digest).xml()
        }
    };
    in_xml(document)
}

fn in_xml(document: String) -> Response {
    ([(header::CONTENT_TYPE, "text/plain")], document).into_response()
}

fn refused(message: &str) -> String {
    format!(
        "<xml><return_code><![CDATA[FAIL]]></return_code><return_msg><![CDATA[{message}]]></return_msg></xml>"
    )
}

fn queried(sandbox: &Sandbox, fields: &Fields) -> Result<Document, Refusal> {
    let wechatpay = &sandbox.keys().wechatpay;
    if field(fields, "mch_id") != Some(&wechatpay.mch_id) {
        return Err(Refusal::Unknown("商户号mch_id与appid不匹配"));
    }
    let digest = match field(fields, "sign_type") {
        None | Some("MD5") => Digest::Md5,
        Some("HMAC-SHA256") => Digest::HmacSha256,
        Some(_) => return Err(Refusal::Unknown("签名类型错误")),
    };
    let mut unsigned = fields.clone();
    unsigned.retain(|(name, _)| name != "sign");
    let expected = sign(&unsigned, &wechatpay.api_v2_key, digest);
    if field(fields, "sign") != Some(&expected) {
        return Err(Refusal::Unknown("签名错误"));
    }
    if field(fields, "appid") != Some(&wechatpay.app_id) {
        let words = "appid和mch_id不匹配";
        return Err(Refusal::Business("APPID_MCHID_NOT_MATCH", words, digest));
    }
    let state = sandbox.state();
    let found = match (
        field(fields, "transaction_id"),
        field(fields, "out_trade_no"),
    ) {
        (Some(id), _) => state.books.find_transaction(Gateway::WechatPay, id),
        (None, Some(number)) => state.books.find(Gateway::WechatPay, number),
        (None, None) => {
            let words = "缺少参数out_trade_no";
            return Err(Refusal::Business("LACK_PARAMS", words, digest));
        }
    };
    let Some(trade) = found.map(|(_, trade)| trade.as_of(sandbox.now())) else {
        let words = "订单不存在";
        return Err(Refusal::Business("ORDERNOTEXIST", words, digest));
    };
    Ok(signed(sandbox, shown(sandbox, &trade), digest))
}

fn shown(sandbox: &Sandbox, trade: &Trade) -> Vec<(&'static str, String)> {
    let mut fields = match trade.standing {
        Standing::Paid(_) => paid(sandbox, trade),
        Standing::Waiting | Standing::Closed(_) => {
            let mut fields = about(sandbox);
            let terms = trade.wechatpay_terms();
            fields.extend([
                ("result_code", "SUCCESS".to_owned()),
                ("attach", terms.map_or("", |terms| &terms.attach).to_owned()),
                ("out_trade_no", trade.out_trade_no.clone()),
                ("total_fee", trade.minor.to_string()),
            ]);
            fields
        }
    };
    fields.extend([
        ("trade_state", trade.state().to_owned()),
        ("trade_state_desc", described(trade).to_owned()),
    ]);
    fields
}

/// What every signed answer says.
fn about(sandbox: &Sandbox) -> Vec<(&'static str, String)> {
    let wechatpay = &sandbox.keys().wechatpay;
    let nonce = draw::alphanumeric(&sandbox.outside().entropy, 32);
    vec![
        ("return_code", "SUCCESS".to_owned()),
        ("return_msg", "OK".to_owned()),
        ("appid", wechatpay.app_id.clone()),
        ("mch_id", wechatpay.mch_id.clone()),
        ("nonce_str", nonce),
    ]
}

/// A field that is there and not empty.
fn field<'a>(fields: &'a Fields, name: &str) -> Option<&'a str> {
    fields
        .iter()
        .find(|(other, _)| other == name)
        .map(|(_, value)| value.as_str())
        .filter(|value| !value.is_empty())
}

/// The first-level elements of a document; nothing where it is no such document.
fn read(body: &[u8]) -> Option<Fields> {
    let text = std::str::from_utf8(body).ok()?;
    let mut reader = Reader::from_str(text);
    let (mut fields, mut path) = (Fields::new(), Vec::new());
    loop {
        match reader.read_event().ok()? {
            Event::Start(element) => {
                let name = element.name().as_ref().to_owned();
                if path.len() == 1 {
                    fields.push((name.clone(), String::new()));
                }
                path.push(name);
            }
            Event::Empty(_) => {}
            Event::End(_) => {
                path.pop()?;
            }
            Event::Text(text) if path.len() == 2 => {
                let value = text.xml10_content();
                fields.last_mut()?.1.push_str(&value);
            }
            Event::CData(data) if path.len() == 2 => {
                let value = data.xml10_content();
                fields.last_mut()?.1.push_str(&value);
            }
            Event::GeneralRef(reference) if path.len() == 2 => {
                fields.last_mut()?.1.push_str(&referred(&reference)?);
            }
            Event::Text(_) | Event::CData(_) | Event::GeneralRef(_) | Event::Comment(_) => {}
            Event::Decl(_) | Event::PI(_) => {}
            Event::DocType(_) => return None,
            Event::Eof => return (path.is_empty() && !fields.is_empty()).then_some(fields),
        }
    }
}

/// The text of a reference: one of the five entities, or a character by its number.
fn referred(reference: &BytesRef<'_>) -> Option<String> {
    if let Some(character) = reference.resolve_char_ref().ok()? {
        return Some(character.to_string());
    }
    resolve_predefined_entity(reference).map(str::to_owned)
}

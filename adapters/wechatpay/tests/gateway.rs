//! The gateway's side as tests need it: it seals with `aes-gcm` and signs with `rsa` and `md-5`, where
//! the crate opens and verifies with other code.

use std::collections::BTreeMap;

use aes_gcm::Aes256Gcm;
use aes_gcm::aead::{Aead, KeyInit, Payload};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use md5::{Digest, Md5};
use payfold_domain::{AccountName, Authentic, Fact, Message, Observation, Timestamp};
use payfold_wechatpay::{AccountConfig, Refusal, WechatPayAccount};
use rsa::pkcs8::{DecodePrivateKey, EncodePublicKey, LineEnding};
use rsa::signature::{SignatureEncoding, Signer};
use serde_json::{Value, json};
use zeroize::Zeroizing;

use crate::vectors;

pub(crate) const NOW: i64 = 1_795_420_863;
pub(crate) const MCH_ID: &str = "1900000109";
pub(crate) const APP_ID: &str = "wx8888888888888888";
pub(crate) const V3_KEY: &str = "TestApiV3KeyForVectorsOnly000001";
pub(crate) const V2_KEY: &str = "TestApiV2KeyForVectorsOnly000001";
pub(crate) const KEY_ID: &str = "PUB_KEY_ID_0119000001092026112300000000000009";

pub(crate) fn now() -> Timestamp {
    Timestamp::from_secs(NOW)
}

/// The published sample key: the gateway's own here, and the merchant's.
pub(crate) fn private_key_pem() -> String {
    vectors::v3_authorization()["private_key_pem"]
        .as_str()
        .unwrap()
        .to_owned()
}

fn private_key() -> rsa::PrivateKey {
    rsa::PrivateKey::from_pkcs8_pem(private_key_pem().trim()).unwrap()
}

/// An account that may do everything.
pub(crate) fn config() -> AccountConfig {
    let public_key = private_key()
        .to_public_key()
        .to_public_key_pem(LineEnding::LF)
        .unwrap();
    AccountConfig {
        name: AccountName::new("wx").unwrap(),
        app_id: APP_ID.to_owned(),
        app_ids: BTreeMap::from([("mini".to_owned(), "wx00000000000000aa".to_owned())]),
        mch_id: MCH_ID.to_owned(),
        gateway_url: "https://api.mch.weixin.qq.com".to_owned(),
        api_v3_key: Some(Zeroizing::new(V3_KEY.to_owned())),
        api_v2_key: Some(Zeroizing::new(V2_KEY.to_owned())),
        v2_sign_type: None,
        merchant_private_key: Some(Zeroizing::new(private_key_pem())),
        merchant_cert_serial: Some("408B07E79B8269FEC3D5D3E6AB8ED163A6A380DB".to_owned()),
        platform_public_key_id: Some(KEY_ID.to_owned()),
        platform_public_key: Some(public_key),
        platform_certs: Vec::new(),
    }
}

pub(crate) fn account() -> WechatPayAccount {
    WechatPayAccount::new(&config()).ok().unwrap()
}

/// Signs `body` as the gateway does, now.
pub(crate) fn signed_headers(body: &[u8]) -> HeaderMap {
    signed_headers_at(NOW, body)
}

pub(crate) fn signed_headers_at(timestamp: i64, body: &[u8]) -> HeaderMap {
    let mut message = format!("{timestamp}\nnonce\n").into_bytes();
    message.extend_from_slice(body);
    message.push(b'\n');
    let signature = rsa::pkcs1v15::SigningKey::<sha2::Sha256>::new(private_key()).sign(&message);
    headers(&[
        ("Wechatpay-Timestamp", &timestamp.to_string()),
        ("Wechatpay-Nonce", "nonce"),
        ("Wechatpay-Serial", KEY_ID),
        (
            "Wechatpay-Signature",
            &STANDARD.encode(signature.to_bytes()),
        ),
    ])
}

pub(crate) fn headers(pairs: &[(&str, &str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in pairs {
        headers.append(
            http::HeaderName::try_from(*name).unwrap(),
            value.parse().unwrap(),
        );
    }
    headers
}

/// The envelope of an event that holds `plain`, sealed.
pub(crate) fn envelope(event_type: &str, original_type: &str, plain: &str) -> Value {
    let cipher = Aes256Gcm::new_from_slice(V3_KEY.as_bytes()).unwrap();
    let nonce: [u8; 12] = *b"abcdefghijkl";
    let payload = Payload {
        msg: plain.as_bytes(),
        aad: original_type.as_bytes(),
    };
    let sealed = cipher.encrypt((&nonce).into(), payload).unwrap();
    json!({
        "id": "b1fa0d40d6ec5876682e00763bb5b1e8",
        "create_time": "2026-11-23T16:01:03+08:00",
        "resource_type": "encrypt-resource",
        "event_type": event_type,
        "summary": "summary",
        "resource": {
            "original_type": original_type,
            "algorithm": "AEAD_AES_256_GCM",
            "ciphertext": STANDARD.encode(sealed),
            "associated_data": original_type,
            "nonce": "abcdefghijkl",
        },
    })
}

/// What the account makes of a signed v3 body.
pub(crate) fn take_v3(body: &str) -> Result<Authentic, Refusal> {
    account().verify_v3(&signed_headers(body.as_bytes()), body.as_bytes(), now())
}

/// What the account makes of a pay notify that holds this text.
pub(crate) fn take_transaction(plain: &str) -> Result<Authentic, Refusal> {
    take_v3(&envelope("TRANSACTION.SUCCESS", "transaction", plain).to_string())
}

/// A transaction as the gateway tells of it.
pub(crate) fn transaction() -> Value {
    json!({
        "mchid": MCH_ID,
        "appid": APP_ID,
        "out_trade_no": "PF202611230001",
        "transaction_id": "4200000215202611230261405420",
        "trade_type": "NATIVE",
        "trade_state": "SUCCESS",
        "trade_state_desc": "支付成功",
        "bank_type": "OTHERS",
        "attach": "",
        "success_time": "2026-11-23T16:01:02+08:00",
        "payer": { "openid": "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o" },
        "amount": { "total": 100, "payer_total": 90, "currency": "CNY", "payer_currency": "CNY" },
    })
}

/// A refund as the gateway tells of it.
pub(crate) fn refund(status: &str) -> Value {
    json!({
        "mchid": MCH_ID,
        "out_trade_no": "PF202611230001",
        "transaction_id": "4200000215202611230261405420",
        "out_refund_no": "PFR202611230001",
        "refund_id": "50300807092026112319300001",
        "refund_status": status,
        "user_received_account": "招商银行信用卡0403",
        "amount": { "total": 100, "refund": 40, "payer_total": 90, "payer_refund": 36 },
    })
}

/// The elements of a v2 pay notify.
pub(crate) fn pay_elements() -> Vec<(&'static str, &'static str)> {
    vec![
        ("appid", APP_ID),
        ("attach", "支付测试"),
        ("bank_type", "OTHERS"),
        ("cash_fee", "100"),
        ("fee_type", "CNY"),
        ("is_subscribe", "N"),
        ("mch_id", MCH_ID),
        ("nonce_str", "CrB7044SHiP3DXgV"),
        ("openid", "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"),
        ("out_trade_no", "PF202611230001"),
        ("result_code", "SUCCESS"),
        ("return_code", "SUCCESS"),
        ("time_end", "20261123160102"),
        ("total_fee", "100"),
        ("trade_type", "JSAPI"),
        ("transaction_id", "4200000215202611230261405420"),
    ]
}

/// The elements with others in their place, added, or (where the value is empty) left out.
pub(crate) fn with<'a>(
    mut elements: Vec<(&'a str, &'a str)>,
    changes: &[(&'a str, &'a str)],
) -> Vec<(&'a str, &'a str)> {
    for (name, value) in changes {
        elements.retain(|(own, _)| own != name);
        if !value.is_empty() {
            elements.push((name, value));
        }
    }
    elements
}

/// The MD5 sign of elements.
pub(crate) fn md5_sign(elements: &[(&str, &str)]) -> String {
    let mut sorted = elements.to_vec();
    sorted.sort_unstable();
    let mut text: Vec<String> = sorted
        .iter()
        .filter(|(name, value)| *name != "sign" && !value.is_empty())
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    text.push(format!("key={V2_KEY}"));
    Md5::digest(text.join("&"))
        .iter()
        .map(|byte| format!("{byte:02X}"))
        .collect()
}

/// A document of elements, each in CDATA.
pub(crate) fn xml(root: &str, elements: &[(&str, &str)]) -> String {
    let inner: String = elements
        .iter()
        .map(|(name, value)| format!("<{name}><![CDATA[{value}]]></{name}>"))
        .collect();
    format!("<{root}>{inner}</{root}>")
}

/// A signed v2 document of elements.
pub(crate) fn signed_xml(elements: &[(&str, &str)]) -> String {
    let sign = md5_sign(elements);
    let mut signed = elements.to_vec();
    signed.push(("sign", &sign));
    xml("xml", &signed)
}

/// The facts of an authentic message that holds some.
pub(crate) fn facts(authentic: &Authentic) -> &[Fact] {
    &observation(authentic).facts
}

pub(crate) fn observation(authentic: &Authentic) -> &Observation {
    let Message::Observation(observation) = &authentic.message else {
        panic!("expected an observation, got {:?}", authentic.message)
    };
    observation
}

//! An Alipay account of a test site, and Alipay's pen, with the keys that the Alipay adapter is tested
//! with.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use payfold_alipay::{AccountConfig, AlipayAccount};
use payfold_domain::AccountName;
use payfold_domain::policy::Capability;
use payfold_store::EvidenceKey;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use rsa::PrivateKey;
use rsa::pkcs1v15::SigningKey;
use rsa::pkcs8::DecodePrivateKey as _;
use rsa::sha2::Sha256;
use rsa::signature::{SignatureEncoding as _, Signer as _};
use serde_json::Value;
use zeroize::Zeroizing;

use super::site::now;
use crate::app::{Account, GatewayAccount};

const APP_ID: &str = "9021000122682882";
const SELLER_ID: &str = "2088721003899159";

/// The account's name.
pub(in crate::http) fn name() -> AccountName {
    AccountName::new("ali").unwrap()
}

/// An account that can do everything.
pub(in crate::http) fn account() -> Account {
    Account::new(
        name(),
        GatewayAccount::Alipay(alipay()),
        Capability::Full,
        SELLER_ID.to_owned(),
        APP_ID.to_owned(),
    )
}

/// The key that verifies its messages.
pub(in crate::http) fn evidence_key() -> EvidenceKey {
    let (fingerprint, der) = alipay().public_keys().remove(0);
    EvidenceKey {
        fingerprint,
        spki_der: Some(der.into()),
    }
}

/// The notify that a payment of 88.00 was paid.
pub(in crate::http) fn paid(out_trade_no: &str) -> String {
    let fields = [
        ("app_id", APP_ID),
        ("gmt_payment", "2026-01-01 10:00:07"),
        ("notify_id", "2026010100222100007073030501204455"),
        ("notify_time", "2026-01-01 10:00:08"),
        ("notify_type", "trade_status_sync"),
        ("out_trade_no", out_trade_no),
        ("seller_id", SELLER_ID),
        ("total_amount", "88.00"),
        ("trade_no", "2026010122001499160501589436"),
        ("trade_status", "TRADE_SUCCESS"),
    ];
    let signed = fields.map(|(name, value)| format!("{name}={value}"));
    let key = PrivateKey::from_pkcs8_pem(&key("/alipay/pkcs8_pem")).unwrap();
    let sign = SigningKey::<Sha256>::new(key).sign(signed.join("&").as_bytes());
    let sign = STANDARD.encode(sign.to_vec());
    let signature = [("sign_type", "RSA2"), ("sign", &sign)];
    let pairs = fields.into_iter().chain(signature);
    let pairs: Vec<String> = pairs
        .map(|(name, value)| format!("{name}={}", utf8_percent_encode(value, NON_ALPHANUMERIC)))
        .collect();
    pairs.join("&")
}

fn alipay() -> AlipayAccount {
    let config = AccountConfig {
        name: name(),
        app_id: APP_ID.to_owned(),
        seller_id: SELLER_ID.to_owned(),
        gateway_url: "https://openapi.alipay.com/gateway.do".to_owned(),
        app_private_key: Some(Zeroizing::new(key("/app/pkcs8_pem"))),
        alipay_public_key: Some(key("/alipay/public_spki_pem")),
        app_cert: None,
        alipay_cert: None,
        alipay_root_cert: None,
    };
    AlipayAccount::new(&config, now()).unwrap()
}

fn key(pointer: &str) -> String {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../adapters/alipay/tests/vectors/keys.json"
    );
    let keys: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    keys.pointer(pointer).unwrap().as_str().unwrap().to_owned()
}

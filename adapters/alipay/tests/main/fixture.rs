//! The test account, the vectors, and Alipay's pen: it signs with `rsa`, the crate verifies with another
//! implementation.

use std::sync::LazyLock;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use payfold_alipay::{AccountConfig, AlipayAccount, Refusal};
use payfold_domain::{AccountName, Authentic, Fact, Message, Timestamp};
use percent_encoding::{NON_ALPHANUMERIC, percent_encode};
use rsa::pkcs1v15::SigningKey;
use rsa::pkcs8::DecodePrivateKey;
use rsa::sha2::Sha256;
use rsa::signature::{SignatureEncoding, Signer};
use serde_json::Value;
use zeroize::Zeroizing;

pub(crate) const APP_ID: &str = "9021000122682882";
pub(crate) const SELLER_ID: &str = "2088721003899159";

/// 2027-01-15, when the test certificates are valid.
pub(crate) fn today() -> Timestamp {
    Timestamp::from_secs(1_800_000_000)
}

pub(crate) fn vectors(name: &str) -> Value {
    let path = format!("{}/tests/vectors/{name}.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

pub(crate) fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).unwrap().as_str().unwrap()
}

pub(crate) fn bytes(value: &Value, pointer: &str) -> Vec<u8> {
    STANDARD.decode(text(value, pointer)).unwrap()
}

/// The account of the vectors, in public-key mode.
pub(crate) fn config() -> AccountConfig {
    let keys = vectors("keys");
    AccountConfig {
        name: AccountName::new("ali").unwrap(),
        app_id: APP_ID.to_owned(),
        seller_id: SELLER_ID.to_owned(),
        gateway_url: "https://openapi.alipay.com/gateway.do".to_owned(),
        app_private_key: Some(Zeroizing::new(text(&keys, "/app/pkcs8_pem").to_owned())),
        alipay_public_key: Some(text(&keys, "/alipay/public_spki_pem").to_owned()),
        app_cert: None,
        alipay_cert: None,
        alipay_root_cert: None,
    }
}

/// The same account in certificate mode.
pub(crate) fn certified() -> AccountConfig {
    let certs = vectors("certs");
    AccountConfig {
        alipay_public_key: None,
        app_cert: Some(text(&certs, "/app_cert").to_owned()),
        alipay_cert: Some(text(&certs, "/alipay_cert_chain").to_owned()),
        alipay_root_cert: Some(text(&certs, "/root_certs").to_owned()),
        ..config()
    }
}

pub(crate) fn account() -> &'static AlipayAccount {
    static ACCOUNT: LazyLock<AlipayAccount> = LazyLock::new(|| made(&config()));
    &ACCOUNT
}

pub(crate) fn made(config: &AccountConfig) -> AlipayAccount {
    match AlipayAccount::new(config, today()) {
        Ok(account) => account,
        Err(faults) => panic!("{faults:?}"),
    }
}

/// The configuration keys that are at fault.
pub(crate) fn faults(config: &AccountConfig, now: Timestamp) -> Vec<&'static str> {
    match AlipayAccount::new(config, now) {
        Ok(_) => Vec::new(),
        Err(faults) => faults.into_iter().map(|fault| fault.key).collect(),
    }
}

/// A form to be signed: names and values.
#[derive(Debug, Clone)]
pub(crate) struct Draft(pub(crate) Vec<(String, Vec<u8>)>);

impl Draft {
    /// A payment's notify.
    pub(crate) fn paid() -> Self {
        let fields = [
            ("gmt_create", "2026-01-05 09:59:40"),
            ("charset", "utf-8"),
            ("gmt_payment", "2026-01-05 09:59:52"),
            ("notify_time", "2026-01-05 09:59:54"),
            ("subject", "A book"),
            ("buyer_id", "2088722003899169"),
            ("version", "1.0"),
            ("notify_id", "2026010501222095952199160501632046"),
            ("notify_type", "trade_status_sync"),
            ("out_trade_no", "vec_0001"),
            ("total_amount", "88.88"),
            ("trade_status", "TRADE_SUCCESS"),
            ("trade_no", "2026010522001499160501589436"),
            ("auth_app_id", APP_ID),
            ("receipt_amount", "88.88"),
            ("point_amount", "0.00"),
            ("app_id", APP_ID),
            ("seller_id", SELLER_ID),
        ];
        Self(
            fields
                .iter()
                .map(|(name, value)| ((*name).to_owned(), value.as_bytes().to_vec()))
                .collect(),
        )
    }

    /// A refund's notify, in part unless the total says otherwise.
    pub(crate) fn refunded(status: &str, refund_fee: &str) -> Self {
        Self::paid()
            .with("trade_status", status)
            .with("refund_fee", refund_fee)
            .with("out_biz_no", "RF0001")
            .with("gmt_refund", "2026-01-05 10:30:00.123")
    }

    pub(crate) fn with(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.0.retain(|(other, _)| other != name);
        self.0.push((name.to_owned(), value.as_ref().to_vec()));
        self
    }

    pub(crate) fn without(mut self, name: &str) -> Self {
        self.0.retain(|(other, _)| other != name);
        self
    }

    /// The string that Alipay signs, every field in it.
    pub(crate) fn signed_string(&self) -> Vec<u8> {
        let mut fields = self.0.clone();
        fields.sort();
        let pieces: Vec<Vec<u8>> = fields
            .iter()
            .map(|(name, value)| [name.as_bytes(), b"=", value].concat())
            .collect();
        pieces.join(&b'&')
    }

    /// The body as Alipay sends it.
    pub(crate) fn signed(&self) -> Vec<u8> {
        self.signed_as("RSA2", &sign(&self.signed_string()))
    }

    /// The body with whatever signature.
    pub(crate) fn signed_as(&self, sign_type: &str, sign: &str) -> Vec<u8> {
        self.clone()
            .with("sign_type", sign_type)
            .with("sign", sign)
            .encoded()
    }

    pub(crate) fn encoded(&self) -> Vec<u8> {
        let pairs: Vec<String> = self
            .0
            .iter()
            .map(|(name, value)| format!("{name}={}", encoded(value)))
            .collect();
        pairs.join("&").into_bytes()
    }
}

pub(crate) fn encoded(value: &[u8]) -> String {
    percent_encode(value, NON_ALPHANUMERIC).to_string()
}

/// Alipay's signature, in Base64.
pub(crate) fn sign(message: &[u8]) -> String {
    static KEY: LazyLock<SigningKey<Sha256>> = LazyLock::new(|| {
        let keys = vectors("keys");
        let der = bytes(&keys, "/alipay/pkcs8_base64");
        SigningKey::new(rsa::PrivateKey::from_pkcs8_der(&der).unwrap())
    });
    STANDARD.encode(KEY.sign(message).to_bytes())
}

pub(crate) fn verify(body: &[u8]) -> Result<Authentic, Refusal> {
    account().verify_notify(body, today())
}

/// What an accepted notify says.
pub(crate) fn facts(body: &[u8]) -> Vec<Fact> {
    let message = verify(body).unwrap().message;
    let Message::Observation(observation) = message else {
        panic!("no facts: {message:?}");
    };
    observation.facts
}

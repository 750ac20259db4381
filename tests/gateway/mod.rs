//! The gateways as far as tests speak for them directly: messages signed here, with the sandbox's
//! keys and code of its own, so that an exact answer to an exact message can be looked at.

mod alipay;
mod bill;
mod wechatpay;

pub(crate) use alipay::Alipay;
pub(crate) use bill::{BillRow, Billed};
pub(crate) use wechatpay::{WechatPay, now_secs};

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rsa::PrivateKey;
use rsa::pkcs1v15::SigningKey;
use rsa::pkcs8::DecodePrivateKey as _;
use rsa::sha2::Sha256;
use rsa::signature::{SignatureEncoding as _, Signer as _};
use serde_json::Value;

/// A message as a gateway posts it.
#[derive(Debug, Clone)]
pub(crate) struct Message {
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: String,
}

/// What a payment's notify says.
#[derive(Debug, Clone)]
pub(crate) struct Paid<'a> {
    pub(crate) out_trade_no: &'a str,
    pub(crate) transaction_id: &'a str,
    pub(crate) minor: i64,
}

/// A key that signs in Base64.
struct Key(SigningKey<Sha256>);

impl Key {
    fn read(path: &Path) -> Self {
        let pem = std::fs::read_to_string(path).unwrap();
        Self(SigningKey::new(PrivateKey::from_pkcs8_pem(&pem).unwrap()))
    }

    /// PKCS#8 in Base64 without its PEM lines.
    fn bare(text: &str) -> Self {
        let der = STANDARD.decode(text).unwrap();
        Self(SigningKey::new(PrivateKey::from_pkcs8_der(&der).unwrap()))
    }

    fn sign(&self, text: &str) -> String {
        STANDARD.encode(self.0.sign(text.as_bytes()).to_vec())
    }
}

fn account(folder: &Path, gateway: &str) -> Value {
    let text = std::fs::read_to_string(folder.join(gateway).join("account.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

fn text(account: &Value, name: &str) -> String {
    account[name].as_str().unwrap().to_owned()
}

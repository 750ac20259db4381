//! Alipay's notifies, signed with the sandbox's key.

use std::path::Path;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

/// Alipay, as it signs to one merchant.
pub(crate) struct Alipay {
    key: RsaKeyPair,
    app_id: String,
    seller_id: String,
}

impl Alipay {
    pub(crate) fn of(folder: &Path) -> Self {
        let read = |name: &str| std::fs::read_to_string(folder.join("alipay").join(name)).unwrap();
        let account: Value = serde_json::from_str(&read("account.json")).unwrap();
        let field = |name: &str| {
            account
                .get(name)
                .and_then(Value::as_str)
                .unwrap()
                .to_owned()
        };
        let pem = read("gateway_private_key.pem");
        let lines: String = pem
            .lines()
            .filter(|line| !line.starts_with("-----"))
            .collect();
        let der = STANDARD.decode(lines).unwrap();
        Self {
            key: RsaKeyPair::from_pkcs8(&der).unwrap(),
            app_id: field("app_id"),
            seller_id: field("seller_id"),
        }
    }

    /// The notify of a payment of 88.00, with a transaction of its own.
    pub(crate) fn paid(&self, number: &str, at: usize) -> String {
        let transaction_id = format!("2026{}{at:010}", number.len());
        let fields = self.fields(number, &transaction_id);
        let signature = STANDARD.encode(self.sign(&text(&fields)));
        let fields = fields.iter().map(|(name, value)| (*name, value.as_str()));
        let pairs: Vec<String> = fields
            .chain([("sign_type", "RSA2"), ("sign", signature.as_str())])
            .map(|(name, value)| format!("{name}={}", utf8_percent_encode(value, NON_ALPHANUMERIC)))
            .collect();
        pairs.join("&")
    }

    /// A text as it is signed, and its signature.
    pub(crate) fn signed(&self) -> (String, Vec<u8>) {
        let text = text(&self.fields("floor", "20260000000000"));
        let signature = self.sign(&text);
        (text, signature)
    }

    pub(crate) fn public_key(&self) -> Vec<u8> {
        self.key.public_key().as_ref().to_vec()
    }

    fn sign(&self, text: &str) -> Vec<u8> {
        let mut signature = vec![0; self.key.public_modulus_len()];
        self.key
            .sign(
                &RSA_PKCS1_SHA256,
                &SystemRandom::new(),
                text.as_bytes(),
                &mut signature,
            )
            .unwrap();
        signature
    }

    /// In the order of their names.
    fn fields(&self, number: &str, transaction_id: &str) -> Vec<(&'static str, String)> {
        let fields = [
            ("app_id", self.app_id.as_str()),
            ("auth_app_id", &self.app_id),
            ("buyer_id", "2088102116773037"),
            ("buyer_logon_id", "san***@sandbox.com"),
            ("buyer_pay_amount", "88.00"),
            ("charset", "utf-8"),
            (
                "fund_bill_list",
                "[{\"amount\":\"88.00\",\"fundChannel\":\"ALIPAYACCOUNT\"}]",
            ),
            ("gmt_create", "2026-01-05 10:00:00"),
            ("gmt_payment", "2026-01-05 10:00:07"),
            ("invoice_amount", "88.00"),
            ("notify_id", "2026010500222100007073030501204455"),
            ("notify_time", "2026-01-05 10:00:08"),
            ("notify_type", "trade_status_sync"),
            ("out_trade_no", number),
            ("point_amount", "0.00"),
            ("receipt_amount", "88.00"),
            ("seller_id", &self.seller_id),
            ("subject", "A pot of Longjing tea"),
            ("total_amount", "88.00"),
            ("trade_no", transaction_id),
            ("trade_status", "TRADE_SUCCESS"),
            ("version", "1.0"),
        ];
        fields
            .into_iter()
            .map(|(name, value)| (name, value.to_owned()))
            .collect()
    }
}

fn text(fields: &[(&'static str, String)]) -> String {
    let pairs: Vec<String> = fields
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    pairs.join("&")
}

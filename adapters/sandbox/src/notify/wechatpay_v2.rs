//! WeChat Pay's v2 notifies in XML: a payment's, signed with the APIv2 key, and a refund's, which is
//! encrypted under it and carries no signature.

use std::time::Duration;

use aes::Aes256;
use aes::cipher::{BlockCipherEncrypt as _, KeyInit as _};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use hmac::{Hmac, Mac as _};
use md5::{Digest as _, Md5};
use quick_xml::escape::escape;
use rsa::sha2::Sha256;
use serde::{Deserialize, Serialize};

use super::{Unwritten, Writing};
use crate::beijing;
use crate::books::{End, Progress, Refund, Standing, Trade};
use crate::draw;
use crate::outside::Call;
use crate::sandbox::Sandbox;

const PATIENCE: Duration = Duration::from_secs(5);
const BLOCK: usize = 16;

/// With which digest a document is signed.
#[derive(Clone, Copy)]
pub(crate) enum Digest {
    Md5,
    HmacSha256,
}

/// A document's fields, in order.
pub(crate) struct Document(Vec<(&'static str, String)>);

/// A document as it stands on the wire, the same through all repeats.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Letter(String);

/// A payment's notify. It carries no `sign_type`, as real ones seldom do.
pub(super) fn payment(sandbox: &Sandbox, trade: &Trade, digest: Digest) -> Letter {
    Letter(signed(sandbox, paid(sandbox, trade), digest).xml())
}

/// Signs fields, the empty ones left out.
pub(crate) fn signed(
    sandbox: &Sandbox,
    mut fields: Vec<(&'static str, String)>,
    digest: Digest,
) -> Document {
    fields.retain(|(_, value)| !value.is_empty());
    let sign = sign(&fields, &sandbox.keys().wechatpay.api_v2_key, digest);
    fields.push(("sign", sign));
    Document(fields)
}

/// What notifies and queries say of a paid order.
pub(crate) fn paid(sandbox: &Sandbox, trade: &Trade) -> Vec<(&'static str, String)> {
    let (trade_type, attach) = trade
        .wechatpay_terms()
        .map_or(("NATIVE", String::new()), |terms| {
            (terms.trade_type.word(), terms.attach.clone())
        });
    let entropy = &sandbox.outside().entropy;
    let mut fields = vec![
        ("appid", trade.terms.app_id.clone()),
        ("attach", attach),
        ("bank_type", "OTHERS".to_owned()),
        ("cash_fee", trade.minor.to_string()),
        ("fee_type", "CNY".to_owned()),
        ("is_subscribe", "N".to_owned()),
        ("mch_id", sandbox.keys().wechatpay.mch_id.clone()),
        ("nonce_str", draw::alphanumeric(entropy, 32)),
        ("openid", trade.buyer.clone()),
        ("out_trade_no", trade.out_trade_no.clone()),
        ("result_code", "SUCCESS".to_owned()),
        ("return_code", "SUCCESS".to_owned()),
        ("total_fee", trade.minor.to_string()),
        ("trade_type", trade_type.to_owned()),
        (
            "transaction_id",
            trade.transaction_id.clone().unwrap_or_default(),
        ),
    ];
    if let Standing::Paid(at) = trade.standing {
        fields.push(("time_end", beijing::packed(at)));
    }
    fields
}

/// A refund's notify: its news lies encrypted in `req_info`.
pub(super) fn refund(
    sandbox: &Sandbox,
    trade: &Trade,
    refund: &Refund,
) -> Result<Letter, Unwritten> {
    let wechatpay = &sandbox.keys().wechatpay;
    let refund_status = match refund.progress {
        Progress::Processing(..) | Progress::Ended(_, End::Success) => "SUCCESS",
        Progress::Ended(_, End::Abnormal) => "CHANGE",
        Progress::Ended(_, End::Closed) => "REFUNDCLOSE",
    };
    let mut news = vec![
        ("out_refund_no", refund.refund_no.clone()),
        ("out_trade_no", trade.out_trade_no.clone()),
        ("refund_account", "REFUND_SOURCE_RECHARGE_FUNDS".to_owned()),
        ("refund_fee", refund.minor.to_string()),
        ("refund_id", refund.refund_id.clone()),
        ("refund_recv_accout", "支付用户零钱".to_owned()),
        ("refund_request_source", "VENDOR_PLATFORM".to_owned()),
        ("refund_status", refund_status.to_owned()),
        ("settlement_refund_fee", refund.minor.to_string()),
        ("settlement_total_fee", trade.minor.to_string()),
        ("total_fee", trade.minor.to_string()),
        (
            "transaction_id",
            trade.transaction_id.clone().unwrap_or_default(),
        ),
    ];
    if refund.is_back() {
        news.push(("success_time", beijing::plain(refund.at())));
    }
    let news = xml("root", &news);
    let document = Document(vec![
        ("return_code", "SUCCESS".to_owned()),
        ("appid", trade.terms.app_id.clone()),
        ("mch_id", wechatpay.mch_id.clone()),
        (
            "nonce_str",
            draw::alphanumeric(&sandbox.outside().entropy, 32),
        ),
        (
            "req_info",
            encrypted(&wechatpay.api_v2_key, news.as_bytes())?,
        ),
    ]);
    Ok(Letter(document.xml()))
}

impl Document {
    /// As it stands on the wire.
    pub(crate) fn xml(&self) -> String {
        xml("xml", &self.0)
    }
}

impl Letter {
    pub(super) fn write(&self, url: &str, writing: Writing) -> Call {
        let mut text = self.0.clone();
        if writing != Writing::Genuine {
            text = text
                .replace("]]></out_trade_no>", "0]]></out_trade_no>")
                .replace(
                    "<req_info><![CDATA[",
                    "<req_info><![CDATA[AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
                );
        }
        Call {
            method: http::Method::POST,
            url: url.to_owned(),
            headers: vec![
                ("content-type", "text/xml".to_owned()),
                ("user-agent", "Mozilla/4.0".to_owned()),
            ],
            body: Bytes::from(text),
            deadline: PATIENCE,
        }
    }
}

/// Whether a shop's answer accepts a v2 notify: its `return_code` is `SUCCESS`.
pub(super) fn says_success(body: &[u8]) -> bool {
    let text: String = String::from_utf8_lossy(body)
        .chars()
        .filter(|letter| !letter.is_whitespace())
        .collect();
    [
        "<return_code><![CDATA[SUCCESS]]></return_code>",
        "<return_code>SUCCESS</return_code>",
    ]
    .iter()
    .any(|accepted| text.contains(accepted))
}

/// The text that a v2 signature covers (安全规范).
fn signed_text<N: AsRef<str> + Ord>(fields: &[(N, String)], key: &str) -> String {
    let mut fields: Vec<_> = fields
        .iter()
        .filter(|(_, value)| !value.is_empty())
        .collect();
    fields.sort();
    let mut text: String = fields
        .into_iter()
        .map(|(name, value)| format!("{}={value}&", name.as_ref()))
        .collect();
    text.push_str("key=");
    text.push_str(key);
    text
}

pub(crate) fn sign<N: AsRef<str> + Ord>(
    fields: &[(N, String)],
    key: &str,
    digest: Digest,
) -> String {
    let text = signed_text(fields, key);
    match digest {
        Digest::Md5 => upper_hex(&Md5::digest(text.as_bytes())),
        Digest::HmacSha256 => upper_hex(&hmac_sha256(key.as_bytes(), text.as_bytes())),
    }
}

fn hmac_sha256(key: &[u8], text: &[u8]) -> Vec<u8> {
    // HMAC takes a key of any length.
    Hmac::<Sha256>::new_from_slice(key)
        .map(|mac| mac.chain_update(text).finalize().into_bytes().to_vec())
        .unwrap_or_default()
}

fn upper_hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02X}")).collect()
}

/// Values in CDATA but for amounts, as WeChat Pay writes them.
fn xml(root: &str, fields: &[(&'static str, String)]) -> String {
    let mut text = format!("<{root}>");
    for (name, value) in fields {
        let value = match *name {
            "total_fee" => value.clone(),
            _ if value.contains("]]>") => escape(value.as_str()).into_owned(),
            _ => format!("<![CDATA[{value}]]>"),
        };
        text.push_str(&format!("<{name}>{value}</{name}>\n"));
    }
    text.push_str(&format!("</{root}>"));
    text
}

/// AES-256-ECB with PKCS#7 under the lower-case MD5 of the APIv2 key, in Base64 (退款结果通知).
fn encrypted(api_v2_key: &str, plain: &[u8]) -> Result<String, Unwritten> {
    let key = upper_hex(&Md5::digest(api_v2_key.as_bytes())).to_lowercase();
    let cipher = Aes256::new_from_slice(key.as_bytes())
        .map_err(|_length| Unwritten::Unencrypted("an MD5 in hex has not 32 letters"))?;
    let padding = BLOCK - plain.len() % BLOCK;
    let mut bytes = plain.to_vec();
    bytes.resize(plain.len() + padding, u8::try_from(padding).unwrap_or(0));
    let (blocks, _rest) = bytes.as_chunks_mut::<BLOCK>();
    for block in blocks {
        cipher.encrypt_block(block.into());
    }
    Ok(STANDARD.encode(bytes))
}

//! WeChat Pay's v3 notify: an envelope in JSON, its resource encrypted under the APIv3 key, signed
//! in its headers.

use std::time::Duration;

use aes_gcm::aead::{Aead as _, Payload};
use aes_gcm::{Aes256Gcm, KeyInit as _, Nonce};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Unwritten, Writing};
use crate::beijing;
use crate::books::{End, PlatformKey, Progress, Refund, Standing, Trade};
use crate::draw;
use crate::outside::Call;
use crate::sandbox::Sandbox;
use crate::wechatpay::platform::Occasion;
use crate::wechatpay::sign::{probed, signed_headers};

/// How long WeChat Pay waits for an answer (支付结果通知).
const PATIENCE: Duration = Duration::from_secs(5);

/// An envelope, the same through all repeats, and the key that signs it.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Envelope {
    body: String,
    platform: PlatformKey,
}

/// What a notify is about.
struct Kind {
    event_type: &'static str,
    original_type: &'static str,
    summary: &'static str,
}

/// A payment's notify.
pub(super) fn payment(sandbox: &Sandbox, trade: &Trade) -> Result<Envelope, Unwritten> {
    let kind = Kind {
        event_type: "TRANSACTION.SUCCESS",
        original_type: "transaction",
        summary: "支付成功",
    };
    envelope(sandbox, trade, kind, &paid_transaction(sandbox, trade))
}

/// A refund's notify.
pub(super) fn refund(
    sandbox: &Sandbox,
    trade: &Trade,
    refund: &Refund,
) -> Result<Envelope, Unwritten> {
    let mut resource = json!({
        "mchid": sandbox.keys().wechatpay.mch_id,
        "out_trade_no": trade.out_trade_no,
        "transaction_id": trade.transaction_id,
        "out_refund_no": refund.refund_no,
        "refund_id": refund.refund_id,
        "refund_status": refund.state(),
        "user_received_account": "支付用户零钱",
        "amount": {
            "total": trade.minor,
            "refund": refund.minor,
            "payer_total": trade.minor,
            "payer_refund": refund.minor,
        },
    });
    if let (true, Some(fields)) = (refund.is_back(), resource.as_object_mut()) {
        let at = beijing::rfc3339(refund.at());
        fields.insert("success_time".to_owned(), json!(at));
    }
    let (event_type, summary) = match refund.progress {
        Progress::Processing(..) | Progress::Ended(_, End::Success) => {
            ("REFUND.SUCCESS", "退款成功")
        }
        Progress::Ended(_, End::Abnormal) => ("REFUND.ABNORMAL", "退款异常"),
        Progress::Ended(_, End::Closed) => ("REFUND.CLOSED", "退款关闭"),
    };
    let kind = Kind {
        event_type,
        original_type: "refund",
        summary,
    };
    envelope(sandbox, trade, kind, &resource)
}

/// A paid transaction, as notifies and queries show it.
pub(crate) fn paid_transaction(sandbox: &Sandbox, trade: &Trade) -> Value {
    let (trade_type, attach) = trade.wechatpay_terms().map_or(("NATIVE", ""), |terms| {
        (terms.trade_type.word(), &terms.attach)
    });
    let mut transaction = json!({
        "mchid": sandbox.keys().wechatpay.mch_id,
        "appid": trade.terms.app_id,
        "out_trade_no": trade.out_trade_no,
        "transaction_id": trade.transaction_id,
        "trade_type": trade_type,
        "trade_state": trade.state(),
        "trade_state_desc": described(trade),
        "bank_type": "OTHERS",
        "attach": attach,
        "payer": { "openid": trade.buyer },
        "amount": {
            "total": trade.minor,
            "payer_total": trade.minor,
            "currency": "CNY",
            "payer_currency": "CNY",
        },
    });
    if let (Standing::Paid(at), Some(fields)) = (trade.standing, transaction.as_object_mut()) {
        fields.insert("success_time".to_owned(), json!(beijing::rfc3339(at)));
    }
    transaction
}

/// What a trade's state means, in WeChat Pay's words.
pub(crate) fn described(trade: &Trade) -> &'static str {
    match trade.standing {
        Standing::Waiting => "订单未支付",
        Standing::Closed(_) => "订单已关闭",
        Standing::Paid(_) if trade.refunds.is_empty() => "支付成功",
        Standing::Paid(_) => "订单发生过退款，退款详情请查询退款单",
    }
}

fn envelope(
    sandbox: &Sandbox,
    trade: &Trade,
    kind: Kind,
    resource: &Value,
) -> Result<Envelope, Unwritten> {
    let original_type = kind.original_type;
    let entropy = &sandbox.outside().entropy;
    let nonce = draw::alphanumeric(entropy, 12);
    let key = sandbox.keys().wechatpay.api_v3_key.as_bytes();
    let ciphertext = encrypted(key, &nonce, original_type, &serde_json::to_vec(resource)?)?;
    let uuid = draw::hex(entropy, 32);
    let body = json!({
        "id": hyphenated(&uuid),
        "create_time": beijing::rfc3339(sandbox.now()),
        "resource_type": "encrypt-resource",
        "event_type": kind.event_type,
        "summary": kind.summary,
        "resource": {
            "original_type": original_type,
            "algorithm": "AEAD_AES_256_GCM",
            "ciphertext": ciphertext,
            "associated_data": original_type,
            "nonce": nonce,
        },
    });
    let platform = trade
        .wechatpay_terms()
        .map_or(PlatformKey::PublicKey, |terms| terms.platform);
    Ok(Envelope {
        body: serde_json::to_string(&body)?,
        platform,
    })
}

impl Envelope {
    pub(super) fn write(
        &self,
        sandbox: &Sandbox,
        url: &str,
        writing: Writing,
    ) -> Result<Call, Unwritten> {
        let mut headers = signed_headers(sandbox, self.platform, Occasion::Notify, &self.body)?;
        let mut body = self.body.clone();
        match writing {
            Writing::Genuine => {}
            Writing::Tampered => body = body.replace("encrypt-resource", "Encrypt-resource"),
            Writing::Probe => headers = probed(headers),
        }
        headers.push(("content-type", "application/json".to_owned()));
        headers.push(("user-agent", "Mozilla/4.0".to_owned()));
        Ok(Call {
            method: http::Method::POST,
            url: url.to_owned(),
            headers,
            body: Bytes::from(body),
            deadline: PATIENCE,
        })
    }
}

/// AES-256-GCM as WeChat Pay uses it: ciphertext and tag, in Base64.
pub(crate) fn encrypted(
    key: &[u8],
    nonce: &str,
    associated_data: &str,
    plain: &[u8],
) -> Result<String, Unwritten> {
    let cipher = Aes256Gcm::new_from_slice(key)
        .map_err(|_length| Unwritten::Unencrypted("the APIv3 key has not 32 bytes"))?;
    let nonce = Nonce::try_from(nonce.as_bytes())
        .map_err(|_length| Unwritten::Unencrypted("the nonce has not 12 bytes"))?;
    let payload = Payload {
        msg: plain,
        aad: associated_data.as_bytes(),
    };
    cipher
        .encrypt(&nonce, payload)
        .map(|sealed| STANDARD.encode(sealed))
        .map_err(|_too_long| Unwritten::Unencrypted("the message is too long"))
}

fn hyphenated(hex: &str) -> String {
    let mut text = String::with_capacity(36);
    for (index, digit) in hex.chars().enumerate() {
        if matches!(index, 8 | 12 | 16 | 20) {
            text.push('-');
        }
        text.push(digit);
    }
    text
}

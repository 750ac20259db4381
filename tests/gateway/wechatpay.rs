//! WeChat Pay's notifies: v3 in JSON, encrypted and signed in its headers, and v2 in signed XML.

use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use aes_gcm::aead::{Aead as _, Payload};
use aes_gcm::{Aes256Gcm, KeyInit as _, Nonce};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use md5::{Digest as _, Md5};
use serde_json::{Value, json};

use super::{Key, Message, Paid, account, text};

/// WeChat Pay, as it signs to one merchant.
pub(crate) struct WechatPay {
    key: Key,
    key_id: String,
    pub(super) app_id: String,
    pub(super) mch_id: String,
    api_v3_key: String,
    api_v2_key: String,
}

impl WechatPay {
    pub(crate) fn of(folder: &Path) -> Self {
        let account = account(folder, "wechatpay");
        Self {
            key: Key::read(&folder.join("wechatpay/pub_key_private.pem")),
            key_id: text(&account, "platform_public_key_id"),
            app_id: text(&account, "app_id"),
            mch_id: text(&account, "mch_id"),
            api_v3_key: text(&account, "api_v3_key"),
            api_v2_key: text(&account, "api_v2_key"),
        }
    }

    /// A payment succeeded, told in v3.
    pub(crate) fn paid_v3(&self, paid: &Paid<'_>) -> Message {
        self.paid_v3_at(paid, "2026-01-05T10:00:07+08:00")
    }

    /// A payment succeeded at that time, told in v3.
    pub(crate) fn paid_v3_at(&self, paid: &Paid<'_>, success_time: &str) -> Message {
        self.v3("TRANSACTION.SUCCESS", "transaction", &json!({
            "mchid": self.mch_id,
            "appid": self.app_id,
            "out_trade_no": paid.out_trade_no,
            "transaction_id": paid.transaction_id,
            "trade_type": "NATIVE",
            "trade_state": "SUCCESS",
            "trade_state_desc": "支付成功",
            "bank_type": "OTHERS",
            "attach": "",
            "success_time": success_time,
            "payer": { "openid": "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o" },
            "amount": { "total": paid.minor, "payer_total": paid.minor, "currency": "CNY", "payer_currency": "CNY" },
        }))
    }

    /// A payment of a kind that payfold has never heard of, told in v3.
    pub(crate) fn unheard_of(&self) -> Message {
        let resource = json!({ "mchid": self.mch_id, "out_order_no": "wx_score_0001" });
        self.v3("PAYSCORE.USER_PONDERED", "payscore", &resource)
    }

    /// Any event, told in v3.
    pub(crate) fn v3(&self, event_type: &str, original_type: &str, resource: &Value) -> Message {
        let nonce = "k0wJ2ZtZL9pf";
        let cipher = Aes256Gcm::new_from_slice(self.api_v3_key.as_bytes()).unwrap();
        let plain = resource.to_string();
        let payload = Payload {
            msg: plain.as_bytes(),
            aad: original_type.as_bytes(),
        };
        let sealed = cipher
            .encrypt(&Nonce::try_from(nonce.as_bytes()).unwrap(), payload)
            .unwrap();
        let body = json!({
            "id": "a6c9e0b4-3f5e-5d0c-9a7e-5a2f3d1c8b70",
            "create_time": "2026-01-05T10:00:08+08:00",
            "resource_type": "encrypt-resource",
            "event_type": event_type,
            "summary": "支付成功",
            "resource": {
                "original_type": original_type,
                "algorithm": "AEAD_AES_256_GCM",
                "ciphertext": STANDARD.encode(sealed),
                "associated_data": original_type,
                "nonce": nonce,
            },
        });
        self.signed_at(now_secs(), body.to_string())
    }

    /// A v3 body signed at a time, in seconds since 1970.
    pub(crate) fn signed_at(&self, timestamp: u64, body: String) -> Message {
        let nonce = "fdasflkja484w0vLa2xJpY7hQd1nRt3s";
        let signature = self.key.sign(&format!("{timestamp}\n{nonce}\n{body}\n"));
        Message {
            headers: vec![
                ("content-type", "application/json".to_owned()),
                ("wechatpay-timestamp", timestamp.to_string()),
                ("wechatpay-nonce", nonce.to_owned()),
                ("wechatpay-serial", self.key_id.clone()),
                ("wechatpay-signature", signature),
                (
                    "wechatpay-signature-type",
                    "WECHATPAY2-SHA256-RSA2048".to_owned(),
                ),
            ],
            body,
        }
    }

    /// A payment succeeded, told in v2.
    pub(crate) fn paid_v2(&self, paid: &Paid<'_>) -> Message {
        self.paid_v2_with(paid, "tea")
    }

    /// The same with the shop's own words in it.
    pub(crate) fn paid_v2_with(&self, paid: &Paid<'_>, attach: &str) -> Message {
        let minor = paid.minor.to_string();
        let fields = [
            ("appid", self.app_id.as_str()),
            ("attach", attach),
            ("bank_type", "OTHERS"),
            ("cash_fee", &minor),
            ("fee_type", "CNY"),
            ("is_subscribe", "N"),
            ("mch_id", &self.mch_id),
            ("nonce_str", "5K8264ILTKCH16CQ2502SI8ZNMTM67VS"),
            ("openid", "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"),
            ("out_trade_no", paid.out_trade_no),
            ("result_code", "SUCCESS"),
            ("return_code", "SUCCESS"),
            ("time_end", "20260105100007"),
            ("total_fee", &minor),
            ("trade_type", "JSAPI"),
            ("transaction_id", paid.transaction_id),
        ];
        let pairs: String = fields
            .iter()
            .map(|(name, value)| format!("{name}={value}&"))
            .collect();
        let digest = Md5::digest(format!("{pairs}key={}", self.api_v2_key));
        let sign: String = digest.iter().map(|byte| format!("{byte:02X}")).collect();
        let elements = fields.into_iter().chain([("sign", sign.as_str())]);
        let elements: String = elements
            .map(|(name, value)| format!("<{name}><![CDATA[{value}]]></{name}>\n"))
            .collect();
        Message {
            headers: vec![("content-type", "text/xml".to_owned())],
            body: format!("<xml>{elements}</xml>"),
        }
    }
}

/// The time that WeChat Pay signs.
pub(crate) fn now_secs() -> u64 {
    #[expect(
        clippy::disallowed_methods,
        reason = "a gateway has a clock of its own"
    )]
    let now = SystemTime::now();
    now.duration_since(UNIX_EPOCH).unwrap().as_secs()
}

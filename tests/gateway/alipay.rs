//! Alipay's notifies: a form, signed with RSA2.

use std::collections::BTreeMap;
use std::path::Path;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::{Key, Message, Paid, account, text};

/// Alipay, as it signs to one merchant.
pub(crate) struct Alipay {
    key: Key,
    app_id: String,
    pub(super) seller_id: String,
}

impl Alipay {
    pub(crate) fn of(folder: &Path) -> Self {
        let account = account(folder, "alipay");
        Self {
            key: Key::read(&folder.join("alipay/gateway_private_key.pem")),
            app_id: text(&account, "app_id"),
            seller_id: text(&account, "seller_id"),
        }
    }

    /// As it signs once its certificate is renewed.
    pub(crate) fn renewed(folder: &Path) -> Self {
        let key = Key::read(&folder.join("alipay/gateway_next_private_key.pem"));
        Self {
            key,
            ..Self::of(folder)
        }
    }

    /// The same merchant's Alipay, signing with another key: PKCS#8 in bare Base64.
    pub(crate) fn signing_with(self, key: &str) -> Self {
        let key = Key::bare(key);
        Self { key, ..self }
    }

    /// A payment succeeded.
    pub(crate) fn paid(&self, paid: &Paid<'_>) -> Message {
        self.notify(paid, &[])
    }

    /// A payment's notify with other fields, or with more; an empty one is left out.
    pub(crate) fn notify(&self, paid: &Paid<'_>, other: &[(&str, &str)]) -> Message {
        self.form(&self.fields(paid, other))
    }

    /// A notify that was changed after it was signed.
    pub(crate) fn tampered(&self, paid: &Paid<'_>, field: &str, value: &str) -> Message {
        let mut fields = self.fields(paid, &[]);
        let sign = self.key.sign(&signed_text(&fields));
        fields.insert(field.to_owned(), value.to_owned());
        encoded(&fields, &sign)
    }

    /// The query that the buyer's browser brings back from Alipay's page.
    pub(crate) fn returned(&self, paid: &Paid<'_>) -> String {
        let amount = format!("{}.{:02}", paid.minor / 100, paid.minor % 100);
        let fields = [
            ("app_id", self.app_id.as_str()),
            ("auth_app_id", &self.app_id),
            ("charset", "utf-8"),
            ("method", "alipay.trade.page.pay.return"),
            ("out_trade_no", paid.out_trade_no),
            ("seller_id", &self.seller_id),
            ("timestamp", "2026-01-05 10:00:09"),
            ("total_amount", &amount),
            ("trade_no", paid.transaction_id),
            ("version", "1.0"),
        ];
        let fields = fields.map(|(name, value)| (name.to_owned(), value.to_owned()));
        self.form(&BTreeMap::from(fields)).body
    }

    fn form(&self, fields: &BTreeMap<String, String>) -> Message {
        encoded(fields, &self.key.sign(&signed_text(fields)))
    }

    fn fields(&self, paid: &Paid<'_>, other: &[(&str, &str)]) -> BTreeMap<String, String> {
        let amount = format!("{}.{:02}", paid.minor / 100, paid.minor % 100);
        let usual = [
            ("app_id", self.app_id.as_str()),
            ("auth_app_id", &self.app_id),
            ("buyer_id", "2088102116773037"),
            ("buyer_pay_amount", &amount),
            ("charset", "utf-8"),
            ("gmt_create", "2026-01-05 10:00:00"),
            ("gmt_payment", "2026-01-05 10:00:07"),
            ("notify_id", "2026010500222100007073030501204455"),
            ("notify_time", "2026-01-05 10:00:08"),
            ("notify_type", "trade_status_sync"),
            ("out_trade_no", paid.out_trade_no),
            ("seller_id", &self.seller_id),
            ("subject", "龙井茶 100 g"),
            ("total_amount", &amount),
            ("trade_no", paid.transaction_id),
            ("trade_status", "TRADE_SUCCESS"),
            ("version", "1.0"),
        ];
        let fields = usual.iter().chain(other);
        let mut fields: BTreeMap<String, String> = fields
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        fields.retain(|_, value| !value.is_empty());
        fields
    }
}

/// Sorted by name, not percent-encoded, without `sign` and `sign_type` 「异步返回结果的验签」.
fn signed_text(fields: &BTreeMap<String, String>) -> String {
    let pairs: Vec<String> = fields
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    pairs.join("&")
}

fn encoded(fields: &BTreeMap<String, String>, sign: &str) -> Message {
    let signature = [("sign_type", "RSA2"), ("sign", sign)];
    let fields = fields
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()));
    let pairs: Vec<String> = fields
        .chain(signature)
        .map(|(name, value)| format!("{name}={}", utf8_percent_encode(value, NON_ALPHANUMERIC)))
        .collect();
    Message {
        headers: vec![(
            "content-type",
            "application/x-www-form-urlencoded; charset=utf-8".to_owned(),
        )],
        body: pairs.join("&"),
    }
}

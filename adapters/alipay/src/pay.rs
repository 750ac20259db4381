//! Payments that start without a call: signed parameters that the buyer's browser or app carries to
//! Alipay 「电脑网站支付」, 「手机网站支付」, 「App支付」, 「自行实现签名」. Whether to start one is others' part.

use payfold_domain::{Currency, Money, OutTradeNo, Timestamp};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value};

use crate::account::Signer;
use crate::{AlipayAccount, grammar};

/// A payment to start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PayRequest {
    /// The payment's number.
    pub out_trade_no: OutTradeNo,
    /// Its amount: CNY 0.01 to 100000000.00.
    pub amount: Money,
    /// What the buyer reads, at most 256 characters.
    pub subject: String,
    /// When it can no longer be paid, `time_expire`; whole seconds.
    pub time_expire: Timestamp,
    /// Where Alipay notifies, without a query.
    pub notify_url: String,
    /// Where the buyer's browser is sent back to; not for an app.
    pub return_url: Option<String>,
    /// Where a buyer on a phone goes who gives up; only for a phone's page.
    pub quit_url: Option<String>,
    /// Alipay compares it with its own clock.
    pub now: Timestamp,
}

/// Why a payment cannot be started.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PayFault {
    /// The account has no private key.
    #[error("starting a payment: the account has no app_private_key_file and only receives")]
    ReceivesOnly,
    /// The amount is none that Alipay takes.
    #[error("starting a payment: expected an amount of CNY 0.01 to 100000000.00")]
    AmountRefused,
    /// A time has no date in the calendar.
    #[error("starting a payment: expected times within the calendar")]
    TimeRefused,
    /// The key refused to sign.
    #[error("starting a payment: the application's key could not sign")]
    Unsigned,
}

/// A page-type method and the product that it stands for.
struct Product {
    method: &'static str,
    product_code: &'static str,
}

const PAGE: Product = Product {
    method: "alipay.trade.page.pay",
    product_code: "FAST_INSTANT_TRADE_PAY",
};
const WAP: Product = Product {
    method: "alipay.trade.wap.pay",
    product_code: "QUICK_WAP_WAY",
};
const APP: Product = Product {
    method: "alipay.trade.app.pay",
    product_code: "QUICK_MSECURITY_PAY",
};

const LARGEST_AMOUNT_FEN: i64 = 10_000_000_000;

impl AlipayAccount {
    /// A URL for the browser of a buyer at a computer (`alipay.trade.page.pay`). Signing is heavy on
    /// the CPU, here and in the others.
    ///
    /// # Errors
    ///
    /// Where the account cannot sign, or the request has no form at Alipay.
    pub fn page_pay(&self, request: &PayRequest) -> Result<String, PayFault> {
        let query = self.signed_query(&PAGE, request, request.return_url.as_deref(), None)?;
        Ok(format!("{}?{query}", self.gateway_url()))
    }

    /// A URL for the browser of a buyer at a phone (`alipay.trade.wap.pay`).
    ///
    /// # Errors
    ///
    /// As of [`Self::page_pay`].
    pub fn wap_pay(&self, request: &PayRequest) -> Result<String, PayFault> {
        let quit_url = request.quit_url.as_deref();
        let query = self.signed_query(&WAP, request, request.return_url.as_deref(), quit_url)?;
        Ok(format!("{}?{query}", self.gateway_url()))
    }

    /// The order string that the shop's app hands to Alipay's kit (`alipay.trade.app.pay`).
    ///
    /// # Errors
    ///
    /// As of [`Self::page_pay`].
    pub fn app_pay(&self, request: &PayRequest) -> Result<String, PayFault> {
        self.signed_query(&APP, request, None, None)
    }

    fn signed_query(
        &self,
        product: &Product,
        request: &PayRequest,
        return_url: Option<&str>,
        quit_url: Option<&str>,
    ) -> Result<String, PayFault> {
        let signer = self.signer().ok_or(PayFault::ReceivesOnly)?;
        let biz_content = biz_content(product, request, quit_url)?;
        let timestamp = grammar::to_beijing(request.now).ok_or(PayFault::TimeRefused)?;
        let mut parameters = vec![
            ("app_id", self.app_id().as_str()),
            ("biz_content", &biz_content),
            ("charset", "utf-8"),
            ("format", "JSON"),
            ("method", product.method),
            ("notify_url", &request.notify_url),
            ("return_url", return_url.unwrap_or_default()),
            ("sign_type", "RSA2"),
            ("timestamp", &timestamp),
            ("version", "1.0"),
        ];
        if let Some(sns) = &signer.sns {
            parameters.push(("app_cert_sn", &sns.app));
            parameters.push(("alipay_root_cert_sn", &sns.root));
        }
        sign(signer, parameters)
    }
}

/// Sorts the parameters, leaves out empty ones, and signs all others, `sign_type` too: unlike a notify.
fn sign(signer: &Signer, mut parameters: Vec<(&str, &str)>) -> Result<String, PayFault> {
    parameters.retain(|(_, value)| !value.is_empty());
    parameters.sort_unstable();
    let signed: Vec<String> = parameters
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    let signature = signer
        .key
        .sign(signed.join("&").as_bytes())
        .ok_or(PayFault::Unsigned)?;
    let encoded: Vec<String> = parameters
        .into_iter()
        .chain([("sign", signature.as_str())])
        .map(|(name, value)| format!("{name}={}", utf8_percent_encode(value, ENCODED)))
        .collect();
    Ok(encoded.join("&"))
}

/// Everything but RFC 3986's unreserved characters, which every decoder takes the same way.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

fn biz_content(
    product: &Product,
    request: &PayRequest,
    quit_url: Option<&str>,
) -> Result<String, PayFault> {
    let amount = request.amount;
    if amount.currency != Currency::CNY || !(1..=LARGEST_AMOUNT_FEN).contains(&amount.minor) {
        return Err(PayFault::AmountRefused);
    }
    let time_expire = grammar::to_beijing(request.time_expire).ok_or(PayFault::TimeRefused)?;
    let members = [
        ("out_trade_no", Some(request.out_trade_no.to_string())),
        ("total_amount", Some(amount.to_yuan())),
        ("subject", Some(harmless(&request.subject))),
        ("product_code", Some(product.product_code.to_owned())),
        ("time_expire", Some(time_expire)),
        ("quit_url", quit_url.map(str::to_owned)),
    ];
    let content: Map<String, Value> = members
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), Value::String(value?))))
        .collect();
    Ok(Value::Object(content).to_string())
}

/// A subject comes back in notifies, whose signed string has no escaping: without `&` and `=` it can't
/// pass for other fields there. `/` is not to be in it either.
fn harmless(subject: &str) -> String {
    subject
        .chars()
        .map(|character| match character {
            '/' => '／',
            '=' => '＝',
            '&' => '＆',
            other => other,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::AppKey;

    /// The requests of the vectors, signed by another implementation.
    #[test]
    fn the_signature_is_that_of_every_vector() {
        let read = |name: &str| -> Value {
            let folder = env!("CARGO_MANIFEST_DIR");
            let path = format!("{folder}/tests/vectors/{name}.json");
            serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
        };
        let key = AppKey::from_text(read("keys")["app"]["pkcs1_base64"].as_str().unwrap()).unwrap();
        let signer = Signer { key, sns: None };
        let requests = read("request");
        for vector in requests["vectors"].as_array().unwrap() {
            let parameters = vector["params"].as_object().unwrap().iter();
            let parameters = parameters.map(|(name, value)| (&**name, value.as_str().unwrap()));
            let query = sign(&signer, parameters.collect()).unwrap();
            let expected = utf8_percent_encode(vector["sign"].as_str().unwrap(), ENCODED);
            assert!(query.ends_with(&format!("&sign={expected}")), "{vector}");
        }
    }
}

//! The parameters of a request, signed 「自行实现签名」: what every request to Alipay has in common, whoever
//! carries it. What is asked stands in `biz_content`, which is others' part.

use payfold_domain::{Currency, Money, Timestamp};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value};

use crate::account::Signer;
use crate::{AlipayAccount, UnsentRequest, grammar};

/// A request before it is signed.
pub(crate) struct Draft<'a> {
    /// Alipay's name for what is asked.
    pub(crate) method: &'static str,
    /// What is asked, as JSON.
    pub(crate) biz_content: String,
    /// Where Alipay is to tell of it; empty where it tells of nothing.
    pub(crate) notify_url: &'a str,
    /// Where a buyer's browser is sent back to; empty where there is none.
    pub(crate) return_url: &'a str,
    /// Alipay compares it with its own clock.
    pub(crate) now: Timestamp,
}

/// A request's parameters, sorted and percent-encoded, and their signature.
pub(crate) struct Signed {
    parameters: Vec<(String, String)>,
}

const BIZ_CONTENT: &str = "biz_content";

impl AlipayAccount {
    /// Signs a request. Heavy on the CPU.
    pub(crate) fn sign(&self, draft: &Draft<'_>) -> Result<Signed, UnsentRequest> {
        let signer = self.signer().ok_or(UnsentRequest::ReceivesOnly)?;
        let timestamp = grammar::to_beijing(draft.now).ok_or(UnsentRequest::BadTime)?;
        let mut parameters = vec![
            ("app_id", self.app_id().as_str()),
            (BIZ_CONTENT, &draft.biz_content),
            ("charset", "utf-8"),
            ("format", "JSON"),
            ("method", draft.method),
            ("notify_url", draft.notify_url),
            ("return_url", draft.return_url),
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

impl Signed {
    /// All of it, as a query or a form.
    pub(crate) fn whole(&self) -> String {
        self.only(|_name| true)
    }

    /// All but what is asked: what Alipay's own kits put into the query of a call. `charset` must be
    /// there, for Alipay reads the body by it.
    pub(crate) fn query(&self) -> String {
        self.only(|name| name != BIZ_CONTENT)
    }

    /// What is asked alone: the body of a call.
    pub(crate) fn body(&self) -> String {
        self.only(|name| name == BIZ_CONTENT)
    }

    fn only(&self, keep: impl Fn(&str) -> bool) -> String {
        let mut text = String::with_capacity(2048);
        for (name, value) in self.parameters.iter().filter(|(name, _)| keep(name)) {
            if !text.is_empty() {
                text.push('&');
            }
            text.push_str(name);
            text.push('=');
            text.push_str(value);
        }
        text
    }
}

/// Sorts the parameters, leaves out empty ones, and signs all others, `sign_type` too: unlike a notify.
fn sign(signer: &Signer, mut parameters: Vec<(&str, &str)>) -> Result<Signed, UnsentRequest> {
    parameters.retain(|(_, value)| !value.is_empty());
    parameters.sort_unstable();
    let signed: Vec<String> = parameters
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    let signature = signer
        .key
        .sign(signed.join("&").as_bytes())
        .ok_or(UnsentRequest::Unsignable)?;
    let encoded = |(name, value): (&str, &str)| {
        let value = utf8_percent_encode(value, ENCODED).to_string();
        (name.to_owned(), value)
    };
    Ok(Signed {
        parameters: parameters
            .into_iter()
            .chain([("sign", signature.as_str())])
            .map(encoded)
            .collect(),
    })
}

/// Everything but RFC 3986's unreserved characters, which every decoder takes the same way.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// What is asked, as JSON: these members without the absent ones.
pub(crate) fn biz_content<const N: usize>(members: [(&str, Option<Value>); N]) -> String {
    let content: Map<String, Value> = members
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), value?)))
        .collect();
    Value::Object(content).to_string()
}

/// An amount as requests write it: yuan with two decimals.
pub(crate) fn amount(amount: Money) -> Result<Value, UnsentRequest> {
    const LARGEST_FEN: i64 = 10_000_000_000;
    if amount.currency == Currency::CNY && (1..=LARGEST_FEN).contains(&amount.minor) {
        Ok(amount.to_yuan().into())
    } else {
        Err(UnsentRequest::BadAmount)
    }
}

/// A time as requests write it: Beijing's, whole seconds.
pub(crate) fn time(time: Timestamp) -> Result<Value, UnsentRequest> {
    grammar::to_beijing(time)
        .map(Value::from)
        .ok_or(UnsentRequest::BadTime)
}

/// A subject comes back in notifies, whose signed string has no escaping: without `&` and `=` it can't
/// pass for other fields there. `/` is not to be in it either. And it stands in bills, which quote
/// nothing: without `,` a row has as many cells as there are columns.
pub(crate) fn harmless(subject: &str) -> Value {
    let subject: String = subject
        .chars()
        .map(|character| match character {
            '/' => '／',
            '=' => '＝',
            '&' => '＆',
            ',' => '，',
            other => other,
        })
        .collect();
    subject.into()
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
            let query = sign(&signer, parameters.collect()).unwrap().whole();
            let expected = utf8_percent_encode(vector["sign"].as_str().unwrap(), ENCODED);
            assert!(query.ends_with(&format!("&sign={expected}")), "{vector}");
        }
    }
}

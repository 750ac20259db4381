//! The headers by which WeChat Pay signs what it says, answers and notifies alike.

use super::platform::Occasion;
use crate::books::PlatformKey;
use crate::draw;
use crate::sandbox::Sandbox;
use crate::sign::{SigningFailed, base64_signature};

/// A header's name and value.
pub(crate) type Header = (&'static str, String);

/// A wrong signature by which WeChat Pay sees whether a merchant verifies (应对签名探测流量).
const PROBE: &str = "WECHATPAY/SIGNTEST/";

/// The headers that sign a body, made now (如何验证签名).
pub(crate) fn signed_headers(
    sandbox: &Sandbox,
    key: PlatformKey,
    occasion: Occasion,
    body: &str,
) -> Result<Vec<Header>, SigningFailed> {
    let timestamp = sandbox.now().timestamp().to_string();
    let nonce = draw::alphanumeric(&sandbox.outside().entropy, 32);
    let message = format!("{timestamp}\n{nonce}\n{body}\n");
    let key = sandbox.signing_key(key, occasion);
    let signature = base64_signature(sandbox.wechatpay_signer(key), message.as_bytes())?;
    Ok(vec![
        ("wechatpay-timestamp", timestamp),
        ("wechatpay-nonce", nonce),
        ("wechatpay-serial", key.serial(sandbox).to_owned()),
        ("wechatpay-signature", signature),
        (
            "wechatpay-signature-type",
            "WECHATPAY2-SHA256-RSA2048".to_owned(),
        ),
    ])
}

/// The same headers with a signature that does not hold, known by how it begins.
pub(crate) fn probed(mut headers: Vec<Header>) -> Vec<Header> {
    for (name, value) in &mut headers {
        if *name == "wechatpay-signature" {
            let tail: String = value.chars().skip(PROBE.len()).collect();
            *value = format!("{PROBE}{tail}");
        }
    }
    headers
}

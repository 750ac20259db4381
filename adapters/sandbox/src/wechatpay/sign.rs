//! The headers by which WeChat Pay signs what it says, answers and notifies alike.

use crate::books::PlatformKey;
use crate::draw;
use crate::sandbox::Sandbox;
use crate::sign::{SigningFailed, base64_signature};

/// A header's name and value.
pub(crate) type Header = (&'static str, String);

/// The headers that sign a body, made now (如何验证签名).
pub(crate) fn signed_headers(
    sandbox: &Sandbox,
    key: PlatformKey,
    body: &str,
) -> Result<Vec<Header>, SigningFailed> {
    let timestamp = sandbox.now().timestamp().to_string();
    let nonce = draw::alphanumeric(&sandbox.outside().entropy, 32);
    let message = format!("{timestamp}\n{nonce}\n{body}\n");
    let signature = base64_signature(sandbox.wechatpay_signer(key), message.as_bytes())?;
    let wechatpay = &sandbox.keys().wechatpay;
    let serial = match key {
        PlatformKey::PublicKey => wechatpay.public_key_id.clone(),
        PlatformKey::Certificate => wechatpay.platform_cert.serial.clone(),
    };
    Ok(vec![
        ("wechatpay-timestamp", timestamp),
        ("wechatpay-nonce", nonce),
        ("wechatpay-serial", serial),
        ("wechatpay-signature", signature),
        (
            "wechatpay-signature-type",
            "WECHATPAY2-SHA256-RSA2048".to_owned(),
        ),
    ])
}

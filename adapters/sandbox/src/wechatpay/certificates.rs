//! The platform certificate, encrypted for the merchant, as SDKs fetch it (获取平台证书列表).

use axum::extract::State;
use axum::response::Response;
use serde_json::{Value, json};

use super::answer::Refusal;
use super::called::Called;
use crate::draw;
use crate::notify::encrypted;
use crate::sandbox::Sandbox;

pub(super) async fn list(State(sandbox): State<Sandbox>, called: Called) -> Response {
    called.answer(&sandbox, "", |_key| listed(&sandbox)).await
}

fn listed(sandbox: &Sandbox) -> Result<Value, Refusal> {
    let wechatpay = &sandbox.keys().wechatpay;
    let nonce = draw::alphanumeric(&sandbox.outside().entropy, 12);
    let (key, pem) = (
        wechatpay.api_v3_key.as_bytes(),
        wechatpay.platform_cert.pem.as_bytes(),
    );
    let ciphertext = encrypted(key, &nonce, "certificate", pem).map_err(|error| {
        tracing::error!(%error, "the platform certificate was not encrypted");
        Refusal::down()
    })?;
    Ok(json!({
        "data": [{
            "serial_no": wechatpay.platform_cert.serial,
            "effective_time": wechatpay.platform_cert.from,
            "expire_time": wechatpay.platform_cert.to,
            "encrypt_certificate": {
                "algorithm": "AEAD_AES_256_GCM",
                "nonce": nonce,
                "associated_data": "certificate",
                "ciphertext": ciphertext,
            },
        }],
    }))
}

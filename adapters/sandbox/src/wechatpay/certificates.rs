//! The platform certificates, encrypted for the merchant, as SDKs fetch them (获取平台证书列表).

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Value, json};

use super::answer::Refusal;
use super::called::Called;
use super::platform::{Platform, Renewal, SignsWith};
use crate::certificate::Cert;
use crate::draw;
use crate::notify::encrypted;
use crate::sandbox::Sandbox;

pub(super) async fn list(State(sandbox): State<Sandbox>, called: Called) -> Response {
    called.answer(&sandbox, "", |_key| listed(&sandbox)).await
}

fn listed(sandbox: &Sandbox) -> Result<Value, Refusal> {
    let Platform {
        signs_with,
        certificate,
    } = sandbox.state().platform;
    if signs_with == SignsWith::PublicKey {
        return Err(Refusal {
            status: StatusCode::NOT_FOUND,
            ..Refusal::business(
                "RESOURCE_NOT_EXISTS",
                "无可用的平台证书，请在商户平台-API安全申请使用微信支付公钥",
            )
        });
    }
    let wechatpay = &sandbox.keys().wechatpay;
    let certs = match certificate {
        Renewal::Current => vec![&wechatpay.platform_cert],
        Renewal::Announced | Renewal::Renewed => {
            vec![&wechatpay.next.cert, &wechatpay.platform_cert]
        }
    };
    let data: Result<Vec<Value>, Refusal> =
        certs.into_iter().map(|cert| shown(sandbox, cert)).collect();
    Ok(json!({ "data": data? }))
}

fn shown(sandbox: &Sandbox, cert: &Cert) -> Result<Value, Refusal> {
    let nonce = draw::alphanumeric(&sandbox.outside().entropy, 12);
    let key = sandbox.keys().wechatpay.api_v3_key.as_bytes();
    let ciphertext =
        encrypted(key, &nonce, "certificate", cert.pem.as_bytes()).map_err(|error| {
            tracing::error!(%error, "a platform certificate was not encrypted");
            Refusal::down()
        })?;
    Ok(json!({
        "serial_no": cert.serial,
        "effective_time": cert.from,
        "expire_time": cert.to,
        "encrypt_certificate": {
            "algorithm": "AEAD_AES_256_GCM",
            "nonce": nonce,
            "associated_data": "certificate",
            "ciphertext": ciphertext,
        },
    }))
}

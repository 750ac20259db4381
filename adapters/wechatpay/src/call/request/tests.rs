//! Requests are signed as the published samples are, and say what was asked for.

use super::*;

use std::collections::BTreeMap;

use payfold_domain::AccountName;
use zeroize::Zeroizing;

use crate::AccountConfig;

/// The account that the published sample signs for.
pub(crate) fn sample_account(app_id: &str) -> WechatPayAccount {
    let vector = sample();
    let notify: serde_json::Value =
        serde_json::from_str(include_str!("../../../tests/vectors/v3_notify.json")).unwrap();
    WechatPayAccount::new(&AccountConfig {
        name: AccountName::new("wx").unwrap(),
        app_id: app_id.to_owned(),
        app_ids: BTreeMap::new(),
        mch_id: vector["mchid"].as_str().unwrap().to_owned(),
        gateway_url: "https://api.mch.weixin.qq.com".to_owned(),
        api_v3_key: Some(Zeroizing::new(
            notify["api_v3_key"].as_str().unwrap().to_owned(),
        )),
        api_v2_key: None,
        v2_sign_type: None,
        merchant_private_key: Some(Zeroizing::new(
            vector["private_key_pem"].as_str().unwrap().to_owned(),
        )),
        merchant_cert_serial: Some(vector["serial_no"].as_str().unwrap().to_owned()),
        platform_public_key_id: Some(notify["public_key"]["id"].as_str().unwrap().to_owned()),
        platform_public_key: Some(
            notify["public_key"]["public_key_pem"]
                .as_str()
                .unwrap()
                .to_owned(),
        ),
        platform_certs: Vec::new(),
    })
    .ok()
    .unwrap()
}

fn sample() -> serde_json::Value {
    serde_json::from_str(include_str!("../../../tests/vectors/v3_authorization.json")).unwrap()
}

#[test]
fn the_authorization_of_every_published_request_is_reproduced() {
    let vector = sample();
    let account = sample_account("wxd678efh567hg6787");
    for case in vector["cases"].as_array().unwrap() {
        let text = |name: &str| case[name].as_str().unwrap();
        let now = Timestamp::from_secs(text("timestamp").parse().unwrap());
        let method: HttpMethod = text("method").parse().unwrap();
        let made = account
            .authorization(
                &method,
                text("url"),
                now,
                text("nonce_str"),
                text("body").as_bytes(),
            )
            .unwrap();
        assert_eq!(made, text("authorization"), "{}", text("url"));
    }
}

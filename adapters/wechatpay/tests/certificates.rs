//! Fetching platform certificates.

use http::StatusCode;
use payfold_domain::Timestamp;
use payfold_wechatpay::{CallFault, Refusal};
use serde_json::{Value, json};

use crate::gateway::{NOW, account, headers, now, signed_headers};
use crate::vectors::{self, text};

fn list_headers(vector: &Value) -> http::HeaderMap {
    let pairs: Vec<(&str, &str)> = vector["headers"]
        .as_object()
        .unwrap()
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str().unwrap()))
        .collect();
    headers(&pairs)
}

#[test]
fn the_list_is_asked_for_without_a_body() {
    let request = account().certificates_request(now(), "nonce1").unwrap();
    assert_eq!(request.uri().path(), "/v3/certificates");
    assert!(request.body().is_empty());
}

#[test]
fn a_first_list_is_verified_with_what_it_brings_and_its_certificates_verify_from_then_on() {
    let (list, notify) = (vectors::v3_certificates(), vectors::v3_notify());
    let account = account();
    let case = &notify["cases"][0];
    let sent = list_headers(case);
    let body = text(case, "/body").as_bytes();
    assert_eq!(
        account.verify_v3(&sent, body, now()),
        Err(Refusal::UnknownCertificateSerial)
    );
    let take = || {
        account.take_certificates(
            StatusCode::OK,
            &list_headers(&list),
            text(&list, "/body").as_bytes(),
            now(),
        )
    };
    assert_eq!(take(), Ok(2));
    assert!(account.verify_v3(&sent, body, now()).is_ok());
    assert_eq!(account.public_keys().len(), 3);
    assert_eq!(take(), Ok(0));
}

#[test]
fn a_list_that_is_changed_late_or_probed_brings_nothing() {
    let list = vectors::v3_certificates();
    let account = account();
    let body = text(&list, "/body");
    let changed = body.replace("2036", "2037");
    let mut probe = list_headers(&list);
    probe.insert(
        "Wechatpay-Signature",
        "WECHATPAY/SIGNTEST/AAAA".parse().unwrap(),
    );
    for (sent, body, clock, label) in [
        (
            list_headers(&list),
            changed.as_str(),
            NOW,
            "signature_wrong",
        ),
        (list_headers(&list), body, NOW + 301, "outside_clock_window"),
        (probe, body, NOW, "signature_probe"),
    ] {
        match account.take_certificates(
            StatusCode::OK,
            &sent,
            body.as_bytes(),
            Timestamp::from_secs(clock),
        ) {
            Err(CallFault::Unverified(refusal)) => assert_eq!(refusal.label(), label),
            other => panic!("{label}: {other:?}"),
        }
    }
    assert_eq!(account.public_keys().len(), 1);
}

#[test]
fn a_certificate_under_another_serial_or_key_is_not_taken() {
    let list = vectors::v3_certificates();
    let account = account();
    let good: Value = serde_json::from_str(text(&list, "/body")).unwrap();
    for (pointer, value) in [
        (
            "/data/0/serial_no",
            "5157F09EFDC096DE15EBE81A47057A7232F1B8E2",
        ),
        ("/data/0/encrypt_certificate/nonce", "000000000000"),
        ("/data/0/encrypt_certificate/ciphertext", "AAAA"),
        ("/data", "none"),
    ] {
        let mut bad = good.clone();
        *bad.pointer_mut(pointer).unwrap() = json!(value);
        let body = bad.to_string();
        let taken = account.take_certificates(
            StatusCode::OK,
            &signed_headers(body.as_bytes()),
            body.as_bytes(),
            now(),
        );
        assert!(
            matches!(taken, Err(CallFault::Unreadable(_))),
            "{pointer}: {taken:?}"
        );
    }
    assert_eq!(account.public_keys().len(), 1);
}

#[test]
fn a_merchant_without_certificates_is_told_so_by_code() {
    let body = r#"{"code":"RESOURCE_NOT_EXISTS","message":"无可用的平台证书"}"#.as_bytes();
    let taken =
        account().take_certificates(StatusCode::NOT_FOUND, &http::HeaderMap::new(), body, now());
    assert_eq!(
        taken,
        Err(CallFault::Status {
            status: 404,
            code: Some("RESOURCE_NOT_EXISTS".to_owned())
        })
    );
}

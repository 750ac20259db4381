//! The signature over a v3 message, its keys and its clock.

use payfold_domain::{Message, Timestamp};
use payfold_wechatpay::{AccountConfig, Refusal, WechatPayAccount, verify_again_v3};
use serde_json::Value;
use zeroize::Zeroizing;

use crate::gateway::{
    self, KEY_ID, NOW, account, config, envelope, headers, now, signed_headers, signed_headers_at,
};
use crate::vectors::{self, text};

fn body() -> String {
    envelope(
        "TRANSACTION.SUCCESS",
        "transaction",
        &gateway::transaction().to_string(),
    )
    .to_string()
}

/// An account with every key of the vectors: two certificates and a public key, as in a change-over.
fn vector_config(vector: &Value) -> AccountConfig {
    AccountConfig {
        platform_public_key_id: Some(text(vector, "/public_key/id").to_owned()),
        platform_public_key: Some(text(vector, "/public_key/public_key_pem").to_owned()),
        platform_certs: vec![
            text(vector, "/platform_certs/0/cert_pem").to_owned(),
            text(vector, "/platform_certs/1/cert_pem").to_owned(),
        ],
        ..config()
    }
}

fn vector_headers(case: &Value) -> http::HeaderMap {
    let pairs: Vec<(&str, &str)> = case["headers"]
        .as_object()
        .unwrap()
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str().unwrap()))
        .collect();
    headers(&pairs)
}

#[test]
fn every_vector_is_judged_as_it_says_by_both_implementations() {
    let vector = vectors::v3_notify();
    let account = WechatPayAccount::new(&vector_config(&vector)).ok().unwrap();
    for case in vector["cases"].as_array().unwrap() {
        let name = text(case, "/name");
        let clock = case
            .get("checked_at")
            .unwrap_or(&case["valid_at"])
            .as_i64()
            .unwrap();
        let body = text(case, "/body").as_bytes();
        let verdict = account.verify_v3(&vector_headers(case), body, Timestamp::from_secs(clock));
        assert_eq!(
            verdict.is_ok(),
            case["valid"].as_bool().unwrap(),
            "{name}: {verdict:?}"
        );
        if let Ok(authentic) = verdict {
            let keys = account.public_keys();
            let (_, der) = keys
                .iter()
                .find(|(fingerprint, _)| *fingerprint == authentic.key)
                .unwrap();
            verify_again_v3(&authentic.signed_headers, body, der).unwrap();
            let reread = account.reread(body, Timestamp::from_secs(clock)).unwrap();
            assert_eq!(reread, authentic.message, "{name}");
        }
    }
}

#[test]
fn each_bad_vector_is_refused_for_its_own_reason() {
    let vector = vectors::v3_notify();
    let account = WechatPayAccount::new(&vector_config(&vector)).ok().unwrap();
    let refusal_of = |name: &str| {
        let case = vector["cases"]
            .as_array()
            .unwrap()
            .iter()
            .find(|case| case["name"] == name)
            .unwrap();
        let clock = case
            .get("checked_at")
            .unwrap_or(&case["valid_at"])
            .as_i64()
            .unwrap();
        account
            .verify_v3(
                &vector_headers(case),
                text(case, "/body").as_bytes(),
                Timestamp::from_secs(clock),
            )
            .unwrap_err()
    };
    assert_eq!(refusal_of("body_changed"), Refusal::SignatureWrong);
    assert_eq!(refusal_of("signtest_probe"), Refusal::SignatureProbe);
    assert_eq!(refusal_of("serial_confusion"), Refusal::SignatureWrong);
    assert_eq!(
        refusal_of("stale"),
        Refusal::OutsideClockWindow { skew_secs: 360 }
    );
}

#[test]
fn a_published_notify_without_signature_type_verifies_and_fails_only_at_its_other_api_key() {
    let vector = vectors::v3_published();
    let notify = &vector["notify"];
    let account = WechatPayAccount::new(&AccountConfig {
        platform_certs: vec![text(notify, "/platform_cert_pem").to_owned()],
        ..config()
    })
    .ok()
    .unwrap();
    let sent = headers(&[
        ("Wechatpay-Timestamp", text(notify, "/timestamp")),
        ("Wechatpay-Nonce", text(notify, "/nonce")),
        ("Wechatpay-Serial", text(notify, "/serial")),
        ("Wechatpay-Signature", text(notify, "/signature")),
    ]);
    let at = Timestamp::from_secs(notify["accepted_at"].as_i64().unwrap());
    let refusal = account
        .verify_v3(&sent, text(notify, "/body").as_bytes(), at)
        .unwrap_err();
    assert_eq!(
        refusal,
        Refusal::Undecryptable {
            key: "api_v3_key_file"
        }
    );
    assert_eq!(refusal.v3_status(), 400);
}

#[test]
fn a_certificate_serial_is_compared_without_case_and_leading_zeros() {
    let vector = vectors::v3_notify();
    let account = WechatPayAccount::new(&vector_config(&vector)).ok().unwrap();
    let case = &vector["cases"][0];
    let mut sent = vector_headers(case);
    let serial = format!(
        "00{}",
        text(case, "/headers/Wechatpay-Serial").to_lowercase()
    );
    sent.insert("Wechatpay-Serial", serial.parse().unwrap());
    account
        .verify_v3(&sent, text(case, "/body").as_bytes(), now())
        .unwrap();
}

#[test]
fn retries_of_one_notify_may_use_either_key_during_the_change_over() {
    let vector = vectors::v3_notify();
    let account = WechatPayAccount::new(&vector_config(&vector)).ok().unwrap();
    for case in &vector["cases"].as_array().unwrap()[..2] {
        account
            .verify_v3(&vector_headers(case), text(case, "/body").as_bytes(), now())
            .unwrap();
    }
}

#[test]
fn an_unknown_certificate_asks_to_come_again_and_an_unknown_public_key_id_does_not() {
    let body = body();
    for (serial, refusal, status) in [
        (
            "5157F09EFDC096DE15EBE81A47057A7232F1B8E1",
            Refusal::UnknownCertificateSerial,
            503,
        ),
        (
            "PUB_KEY_ID_0000000000000000000000000000000001",
            Refusal::UnknownPublicKeyId,
            401,
        ),
        (
            "pub_key_id_0119000001092026112300000000000009",
            Refusal::UnknownPublicKeyId,
            401,
        ),
        ("0x5157", Refusal::UnknownPublicKeyId, 401),
    ] {
        let mut sent = signed_headers(body.as_bytes());
        sent.insert("Wechatpay-Serial", serial.parse().unwrap());
        let refused = account()
            .verify_v3(&sent, body.as_bytes(), now())
            .unwrap_err();
        assert_eq!(
            (refused.v3_status(), refused),
            (status, refusal),
            "{serial}"
        );
    }
}

#[test]
fn each_of_the_four_headers_must_be_there_exactly_once() {
    let body = body();
    for name in [
        "wechatpay-timestamp",
        "wechatpay-nonce",
        "wechatpay-serial",
        "wechatpay-signature",
    ] {
        let mut missing = signed_headers(body.as_bytes());
        let value = missing.remove(name).unwrap();
        assert_eq!(
            account().verify_v3(&missing, body.as_bytes(), now()),
            Err(Refusal::HeaderMissing(name))
        );
        let mut twice = signed_headers(body.as_bytes());
        twice.append(name, value);
        assert_eq!(
            account().verify_v3(&twice, body.as_bytes(), now()),
            Err(Refusal::HeaderRepeated(name))
        );
        let mut empty = signed_headers(body.as_bytes());
        empty.insert(name, "".parse().unwrap());
        assert_eq!(
            account().verify_v3(&empty, body.as_bytes(), now()),
            Err(Refusal::HeaderUnreadable(name))
        );
    }
}

#[test]
fn the_clock_window_is_five_minutes_either_way_the_bound_within() {
    let body = body();
    for (offset, within) in [
        (-301, false),
        (-300, true),
        (0, true),
        (300, true),
        (301, false),
    ] {
        let sent = signed_headers_at(NOW + offset, body.as_bytes());
        let verdict = account().verify_v3(&sent, body.as_bytes(), now());
        assert_eq!(verdict.is_ok(), within, "{offset}: {verdict:?}");
    }
}

#[test]
fn a_timestamp_is_plain_digits() {
    let body = body();
    for timestamp in [
        "+1795420863",
        "-1795420863",
        "1795420863.0",
        "1.8e9",
        "0x6b",
        "99999999999999999999",
        "１７９５",
    ] {
        let mut sent = signed_headers(body.as_bytes());
        let Ok(value) = http::HeaderValue::from_bytes(timestamp.as_bytes()) else {
            continue;
        };
        sent.insert("Wechatpay-Timestamp", value);
        let refused = account()
            .verify_v3(&sent, body.as_bytes(), now())
            .unwrap_err();
        assert_eq!(refused.v3_status(), 401, "{timestamp}");
        assert_ne!(refused, Refusal::SignatureWrong, "{timestamp}");
    }
}

#[test]
fn another_signature_type_than_rsa_is_refused_and_none_means_rsa() {
    let body = body();
    let mut sent = signed_headers(body.as_bytes());
    sent.insert(
        "Wechatpay-Signature-Type",
        "WECHATPAY2-SHA256-RSA2048".parse().unwrap(),
    );
    let authentic = account().verify_v3(&sent, body.as_bytes(), now()).unwrap();
    assert_eq!(authentic.signed_headers.len(), 5);
    sent.insert(
        "Wechatpay-Signature-Type",
        "WECHATPAY2-SM2-WITH-SM3".parse().unwrap(),
    );
    assert_eq!(
        account().verify_v3(&sent, body.as_bytes(), now()),
        Err(Refusal::SignatureTypeUnknown)
    );
}

#[test]
fn the_signed_headers_are_kept_by_lower_case_name() {
    let body = body();
    let authentic = account()
        .verify_v3(&signed_headers(body.as_bytes()), body.as_bytes(), now())
        .unwrap();
    let names: Vec<&str> = authentic
        .signed_headers
        .iter()
        .map(|(name, _)| name.as_str())
        .collect();
    assert_eq!(
        names,
        [
            "wechatpay-timestamp",
            "wechatpay-nonce",
            "wechatpay-serial",
            "wechatpay-signature"
        ]
    );
    assert_eq!(authentic.signed_headers[2].1, KEY_ID);
}

#[test]
fn a_message_that_is_reserialised_no_longer_verifies() {
    let body = body();
    let value: Value = serde_json::from_str(&body).unwrap();
    let pretty = serde_json::to_string_pretty(&value).unwrap();
    assert_eq!(
        account().verify_v3(&signed_headers(body.as_bytes()), pretty.as_bytes(), now()),
        Err(Refusal::SignatureWrong)
    );
}

#[test]
fn no_header_of_the_sender_relaxes_anything() {
    let body = body();
    for (name, value) in [
        ("Host", "localhost"),
        ("X-Forwarded-For", "101.226.103.1"),
        ("User-Agent", "Mozilla/4.0"),
    ] {
        let mut sent = headers(&[(name, value)]);
        assert!(account().verify_v3(&sent, body.as_bytes(), now()).is_err());
        sent.extend(signed_headers(b"another body"));
        assert_eq!(
            account().verify_v3(&sent, body.as_bytes(), now()),
            Err(Refusal::SignatureWrong)
        );
    }
}

#[test]
fn decrypting_is_not_enough_the_signature_must_hold() {
    let body = body();
    let mut sent = signed_headers(body.as_bytes());
    sent.insert("Wechatpay-Nonce", "other".parse().unwrap());
    assert_eq!(
        account().verify_v3(&sent, body.as_bytes(), now()),
        Err(Refusal::SignatureWrong)
    );
}

#[test]
fn the_clock_is_not_asked_when_a_stored_message_is_read_again() {
    let body = body();
    let later = Timestamp::from_secs(NOW + 365 * 86_400);
    assert!(matches!(
        account().reread(body.as_bytes(), later),
        Ok(Message::Observation(_))
    ));
}

#[test]
fn without_v3_keys_no_v3_message_is_taken() {
    let account = WechatPayAccount::new(&AccountConfig {
        api_v3_key: None,
        merchant_private_key: None,
        platform_public_key_id: None,
        platform_public_key: None,
        api_v2_key: Some(Zeroizing::new(gateway::V2_KEY.to_owned())),
        ..config()
    })
    .ok()
    .unwrap();
    let body = body();
    let refused = account
        .verify_v3(&signed_headers(body.as_bytes()), body.as_bytes(), now())
        .unwrap_err();
    assert_eq!(
        (refused.label(), refused.v3_status()),
        ("not_configured", 401)
    );
}

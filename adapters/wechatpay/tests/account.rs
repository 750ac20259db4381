//! An account from its configuration, and what is wrong with it.

use std::collections::BTreeMap;

use payfold_wechatpay::{AccountConfig, NotifyAnswer, Protocol, Refusal, WechatPayAccount};
use zeroize::Zeroizing;

use crate::gateway::{V2_KEY, V3_KEY, account, config, private_key_pem};
use crate::vectors::{self, text};

/// The configuration keys that are told to be wrong.
fn faults(config: &AccountConfig) -> Vec<&'static str> {
    match WechatPayAccount::new(config) {
        Ok(_) => Vec::new(),
        Err(faults) => faults.iter().map(|fault| fault.key).collect(),
    }
}

#[test]
fn a_whole_configuration_is_taken() {
    assert!(faults(&config()).is_empty());
    assert_eq!(account().name().as_str(), "wx");
    assert_eq!(account().mch_id(), "1900000109");
    assert!(!account().receives_only());
    assert_eq!(account().public_keys().len(), 1);
}

#[test]
fn one_line_end_after_a_shared_key_does_not_count() {
    for end in ["", "\n", "\r\n"] {
        let config = AccountConfig {
            api_v3_key: Some(Zeroizing::new(format!("{V3_KEY}{end}"))),
            api_v2_key: Some(Zeroizing::new(format!("{V2_KEY}{end}"))),
            ..config()
        };
        assert!(faults(&config).is_empty(), "{end:?}");
    }
}

#[test]
fn a_shared_key_is_exactly_32_bytes_of_text() {
    for key in [
        "",
        "short",
        &V3_KEY[1..],
        &format!("{V3_KEY}x"),
        &format!("{V3_KEY}\n\n"),
        &format!(" {}", &V3_KEY[1..]),
    ] {
        let config = AccountConfig {
            api_v3_key: Some(Zeroizing::new(key.to_owned())),
            api_v2_key: Some(Zeroizing::new(key.to_owned())),
            ..config()
        };
        assert_eq!(
            faults(&config),
            ["api_v3_key_file", "api_v2_key_file"],
            "{key:?}"
        );
    }
}

#[test]
fn everything_that_is_wrong_is_told_at_once_by_its_configuration_key() {
    let config = AccountConfig {
        app_id: "wx 1".to_owned(),
        app_ids: BTreeMap::from([("micropay".to_owned(), "wx1".to_owned())]),
        mch_id: "19000x".to_owned(),
        gateway_url: "ftp://example.com".to_owned(),
        api_v3_key: Some(Zeroizing::new("x".to_owned())),
        api_v2_key: Some(Zeroizing::new("x".to_owned())),
        v2_sign_type: Some("SHA1".to_owned()),
        merchant_private_key: Some(Zeroizing::new("x".to_owned())),
        merchant_cert_serial: Some("xyz".to_owned()),
        platform_public_key: Some("x".to_owned()),
        platform_certs: vec!["x".to_owned()],
        ..config()
    };
    assert_eq!(
        faults(&config),
        [
            "app_id",
            "app_ids",
            "mch_id",
            "gateway_url",
            "platform_public_key_file",
            "platform_cert_files",
            "api_v3_key_file",
            "v2_sign_type",
            "api_v2_key_file",
            "merchant_private_key_file",
            "merchant_cert_serial",
        ]
    );
}

#[test]
fn what_belongs_together_is_asked_for_together() {
    let no_keys = AccountConfig {
        api_v2_key: None,
        api_v3_key: None,
        merchant_private_key: None,
        platform_public_key_id: None,
        platform_public_key: None,
        ..config()
    };
    assert_eq!(faults(&no_keys), ["api_v3_key_file"]);
    let no_id = AccountConfig {
        platform_public_key_id: None,
        ..config()
    };
    let no_key = AccountConfig {
        platform_public_key: None,
        ..config()
    };
    let no_serial = AccountConfig {
        merchant_cert_serial: None,
        ..config()
    };
    let nothing_to_verify_with = AccountConfig {
        platform_public_key_id: None,
        platform_public_key: None,
        ..config()
    };
    let bad_id = AccountConfig {
        platform_public_key_id: Some("0119".to_owned()),
        ..config()
    };
    assert_eq!(faults(&no_id), ["platform_public_key_id"]);
    assert_eq!(faults(&no_key), ["platform_public_key_file"]);
    assert_eq!(faults(&no_serial), ["merchant_cert_serial"]);
    assert_eq!(
        faults(&nothing_to_verify_with),
        ["platform_public_key_file"]
    );
    assert_eq!(faults(&bad_id), ["platform_public_key_id"]);
}

#[test]
fn an_account_without_its_private_key_only_receives() {
    let config = AccountConfig {
        merchant_private_key: None,
        ..config()
    };
    assert!(WechatPayAccount::new(&config).ok().unwrap().receives_only());
}

#[test]
fn certificates_and_a_public_key_stand_together_each_once() {
    let vector = vectors::v3_notify();
    let certificate = |at| text(&vector, &format!("/platform_certs/{at}/cert_pem")).to_owned();
    let both = AccountConfig {
        platform_certs: vec![certificate(0), certificate(1)],
        ..config()
    };
    assert_eq!(
        WechatPayAccount::new(&both)
            .ok()
            .unwrap()
            .public_keys()
            .len(),
        3
    );
    let twice = AccountConfig {
        platform_certs: vec![certificate(0), certificate(0)],
        ..config()
    };
    assert_eq!(faults(&twice), ["platform_cert_files"]);
}

#[test]
fn a_private_key_is_read_as_pkcs8_and_as_pkcs1() {
    use rsa::pkcs1::EncodeRsaPrivateKey;
    use rsa::pkcs8::{DecodePrivateKey, LineEnding};
    let key = rsa::PrivateKey::from_pkcs8_pem(private_key_pem().trim()).unwrap();
    let pkcs1 = key.to_pkcs1_pem(LineEnding::CRLF).unwrap();
    let config = AccountConfig {
        merchant_private_key: Some(Zeroizing::new(pkcs1.to_string())),
        ..config()
    };
    assert!(faults(&config).is_empty());
}

#[test]
fn a_body_that_starts_with_an_angle_bracket_is_v2_and_any_other_is_v3() {
    assert_eq!(Protocol::of(b"<xml>"), Protocol::V2);
    for body in [&b"{}"[..], b"", b" <xml>", b"\xEF\xBB\xBF<xml>"] {
        assert_eq!(Protocol::of(body), Protocol::V3);
    }
}

#[test]
fn success_is_answered_as_each_protocol_asks() {
    assert_eq!(
        Protocol::V3.accepted(),
        NotifyAnswer {
            status: 204,
            content_type: None,
            body: ""
        }
    );
    let v2 = Protocol::V2.accepted();
    assert_eq!(
        (v2.status, v2.body),
        (200, text(&vectors::v2_pay_notify(), "/answers/success"))
    );
}

#[test]
fn failure_is_answered_as_each_protocol_asks() {
    let status_of = |protocol: Protocol, refusal| protocol.refused(&refusal).status;
    assert_eq!(status_of(Protocol::V3, Refusal::SignatureWrong), 401);
    assert_eq!(status_of(Protocol::V3, Refusal::NotOurs), 400);
    assert_eq!(
        status_of(Protocol::V3, Refusal::UnknownCertificateSerial),
        503
    );
    assert_eq!(status_of(Protocol::V2, Refusal::SignatureWrong), 200);
    assert_eq!(Protocol::V3.unavailable().status, 503);
    assert_eq!(Protocol::V2.unavailable().status, 503);
    for answer in [
        Protocol::V3.refused(&Refusal::SignatureWrong),
        Protocol::V3.unavailable(),
    ] {
        let body: serde_json::Value = serde_json::from_str(answer.body).unwrap();
        assert_eq!(body["code"], "FAIL");
    }
    for answer in [
        Protocol::V2.refused(&Refusal::SignatureWrong),
        Protocol::V2.unavailable(),
    ] {
        assert!(
            answer
                .body
                .starts_with("<xml><return_code><![CDATA[FAIL]]></return_code>")
        );
    }
}

/// Made for this test.
const SHORT_PUBLIC_KEY: &str = "-----BEGIN PUBLIC KEY-----\n\
MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDX6FQMuw8yf+e2iHXk9/5hJwqu\n\
7za37GultVri3rxbPkHMANtTS7Q9bWKsU78/JQy9A4nzT1x80km1k/7XJ6LGPkwC\n\
nuW491E1IY3y6uzAJOJUFzr6ZMyKpfbNfkxQFHgt9mXIf3RWSRk/20yBdIFaJL+T\n\
5jtYVfGQ7u4SUwMZjQIDAQAB\n\
-----END PUBLIC KEY-----\n";

#[test]
fn a_regression_a_platform_key_shorter_than_2048_bits_is_refused() {
    let config = AccountConfig {
        platform_public_key: Some(SHORT_PUBLIC_KEY.to_owned()),
        ..config()
    };
    assert_eq!(faults(&config), ["platform_public_key_file"]);
}

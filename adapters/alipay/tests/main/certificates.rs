//! Certificate mode.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::StatusCode;
use payfold_alipay::{AccountConfig, AlipayAccount, CallFault, Refusal};
use payfold_domain::Timestamp;
use serde_json::json;

use crate::fixture::{Draft, account, certified, config, faults, made, sign, text, today, vectors};

#[test]
fn in_certificate_mode_the_leafs_key_verifies() {
    let certified = made(&certified());
    let body = Draft::paid().signed();
    let authentic = certified.verify_notify(&body, today()).unwrap();
    assert_eq!(authentic.key, account().public_keys()[0].0);
    assert_eq!(certified.public_keys(), account().public_keys());
}

#[test]
fn the_end_of_the_certificates_is_told() {
    let ends = made(&certified()).certificates_expire_at();
    assert_eq!(ends, Some(Timestamp::from_secs(4_949_064_799)));
    assert_eq!(account().certificates_expire_at(), None);
}

#[test]
fn a_second_certificate_that_alipay_signs_with_is_known_beside_the_first() {
    let mut config = certified();
    let other = vectors("certs");
    let other = text(&other, "/other_alipay_cert");
    config.alipay_cert = config.alipay_cert.map(|first| format!("{first}\n{other}"));
    let account = made(&config);
    assert_eq!(account.public_keys().len(), 2);
    assert!(
        account
            .verify_notify(&Draft::paid().signed(), today())
            .is_ok()
    );
}

#[test]
fn a_leaf_that_leads_to_no_root_of_the_file_is_refused() {
    let mut config = certified();
    let published = vectors("published");
    let root = text(
        &published,
        "/alipay_sandbox_9021000122682882/alipay_root_cert",
    );
    config.alipay_root_cert = Some(root.to_owned());
    assert_eq!(faults(&config, today()), ["alipay_cert_file"]);
}

#[test]
fn a_leaf_without_its_issuer_is_refused() {
    let mut config = certified();
    let other = vectors("certs");
    config.alipay_cert = Some(text(&other, "/other_alipay_cert").to_owned());
    assert_eq!(faults(&config, today()), ["alipay_cert_file"]);
}

#[test]
fn an_issuer_before_the_leaf_is_refused() {
    let mut config = certified();
    let chain = config.alipay_cert.unwrap();
    let (leaf, issuer) = chain.split_at(chain.rfind("-----BEGIN").unwrap());
    config.alipay_cert = Some(format!("{issuer}\n{leaf}"));
    assert_eq!(faults(&config, today()), ["alipay_cert_file"]);
}

#[test]
fn a_forged_leaf_is_refused() {
    let mut config = certified();
    let chain = config.alipay_cert.unwrap();
    let at = chain.find("-----END").unwrap() - 8;
    let letter = if &chain[at..=at] == "A" { "B" } else { "A" };
    config.alipay_cert = Some(format!("{}{letter}{}", &chain[..at], &chain[at + 1..]));
    assert_eq!(faults(&config, today()), ["alipay_cert_file"]);
}

#[test]
fn certificates_outside_their_dates_are_refused() {
    for time in [1_700_000_000, 4_949_064_800] {
        assert_eq!(
            faults(&certified(), Timestamp::from_secs(time)),
            ["alipay_cert_file"]
        );
    }
}

#[test]
fn an_application_certificate_of_another_key_is_refused() {
    let mut config = certified();
    let certs = vectors("certs");
    config.app_cert = Some(text(&certs, "/other_alipay_cert").to_owned());
    assert_eq!(faults(&config, today()), ["app_cert_file"]);
}

#[test]
fn an_alipay_certificate_of_the_applications_key_is_refused() {
    let mut config = certified();
    let chain = config.alipay_cert.unwrap();
    let issuer = &chain[chain.rfind("-----BEGIN").unwrap()..];
    let app_cert = config.app_cert.as_ref().unwrap();
    config.alipay_cert = Some(format!("{app_cert}\n{issuer}"));
    assert_eq!(faults(&config, today()), ["alipay_cert_file"]);
}

#[test]
fn each_missing_file_is_named() {
    let mut missing = certified();
    missing.alipay_root_cert = None;
    missing.alipay_cert = None;
    assert_eq!(
        faults(&missing, today()),
        ["alipay_root_cert_file", "alipay_cert_file"]
    );
    let mut missing = certified();
    missing.app_cert = None;
    assert_eq!(faults(&missing, today()), ["app_cert_file"]);
    missing.app_private_key = None;
    assert!(made(&missing).receives_only());
}

#[test]
fn the_two_modes_exclude_each_other() {
    let mut both = certified();
    both.alipay_public_key = config().alipay_public_key;
    assert_eq!(faults(&both, today()), ["alipay_public_key_file"]);
}

/// An account that has the other certificate alone, from before Alipay changed over.
fn before() -> AccountConfig {
    let mut config = certified();
    let certs = vectors("certs");
    let chain = text(&certs, "/alipay_cert_chain");
    let issuer = &chain[chain.rfind("-----BEGIN").unwrap()..];
    let other = text(&certs, "/other_alipay_cert");
    config.alipay_cert = Some(format!("{other}\n{issuer}"));
    config
}

fn sn() -> String {
    text(&vectors("certs"), "/alipay_cert_sn").to_owned()
}

/// The certificate that Alipay has changed over to, without its issuer.
fn leaf() -> String {
    let certs = vectors("certs");
    let chain = text(&certs, "/alipay_cert_chain");
    chain[..chain.rfind("-----BEGIN").unwrap()].to_owned()
}

/// An answer that brings a certificate, signed with the key that Alipay has changed over to.
fn brings(pem: &str, named: &str) -> String {
    let content = STANDARD.encode(pem);
    let node = json!({ "code": "10000", "msg": "Success", "alipay_cert_content": content });
    let (node, name) = (
        node.to_string(),
        "alipay_open_app_alipaycert_download_response",
    );
    let sign = sign(node.as_bytes());
    format!(r#"{{"{name}":{node},"alipay_cert_sn":"{named}","sign":"{sign}"}}"#)
}

fn take(account: &AlipayAccount, sn: &str, body: &str) -> Result<bool, CallFault> {
    account.take_certificate(sn, StatusCode::OK, body.as_bytes(), today())
}

#[test]
fn the_certificate_that_an_answer_names_is_taken_beside_the_one_before() {
    let account = made(&before());
    let message = Draft::paid().signed();
    let refused = account.verify_notify(&message, today());
    assert_eq!(refused, Err(Refusal::SignatureWrong));
    let body = brings(&leaf(), &sn());
    assert_eq!(account.unknown_certificate(body.as_bytes()), Some(sn()));
    let request = account.certificate_request(&sn(), today()).unwrap();
    let asked = String::from_utf8(request.body().to_vec()).unwrap();
    assert!(asked.contains(&sn()), "{asked}");

    assert_eq!(take(&account, &sn(), &body), Ok(true));
    assert_eq!(account.newest_certificate(), Some(sn()));
    assert_eq!(account.unknown_certificate(body.as_bytes()), None);
    assert!(account.verify_notify(&message, today()).is_ok());
    assert_eq!(account.public_keys().len(), 2);
    assert_eq!(take(&account, &sn(), &body), Ok(false), "once");
    assert_eq!(account.public_keys().len(), 2);
}

#[test]
fn only_alipays_own_certificate_of_that_sn_is_taken() {
    let account = made(&before());
    let certs = vectors("certs");
    let (app, app_sn) = (text(&certs, "/app_cert"), text(&certs, "/app_cert_sn"));
    let forged = leaf().replacen('A', "B", 1);
    for (what, sn, body) in [
        // The same authority certifies the application, and every other merchant's.
        ("another holder's", app_sn, brings(app, app_sn)),
        ("of another SN", &sn(), brings(app, &sn())),
        ("forged", &sn(), brings(&forged, &sn())),
        ("none", &sn(), brings("", &sn())),
        ("two", &sn(), brings(&format!("{}{app}", leaf()), &sn())),
        ("signed by nobody known", &sn(), brings(&leaf(), app_sn)),
        (
            "changed after it was signed",
            &sn(),
            brings(&leaf(), &sn()).replace("Success", "success"),
        ),
    ] {
        assert!(take(&account, sn, &body).is_err(), "{what}");
    }
    assert_eq!(account.public_keys().len(), 1);
    let good = brings(&leaf(), &sn());
    let late = Timestamp::from_secs(4_949_064_800);
    let taken = account.take_certificate(&sn(), StatusCode::OK, good.as_bytes(), late);
    assert!(taken.is_err(), "after its end");
    let by_key = self::account();
    assert!(take(by_key, &sn(), &good).is_err(), "in public-key mode");
    assert_eq!(by_key.unknown_certificate(good.as_bytes()), None);
}

#[test]
fn a_certificate_that_alipay_does_not_have_is_not_taken() {
    let account = made(&before());
    let node =
        r#"{"code":"40004","msg":"Business Failed","sub_code":"CERT_NOT_EXIST","sub_msg":"x"}"#;
    let sign = sign(node.as_bytes());
    let body = format!(
        r#"{{"alipay_open_app_alipaycert_download_response":{node},"alipay_cert_sn":"{}","sign":"{sign}"}}"#,
        sn()
    );
    let refused = take(&account, &sn(), &body);
    assert!(matches!(refused, Err(CallFault::Undecided { code, .. }) if code == "CERT_NOT_EXIST"));
}

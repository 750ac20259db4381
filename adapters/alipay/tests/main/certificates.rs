//! Certificate mode.

use payfold_domain::Timestamp;

use crate::fixture::{Draft, account, certified, config, faults, made, text, today, vectors};

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

//! Signatures that Alipay itself made, as public repositories have them.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use payfold_alipay::{AlipayAccount, Refusal, verify_again};
use payfold_domain::{Fact, Message, Money};
use serde_json::Value;
use x509_parser::pem::parse_x509_pem;

use crate::fixture::{Draft, config, made, text, today, vectors};

/// An account that knows the public key of a published certificate. Those have expired.
fn account_of_certificate() -> AlipayAccount {
    let published = vectors("published");
    let pem = text(&published, "/alipay_sandbox_9021000122682882/alipay_cert");
    let (_rest, pem) = parse_x509_pem(pem.as_bytes()).unwrap();
    let key = pem.parse_x509().unwrap().public_key().raw.to_vec();
    let mut config = config();
    config.alipay_public_key = Some(STANDARD.encode(key));
    made(&config)
}

fn body(fields: &Value) -> Vec<u8> {
    let fields = fields.as_object().unwrap().iter();
    let fields = fields.map(|(name, value)| (name.clone(), value.as_str().unwrap().into()));
    Draft(fields.collect()).encoded()
}

#[test]
fn a_notify_of_alipays_sandbox_is_taken() {
    let published = vectors("published");
    let body = body(
        published
            .pointer("/alipay_sandbox_9021000122682882/notify_fields")
            .unwrap(),
    );
    let account = account_of_certificate();
    let authentic = account.verify_notify(&body, today()).unwrap();
    let Message::Observation(observation) = authentic.message else {
        panic!("no observation");
    };
    assert_eq!(observation.payment.out_trade_no.as_str(), "1703147160");
    let [Fact::Paid(receipt)] = observation.facts.as_slice() else {
        panic!("not paid: {:?}", observation.facts);
    };
    assert_eq!(receipt.amount, Money::cny(1));
    let (_, key) = &account.public_keys()[0];
    assert_eq!(verify_again(&body, key), Ok(()));
}

#[test]
fn a_return_of_alipays_sandbox_is_taken() {
    let published = vectors("published");
    let query = text(&published, "/alipay_sandbox_9021000122682882/return_query");
    let returned = account_of_certificate()
        .verify_return(query.as_bytes())
        .unwrap();
    assert_eq!(returned.payment.out_trade_no.as_str(), "1703141270");
    assert_eq!(returned.total_amount, Money::cny(1));
    assert_eq!(returned.trade_no.as_str(), "2023122122001499160501586202");
}

#[test]
fn a_notify_of_alipays_production_is_taken() {
    let published = vectors("published");
    let fields = published.pointer("/node_sdk_v1/fields").unwrap();
    let mut config = config();
    config.app_id = text(fields, "/app_id").to_owned();
    config.seller_id = text(fields, "/seller_id").to_owned();
    config.alipay_public_key = Some(text(&published, "/node_sdk_v1/public_key_base64").to_owned());
    let authentic = made(&config).verify_notify(&body(fields), today()).unwrap();
    assert!(matches!(authentic.message, Message::Observation(_)));
}

#[test]
fn a_message_that_signs_its_sign_type_is_no_trade_notify() {
    let published = vectors("published");
    let fields = published.pointer("/node_sdk_v2/fields").unwrap();
    let mut config = config();
    config.app_id = text(fields, "/app_id").to_owned();
    config.alipay_public_key = Some(text(&published, "/node_sdk_v2/public_key_base64").to_owned());
    let refused = made(&config).verify_notify(&body(fields), today());
    assert_eq!(refused, Err(Refusal::SignatureWrong));
}

//! Signatures that Alipay itself made, as public repositories have them.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::StatusCode;
use payfold_alipay::{
    AlipayAccount, Call, RefundAnswer, Refusal, Reply, Verified, verify_again, verify_answer_again,
};
use payfold_domain::{Authentic, Fact, Message, Money, OutTradeNo, RefundNo, RefundState};
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

/// The bodies of the sandbox's answers, by their nodes.
fn answers() -> Vec<(String, String)> {
    let published = vectors("published");
    let answers = published.pointer("/alipay_sandbox_9021000122682882/responses");
    let answers = answers.unwrap().as_array().unwrap().iter();
    answers
        .map(|answer| {
            let owned = |pointer: &str| text(answer, pointer).to_owned();
            (owned("/node"), owned("/raw"))
        })
        .collect()
}

fn answer(call: Call, node: &str, read: impl FnOnce(&AlipayAccount, Verified<'_>)) {
    let account = account_of_certificate();
    let (_, body) = answers()
        .into_iter()
        .find(|(other, _)| other == node)
        .unwrap();
    match account.verify_response(call, StatusCode::OK, body.as_bytes()) {
        Ok(Reply::Done(verified)) => read(&account, verified),
        other => panic!("{other:?}"),
    }
}

fn facts(authentic: Authentic) -> Vec<Fact> {
    let Message::Observation(observation) = authentic.message else {
        panic!("no facts: {authentic:?}");
    };
    observation.facts
}

#[test]
fn every_answer_of_alipays_sandbox_is_its_own() {
    let account = account_of_certificate();
    let (_, key) = &account.public_keys()[0];
    let answers = answers();
    assert_eq!(answers.len(), 8);
    for (node, body) in answers {
        assert_eq!(verify_answer_again(body.as_bytes(), key), Ok(()), "{node}");
    }
}

#[test]
fn the_answers_of_alipays_sandbox_say_what_they_said_to_others() {
    let number = OutTradeNo::from_gateway("1703141270").unwrap();
    let refund_no = RefundNo::from_gateway("1703141270").unwrap();
    answer(
        Call::Query,
        "alipay_trade_query_response",
        |account, verified| {
            let facts = facts(account.read_query(verified, &number, today()).unwrap());
            let [Fact::Paid(receipt)] = &facts[..] else {
                panic!("not paid: {facts:?}")
            };
            assert_eq!(receipt.amount, Money::cny(1));
        },
    );
    for (call, node) in [
        (Call::Refund, "alipay_trade_refund_response"),
        (
            Call::RefundQuery,
            "alipay_trade_fastpay_refund_query_response",
        ),
    ] {
        answer(call, node, |account, verified| {
            let answer = account.read_refund(verified, &number, &refund_no, today());
            let Ok(RefundAnswer::Said(authentic)) = answer else {
                panic!("nothing said: {answer:?}")
            };
            let facts = facts(authentic);
            let Some(Fact::Refund(refund)) = facts.last() else {
                panic!("no refund: {facts:?}")
            };
            assert!(matches!(refund.state, RefundState::Succeeded(_)));
        });
    }
    answer(
        Call::Close,
        "alipay_trade_close_response",
        |account, verified| {
            let number = OutTradeNo::from_gateway("1703226647").unwrap();
            let facts = facts(account.read_close(verified, &number).unwrap());
            assert_eq!(facts, [Fact::FinallyUnpaid]);
        },
    );
    answer(
        Call::Precreate,
        "alipay_trade_precreate_response",
        |_account, verified| {
            let number = OutTradeNo::from_gateway("1704093802").unwrap();
            let code = verified.qr_code(&number).unwrap();
            assert_eq!(code, "https://qr.alipay.com/bax07651xvtprxfkmxyf00a9");
        },
    );
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

//! Bugs that public code has had with Alipay's messages, each named where it was seen.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use payfold_alipay::{NotifyAnswer, Refusal, verify_again};
use payfold_domain::{Fact, Message};
use rsa::pkcs8::DecodePrivateKey;
use rsa::signature::{SignatureEncoding, Signer};

use crate::fixture::{Draft, SELLER_ID, account, bytes, facts, sign, today, vectors, verify};

/// A body as it lies on the wire, signed over `signed`.
fn raw(pairs: &str, signed: &[u8]) -> Vec<u8> {
    let signature = crate::fixture::encoded(sign(signed).as_bytes());
    format!("{pairs}&sign_type=RSA2&sign={signature}").into_bytes()
}

#[test]
fn nodejs_45_a_value_is_decoded_once_so_that_percent_and_plus_survive() {
    for subject in ["100%", "A+B", "50%25 off", "100% +%41 &amp; \"x\""] {
        let body = Draft::paid().with("subject", subject).signed();
        assert!(verify(&body).is_ok(), "{subject}");
    }
}

#[test]
fn nodejs_68_a_passback_that_is_still_encoded_stays_so() {
    let body = Draft::paid()
        .with("passback_params", "a%3D1%26b%3D%E4%B9%A6")
        .signed();
    assert!(verify(&body).is_ok());
}

#[test]
fn nodejs_23_a_signature_over_sign_type_too_is_none_of_a_trade() {
    let draft = Draft::paid();
    let signed = draft.clone().with("sign_type", "RSA2").signed_string();
    let body = draft.signed_as("RSA2", &sign(&signed));
    assert_eq!(verify(&body), Err(Refusal::SignatureWrong));
}

#[test]
fn nodejs_v2_the_sender_does_not_choose_the_algorithm() {
    let draft = Draft::paid();
    let good = sign(&draft.signed_string());
    for sign_type in ["RSA", "rsa2", "RSA2 ", "MD5", ""] {
        let body = draft.signed_as(sign_type, &good);
        assert_eq!(verify(&body), Err(Refusal::SignTypeRefused), "{sign_type}");
    }
    let body = draft.with("sign", good).encoded();
    assert_eq!(verify(&body), Err(Refusal::SignTypeRefused));
}

#[test]
fn python_sdk_a_sha1_signature_is_none_even_where_it_says_rsa2() {
    let der = bytes(&vectors("keys"), "/alipay/pkcs8_base64");
    let key = rsa::PrivateKey::from_pkcs8_der(&der).unwrap();
    let key = rsa::pkcs1v15::SigningKey::<sha1::Sha1>::new(key);
    let draft = Draft::paid();
    let signature = STANDARD.encode(key.sign(&draft.signed_string()).to_bytes());
    let body = draft.signed_as("RSA2", &signature);
    assert_eq!(verify(&body), Err(Refusal::SignatureWrong));
    let (_, key) = &account().public_keys()[0];
    assert_eq!(verify_again(&body, key), Err(Refusal::SignatureWrong));
}

#[test]
fn gopay_a_field_that_comes_twice_is_refused_not_left_out() {
    let draft = Draft::paid();
    let mut twice = draft.signed();
    twice.extend_from_slice(b"&total_amount=0.01");
    assert_eq!(verify(&twice), Err(Refusal::FieldRepeated));
    let mut twice = draft.signed();
    twice.extend_from_slice(b"&sign=x");
    assert_eq!(verify(&twice), Err(Refusal::FieldRepeated));
}

#[test]
fn gopay_a_field_that_nobody_knows_is_signed_too() {
    let draft = Draft::paid().with("hb_fq_pay_info_v9", "{}");
    assert!(verify(&draft.signed()).is_ok());
    let dropped = draft.clone().without("hb_fq_pay_info_v9");
    let body = dropped.signed_as("RSA2", &sign(&draft.signed_string()));
    assert_eq!(verify(&body), Err(Refusal::SignatureWrong));
}

#[test]
fn fzlee_154_broken_base64_is_a_bad_signature_and_no_fault() {
    let draft = Draft::paid();
    let good = sign(&draft.signed_string());
    for broken in ["!", "AAAA", good.trim_end_matches('='), &good[1..]] {
        let body = draft.signed_as("RSA2", broken);
        assert_eq!(verify(&body), Err(Refusal::SignUnreadable), "{broken}");
    }
    let missing = draft.clone().with("sign_type", "RSA2").encoded();
    assert_eq!(verify(&missing), Err(Refusal::SignMissing));
    let longer = [good.trim_end_matches('='), "AA=="].concat();
    assert!(verify(&draft.signed_as("RSA2", &longer)).is_err());
}

#[test]
fn fzlee_35_a_list_is_no_value() {
    let body = Draft::paid().signed();
    let listed = String::from_utf8(body)
        .unwrap()
        .replace("sign_type=RSA2", "sign_type[]=RSA2");
    assert!(matches!(
        verify(listed.as_bytes()),
        Err(Refusal::FormUnreadable { .. })
    ));
}

#[test]
fn easysdk_237_a_field_of_the_path_or_the_query_counts_for_nothing() {
    let mut body = Draft::paid().signed();
    body.extend_from_slice(b"&account=ali");
    assert_eq!(verify(&body), Err(Refusal::SignatureWrong));
}

#[test]
fn easysdk_php_a_value_that_begins_with_an_at_sign_is_signed() {
    let draft = Draft::paid().with("subject", "@home");
    assert!(verify(&draft.signed()).is_ok());
    let unsigned = draft.clone().without("subject").signed_string();
    let body = draft.signed_as("RSA2", &sign(&unsigned));
    assert_eq!(verify(&body), Err(Refusal::SignatureWrong));
}

#[test]
fn smartwalle_248_text_in_gbk_is_verified_as_bytes() {
    let book: &[u8] = b"\xca\xe9 & \xa3\xa8\x81\x30\x81\x30";
    let body = Draft::paid().with("charset", "GBK").with("subject", book);
    assert!(verify(&body.signed()).is_ok());
}

#[test]
fn helei_67_finished_after_a_refund_is_no_new_payment() {
    let success = facts(&Draft::paid().signed());
    let finished = Draft::refunded("TRADE_FINISHED", "30.00").signed();
    let [paid, Fact::Refund(_), Fact::NoMoreRefunds] = &facts(&finished)[..] else {
        panic!("not paid, refunded and finished");
    };
    assert_eq!([paid], [&success[0]]);
}

#[test]
fn jeepay_a_message_for_another_seller_is_not_ours() {
    let body = Draft::paid().with("seller_id", "2088000000000009").signed();
    let refused = Err(Refusal::NotOurs { field: "seller_id" });
    assert_eq!(verify(&body), refused);
}

#[test]
fn empty_values_are_absent_whoever_signed_them() {
    let draft = Draft::paid().with("trade_status", "TRADE_CLOSED");
    let kept = draft.clone().with("refund_fee", "").with("gmt_refund", "");
    assert_eq!(facts(&kept.signed()), [Fact::FinallyUnpaid]);
    let added = kept.signed_as("RSA2", &sign(&draft.signed_string()));
    assert_eq!(facts(&added), [Fact::FinallyUnpaid]);
}

#[test]
fn a_subject_cut_into_an_amount_is_refused() {
    let genuine = Draft::paid()
        .with("subject", "x&total_amount=88.88")
        .with("total_amount", "0.01");
    let signature = sign(&genuine.signed_string());
    let cut = Draft::paid()
        .with("subject", "x")
        .with("total_amount", "88.88&total_amount=0.01");
    assert_eq!(cut.signed_string(), genuine.signed_string());
    let refused = verify(&cut.signed_as("RSA2", &signature)).unwrap_err();
    assert_eq!(refused.label(), "malformed");
    let Message::Observation(observation) = verify(&genuine.signed()).unwrap().message else {
        panic!("the genuine one is not taken");
    };
    assert!(matches!(&observation.facts[..], [Fact::Paid(receipt)] if receipt.amount.minor == 1));
}

#[test]
fn an_amount_hidden_in_a_field_that_nobody_knows_is_refused() {
    let injected = "x&total_amount=88.88&trade_no=9&trade_status=TRADE_SUCCESS&zzz=";
    let genuine = Draft::paid()
        .with("subject", injected)
        .with("total_amount", "0.01");
    let tail = "&total_amount=0.01&trade_no=2026010522001499160501589436&trade_status=TRADE_SUCCESS&version=1.0";
    let cut = Draft::paid()
        .without("version")
        .with("subject", "x")
        .with("total_amount", "88.88")
        .with("trade_no", "9")
        .with("zzz", tail);
    assert_eq!(cut.signed_string(), genuine.signed_string());
    let refused = verify(&cut.signed());
    assert_eq!(
        refused,
        Err(Refusal::Ambiguous {
            field: "total_amount"
        })
    );
}

#[test]
fn a_refund_hidden_in_the_field_before_it_is_refused() {
    let genuine = Draft::refunded("TRADE_CLOSED", "88.88").with("passback_params", "p");
    let tail = "p&point_amount=0.00&receipt_amount=88.88&refund_fee=88.88";
    let cut = genuine
        .clone()
        .without("point_amount")
        .without("receipt_amount")
        .without("refund_fee")
        .with("passback_params", tail);
    assert_eq!(cut.signed_string(), genuine.signed_string());
    let refused = verify(&cut.signed());
    let field = "refund_fee";
    assert_eq!(refused, Err(Refusal::Ambiguous { field }));
}

#[test]
fn a_border_moved_into_a_name_is_refused() {
    let signed = Draft::paid().signed_string();
    let pairs = String::from_utf8(
        Draft::paid()
            .without("seller_id")
            .without("subject")
            .encoded(),
    );
    let joined = format!(
        "{}&seller_id%3D{SELLER_ID}%26subject=A+book",
        pairs.unwrap()
    );
    assert!(matches!(
        verify(&raw(&joined, &signed)),
        Err(Refusal::FormUnreadable { .. })
    ));
}

#[test]
fn names_with_nul_bad_escapes_and_floods_are_no_form() {
    let flood = "a=1&".repeat(300);
    for body in ["a%00=1", "a\0=1", "a=%4", "a=%zz", "=1", "支付=1", &flood] {
        let refused = account().verify_notify(body.as_bytes(), today());
        assert!(
            matches!(refused, Err(Refusal::FormUnreadable { .. })),
            "{body:?}: {refused:?}"
        );
    }
}

#[test]
fn the_answers_are_seven_bytes_or_fail() {
    assert_eq!(NotifyAnswer::ACCEPTED.body.as_bytes(), b"success");
    assert_eq!(NotifyAnswer::ACCEPTED.status, 200);
    assert_eq!(NotifyAnswer::REFUSED.body, "fail");
    assert_eq!(NotifyAnswer::REFUSED.status, 400);
    assert_eq!(NotifyAnswer::UNAVAILABLE.status, 503);
}

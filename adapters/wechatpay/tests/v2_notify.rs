//! v2 pay and refund notifies.

use aes::Aes256;
use aes::cipher::{BlockCipherEncrypt, KeyInit};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use md5::{Digest, Md5};
use payfold_domain::{
    AppId, Application, Authentic, Fact, KeyFingerprint, Message, Money, Receipt, RefundHint,
    RefundSize, RefundState, Timestamp, TransactionId,
};
use payfold_wechatpay::{AccountConfig, Refusal, WechatPayAccount};

use crate::gateway::{
    MCH_ID, NOW, V2_KEY, account, config, facts, md5_sign, observation, pay_elements, signed_xml,
    with, xml,
};
use crate::vectors::{self, text};

fn take(body: &str) -> Result<Authentic, Refusal> {
    account().verify_v2(body.as_bytes())
}

fn account_that_allows(sign_type: &str) -> WechatPayAccount {
    WechatPayAccount::new(&AccountConfig {
        v2_sign_type: Some(sign_type.to_owned()),
        ..config()
    })
    .ok()
    .unwrap()
}

#[test]
fn every_vector_is_judged_as_it_says_by_both_implementations() {
    for case in vectors::v2_pay_notify()["cases"].as_array().unwrap() {
        let body = text(case, "/body");
        let valid = case["valid"].as_bool().unwrap();
        assert_eq!(take(body).is_ok(), valid, "{}", text(case, "/name"));
        assert_eq!(
            account().verify_again_v2(body.as_bytes()).is_ok(),
            valid,
            "{}",
            text(case, "/name")
        );
    }
}

#[test]
fn a_signed_success_is_money() {
    let authentic = take(&signed_xml(&pay_elements())).unwrap();
    let receipt = Receipt {
        transaction_id: TransactionId::from_gateway("4200000215202611230261405420").unwrap(),
        amount: Money::cny(100),
        application: Application::Listed(AppId::new("wx8888888888888888").unwrap()),
        paid_at: Timestamp::from_secs(NOW - 1),
    };
    assert_eq!(facts(&authentic), [Fact::Paid(receipt)]);
    assert_eq!(
        observation(&authentic).payment.out_trade_no.as_str(),
        "PF202611230001"
    );
    assert!(authentic.signed_headers.is_empty());
}

#[test]
fn a_signed_failure_says_only_that_nothing_was_paid_yet() {
    let elements = with(
        pay_elements(),
        &[
            ("result_code", "FAIL"),
            ("err_code", "SYSTEMERROR"),
            ("transaction_id", ""),
        ],
    );
    assert_eq!(
        facts(&take(&signed_xml(&elements)).unwrap()),
        [Fact::NotPaidYet]
    );
}

#[test]
fn an_unknown_result_code_is_kept_by_its_name() {
    let elements = with(pay_elements(), &[("result_code", "MAYBE")]);
    assert_eq!(
        take(&signed_xml(&elements)).unwrap().message,
        Message::Unknown("result_code/MAYBE".to_owned())
    );
}

#[test]
fn a_message_of_another_product_is_kept_by_what_tells_it_apart() {
    let contract = [
        ("return_code", "SUCCESS"),
        ("result_code", "SUCCESS"),
        ("mch_id", "1900000109"),
        ("contract_code", "C-1"),
        ("change_type", "ADD"),
    ];
    let combined = [
        ("return_code", "SUCCESS"),
        ("result_code", "SUCCESS"),
        ("combine_mch_id", "1900000109"),
        ("combine_out_trade_no", "PF202611230001"),
        ("sub_order_list", "[]"),
    ];
    for (elements, name) in [
        (&contract[..], "change_type"),
        (&combined[..], "combine_mch_id"),
    ] {
        assert_eq!(
            take(&signed_xml(&with(Vec::new(), elements)))
                .unwrap()
                .message,
            Message::Unknown(name.to_owned())
        );
    }
    let of_another = with(combined.to_vec(), &[("combine_mch_id", "1900000108")]);
    assert_eq!(take(&signed_xml(&of_another)), Err(Refusal::NotOurs));
}

#[test]
fn without_fee_type_money_is_renminbi() {
    let authentic = take(&signed_xml(&with(pay_elements(), &[("fee_type", "")]))).unwrap();
    assert!(
        matches!(facts(&authentic), [Fact::Paid(receipt)] if receipt.amount == Money::cny(100))
    );
}

#[test]
fn a_document_without_sign_is_refused_even_without_return_code() {
    let unsigned = xml("xml", &pay_elements());
    assert_eq!(take(&unsigned), Err(Refusal::SignMissing));
    let empty = xml("xml", &with(pay_elements(), &[("sign", " ")]));
    assert_eq!(take(&empty), Err(Refusal::SignatureWrong));
    let bare = xml("xml", &with(pay_elements(), &[("return_code", "")]));
    assert_eq!(take(&bare).unwrap_err().label(), "malformed");
    assert_eq!(take("<xml></xml>").unwrap_err().label(), "malformed");
}

#[test]
fn return_code_fail_is_refused_even_when_signed() {
    let elements = with(pay_elements(), &[("return_code", "FAIL")]);
    assert_eq!(
        take(&signed_xml(&elements)),
        Err(Refusal::ReturnCodeNotSuccess)
    );
    assert_eq!(
        take("<xml><return_code>FAIL</return_code><return_msg>x</return_msg></xml>"),
        Err(Refusal::ReturnCodeNotSuccess)
    );
}

#[test]
fn fields_that_nobody_knows_are_signed_too() {
    let elements = with(
        pay_elements(),
        &[
            ("version", "1.0"),
            ("coupon_fee_0", "10"),
            ("coupon_id_0", "2000000000276621044"),
            ("rebate_fee", "x"),
        ],
    );
    take(&signed_xml(&elements)).unwrap();
    let sign = md5_sign(&pay_elements());
    let mut unsigned_extra = with(pay_elements(), &[("coupon_fee_0", "10")]);
    unsigned_extra.push(("sign", &sign));
    assert_eq!(
        take(&xml("xml", &unsigned_extra)),
        Err(Refusal::SignatureWrong)
    );
}

#[test]
fn an_empty_element_is_not_signed_and_says_nothing() {
    let sign = md5_sign(&with(pay_elements(), &[("fee_type", "")]));
    let mut elements = with(pay_elements(), &[("fee_type", "")]);
    elements.extend([
        ("fee_type", ""),
        ("device_info", ""),
        ("sign", sign.as_str()),
    ]);
    let authentic = take(&xml("xml", &elements)).unwrap();
    assert!(
        matches!(facts(&authentic), [Fact::Paid(receipt)] if receipt.amount == Money::cny(100))
    );
}

#[test]
fn sign_type_is_signed_and_decides_over_the_length() {
    let declared = with(pay_elements(), &[("sign_type", "MD5")]);
    take(&signed_xml(&declared)).unwrap();
    let sign = md5_sign(&pay_elements());
    let mut added = with(pay_elements(), &[("sign_type", "MD5")]);
    added.push(("sign", &sign));
    assert_eq!(take(&xml("xml", &added)), Err(Refusal::SignatureWrong));
    let contradicting = with(pay_elements(), &[("sign_type", "HMAC-SHA256")]);
    assert_eq!(
        take(&signed_xml(&contradicting)),
        Err(Refusal::SignatureWrong)
    );
    for other in ["SHA1", "md5", "RSA"] {
        let unknown = with(pay_elements(), &[("sign_type", other)]);
        assert_eq!(
            take(&signed_xml(&unknown)),
            Err(Refusal::SignTypeRefused),
            "{other}"
        );
    }
}

#[test]
fn an_account_may_restrict_the_sign_method() {
    let vector = vectors::v2_pay_notify();
    let md5 = text(&vector, "/cases/0/body").as_bytes();
    let hmac = text(&vector, "/cases/1/body").as_bytes();
    assert!(account_that_allows("MD5").verify_v2(md5).is_ok());
    assert_eq!(
        account_that_allows("MD5").verify_v2(hmac),
        Err(Refusal::SignTypeRefused)
    );
    assert!(account_that_allows("HMAC-SHA256").verify_v2(hmac).is_ok());
    assert_eq!(
        account_that_allows("HMAC-SHA256").verify_v2(md5),
        Err(Refusal::SignTypeRefused)
    );
    assert!(account_that_allows("any").verify_v2(md5).is_ok());
}

#[test]
fn a_sign_is_upper_case() {
    let body = signed_xml(&pay_elements());
    let sign = md5_sign(&pay_elements());
    assert_eq!(
        take(&body.replace(&sign, &sign.to_lowercase())),
        Err(Refusal::SignatureWrong)
    );
}

#[test]
fn another_merchants_message_is_not_ours() {
    assert_eq!(
        take(&signed_xml(&with(
            pay_elements(),
            &[("mch_id", "1900000108")]
        ))),
        Err(Refusal::NotOurs)
    );
}

#[test]
fn a_required_field_that_is_missing_is_malformed() {
    for name in [
        "appid",
        "mch_id",
        "out_trade_no",
        "transaction_id",
        "total_fee",
        "time_end",
        "result_code",
    ] {
        let refused = take(&signed_xml(&with(pay_elements(), &[(name, "")]))).unwrap_err();
        assert!(
            matches!(refused, Refusal::Malformed { field, .. } if field == name),
            "{name}: {refused}"
        );
    }
}

#[test]
fn a_field_outside_its_grammar_is_malformed_used_or_not() {
    for (name, value) in [
        ("total_fee", "1e2"),
        ("total_fee", "100.00"),
        ("total_fee", "0"),
        ("total_fee", "0100"),
        ("total_fee", " 100"),
        ("total_fee", "１００"),
        ("cash_fee", "9O"),
        ("coupon_fee_0", "x"),
        ("transaction_id", "42x"),
        ("time_end", "20261323160102"),
        ("time_end", "2026-11-23"),
        ("out_trade_no", "PF 1"),
        ("openid", "o&x"),
        ("fee_type", "cny"),
        ("is_subscribe", "YES"),
        ("bank_type", "CMB DEBIT"),
    ] {
        let refused = take(&signed_xml(&with(pay_elements(), &[(name, value)]))).unwrap_err();
        assert_eq!(refused.label(), "malformed", "{name} {value}");
    }
}

#[test]
fn a_signed_string_cut_into_another_document_is_refused() {
    let sign = md5_sign(&pay_elements());
    let merged = with(
        pay_elements(),
        &[
            (
                "attach",
                "支付测试&bank_type=OTHERS&cash_fee=100&fee_type=CNY",
            ),
            ("bank_type", ""),
            ("cash_fee", ""),
            ("fee_type", ""),
        ],
    );
    let buyers_words = with(pay_elements(), &[("attach", "x&b=1&total_fee=1")]);
    let split = with(
        pay_elements(),
        &[
            ("attach", "x"),
            ("b", "1&bank_type=OTHERS&cash_fee=100"),
            ("bank_type", ""),
            ("cash_fee", ""),
        ],
    );
    assert_eq!(md5_sign(&merged), sign, "the attack keeps the sign");
    for elements in [merged, buyers_words, split] {
        assert_eq!(
            take(&signed_xml(&elements)).unwrap_err().label(),
            "ambiguous"
        );
    }
    let harmless = with(pay_elements(), &[("attach", "a&b=c 订单备注")]);
    take(&signed_xml(&harmless)).unwrap();
}

#[test]
fn values_are_neither_trimmed_nor_decoded_from_urls() {
    for attach in [" x ", "a%20b", "a+b", "x\ty", "\\x22quoted\\x22"] {
        take(&signed_xml(&with(pay_elements(), &[("attach", attach)]))).unwrap();
    }
}

#[test]
fn without_an_api_v2_key_no_v2_message_is_taken() {
    let account = WechatPayAccount::new(&AccountConfig {
        api_v2_key: None,
        ..config()
    })
    .ok()
    .unwrap();
    assert_eq!(
        account
            .verify_v2(signed_xml(&pay_elements()).as_bytes())
            .unwrap_err()
            .label(),
        "not_configured"
    );
}

#[test]
fn the_fingerprint_of_the_shared_key_is_not_its_own_hash() {
    let fingerprint = take(&signed_xml(&pay_elements())).unwrap().key;
    let plain: [u8; 32] = sha2::Sha256::digest(V2_KEY).into();
    assert_ne!(fingerprint, KeyFingerprint(plain));
}

/// Seals `plain` as the gateway seals `req_info`.
fn req_info(plain: &str) -> String {
    let key: String = Md5::digest(V2_KEY)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let cipher = Aes256::new_from_slice(key.as_bytes()).unwrap();
    let padding = 16 - plain.len() % 16;
    let mut bytes = plain.as_bytes().to_vec();
    bytes.extend(std::iter::repeat_n(u8::try_from(padding).unwrap(), padding));
    for block in bytes.as_chunks_mut::<16>().0 {
        cipher.encrypt_block(block.into());
    }
    STANDARD.encode(bytes)
}

fn refund_elements() -> Vec<(&'static str, &'static str)> {
    vec![
        ("out_refund_no", "131811191610442717309"),
        ("out_trade_no", "71106718111915575302817"),
        ("refund_fee", "3960"),
        ("refund_id", "50000408942018111907145868882"),
        ("refund_status", "SUCCESS"),
        ("settlement_refund_fee", "3960"),
        ("success_time", "2018-11-19 16:24:13"),
        ("total_fee", "3960"),
        ("transaction_id", "4200000215201811190261405420"),
    ]
}

fn refund_notify(mch_id: &str, req_info: &str) -> String {
    xml(
        "xml",
        &[
            ("return_code", "SUCCESS"),
            ("appid", "wx8888888888888888"),
            ("mch_id", mch_id),
            ("nonce_str", "x"),
            ("req_info", req_info),
        ],
    )
}

fn hint(body: &str) -> RefundHint {
    let message = take(body).unwrap().message;
    let Message::RefundHint(hint) = message else {
        panic!("expected a hint, got {message:?}")
    };
    hint
}

#[test]
fn the_vectors_refund_notify_opens_as_a_hint() {
    let vector = vectors::v2_refund_req_info();
    let hint = hint(text(&vector, "/envelope"));
    assert_eq!(
        hint.payment.out_trade_no.as_str(),
        "71106718111915575302817"
    );
    assert_eq!(
        hint.refund.refund_no().unwrap().as_str(),
        "131811191610442717309"
    );
    assert_eq!(hint.refund.size, RefundSize::Exactly(Money::cny(3960)));
    assert_eq!(
        hint.refund.state,
        RefundState::Succeeded(Some(Timestamp::from_secs(1_542_615_853)))
    );
    account()
        .verify_again_v2(text(&vector, "/envelope").as_bytes())
        .unwrap();
}

#[test]
fn each_refund_status_has_its_state() {
    for (status, state) in [
        ("CHANGE", RefundState::NeedsAction),
        ("REFUNDCLOSE", RefundState::Failed),
        ("PROCESSING", RefundState::Processing),
    ] {
        let plain = xml(
            "root",
            &with(refund_elements(), &[("refund_status", status)]),
        );
        assert_eq!(
            hint(&refund_notify(MCH_ID, &req_info(&plain))).refund.state,
            state
        );
    }
    let plain = xml(
        "root",
        &with(refund_elements(), &[("refund_status", "NEW")]),
    );
    let message = take(&refund_notify(MCH_ID, &req_info(&plain)))
        .unwrap()
        .message;
    assert_eq!(message, Message::Unknown("refund_status/NEW".to_owned()));
}

#[test]
fn a_refund_notify_for_another_merchant_is_not_ours() {
    let body = refund_notify("1900000108", &req_info(&xml("root", &refund_elements())));
    assert_eq!(take(&body), Err(Refusal::NotOurs));
}

#[test]
fn a_refund_notify_that_does_not_open_is_refused_always_the_same_way() {
    let other_key = STANDARD.encode([7; 64]);
    for sealed in ["AAAA", "not base64!", "x", other_key.as_str()] {
        assert_eq!(
            take(&refund_notify(MCH_ID, sealed)),
            Err(Refusal::Undecryptable {
                key: "api_v2_key_file"
            }),
            "{sealed}"
        );
    }
}

#[test]
fn what_a_refund_notify_holds_is_read_as_strictly_as_what_holds_it() {
    let good = xml("root", &refund_elements());
    for plain in [
        format!("<!DOCTYPE root>{good}"),
        good.replace("root>", "xml>"),
        good.replace("</root>", "<refund_fee>1</refund_fee></root>"),
        xml("root", &with(refund_elements(), &[("refund_fee", "-1")])),
        xml("root", &with(refund_elements(), &[("transaction_id", "")])),
        xml(
            "root",
            &with(refund_elements(), &[("success_time", "20181119162413")]),
        ),
    ] {
        assert!(
            take(&refund_notify(MCH_ID, &req_info(&plain))).is_err(),
            "{plain}"
        );
    }
}

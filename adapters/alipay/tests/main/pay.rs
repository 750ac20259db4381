//! What a buyer's browser or app carries to Alipay, read as Alipay reads it.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use payfold_alipay::{PayRequest, UnsentRequest};
use payfold_domain::{Currency, Money, OutTradeNo, Timestamp};
use percent_encoding::percent_decode_str;
use rsa::pkcs1v15::{Signature, VerifyingKey};
use rsa::pkcs8::DecodePublicKey;
use rsa::sha2::Sha256;
use rsa::signature::Verifier;
use serde_json::{Value, json};

use crate::fixture::{APP_ID, account, bytes, certified, config, made, text, vectors};

fn request() -> PayRequest {
    PayRequest {
        out_trade_no: OutTradeNo::new("vec_0001").unwrap(),
        amount: Money::cny(8890),
        subject: "测试商品 A+B".to_owned(),
        time_expire: Timestamp::from_secs(1_767_580_200),
        notify_url: "https://pay.example.com/notify/ali".to_owned(),
        return_url: Some("https://pay.example.com/return/ali".to_owned()),
        quit_url: Some("https://shop.example.com/cart".to_owned()),
        now: Timestamp::from_secs(1_767_578_370),
    }
}

/// The parameters, after their signature was found good: `sign_type` is signed, unlike in a notify.
pub(crate) fn accepted(query: &str) -> BTreeMap<String, String> {
    let mut parameters: BTreeMap<String, String> = query
        .split('&')
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap();
            let value = percent_decode_str(value).decode_utf8().unwrap();
            (name.to_owned(), value.into_owned())
        })
        .collect();
    let sign = STANDARD.decode(parameters.remove("sign").unwrap()).unwrap();
    let signed: Vec<String> = parameters
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    let der = bytes(&vectors("keys"), "/app/public_spki_base64");
    let key = rsa::PublicKey::from_public_key_der(&der).unwrap();
    let sign = Signature::try_from(sign.as_slice()).unwrap();
    VerifyingKey::<Sha256>::new(key)
        .verify(signed.join("&").as_bytes(), &sign)
        .unwrap();
    parameters
}

fn biz_content(parameters: &BTreeMap<String, String>) -> Value {
    serde_json::from_str(&parameters["biz_content"]).unwrap()
}

#[test]
fn a_page_is_a_signed_url_of_the_gateway() {
    let url = account().page_pay(&request()).unwrap();
    let (gateway, query) = url.split_once('?').unwrap();
    assert_eq!(gateway, "https://openapi.alipay.com/gateway.do");
    let mut parameters = accepted(query);
    assert_eq!(
        biz_content(&parameters),
        json!({
            "out_trade_no": "vec_0001",
            "total_amount": "88.90",
            "subject": "测试商品 A+B",
            "product_code": "FAST_INSTANT_TRADE_PAY",
            "time_expire": "2026-01-05 10:30:00",
        })
    );
    parameters.remove("biz_content");
    let expected = [
        ("app_id", APP_ID),
        ("charset", "utf-8"),
        ("format", "JSON"),
        ("method", "alipay.trade.page.pay"),
        ("notify_url", "https://pay.example.com/notify/ali"),
        ("return_url", "https://pay.example.com/return/ali"),
        ("sign_type", "RSA2"),
        ("timestamp", "2026-01-05 09:59:30"),
        ("version", "1.0"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(parameters, BTreeMap::from(expected));
}

#[test]
fn a_phones_page_says_where_to_go_when_the_buyer_gives_up() {
    let url = account().wap_pay(&request()).unwrap();
    let parameters = accepted(url.split_once('?').unwrap().1);
    assert_eq!(parameters["method"], "alipay.trade.wap.pay");
    let content = biz_content(&parameters);
    assert_eq!(content["product_code"], "QUICK_WAP_WAY");
    assert_eq!(content["quit_url"], "https://shop.example.com/cart");
}

#[test]
fn an_apps_order_string_has_no_address_and_no_return() {
    let parameters = accepted(&account().app_pay(&request()).unwrap());
    assert_eq!(parameters["method"], "alipay.trade.app.pay");
    assert_eq!(
        biz_content(&parameters)["product_code"],
        "QUICK_MSECURITY_PAY"
    );
    assert!(!parameters.contains_key("return_url"));
}

#[test]
fn in_certificate_mode_both_sns_are_signed() {
    let order_string = made(&certified()).app_pay(&request()).unwrap();
    let parameters = accepted(&order_string);
    let certs = vectors("certs");
    assert_eq!(parameters["app_cert_sn"], text(&certs, "/app_cert_sn"));
    assert_eq!(
        parameters["alipay_root_cert_sn"],
        text(&certs, "/alipay_root_cert_sn")
    );
}

fn subject_at_alipay(subject: &str) -> Value {
    let mut request = request();
    request.subject = subject.to_owned();
    let parameters = accepted(&account().app_pay(&request).unwrap());
    biz_content(&parameters)["subject"].clone()
}

#[test]
fn a_subject_cannot_pass_for_other_fields_when_it_comes_back() {
    let subject = subject_at_alipay("A/B&total_amount=0.01");
    assert_eq!(subject, "A／B＆total_amount＝0.01");
}

#[test]
fn a_subjects_commas_are_full_width_for_no_bill_quotes_them() {
    let subject = subject_at_alipay("苹果,梨，1,5kg");
    assert_eq!(subject, "苹果，梨，1，5kg");
}

#[test]
fn without_a_private_key_nothing_starts() {
    let mut config = config();
    config.app_private_key = None;
    let refused = made(&config).page_pay(&request());
    assert!(matches!(refused, Err(UnsentRequest::ReceivesOnly)));
}

#[test]
fn an_amount_that_alipay_does_not_take_is_refused() {
    for amount in [
        Money::cny(0),
        Money::cny(-1),
        Money::cny(10_000_000_001),
        Money {
            minor: 8890,
            currency: Currency::new("USD").unwrap(),
        },
    ] {
        let mut request = request();
        request.amount = amount;
        let refused = account().page_pay(&request);
        assert!(
            matches!(refused, Err(UnsentRequest::BadAmount)),
            "{amount:?}"
        );
    }
}

#[test]
fn a_time_beyond_the_calendar_is_refused() {
    for time in [i64::MIN, i64::MAX].map(Timestamp::from_micros) {
        let mut request = request();
        request.time_expire = time;
        let refused = account().page_pay(&request);
        assert!(matches!(refused, Err(UnsentRequest::BadTime)));
    }
}

//! What an attacker may send: nothing panics, and nothing that was signed can be changed.

use http::{HeaderMap, HeaderValue, StatusCode};
use payfold_wechatpay::WechatPayAccount;
use proptest::prelude::*;
use std::sync::LazyLock;

use crate::gateway::{self, NOW, account, now, pay_elements, signed_headers, signed_xml, xml};

static ACCOUNT: LazyLock<WechatPayAccount> = LazyLock::new(account);

static V3_BODY: LazyLock<String> = LazyLock::new(|| {
    gateway::envelope(
        "TRANSACTION.SUCCESS",
        "transaction",
        &gateway::transaction().to_string(),
    )
    .to_string()
});

static V3_HEADERS: LazyLock<HeaderMap> = LazyLock::new(|| signed_headers(V3_BODY.as_bytes()));

fn any_bytes() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        proptest::collection::vec(any::<u8>(), 0..300),
        "[<>&;#x!\\[\\]A-Za-z0-9/?= \"'-]{0,200}".prop_map(String::into_bytes),
        "[{}\\[\\]:,\"\\\\a-z0-9.eE+-]{0,200}".prop_map(String::into_bytes),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_byte_of_a_v3_body_that_is_changed_is_refused(at in 0..2000_usize, to in any::<u8>()) {
        let mut body = V3_BODY.clone().into_bytes();
        let at = at % body.len();
        prop_assume!(body[at] != to);
        body[at] = to;
        prop_assert!(ACCOUNT.verify_v3(&V3_HEADERS, &body, now()).is_err());
    }

    #[test]
    fn any_signed_header_that_is_changed_is_refused(name in 0..4_usize, at in any::<usize>(), to in 0x21..0x7F_u8) {
        let name = ["wechatpay-timestamp", "wechatpay-nonce", "wechatpay-serial", "wechatpay-signature"][name];
        let mut headers = V3_HEADERS.clone();
        let mut value = headers[name].as_bytes().to_vec();
        let at = at % value.len();
        prop_assume!(value[at] != to);
        value[at] = to;
        headers.insert(name, HeaderValue::from_bytes(&value).unwrap());
        prop_assert!(ACCOUNT.verify_v3(&headers, V3_BODY.as_bytes(), now()).is_err());
    }

    #[test]
    fn a_v3_body_that_is_cut_or_longer_is_refused(cut in 1..2000_usize, more in "[ -~\n]{1,8}") {
        let body = V3_BODY.as_bytes();
        prop_assert!(ACCOUNT.verify_v3(&V3_HEADERS, &body[..body.len() - cut.min(body.len())], now()).is_err());
        let longer = V3_BODY.clone() + &more;
        prop_assert!(ACCOUNT.verify_v3(&V3_HEADERS, longer.as_bytes(), now()).is_err());
    }

    #[test]
    fn any_signed_value_of_v2_that_is_changed_is_refused(field in 0..16_usize, value in "[ -%'-;?-~]{1,20}") {
        let elements = pay_elements();
        let (name, old) = elements[field];
        prop_assume!(old != value);
        let sign = gateway::md5_sign(&elements);
        let forged = gateway::with(elements, &[(name, &value), ("sign", &sign)]);
        prop_assert!(ACCOUNT.verify_v2(xml("xml", &forged).as_bytes()).is_err());
    }

    #[test]
    fn no_body_panics(body in any_bytes()) {
        let headers = signed_headers(&body);
        let taken = ACCOUNT.verify(&headers, &body, now());
        prop_assert!(taken.is_err());
        prop_assert!(ACCOUNT.reread(&body, now()).is_err());
        prop_assert!(ACCOUNT.verify_again_v2(&body).is_err());
        for status in [200, 204, 400, 500] {
            let reply = ACCOUNT.verify_response(StatusCode::from_u16(status).unwrap(), &headers, &body, now());
            prop_assert!(status >= 300 || reply.is_ok());
        }
    }

    #[test]
    fn no_decrypted_resource_panics(plain in any_bytes()) {
        let plain = String::from_utf8_lossy(&plain).into_owned();
        prop_assert!(gateway::take_transaction(&plain).is_err());
    }

    #[test]
    fn no_header_panics(values in proptest::collection::vec(proptest::collection::vec(0x20..=0xFF_u8, 0..50), 5)) {
        let mut headers = HeaderMap::new();
        let names = ["wechatpay-timestamp", "wechatpay-nonce", "wechatpay-serial", "wechatpay-signature", "wechatpay-signature-type"];
        for (name, value) in names.into_iter().zip(&values) {
            if let Ok(value) = HeaderValue::from_bytes(value) {
                headers.append(name, value);
            }
        }
        prop_assert!(ACCOUNT.verify_v3(&headers, V3_BODY.as_bytes(), now()).is_err());
    }

    #[test]
    fn no_value_of_attach_makes_another_document_of_a_signed_one(attach in "[a-z_=&0-9]{1,60}") {
        let elements = gateway::with(pay_elements(), &[("attach", &attach)]);
        let Ok(taken) = ACCOUNT.verify_v2(signed_xml(&elements).as_bytes()) else { return Ok(()) };
        let plain = ACCOUNT.verify_v2(signed_xml(&pay_elements()).as_bytes()).unwrap();
        prop_assert_eq!(taken.message, plain.message);
    }

    #[test]
    fn the_window_holds_at_any_clock(clock in any::<i64>()) {
        let at = payfold_domain::Timestamp::from_micros(clock);
        let near = (at.as_secs() - NOW).abs() <= 300;
        prop_assert_eq!(ACCOUNT.verify_v3(&V3_HEADERS, V3_BODY.as_bytes(), at).is_ok(), near);
    }
}

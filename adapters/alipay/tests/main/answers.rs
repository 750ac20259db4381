//! Answers of the gateway: whether they are its own, over the bytes as received, and what they leave
//! unknown.

use encoding_rs::GBK;
use http::StatusCode;
use payfold_alipay::{AlipayAccount, Call, CallFault, Refusal, Reply, verify_answer_again};
use payfold_domain::Verdict;
use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::Value;

use crate::calls::{out_trade_no, refund_no};
use crate::fixture::{account, bytes, certified, config, made, sign, text, today, vectors};

/// The body of an answer whose node is signed by Alipay.
pub(crate) fn signed(node: &str, content: &[u8]) -> Vec<u8> {
    let sign = sign(content);
    [
        format!(r#"{{"{node}":"#).as_bytes(),
        content,
        format!(r#","sign":"{sign}"}}"#).as_bytes(),
    ]
    .concat()
}

pub(crate) fn verify(call: Call, body: &[u8]) -> Result<Reply<'_>, CallFault> {
    account().verify_response(call, StatusCode::OK, body)
}

fn refused(verdict: Verdict, code: &str, message: &str) -> Reply<'static> {
    Reply::Refused {
        verdict,
        code: code.to_owned(),
        message: message.to_owned(),
    }
}

fn call_of(vector: &Value) -> Call {
    match text(vector, "/node") {
        "alipay_trade_precreate_response" => Call::Precreate,
        "alipay_trade_close_response" => Call::Close,
        _ => Call::Query,
    }
}

#[test]
fn of_the_vectors_those_are_taken_whose_signature_is_valid() {
    let in_certificate_mode = made(&certified());
    let responses = vectors("response");
    let vectors = responses["vectors"].as_array().unwrap();
    assert_eq!(vectors.len(), 8);
    for vector in vectors {
        let account: &AlipayAccount = match text(vector, "/name") {
            "cert_mode" => &in_certificate_mode,
            _ => account(),
        };
        let raw = text(vector, "/raw").as_bytes();
        let reply = account.verify_response(call_of(vector), StatusCode::OK, raw);
        let valid = vector["signature_valid"].as_bool().unwrap();
        assert_eq!(reply.is_ok(), valid, "{vector}: {reply:?}");
    }
}

#[test]
fn a_second_implementation_says_the_same_of_every_vector() {
    let keys = vectors("keys");
    let by_key = bytes(&keys, "/alipay/public_spki_base64");
    let by_certificate = made(&certified()).public_keys();
    for vector in vectors("response")["vectors"].as_array().unwrap() {
        let key = match text(vector, "/name") {
            "cert_mode" => &by_certificate[0].1,
            _ => &by_key,
        };
        let verified = verify_answer_again(text(vector, "/raw").as_bytes(), key);
        let valid = vector["signature_valid"].as_bool().unwrap();
        assert_eq!(verified.is_ok(), valid, "{vector}: {verified:?}");
    }
}

#[test]
fn a_gateway_failure_under_its_own_node_is_a_refusal_where_it_is_signed() {
    let vectors = vectors("response");
    let raw = |name: &str| {
        let vectors = vectors["vectors"].as_array().unwrap();
        let vector = vectors.iter().find(|vector| vector["name"] == name);
        text(vector.unwrap(), "/raw").to_owned()
    };
    assert_eq!(
        verify(Call::Refund, raw("error_response_signed").as_bytes()),
        Ok(refused(
            Verdict::NeedsAction,
            "isv.invalid-signature",
            "验签出错"
        ))
    );
    assert_eq!(
        verify(Call::Refund, raw("error_response_unsigned").as_bytes()),
        Err(CallFault::Unsigned {
            code: "isp.unknow-error".to_owned(),
            message: "系统繁忙".to_owned(),
        })
    );
    assert_eq!(
        verify(Call::Query, raw("duplicate_node").as_bytes()),
        Err(CallFault::Unreadable(Refusal::AnswerUnreadable {
            expected: "a JSON object of at most 256 members, each name once"
        }))
    );
    assert_eq!(
        verify(Call::Close, raw("reserialised").as_bytes()),
        Err(CallFault::Unverified(Refusal::SignatureWrong))
    );
}

#[test]
fn a_refusal_is_told_by_a_code_that_reads_as_one_and_printed_without_the_gateways_words() {
    let words = "验签字符串为：biz_content={\"buyer_id\":\"2088123456789012\"}";
    let body = |code: &str, sub_code: &str| {
        let content = serde_json::json!({
            "code": code, "msg": "x", "sub_code": sub_code, "sub_msg": words,
        });
        signed("error_response", content.to_string().as_bytes())
    };
    assert_eq!(
        verify(Call::Create, &body("40002", words)),
        Ok(refused(Verdict::NeedsAction, "40002", words))
    );
    assert!(matches!(
        verify(Call::Create, &body(words, "isv.invalid-signature")),
        Err(CallFault::Unreadable(_))
    ));

    let undecided = body("20000", "isp.unknow-error");
    let unsigned = serde_json::json!({ "error_response": {
        "code": "40002", "msg": words, "sub_code": "isv.invalid-signature",
    } })
    .to_string();
    for (body, code) in [
        (undecided.as_slice(), "isp.unknow-error"),
        (unsigned.as_bytes(), "isv.invalid-signature"),
    ] {
        let printed = verify(Call::Create, body).unwrap_err().to_string();
        assert!(printed.contains(code), "{printed}");
        assert!(!printed.contains("2088123456789012"), "{printed}");
    }
}

#[test]
fn an_unsigned_answer_is_never_believed_whatever_it_claims() {
    for content in [
        r#"{"code":"10000","msg":"Success","out_trade_no":"vec_0001"}"#,
        r#"{"code":"40004","msg":"Business Failed","sub_code":"ACQ.TRADE_NOT_EXIST"}"#,
    ] {
        for rest in ["", r#","sign":"""#, r#","sign":null"#] {
            let body = format!(r#"{{"alipay_trade_query_response":{content}{rest}}}"#);
            let reply = verify(Call::Query, body.as_bytes());
            assert!(
                matches!(reply, Err(CallFault::Unsigned { .. })),
                "{reply:?}"
            );
        }
    }
}

#[test]
fn a_signature_that_is_none_is_not_verified() {
    for sign in ["x", "AAAA", "é"] {
        let body =
            format!(r#"{{"alipay_trade_query_response":{{"code":"10000"}},"sign":"{sign}"}}"#);
        assert_eq!(
            verify(Call::Query, body.as_bytes()),
            Err(CallFault::Unverified(Refusal::SignUnreadable))
        );
    }
}

#[test]
fn another_keys_signature_is_refused() {
    let body = signed("alipay_trade_query_response", br#"{"code":"10000"}"#);
    let mut other = config();
    let keys = vectors("keys");
    other.alipay_public_key = Some(text(&keys, "/app/public_spki_base64").to_owned());
    other.app_private_key = None;
    assert_eq!(
        made(&other).verify_response(Call::Query, StatusCode::OK, &body),
        Err(CallFault::Unverified(Refusal::SignatureWrong))
    );
}

#[test]
fn an_answer_to_another_call_is_none() {
    let body = signed("alipay_trade_query_response", br#"{"code":"10000"}"#);
    assert!(verify(Call::Query, &body).is_ok());
    for call in [Call::Close, Call::Refund, Call::RefundQuery, Call::Create] {
        assert_eq!(
            verify(call, &body),
            Err(CallFault::Unreadable(Refusal::AnswerUnreadable {
                expected: "the node of the method that was called"
            }))
        );
    }
}

#[test]
fn a_failure_beside_the_node_leaves_open_which_one_holds() {
    let body = signed("alipay_trade_query_response", br#"{"code":"10000"}"#);
    let both = [&br#"{"error_response":{"code":"20000"},"#[..], &body[1..]].concat();
    assert!(matches!(
        verify(Call::Query, &both),
        Err(CallFault::Unreadable(_))
    ));
}

#[test]
fn whitespace_and_order_of_what_is_not_signed_do_not_count() {
    let content = br#" {"code" : "10000", "nested":{"a":[{"b":"}"}]}} "#.trim_ascii();
    let sign = sign(content).replace('/', "\\/");
    let body = [
        format!(
            " {{\n\"x\":1e400 ,\"si\\u0067n\" :\"{sign}\"\n, \"alipay_trade_query_response\"\t: "
        )
        .as_bytes(),
        content,
        b"\r\n, \"y\" : [ ] } ",
    ]
    .concat();
    assert!(matches!(verify(Call::Query, &body), Ok(Reply::Done(_))));
}

#[test]
fn an_answer_in_gbk_is_verified_over_its_gbk_bytes() {
    // The second byte of 誠 is a backslash.
    let content =
        r#"{"code":"40004","msg":"x","sub_code":"ACQ.TRADE_NOT_EXIST","sub_msg":"誠不存在"}"#;
    let (content, _, _) = GBK.encode(content);
    assert!(content.contains(&b'\\'));
    let body = signed("alipay_trade_query_response", &content);
    assert_eq!(
        verify(Call::Query, &body),
        Ok(refused(
            Verdict::NotThere,
            "ACQ.TRADE_NOT_EXIST",
            "誠不存在"
        ))
    );
}

#[test]
fn in_certificate_mode_only_the_certificate_that_is_named_verifies() {
    let account = made(&certified());
    let certs = vectors("certs");
    let known = text(&certs, "/alipay_cert_sn");
    let content = r#"{"code":"10000"}"#;
    let sign = sign(content.as_bytes());
    let body = |sn: &str| {
        format!(
            r#"{{"alipay_trade_query_response":{content},"alipay_cert_sn":"{sn}","sign":"{sign}"}}"#
        )
    };
    let verify = |sn: &str| {
        let body = body(sn);
        account
            .verify_response(Call::Query, StatusCode::OK, body.as_bytes())
            .map(|_reply| ())
    };
    assert_eq!(verify(known), Ok(()));
    assert_eq!(
        verify(text(&certs, "/other_alipay_cert_sn")),
        Err(CallFault::Unverified(Refusal::CertificateUnknown))
    );
}

#[test]
fn what_is_no_answer_leaves_the_outcome_unknown() {
    let large = signed(
        "alipay_trade_query_response",
        format!(r#"{{"code":"10000","x":"{}"}}"#, "x".repeat(10 << 20)).as_bytes(),
    );
    let whole = signed("alipay_trade_query_response", br#"{"code":"10000"}"#);
    let cut_off = &whole[..whole.len() - 1];
    let deep = "[".repeat(100_000);
    let encrypted = signed("alipay_trade_query_response", br#""c2VhbGVk""#);
    for body in [
        &large[..],
        cut_off,
        deep.as_bytes(),
        &encrypted,
        b"",
        b"{}",
        b"null",
        b"<html><body>\xcf\xb5\xcd\xb3\xb7\xb1\xc3\xa6</body></html>",
        b"\xff\xfe",
    ] {
        let reply = verify(Call::Query, body);
        assert!(matches!(reply, Err(CallFault::Unreadable(_))), "{reply:?}");
    }
    for status in [301, 404, 500, 502, 504] {
        let code = StatusCode::from_u16(status).unwrap();
        assert_eq!(
            account().verify_response(Call::Query, code, &whole),
            Err(CallFault::Status { status })
        );
    }
}

/// A signed answer, and where its node begins and ends.
fn genuine() -> (Vec<u8>, usize, usize) {
    let content = r#"{"code":"10000","msg":"Success","out_trade_no":"vec_0001","subject":"测试 \"}\" ,\"sign\":\"x\"","total_amount":"88.88"}"#;
    let node = "alipay_trade_query_response";
    let from = node.len() + 4;
    (signed(node, content.as_bytes()), from, from + content.len())
}

proptest! {
    #[test]
    fn a_change_of_any_byte_of_the_node_is_refused(at: usize, byte: u8) {
        let (mut body, from, to) = genuine();
        let at = from + at % (to - from);
        prop_assume!(body[at] != byte);
        body[at] = byte;
        prop_assert!(verify(Call::Query, &body).is_err());
    }

    #[test]
    fn a_change_of_any_other_byte_is_refused_or_says_the_same(at: usize, byte: u8) {
        let (genuine, from, to) = genuine();
        let mut body = genuine.clone();
        let outside = from + body.len() - to;
        let at = at % outside;
        let at = if at < from { at } else { at - from + to };
        body[at] = byte;
        if let Ok(taken) = verify(Call::Query, &body) {
            prop_assert_eq!(taken, verify(Call::Query, &genuine).unwrap());
        }
    }

    #[test]
    fn an_answer_that_is_cut_off_anywhere_is_none(at: usize) {
        let (body, _, _) = genuine();
        prop_assert!(verify(Call::Query, &body[..at % body.len()]).is_err());
    }

    #[test]
    fn no_bytes_make_an_answer_or_a_panic(body in vec(any::<u8>(), 0..600)) {
        prop_assert!(verify(Call::Query, &body).is_err());
        let (_, key) = &account().public_keys()[0];
        prop_assert!(verify_answer_again(&body, key).is_err());
    }

    #[test]
    fn no_text_between_the_marks_of_an_answer_makes_a_panic(
        pieces in vec(prop_oneof![
            Just("{"), Just("}"), Just("["), Just("]"), Just("\""), Just("\\"), Just(":"), Just(","),
            Just("\"alipay_trade_query_response\""), Just("\"sign\""), Just("\"code\""),
            Just("\"10000\""), Just("null"), Just("1e9"), Just("é"), Just(" "),
        ], 0..40),
    ) {
        prop_assert!(verify(Call::Query, pieces.concat().as_bytes()).is_err());
    }

    /// Whatever the gateway signs, reading it ends in facts or in a fault.
    #[test]
    fn no_signed_values_make_reading_panic(
        name in prop_oneof![
            Just("out_trade_no"), Just("trade_no"), Just("trade_status"), Just("total_amount"),
            Just("send_pay_date"), Just("receipt_amount"), Just("fund_change"), Just("refund_fee"),
            Just("gmt_refund_pay"), Just("refund_status"), Just("refund_amount"), Just("out_request_no"),
        ],
        value in prop_oneof![
            "\\PC{0,30}".prop_map(Value::from),
            "[0-9 .:-]{0,24}".prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            Just(Value::Null),
            Just(serde_json::json!({"nested": []})),
        ],
    ) {
        let mut content = serde_json::json!({
            "code": "10000", "out_trade_no": "vec_0001", "trade_no": "2026010522001499160501589436",
            "trade_status": "TRADE_CLOSED", "total_amount": "88.88", "fund_change": "Y",
            "refund_fee": "88.88", "out_request_no": "RF0001", "refund_amount": "88.88",
            "refund_status": "REFUND_SUCCESS",
        });
        content[name] = value;
        let content = content.to_string();
        let (number, refund_no) = (out_trade_no(), refund_no());
        for (call, node) in [
            (Call::Query, "alipay_trade_query_response"),
            (Call::Refund, "alipay_trade_refund_response"),
            (Call::RefundQuery, "alipay_trade_fastpay_refund_query_response"),
        ] {
            let body = signed(node, content.as_bytes());
            let reply = verify(call, &body);
            let Ok(Reply::Done(verified)) = reply else {
                return Err(TestCaseError::fail(format!("not taken: {reply:?}")));
            };
            let fault = if call == Call::Query {
                account().read_query(verified, &number, today()).err()
            } else {
                account().read_refund(verified, &number, &refund_no, today()).err()
            };
            prop_assert!(matches!(fault, None | Some(CallFault::Unreadable(_))));
        }
    }
}

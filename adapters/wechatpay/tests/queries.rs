//! Asking how a payment or a refund stands, closing, and giving back.

use http::{HeaderMap, Method, StatusCode};
use payfold_domain::{
    Fact, Gateway, Message, Money, Observation, OutTradeNo, RefundNo, RefundSize, RefundState,
    Source, TransactionId, Verdict,
};
use payfold_wechatpay::{
    AccountConfig, CallFault, RefundRequest, Reply, UnsentRequest, WechatPayAccount,
};
use serde_json::{Value, json};

use crate::gateway::{account, config, now, refund, signed_headers, transaction};

fn out_trade_no() -> OutTradeNo {
    OutTradeNo::new("PF202611230001").unwrap()
}

fn refund_no() -> RefundNo {
    RefundNo::new("PFR202611230001").unwrap()
}

fn transaction_id() -> TransactionId {
    TransactionId::from_gateway("4200001234202611230000000001").unwrap()
}

fn refund_request<'a>(
    transaction_id: &'a TransactionId,
    refund_no: &'a RefundNo,
) -> RefundRequest<'a> {
    RefundRequest {
        transaction_id,
        refund_no,
        amount: Money::cny(40),
        paid: Money::cny(100),
        reason: None,
        notify_url: "https://pay.example.com/notify/wx",
        now: now(),
        nonce: "nonce1",
    }
}

/// What a signed answer to a query says.
fn read_query(answer: &Value) -> Result<Message, CallFault> {
    let body = answer.to_string();
    let account = account();
    let reply = account.verify_response(
        StatusCode::OK,
        &signed_headers(body.as_bytes()),
        body.as_bytes(),
        now(),
    );
    let Ok(Reply::Done(verified)) = reply else {
        panic!("expected an answer, got {reply:?}")
    };
    account
        .read_query(verified, &out_trade_no(), now())
        .map(|authentic| authentic.message)
}

/// What a signed answer to a refund, or to a query of one, says.
fn read_refund(answer: &Value) -> Result<Message, CallFault> {
    let body = answer.to_string();
    let account = account();
    let reply = account.verify_response(
        StatusCode::OK,
        &signed_headers(body.as_bytes()),
        body.as_bytes(),
        now(),
    );
    let Ok(Reply::Done(verified)) = reply else {
        panic!("expected an answer, got {reply:?}")
    };
    account
        .read_refund(verified, &refund_no(), now())
        .map(|authentic| authentic.message)
}

/// A refund as a call answers it: the status under its other name, and no merchant number.
fn answered_refund(status: &str) -> Value {
    let mut refund = refund("x");
    let fields = refund.as_object_mut().unwrap();
    fields.remove("refund_status");
    fields.remove("mchid");
    fields.insert("status".to_owned(), json!(status));
    refund
}

fn facts(message: Message) -> Vec<Fact> {
    let Message::Observation(Observation {
        source: Source::Query,
        facts,
        ..
    }) = message
    else {
        panic!("expected facts of a query, got {message:?}")
    };
    facts
}

#[test]
fn a_query_names_the_order_in_its_path_and_has_no_body() {
    let request = account()
        .query_request(&out_trade_no(), now(), "nonce1")
        .unwrap();
    assert_eq!(request.method(), Method::GET);
    assert_eq!(
        request.uri(),
        "https://api.mch.weixin.qq.com/v3/pay/transactions/out-trade-no/PF202611230001?mchid=1900000109"
    );
    assert!(request.body().is_empty());
    assert!(!request.headers().contains_key("content-type"));
}

#[test]
fn a_number_that_paths_cannot_hold_is_percent_encoded() {
    let number = OutTradeNo::external(Gateway::WechatPay, "PF_0001-a|b*").unwrap();
    let request = account().query_request(&number, now(), "nonce1").unwrap();
    assert_eq!(
        request.uri().path(),
        "/v3/pay/transactions/out-trade-no/PF_0001-a%7Cb*"
    );
}

#[test]
fn closing_names_the_merchant() {
    let request = account()
        .close_request(&out_trade_no(), now(), "nonce1")
        .unwrap();
    assert_eq!(request.method(), Method::POST);
    assert_eq!(
        request.uri().path(),
        "/v3/pay/transactions/out-trade-no/PF202611230001/close"
    );
    assert_eq!(&request.body()[..], br#"{"mchid":"1900000109"}"#);
}

#[test]
fn a_refund_is_asked_for_in_the_gateways_words() {
    let (money, number) = (transaction_id(), refund_no());
    let request = account()
        .refund_request(&refund_request(&money, &number))
        .unwrap();
    assert_eq!(request.uri().path(), "/v3/refund/domestic/refunds");
    assert_eq!(
        std::str::from_utf8(request.body()).unwrap(),
        concat!(
            r#"{"transaction_id":"4200001234202611230000000001","out_refund_no":"PFR202611230001","#,
            r#""notify_url":"https://pay.example.com/notify/wx","#,
            r#""amount":{"refund":40,"total":100,"currency":"CNY"}}"#
        )
    );
    let query = account()
        .refund_query_request(&number, now(), "nonce1")
        .unwrap();
    assert_eq!(
        query.uri().path(),
        "/v3/refund/domestic/refunds/PFR202611230001"
    );
}

#[test]
fn an_account_that_only_receives_asks_nothing() {
    let receives = WechatPayAccount::new(&AccountConfig {
        merchant_private_key: None,
        ..config()
    })
    .ok()
    .unwrap();
    let (money, number) = (transaction_id(), refund_no());
    for request in [
        receives.query_request(&out_trade_no(), now(), "nonce1"),
        receives.close_request(&out_trade_no(), now(), "nonce1"),
        receives.refund_request(&refund_request(&money, &number)),
        receives.refund_query_request(&number, now(), "nonce1"),
    ] {
        assert!(matches!(request, Err(UnsentRequest::ReceivesOnly)));
    }
}

#[test]
fn the_answer_to_a_query_says_what_a_notify_would() {
    assert!(
        matches!(&facts(read_query(&transaction()).unwrap())[..], [Fact::Paid(receipt)] if receipt.amount == Money::cny(100))
    );
    let unpaid =
        json!({ "mchid": "1900000109", "out_trade_no": "PF202611230001", "trade_state": "NOTPAY" });
    assert_eq!(facts(read_query(&unpaid).unwrap()), [Fact::NotPaidYet]);
    let mut refunded = transaction();
    refunded["trade_state"] = json!("REFUND");
    assert!(matches!(
        &facts(read_query(&refunded).unwrap())[..],
        [Fact::Paid(_), Fact::Refund(_)]
    ));
    let mut new = transaction();
    new["trade_state"] = json!("ESCROWED");
    assert_eq!(
        read_query(&new).unwrap(),
        Message::Unknown("query/ESCROWED".to_owned())
    );
}

#[test]
fn an_answer_about_another_order_or_merchant_is_unreadable() {
    for (name, value) in [("out_trade_no", "PF202611230002"), ("mchid", "1900000108")] {
        let mut other = transaction();
        other[name] = json!(value);
        assert!(
            matches!(read_query(&other), Err(CallFault::Unreadable(_))),
            "{name}"
        );
    }
}

#[test]
fn the_answer_to_a_refund_says_how_it_stands() {
    for (status, state) in [
        ("PROCESSING", RefundState::Processing),
        ("SUCCESS", RefundState::Succeeded(None)),
        ("ABNORMAL", RefundState::NeedsAction),
        ("CLOSED", RefundState::Failed),
    ] {
        let facts = facts(read_refund(&answered_refund(status)).unwrap());
        let [Fact::Paid(_), Fact::Refund(refund)] = &facts[..] else {
            panic!("expected a refund, got {facts:?}")
        };
        assert_eq!(
            (refund.state, refund.size),
            (state, RefundSize::Exactly(Money::cny(40)))
        );
    }
    let unknown = read_refund(&answered_refund("HALFWAY")).unwrap();
    assert_eq!(unknown, Message::Unknown("refund/HALFWAY".to_owned()));
}

#[test]
fn an_answer_about_another_refund_is_unreadable() {
    let mut other = answered_refund("SUCCESS");
    other["out_refund_no"] = json!("PFR202611230002");
    assert!(matches!(read_refund(&other), Err(CallFault::Unreadable(_))));
}

#[test]
fn an_order_that_the_gateway_does_not_know_is_a_refusal_with_its_code() {
    let body = r#"{"code":"ORDER_NOT_EXIST","message":"订单不存在"}"#.as_bytes();
    let account = account();
    let reply = account.verify_response(StatusCode::NOT_FOUND, &HeaderMap::new(), body, now());
    assert!(
        matches!(reply, Ok(Reply::Refused { verdict: Verdict::NotThere, code, .. }) if code == "ORDER_NOT_EXIST")
    );
}

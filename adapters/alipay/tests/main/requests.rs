//! What the gateway is asked, read as the gateway reads it.

use bytes::Bytes;
use chrono::NaiveDate;
use http::{Method, Request};
use payfold_alipay::{CreateRequest, RefundRequest, UnsentRequest};
use payfold_domain::{Money, OutTradeNo, RefundNo, Timestamp, TransactionId};
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value, json};

use crate::calls::{out_trade_no, refund_no};
use crate::fixture::{APP_ID, account, certified, config, made, text, vectors};
use crate::pay::accepted;

/// 2026-01-05 10:00:10, Beijing time.
fn now() -> Timestamp {
    Timestamp::from_secs(1_767_578_410)
}

/// What a request asks, after its form and its signature were found good.
fn asked(request: &Request<Bytes>) -> (String, Value) {
    assert_eq!(request.method(), Method::POST);
    assert_eq!(
        request.headers()["content-type"],
        "application/x-www-form-urlencoded;charset=utf-8"
    );
    assert_eq!(request.uri().host(), Some("openapi.alipay.com"));
    assert_eq!(request.uri().path(), "/gateway.do");
    let query = request.uri().query().unwrap();
    let body = str::from_utf8(request.body()).unwrap();
    let parameters = accepted(&format!("{query}&{body}"));
    assert!(query.contains("charset=utf-8"));
    assert_eq!(parameters["app_id"], APP_ID);
    assert_eq!(parameters["timestamp"], "2026-01-05 10:00:10");
    let content = serde_json::from_str(&parameters["biz_content"]).unwrap();
    (parameters["method"].clone(), content)
}

/// Where the gateway is told to tell of it.
fn notify_url(request: &Request<Bytes>) -> Option<&str> {
    let query = request.uri().query().unwrap();
    query
        .split('&')
        .find_map(|pair| pair.strip_prefix("notify_url="))
}

fn create_request(out_trade_no: &OutTradeNo) -> CreateRequest<'_> {
    CreateRequest {
        out_trade_no,
        amount: Money::cny(8888),
        subject: "A/B & C",
        time_expire: Timestamp::from_secs(1_767_580_200),
        notify_url: "https://pay.example.com/notify/ali",
        now: now(),
    }
}

fn transaction_id() -> TransactionId {
    TransactionId::from_gateway("2026010522001499160501589436").unwrap()
}

fn refund_request<'a>(
    out_trade_no: &'a OutTradeNo,
    transaction_id: &'a TransactionId,
    refund_no: &'a RefundNo,
) -> RefundRequest<'a> {
    RefundRequest {
        out_trade_no,
        transaction_id,
        refund_no,
        amount: Money::cny(3000),
        reason: Some("too small"),
        now: now(),
    }
}

#[test]
fn query_close_and_refund_name_the_payment_and_nothing_that_they_need_not() {
    let (number, money, refund) = (out_trade_no(), transaction_id(), refund_no());
    let requests = [
        (
            account().query_request(&number, now()),
            "alipay.trade.query",
            json!({"out_trade_no": "vec_0001"}),
        ),
        (
            account().close_request(&number, now()),
            "alipay.trade.close",
            json!({"out_trade_no": "vec_0001"}),
        ),
        (
            account().refund_request(&refund_request(&number, &money, &refund)),
            "alipay.trade.refund",
            json!({
                "out_trade_no": "vec_0001",
                "trade_no": "2026010522001499160501589436",
                "out_request_no": "RF0001",
                "refund_amount": "30.00",
                "refund_reason": "too small",
            }),
        ),
        (
            account().refund_query_request(&number, Some(&money), &refund, now()),
            "alipay.trade.fastpay.refund.query",
            json!({
                "out_trade_no": "vec_0001",
                "trade_no": "2026010522001499160501589436",
                "out_request_no": "RF0001",
                "query_options": ["gmt_refund_pay"],
            }),
        ),
        (
            account().bill_url_request(NaiveDate::from_ymd_opt(2026, 1, 4).unwrap(), now()),
            "alipay.data.dataservice.bill.downloadurl.query",
            json!({"bill_type": "trade", "bill_date": "2026-01-04", "secure": "true"}),
        ),
    ];
    for (request, method, content) in requests {
        let request = request.unwrap();
        assert_eq!(asked(&request), (method.to_owned(), content));
        assert_eq!(notify_url(&request), None, "{method}");
    }
}

#[test]
fn a_query_in_certificate_mode_is_that_of_the_vectors() {
    let requests = vectors("request");
    let vector = &requests["vectors"][1];
    let request = made(&certified())
        .query_request(&out_trade_no(), now())
        .unwrap();
    let sent = accepted_whole(&request);
    for (name, value) in vector["params"].as_object().unwrap() {
        assert_eq!(sent[name], *value, "{name}");
    }
    assert_eq!(sent["sign"], text(vector, "/sign"));
}

#[test]
fn a_code_and_a_trade_say_until_when_they_can_be_paid_and_whom_to_tell() {
    let number = out_trade_no();
    let request = account()
        .precreate_request(&create_request(&number))
        .unwrap();
    let mut content = json!({
        "out_trade_no": "vec_0001",
        "total_amount": "88.88",
        "subject": "A／B ＆ C",
        "time_expire": "2026-01-05 10:30:00",
        "product_code": "QR_CODE_OFFLINE",
    });
    assert_eq!(
        asked(&request),
        ("alipay.trade.precreate".to_owned(), content.clone())
    );
    let encoded = "https%3A%2F%2Fpay.example.com%2Fnotify%2Fali";
    assert_eq!(notify_url(&request), Some(encoded));
    content["product_code"] = json!("JSAPI_PAY");
    content["op_app_id"] = json!(APP_ID);
    for (openid, field) in [
        ("2088722003899169", "buyer_id"),
        (
            "074a1CcTG1LelxKe4xQC0zgNdId0nxi95b5lsNpazWYoCo5",
            "buyer_open_id",
        ),
        ("20887220038991", "buyer_open_id"),
    ] {
        let request = account()
            .create_request(&create_request(&number), openid)
            .unwrap();
        let mut content = content.clone();
        content[field] = json!(openid);
        assert_eq!(asked(&request), ("alipay.trade.create".to_owned(), content));
        assert_eq!(notify_url(&request), Some(encoded));
    }
}

#[test]
fn without_a_private_key_nothing_is_asked() {
    let mut config = config();
    config.app_private_key = None;
    let unsent = made(&config).query_request(&out_trade_no(), now());
    assert!(matches!(unsent, Err(UnsentRequest::ReceivesOnly)));
}

#[test]
fn an_amount_or_a_time_that_alipay_cannot_read_is_not_sent() {
    let (number, money, refund) = (out_trade_no(), transaction_id(), refund_no());
    let mut request = refund_request(&number, &money, &refund);
    request.amount = Money::cny(0);
    let unsent = account().refund_request(&request);
    assert!(matches!(unsent, Err(UnsentRequest::BadAmount)));
    let never = Timestamp::from_micros(i64::MAX);
    let unsent = account().query_request(&number, never);
    assert!(matches!(unsent, Err(UnsentRequest::BadTime)));
}

/// The parameters of a request with their signature.
fn accepted_whole(request: &Request<Bytes>) -> Map<String, Value> {
    let query = request.uri().query().unwrap();
    let body = str::from_utf8(request.body()).unwrap();
    let form = format!("{query}&{body}");
    let decoded = |text: &str| {
        let text = percent_decode_str(text).decode_utf8();
        Value::from(text.unwrap().into_owned())
    };
    form.split('&')
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap();
            (name.to_owned(), decoded(value))
        })
        .collect()
}

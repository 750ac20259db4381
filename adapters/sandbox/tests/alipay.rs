//! Alipay's gateway, cashier, notify and return.

use std::collections::BTreeMap;

use http::StatusCode;
use percent_encoding::{NON_ALPHANUMERIC, percent_decode, percent_encode};
use serde_json::json;

use crate::world::{World, account, holds, sign_with};

/// The pairs of a form, decoded once, as bytes.
pub(crate) fn pairs(form: &[u8]) -> BTreeMap<String, Vec<u8>> {
    let decode = |part: &[u8]| {
        let spaced: Vec<u8> = part
            .iter()
            .map(|b| if *b == b'+' { b' ' } else { *b })
            .collect();
        percent_decode(&spaced).collect::<Vec<u8>>()
    };
    form.split(|byte| *byte == b'&')
        .map(|pair| {
            let at = pair.iter().position(|byte| *byte == b'=').unwrap();
            (
                String::from_utf8(decode(&pair[..at])).unwrap(),
                decode(&pair[at + 1..]),
            )
        })
        .collect()
}

/// The text of V1, made here from its rule: sorted, without `sign` and `sign_type`.
fn v1_text(pairs: &BTreeMap<String, Vec<u8>>) -> Vec<u8> {
    let mut text = Vec::new();
    for (name, value) in pairs.iter().filter(|(name, _)| !name.starts_with("sign")) {
        if !text.is_empty() {
            text.push(b'&');
        }
        text.extend_from_slice(name.as_bytes());
        text.push(b'=');
        text.extend_from_slice(value);
    }
    text
}

pub(crate) fn v1_holds(pairs: &BTreeMap<String, Vec<u8>>) -> bool {
    let sign = String::from_utf8(pairs["sign"].clone()).unwrap();
    holds("alipay/alipay_public_key.pem", &v1_text(pairs), &sign)
}

pub(crate) fn text(pairs: &BTreeMap<String, Vec<u8>>, name: &str) -> String {
    String::from_utf8(pairs[name].clone()).unwrap()
}

/// A merchant's signed request, as a query string; the values are bytes of its charset.
pub(crate) fn signed(method: &str, charset: &str, content: &[u8]) -> String {
    signed_with(method, charset, content, &[])
}

/// The same with more common parameters.
pub(crate) fn signed_with(
    method: &str,
    charset: &str,
    content: &[u8],
    more: &[(&'static str, String)],
) -> String {
    let mut pairs: BTreeMap<&str, Vec<u8>> = BTreeMap::from([
        ("app_id", account("alipay", "app_id").into_bytes()),
        ("biz_content", content.to_vec()),
        ("charset", charset.into()),
        ("format", "JSON".into()),
        ("method", method.into()),
        ("notify_url", "http://shop.test/notify/ali".into()),
        ("return_url", "http://shop.test/return/ali".into()),
        ("sign_type", "RSA2".into()),
        ("timestamp", "2026-11-23 16:00:00".into()),
        ("version", "1.0".into()),
    ]);
    let more = more
        .iter()
        .map(|(name, value)| (*name, value.clone().into_bytes()));
    pairs.extend(more);
    let lines: Vec<Vec<u8>> = pairs
        .iter()
        .map(|(name, value)| [name.as_bytes(), b"=", value].concat())
        .collect();
    let sign = sign_with("alipay/app_private_key.pem", &lines.join(&b'&'));
    pairs.insert("sign", sign.into_bytes());
    let encode = |value: &[u8]| percent_encode(value, NON_ALPHANUMERIC).to_string();
    let pairs: Vec<_> = pairs
        .iter()
        .map(|(name, value)| format!("{name}={}", encode(value)))
        .collect();
    pairs.join("&")
}

pub(crate) fn page_pay(number: &str, amount: &str) -> String {
    let content = json!({
        "out_trade_no": number,
        "total_amount": amount,
        "subject": "一本书 A+B",
        "product_code": "FAST_INSTANT_TRADE_PAY",
        "time_expire": "2026-11-23 18:00:00",
    });
    signed(
        "alipay.trade.page.pay",
        "utf-8",
        content.to_string().as_bytes(),
    )
}

#[tokio::test]
async fn a_page_payment_is_no_trade_until_the_buyer_pays_and_then_notifies_and_returns() {
    let world = World::new();
    let said = world
        .get(&format!("/gateway.do?{}", page_pay("order_1", "88.00")))
        .await;
    assert_eq!(said.status, StatusCode::SEE_OTHER);
    let cashier = said.header("location").to_owned();
    let page = world.get(&cashier).await.text();
    assert!(page.contains("一本书 A+B") && page.contains("88.00") && page.contains("Sandbox"));
    assert_eq!(
        world.get("/_sandbox/trades").await.json(),
        json!({ "items": [] })
    );

    let said = world
        .form("/alipay/cashier", "out_trade_no=order_1&act=pay")
        .await;
    assert_eq!(said.status, StatusCode::SEE_OTHER);
    let (url, query) = said.header("location").split_once('?').unwrap();
    assert_eq!(url, "http://shop.test/return/ali");
    let back = pairs(query.as_bytes());
    assert!(v1_holds(&back));
    assert_eq!(text(&back, "method"), "alipay.trade.page.pay.return");

    assert_eq!(world.sandbox.deliver_due().await, 1);
    let call = world.shop.received().remove(0);
    assert_eq!(call.url, "http://shop.test/notify/ali");
    let media_type = "application/x-www-form-urlencoded; charset=utf-8";
    assert!(
        call.headers
            .contains(&("content-type", media_type.to_owned()))
    );
    assert!(
        call.headers
            .contains(&("user-agent", "Mozilla/4.0".to_owned()))
    );
    let notify = pairs(&call.body);
    assert!(v1_holds(&notify));
    for (name, value) in [
        ("trade_status", "TRADE_SUCCESS"),
        ("total_amount", "88.00"),
        ("subject", "一本书 A+B"),
        ("out_trade_no", "order_1"),
        ("gmt_payment", "2026-11-23 16:00:00"),
        ("notify_type", "trade_status_sync"),
        (
            "fund_bill_list",
            r#"[{"amount":"88.00","fundChannel":"ALIPAYACCOUNT"}]"#,
        ),
    ] {
        assert_eq!(text(&notify, name), value, "{name}");
    }
    assert_eq!(text(&notify, "seller_id"), account("alipay", "seller_id"));
    let trade = world.only_trade().await;
    assert_eq!(trade["transaction_id"], text(&notify, "trade_no"));
    assert_eq!(trade["minor"], 8_800);
    assert_eq!(trade["state"], "TRADE_SUCCESS");
    assert_eq!(trade["notifies"], 1);
}

#[tokio::test]
async fn a_notify_comes_in_the_charset_of_the_request() {
    let world = World::new();
    let content = r#"{"out_trade_no":"gbk_1","total_amount":"1.00","subject":"测试"}"#;
    let (content, _, _) = encoding_rs::GBK.encode(content);
    let said = world
        .form(
            "/gateway.do",
            &signed("alipay.trade.wap.pay", "GBK", &content),
        )
        .await;
    assert_eq!(said.status, StatusCode::SEE_OTHER, "{}", said.text());
    world
        .post(
            "/_sandbox/pay",
            json!({ "gateway": "alipay", "out_trade_no": "gbk_1" }),
        )
        .await;
    world.sandbox.deliver_due().await;
    let notify = pairs(&world.shop.received()[0].body);
    assert_eq!(text(&notify, "charset"), "GBK");
    assert_eq!(
        notify["subject"],
        encoding_rs::GBK.encode("测试").0.to_vec()
    );
    assert!(v1_holds(&notify));
}

#[tokio::test]
async fn a_bad_signature_shows_alipays_own_error_page_in_gbk() {
    let world = World::new();
    let forged = page_pay("order_1", "88.00").replace("88%2E00", "00%2E01");
    let said = world.get(&format!("/gateway.do?{forged}")).await;
    assert_eq!(said.header("content-type"), "text/html;charset=GBK");
    let (page, _, broken) = encoding_rs::GBK.decode(&said.body);
    assert!(!broken && page.contains("isv.invalid-signature"), "{page}");
    assert_eq!(
        world
            .get("/alipay/cashier?out_trade_no=order_1")
            .await
            .status,
        StatusCode::OK
    );
    assert_eq!(
        world.get("/_sandbox/trades").await.json(),
        json!({ "items": [] })
    );
}

#[tokio::test]
async fn an_unknown_method_is_refused_in_signed_json() {
    let world = World::new();
    let said = world
        .form(
            "/gateway.do",
            &signed("alipay.trade.nothing", "utf-8", b"{}"),
        )
        .await;
    let body = said.text();
    let node = body
        .split_once("_response\":")
        .unwrap()
        .1
        .rsplit_once(",\"sign\"")
        .unwrap()
        .0;
    let answer = said.json();
    assert_eq!(
        answer["alipay_trade_nothing_response"]["sub_code"],
        "isv.invalid-method"
    );
    let sign = answer["sign"].as_str().unwrap();
    assert!(holds("alipay/alipay_public_key.pem", node.as_bytes(), sign));
}

#[tokio::test]
async fn a_buyer_may_pay_twice_or_walk_away() {
    let world = World::new();
    world
        .get(&format!("/gateway.do?{}", page_pay("order_2", "0.01")))
        .await;
    let said = world
        .form("/alipay/cashier", "out_trade_no=order_2&act=leave")
        .await;
    assert!(said.text().contains("You left without paying"));
    assert_eq!(world.sandbox.next_due(), None);
    world
        .form("/alipay/cashier", "out_trade_no=order_2&act=twice")
        .await;
    assert_eq!(world.sandbox.deliver_due().await, 2);
    let received = world.shop.received();
    let numbers: Vec<_> = received
        .iter()
        .map(|call| text(&pairs(&call.body), "trade_no"))
        .collect();
    assert_ne!(numbers[0], numbers[1]);
}

#[tokio::test]
async fn a_buyer_who_closes_the_page_after_paying_does_not_return_and_the_notify_still_comes() {
    let world = World::new();
    world
        .get(&format!("/gateway.do?{}", page_pay("order_7", "1.00")))
        .await;
    let fault = json!({ "fault": "close-page", "out_trade_no": "order_7" });
    world.post("/_sandbox/faults", fault).await;
    let said = world
        .form("/alipay/cashier", "out_trade_no=order_7&act=pay")
        .await;
    assert_eq!(said.status, StatusCode::OK);
    assert!(!said.text().contains("shop.test"));
    assert_eq!(world.sandbox.deliver_due().await, 1);
}

#[tokio::test]
async fn an_apps_order_string_can_be_paid_and_an_expired_one_cannot() {
    let world = World::new();
    let content =
        r#"{"out_trade_no":"app_1","total_amount":"2.50","subject":"x","timeout_express":"30m"}"#;
    let order = signed("alipay.trade.app.pay", "utf-8", content.as_bytes());
    let pay = json!({ "gateway": "alipay", "order_string": order });
    world.pass(31 * 60);
    let said = world.post("/_sandbox/pay", pay.clone()).await;
    // The relative life begins when the order string is opened.
    assert_eq!(said.status, StatusCode::OK, "{}", said.text());
    assert_eq!(said.json()["minor"], 250);

    world
        .get(&format!("/gateway.do?{}", page_pay("order_3", "1.00")))
        .await;
    world.pass(2 * 3_600);
    let late = json!({ "gateway": "alipay", "out_trade_no": "order_3" });
    let said = world.post("/_sandbox/pay", late.clone()).await;
    assert_eq!(said.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(said.text().contains("expired"), "{}", said.text());
    world
        .post(
            "/_sandbox/faults",
            json!({ "fault": "late", "out_trade_no": "order_3" }),
        )
        .await;
    assert_eq!(
        world.post("/_sandbox/pay", late).await.status,
        StatusCode::OK
    );
}

#[tokio::test]
async fn a_back_office_refund_is_told_with_the_running_total_and_a_full_one_closes() {
    let world = World::new();
    world
        .get(&format!("/gateway.do?{}", page_pay("order_4", "10.00")))
        .await;
    world
        .post(
            "/_sandbox/pay",
            json!({ "gateway": "alipay", "out_trade_no": "order_4" }),
        )
        .await;
    for minor in [300, 700] {
        let refund = json!({ "gateway": "alipay", "out_trade_no": "order_4", "minor": minor });
        assert_eq!(
            world.post("/_sandbox/refund", refund).await.status,
            StatusCode::OK
        );
        world.sandbox.deliver_due().await;
    }
    let received = world.shop.received();
    let (part, full) = (pairs(&received[1].body), pairs(&received[2].body));
    assert!(v1_holds(&part) && v1_holds(&full));
    assert_eq!(text(&part, "trade_status"), "TRADE_SUCCESS");
    assert_eq!(text(&part, "refund_fee"), "3.00");
    assert!(part.contains_key("gmt_payment") && !part.contains_key("gmt_close"));
    assert_eq!(text(&full, "trade_status"), "TRADE_CLOSED");
    assert_eq!(text(&full, "refund_fee"), "10.00");
    assert!(full.contains_key("gmt_close"));
    let trade = world.only_trade().await;
    assert_eq!(trade["refunds"][0]["refund_no"], text(&part, "out_biz_no"));
    let more = json!({ "gateway": "alipay", "out_trade_no": "order_4", "minor": 1 });
    let said = world.post("/_sandbox/refund", more).await;
    assert_eq!(said.status, StatusCode::UNPROCESSABLE_ENTITY);
}

/// The node of a method's answer, whose signature held.
pub(crate) async fn asked(
    world: &World,
    method: &str,
    content: serde_json::Value,
) -> serde_json::Value {
    let request = signed(method, "utf-8", content.to_string().as_bytes());
    let said = world.form("/gateway.do", &request).await;
    let body = said.text();
    let node = body
        .split_once("_response\":")
        .unwrap()
        .1
        .rsplit_once(",\"sign\"")
        .unwrap()
        .0;
    let sign = said.json()["sign"].as_str().unwrap().to_owned();
    assert!(holds(
        "alipay/alipay_public_key.pem",
        node.as_bytes(),
        &sign
    ));
    serde_json::from_str(node).unwrap()
}

#[tokio::test]
async fn a_query_says_what_became_of_a_trade_and_knows_none_before_the_buyer_acts() {
    let world = World::new();
    world
        .get(&format!("/gateway.do?{}", page_pay("order_5", "3.00")))
        .await;
    let number = json!({ "out_trade_no": "order_5" });
    let nothing = asked(&world, "alipay.trade.query", number.clone()).await;
    assert_eq!(nothing["sub_code"], "ACQ.TRADE_NOT_EXIST");
    let nothing = asked(&world, "alipay.trade.close", number.clone()).await;
    assert_eq!(nothing["sub_code"], "ACQ.TRADE_NOT_EXIST");
    world
        .post(
            "/_sandbox/pay",
            json!({ "gateway": "alipay", "out_trade_no": "order_5" }),
        )
        .await;
    let paid = asked(&world, "alipay.trade.query", number.clone()).await;
    assert_eq!(paid["trade_status"], "TRADE_SUCCESS");
    assert_eq!(paid["total_amount"], "3.00");
    assert_eq!(paid["send_pay_date"], "2026-11-23 16:00:00");
    let by_id = json!({ "trade_no": paid["trade_no"] });
    assert_eq!(asked(&world, "alipay.trade.query", by_id).await, paid);
    let closed = asked(&world, "alipay.trade.close", number).await;
    assert_eq!(closed["sub_code"], "ACQ.TRADE_STATUS_ERROR");
}

#[tokio::test]
async fn a_refund_moves_money_once_and_a_number_means_one_amount() {
    let world = World::new();
    world
        .get(&format!("/gateway.do?{}", page_pay("order_6", "3.00")))
        .await;
    world
        .post(
            "/_sandbox/pay",
            json!({ "gateway": "alipay", "out_trade_no": "order_6" }),
        )
        .await;
    let refund = |number: &str, amount: &str| {
        let content = json!({
            "out_trade_no": "order_6",
            "refund_amount": amount,
            "out_request_no": number,
        });
        asked(&world, "alipay.trade.refund", content)
    };
    let first = refund("r1", "1.00").await;
    assert_eq!(
        (&first["fund_change"], &first["refund_fee"]),
        (&json!("Y"), &json!("1.00"))
    );
    assert_eq!(refund("r1", "1.00").await["fund_change"], "N");
    let other = refund("r1", "2.00").await;
    assert_eq!(other["sub_code"], "ACQ.DISCORDANT_REPEAT_REQUEST");
    let more = refund("r2", "2.01").await;
    assert_eq!(more["sub_code"], "ACQ.REFUND_AMT_NOT_EQUAL_TOTAL");
    assert_eq!(refund("r2", "2.00").await["refund_fee"], "3.00");
    let asked_for = json!({ "out_trade_no": "order_6", "out_request_no": "r1" });
    let stands = asked(&world, "alipay.trade.fastpay.refund.query", asked_for).await;
    assert_eq!(stands["refund_status"], "REFUND_SUCCESS");
    assert_eq!(stands["refund_amount"], "1.00");
    assert!(stands["gmt_refund_pay"].is_null(), "nobody asked: {stands}");
    let when = json!({
        "out_trade_no": "order_6",
        "out_request_no": "r1",
        "query_options": ["gmt_refund_pay"],
    });
    let stands = asked(&world, "alipay.trade.fastpay.refund.query", when).await;
    assert_eq!(stands["gmt_refund_pay"], "2026-11-23 16:00:00");
    let unknown = json!({ "out_trade_no": "order_6", "out_request_no": "r9" });
    let unknown = asked(&world, "alipay.trade.fastpay.refund.query", unknown).await;
    assert_eq!(unknown, json!({ "code": "10000", "msg": "Success" }));
    // The payment and the refund in part are told; a page payment's full refund is not.
    assert_eq!(world.sandbox.deliver_due().await, 2);
    assert_eq!(world.only_trade().await["state"], "TRADE_CLOSED");
}

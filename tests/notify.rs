//! What gateways are answered, exactly, and what their messages leave behind.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::Method;
use serde_json::json;

use crate::gateway::{Message, Paid, now_secs};
use crate::shop::{Answer, Shop};

const V2_SUCCESS: &str = "<xml><return_code><![CDATA[SUCCESS]]></return_code><return_msg><![CDATA[OK]]></return_msg></xml>";

fn paid<'a>(out_trade_no: &'a str, transaction_id: &'a str) -> Paid<'a> {
    Paid {
        out_trade_no,
        transaction_id,
        minor: 8800,
    }
}

/// An order with a payment that the shop has started by itself.
async fn with_external(shop: &Shop, order_no: &str, account: &str, out_trade_no: &str) {
    shop.place(order_no, 8800).await;
    shop.start(order_no, account, out_trade_no, "external")
        .await;
}

#[track_caller]
fn is_alipay_success(answer: &Answer) {
    assert_eq!(
        (answer.status.as_u16(), answer.text.as_str()),
        (200, "success")
    );
    assert!(answer.header("content-type").starts_with("text/plain"));
}

#[track_caller]
fn is_alipay_failure(answer: &Answer) {
    assert_eq!(
        (answer.status.as_u16(), answer.text.as_str()),
        (400, "fail")
    );
}

#[tokio::test]
async fn an_alipay_notify_makes_the_order_paid_and_is_answered_success() {
    let shop = Shop::open().await;
    with_external(&shop, "A-1", "ali", "ali-pay-1").await;
    let answer = shop
        .notify(
            "ali",
            &shop.alipay().paid(&paid("ali-pay-1", "2026010522001")),
        )
        .await;
    is_alipay_success(&answer);
    let order = shop.order("A-1").await;
    assert_eq!(
        (&order["status"], &order["paid"]),
        (&json!("paid"), &json!(8800))
    );
    assert_eq!(order["payments"][0]["status"], "paid");
    assert_eq!(order["payments"][0]["transaction_id"], "2026010522001");
    assert_eq!(
        order["payments"][0]["paid_at"],
        "2026-01-05T02:00:07.000000Z"
    );
    assert_eq!(order["shipment"]["status"], "requested");
}

#[tokio::test]
async fn a_wechat_pay_v3_notify_makes_the_order_paid_and_is_answered_204() {
    let shop = Shop::open().await;
    with_external(&shop, "W-1", "wx", "wx_pay_0001").await;
    let message = shop
        .wechatpay()
        .paid_v3(&paid("wx_pay_0001", "4200001234202601051234567890"));
    let answer = shop.notify("wx", &message).await;
    assert_eq!((answer.status.as_u16(), answer.text.as_str()), (204, ""));
    assert_eq!(shop.order("W-1").await["status"], "paid");
}

#[tokio::test]
async fn a_wechat_pay_v2_notify_makes_the_order_paid_and_is_answered_in_xml() {
    let shop = Shop::open().await;
    with_external(&shop, "W-2", "wx", "wx_pay_0002").await;
    let message = shop
        .wechatpay()
        .paid_v2(&paid("wx_pay_0002", "4200001234202601051234567891"));
    let answer = shop.notify("wx", &message).await;
    assert_eq!(
        (answer.status.as_u16(), answer.text.as_str()),
        (200, V2_SUCCESS)
    );
    assert_eq!(shop.order("W-2").await["status"], "paid");
}

#[tokio::test]
async fn a_repeated_notify_is_answered_success_and_pays_once() {
    let shop = Shop::open().await;
    with_external(&shop, "A-2", "ali", "ali-pay-2").await;
    let message = shop.alipay().paid(&paid("ali-pay-2", "2026010522002"));
    for _ in 0..3 {
        is_alipay_success(&shop.notify("ali", &message).await);
    }
    let story = shop.story("A-2").await;
    let count = |name: &str| story.iter().filter(|event| *event == name).count();
    assert_eq!(count("PaymentConfirmed"), 1, "{story:?}");
    assert_eq!(count("DuplicateNotifyIgnored"), 2, "{story:?}");
    assert_eq!(shop.order("A-2").await["paid"], 8800);
}

#[tokio::test]
async fn one_payment_told_in_v2_and_v3_pays_once() {
    let shop = Shop::open().await;
    with_external(&shop, "W-3", "wx", "wx_pay_0003").await;
    let fact = paid("wx_pay_0003", "4200001234202601051234567892");
    shop.notify("wx", &shop.wechatpay().paid_v2(&fact)).await;
    shop.notify("wx", &shop.wechatpay().paid_v3(&fact)).await;
    let order = shop.order("W-3").await;
    assert_eq!((&order["paid"], &order["held"]), (&json!(8800), &json!(0)));
    assert!(order["exceptions"].as_array().unwrap().is_empty());
}

#[tokio::test]
async fn copies_that_race_pay_once_and_all_are_answered_success() {
    let shop = Shop::open().await;
    with_external(&shop, "A-3", "ali", "ali-pay-3").await;
    let message = shop.alipay().paid(&paid("ali-pay-3", "2026010522003"));
    let copies = (0..40).map(|_| shop.notify("ali", &message));
    for answer in futures_util::future::join_all(copies).await {
        is_alipay_success(&answer);
    }
    let story = shop.story("A-3").await;
    assert_eq!(
        story
            .iter()
            .filter(|name| *name == "PaymentConfirmed")
            .count(),
        1
    );
    let ignored = story
        .iter()
        .filter(|name| *name == "DuplicateNotifyIgnored")
        .count();
    assert_eq!(ignored, 32, "past 32 a payment only a counter is left");
}

#[tokio::test]
async fn a_tampered_or_forged_alipay_notify_fails_and_leaves_no_event() {
    let shop = Shop::open().await;
    with_external(&shop, "A-4", "ali", "ali-pay-4").await;
    let before = shop.story("A-4").await;
    let alipay = shop.alipay();
    let fact = paid("ali-pay-4", "2026010522004");
    let other_seller = [("seller_id", "2088999999999999")];
    for message in [
        alipay.tampered(&fact, "total_amount", "0.01"),
        alipay.tampered(&fact, "out_trade_no", "ali-pay-5"),
        alipay.notify(&fact, &other_seller),
        alipay.notify(&fact, &[("app_id", "2021999999999999")]),
        alipay.notify(&fact, &[("total_amount", "8.8e1")]),
        alipay.notify(&fact, &[("trade_no", "")]),
        Message {
            headers: Vec::new(),
            body: String::new(),
        },
        Message {
            headers: Vec::new(),
            body: "sign=AAAA&sign_type=RSA2&app_id=1".to_owned(),
        },
    ] {
        is_alipay_failure(&shop.notify("ali", &message).await);
    }
    assert_eq!(shop.story("A-4").await, before);
    assert_eq!(shop.order("A-4").await["status"], "open");
}

#[tokio::test]
async fn a_v3_notify_that_is_not_authentic_fails_with_401_and_leaves_no_event() {
    let shop = Shop::open().await;
    with_external(&shop, "W-4", "wx", "wx_pay_0004").await;
    let before = shop.story("W-4").await;
    let wechatpay = shop.wechatpay();
    let good = wechatpay.paid_v3(&paid("wx_pay_0004", "4200001234202601051234567893"));
    let mut changed = good.clone();
    changed.body = changed.body.replace("encrypt-resource", "Encrypt-resource");
    let old = wechatpay.signed_at(now_secs() - 3_600, good.body.clone());
    let unsigned = Message {
        headers: Vec::new(),
        body: good.body.clone(),
    };
    for message in [changed, old, unsigned] {
        let answer = shop.notify("wx", &message).await;
        assert_eq!(answer.json(401)["code"], "FAIL");
    }
    assert_eq!(shop.story("W-4").await, before);
}

#[tokio::test]
async fn a_signed_v3_notify_that_is_not_well_formed_fails_with_400() {
    let shop = Shop::open().await;
    let wechatpay = shop.wechatpay();
    let message = wechatpay.signed_at(now_secs(), "{\"id\":1}".to_owned());
    assert_eq!(shop.notify("wx", &message).await.json(400)["code"], "FAIL");
    let foreign = json!({ "mchid": "1999999999", "out_trade_no": "wx_pay_0005" });
    let message = wechatpay.v3("TRANSACTION.SUCCESS", "transaction", &foreign);
    assert_eq!(shop.notify("wx", &message).await.json(400)["code"], "FAIL");
}

#[tokio::test]
async fn a_forged_v2_notify_fails_in_xml_and_leaves_no_event() {
    let shop = Shop::open().await;
    with_external(&shop, "W-6", "wx", "wx_pay_0006").await;
    let before = shop.story("W-6").await;
    let mut message = shop
        .wechatpay()
        .paid_v2(&paid("wx_pay_0006", "4200001234202601051234567894"));
    message.body = message.body.replace("8800", "8801");
    let answer = shop.notify("wx", &message).await;
    assert_eq!(answer.status, 200);
    assert!(
        answer
            .text
            .starts_with("<xml><return_code><![CDATA[FAIL]]></return_code>"),
        "{}",
        answer.text
    );
    assert_eq!(shop.story("W-6").await, before);
}

#[tokio::test]
async fn a_message_of_a_kind_that_nobody_knows_is_kept_and_answered_success() {
    let shop = Shop::open().await;
    let message = shop.alipay().notify(
        &paid("ali-pay-7", "2026010522007"),
        &[("trade_status", "TRADE_PONDERED")],
    );
    is_alipay_success(&shop.notify("ali", &message).await);
    let feed = shop
        .read("/v1/events?type=UnknownMessageReceived")
        .await
        .json(200);
    assert_eq!(feed["items"][0]["subject"], "account/ali");
}

#[tokio::test]
async fn a_notify_that_says_that_nothing_was_paid_yet_is_kept_once() {
    let shop = Shop::open().await;
    with_external(&shop, "A-8", "ali", "ali-pay-8").await;
    let message = shop.alipay().notify(
        &paid("ali-pay-8", "2026010522008"),
        &[("trade_status", "WAIT_BUYER_PAY"), ("gmt_payment", "")],
    );
    for _ in 0..2 {
        is_alipay_success(&shop.notify("ali", &message).await);
    }
    let story = shop.story("A-8").await;
    assert_eq!(
        story
            .iter()
            .filter(|name| *name == "PaymentPending")
            .count(),
        1,
        "{story:?}"
    );
    assert_eq!(shop.order("A-8").await["status"], "open");
}

#[tokio::test]
async fn older_news_never_undoes_a_payment() {
    let shop = Shop::open().await;
    with_external(&shop, "A-9", "ali", "ali-pay-9").await;
    let fact = paid("ali-pay-9", "2026010522009");
    is_alipay_success(&shop.notify("ali", &shop.alipay().paid(&fact)).await);
    for status in ["WAIT_BUYER_PAY", "TRADE_CLOSED"] {
        let message = shop
            .alipay()
            .notify(&fact, &[("trade_status", status), ("gmt_payment", "")]);
        is_alipay_success(&shop.notify("ali", &message).await);
        assert_eq!(shop.order("A-9").await["paid"], 8800, "after {status}");
    }
}

#[tokio::test]
async fn the_door_is_held_by_size_method_and_account() {
    let shop = Shop::open().await;
    for bytes in [64 * 1024 + 1, 4 * 1024 * 1024] {
        let body = "a".repeat(bytes);
        let long = Message {
            headers: Vec::new(),
            body,
        };
        for account in ["ali", "wx", "ali", "wx"] {
            let answer = shop.notify(account, &long).await;
            answer.problem(413, "too-large");
            assert_eq!(answer.header("connection"), "close");
        }
    }
    let answer = shop.send(shop.anybody(Method::GET, "/notify/ali")).await;
    answer.problem(405, "method-not-allowed");
    let small = Message {
        headers: Vec::new(),
        body: "a=b".to_owned(),
    };
    shop.notify("nobody", &small)
        .await
        .problem(404, "not-found");
}

#[tokio::test]
async fn what_a_buyer_is_called_is_neither_logged_nor_in_the_feed() {
    let shop = Shop::open().await;
    with_external(&shop, "A-10", "ali", "ali-pay-10").await;
    let fact = paid("ali-pay-10", "2026010522010");
    shop.notify("ali", &shop.alipay().paid(&fact)).await;
    shop.notify(
        "ali",
        &shop.alipay().tampered(&fact, "total_amount", "0.01"),
    )
    .await;
    let feed = shop.read("/v1/events?limit=500").await.text;
    for personal in ["2088102116773037", "龙井茶"] {
        assert!(!feed.contains(personal), "{personal} is in the feed");
        assert!(!shop.log().contains(personal), "{personal} is in the log");
    }
}

#[tokio::test]
async fn the_message_that_proved_a_payment_is_shown_to_an_admin() {
    let shop = Shop::open().await;
    with_external(&shop, "A-11", "ali", "ali-pay-11").await;
    let message = shop.alipay().paid(&paid("ali-pay-11", "2026010522011"));
    shop.notify("ali", &message).await;
    let page = shop
        .read("/v1/orders/A-11/events?evidence=true")
        .await
        .json(200);
    let events = page["items"].as_array().unwrap();
    let confirmed = events
        .iter()
        .find(|event| event["type"] == "payfold.PaymentConfirmed")
        .unwrap();
    let kept = STANDARD
        .decode(confirmed["evidence"]["body_base64"].as_str().unwrap())
        .unwrap();
    assert_eq!(kept, message.body.as_bytes());
    assert!(confirmed["evidencehash"].is_string());
}

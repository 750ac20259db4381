//! What gateways lose, payfold finds out by itself: it asks, closes and gives back on its own account,
//! and the simulated gateways' books agree with it in the end.

use serde_json::{Value, json};

use crate::shop::{Setup, Shop};

/// The gateways' notifies do not arrive.
async fn loses_every_notify(shop: &Shop) {
    shop.goes_wrong(&json!({ "fault": "lose", "times": 1_000 }))
        .await;
}

/// An order with a payment that its buyer has paid, of which payfold knows nothing.
async fn paid_unheard(shop: &Shop, order_no: &str, account: &str, method: &str) {
    loses_every_notify(shop).await;
    shop.place(order_no, 8800).await;
    let number = format!("pay_{order_no}");
    let started = shop.start(order_no, account, &number, method).await;
    if let Some(url) = started["action"]["url"].as_str() {
        shop.buyer_opens(url).await;
    }
    shop.buyer_pays(gateway(account), &number).await;
    assert_eq!(shop.order(order_no).await["status"], "open");
}

fn gateway(account: &str) -> &'static str {
    match account {
        "ali" => "alipay",
        _ => "wechatpay",
    }
}

async fn has_event(shop: &Shop, order_no: &str, name: &str) -> bool {
    shop.story(order_no).await.iter().any(|told| told == name)
}

#[tokio::test]
async fn a_shop_that_waits_hears_of_a_payment_whose_notify_is_lost() {
    let shop = Shop::beside_the_sandbox().await;
    for (order_no, account, method) in [
        ("heal1", "ali", "alipay.page"),
        ("heal2", "wx", "wechatpay.native"),
    ] {
        paid_unheard(&shop, order_no, account, method).await;
        let order = shop.order_with(order_no, "paid").await;
        assert_eq!(order["paid"], 8800, "{order_no}");
        assert_eq!(order["shipment"]["status"], "requested");
    }
}

#[tokio::test]
async fn cancelling_what_was_paid_unheard_finds_the_money() {
    let shop = Shop::beside_the_sandbox().await;
    for (order_no, account, method) in [
        ("find1", "ali", "alipay.page"),
        ("find2", "wx", "wechatpay.native"),
    ] {
        paid_unheard(&shop, order_no, account, method).await;
        shop.cancel(order_no).await.problem(409, "order-paid");
        assert_eq!(shop.order(order_no).await["status"], "paid");
    }
}

#[tokio::test]
async fn cancelling_closes_open_payments_at_their_gateways_first() {
    let shop = Shop::beside_the_sandbox().await;
    shop.place("close1", 8800).await;
    shop.start("close1", "wx", "pay_close1", "wechatpay.native")
        .await;
    let jsapi = json!({ "method": "alipay.jsapi", "openid": "2088102146225135" });
    shop.put_payment("close1", "ali", "pay_close2", &jsapi)
        .await
        .json(201);
    let cancelled = shop.cancel("close1").await.json(200);
    assert_eq!(cancelled["status"], "cancelled");
    assert_eq!(shop.trade("pay_close1").await["state"], "CLOSED");
    assert_eq!(shop.trade("pay_close2").await["state"], "TRADE_CLOSED");
    let statuses: Vec<_> = cancelled["payments"]
        .as_array()
        .unwrap()
        .iter()
        .map(|payment| payment["status"].clone())
        .collect();
    assert_eq!(statuses, ["closed", "closed"]);
}

#[tokio::test]
async fn a_payment_that_its_gateway_does_not_know_yet_counts_as_closed() {
    let shop = Shop::beside_the_sandbox().await;
    shop.place("close3", 8800).await;
    shop.start("close3", "ali", "pay_close3", "alipay.page")
        .await;
    assert_eq!(shop.cancel("close3").await.json(200)["status"], "cancelled");
}

#[tokio::test]
async fn a_gateway_that_cannot_be_asked_keeps_the_wish_to_cancel_which_goes_on_by_itself() {
    let shop = Shop::beside_the_sandbox().await;
    shop.place("wish1", 8800).await;
    shop.start("wish1", "wx", "pay_wish1", "wechatpay.native")
        .await;
    shop.goes_wrong(&json!({ "fault": "down" })).await;
    shop.cancel("wish1").await.problem(503, "overloaded");
    assert!(has_event(&shop, "wish1", "CancelRequested").await);
    shop.goes_right().await;
    shop.order_with("wish1", "cancelled").await;
    assert_eq!(shop.trade("pay_wish1").await["state"], "CLOSED");
}

#[tokio::test]
async fn the_payment_that_comes_first_closes_the_others() {
    let shop = Shop::beside_the_sandbox().await;
    shop.place("first1", 8800).await;
    shop.start("first1", "wx", "pay_first1", "wechatpay.native")
        .await;
    shop.start("first1", "wx", "pay_first2", "wechatpay.native")
        .await;
    shop.buyer_pays("wechatpay", "pay_first2").await;
    let order = shop
        .order_once("first1", |order| order["payments"][0]["status"] == "closed")
        .await;
    assert_eq!(order["status"], "paid");
    assert_eq!(shop.trade("pay_first1").await["state"], "CLOSED");
}

#[tokio::test]
async fn refunds_reach_the_buyer_one_after_the_other() {
    let shop = Shop::beside_the_sandbox().await;
    shop.place("back1", 8800).await;
    let page = shop.start("back1", "ali", "pay_back1", "alipay.page").await;
    shop.buyer_opens(page["action"]["url"].as_str().unwrap())
        .await;
    shop.buyer_pays("alipay", "pay_back1").await;
    shop.order_with("back1", "paid").await;
    for (refund_no, minor) in [("r1", 1000), ("r2", 2000)] {
        let asked = shop
            .refund(("back1", "ali", "pay_back1"), refund_no, minor)
            .await
            .json(201);
        assert_eq!(asked["status"], "requested");
    }
    let too_much = shop
        .refund(("back1", "ali", "pay_back1"), "r3", 5801)
        .await
        .problem(409, "refund-too-much");
    assert_eq!(too_much["left_minor"], 5800);
    let order = shop
        .order_once("back1", |order| order["refunded"] == 3000)
        .await;
    let refunds = order["payments"][0]["refunds"].as_array().unwrap();
    assert!(
        refunds.iter().all(|refund| refund["status"] == "succeeded"),
        "{refunds:?}"
    );
    let given_back: i64 = books_refunds(&shop, "pay_back1").await;
    assert_eq!(given_back, 3000);
}

#[tokio::test]
async fn a_refund_by_wechat_pay_is_followed_to_its_end() {
    let shop = Shop::beside_the_sandbox().await;
    shop.place("back2", 8800).await;
    shop.start("back2", "wx", "pay_back2", "wechatpay.native")
        .await;
    shop.buyer_pays("wechatpay", "pay_back2").await;
    shop.order_with("back2", "paid").await;
    shop.refund(("back2", "wx", "pay_back2"), "r1", 8800)
        .await
        .json(201);
    let order = shop
        .order_once("back2", |order| order["refunded"] == 8800)
        .await;
    assert_eq!(order["shipment"]["status"], "cancelled");
    assert_eq!(books_refunds(&shop, "pay_back2").await, 8800);
}

/// What the gateway's books say was given back of a trade.
async fn books_refunds(shop: &Shop, out_trade_no: &str) -> i64 {
    let trade = shop.trade(out_trade_no).await;
    let refunds = trade["refunds"].as_array().unwrap();
    refunds
        .iter()
        .map(|refund| refund["minor"].as_i64().unwrap())
        .sum()
}

#[tokio::test]
async fn a_second_payment_goes_back_by_itself_where_the_policy_says_so() {
    let shop = Setup::new()
        .replacing("[server]", "[policy]\ndouble = \"refund\"\n\n[server]")
        .beside_the_sandbox()
        .open()
        .await;
    shop.place("auto1", 8800).await;
    for number in ["pay_auto1", "pay_auto2"] {
        shop.start("auto1", "wx", number, "wechatpay.native").await;
    }
    shop.goes_wrong(&json!({ "fault": "lose", "out_trade_no": "pay_auto1", "times": 100 }))
        .await;
    shop.buyer_pays("wechatpay", "pay_auto1").await;
    shop.buyer_pays("wechatpay", "pay_auto2").await;
    let order = shop
        .order_once("auto1", |order| order["returned"] == 8800)
        .await;
    assert_eq!((&order["paid"], &order["held"]), (&json!(8800), &json!(0)));
    assert_eq!(order["exceptions"][0]["status"], "resolved");
    let returned = order["payments"].as_array().unwrap();
    let returned: Vec<&Value> = returned
        .iter()
        .filter(|payment| payment["status"] == "returned")
        .collect();
    assert_eq!(returned.len(), 1, "{order:#}");
    let number = returned[0]["out_trade_no"].as_str().unwrap();
    assert_eq!(books_refunds(&shop, number).await, 8800);
}

#[tokio::test]
async fn every_method_that_starts_by_a_call_offers_the_buyer_a_way_to_pay() {
    let shop = Shop::beside_the_sandbox().await;
    shop.place("ways1", 8800).await;
    for (account, method, kind, params) in [
        ("wx", "wechatpay.native", "qr", &[][..]),
        ("wx", "wechatpay.jsapi", "sdk", &["appId", "paySign"][..]),
        ("wx", "wechatpay.mini", "sdk", &["package", "paySign"][..]),
        ("wx", "wechatpay.app", "sdk", &["prepayId", "sign"][..]),
        ("wx", "wechatpay.h5", "redirect", &[][..]),
        ("ali", "alipay.qr", "qr", &[][..]),
        ("ali", "alipay.jsapi", "sdk", &["trade_no"][..]),
        ("ali", "alipay.app", "sdk", &["order_string"][..]),
    ] {
        let number = format!("pay_{}", method.replace('.', "_"));
        let body = json!({ "method": method, "openid": "o_buyer_of_the_shop_1234567", "client_ip": "203.0.113.7" });
        let started = shop.put_payment("ways1", account, &number, &body).await;
        let started = started.json(201);
        let action = &started["action"];
        assert_eq!(action["type"], kind, "{method}: {started:#}");
        for name in params {
            assert!(
                action["params"][name].is_string(),
                "{method} {name}: {action:#}"
            );
        }
        let again = shop.put_payment("ways1", account, &number, &body).await;
        assert_eq!(again.json(200)["action"]["type"], kind, "{method}");
    }
}

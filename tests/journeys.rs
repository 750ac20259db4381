//! Whole journeys through the simulated gateways: a buyer pays on their pages, they call payfold,
//! parcels leave, money goes back.

use http::Method;
use serde_json::{Value, json};

use crate::gateway::Paid;
use crate::shop::Shop;

/// An order that was paid on Alipay's page; its payment is named after it.
async fn paid(shop: &Shop, order_no: &str) {
    let out_trade_no = format!("pay_{order_no}");
    shop.place(order_no, 8800).await;
    let started = shop
        .start(order_no, "ali", &out_trade_no, "alipay.page")
        .await;
    shop.buyer_opens(started["action"]["url"].as_str().unwrap())
        .await;
    shop.buyer_pays("alipay", &out_trade_no).await;
    shop.order_with(order_no, "paid").await;
}

#[tokio::test]
async fn a_buyer_pays_on_alipays_page() {
    let shop = Shop::beside_the_sandbox().await;
    paid(&shop, "page1").await;
    let trade = shop.trade("pay_page1").await;
    assert_eq!(
        (&trade["minor"], &trade["state"]),
        (&json!(8800), &json!("TRADE_SUCCESS"))
    );
    assert_eq!(
        shop.order("page1").await["payments"][0]["transaction_id"],
        trade["transaction_id"]
    );
}

#[tokio::test]
async fn a_buyer_pays_by_wechat_pays_native_code() {
    let shop = Shop::beside_the_sandbox().await;
    shop.place("nat01", 8800).await;
    let native = shop
        .start("nat01", "wx", "pay_nat01", "wechatpay.native")
        .await;
    assert_eq!(native["action"]["type"], "qr");
    assert!(
        native["action"]["content"]
            .as_str()
            .unwrap()
            .starts_with("weixin://"),
        "{native}"
    );
    assert!(native["action"]["return_token"].is_string());
    shop.buyer_pays("wechatpay", "pay_nat01").await;
    assert_eq!(shop.order_with("nat01", "paid").await["paid"], 8800);
}

#[tokio::test]
async fn a_payment_that_the_gateway_could_not_start_is_tried_again_by_the_same_put() {
    let shop = Shop::beside_the_sandbox().await;
    shop.place("nat02", 8800).await;
    shop.goes_wrong(&json!({ "fault": "down" })).await;
    let native = json!({ "method": "wechatpay.native" });
    let down = shop.put_payment("nat02", "wx", "pay_nat02", &native).await;
    assert!(matches!(down.status.as_u16(), 502 | 504), "{down:?}");
    shop.goes_right().await;
    let started = shop.put_payment("nat02", "wx", "pay_nat02", &native).await;
    assert_eq!(started.json(200)["action"]["type"], "qr");
}

#[tokio::test]
async fn a_v2_notify_of_a_payment_made_elsewhere_pays_its_order() {
    let shop = Shop::beside_the_sandbox().await;
    shop.place("ext01", 500).await;
    shop.start("ext01", "wx", "own_number_1", "external").await;
    let pay = json!({ "gateway": "wechatpay", "out_trade_no": "own_number_1", "minor": 500, "via": "v2" });
    shop.buyer_pays_with(&pay).await;
    let order = shop.order_with("ext01", "paid").await;
    assert_eq!(order["payments"][0]["method"], "external");
}

#[tokio::test]
async fn a_notify_that_comes_tampered_twice_and_again_pays_once() {
    let shop = Shop::beside_the_sandbox().await;
    shop.place("twice", 500).await;
    shop.start("twice", "wx", "pay_twice", "wechatpay.native")
        .await;
    for fault in ["twice", "tamper"] {
        shop.goes_wrong(&json!({ "fault": fault, "out_trade_no": "pay_twice" }))
            .await;
    }
    shop.buyer_pays("wechatpay", "pay_twice").await;
    shop.sends_again("wechatpay", "pay_twice").await;
    shop.order_with("twice", "paid").await;
    let story = shop.story("twice").await;
    assert_eq!(
        story
            .iter()
            .filter(|name| *name == "PaymentConfirmed")
            .count(),
        1,
        "{story:?}"
    );
}

#[tokio::test]
async fn a_second_payment_for_a_paid_order_is_held_until_a_person_decides() {
    let shop = Shop::beside_the_sandbox().await;
    paid(&shop, "dbl01").await;
    shop.start("dbl01", "wx", "own_number_2", "external").await;
    let pay = json!({ "gateway": "wechatpay", "out_trade_no": "own_number_2", "minor": 8800 });
    shop.buyer_pays_with(&pay).await;
    let order = shop
        .order_once("dbl01", |order| order["held"] == 8800)
        .await;
    assert_eq!(
        (&order["paid"], &order["exceptions"][0]["kind"]),
        (&json!(8800), &json!("double"))
    );
    assert_eq!(
        order["exceptions"][0]["actions"],
        json!(["refund", "dismiss"])
    );
    let id = order["exceptions"][0]["id"].as_str().unwrap();
    let open = shop.list("/v1/exceptions?status=open").await;
    assert!(
        open.iter().any(|exception| exception["id"] == id),
        "{open:?}"
    );
    shop.resolve(id, &json!({ "action": "accept" }))
        .await
        .problem(422, "invalid");
    let dismiss = json!({ "action": "dismiss", "note": "the buyer was told" });
    let resolved = shop.resolve(id, &dismiss).await.json(200);
    assert_eq!(resolved["resolution"]["note"], "the buyer was told");
    shop.resolve(id, &json!({ "action": "dismiss" }))
        .await
        .json(200);
    shop.resolve(id, &json!({ "action": "refund" }))
        .await
        .problem(409, "conflict");
    assert!(shop.list("/v1/exceptions?status=open").await.is_empty());
    assert_eq!(
        shop.order("dbl01").await["held"],
        8800,
        "dismissed money stays held"
    );
}

#[tokio::test]
async fn refunds_are_asked_for_in_parts_and_never_exceed_what_came() {
    let shop = Shop::beside_the_sandbox().await;
    paid(&shop, "ref01").await;
    let payment = ("ref01", "ali", "pay_ref01");
    shop.refund(payment, "r-1", 3000).await.json(201);
    assert_eq!(
        shop.refund(payment, "r-1", 3000).await.json(200)["minor"],
        3000
    );
    shop.refund(payment, "r-1", 3001)
        .await
        .problem(409, "conflict");
    let problem = shop
        .refund(payment, "r-2", 5801)
        .await
        .problem(409, "refund-too-much");
    assert_eq!(problem["left_minor"], 5800);
    assert_eq!(shop.order("ref01").await["shipment"]["status"], "requested");
    shop.refund(payment, "r-3", 5800).await.json(201);
    assert_eq!(shop.order("ref01").await["shipment"]["status"], "held");
    shop.refund(payment, "pf-1", 1)
        .await
        .problem(422, "invalid");
    shop.refund(("ref01", "ali", "pay_other"), "r-4", 1)
        .await
        .problem(404, "not-found");
}

#[tokio::test]
async fn an_open_payment_has_nothing_to_give_back() {
    let shop = Shop::open().await;
    shop.place("ref02", 8800).await;
    shop.start("ref02", "ali", "pay_ref02", "external").await;
    let refund = shop.refund(("ref02", "ali", "pay_ref02"), "r-1", 1).await;
    assert_eq!(refund.problem(409, "refund-too-much")["left_minor"], 0);
}

#[tokio::test]
async fn a_refund_of_the_back_office_is_seen_and_holds_the_shipment() {
    let shop = Shop::beside_the_sandbox().await;
    paid(&shop, "ref03").await;
    shop.back_office_refunds("alipay", "pay_ref03", 1000).await;
    let order = shop
        .order_once("ref03", |order| order["refunded"] == 1000)
        .await;
    assert_eq!(order["shipment"]["status"], "held");
    assert_eq!(order["exceptions"][0]["kind"], "external_refund");
    let id = order["exceptions"][0]["id"].as_str().unwrap();
    shop.resolve(id, &json!({ "action": "accept" }))
        .await
        .json(200);
    assert_eq!(shop.order("ref03").await["shipment"]["status"], "requested");
}

#[tokio::test]
async fn a_parcel_leaves_is_corrected_and_arrives() {
    let shop = Shop::beside_the_sandbox().await;
    shop.place("shp01", 8800).await;
    let parcel = json!({ "carrier": "SF", "tracking_no": "SF1" });
    shop.dispatch("shp01", &parcel)
        .await
        .problem(409, "shipment-not-requested");
    paid(&shop, "shp02").await;
    shop.shipment("shp02", "delivered", &json!({}))
        .await
        .problem(409, "shipment-not-dispatched");
    shop.shipment("shp02", "hold", &json!({ "reason": "address" }))
        .await
        .json(200);
    shop.dispatch("shp02", &parcel)
        .await
        .problem(409, "shipment-held");
    shop.shipment("shp02", "release", &json!({}))
        .await
        .json(200);
    assert_eq!(
        shop.dispatch("shp02", &parcel).await.json(201)["status"],
        "dispatched"
    );
    let corrected = json!({ "carrier": "SF", "tracking_no": "SF2" });
    let shipment = shop.dispatch("shp02", &corrected).await.json(200);
    assert_eq!(shipment["parcels"][0]["tracking_no"], "SF2");
    shop.shipment("shp02", "hold", &json!({ "reason": "address" }))
        .await
        .problem(409, "shipment-dispatched");
    assert_eq!(
        shop.shipment("shp02", "delivered", &json!({}))
            .await
            .json(200)["status"],
        "delivered"
    );
    let delivered = shop.list("/v1/shipments?status=delivered").await;
    assert_eq!(delivered[0]["order_no"], "shp02");
}

#[tokio::test]
async fn a_return_is_recorded_and_never_pays() {
    let shop = Shop::beside_the_sandbox().await;
    shop.place("ret01", 500).await;
    let elsewhere = json!({ "method": "external", "return_url": "https://evil.example/" });
    let refused = shop
        .put_payment("ret01", "wx", "pay_ret01", &elsewhere)
        .await;
    assert_eq!(refused.pointers(422, "invalid"), ["/return_url"]);
    let back = shop.sandbox_page("/thanks");
    let body = json!({ "method": "wechatpay.native", "return_url": back });
    let started = shop
        .put_payment("ret01", "wx", "pay_ret01", &body)
        .await
        .json(201);
    let token = started["action"]["return_token"].as_str().unwrap();
    let returned = shop.anybody(Method::GET, &format!("/return/wx?rt={token}"));
    let answer = shop.send(returned).await;
    assert_eq!(answer.status, 303);
    let location = answer.header("location").to_owned();
    assert!(location.starts_with(&back), "{location}");
    assert!(
        location.contains("order_no=ret01") && location.contains("status=pending"),
        "{location}"
    );
    let story = shop.story("ret01").await;
    assert!(story.contains(&"ReturnObserved".to_owned()), "{story:?}");
    assert_eq!(shop.order("ret01").await["status"], "open");
}

#[tokio::test]
async fn a_forged_return_gets_a_neutral_page_and_leaves_nothing() {
    let shop = Shop::open().await;
    shop.place("ret02", 500).await;
    shop.start("ret02", "wx", "pay_ret02", "external").await;
    let story = shop.story("ret02").await;
    for path in [
        "/return/wx?rt=forged",
        "/return/wx",
        "/return/ali?out_trade_no=pay_ret02&sign=AAAA",
    ] {
        let answer = shop.send(shop.anybody(Method::GET, path)).await;
        assert_eq!(answer.status, 200);
        assert!(answer.header("content-type").starts_with("text/html"));
        assert!(!answer.text.contains("ret02"), "{}", answer.text);
    }
    assert_eq!(shop.story("ret02").await, story);
}

/// What a list's rows say under a name.
fn column(rows: &[Value], name: &str) -> Vec<Value> {
    rows.iter().map(|row| row[name].clone()).collect()
}

#[tokio::test]
async fn orders_are_listed_by_what_became_of_them() {
    let shop = Shop::beside_the_sandbox().await;
    paid(&shop, "lst01").await;
    shop.place("lst02", 100).await;
    shop.place("lst03", 100).await;
    shop.cancel("lst03").await.json(200);
    for (status, order_no) in [("paid", "lst01"), ("open", "lst02"), ("cancelled", "lst03")] {
        let rows = shop.list(&format!("/v1/orders?status={status}")).await;
        assert_eq!(column(&rows, "order_no"), [json!(order_no)]);
    }
    let past = shop
        .list("/v1/orders?created_to=2001-01-01T00:00:00Z")
        .await;
    assert!(past.is_empty());
}

#[tokio::test]
async fn a_refund_that_was_asked_for_is_completed_by_the_gateways_notify() {
    let shop = Shop::open().await;
    shop.place("ref04", 8800).await;
    shop.start("ref04", "ali", "pay_ref04", "external").await;
    let fact = Paid {
        out_trade_no: "pay_ref04",
        transaction_id: "2026010522701",
        minor: 8800,
    };
    shop.notify("ali", &shop.alipay().paid(&fact)).await;
    let payment = ("ref04", "ali", "pay_ref04");
    shop.refund(payment, "r-1", 3000).await.json(201);
    let refunded = shop.alipay().notify(
        &fact,
        &[
            ("refund_fee", "30.00"),
            ("gmt_refund", "2026-01-05 11:00:00.123"),
            ("out_biz_no", "r-1"),
        ],
    );
    assert_eq!(shop.notify("ali", &refunded).await.text, "success");
    let order = shop.order("ref04").await;
    assert_eq!(
        (&order["refunded"], &order["paid"]),
        (&json!(3000), &json!(8800))
    );
    assert_eq!(order["payments"][0]["refunds"][0]["status"], "succeeded");
    assert!(order["exceptions"].as_array().unwrap().is_empty());
}

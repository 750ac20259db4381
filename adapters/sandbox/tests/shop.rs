//! The demo shop and the first page.

use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::world::{World, file};

#[tokio::test]
async fn a_purchase_places_an_order_starts_its_payment_and_leads_to_the_cashier() {
    let world = World::new();
    let action = r#"{"action":{"type":"redirect","url":"http://127.0.0.1:8090/gateway.do?x=1"}}"#;
    world.shop.will_answer(&[(201, "{}"), (201, action)]);
    let said = world.form("/shop/orders", "with=alipay").await;
    assert_eq!(said.status, StatusCode::SEE_OTHER, "{}", said.text());
    assert_eq!(
        said.header("location"),
        "http://127.0.0.1:8090/gateway.do?x=1"
    );
    let received = world.shop.received();
    let order_no = received[0]
        .url
        .strip_prefix("http://127.0.0.1:8080/v1/orders/")
        .unwrap();
    assert!((6..=32).contains(&order_no.len()));
    assert!(received.iter().all(|call| call.method == Method::PUT));
    let key = ("authorization", format!("Bearer {}", file("api.key")));
    assert!(received.iter().all(|call| call.headers.contains(&key)));
    assert!(
        received[1]
            .url
            .ends_with(&format!("/payments/ali/{order_no}"))
    );
    let payment: Value = serde_json::from_slice(&received[1].body).unwrap();
    let back = format!("http://127.0.0.1:8090/shop/orders/{order_no}");
    assert_eq!(
        payment,
        json!({ "method": "alipay.page", "return_url": back })
    );
}

#[tokio::test]
async fn a_wechat_pay_purchase_leads_to_the_code() {
    let world = World::new();
    let action = r#"{"action":{"type":"qr","content":"weixin://wxpay/bizpayurl?pr=AbC123xyz"}}"#;
    world.shop.will_answer(&[(201, "{}"), (201, action)]);
    let said = world.form("/shop/orders", "with=wechatpay").await;
    let next = said.header("location");
    assert!(
        next.starts_with("/wechatpay/qr?pr=AbC123xyz&back=/shop/orders/T2026"),
        "{next}"
    );
    assert!(world.get(next).await.text().contains("Back to the shop"));
}

#[tokio::test]
async fn an_orders_page_shows_how_far_it_has_come() {
    let world = World::new();
    let paid = r#"{"status":"paid","paid":8800,"refunded":0,"shipment":{"status":"requested","parcels":[]},"payments":[{"transaction_id":"2026"}]}"#;
    world
        .shop
        .will_answer(&[(200, paid), (200, paid), (200, "{}")]);
    let page = world.get("/shop/orders/T1").await.text();
    assert!(page.contains("¥88.00") && page.contains("requested"));
    let state = world.get("/shop/orders/T1/state").await.json();
    assert_eq!(state["status"], "paid");
    assert_eq!(state["shipment"], "requested");
    let said = world.form("/shop/orders/T1/dispatch", "").await;
    assert_eq!(said.header("location"), "/shop/orders/T1");
    assert!(
        world.shop.received()[2]
            .url
            .ends_with("/v1/orders/T1/shipment")
    );
}

#[tokio::test]
async fn where_payfold_is_away_or_refuses_the_shop_says_so() {
    let world = World::new();
    world
        .shop
        .will_answer(&[(0, ""), (401, r#"{"title":"Unauthorized"}"#)]);
    let said = world.form("/shop/orders", "with=alipay").await;
    assert_eq!(said.status, StatusCode::BAD_GATEWAY);
    assert!(said.text().contains("is `payfold serve` running?"));
    assert!(
        world
            .form("/shop/orders", "with=alipay")
            .await
            .text()
            .contains("401")
    );
    let said = world.get("/shop/orders/..%2Fevents").await;
    assert_eq!(said.status, StatusCode::BAD_GATEWAY);
    assert_eq!(
        world.shop.received().len(),
        2,
        "a strange number is not asked for"
    );
}

#[tokio::test]
async fn the_first_page_and_the_shop_window_are_drawn() {
    let world = World::new();
    let pay = json!({ "gateway": "wechatpay", "out_trade_no": "order_1", "minor": 5 });
    world.post("/_sandbox/pay", pay).await;
    let first = world.get("/").await.text();
    assert!(first.contains("/shop") && first.contains("order_1") && first.contains("gateway.do"));
    let window = world.get("/shop").await.text();
    assert!(window.contains("Pay with Alipay") && window.contains("Pay with WeChat Pay"));
}

//! `/_sandbox`, and faults that are not about notifies.

use std::time::Duration;

use axum::body::Body;
use http::{Method, Request, StatusCode};
use serde_json::json;

use crate::world::World;

#[tokio::test]
async fn what_cannot_be_done_is_a_problem_that_says_why() {
    let world = World::new();
    for (path, body, why) in [
        (
            "/_sandbox/pay",
            json!({ "gateway": "alipay", "out_trade_no": "x" }),
            "minor",
        ),
        (
            "/_sandbox/pay",
            json!({ "gateway": "alipay" }),
            "out_trade_no",
        ),
        (
            "/_sandbox/pay",
            json!({ "gateway": "stripe", "out_trade_no": "x" }),
            "stripe",
        ),
        (
            "/_sandbox/pay",
            json!({ "gateway": "alipay", "out_trade_no": "x", "minor": 0 }),
            "fen",
        ),
        (
            "/_sandbox/pay",
            json!({ "gateway": "alipay", "out_trade_no": "a b", "minor": 1 }),
            "64",
        ),
        (
            "/_sandbox/refund",
            json!({ "gateway": "alipay", "out_trade_no": "x", "minor": 1 }),
            "x",
        ),
        (
            "/_sandbox/close",
            json!({ "gateway": "alipay", "out_trade_no": "x" }),
            "x",
        ),
        ("/_sandbox/faults", json!({ "fault": "rain" }), "rain"),
        (
            "/_sandbox/faults",
            json!({ "fault": "lose", "often": 1 }),
            "often",
        ),
        ("/_sandbox/clock", json!({ "advance_s": -1 }), "-1"),
    ] {
        let said = world.post(path, body).await;
        assert_eq!(said.status, StatusCode::UNPROCESSABLE_ENTITY, "{why}");
        assert_eq!(said.header("content-type"), "application/problem+json");
        assert!(
            said.json()["detail"].as_str().unwrap().contains(why),
            "{}",
            said.text()
        );
    }
}

#[tokio::test]
async fn a_paid_trade_is_paid_again_only_where_that_is_meant() {
    let world = World::new();
    let mut pay = json!({ "gateway": "wechatpay", "out_trade_no": "order_1", "minor": 5 });
    assert_eq!(
        world.post("/_sandbox/pay", pay.clone()).await.status,
        StatusCode::OK
    );
    let said = world.post("/_sandbox/pay", pay.clone()).await;
    assert_eq!(said.status, StatusCode::UNPROCESSABLE_ENTITY);
    pay["again"] = json!(true);
    assert_eq!(
        world.post("/_sandbox/pay", pay).await.status,
        StatusCode::OK
    );
    let trades = world.get("/_sandbox/trades").await.json();
    let items = trades["items"].as_array().unwrap();
    assert_eq!(items.len(), 2);
    assert_ne!(items[0]["transaction_id"], items[1]["transaction_id"]);
}

#[tokio::test]
async fn what_was_told_can_be_told_again() {
    let world = World::new();
    let pay = json!({ "gateway": "alipay", "out_trade_no": "order_1", "minor": 5 });
    world.post("/_sandbox/pay", pay).await;
    world.sandbox.deliver_due().await;
    let again = json!({ "gateway": "alipay", "out_trade_no": "order_1" });
    assert_eq!(
        world.post("/_sandbox/resend", again).await.status,
        StatusCode::OK
    );
    world.sandbox.deliver_due().await;
    assert_eq!(world.only_trade().await["notifies"], 2);
}

#[tokio::test]
async fn faults_are_listed_strike_as_often_as_they_say_and_end_when_told() {
    let world = World::new();
    let slow = json!({ "fault": "slow", "times": 2, "seconds": 3 });
    world.post("/_sandbox/faults", slow).await;
    world.get("/gateway.do").await;
    assert_eq!(*world.waited.lock().unwrap(), [Duration::from_secs(3)]);
    let listed = world.get("/_sandbox/faults").await.json();
    assert_eq!(
        listed["items"],
        json!([{ "fault": "slow", "times": 1, "seconds": 3 }])
    );
    world
        .post("/_sandbox/faults", json!({ "fault": "down" }))
        .await;
    assert_eq!(
        world.get("/gateway.do").await.status,
        StatusCode::BAD_GATEWAY
    );
    assert_eq!(
        world.get("/gateway.do").await.status,
        StatusCode::BAD_GATEWAY
    );
    let end = Request::builder()
        .method(Method::DELETE)
        .uri("/_sandbox/faults");
    let said = world.ask(end.body(Body::empty()).unwrap()).await;
    assert_eq!(said.status, StatusCode::NO_CONTENT);
    assert_eq!(world.get("/gateway.do").await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_wrong_amount_stands_in_the_books_and_a_tampered_notify_does_not_hold() {
    let world = World::new();
    world
        .post("/_sandbox/faults", json!({ "fault": "wrong-amount" }))
        .await;
    world
        .post("/_sandbox/faults", json!({ "fault": "tamper" }))
        .await;
    let pay = json!({ "gateway": "alipay", "out_trade_no": "order_1", "minor": 500 });
    assert_eq!(world.post("/_sandbox/pay", pay).await.json()["minor"], 499);
    world.shop.will_answer(&[(400, "fail")]);
    world.sandbox.deliver_due().await;
    world.pass(240);
    world.sandbox.deliver_due().await;
    let received = world.shop.received();
    let number = |at: usize| crate::alipay::pairs(&received[at].body)["out_trade_no"].clone();
    assert_ne!(number(0), number(1));
}

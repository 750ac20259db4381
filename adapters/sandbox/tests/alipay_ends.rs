//! How an Alipay trade ends before it is paid, and how a paid one is undone.

use serde_json::{Value, json};

use crate::alipay::{asked, signed, signed_with};
use crate::world::World;

fn of(number: &str) -> Value {
    json!({ "gateway": "alipay", "out_trade_no": number })
}

/// A payment by that method that the buyer has opened.
async fn opened(world: &World, method: &str, number: &str) {
    let mut order = json!({ "out_trade_no": number, "total_amount": "5.00", "subject": "x" });
    if method == "alipay.trade.precreate" {
        asked(world, method, order).await;
    } else {
        order["timeout_express"] = json!("30m");
        let request = signed(method, "utf-8", order.to_string().as_bytes());
        world.form("/gateway.do", &request).await;
    }
    let opened = world.post("/_sandbox/scan", of(number)).await;
    assert_eq!(opened.json()["state"], "WAIT_BUYER_PAY");
}

async fn cancelled(world: &World, number: &str) -> Value {
    let number = json!({ "out_trade_no": number });
    asked(world, "alipay.trade.cancel", number).await
}

/// What a cancelled trade is answered with.
fn done(action: &str, trade: &Value) -> Value {
    json!({
        "code": "10000", "msg": "Success", "action": action, "retry_flag": "N",
        "out_trade_no": trade["out_trade_no"], "trade_no": trade["transaction_id"],
    })
}

#[tokio::test]
async fn a_trade_that_waits_is_closed_when_it_is_cancelled() {
    let world = World::new();
    opened(&world, "alipay.trade.precreate", "undo_1").await;
    let trade = world.only_trade().await;
    for _ in 0..2 {
        assert_eq!(cancelled(&world, "undo_1").await, done("close", &trade));
    }
    assert_eq!(world.only_trade().await["state"], "TRADE_CLOSED");
    assert_eq!(world.post("/_sandbox/pay", of("undo_1")).await.status, 422);
    let by_number = json!({ "trade_no": trade["transaction_id"] });
    let again = asked(&world, "alipay.trade.cancel", by_number).await;
    assert_eq!(again, done("close", &trade));
}

#[tokio::test]
async fn what_is_left_of_a_paid_trade_goes_back_once_when_it_is_cancelled() {
    let world = World::new();
    opened(&world, "alipay.trade.precreate", "undo_2").await;
    world.post("/_sandbox/pay", of("undo_2")).await;
    let part = json!({ "out_trade_no": "undo_2", "refund_amount": "2.00", "out_request_no": "r1" });
    asked(&world, "alipay.trade.refund", part).await;
    let refused = json!({ "fault": "refund-refused" });
    world.post("/_sandbox/faults", refused).await;
    let short = cancelled(&world, "undo_2").await;
    assert_eq!(short["sub_code"], "ACQ.SELLER_BALANCE_NOT_ENOUGH");
    let trade = world.only_trade().await;
    for _ in 0..2 {
        assert_eq!(cancelled(&world, "undo_2").await, done("refund", &trade));
    }
    let trade = world.only_trade().await;
    assert_eq!(trade["state"], "TRADE_CLOSED");
    let minors = [&trade["refunds"][0]["minor"], &trade["refunds"][1]["minor"]];
    assert_eq!(minors, [&json!(200), &json!(300)]);
    assert_eq!(trade["refunds"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn there_is_nothing_to_cancel_where_nobody_opened_the_payment() {
    let world = World::new();
    assert_eq!(
        cancelled(&world, "undo_3").await,
        json!({ "code": "10000", "msg": "Success", "out_trade_no": "undo_3", "retry_flag": "N" })
    );
    let neither = asked(&world, "alipay.trade.cancel", json!({})).await;
    assert_eq!(neither["sub_code"], "ACQ.INVALID_PARAMETER");
}

#[tokio::test]
async fn a_finished_trade_and_one_of_the_day_before_are_not_cancelled() {
    let world = World::new();
    for number in ["undo_4", "undo_5"] {
        let pay = json!({ "gateway": "alipay", "out_trade_no": number, "minor": 500 });
        world.post("/_sandbox/pay", pay).await;
    }
    world.post("/_sandbox/finish", of("undo_4")).await;
    let refused = cancelled(&world, "undo_4").await;
    assert_eq!(refused["sub_code"], "ACQ.TRADE_HAS_FINISHED");
    world.pass(86_400);
    assert_eq!(cancelled(&world, "undo_5").await["action"], "refund");
    world.pass(1);
    let number = json!({ "out_trade_no": "undo_5" }).to_string();
    let later = [("timestamp", "2026-11-24 16:00:00".to_owned())];
    let request = signed_with("alipay.trade.cancel", "utf-8", number.as_bytes(), &later);
    let refused = world.form("/gateway.do", &request).await.json();
    let node = &refused["alipay_trade_cancel_response"];
    assert_eq!(node["sub_code"], "ACQ.TRADE_CANCEL_TIME_OUT");
}

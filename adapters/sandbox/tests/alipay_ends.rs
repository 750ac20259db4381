//! How an Alipay trade ends before it is paid, and how a paid one is undone.

use std::time::Duration;

use payfold_sandbox::StateFile;
use serde_json::{Value, json};

use crate::alipay::{asked, pairs, signed, signed_with, text, v1_holds};
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

/// A refund that names no number has the trade's, and a cancel would have it too.
#[tokio::test]
async fn what_is_left_goes_back_where_the_trades_own_number_is_a_refunds_already() {
    let world = World::new();
    opened(&world, "alipay.trade.precreate", "undo_6").await;
    world.post("/_sandbox/pay", of("undo_6")).await;
    let part =
        json!({ "out_trade_no": "undo_6", "refund_amount": "2.50", "out_request_no": "undo_6" });
    asked(&world, "alipay.trade.refund", part).await;
    let trade = world.only_trade().await;
    for _ in 0..2 {
        assert_eq!(cancelled(&world, "undo_6").await, done("refund", &trade));
    }
    let trade = world.only_trade().await;
    assert_eq!(trade["state"], "TRADE_CLOSED");
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

/// What only a payment or a refund brings.
const OF_MONEY: [&str; 8] = [
    "gmt_payment",
    "gmt_refund",
    "refund_fee",
    "fund_bill_list",
    "receipt_amount",
    "invoice_amount",
    "buyer_pay_amount",
    "point_amount",
];

#[tokio::test]
async fn a_wap_or_app_trade_that_nobody_pays_in_time_is_told_closed_once() {
    for method in ["alipay.trade.wap.pay", "alipay.trade.app.pay"] {
        let world = World::new();
        opened(&world, method, "late_1").await;
        assert_eq!(world.sandbox.next_due(), Some(Duration::from_secs(1_800)));
        world.pass(1_799);
        assert_eq!(world.sandbox.deliver_due().await, 0);
        world.pass(1);
        assert_eq!(world.sandbox.deliver_due().await, 1);
        let notify = pairs(&world.shop.received()[0].body);
        assert!(v1_holds(&notify));
        assert_eq!(text(&notify, "trade_status"), "TRADE_CLOSED");
        assert_eq!(text(&notify, "total_amount"), "5.00");
        assert_eq!(text(&notify, "gmt_close"), "2026-11-23 16:30:00");
        for name in OF_MONEY {
            assert!(!notify.contains_key(name), "{name}");
        }
        assert_eq!(world.sandbox.next_due(), None);
        assert_eq!(world.sandbox.deliver_due().await, 0);
        assert_eq!(world.post("/_sandbox/pay", of("late_1")).await.status, 422);
        let late = json!({ "fault": "late", "out_trade_no": "late_1" });
        world.post("/_sandbox/faults", late).await;
        let paid = world.post("/_sandbox/pay", of("late_1")).await;
        assert_eq!(paid.json()["state"], "TRADE_SUCCESS");
    }
}

#[tokio::test]
async fn the_end_of_a_trade_that_is_paid_or_closed_or_of_a_page_is_not_told_by_its_time() {
    let world = World::new();
    for (method, number) in [
        ("alipay.trade.page.pay", "quiet_1"),
        ("alipay.trade.precreate", "quiet_2"),
        ("alipay.trade.wap.pay", "quiet_3"),
        ("alipay.trade.app.pay", "quiet_4"),
    ] {
        opened(&world, method, number).await;
    }
    world.post("/_sandbox/pay", of("quiet_3")).await;
    world.post("/_sandbox/close", of("quiet_4")).await;
    assert_eq!(world.sandbox.deliver_due().await, 2);
    assert_eq!(world.sandbox.next_due(), None);
    world.pass(86_400);
    assert_eq!(world.sandbox.deliver_due().await, 0);
}

#[tokio::test]
async fn a_trade_that_closes_while_the_sandbox_is_down_is_told_afterwards() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("state.json");
    let before = World::new();
    opened(&before, "alipay.trade.wap.pay", "late_2").await;
    StateFile::open(&path, &before.sandbox).unwrap();

    let after = World::new();
    after.pass(1_800);
    let file = StateFile::open(&path, &after.sandbox).unwrap();
    assert_eq!(after.sandbox.next_due(), Some(Duration::ZERO));
    assert_eq!(after.sandbox.deliver_due().await, 1);
    file.save(&after.sandbox).unwrap();
    drop(file);

    let later = World::new();
    later.pass(1_800);
    StateFile::open(&path, &later.sandbox).unwrap();
    assert_eq!(later.sandbox.deliver_due().await, 0);
}

//! Faults that are meant for one payment strike every call about it, whichever number the call names.

use std::time::Duration;

use axum::body::Body;
use http::{Request, StatusCode};
use serde_json::{Value, json};

use crate::alipay::signed;
use crate::wechatpay::{Merchant, order, pay};
use crate::world::{Said, World};

const REFUNDS: &str = "/v3/refund/domestic/refunds";

/// An order of ten fen at WeChat Pay that is paid: its number there.
async fn paid(world: &World, number: &str) -> String {
    let merchant = Merchant::new(world);
    merchant
        .post("/v3/pay/transactions/native", &order(number, 10))
        .await;
    let trade = pay(world, number, "v3").await.json();
    trade["transaction_id"].as_str().unwrap().to_owned()
}

fn refund(number: &str, (name, id): (&str, &str), minor: u64) -> Value {
    json!({
        name: id, "out_refund_no": number,
        "amount": { "refund": minor, "total": 10, "currency": "CNY" },
    })
}

async fn down(world: &World, number: &str) {
    let down = json!({ "fault": "down", "out_trade_no": number, "seconds": 600 });
    world.post("/_sandbox/faults", down).await;
}

#[track_caller]
fn is_down(said: &Said) {
    assert!(said.status.is_server_error(), "{}", said.text());
}

#[tokio::test]
async fn wechat_pay_is_down_for_a_payment_by_its_transaction_id_and_by_its_refunds_number() {
    let world = World::new();
    let merchant = Merchant::new(&world);
    let (ours, other) = (paid(&world, "down_1").await, paid(&world, "down_2").await);
    let (ours, other) = (ours.as_str(), other.as_str());
    for (number, id) in [("r1", ours), ("r2", other)] {
        let asked = merchant
            .post(REFUNDS, &refund(number, ("transaction_id", id), 1))
            .await;
        assert_eq!(asked.status, StatusCode::OK, "{}", asked.text());
    }
    let refund_id = merchant.get(&format!("{REFUNDS}/r1")).await.json();
    let refund_id = refund_id["refund_id"].as_str().unwrap();

    down(&world, "down_1").await;
    for by in [("transaction_id", ours), ("out_trade_no", "down_1")] {
        is_down(&merchant.post(REFUNDS, &refund("r3", by, 1)).await);
    }
    is_down(&merchant.get(&format!("{REFUNDS}/r1")).await);
    let apply = json!({ "out_refund_no": "r1", "type": "USER_BANK_CARD" });
    let path = format!("{REFUNDS}/{refund_id}/apply-abnormal-refund");
    is_down(&merchant.post(&path, &apply).await);
    let query = format!("<xml><transaction_id>{ours}</transaction_id></xml>");
    let query = Request::post("/pay/orderquery").body(Body::from(query));
    is_down(&world.ask(query.unwrap()).await);

    let fine = merchant
        .post(REFUNDS, &refund("r4", ("transaction_id", other), 1))
        .await;
    assert_eq!(fine.status, StatusCode::OK, "{}", fine.text());
    let fine = merchant.get(&format!("{REFUNDS}/r2")).await;
    assert_eq!(fine.status, StatusCode::OK, "{}", fine.text());
}

#[tokio::test]
async fn wechat_pay_probes_a_refund_by_its_transaction_id_and_is_slow_for_it() {
    let world = World::new();
    let merchant = Merchant::new(&world);
    let id = paid(&world, "probe_1").await;
    for fault in ["probe", "slow"] {
        let fault = json!({ "fault": fault, "out_trade_no": "probe_1" });
        world.post("/_sandbox/faults", fault).await;
    }
    let asked = merchant
        .post(REFUNDS, &refund("r1", ("transaction_id", &id), 1))
        .await;
    let signature = asked.header("wechatpay-signature");
    assert!(signature.starts_with("WECHATPAY/SIGNTEST/"), "{signature}");
    assert_eq!(*world.waited.lock().unwrap(), [Duration::from_secs(10)]);
}

#[tokio::test]
async fn alipay_is_down_for_a_payment_by_its_trade_no() {
    let world = World::new();
    let mut numbers = Vec::new();
    for number in ["down_1", "down_2"] {
        let pay = json!({ "gateway": "alipay", "out_trade_no": number, "minor": 10 });
        let trade = world.post("/_sandbox/pay", pay).await.json();
        numbers.push(trade["transaction_id"].as_str().unwrap().to_owned());
    }
    down(&world, "down_1").await;
    for method in [
        "alipay.trade.query",
        "alipay.trade.close",
        "alipay.trade.refund",
        "alipay.trade.fastpay.refund.query",
    ] {
        let ask = async |trade_no: &str| {
            let content = json!({
                "trade_no": trade_no, "refund_amount": "0.01", "out_request_no": "r1",
            });
            let query = signed(method, "utf-8", content.to_string().as_bytes());
            world.get(&format!("/gateway.do?{query}")).await
        };
        is_down(&ask(&numbers[0]).await);
        let fine = ask(&numbers[1]).await;
        assert_eq!(fine.status, StatusCode::OK, "{method}");
    }
}

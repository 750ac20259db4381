//! Alipay payments that are not opened by a page: a code to scan, a trade that is made at once, and
//! how a trade ends.

use http::StatusCode;
use serde_json::{Value, json};

use crate::alipay::{asked, pairs, signed, text, v1_holds};
use crate::world::{World, account};

fn coffee(number: &str, amount: &str) -> Value {
    json!({ "out_trade_no": number, "total_amount": amount, "subject": "一杯咖啡" })
}

fn of(number: &str) -> Value {
    json!({ "gateway": "alipay", "out_trade_no": number })
}

/// The path of a code's address.
fn path(precreated: &Value) -> String {
    let url = precreated["qr_code"].as_str().unwrap();
    url.strip_prefix("http://127.0.0.1:8090")
        .unwrap()
        .to_owned()
}

#[tokio::test]
async fn a_code_leads_to_the_cashier_and_is_a_trade_once_it_is_scanned() {
    let world = World::new();
    let precreated = asked(&world, "alipay.trade.precreate", coffee("code_1", "12.50")).await;
    assert_eq!(precreated["code"], "10000", "{precreated}");
    assert_eq!(precreated["out_trade_no"], "code_1");
    let number = json!({ "out_trade_no": "code_1" });
    let nothing = asked(&world, "alipay.trade.query", number.clone()).await;
    assert_eq!(nothing["sub_code"], "ACQ.TRADE_NOT_EXIST");
    let scanned = world.get(&path(&precreated)).await;
    assert_eq!(scanned.status, StatusCode::SEE_OTHER);
    let cashier = world.get(scanned.header("location")).await.text();
    assert!(cashier.contains("12.50") && cashier.contains("一杯咖啡"));
    let waits = asked(&world, "alipay.trade.query", number).await;
    assert_eq!(waits["trade_status"], "WAIT_BUYER_PAY");
    let paid = world
        .form("/alipay/cashier", "out_trade_no=code_1&act=pay")
        .await;
    assert_eq!(paid.status, StatusCode::OK, "a code returns to no page");
    world.sandbox.deliver_due().await;
    let notify = pairs(&world.shop.received()[0].body);
    assert!(v1_holds(&notify));
    assert_eq!(text(&notify, "total_amount"), "12.50");
    assert_eq!(
        notify["trade_no"],
        waits["trade_no"].as_str().unwrap().as_bytes()
    );
}

#[tokio::test]
async fn a_payment_that_is_precreated_again_has_two_codes_until_something_became_of_it() {
    let world = World::new();
    let precreate = |amount| asked(&world, "alipay.trade.precreate", coffee("code_2", amount));
    let (first, second) = (precreate("1.00").await, precreate("1.00").await);
    assert_ne!(first["qr_code"], second["qr_code"]);
    for code in [&first, &second] {
        assert_eq!(world.get(&path(code)).await.status, StatusCode::SEE_OTHER);
    }
    let other = precreate("2.00").await;
    assert_eq!(other["sub_code"], "ACQ.CONTEXT_INCONSISTENT");
    world.post("/_sandbox/pay", of("code_2")).await;
    assert_eq!(precreate("1.00").await["sub_code"], "ACQ.TRADE_HAS_SUCCESS");
    asked(&world, "alipay.trade.precreate", coffee("code_3", "1.00")).await;
    world.post("/_sandbox/scan", of("code_3")).await;
    let number = json!({ "out_trade_no": "code_3" });
    assert_eq!(
        asked(&world, "alipay.trade.close", number).await["code"],
        "10000"
    );
    let closed = asked(&world, "alipay.trade.precreate", coffee("code_3", "1.00")).await;
    assert_eq!(closed["sub_code"], "ACQ.TRADE_HAS_CLOSE");
}

#[tokio::test]
async fn a_code_is_good_for_two_hours() {
    let world = World::new();
    let precreated = asked(&world, "alipay.trade.precreate", coffee("code_4", "1.00")).await;
    world.pass(7_201);
    let scanned = world.get(&path(&precreated)).await.text();
    assert!(scanned.contains("二维码已失效"), "{scanned}");
    let late = world.post("/_sandbox/pay", of("code_4")).await;
    assert_eq!(late.status, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn a_created_trade_waits_at_once_and_is_opened_by_its_number() {
    let world = World::new();
    let mut order = coffee("jsapi_1", "5.00");
    let nobody = asked(&world, "alipay.trade.create", order.clone()).await;
    assert_eq!(nobody["sub_code"], "ACQ.INVALID_PARAMETER");
    order["buyer_id"] = json!("2088102146225135");
    order["product_code"] = json!("JSAPI_PAY");
    let created = asked(&world, "alipay.trade.create", order.clone()).await;
    let trade_no = created["trade_no"].as_str().unwrap().to_owned();
    assert_eq!(
        asked(&world, "alipay.trade.create", order.clone()).await,
        created
    );
    let number = json!({ "out_trade_no": "jsapi_1" });
    let waits = asked(&world, "alipay.trade.query", number).await;
    assert_eq!(waits["trade_status"], "WAIT_BUYER_PAY");
    assert_eq!(waits["buyer_user_id"], "2088102146225135");
    let cashier = world
        .get(&format!("/alipay/cashier?trade_no={trade_no}"))
        .await;
    assert!(cashier.text().contains("jsapi_1"));
    assert_eq!(
        world.post("/_sandbox/pay", of("jsapi_1")).await.json()["transaction_id"],
        json!(trade_no)
    );
    world.sandbox.deliver_due().await;
    let notify = pairs(&world.shop.received()[0].body);
    assert_eq!(text(&notify, "buyer_id"), "2088102146225135");
}

#[tokio::test]
async fn an_order_is_refused_by_the_gateways_own_codes() {
    let world = World::new();
    let other = |change: fn(&mut Value)| {
        let mut order = coffee("odd_1", "1.00");
        change(&mut order);
        order
    };
    for (order, sub_code) in [
        (
            other(|order| order["total_amount"] = json!("0.00")),
            "ACQ.INVALID_PARAMETER",
        ),
        (
            other(|order| order["total_amount"] = json!("1.001")),
            "ACQ.INVALID_PARAMETER",
        ),
        (
            other(|order| order["total_amount"] = json!("100000000.01")),
            "ACQ.TOTAL_FEE_EXCEED",
        ),
        (
            other(|order| order["out_trade_no"] = json!("a b")),
            "ACQ.INVALID_PARAMETER",
        ),
        (
            json!({ "out_trade_no": "odd_1", "subject": "x" }),
            "ACQ.INVALID_PARAMETER",
        ),
        (
            other(|order| order["time_expire"] = json!("2026-11-23 15:59:59")),
            "ACQ.NOW_TIME_AFTER_EXPIRE_TIME_ERROR",
        ),
        (
            other(|order| order["seller_id"] = json!("2088000000000000")),
            "ACQ.PARTNER_ERROR",
        ),
    ] {
        let refused = asked(&world, "alipay.trade.precreate", order).await;
        assert_eq!(refused["code"], "40004");
        assert_eq!(refused["sub_code"], sub_code, "{refused}");
    }
    let not_json = signed("alipay.trade.precreate", "utf-8", b"{");
    let refused = world.form("/gateway.do", &not_json).await.json();
    let node = &refused["alipay_trade_precreate_response"];
    assert_eq!(node["code"], "40002");
}

#[tokio::test]
async fn a_wrong_application_is_refused_before_the_signature_and_without_one() {
    let world = World::new();
    let request = signed("alipay.trade.query", "utf-8", b"{}");
    let own = account("alipay", "app_id");
    let request = request.replace(&own, "2021000000000000");
    let refused = world.form("/gateway.do", &request).await.json();
    let node = &refused["alipay_trade_query_response"];
    assert_eq!(node["sub_code"], "isv.invalid-app-id");
    assert_eq!(refused.get("sign"), None);
}

#[tokio::test]
async fn a_finished_trade_is_told_and_gives_nothing_back() {
    let world = World::new();
    let pay = json!({ "gateway": "alipay", "out_trade_no": "old_1", "minor": 500 });
    world.post("/_sandbox/pay", pay).await;
    world.sandbox.deliver_due().await;
    let finished = world.post("/_sandbox/finish", of("old_1")).await.json();
    assert_eq!(finished["state"], "TRADE_FINISHED");
    world.sandbox.deliver_due().await;
    let notify = pairs(&world.shop.received()[1].body);
    assert!(v1_holds(&notify));
    assert_eq!(text(&notify, "trade_status"), "TRADE_FINISHED");
    let refund = json!({
        "out_trade_no": "old_1", "refund_amount": "1.00", "out_request_no": "r1",
    });
    let refused = asked(&world, "alipay.trade.refund", refund).await;
    assert_eq!(refused["sub_code"], "ACQ.TRADE_HAS_FINISHED");
}

#[tokio::test]
async fn a_refund_that_comes_through_behind_the_end_of_its_trade_names_one_close() {
    let world = World::new();
    let order = coffee("old_2", "5.00").to_string();
    let order = signed("alipay.trade.wap.pay", "utf-8", order.as_bytes());
    world.get(&format!("/gateway.do?{order}")).await;
    world.post("/_sandbox/pay", of("old_2")).await;
    let slow = json!({ "fault": "refund-slow" });
    world.post("/_sandbox/faults", slow).await;
    let refund = json!({
        "out_trade_no": "old_2", "refund_amount": "5.00", "out_request_no": "r1",
    });
    asked(&world, "alipay.trade.refund", refund).await;
    world.post("/_sandbox/finish", of("old_2")).await;
    world.pass(61);
    assert_eq!(world.only_trade().await["refunds"][0]["state"], "SUCCESS");
    world.sandbox.deliver_due().await;
    let received = world.shop.received();
    let told = received
        .iter()
        .map(|call| String::from_utf8_lossy(&call.body));
    let told: Vec<_> = told
        .filter(|told| told.contains("refund_fee=5.00"))
        .collect();
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].matches("gmt_close=").count(), 1, "{told:?}");
}

#[tokio::test]
async fn a_refund_may_be_refused_for_the_balance_or_take_its_time() {
    let world = World::new();
    let pay = json!({ "gateway": "alipay", "out_trade_no": "back_1", "minor": 500 });
    world.post("/_sandbox/pay", pay).await;
    for fault in ["refund-refused", "refund-slow"] {
        world
            .post("/_sandbox/faults", json!({ "fault": fault }))
            .await;
    }
    let refund = json!({
        "out_trade_no": "back_1", "refund_amount": "1.00", "out_request_no": "r1",
    });
    let refused = asked(&world, "alipay.trade.refund", refund.clone()).await;
    assert_eq!(refused["sub_code"], "ACQ.SELLER_BALANCE_NOT_ENOUGH");
    let slow = asked(&world, "alipay.trade.refund", refund).await;
    assert_eq!(
        (&slow["code"], &slow["fund_change"], &slow["refund_fee"]),
        (&json!("10000"), &json!("N"), &json!("0.00"))
    );
    let query = json!({ "out_trade_no": "back_1", "out_request_no": "r1" });
    let stands = asked(&world, "alipay.trade.fastpay.refund.query", query.clone()).await;
    assert_eq!(stands.get("refund_status"), None);
    world.pass(61);
    let stands = asked(&world, "alipay.trade.fastpay.refund.query", query).await;
    assert_eq!(stands["refund_status"], "REFUND_SUCCESS");
}

#[tokio::test]
async fn an_unpaid_app_payment_that_is_closed_is_told_so() {
    let world = World::new();
    let order = coffee("app_1", "1.00").to_string();
    let order_string = signed("alipay.trade.app.pay", "utf-8", order.as_bytes());
    world.get(&format!("/gateway.do?{order_string}")).await;
    world.post("/_sandbox/scan", of("app_1")).await;
    world.post("/_sandbox/close", of("app_1")).await;
    world.sandbox.deliver_due().await;
    let notify = pairs(&world.shop.received()[0].body);
    assert_eq!(text(&notify, "trade_status"), "TRADE_CLOSED");
    assert!(!notify.contains_key("gmt_payment") && !notify.contains_key("refund_fee"));
}

#[tokio::test]
async fn a_refunds_number_tells_the_refunds_of_one_trade_apart_alone() {
    let world = World::new();
    for number in ["back_3", "back_4"] {
        let pay = json!({ "gateway": "alipay", "out_trade_no": number, "minor": 10 });
        world.post("/_sandbox/pay", pay).await;
        let refund = json!({
            "out_trade_no": number, "refund_amount": "0.05", "out_request_no": "r1",
        });
        let asked = asked(&world, "alipay.trade.refund", refund).await;
        assert_eq!(asked["fund_change"], "Y", "{asked}");
    }
}

#[tokio::test]
async fn a_buyer_who_was_named_by_an_open_id_is_told_of_by_it() {
    let world = World::new();
    for (number, field, id) in [
        (
            "open_1",
            "buyer_open_id",
            "074a1CcTG1LelxKe4xQC0zgNdId0nxi95b5lsNpazWYoCo5",
        ),
        ("open_2", "buyer_user_id", "2088102146225135"),
    ] {
        let mut order = coffee(number, "1.00");
        order[field.replace("_user", "")] = json!(id);
        asked(&world, "alipay.trade.create", order).await;
        world.post("/_sandbox/pay", of(number)).await;
        let trade = json!({ "out_trade_no": number });
        let found = asked(&world, "alipay.trade.query", trade).await;
        let back = json!({ "out_trade_no": number, "refund_amount": "1.00" });
        let refunded = asked(&world, "alipay.trade.refund", back).await;
        for said in [found, refunded] {
            assert_eq!(said[field], id, "{said}");
            let names = said.as_object().unwrap().keys();
            let named = names.filter(|name| name.ends_with("_id"));
            assert_eq!(named.count(), 2, "the buyer and his logon: {said}");
        }
    }
}

//! The first page: what it shows, and what its buttons do.

use http::StatusCode;
use serde_json::json;

use crate::alipay::page_pay;
use crate::world::World;

async fn press(world: &World, form: &str) {
    let said = world.form("/", form).await;
    assert_eq!(said.status, StatusCode::SEE_OTHER, "{}", said.text());
}

async fn page(world: &World) -> String {
    world.get("/").await.text()
}

#[tokio::test]
async fn a_trade_is_paid_given_back_and_paid_twice_by_buttons() {
    let world = World::new();
    let wanted = "act=pay&gateway=wechatpay&out_trade_no=order_1&amount=88.00";
    press(&world, wanted).await;
    let trade = "gateway=wechatpay&out_trade_no=order_1";
    press(&world, &format!("act=refund&{trade}&amount=8")).await;
    let shown = world.only_trade().await;
    assert_eq!(shown["minor"], 8_800);
    assert_eq!(shown["refunds"][0]["minor"], 800);
    assert!(
        page(&world).await.contains("value=\"80.00\""),
        "what is left"
    );
    press(&world, &format!("act=twice&{trade}")).await;
    let trades = world.get("/_sandbox/trades").await.json();
    assert_eq!(trades["items"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_payment_that_nobody_opened_is_paid_or_walked_away_from() {
    let world = World::new();
    for number in ["stays_1", "leaves_1"] {
        let address = format!("/gateway.do?{}", page_pay(number, "88.00"));
        world.get(&address).await;
    }
    let shown = page(&world).await;
    assert_eq!(shown.matches("not opened yet").count(), 2);
    press(&world, "act=pay&gateway=alipay&out_trade_no=stays_1").await;
    press(&world, "act=leave&gateway=alipay&out_trade_no=leaves_1").await;
    let shown = page(&world).await;
    assert!(shown.contains("TRADE_SUCCESS") && shown.contains("WAIT_BUYER_PAY"));
    assert!(!shown.contains("not opened yet"));
}

#[tokio::test]
async fn a_button_that_can_do_nothing_says_why() {
    let world = World::new();
    for (form, why) in [
        ("act=pay&gateway=alipay&out_trade_no=nobody", "nobody"),
        ("act=pay&gateway=alipay&out_trade_no=", "out_trade_no"),
        ("act=pay&gateway=alipay&out_trade_no=a+b&amount=1", "64"),
        ("act=pay&gateway=alipay&out_trade_no=x&amount=1e2", "1e2"),
        ("act=pay&out_trade_no=x&amount=1", "gateway"),
        ("act=close&gateway=wechatpay&out_trade_no=nobody", "nobody"),
        ("act=clock&seconds=soon", "soon"),
        ("act=fault&fault=lose&times=0", "times"),
    ] {
        let said = world.form("/", form).await;
        assert_eq!(said.status, StatusCode::UNPROCESSABLE_ENTITY, "{form}");
        let text = said.text();
        let (_, refused) = text.split_once("id=\"refused\">").unwrap();
        let (refused, _) = refused.split_once('<').unwrap();
        assert!(refused.contains(why), "{form}: {refused}");
    }
}

#[tokio::test]
async fn each_sending_stands_there_with_its_answer_and_when_the_next_one_leaves() {
    let world = World::new();
    for fault in ["lose", "tamper", "probe"] {
        press(&world, &format!("act=fault&fault={fault}")).await;
    }
    press(
        &world,
        "act=pay&gateway=wechatpay&out_trade_no=order_1&amount=1",
    )
    .await;
    world
        .shop
        .will_answer(&[(401, ""), (401, ""), (0, ""), (204, "")]);
    world.sandbox.deliver_due().await;
    let shown = page(&world).await;
    assert!(shown.contains("lost on the way") && shown.contains("the next in 15 s"));
    for seconds in [15, 15, 30] {
        press(&world, &format!("act=clock&seconds={seconds}")).await;
        world.sandbox.deliver_due().await;
    }
    let shown = page(&world).await;
    for told in [
        "payment, tampered with",
        "payment, a signature probe",
        "401, not accepted",
        "no answer: connection refused",
        "204, accepted",
    ] {
        assert!(shown.contains(told), "{told}");
    }
    assert!(!shown.contains("the next in"));
    assert_eq!(world.only_trade().await["notifies"], 3);
}

#[tokio::test]
async fn a_fault_goes_on_and_off_for_all_or_for_one_number() {
    let world = World::new();
    press(&world, "act=fault&fault=down&seconds=60").await;
    press(&world, "act=fault&fault=lose&out_trade_no=order_1&times=3").await;
    let shown = page(&world).await;
    assert!(shown.contains("for 60 s") && shown.contains("3 times, for order_1 alone"));
    press(&world, "act=end-fault&fault=lose&out_trade_no=").await;
    let faults = || async { world.get("/_sandbox/faults").await.json()["items"].clone() };
    assert_eq!(faults().await.as_array().unwrap().len(), 2);
    press(&world, "act=end-fault&fault=lose&out_trade_no=order_1").await;
    assert_eq!(faults().await, json!([{ "fault": "down", "seconds": 60 }]));
    world.pass(60);
    assert_eq!(faults().await, json!([]), "its time is over");
    press(&world, "act=fault&fault=twice").await;
    press(&world, "act=calm").await;
    assert_eq!(faults().await, json!([]));
}

#[tokio::test]
async fn what_is_looked_for_is_what_is_shown_and_stays_so() {
    let world = World::new();
    for number in ["tea_1", "cup_1"] {
        let pay = format!("act=pay&gateway=alipay&out_trade_no={number}&amount=1");
        press(&world, &pay).await;
    }
    let shown = world.get("/?find=tea").await.text();
    assert!(shown.contains("tea_1") && !shown.contains("cup_1"));
    let again = "act=resend&gateway=alipay&out_trade_no=tea_1&find=tea";
    let said = world.form("/", again).await;
    assert_eq!(said.header("location"), "/?find=tea");
}

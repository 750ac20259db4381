//! When notifies leave, on a clock that the test holds; and what faults do to them.

use std::time::Duration;

use serde_json::json;

use crate::alipay::pairs;
use crate::world::World;

async fn paid_from_nowhere(world: &World, gateway: &str, number: &str) {
    let pay = json!({ "gateway": gateway, "out_trade_no": number, "minor": 100 });
    assert_eq!(world.post("/_sandbox/pay", pay).await.status, 200);
}

async fn gaps(gateway: &str, refusal: (u16, &'static str)) -> Vec<u64> {
    let world = World::new();
    world.shop.will_answer(&[refusal; 32]);
    paid_from_nowhere(&world, gateway, "order_1").await;
    world.sandbox.deliver_due().await;
    let mut gaps = Vec::new();
    while let Some(left) = world.sandbox.next_due() {
        gaps.push(left.as_secs());
        world.pass(i64::try_from(left.as_secs()).unwrap() - 1);
        assert_eq!(world.sandbox.deliver_due().await, 0, "too early");
        world.pass(1);
        assert_eq!(world.sandbox.deliver_due().await, 1);
    }
    assert_eq!(world.only_trade().await["notifies"], gaps.len() + 1);
    gaps
}

#[tokio::test]
async fn alipay_sends_eight_times_unless_the_body_is_exactly_success() {
    for refusal in [(200, "fail"), (200, "success\n"), (500, "success"), (0, "")] {
        assert_eq!(
            gaps("alipay", refusal).await,
            [240, 600, 600, 3_600, 7_200, 21_600, 54_000]
        );
    }
}

#[tokio::test]
async fn wechat_pay_sends_sixteen_times_unless_the_status_is_200_or_204() {
    let schedule = [
        15, 15, 30, 180, 600, 1_200, 1_800, 1_800, 1_800, 3_600, 10_800, 10_800, 10_800, 21_600,
        21_600,
    ];
    for refusal in [(401, ""), (302, ""), (500, "success"), (0, "")] {
        assert_eq!(gaps("wechatpay", refusal).await, schedule);
    }
}

#[tokio::test]
async fn its_own_clock_can_jump_and_run_faster_without_touching_the_time_in_messages() {
    let world = World::with(|settings| payfold_sandbox::Settings {
        speed: 60,
        ..settings
    });
    world.shop.will_answer(&[(200, "fail"), (200, "fail")]);
    paid_from_nowhere(&world, "alipay", "order_1").await;
    world.sandbox.deliver_due().await;
    assert_eq!(world.sandbox.next_due(), Some(Duration::from_secs(4)));
    world.pass(4);
    assert_eq!(world.sandbox.deliver_due().await, 1);
    world
        .post("/_sandbox/clock", json!({ "advance_s": 600 }))
        .await;
    assert_eq!(world.sandbox.deliver_due().await, 1);
    let last = world.shop.received().pop().unwrap();
    assert_eq!(pairs(&last.body)["notify_time"], b"2026-11-23 16:00:04");
}

#[tokio::test]
async fn a_payment_that_it_heard_of_from_nobody_is_told_at_the_configured_address() {
    let world = World::new();
    paid_from_nowhere(&world, "alipay", "shop-1").await;
    paid_from_nowhere(&world, "wechatpay", "shop|1").await;
    world.sandbox.deliver_due().await;
    let mut urls: Vec<_> = world
        .shop
        .received()
        .into_iter()
        .map(|call| call.url)
        .collect();
    urls.sort();
    assert_eq!(
        urls,
        [
            "http://127.0.0.1:8080/notify/ali",
            "http://127.0.0.1:8080/notify/wx"
        ]
    );
}

#[tokio::test]
async fn a_lost_sending_comes_by_the_next_one_and_a_doubled_one_leaves_twice() {
    let world = World::new();
    world
        .post(
            "/_sandbox/faults",
            json!({ "fault": "lose", "out_trade_no": "order_1" }),
        )
        .await;
    world
        .post(
            "/_sandbox/faults",
            json!({ "fault": "twice", "out_trade_no": "order_2" }),
        )
        .await;
    paid_from_nowhere(&world, "wechatpay", "order_1").await;
    world.sandbox.deliver_due().await;
    assert!(world.shop.received().is_empty());
    assert_eq!(world.sandbox.next_due(), Some(Duration::from_secs(15)));
    paid_from_nowhere(&world, "wechatpay", "order_2").await;
    world.sandbox.deliver_due().await;
    assert_eq!(world.shop.received().len(), 2);
    world.pass(15);
    world.sandbox.deliver_due().await;
    assert_eq!(world.shop.received().len(), 3);
}

#[tokio::test]
async fn a_delayed_notify_waits_and_a_reordered_one_lets_the_next_go_first() {
    let world = World::new();
    world
        .post(
            "/_sandbox/faults",
            json!({ "fault": "delay", "seconds": 7 }),
        )
        .await;
    paid_from_nowhere(&world, "alipay", "order_1").await;
    world.sandbox.deliver_due().await;
    assert_eq!(world.sandbox.next_due(), Some(Duration::from_secs(7)));
    world.pass(7);
    assert_eq!(world.sandbox.deliver_due().await, 1);

    world
        .post(
            "/_sandbox/faults",
            json!({ "fault": "reorder", "out_trade_no": "order_2" }),
        )
        .await;
    paid_from_nowhere(&world, "alipay", "order_2").await;
    world.sandbox.deliver_due().await;
    let refund = json!({ "gateway": "alipay", "out_trade_no": "order_2", "minor": 1 });
    world.post("/_sandbox/refund", refund).await;
    assert_eq!(world.sandbox.deliver_due().await, 2);
    let received = world.shop.received();
    assert!(pairs(&received[1].body).contains_key("gmt_refund"));
    assert!(!pairs(&received[2].body).contains_key("gmt_refund"));
}

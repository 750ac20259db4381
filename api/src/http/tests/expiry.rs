//! Orders whose time runs out while the jobs run, by a clock that the test moves; and money that comes
//! after that.

use std::time::Duration;

use axum::body::Body;
use http::Request;
use payfold_domain::policy::{LatePolicy, Policy};
use payfold_domain::{OrderNo, Timestamp};
use serde_json::{Value, json};

use super::alipay;
use super::site::{SHOP, TestSite, now, order};
use crate::http::instant;

/// How long an open payment holds up its order's end at most, in seconds.
const GRACE_SECS: i64 = 600;

/// A site whose jobs run.
async fn at_work(policy: Policy) -> TestSite {
    let site = TestSite::start_with(policy, vec![alipay::account()]).await;
    site.app.world.tasks.spawn(site.app.clone().run_jobs());
    site
}

impl TestSite {
    async fn place_until(&self, order_no: &str, expires_at: Timestamp) {
        let mut body = order(8800);
        body["expires_at"] = json!(instant::write(expires_at));
        let path = format!("/v1/orders/{order_no}");
        let placed = self.ask(SHOP, "PUT", &path, body).await;
        assert_eq!(placed.status, 201, "{}", placed.json);
    }

    async fn start_external(&self, order_no: &str) {
        let path = format!("/v1/orders/{order_no}/payments/ali/pay_{order_no}");
        let body = json!({ "method": "external" });
        let started = self.ask(SHOP, "PUT", &path, body).await;
        assert_eq!(started.status, 201, "{}", started.json);
    }

    /// Alipay says that the order's payment was paid.
    async fn is_paid(&self, order_no: &str) {
        let body = alipay::paid(&format!("pay_{order_no}"));
        let request = Request::builder().method("POST").uri("/notify/ali");
        let request = request.body(Body::from(body)).unwrap();
        assert_eq!(self.send(request).await.status, 200);
    }

    async fn shown(&self, order_no: &str) -> Value {
        let path = format!("/v1/orders/{order_no}");
        self.ask(SHOP, "GET", &path, Value::Null).await.json
    }

    /// The order, once the jobs have let it expire.
    async fn expired(&self, order_no: &str) -> Value {
        let name = OrderNo::new(order_no).unwrap();
        for _ in 0..10 {
            let order = self.shown(order_no).await;
            if order["status"] == "expired" {
                return order;
            }
            let seen = order["version"].as_u64().unwrap();
            let changed = self.app.order_changed(&name, seen, Duration::from_secs(2));
            changed.await.unwrap();
        }
        panic!("{order_no} does not expire: {}", self.shown(order_no).await);
    }

    /// Whether the order expires within two seconds.
    async fn is_over_soon(&self, order_no: &str) -> bool {
        let name = OrderNo::new(order_no).unwrap();
        let seen = self.shown(order_no).await["version"].as_u64().unwrap();
        let changed = self.app.order_changed(&name, seen, Duration::from_secs(2));
        changed.await.unwrap();
        self.shown(order_no).await["status"] == "expired"
    }

    async fn story(&self, order_no: &str) -> Vec<String> {
        let path = format!("/v1/orders/{order_no}/events");
        let events = self.ask(SHOP, "GET", &path, Value::Null).await.json;
        let events = events["items"].as_array().unwrap().iter();
        events
            .map(|event| event["type"].as_str().unwrap().replace("payfold.", ""))
            .collect()
    }
}

#[tokio::test]
async fn an_order_without_an_open_payment_expires_by_its_event_at_its_time_and_not_before() {
    let site = at_work(Policy::HOLD).await;
    let end = now().plus_secs(100);
    site.place_until("A-1", end).await;
    site.place_until("A-2", end.plus_secs(1)).await;
    site.clock.set(end);
    site.expired("A-1").await;
    assert_eq!(site.story("A-1").await, ["OrderPlaced", "OrderExpired"]);
    assert_eq!(site.shown("A-2").await["status"], "open");
    site.clock.set(end.plus_secs(1));
    site.expired("A-2").await;
}

#[tokio::test]
async fn an_open_payment_holds_its_order_open_for_ten_minutes_at_most() {
    let site = at_work(Policy::HOLD).await;
    let end = now().plus_secs(100);
    site.place_until("B-1", end).await;
    site.start_external("B-1").await;
    site.place_until("B-2", end.plus_secs(GRACE_SECS - 1)).await;
    site.clock.set(end.plus_secs(GRACE_SECS - 1));
    site.expired("B-2").await;
    assert_eq!(site.shown("B-1").await["status"], "open");
    // Who was looked at a moment before is looked at again some seconds later.
    for later in 0..10 {
        site.clock.set(end.plus_secs(GRACE_SECS + 10 * later));
        if site.is_over_soon("B-1").await {
            return;
        }
    }
    panic!("B-1 does not expire: {}", site.shown("B-1").await);
}

#[tokio::test]
async fn a_paid_order_never_expires() {
    let site = at_work(Policy::HOLD).await;
    let end = now().plus_secs(100);
    site.place_until("C-1", end).await;
    site.start_external("C-1").await;
    site.place_until("C-2", end.plus_secs(GRACE_SECS)).await;
    site.clock.set(end.plus_secs(GRACE_SECS - 1));
    site.is_paid("C-1").await;
    site.clock.set(end.plus_secs(2 * GRACE_SECS));
    site.expired("C-2").await;
    let order = site.shown("C-1").await;
    assert_eq!(
        (&order["status"], &order["paid"]),
        (&json!("paid"), &json!(8800))
    );
}

/// An order that expired and whose payment was paid after that, where the policy is this.
async fn paid_late(late_expired: LatePolicy) -> (TestSite, Value) {
    let policy = Policy {
        late_expired,
        ..Policy::HOLD
    };
    let site = at_work(policy).await;
    let end = now().plus_secs(100);
    site.place_until("L-1", end).await;
    site.start_external("L-1").await;
    site.clock.set(end.plus_secs(GRACE_SECS));
    site.expired("L-1").await;
    site.is_paid("L-1").await;
    let order = site.shown("L-1").await;
    (site, order)
}

#[tokio::test]
async fn money_after_the_expiry_is_held_by_the_policy_hold() {
    let (_site, order) = paid_late(LatePolicy::Hold).await;
    assert_eq!(
        (&order["status"], &order["paid"], &order["held"]),
        (&json!("expired"), &json!(0), &json!(8800))
    );
    let exception = &order["exceptions"][0];
    assert_eq!(
        (&exception["kind"], &exception["status"]),
        (&json!("late"), &json!("open"))
    );
}

#[tokio::test]
async fn money_after_the_expiry_pays_by_the_policy_accept() {
    let (site, order) = paid_late(LatePolicy::Accept).await;
    assert_eq!(
        (&order["status"], &order["paid"], &order["held"]),
        (&json!("paid"), &json!(8800), &json!(0))
    );
    let exception = &order["exceptions"][0];
    assert_eq!(
        (&exception["kind"], &exception["status"]),
        (&json!("late"), &json!("resolved"))
    );
    let story = site.story("L-1").await;
    assert!(story.contains(&"PaymentConfirmed".to_owned()), "{story:?}");
}

#[tokio::test]
async fn money_after_the_expiry_goes_back_by_the_policy_refund() {
    let (_site, order) = paid_late(LatePolicy::Refund).await;
    assert_eq!(
        (&order["status"], &order["paid"]),
        (&json!("expired"), &json!(0))
    );
    let exception = &order["exceptions"][0];
    assert_eq!(
        (&exception["kind"], &exception["status"]),
        (&json!("late"), &json!("resolved"))
    );
    let refund = &order["payments"][0]["refunds"][0];
    assert!(
        refund["refund_no"].as_str().unwrap().starts_with("pf-"),
        "{order}"
    );
    assert_eq!(
        (&refund["minor"], &refund["status"]),
        (&json!(8800), &json!("requested"))
    );
}

//! Orders whose time runs out while the jobs run, by a clock that the test moves; and money that comes
//! after that.

use axum::body::Body;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::Request;
use payfold_alipay::{AccountConfig, AlipayAccount};
use payfold_domain::policy::{Capability, LatePolicy, Policy};
use payfold_domain::{AccountName, OrderNo, Timestamp};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use rsa::PrivateKey;
use rsa::pkcs1v15::SigningKey;
use rsa::pkcs8::DecodePrivateKey as _;
use rsa::sha2::Sha256;
use rsa::signature::{SignatureEncoding as _, Signer as _};
use serde_json::{Value, json};
use std::time::Duration;
use zeroize::Zeroizing;

use super::site::{SHOP, TestSite, now, order};
use crate::app::{Account, GatewayAccount};
use crate::http::instant;

const APP_ID: &str = "9021000122682882";
const SELLER_ID: &str = "2088721003899159";

/// How long an open payment holds up its order's end at most, in seconds.
const GRACE_SECS: i64 = 600;

/// The keys that the Alipay adapter is tested with.
fn key(pointer: &str) -> String {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../adapters/alipay/tests/vectors/keys.json"
    );
    let keys: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    keys.pointer(pointer).unwrap().as_str().unwrap().to_owned()
}

fn ali() -> Account {
    let name = AccountName::new("ali").unwrap();
    let config = AccountConfig {
        name: name.clone(),
        app_id: APP_ID.to_owned(),
        seller_id: SELLER_ID.to_owned(),
        gateway_url: "https://openapi.alipay.com/gateway.do".to_owned(),
        app_private_key: Some(Zeroizing::new(key("/app/pkcs8_pem"))),
        alipay_public_key: Some(key("/alipay/public_spki_pem")),
        app_cert: None,
        alipay_cert: None,
        alipay_root_cert: None,
    };
    let alipay = AlipayAccount::new(&config, now()).unwrap();
    Account::new(
        name,
        GatewayAccount::Alipay(alipay),
        Capability::Full,
        SELLER_ID.to_owned(),
        APP_ID.to_owned(),
    )
}

/// A site whose jobs run.
async fn at_work(policy: Policy) -> TestSite {
    let site = TestSite::start_with(policy, vec![ali()]).await;
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
        let number = format!("pay_{order_no}");
        let fields = [
            ("app_id", APP_ID),
            ("gmt_payment", "2026-01-01 10:00:07"),
            ("notify_id", "2026010100222100007073030501204455"),
            ("notify_time", "2026-01-01 10:00:08"),
            ("notify_type", "trade_status_sync"),
            ("out_trade_no", &number),
            ("seller_id", SELLER_ID),
            ("total_amount", "88.00"),
            ("trade_no", "2026010122001499160501589436"),
            ("trade_status", "TRADE_SUCCESS"),
        ];
        let signed: Vec<String> = fields
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let key = PrivateKey::from_pkcs8_pem(&key("/alipay/pkcs8_pem")).unwrap();
        let sign = SigningKey::<Sha256>::new(key).sign(signed.join("&").as_bytes());
        let sign = STANDARD.encode(sign.to_vec());
        let fields = fields
            .into_iter()
            .chain([("sign_type", "RSA2"), ("sign", &sign)]);
        let body: Vec<String> = fields
            .map(|(name, value)| format!("{name}={}", utf8_percent_encode(value, NON_ALPHANUMERIC)))
            .collect();
        let request = Request::builder().method("POST").uri("/notify/ali");
        let request = request.body(Body::from(body.join("&"))).unwrap();
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
    site.clock.set(end.plus_secs(GRACE_SECS));
    site.expired("B-1").await;
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

//! Payments beside the one that paid their order: closed at once, whatever paid it and however many there
//! are, and nobody else waits for that. The clock stands, so no payment's turn to be asked about comes
//! where the test does not move it.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use http::{Request, StatusCode};
use payfold_sandbox::Sandbox;
use payfold_sqlite::SqliteStore;
use serde_json::{Value, json};
use uuid::Uuid;

use super::bills::{AtWork, Gateways, Unreachable, sandbox};
use super::site::{SHOP, SetClock, TestSite, now};

/// A site beside gateways whose notifies come when the test brings them.
struct Beside {
    _folder: tempfile::TempDir,
    at_work: AtWork,
    gateways: Sandbox,
    shop: Arc<Unreachable>,
}

impl Beside {
    async fn gateways() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (clock, shop) = (SetClock::new(), Arc::<Unreachable>::default());
        let origin = "http://127.0.0.1:8090";
        let gateways = sandbox(origin, folder.path(), &clock, Arc::clone(&shop));
        let store = Arc::new(SqliteStore::in_memory(Uuid::from_u128(7)).unwrap());
        let without_socket = Gateways::new(gateways.router());
        let at_work = AtWork::over(store, folder.path(), without_socket, clock).await;
        Self {
            _folder: folder,
            at_work,
            gateways,
            shop,
        }
    }

    fn site(&self) -> &TestSite {
        &self.at_work.site
    }

    async fn start(&self, order_no: &str, account: &str, number: &str, method: &str) {
        let path = format!("/v1/orders/{order_no}/payments/{account}/{number}");
        let started = self
            .site()
            .ask(SHOP, "PUT", &path, json!({ "method": method }));
        let started = started.await;
        assert_eq!(started.status, StatusCode::CREATED, "{}", started.json);
    }

    /// An order with a payment that is open at WeChat Pay.
    async fn place(&self, order_no: &str) {
        self.site().place(order_no).await;
        let number = format!("open_{order_no}").replace('-', "_");
        self.start(order_no, "wx", &number, "wechatpay.native")
            .await;
    }

    /// A buyer pays at Alipay, which tells of it.
    async fn is_paid(&self, number: &str, minor: i64) {
        self.at_work.told("pay", "alipay", number, minor).await;
        self.gateways.deliver_due().await;
        let request = Request::post("/notify/ali");
        let request = request.body(Body::from(self.shop.last())).unwrap();
        assert_eq!(self.site().send(request).await.status, StatusCode::OK);
    }

    async fn shown(&self, order_no: &str) -> Value {
        let path = format!("/v1/orders/{order_no}");
        self.site().ask(SHOP, "GET", &path, Value::Null).await.json
    }

    /// The order, once it is so, within as many seconds.
    async fn shown_once(&self, order_no: &str, secs: u64, is_so: impl Fn(&Value) -> bool) -> Value {
        for _ in 0..secs {
            let order = self.shown(order_no).await;
            if is_so(&order) {
                return order;
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        panic!("not within {secs} s: {:#}", self.shown(order_no).await);
    }

    /// The order was paid, and what was open beside is closed soon.
    async fn is_closed_soon(&self, order_no: &str) {
        let is_closed = |order: &Value| order["payments"][0]["status"] == "closed";
        let order = self.shown_once(order_no, 10, is_closed).await;
        assert_eq!(order["status"], "paid", "{order:#}");
    }

    async fn resolve(&self, id: &Value, body: Value) {
        let path = format!("/v1/exceptions/{}/resolve", id.as_str().unwrap());
        let resolved = self.site().ask(SHOP, "POST", &path, body).await;
        assert_eq!(resolved.status, StatusCode::OK, "{}", resolved.json);
    }
}

#[tokio::test(start_paused = true)]
async fn a_payment_that_comes_first_closes_the_others_at_once() {
    let beside = Beside::gateways().await;
    beside.place("U-1").await;
    beside.start("U-1", "ali", "pay_u1", "external").await;
    beside.is_paid("pay_u1", 8800).await;
    beside.is_closed_soon("U-1").await;
}

#[tokio::test(start_paused = true)]
async fn an_order_that_a_persons_word_pays_has_its_other_payments_closed_at_once() {
    let beside = Beside::gateways().await;
    beside.place("U-2").await;
    beside.start("U-2", "ali", "pay_u2", "external").await;
    beside.is_paid("pay_u2", 100).await;
    let order = beside.shown("U-2").await;
    assert_eq!(order["status"], "open");
    let id = &order["exceptions"][0]["id"];
    beside.resolve(id, json!({ "action": "accept" })).await;
    beside.is_closed_soon("U-2").await;
}

#[tokio::test(start_paused = true)]
async fn an_order_that_claims_money_which_waited_for_it_has_its_other_payments_closed_at_once() {
    let beside = Beside::gateways().await;
    beside.is_paid("pay_u3", 8800).await;
    beside.place("U-3").await;
    beside.start("U-3", "ali", "pay_u3", "external").await;
    beside.is_closed_soon("U-3").await;
}

#[tokio::test(start_paused = true)]
async fn an_order_that_is_given_unmatched_money_has_its_other_payments_closed_at_once() {
    let beside = Beside::gateways().await;
    beside.place("U-4").await;
    beside.is_paid("pay_u4", 8800).await;
    let mut open = Value::Null;
    for _ in 0..10 {
        let path = "/v1/exceptions?status=open";
        open = beside.site().ask(SHOP, "GET", path, Value::Null).await.json;
        if open["items"] != json!([]) {
            break;
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    let accept = json!({ "action": "accept", "order_no": "U-4" });
    beside.resolve(&open["items"][0]["id"], accept).await;
    beside.is_closed_soon("U-4").await;
}

/// Each is asked about, closed and asked about again, and the gateway is slow.
#[tokio::test(start_paused = true)]
async fn many_payments_that_are_to_be_closed_hold_up_none_that_is_to_be_asked_about() {
    let beside = Beside::gateways().await;
    let orders: Vec<String> = (0..12).map(|order| format!("U-5-{order}")).collect();
    for order_no in &orders {
        beside.place(order_no).await;
        let paid = format!("pay_{order_no}").replace('-', "_");
        beside.start(order_no, "ali", &paid, "external").await;
    }
    beside.site().place("U-6").await;
    beside.start("U-6", "ali", "pay_u6", "external").await;
    let slow = json!({ "fault": "slow", "seconds": 9, "times": 1_000 });
    beside.at_work.sandbox_is_told("faults", &slow).await;
    for order_no in &orders {
        let paid = format!("pay_{order_no}").replace('-', "_");
        beside.is_paid(&paid, 8800).await;
    }
    // Its notify is lost.
    beside.at_work.told("pay", "alipay", "pay_u6", 8800).await;
    beside.site().clock.set(now().plus_secs(31));
    let is_paid = |order: &Value| order["status"] == "paid";
    beside.shown_once("U-6", 60, is_paid).await;
    for order_no in &orders {
        let is_closed = |order: &Value| order["payments"][0]["status"] == "closed";
        beside.shown_once(order_no, 200, is_closed).await;
    }
}

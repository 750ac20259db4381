//! The bills of both simulated gateways, fetched and reconciled by the job while the test moves the
//! clock.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use bytes::Bytes;
use chrono::DateTime;
use http::Request;
use http_body_util::BodyExt as _;
use payfold_domain::Timestamp;
use payfold_domain::policy::Policy;
use payfold_sandbox::{Answer, Call, Outside, Pending, Ports, Sandbox, Settings, Unreached};
use serde_json::{Value, json};
use tower::ServiceExt as _;

use super::site::{SHOP, SetClock, TestSite, now};
use crate::config::Config;
use crate::world::{Answering, Clock as _, Outbound};

const PORTS: Ports = Ports {
    sandbox: 8090,
    service: 8080,
};

const DAY_SECS: i64 = 86_400;

/// A shop that no notify reaches.
struct Unreachable;

impl payfold_sandbox::Outbound for Unreachable {
    fn send(&self, call: Call) -> Pending<'_, Result<Answer, Unreached>> {
        Box::pin(std::future::ready(Err(Unreached {
            url: call.url,
            problem: "nobody is there".to_owned(),
        })))
    }
}

/// The gateways, without a socket.
struct Gateways(Router);

impl Outbound for Gateways {
    fn send(&self, request: Request<Bytes>) -> Answering<'_> {
        let (parts, body) = request.into_parts();
        let request = Request::from_parts(parts, Body::from(body));
        Box::pin(async move {
            let answer = self.0.clone().oneshot(request).await.unwrap();
            let (parts, body) = answer.into_parts();
            let bytes = body.collect().await.unwrap().to_bytes();
            Ok(http::Response::from_parts(parts, bytes))
        })
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a gateway has randomness of its own"
)]
fn random(bytes: &mut [u8]) {
    getrandom::fill(bytes).unwrap();
}

pub(super) fn gateways(folder: &Path, clock: &Arc<SetClock>) -> Router {
    let told = Arc::clone(clock);
    let outside = Outside {
        clock: Arc::new(move || DateTime::from_timestamp(told.now().as_secs(), 0).unwrap()),
        entropy: Arc::new(random),
        outbound: Arc::new(Unreachable),
        wait: Arc::new(|_time| Box::pin(async {})),
    };
    let opened = payfold_sandbox::open(folder, PORTS, &outside.clock, &outside.entropy).unwrap();
    let settings = Settings {
        probe_one_in: 0,
        ..Settings::at("http://127.0.0.1:8090")
    };
    Sandbox::new(opened.keys, opened.service, outside, settings)
        .unwrap()
        .router()
}

async fn pays(gateways: &Router, gateway: &str, out_trade_no: &str, minor: i64) {
    let body = json!({ "gateway": gateway, "out_trade_no": out_trade_no, "minor": minor });
    let request = Request::post("/_sandbox/pay").header("content-type", "application/json");
    let request = request.body(Body::from(body.to_string())).unwrap();
    let answer = gateways.clone().oneshot(request).await.unwrap();
    assert_eq!(answer.status(), 200);
}

/// A site whose jobs run beside both gateways.
async fn at_work(folder: &Path) -> (TestSite, Router) {
    let clock = SetClock::new();
    let router = gateways(folder, &clock);
    let config = Config::read(&folder.join("payfold.toml"), std::iter::empty(), now()).unwrap();
    let http = Arc::new(Gateways(router.clone()));
    let site = TestSite::start_beside(Policy::HOLD, config.accounts, clock, http).await;
    site.app.record_identities().await.unwrap();
    site.app.world.tasks.spawn(site.app.clone().run_jobs());
    (site, router)
}

impl TestSite {
    /// The events of bills, once there are as many.
    async fn bill_events(&self, count: usize) -> Vec<Value> {
        let mut items = Vec::new();
        for _ in 0..100 {
            let path = "/v1/events?limit=500&type=BillImported,BillDifferenceFound";
            let answer = self.ask(SHOP, "GET", path, Value::Null).await;
            items.clone_from(answer.json["items"].as_array().unwrap());
            if items.len() >= count {
                break;
            }
            tokio::time::sleep(Duration::from_secs(10)).await;
        }
        items
    }

    async fn move_to(&self, time: Timestamp) {
        self.clock.set(time);
        // The job looks at the clock once a minute.
        tokio::time::sleep(Duration::from_secs(130)).await;
    }
}

fn figures(event: &Value) -> Value {
    let data = &event["data"];
    json!([
        data["account"],
        data["date"],
        data["payments"],
        data["paid_minor"],
        data["foreign"]
    ])
}

#[tokio::test(start_paused = true)]
async fn yesterdays_bills_are_fetched_from_ten_on_and_what_they_alone_have_is_taken_in() {
    let folder = tempfile::tempdir().unwrap();
    let (site, gateways) = at_work(folder.path()).await;
    // On the first of January in the morning, Shanghai's.
    pays(&gateways, "alipay", "pay_a1", 8800).await;
    pays(&gateways, "wechatpay", "pay_w1", 700).await;
    let ten = now().plus_secs(DAY_SECS + 2 * 3600);
    site.move_to(ten.plus_secs(-60)).await;
    assert_eq!(site.bill_events(0).await.len(), 0, "before ten");

    site.move_to(ten.plus_secs(60)).await;
    let mut told: Vec<Value> = site.bill_events(2).await.iter().map(figures).collect();
    told.sort_by_key(Value::to_string);
    assert_eq!(
        told,
        [
            json!(["ali", "2026-01-01", 1, 8800, 0]),
            json!(["wx", "2026-01-01", 1, 700, 0]),
        ]
    );
    let path = "/v1/events?limit=500&type=UnmatchedPaymentReceived";
    let taken_in = site.ask(SHOP, "GET", path, Value::Null).await;
    assert_eq!(taken_in.json["items"].as_array().unwrap().len(), 2);

    // Nothing happens on the second; that is so once the third is over.
    site.move_to(ten.plus_secs(DAY_SECS + 60)).await;
    assert_eq!(site.bill_events(2).await.len(), 2, "not yet for sure");
    site.move_to(now().plus_secs(3 * DAY_SECS - 7 * 3600)).await;
    let told = site.bill_events(4).await;
    assert_eq!(told.len(), 4);
    let rows: Vec<_> = told.iter().skip(2).map(figures).collect();
    assert!(
        rows.iter().all(|row| row[1] == "2026-01-02" && row[2] == 0),
        "{rows:?}"
    );
    site.move_to(now().plus_secs(3 * DAY_SECS - 6 * 3600)).await;
    assert_eq!(site.bill_events(0).await.len(), 4, "each once");
}

//! Refunds that a gateway refuses: how far its word goes, and what a person is told.

use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;
use payfold_sqlite::SqliteStore;
use serde_json::{Value, json};
use uuid::Uuid;

use super::bills::{AtWork, Gateways, gateways};
use super::site::{SHOP, SetClock, now};
use super::watch::name_a_foreign_serial;

/// The jobs have looked at what is due now.
async fn looked() {
    tokio::time::sleep(Duration::from_secs(5)).await;
}

impl AtWork {
    /// An order of 88.00 that was paid, as asking has found.
    async fn paid(&self, order_no: &str, (account, gateway): (&str, &str)) {
        self.site.place(order_no).await;
        let path = format!("/v1/orders/{order_no}/payments/{account}/pay_{order_no}");
        let external = json!({ "method": "external" });
        let started = self.site.ask(SHOP, "PUT", &path, external).await;
        assert_eq!(started.status, StatusCode::CREATED, "{}", started.json);
        let number = format!("pay_{order_no}");
        self.told("pay", gateway, &number, 8800).await;
        self.site.clock.set(now().plus_secs(31));
        looked().await;
        let path = format!("/v1/orders/{order_no}");
        let order = self.site.ask(SHOP, "GET", &path, Value::Null).await.json;
        assert_eq!(order["status"], "paid", "{order:#}");
    }

    async fn refund(&self, order_no: &str, account: &str) {
        let payment = format!("/v1/orders/{order_no}/payments/{account}/pay_{order_no}");
        let path = format!("{payment}/refunds/r1");
        let asked = self
            .site
            .ask(SHOP, "PUT", &path, json!({ "minor": 1000 }))
            .await;
        assert_eq!(asked.status, StatusCode::CREATED, "{}", asked.json);
        looked().await;
    }

    /// How the refund stands, and the kinds of the order's exceptions.
    async fn stands(&self, order_no: &str) -> Value {
        let path = format!("/v1/orders/{order_no}");
        let order = self.site.ask(SHOP, "GET", &path, Value::Null).await.json;
        let exceptions = order["exceptions"].as_array().unwrap();
        let kinds: Vec<_> = exceptions.iter().map(|told| &told["kind"]).collect();
        json!([order["payments"][0]["refunds"][0]["status"], kinds])
    }

    fn refunds_sent(&self) -> usize {
        let asked = self.gateways.asked.lock().unwrap();
        let sent = asked.iter().filter(|uri| {
            let alipays = uri
                .query()
                .unwrap_or("")
                .contains("method=alipay.trade.refund&");
            alipays || uri.path() == "/v3/refund/domestic/refunds"
        });
        sent.count()
    }
}

#[tokio::test(start_paused = true)]
async fn a_refund_that_is_refused_for_its_signature_waits_for_a_person_and_is_sent_once() {
    let folder = tempfile::tempdir().unwrap();
    let clock = SetClock::new();
    let gateways = Gateways::new(gateways(folder.path(), &clock));
    let store = Arc::new(SqliteStore::in_memory(Uuid::from_u128(7)).unwrap());
    let start = || {
        let (store, gateways) = (Arc::clone(&store), Arc::clone(&gateways));
        AtWork::over(store, folder.path(), gateways, Arc::clone(&clock))
    };
    let first = start().await;
    first.paid("R_3", ("wx", "wechatpay")).await;
    first
        .site
        .app
        .world
        .tasks
        .stop(Duration::from_secs(1))
        .await;
    name_a_foreign_serial(folder.path());
    let second = start().await;
    second.refund("R_3", "wx").await;
    let told = json!(["needs_action", ["refund_needs_action"]]);
    assert_eq!(second.stands("R_3").await, told);
    for secs in [62, 93, 124] {
        clock.set(now().plus_secs(secs));
        looked().await;
    }
    assert_eq!(second.refunds_sent(), 1);
}

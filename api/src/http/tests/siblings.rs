//! Two accounts of one merchant at Alipay, which answers one application about the other's payment.

use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Response, StatusCode};
use payfold_domain::AccountName;
use payfold_sqlite::SqliteStore;
use serde_json::{Value, json};
use uuid::Uuid;

use super::bills::{AtWork, Gateways, Unreachable, sandbox};
use super::site::{SHOP, SetClock, now};

/// The other account's application.
const OTHER: &str = "2021000000000002";

/// Has the configuration name the other account.
fn name_the_other(folder: &Path) {
    let read = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap();
    let alipay: Value = serde_json::from_str(&read("alipay/account.json")).unwrap();
    let other = format!(
        "[accounts.ali2]\ngateway = \"alipay\"\napp_id = \"{OTHER}\"\nseller_id = {}\n\
         gateway_url = {}\nalipay_public_key_file = \"alipay/alipay_public_key.pem\"\n\
         app_private_key_file = \"alipay/app_private_key.pem\"\n",
        alipay["seller_id"], alipay["gateway_url"]
    );
    let both = read("payfold.toml") + &other;
    std::fs::write(folder.join("payfold.toml"), both).unwrap();
}

/// Which account hears of the money first.
#[derive(Clone, Copy, PartialEq, Eq)]
enum First {
    Own,
    Other,
}

#[tokio::test(start_paused = true)]
async fn money_that_came_through_one_application_is_taken_in_once_whichever_tells_of_it() {
    for first in [First::Own, First::Other] {
        let folder = tempfile::tempdir().unwrap();
        let (clock, shop) = (SetClock::new(), Arc::<Unreachable>::default());
        let origin = "http://127.0.0.1:8090";
        let alipay = sandbox(origin, folder.path(), &clock, Arc::clone(&shop));
        name_the_other(folder.path());
        let store = Arc::new(SqliteStore::in_memory(Uuid::from_u128(7)).unwrap());
        let gateways = Gateways::new(alipay.router());
        let at_work = AtWork::over(store, folder.path(), gateways, clock).await;
        // An answer is signed as it is, whoever asked.
        let (last, asked) = (Mutex::new(Bytes::new()), Arc::new(AtomicU32::new(0)));
        let asking = Arc::clone(&asked);
        at_work.gateways.let_answers(move |uri, mut answer| {
            let query = uri.query().unwrap_or_default();
            if !query.contains("method=alipay.trade.query") {
                return answer;
            }
            let mut last = last.lock().unwrap();
            if query.contains(&format!("app_id={OTHER}")) {
                if !last.is_empty() {
                    asking.fetch_add(1, Ordering::Relaxed);
                }
                return Response::new(last.clone());
            }
            last.clone_from(answer.body());
            if first == First::Other {
                *answer.body_mut() = Bytes::new();
            }
            answer
        });
        let site = &at_work.site;
        site.place("O-1").await;
        for (account, method) in [("ali", "alipay.page"), ("ali2", "external")] {
            let path = format!("/v1/orders/O-1/payments/{account}/pay_a1");
            let started = site
                .ask(SHOP, "PUT", &path, json!({ "method": method }))
                .await;
            assert_eq!(started.status, StatusCode::CREATED, "{}", started.json);
        }
        at_work.told("pay", "alipay", "pay_a1", 8800).await;
        // Which is asked first is left to chance, and how soon again to the watch.
        for minutes in 1..90 {
            site.clock.set(now().plus_secs(60 * minutes));
            tokio::time::sleep(Duration::from_secs(60)).await;
            if minutes >= 10 && asked.load(Ordering::Relaxed) > 0 {
                break;
            }
        }
        assert!(asked.load(Ordering::Relaxed) > 0);
        let own = site.app.accounts.get(&AccountName::new("ali").unwrap());
        alipay.deliver_due().await;
        let told = site
            .app
            .notify(&own.unwrap(), &HeaderMap::new(), shop.last())
            .await;
        assert_eq!(told.body, "success");

        let order = site.ask(SHOP, "GET", "/v1/orders/O-1", Value::Null).await;
        assert_eq!(order.json["status"], "paid", "{}", order.json);
        assert_eq!(order.json["held"], 0, "{}", order.json);
        let exceptions = order.json["exceptions"].as_array().unwrap();
        let kinds: Vec<&Value> = exceptions.iter().map(|one| &one["kind"]).collect();
        match first {
            First::Own => assert!(kinds.is_empty(), "{kinds:?}"),
            First::Other => assert_eq!(kinds, ["contradiction"]),
        }
    }
}

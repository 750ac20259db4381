//! Accounts that get their private key while payments and questions of theirs are open.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use http::{HeaderMap, Request, StatusCode};
use payfold_domain::AccountName;
use payfold_sqlite::SqliteStore;
use serde_json::{Value, json};
use tower::ServiceExt as _;
use uuid::Uuid;

use super::bills::{AtWork, Gateways, Unreachable, gateways, sandbox};
use super::keys::{KEYS, configure, read_again};
use super::site::{SHOP, SetClock, TestSite, now};

/// Whether an order comes to be so within two minutes of the jobs' work.
pub(super) async fn comes_to(site: &TestSite, path: &str, wanted: impl Fn(&Value) -> bool) -> bool {
    for _ in 0..120 {
        if wanted(&site.ask(SHOP, "GET", path, Value::Null).await.json) {
            return true;
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    false
}

#[tokio::test(start_paused = true)]
async fn payments_that_are_open_when_their_account_gets_its_key_are_asked_about_from_then_on() {
    let folder = tempfile::tempdir().unwrap();
    drop(gateways(folder.path(), &SetClock::new()));
    let with_keys = configure(folder.path(), &KEYS);
    let at_work = AtWork::beside(folder.path()).await;
    let site = &at_work.site;
    let orders = [("K-1", "ali", "alipay"), ("K-2", "wx", "wechatpay")];
    for (order_no, account, gateway) in orders {
        site.place(order_no).await;
        let number = order_no.replace('-', "_number_");
        let path = format!("/v1/orders/{order_no}/payments/{account}/{number}");
        let started = site.ask(SHOP, "PUT", &path, json!({ "method": "external" }));
        assert_eq!(started.await.status, StatusCode::CREATED);
        at_work.told("pay", gateway, &number, 8800).await;
    }
    let is_paid = |order: &Value| order["status"] == "paid";
    site.clock.set(now().plus_secs(40));
    assert!(!comes_to(site, "/v1/orders/K-1", is_paid).await);

    read_again(&at_work, folder.path(), &with_keys).await;
    site.clock.set(now().plus_secs(60));
    for (order_no, _, _) in orders {
        let path = format!("/v1/orders/{order_no}");
        assert!(comes_to(site, &path, is_paid).await, "{order_no}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_question_waits_until_its_account_gets_its_key() {
    let folder = tempfile::tempdir().unwrap();
    let (clock, shop) = (SetClock::new(), Arc::<Unreachable>::default());
    let origin = "http://127.0.0.1:8090";
    let sandbox = sandbox(origin, folder.path(), &clock, Arc::clone(&shop));
    let with_keys = configure(folder.path(), &KEYS);
    let (router, store) = (
        sandbox.router(),
        SqliteStore::in_memory(Uuid::from_u128(7)).unwrap(),
    );
    let gateways = Gateways::new(router.clone());
    let at_work = AtWork::over(Arc::new(store), folder.path(), gateways, clock).await;
    let site = &at_work.site;
    site.place("K-1").await;
    let path = "/v1/orders/K-1/payments/wx/pay_external";
    let started = site.ask(SHOP, "PUT", path, json!({ "method": "external" }));
    assert_eq!(started.await.status, StatusCode::CREATED);
    let wx = AccountName::new("wx").unwrap();
    for (what, minor) in [("pay", 8800), ("refund", 1000)] {
        let body = json!({
            "gateway": "wechatpay", "out_trade_no": "pay_external", "minor": minor, "via": "v2",
        });
        let told = Request::post(format!("/_sandbox/{what}")).body(Body::from(body.to_string()));
        let told = router.clone().oneshot(told.unwrap()).await.unwrap();
        assert_eq!(told.status(), StatusCode::OK);
        sandbox.deliver_due().await;
        let account = site.app.accounts.get(&wx).unwrap();
        let no_headers = HeaderMap::new();
        let notify = site.app.notify(&account, &no_headers, shop.last());
        assert!(notify.await.body.contains("SUCCESS"));
    }
    let is_given_back = |order: &Value| order["refunded"] == 1000;
    assert!(!comes_to(site, "/v1/orders/K-1", is_given_back).await);

    read_again(&at_work, folder.path(), &with_keys).await;
    site.clock.set(now().plus_secs(60));
    assert!(comes_to(site, "/v1/orders/K-1", is_given_back).await);
}

#[tokio::test(start_paused = true)]
async fn a_refund_is_followed_again_soon_after_its_account_has_got_its_key_back() {
    let folder = tempfile::tempdir().unwrap();
    let at_work = AtWork::beside(folder.path()).await;
    let site = &at_work.site;
    site.place("K-1").await;
    let path = "/v1/orders/K-1/payments/wx/pay_external";
    let started = site.ask(SHOP, "PUT", path, json!({ "method": "external" }));
    assert_eq!(started.await.status, StatusCode::CREATED);
    at_work.told("pay", "wechatpay", "pay_external", 8800).await;
    site.clock.set(now().plus_secs(40));
    let is_paid = |order: &Value| order["status"] == "paid";
    assert!(comes_to(site, "/v1/orders/K-1", is_paid).await);

    let slow = json!({ "fault": "refund-slow", "out_trade_no": "pay_external", "seconds": 600 });
    at_work.sandbox_is_told("faults", &slow).await;
    let refund = format!("{path}/refunds/R1");
    let asked = site.ask(SHOP, "PUT", &refund, json!({ "minor": 1000 }));
    assert_eq!(asked.await.status, StatusCode::CREATED);
    let refund_is = |status: &'static str| {
        move |order: &Value| order["payments"][0]["refunds"][0]["status"] == status
    };
    assert!(comes_to(site, "/v1/orders/K-1", refund_is("submitted")).await);

    let with_keys = configure(folder.path(), &KEYS);
    let without = std::fs::read_to_string(folder.path().join("payfold.toml")).unwrap();
    read_again(&at_work, folder.path(), &without).await;
    site.clock.set(now().plus_secs(4 * 3_600));
    assert!(!comes_to(site, "/v1/orders/K-1", refund_is("succeeded")).await);

    read_again(&at_work, folder.path(), &with_keys).await;
    site.clock.set(now().plus_secs(4 * 3_600 + 60));
    assert!(comes_to(site, "/v1/orders/K-1", refund_is("succeeded")).await);
}

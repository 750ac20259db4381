//! Accounts that the configuration names no more.

use std::sync::Arc;
use std::time::Duration;

use http::HeaderMap;
use payfold_domain::policy::Policy;
use payfold_sqlite::SqliteStore;
use serde_json::{Value, json};
use uuid::Uuid;

use super::alipay;
use super::site::{Nobody, SHOP, SetClock, TestSite, now};
use crate::app::{IdentityProblem, compare_identities};

const DAY_SECS: i64 = 86_400;

#[tokio::test]
async fn an_account_may_go_once_its_last_payment_is_a_year_old() {
    let store = Arc::new(SqliteStore::in_memory(Uuid::from_u128(7)).unwrap());
    let (accounts, clock) = (vec![alipay::account()], SetClock::new());
    let (http, over) = (Arc::new(Nobody), Arc::clone(&store));
    let site = TestSite::start_over(Policy::HOLD, accounts, clock, http, over).await;
    site.place("G-1").await;
    let start = async |number: &str| {
        let path = format!("/v1/orders/G-1/payments/ali/{number}");
        let external = json!({ "method": "external" });
        assert_eq!(site.ask(SHOP, "PUT", &path, external).await.status, 201);
    };
    // More than are looked at a time, and the youngest the last by its number.
    for number in 0..70 {
        start(&format!("pay_{number}")).await;
    }
    site.clock.set(now().plus_secs(30 * DAY_SECS));
    start("zzz_last").await;
    for (days, is_told) in [(40, true), (394, true), (396, false)] {
        let at = now().plus_secs(days * DAY_SECS);
        let problems = compare_identities(&*store, &[], at).await;
        let told = matches!(&problems[..], [IdentityProblem::Gone(name)] if name.as_str() == "ali");
        assert_eq!(told, is_told, "after {days} days: {problems:?}");
        let problems = compare_identities(&*store, &[alipay::account()], at).await;
        assert!(problems.is_empty(), "{problems:?}");
    }
}

impl TestSite {
    /// The id of an open exception, once the view has one.
    async fn first_exception(&self) -> String {
        for _ in 0..1000 {
            let path = "/v1/exceptions?status=open";
            let open = self.ask(SHOP, "GET", path, Value::Null).await;
            if let Some(id) = open.json["items"][0]["id"].as_str() {
                return id.to_owned();
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("no exception opened");
    }
}

#[tokio::test]
async fn what_came_for_no_order_can_be_decided_on_after_its_account_is_gone() {
    for (decision, status) in [
        (json!({ "action": "dismiss" }), "open"),
        (json!({ "action": "accept", "order_no": "G-1" }), "paid"),
    ] {
        let site = TestSite::start_with(Policy::HOLD, vec![alipay::account()]).await;
        let account = site.app.accounts.get(&alipay::name()).unwrap();
        let paid = alipay::paid("pay_stray").into();
        let told = site.app.notify(&account, &HeaderMap::new(), paid).await;
        assert_eq!(told.body, "success");
        site.app.accounts.replace([]);
        site.place("G-1").await;
        let id = site.first_exception().await;
        let path = format!("/v1/exceptions/{id}/resolve");
        let decided = site.ask(SHOP, "POST", &path, decision).await;
        assert_eq!(decided.status, 200, "{}", decided.json);
        let order = site.ask(SHOP, "GET", "/v1/orders/G-1", Value::Null).await;
        assert_eq!(order.json["status"], status);
        let problems = compare_identities(&*site.app.store, &[], now()).await;
        assert!(problems.is_empty(), "{problems:?}");
    }
}

#[tokio::test]
async fn an_account_whose_payments_are_all_old_is_not_looked_through_again_until_it_is_back() {
    let store = Arc::new(SqliteStore::in_memory(Uuid::from_u128(7)).unwrap());
    let (all, clock) = ([alipay::account()], SetClock::new());
    let (http, over) = (Arc::new(Nobody), Arc::clone(&store));
    let accounts = vec![alipay::account()];
    let site = TestSite::start_over(Policy::HOLD, accounts, clock, http, over).await;
    site.place("G-1").await;
    let external = json!({ "method": "external" });
    let path = "/v1/orders/G-1/payments/ali/pay_g1";
    assert_eq!(site.ask(SHOP, "PUT", path, external).await.status, 201);

    let is_told = async |configured, at| {
        let problems = compare_identities(&*store, configured, at).await;
        matches!(&problems[..], [IdentityProblem::Gone(_)])
    };
    let old = now().plus_secs(396 * DAY_SECS);
    assert!(is_told(&[], now()).await);
    assert!(!is_told(&all, old).await);
    assert!(is_told(&[], now()).await, "gone again");
    assert!(!is_told(&[], old).await);
    // By this clock, who looked would find a young payment.
    assert!(!is_told(&[], now()).await, "nobody looks");
    assert!(!is_told(&all, now()).await);
    assert!(is_told(&[], now()).await, "it was back meanwhile");
}

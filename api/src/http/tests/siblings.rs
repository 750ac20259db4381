//! Two accounts of one merchant at Alipay, which answers one application about the other's payment.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::{Response, StatusCode};
use serde_json::{Value, json};

use super::bills::{AtWork, gateways};
use super::site::{SHOP, SetClock, now};

/// The other account's application.
const OTHER: &str = "2021000000000002";

#[tokio::test(start_paused = true)]
async fn what_one_account_has_is_not_taken_in_again_by_the_other_under_the_same_number() {
    let folder = tempfile::tempdir().unwrap();
    drop(gateways(folder.path(), &SetClock::new()));
    let read = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap();
    let alipay: Value = serde_json::from_str(&read("alipay/account.json")).unwrap();
    let other = format!(
        "[accounts.ali2]\ngateway = \"alipay\"\napp_id = \"{OTHER}\"\nseller_id = {}\n\
         gateway_url = {}\nalipay_public_key_file = \"alipay/alipay_public_key.pem\"\n\
         app_private_key_file = \"alipay/app_private_key.pem\"\n",
        alipay["seller_id"], alipay["gateway_url"]
    );
    let both = read("payfold.toml") + &other;
    std::fs::write(folder.path().join("payfold.toml"), both).unwrap();

    let at_work = AtWork::beside(folder.path()).await;
    // An answer is signed as it is, whoever asked.
    let last = Mutex::new(Bytes::new());
    let asked = Arc::new(AtomicU32::new(0));
    let asking = Arc::clone(&asked);
    at_work.gateways.let_answers(move |uri, answer| {
        let query = uri.query().unwrap_or_default();
        if !query.contains("method=alipay.trade.query") {
            return answer;
        }
        let mut last = last.lock().unwrap();
        if query.contains(&format!("app_id={OTHER}")) {
            asking.fetch_add(1, Ordering::Relaxed);
            return Response::new(last.clone());
        }
        last.clone_from(answer.body());
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
    for minutes in 1..10 {
        site.clock.set(now().plus_secs(60 * minutes));
        tokio::time::sleep(Duration::from_secs(60)).await;
    }
    assert!(asked.load(Ordering::Relaxed) > 1);
    let order = site.ask(SHOP, "GET", "/v1/orders/O-1", Value::Null).await;
    assert_eq!(order.json["status"], "paid", "{}", order.json);
    assert_eq!(order.json["held"], 0);
    assert_eq!(order.json["exceptions"], json!([]));
}

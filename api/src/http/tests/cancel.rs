//! Cancelling while the gateways do not do as they are asked.

use std::time::Duration;

use bytes::Bytes;
use http::{Response, StatusCode};
use serde_json::{Value, json};

use super::bills::AtWork;
use super::site::{SHOP, TestSite, now};

async fn start(site: &TestSite, account: &str, method: &str) -> (StatusCode, Value) {
    let number = format!("pay_{}", method.replace('.', "_"));
    let path = format!("/v1/orders/C-1/payments/{account}/{number}");
    let answer = site
        .ask(SHOP, "PUT", &path, json!({ "method": method }))
        .await;
    (answer.status, answer.json)
}

#[tokio::test(start_paused = true)]
async fn a_gateway_that_refuses_to_tell_of_a_payment_keeps_the_wish_to_cancel() {
    let folder = tempfile::tempdir().unwrap();
    let at_work = AtWork::beside(folder.path()).await;
    let site = &at_work.site;
    site.place("C-1").await;
    let (status, _) = start(site, "wx", "wechatpay.native").await;
    assert_eq!(status, StatusCode::CREATED);
    at_work.gateways.let_answers(|_uri, _answer| {
        let refusal = r#"{"code":"NO_AUTH","message":"not for this merchant"}"#;
        let refused = Response::builder().status(StatusCode::FORBIDDEN);
        refused
            .body(Bytes::from_static(refusal.as_bytes()))
            .unwrap()
    });
    let path = "/v1/orders/C-1/cancel";
    let answer = site.ask(SHOP, "POST", path, json!({})).await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(answer.json["type"], "/problems/overloaded");

    at_work.gateways.let_answers(|_uri, answer| answer);
    site.clock.set(now().plus_secs(30));
    for _ in 0..60 {
        let order = site.ask(SHOP, "GET", "/v1/orders/C-1", Value::Null).await;
        if order.json["status"] == "cancelled" {
            return;
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    panic!("the wish does not go on by itself");
}

#[tokio::test(start_paused = true)]
async fn nothing_is_started_or_made_fresh_any_more_once_cancelling_was_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let at_work = AtWork::beside(folder.path()).await;
    let site = &at_work.site;
    site.place("C-1").await;
    let (status, _) = start(site, "ali", "alipay.page").await;
    assert_eq!(status, StatusCode::CREATED);
    at_work.gateways.let_answers(|_uri, mut answer| {
        *answer.status_mut() = StatusCode::BAD_GATEWAY;
        answer
    });
    let (status, _) = start(site, "wx", "wechatpay.native").await;
    assert_eq!(status, StatusCode::GATEWAY_TIMEOUT);
    let cancelled = site.ask(SHOP, "POST", "/v1/orders/C-1/cancel", json!({}));
    assert_eq!(cancelled.await.status, StatusCode::SERVICE_UNAVAILABLE);

    for (account, method, stage) in [
        ("wx", "wechatpay.native", "starting"),
        ("ali", "alipay.page", "open"),
    ] {
        let (status, shown) = start(site, account, method).await;
        assert_eq!(status, StatusCode::OK, "{shown}");
        assert_eq!(shown["status"], stage, "{shown}");
        assert_eq!(shown["action"]["type"], "none", "{shown}");
    }
}

//! Buyers who come back to an order that nobody can tell them of.

use axum::body::Body;
use http::{Request, StatusCode};
use payfold_domain::policy::Policy;
use serde_json::{Value, json};

use super::alipay;
use super::site::{SHOP, TestSite};

#[tokio::test]
async fn who_comes_back_to_an_order_whose_events_cannot_be_read_sees_the_neutral_page() {
    let site = TestSite::start_with(Policy::HOLD, vec![alipay::account()]).await;
    site.place("R-1").await;
    let path = "/v1/orders/R-1/payments/ali/pay_r1";
    let started = site.ask(SHOP, "PUT", path, json!({ "method": "external" }));
    let started = started.await.json;
    let token = started["action"]["return_token"].as_str().unwrap();

    site.damage_order("R-1").await;
    let shown = site.ask(SHOP, "GET", "/v1/orders/R-1", Value::Null).await;
    assert_eq!(shown.json["status"], "corrupt");

    let back = Request::get(format!("/return/ali?rt={token}"));
    let answer = site.send(back.body(Body::empty()).unwrap()).await;
    assert_eq!(answer.status, StatusCode::OK);
    let after = site.ask(SHOP, "GET", "/v1/orders/R-1", Value::Null).await;
    assert_eq!(after.json["version"], shown.json["version"]);
}

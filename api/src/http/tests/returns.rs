//! Buyers who come back to an order that nobody can tell them of.

use axum::body::Body;
use http::{Request, StatusCode};
use payfold_domain::OrderNo;
use payfold_domain::event::{Event, OrderEvent};
use payfold_domain::policy::Policy;
use payfold_store::{Decision, Outcome, StreamName, prepare};
use serde_json::{Value, json};
use uuid::Uuid;

use super::alipay;
use super::site::{SHOP, TestSite, now};

#[tokio::test]
async fn who_comes_back_to_an_order_whose_events_cannot_be_read_sees_the_neutral_page() {
    let site = TestSite::start_with(Policy::HOLD, vec![alipay::account()]).await;
    site.place("R-1").await;
    let path = "/v1/orders/R-1/payments/ali/pay_r1";
    let started = site.ask(SHOP, "PUT", path, json!({ "method": "external" }));
    let started = started.await.json;
    let token = started["action"]["return_token"].as_str().unwrap();

    let stream = StreamName::Order(OrderNo::new("R-1").unwrap());
    let decision = Decision {
        stream: &stream,
        head: site.app.store.head(&stream).await.unwrap(),
        receipt: Uuid::from_u128(1),
        time: now(),
        events: &[Event::Order(OrderEvent::ShipmentDelivered)],
        evidence: None,
        taken_up: None,
    };
    let append = prepare(decision, &mut || [7; 32]).unwrap();
    let appended = site.app.store.append(append).await.unwrap();
    assert!(matches!(appended, Outcome::Appended { .. }));
    let shown = site.ask(SHOP, "GET", "/v1/orders/R-1", Value::Null).await;
    assert_eq!(shown.json["status"], "corrupt");

    let back = Request::get(format!("/return/ali?rt={token}"));
    let answer = site.send(back.body(Body::empty()).unwrap()).await;
    assert_eq!(answer.status, StatusCode::OK);
    let after = site.ask(SHOP, "GET", "/v1/orders/R-1", Value::Null).await;
    assert_eq!(after.json["version"], shown.json["version"]);
}

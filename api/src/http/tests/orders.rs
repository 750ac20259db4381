//! Orders, as the shop and the buyer see them.

use axum::body::Body;
use http::{Request, StatusCode};
use serde_json::{Value, json};

use super::site::{SHOP, TestSite, now, order};
use crate::http::instant;

#[tokio::test]
async fn placing_twice_makes_one_order_and_other_content_is_a_conflict() {
    let site = TestSite::start().await;
    let first = site.place("A-1").await;
    assert_eq!(first.status, StatusCode::CREATED);
    assert_eq!(first.json["status"], "open");
    assert_eq!(first.json["metadata"]["cart"], 7);
    assert_eq!(first.json["version"], 1);
    let again = site.place("A-1").await;
    assert_eq!(again.status, StatusCode::OK);
    assert_eq!(again.header("payfold-as-of"), first.header("payfold-as-of"));
    let other = site.ask(SHOP, "PUT", "/v1/orders/A-1", order(9900)).await;
    assert_eq!(other.status, StatusCode::CONFLICT);
    assert_eq!(other.json["errors"][0]["pointer"], "/amount/minor");
    assert_eq!(other.json["errors"][0]["have"], 8800);
    assert_eq!(other.json["errors"][0]["got"], 9900);
}

#[tokio::test]
async fn placing_again_is_safe_whatever_became_of_the_time_that_the_order_had() {
    let site = TestSite::start().await;
    let ending = |at: &str| {
        let mut order = order(8800);
        order["expires_at"] = json!(at);
        order
    };
    let first = site.place("A-1").await;
    let later = ending("2001-01-01T00:00:00Z");
    let again = site.ask(SHOP, "PUT", "/v1/orders/A-1", later.clone()).await;
    assert_eq!(again.status, StatusCode::OK);
    assert_eq!(again.json["expires_at"], first.json["expires_at"]);
    let new = site.ask(SHOP, "PUT", "/v1/orders/A-2", later).await;
    assert_eq!(new.status, StatusCode::UNPROCESSABLE_ENTITY);
    let senseless = site
        .ask(SHOP, "PUT", "/v1/orders/A-1", ending("soon"))
        .await;
    assert_eq!(senseless.status, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn everything_wrong_with_an_order_is_told_at_once() {
    let site = TestSite::start().await;
    let wrong = json!({
        "amount": { "currency": "EUR", "minor": 0, "note": 1 },
        "subject": "",
        "fulfilment": "pigeon",
        "expires_at": instant::write(now().plus_secs(30)),
        "colour": "red",
    });
    let answer = site.ask(SHOP, "PUT", "/v1/orders/A-1", wrong).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    let mut pointers: Vec<&str> = answer.json["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|error| error["pointer"].as_str().unwrap())
        .collect();
    pointers.sort_unstable();
    assert_eq!(
        pointers,
        [
            "/amount/currency",
            "/amount/minor",
            "/amount/note",
            "/colour",
            "/expires_at",
            "/fulfilment",
            "/subject"
        ]
    );
}

#[tokio::test]
async fn a_read_token_shows_its_own_order_and_little_of_it() {
    let site = TestSite::start().await;
    let placed = site.place("A-1").await;
    site.place("A-2").await;
    let token = placed.json["read_token"].as_str().unwrap();
    let shown = site.ask(token, "GET", "/v1/orders/A-1", Value::Null).await;
    assert_eq!(shown.status, StatusCode::OK);
    let mut names: Vec<&str> = shown
        .json
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    names.sort_unstable();
    assert_eq!(
        names,
        [
            "amount", "order_no", "paid", "payments", "refunded", "shipment", "status"
        ]
    );
    for (method, path) in [
        ("GET", "/v1/orders/A-2"),
        ("PUT", "/v1/orders/A-1"),
        ("GET", "/v1/orders"),
        ("GET", "/v1/orders/A-1/events"),
        ("POST", "/v1/orders/A-1/cancel"),
    ] {
        let answer = site.ask(token, method, path, Value::Null).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{method} {path}");
    }
}

fn conditional(path: &str, tag: &str) -> Request<Body> {
    Request::builder()
        .uri(path)
        .header("authorization", format!("Bearer {SHOP}"))
        .header("if-none-match", tag)
        .body(Body::empty())
        .unwrap()
}

#[tokio::test]
async fn a_known_version_is_not_sent_again_and_a_wait_ends_with_the_change() {
    let site = TestSite::start().await;
    site.place("A-1").await;
    let known = site.send(conditional("/v1/orders/A-1", "\"1\"")).await;
    assert_eq!(known.status, StatusCode::NOT_MODIFIED);
    assert_eq!(known.header("etag"), "\"1\"");
    let other = site
        .send(conditional("/v1/orders/A-1", "\"9\", W/\"8\""))
        .await;
    assert_eq!(other.status, StatusCode::OK);
    let waiting = site.send(conditional("/v1/orders/A-1?wait=30", "\"1\""));
    let cancelling = site.ask(SHOP, "POST", "/v1/orders/A-1/cancel", Value::Null);
    let (changed, cancelled) = tokio::join!(waiting, cancelling);
    assert_eq!(cancelled.status, StatusCode::OK);
    assert_eq!(changed.status, StatusCode::OK);
    assert_eq!(changed.json["status"], "cancelled");
}

#[tokio::test]
async fn an_order_is_shown_as_it_stood_at_a_cursor() {
    let site = TestSite::start().await;
    site.place("A-0").await;
    let before = site.place("A-1").await.header("payfold-as-of").to_owned();
    site.ask(SHOP, "POST", "/v1/orders/A-1/cancel", Value::Null)
        .await;
    let then = site
        .ask(
            SHOP,
            "GET",
            &format!("/v1/orders/A-1?at={before}"),
            Value::Null,
        )
        .await;
    assert_eq!(then.json["status"], "open");
    let earlier = site.ask(SHOP, "GET", "/v1/orders/A-0", Value::Null).await;
    let earlier = earlier.json["as_of"].as_str().unwrap().to_owned();
    let absent = site
        .ask(
            SHOP,
            "GET",
            &format!("/v1/orders/A-1?at={earlier}"),
            Value::Null,
        )
        .await;
    assert_eq!(absent.status, StatusCode::NOT_FOUND);
    let foreign = site
        .ask(SHOP, "GET", "/v1/orders/A-1?at=nonsense", Value::Null)
        .await;
    assert_eq!(foreign.status, StatusCode::GONE);
    assert_eq!(foreign.json["type"], "/problems/cursor-unknown");
}

#[tokio::test]
async fn a_list_shows_each_order_once_the_newest_first_as_far_as_asked() {
    let site = TestSite::start().await;
    let mut as_of = String::new();
    for number in 1..=5 {
        as_of = site
            .place(&format!("A-{number}"))
            .await
            .header("payfold-as-of")
            .to_owned();
    }
    let mut seen = Vec::new();
    let mut path = "/v1/orders?limit=2&status=open".to_owned();
    loop {
        let request = Request::builder()
            .uri(&path)
            .header("authorization", format!("Bearer {SHOP}"))
            .header("payfold-min-as-of", &as_of);
        let page = site.send(request.body(Body::empty()).unwrap()).await;
        assert_eq!(page.status, StatusCode::OK, "{}", page.json);
        assert_eq!(page.header("payfold-as-of"), as_of);
        for item in page.json["items"].as_array().unwrap() {
            seen.push(item["order_no"].as_str().unwrap().to_owned());
        }
        let Some(next) = page.json["next"].as_str() else {
            break;
        };
        path = format!("/v1/orders?limit=2&status=open&after={next}");
    }
    assert_eq!(seen, ["A-5", "A-4", "A-3", "A-2", "A-1"]);
}

#[tokio::test]
async fn what_cannot_be_done_says_why() {
    let site = TestSite::start().await;
    site.place("A-1").await;
    let payment = "/v1/orders/A-1/payments/ali/T100001";
    let parcel = json!({ "carrier": "SF", "tracking_no": "1" });
    for (method, path, body, problem) in [
        (
            "PUT",
            payment,
            json!({ "method": "alipay.page" }),
            "not-found",
        ),
        (
            "PUT",
            "/v1/orders/A-1/shipment",
            parcel,
            "shipment-not-requested",
        ),
        (
            "POST",
            "/v1/orders/A-1/shipment/release",
            Value::Null,
            "shipment-not-requested",
        ),
        ("GET", "/v1/orders/B-1", Value::Null, "not-found"),
        ("POST", "/v1/orders/B-1/cancel", Value::Null, "not-found"),
        ("GET", "/v1/orders?limit=0", Value::Null, "invalid"),
        ("GET", "/v1/orders?after=x", Value::Null, "cursor-unknown"),
        (
            "GET",
            "/v1/reports/daily?from=2026-02-30",
            Value::Null,
            "invalid",
        ),
    ] {
        let answer = site.ask(SHOP, method, path, body).await;
        assert_eq!(
            answer.json["type"],
            format!("/problems/{problem}"),
            "{method} {path}"
        );
        assert_eq!(answer.json["status"], answer.status.as_u16());
        assert_eq!(answer.header("content-type"), "application/problem+json");
    }
}

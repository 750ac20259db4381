//! The feed, by pages and kept open.

use std::time::Duration;

use axum::body::{Body, BodyDataStream};
use futures_util::StreamExt;
use http::{Request, StatusCode};
use serde_json::Value;
use tower::ServiceExt;

use super::site::{SHOP, TestSite};

#[tokio::test]
async fn pages_go_on_to_the_end_and_always_say_where_to_ask_again() {
    let site = TestSite::start().await;
    let empty = site.ask(SHOP, "GET", "/v1/events", Value::Null).await;
    assert_eq!(empty.json["items"], Value::Array(Vec::new()));
    assert_eq!(empty.header("vary"), "accept");
    let mut next = empty.json["next"].as_str().unwrap().to_owned();
    for number in 1..=3 {
        site.place(&format!("A-{number}")).await;
    }
    let mut subjects = Vec::new();
    for _ in 0..4 {
        let path = format!("/v1/events?limit=1&after={next}");
        let page = site.ask(SHOP, "GET", &path, Value::Null).await;
        for item in page.json["items"].as_array().unwrap() {
            assert_eq!(item["type"], "payfold.OrderPlaced");
            assert!(item.get("private").is_none());
            subjects.push(item["subject"].as_str().unwrap().to_owned());
        }
        next = page.json["next"].as_str().unwrap().to_owned();
    }
    assert_eq!(subjects, ["order/A-1", "order/A-2", "order/A-3"]);
}

#[tokio::test]
async fn a_cursor_also_passes_what_a_filter_left_out() {
    let site = TestSite::start().await;
    site.place("A-1").await;
    let page = site
        .ask(SHOP, "GET", "/v1/events?type=OrderCancelled", Value::Null)
        .await;
    assert_eq!(page.json["items"], Value::Array(Vec::new()));
    let next = page.json["next"].as_str().unwrap();
    let page = site
        .ask(
            SHOP,
            "GET",
            &format!("/v1/events?after={next}"),
            Value::Null,
        )
        .await;
    assert_eq!(page.json["items"], Value::Array(Vec::new()));
    let unknown = site
        .ask(SHOP, "GET", "/v1/events?type=OrderCanceled", Value::Null)
        .await;
    assert_eq!(unknown.status, StatusCode::UNPROCESSABLE_ENTITY);
}

async fn open(site: &TestSite, path: &str, last_id: &str) -> BodyDataStream {
    let request = Request::builder()
        .uri(path)
        .header("authorization", format!("Bearer {SHOP}"))
        .header("accept", "text/event-stream")
        .header("last-event-id", last_id);
    let response = site
        .main
        .clone()
        .oneshot(request.body(Body::empty()).unwrap())
        .await
        .unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    response.into_body().into_data_stream()
}

/// Reads until that many events have come; their ids and what they hold.
async fn events(stream: &mut BodyDataStream, count: usize) -> Vec<(String, Value)> {
    let mut text = String::new();
    let mut found = Vec::new();
    while found.len() < count {
        let chunk = stream.next().await.unwrap().unwrap();
        text.push_str(std::str::from_utf8(&chunk).unwrap());
        found = text.split("\n\n").filter_map(event).collect();
    }
    found
}

fn event(block: &str) -> Option<(String, Value)> {
    let id = block.lines().find_map(|line| line.strip_prefix("id: "))?;
    let data = block.lines().find_map(|line| line.strip_prefix("data: "))?;
    Some((id.to_owned(), serde_json::from_str(data).ok()?))
}

#[tokio::test]
async fn the_open_feed_gives_what_was_and_what_comes_and_goes_on_after_a_break() {
    let site = TestSite::start().await;
    site.place("A-1").await;
    let mut stream = open(&site, "/v1/events", "").await;
    let first = events(&mut stream, 1).await;
    assert_eq!(first[0].1["subject"], "order/A-1");
    assert_eq!(first[0].1["cursor"], first[0].0.as_str());
    site.place("A-2").await;
    assert_eq!(events(&mut stream, 1).await[0].1["subject"], "order/A-2");
    drop(stream);
    site.place("A-3").await;
    let mut stream = open(&site, "/v1/events", &first[0].0).await;
    let rest = events(&mut stream, 2).await;
    assert_eq!(rest[0].1["subject"], "order/A-2");
    assert_eq!(rest[1].1["subject"], "order/A-3");
}

#[tokio::test]
async fn the_open_feed_ends_when_the_program_stops() {
    let site = TestSite::start().await;
    let mut stream = open(&site, "/v1/events", "").await;
    stream.next().await.unwrap().unwrap();
    let stopping = site.app.world.tasks.stop(Duration::from_secs(5));
    let (all_ended, end) = tokio::join!(stopping, stream.next());
    assert!(all_ended);
    assert!(end.is_none());
}

#[tokio::test]
async fn a_last_event_id_that_is_no_text_is_a_cursor_that_nobody_made() {
    let site = TestSite::start().await;
    for last in [&b"\xff"[..], b"AQAA\xe9"] {
        let request = Request::builder().uri("/v1/events");
        let request = request
            .header("authorization", format!("Bearer {SHOP}"))
            .header("accept", "text/event-stream")
            .header("last-event-id", last)
            .body(Body::empty())
            .unwrap();
        let answer = site.main.clone().oneshot(request).await.unwrap();
        assert_eq!(answer.status(), StatusCode::GONE);
    }
}

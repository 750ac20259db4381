//! The feed: every event once, in one order, by pages or as a stream, and lists that say how far they
//! have come.

use http::Method;
use serde_json::{Value, json};

use crate::shop::{Shop, name};

/// Reads the feed from a cursor to its end by pages of this size.
async fn pages(shop: &Shop, limit: usize) -> (Vec<Value>, String) {
    let mut events = Vec::new();
    let mut after = String::new();
    loop {
        let page = shop
            .read(&format!("/v1/events?limit={limit}{after}"))
            .await
            .json(200);
        let items = page["items"].as_array().unwrap();
        let next = page["next"].as_str().unwrap().to_owned();
        if items.is_empty() {
            return (events, next);
        }
        events.extend(items.iter().cloned());
        after = format!("&after={next}");
    }
}

/// Reads a stream until it has brought this many events: `(id, event)`.
async fn stream(request: reqwest::RequestBuilder, count: usize) -> Vec<(String, Value)> {
    let mut response = request
        .header("accept", "text/event-stream")
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), 200);
    let mut text = String::new();
    loop {
        let events: Vec<_> = text.split("\n\n").filter_map(event).collect();
        if events.len() >= count {
            return events;
        }
        let chunk = response
            .chunk()
            .await
            .unwrap()
            .expect("the stream ended early");
        text.push_str(std::str::from_utf8(&chunk).unwrap());
    }
}

fn event(block: &str) -> Option<(String, Value)> {
    let line = |name: &str| {
        block
            .lines()
            .find_map(|line| line.strip_prefix(name))
            .map(str::trim)
    };
    assert!(line("event:").is_none(), "{block}");
    let data = serde_json::from_str(line("data:")?).ok()?;
    Some((line("id:")?.to_owned(), data))
}

#[tokio::test]
async fn the_feed_tells_every_event_once_in_order_whatever_the_page() {
    let shop = Shop::open().await;
    for number in 0..7 {
        shop.place(&format!("F-{number}"), 100).await;
    }
    let (small, end) = pages(&shop, 2).await;
    let (large, same_end) = pages(&shop, 500).await;
    assert_eq!((&small, &end), (&large, &same_end));
    let placed: Vec<&Value> = small
        .iter()
        .filter(|event| name(event) == "OrderPlaced")
        .collect();
    let subjects: Vec<&Value> = placed.iter().map(|event| &event["subject"]).collect();
    let expected: Vec<Value> = (0..7)
        .map(|number| json!(format!("order/F-{number}")))
        .collect();
    assert_eq!(subjects, expected.iter().collect::<Vec<_>>());
    let event = placed[0];
    assert_eq!(
        (&event["specversion"], &event["streamversion"]),
        (&json!("1.0"), &json!(1))
    );
    assert_eq!(event["source"], shop.url(""));
    assert!(event["cursor"].is_string() && event["id"].is_string() && event["time"].is_string());
}

#[tokio::test]
async fn a_filter_moves_the_cursor_past_what_it_leaves_out() {
    let shop = Shop::open().await;
    shop.place("F-1", 100).await;
    shop.cancel("F-1").await.json(200);
    shop.place("F-2", 100).await;
    let page = shop.read("/v1/events?type=OrderCancelled").await.json(200);
    assert_eq!(page["items"].as_array().unwrap().len(), 1);
    let next = page["next"].as_str().unwrap();
    let (_, end) = pages(&shop, 500).await;
    let rest = shop
        .read(&format!("/v1/events?after={next}"))
        .await
        .json(200);
    assert!(
        rest["items"].as_array().unwrap().is_empty() || next == end,
        "{rest}"
    );
    shop.read("/v1/events?type=Nonsense")
        .await
        .problem(422, "invalid");
}

#[tokio::test]
async fn a_stream_brings_what_was_and_what_comes_and_goes_on_where_it_broke_off() {
    let shop = Shop::open().await;
    shop.place("S-1", 100).await;
    let (was, _) = pages(&shop, 500).await;
    let feed = || shop.keyed(Method::GET, "/v1/events");
    let (events, ()) = tokio::join!(stream(feed(), was.len() + 3), async {
        shop.place("S-2", 100).await;
        shop.cancel("S-2").await.json(200);
    });
    let story: Vec<String> = events[was.len()..]
        .iter()
        .map(|(_, event)| name(event))
        .collect();
    assert_eq!(story, ["OrderPlaced", "CancelRequested", "OrderCancelled"]);
    for (id, event) in &events {
        assert_eq!(event["cursor"], id.as_str());
    }
    let resumed = feed().header("last-event-id", &events[was.len()].0);
    let rest = stream(resumed, 1).await;
    assert_eq!(rest[0], events[was.len() + 1]);
}

#[tokio::test]
async fn a_cursor_of_another_store_is_gone() {
    let (one, other) = (Shop::open().await, Shop::open().await);
    let (_, cursor) = pages(&one, 500).await;
    other
        .read(&format!("/v1/events?after={cursor}"))
        .await
        .problem(410, "cursor-unknown");
    other
        .read("/v1/events?after=nonsense")
        .await
        .problem(410, "cursor-unknown");
    let request = other
        .keyed(Method::GET, "/v1/orders")
        .header("payfold-min-as-of", cursor);
    other.send(request).await.problem(410, "cursor-unknown");
}

#[tokio::test]
async fn a_list_comes_as_far_as_the_caller_has_written() {
    let shop = Shop::open().await;
    for number in 0..3 {
        let placed = shop
            .put_order(&format!("L-{number}"), &crate::shop::order(100))
            .await;
        let request = shop
            .keyed(Method::GET, "/v1/orders?status=open&limit=1")
            .header("payfold-min-as-of", placed.header("payfold-as-of"));
        let answer = shop.send(request).await;
        assert!(!answer.header("payfold-as-of").is_empty());
        let page = answer.json(200);
        assert_eq!(page["items"][0]["order_no"], format!("L-{number}"));
    }
}

#[tokio::test]
async fn a_list_is_read_to_its_end_by_its_cursor() {
    let shop = Shop::open().await;
    for number in 0..5 {
        shop.place(&format!("L-{number}"), 100).await;
    }
    assert_eq!(shop.list("/v1/orders").await.len(), 5);
    let mut seen = Vec::new();
    let mut path = "/v1/orders?limit=2".to_owned();
    loop {
        let page = shop.read(&path).await.json(200);
        let items = page["items"].as_array().unwrap();
        seen.extend(
            items
                .iter()
                .map(|order| order["order_no"].as_str().unwrap().to_owned()),
        );
        match page["next"].as_str() {
            Some(next) => path = format!("/v1/orders?limit=2&after={next}"),
            None => break,
        }
    }
    assert_eq!(seen, ["L-4", "L-3", "L-2", "L-1", "L-0"]);
    shop.read("/v1/orders?limit=501")
        .await
        .problem(422, "invalid");
    shop.read("/v1/orders?status=strange")
        .await
        .problem(422, "invalid");
}

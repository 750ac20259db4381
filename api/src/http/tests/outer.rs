//! What holds for every route.

use axum::body::Body;
use http::{Request, StatusCode};
use serde_json::{Value, json};
use tower::ServiceExt;

use super::site::{Answer, READER, SHOP, TestSite};

/// A path of the description with names in it.
fn filled(path: &str) -> String {
    path.replace("{order_no}", "A-1")
        .replace("{account}", "ali")
        .replace("{out_trade_no}", "T100001")
        .replace("{refund_no}", "R1")
        .replace("{id}", &"0".repeat(32))
        .replace("{token}", "pfr.x")
}

#[tokio::test]
async fn every_described_route_is_there_and_asks_first_who_calls() {
    let site = TestSite::start().await;
    let description = site.ask("", "GET", "/openapi.json", Value::Null).await.json;
    let paths = description["paths"].as_object().unwrap();
    assert!(paths.len() > 20);
    for (path, operations) in paths {
        for (method, operation) in operations.as_object().unwrap() {
            let method = method.to_uppercase();
            let request = Request::builder().method(&*method).uri(filled(path));
            let answer = site
                .send(request.body(Body::from("not JSON")).unwrap())
                .await;
            if operation["security"].is_array() {
                assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{method} {path}");
                assert_eq!(answer.json["type"], "/problems/unauthorized");
                assert!(answer.header("www-authenticate").starts_with("Bearer"));
            } else {
                assert_ne!(
                    answer.status,
                    StatusCode::METHOD_NOT_ALLOWED,
                    "{method} {path}"
                );
            }
            assert_eq!(answer.header("x-content-type-options"), "nosniff");
        }
    }
}

#[tokio::test]
async fn another_method_is_told_which_there_are() {
    let site = TestSite::start().await;
    for (method, path, allowed) in [
        ("DELETE", "/v1/orders/A-1", "PUT"),
        ("GET", "/notify/ali", "POST"),
        ("POST", "/healthz", "GET"),
        ("OPTIONS", "/v1/events", "GET"),
    ] {
        let answer = site.ask(SHOP, method, path, Value::Null).await;
        assert_eq!(
            answer.status,
            StatusCode::METHOD_NOT_ALLOWED,
            "{method} {path}"
        );
        assert_eq!(answer.json["type"], "/problems/method-not-allowed");
        assert!(
            answer.header("allow").contains(allowed),
            "{}",
            answer.header("allow")
        );
    }
}

#[tokio::test]
async fn a_key_without_the_scope_hears_which_it_lacks() {
    let site = TestSite::start().await;
    let answer = site.ask(READER, "PUT", "/v1/orders/A-1", json!({})).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    assert!(
        answer.json["detail"]
            .as_str()
            .unwrap()
            .contains("orders:write")
    );
}

#[tokio::test]
async fn names_in_a_path_are_judged_like_any_field() {
    let site = TestSite::start().await;
    for path in ["/v1/orders/a%20b", "/v1/orders/%ff", "/v1/orders/a%2fb"] {
        let answer = site.ask(SHOP, "GET", path, Value::Null).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{path}");
        assert_eq!(answer.json["errors"][0]["pointer"], "/path/order_no");
    }
    let answer = site.ask(SHOP, "POST", "/notify/nobody", Value::Null).await;
    assert_eq!(answer.json["type"], "/problems/not-found");
    let answer = site.ask(SHOP, "GET", "/nowhere", Value::Null).await;
    assert_eq!(answer.json["type"], "/problems/not-found");
}

#[tokio::test]
async fn only_pages_of_listed_origins_may_call() {
    let site = TestSite::start().await;
    for (origin, allowed) in [
        ("https://shop.example", true),
        ("https://evil.example", false),
    ] {
        let request = Request::builder()
            .method("OPTIONS")
            .uri("/v1/orders/A-1")
            .header("origin", origin)
            .header("access-control-request-method", "PUT");
        let answer = site.send(request.body(Body::empty()).unwrap()).await;
        assert_eq!(answer.status == StatusCode::NO_CONTENT, allowed, "{origin}");
        assert_eq!(
            answer.headers.contains_key("access-control-allow-origin"),
            allowed
        );
    }
}

#[tokio::test]
async fn the_public_listener_takes_read_tokens_and_no_keys() {
    let site = TestSite::start().await;
    let placed = site.place("A-1").await;
    let token = placed.json["read_token"].as_str().unwrap();
    for (bearer, path, status) in [
        (token, "/v1/orders/A-1", StatusCode::OK),
        (SHOP, "/v1/orders/A-1", StatusCode::UNAUTHORIZED),
        (SHOP, "/v1/orders", StatusCode::NOT_FOUND),
        (SHOP, "/v1/events", StatusCode::NOT_FOUND),
        (SHOP, "/metrics", StatusCode::NOT_FOUND),
        ("", "/healthz", StatusCode::OK),
    ] {
        let request = Request::builder()
            .uri(path)
            .header("authorization", format!("Bearer {bearer}"));
        let request = request.body(Body::empty()).unwrap();
        let answer = Answer::read(site.public.clone().oneshot(request).await.unwrap()).await;
        assert_eq!(answer.status, status, "{path}");
    }
}

#[tokio::test]
async fn what_is_counted_names_routes_and_nothing_that_was_in_a_request() {
    let site = TestSite::start().await;
    site.place("SECRET-NAME").await;
    let request = Request::builder()
        .uri("/metrics")
        .header("authorization", format!("Bearer {SHOP}"));
    let response = site
        .main
        .clone()
        .oneshot(request.body(Body::empty()).unwrap())
        .await
        .unwrap();
    let text = axum::body::to_bytes(response.into_body(), 1 << 20)
        .await
        .unwrap();
    let text = String::from_utf8(text.to_vec()).unwrap();
    assert!(
        text.contains("route=\"/v1/orders/{order_no}\",method=\"PUT\",status=\"201\""),
        "{text}"
    );
    assert!(text.contains("payfold_view_behind"), "{text}");
    assert!(!text.contains("SECRET-NAME"));
    assert_eq!(text.matches("# EOF").count(), 1);
}

#[tokio::test]
async fn the_page_of_the_routes_comes_from_here() {
    let site = TestSite::start().await;
    for path in [
        "/docs/",
        "/docs/swagger-ui.css",
        "/docs/swagger-initializer.js",
    ] {
        let answer = site.ask("", "GET", path, Value::Null).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}");
        assert!(
            answer
                .header("content-security-policy")
                .contains("default-src 'self'")
        );
    }
    let answer = site.ask("", "GET", "/docs/nothing.js", Value::Null).await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
}

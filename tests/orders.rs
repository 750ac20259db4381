//! Orders as the shop places, reads and cancels them.

use http::Method;
use serde_json::json;

use crate::gateway::Paid;
use crate::shop::{Shop, order};

#[tokio::test]
async fn an_order_that_is_placed_again_is_there_and_with_other_content_a_conflict() {
    let shop = Shop::open().await;
    let placed = shop.put_order("A-1", &order(8800)).await.json(201);
    assert_eq!(placed["status"], "open");
    assert_eq!(
        placed["amount"],
        json!({ "currency": "CNY", "minor": 8800 })
    );
    assert!(
        placed["read_token"].is_string() && placed["version"] == 1,
        "{placed}"
    );
    let again = shop.put_order("A-1", &order(8800)).await.json(200);
    assert_eq!(again["created_at"], placed["created_at"]);
    let problem = shop
        .put_order("A-1", &order(8801))
        .await
        .problem(409, "conflict");
    assert_eq!(problem["errors"][0]["pointer"], "/amount/minor");
    assert_eq!(
        (&problem["errors"][0]["have"], &problem["errors"][0]["got"]),
        (&json!(8800), &json!(8801))
    );
    assert_eq!(shop.story("A-1").await, ["OrderPlaced"]);
}

#[tokio::test]
async fn what_the_shop_knows_of_an_order_comes_back_as_it_was() {
    let shop = Shop::open().await;
    let mut body = order(100);
    body["metadata"] = json!({ "cart": [1, 2, { "deep": true }], "价": "八" });
    body["fulfilment"] = json!("none");
    shop.put_order("A-2", &body).await.json(201);
    let read = shop.order("A-2").await;
    assert_eq!(read["metadata"], body["metadata"]);
    assert_eq!(
        (&read["subject"], &read["shipment"]),
        (&body["subject"], &json!(null))
    );
}

#[tokio::test]
async fn everything_wrong_with_an_order_is_told_at_once() {
    let shop = Shop::open().await;
    let body = json!({
        "amount": { "currency": "USD", "minor": 0 },
        "subject": "",
        "fulfilment": "fly",
        "expires_at": "2001-01-01T00:00:00Z",
        "colour": "red",
    });
    let mut pointers = shop.put_order("A-3", &body).await.pointers(422, "invalid");
    pointers.sort();
    let wrong = [
        "/amount/currency",
        "/amount/minor",
        "/colour",
        "/expires_at",
        "/fulfilment",
        "/subject",
    ];
    assert_eq!(pointers, wrong);
    shop.read("/v1/orders/A-3").await.problem(404, "not-found");
}

#[tokio::test]
async fn an_amount_is_a_whole_number_of_fen_within_bounds() {
    let shop = Shop::open().await;
    for minor in [
        "0",
        "-1",
        "10000000000",
        "88.0",
        "1e2",
        "\"8800\"",
        "null",
        "true",
    ] {
        let body = order(1)
            .to_string()
            .replace("\"minor\":1", &format!("\"minor\":{minor}"));
        let request = shop.keyed(Method::PUT, "/v1/orders/A-4").body(body);
        shop.send(request).await.problem(422, "invalid");
    }
    shop.place("A-4", 9_999_999_999).await;
}

#[tokio::test]
async fn a_body_that_is_not_json_is_malformed_and_a_long_one_too_large() {
    let shop = Shop::open().await;
    for body in ["", "{", "{\"amount\":}", "nonsense", "{} {}"] {
        let request = shop.keyed(Method::PUT, "/v1/orders/A-5").body(body);
        shop.send(request).await.problem(400, "malformed");
    }
    let request = shop
        .keyed(Method::PUT, "/v1/orders/A-5")
        .body(" ".repeat(2 * 1024 * 1024));
    shop.send(request).await.problem(413, "too-large");
}

#[tokio::test]
async fn a_name_outside_its_grammar_is_invalid() {
    let shop = Shop::open().await;
    let long = "x".repeat(65);
    for order_no in ["a%20b", "a.b", "%E8%8C%B6", long.as_str()] {
        shop.put_order(order_no, &order(1))
            .await
            .problem(422, "invalid");
    }
    shop.place(&"x".repeat(64), 1).await;
}

#[tokio::test]
async fn who_calls_without_a_key_is_nobody_and_with_too_little_scope_forbidden() {
    let shop = Shop::open().await;
    shop.place("A-6", 100).await;
    for path in [
        "/v1/orders/A-6",
        "/v1/orders",
        "/v1/events",
        "/v1/accounts",
        "/metrics",
    ] {
        let answer = shop.send(shop.anybody(Method::GET, path)).await;
        answer.problem(401, "unauthorized");
        let answer = shop
            .send(shop.anybody(Method::GET, path).bearer_auth("pfk_wrong"))
            .await;
        answer.problem(401, "unauthorized");
    }
}

#[tokio::test]
async fn a_read_token_shows_its_own_order_and_little_of_it() {
    let shop = Shop::open().await;
    let token = shop.place("A-7", 8800).await["read_token"]
        .as_str()
        .unwrap()
        .to_owned();
    shop.place("A-8", 100).await;
    let with_token = |path: &str| shop.anybody(Method::GET, path).bearer_auth(&token);
    let shown = shop.send(with_token("/v1/orders/A-7")).await.json(200);
    let mut names: Vec<&String> = shown.as_object().unwrap().keys().collect();
    names.sort();
    assert_eq!(
        names,
        [
            "amount", "order_no", "paid", "payments", "refunded", "shipment", "status"
        ]
    );
    shop.send(with_token("/v1/orders/A-8"))
        .await
        .problem(403, "forbidden");
    shop.send(with_token("/v1/orders"))
        .await
        .problem(403, "forbidden");
}

#[tokio::test]
async fn an_etag_says_whether_an_order_has_changed_and_wait_holds_the_answer() {
    let shop = Shop::open().await;
    shop.place("A-9", 8800).await;
    let answer = shop.read("/v1/orders/A-9").await;
    assert_eq!(answer.header("etag"), "\"1\"");
    let known = |path: &str| {
        shop.keyed(Method::GET, path)
            .header("if-none-match", "\"1\"")
    };
    let unchanged = shop.send(known("/v1/orders/A-9")).await;
    assert_eq!(
        (unchanged.status.as_u16(), unchanged.text.as_str()),
        (304, "")
    );
    let held = shop.send(known("/v1/orders/A-9?wait=1")).await;
    assert_eq!(held.status, 304);
    let (changed, _) = tokio::join!(
        shop.send(known("/v1/orders/A-9?wait=30")),
        shop.cancel("A-9")
    );
    assert_eq!(changed.json(200)["status"], "cancelled");
    shop.read("/v1/orders/A-9?wait=31")
        .await
        .problem(422, "invalid");
}

#[tokio::test]
async fn an_order_is_shown_as_it_stood_at_a_cursor() {
    let shop = Shop::open().await;
    let before = shop.place("B-0", 1).await["as_of"]
        .as_str()
        .unwrap()
        .to_owned();
    let placed = shop.place("B-1", 100).await["as_of"]
        .as_str()
        .unwrap()
        .to_owned();
    shop.cancel("B-1").await.json(200);
    let then = shop
        .read(&format!("/v1/orders/B-1?at={placed}"))
        .await
        .json(200);
    assert_eq!(then["status"], "open");
    shop.read(&format!("/v1/orders/B-1?at={before}"))
        .await
        .problem(404, "not-found");
    shop.read("/v1/orders/B-1?at=nonsense")
        .await
        .problem(410, "cursor-unknown");
}

#[tokio::test]
async fn a_cancelled_order_stays_cancelled_and_starts_no_payment() {
    let shop = Shop::open().await;
    shop.place("C-1", 100).await;
    assert_eq!(shop.cancel("C-1").await.json(200)["status"], "cancelled");
    assert_eq!(shop.cancel("C-1").await.json(200)["status"], "cancelled");
    let page = json!({ "method": "alipay.page" });
    shop.put_payment("C-1", "ali", "pay_c1", &page)
        .await
        .problem(409, "order-cancelled");
    let story = shop.story("C-1").await;
    assert_eq!(
        story
            .iter()
            .filter(|name| *name == "OrderCancelled")
            .count(),
        1,
        "{story:?}"
    );
}

#[tokio::test]
async fn a_paid_order_is_not_cancelled() {
    let shop = Shop::open().await;
    shop.place("C-2", 8800).await;
    shop.start("C-2", "ali", "pay_c2", "external").await;
    let fact = Paid {
        out_trade_no: "pay_c2",
        transaction_id: "2026010522100",
        minor: 8800,
    };
    shop.notify("ali", &shop.alipay().paid(&fact)).await;
    shop.cancel("C-2").await.problem(409, "order-paid");
    let page = json!({ "method": "alipay.page" });
    shop.put_payment("C-2", "ali", "pay_c3", &page)
        .await
        .problem(409, "order-paid");
}

#[tokio::test]
async fn a_payment_is_looked_at_in_the_order_of_its_names() {
    let shop = Shop::open().await;
    shop.place("D-1", 100).await;
    shop.place("D-2", 100).await;
    let page = json!({ "method": "alipay.page" });
    shop.put_payment("D-1", "nobody", "pay_d1", &page)
        .await
        .problem(404, "not-found");
    shop.put_payment("D-1", "wx", "pay_d1", &page)
        .await
        .problem(422, "invalid");
    let started = shop
        .put_payment("D-1", "ali", "pay_d1", &page)
        .await
        .json(201);
    assert_eq!(started["action"]["type"], "redirect");
    assert_eq!(
        shop.put_payment("D-1", "ali", "pay_d1", &page)
            .await
            .json(200)["status"],
        "open"
    );
    let wap = json!({ "method": "alipay.wap" });
    shop.put_payment("D-1", "ali", "pay_d1", &wap)
        .await
        .problem(409, "conflict");
    shop.put_payment("D-2", "ali", "pay_d1", &page)
        .await
        .problem(409, "conflict");
    shop.put_payment("D-3", "ali", "pay_d3", &page)
        .await
        .problem(404, "not-found");
    let elsewhere = json!({ "method": "alipay.page", "return_url": "https://evil.example/" });
    let pointers = shop
        .put_payment("D-1", "ali", "pay_d4", &elsewhere)
        .await
        .pointers(422, "invalid");
    assert_eq!(pointers, ["/return_url"]);
}

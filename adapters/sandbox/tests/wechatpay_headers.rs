//! What WeChat Pay wants to hear in the headers of every call of v3.

use http::StatusCode;
use serde_json::json;

use crate::wechatpay::{Merchant, answer_holds, order};
use crate::world::World;

/// Neither, each alone, and each beside one without a value.
const TOO_FEW: [&[(&str, &str)]; 5] = [
    &[],
    &[("accept", "application/json")],
    &[("user-agent", "a shop")],
    &[("accept", ""), ("user-agent", "a shop")],
    &[("accept", "*/*"), ("user-agent", "")],
];

#[tokio::test]
async fn a_call_says_what_it_accepts_and_who_sends_it() {
    let world = World::new();
    let merchant = Merchant::new(&world);
    let order = order("headers_1", 10).to_string();
    let native = "/v3/pay/transactions/native";
    let missing = json!({
        "code": "INVALID_REQUEST", "message": "Http头缺少Accept或User-Agent",
    });
    for headers in TOO_FEW {
        for (call, body) in [
            (("POST", native), order.as_str()),
            (("GET", "/v3/refund/domestic/refunds/r1"), ""),
            (("GET", "/v3/bill/tradebill?bill_date=2026-11-22"), ""),
            (("GET", "/v3/certificates"), ""),
        ] {
            let refused = merchant.call_with(headers, call, body, body).await;
            assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{call:?}");
            assert_eq!(refused.json(), missing);
            assert!(answer_holds(&refused, "wechatpay/pub_key.pem"));
        }
    }
    assert_eq!(
        world.get("/_sandbox/trades").await.json(),
        json!({ "items": [] })
    );
}

#[tokio::test]
async fn where_orders_are_made_the_signature_is_looked_at_before_the_other_headers() {
    let world = World::new();
    let merchant = Merchant::new(&world);
    for (path, code) in [
        ("/v3/pay/transactions/native", "SIGN_ERROR"),
        ("/v3/refund/domestic/refunds", "INVALID_REQUEST"),
    ] {
        let refused = merchant.call_with(&[], ("POST", path), "{}", "{ }").await;
        assert_eq!(refused.json()["code"], code, "{path}");
    }
}

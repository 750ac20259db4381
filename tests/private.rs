//! What is personal stays out of what everybody who follows the service reads: the feed, and the log.

use std::fs;

use serde_json::{Value, json};

use crate::root::root;
use crate::shop::Setup;

/// A merchant's key that the simulated Alipay does not know.
fn another_app_key() -> String {
    let path = root().join("adapters/alipay/tests/vectors/keys.json");
    let keys: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    keys["app"]["pkcs8_pem"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_gateway_that_quotes_the_buyer_in_its_refusal_is_quoted_to_the_caller_alone() {
    const BUYER: &str = "2088123456789012";
    let shop = Setup::new()
        .replacing("alipay/app_private_key.pem", "app_key.pem")
        .with_file("app_key.pem", &another_app_key())
        .beside_the_sandbox()
        .open()
        .await;
    shop.place("private1", 8800).await;
    let start = json!({ "method": "alipay.jsapi", "openid": BUYER });
    let refused = shop
        .put_payment("private1", "ali", "pay_private1", &start)
        .await;
    let problem = refused.problem(502, "gateway-refused");
    assert_eq!(problem["gateway_code"], "isv.invalid-signature");
    let words = problem["gateway_message"].as_str().unwrap();
    assert!(words.contains(BUYER), "{words}");

    let failed = |event: &Value| event["type"] == "payfold.PaymentStartFailed";
    for events in [shop.everything().await, shop.events("private1").await] {
        let event = events.iter().find(|event| failed(event)).unwrap();
        assert_eq!(event["data"]["gateway_code"], "isv.invalid-signature");
        let told = serde_json::to_string(&events).unwrap();
        assert!(!told.contains(BUYER), "{told}");
    }
    let log = shop.log();
    assert!(!log.contains(BUYER), "{log}");
}

//! Payments that payfold asks about by itself, by a clock that the test moves.

use std::time::Duration;

use http::StatusCode;
use serde_json::{Value, json};

use super::bills::AtWork;
use super::site::{SHOP, now};

/// The jobs have looked at what is due now.
async fn looked() {
    tokio::time::sleep(Duration::from_secs(5)).await;
}

impl AtWork {
    async fn starts(&self, order_no: &str, account: &str, method: &str) -> StatusCode {
        self.site.place(order_no).await;
        let number = format!("pay_{order_no}").replace('-', "_");
        let path = format!("/v1/orders/{order_no}/payments/{account}/{number}");
        let body = json!({ "method": method });
        self.site.ask(SHOP, "PUT", &path, body).await.status
    }

    async fn status(&self, order_no: &str) -> Value {
        let path = format!("/v1/orders/{order_no}");
        self.site.ask(SHOP, "GET", &path, Value::Null).await.json["status"].clone()
    }
}

#[tokio::test(start_paused = true)]
async fn a_payment_is_found_whose_start_lies_ahead_of_a_clock_that_stepped_back() {
    let folder = tempfile::tempdir().unwrap();
    let at_work = AtWork::beside(folder.path()).await;
    at_work.site.clock.set(now().plus_secs(1_000));
    let ahead = at_work.starts("W-1", "ali", "external").await;
    assert_eq!(ahead, StatusCode::CREATED);
    at_work.told("pay", "alipay", "pay_W_1", 8800).await;
    at_work.site.clock.set(now());
    let after = at_work.starts("W-2", "ali", "external").await;
    assert_eq!(after, StatusCode::CREATED);
    looked().await;

    at_work.site.clock.set(now().plus_secs(1_100));
    looked().await;
    assert_eq!(at_work.status("W-1").await, "paid");
}

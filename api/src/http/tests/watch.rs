//! Payments that payfold asks about by itself, by a clock that the test moves.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;
use serde_json::{Value, json};

use super::bills::{AtWork, gateways};
use super::site::{SHOP, SetClock, now};

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

    /// How often WeChat Pay was asked about a payment.
    fn queries(&self) -> usize {
        let asked = self.gateways.asked.lock().unwrap();
        let queries = asked.iter().filter(|uri| {
            let path = uri.path();
            path.starts_with("/v3/pay/transactions/out-trade-no/") && !path.ends_with("/close")
        });
        queries.count()
    }
}

/// A site whose WeChat Pay account names a certificate that is not its own, so that every call is refused.
async fn with_a_foreign_serial(folder: &Path) -> AtWork {
    drop(gateways(folder, &SetClock::new()));
    name_a_foreign_serial(folder);
    AtWork::beside(folder).await
}

/// Has the configuration's WeChat Pay account name a certificate that is not its own.
pub(super) fn name_a_foreign_serial(folder: &Path) {
    let file = folder.join("payfold.toml");
    let own = std::fs::read_to_string(&file).unwrap();
    let (before, serial) = own.split_once("merchant_cert_serial = \"").unwrap();
    let (_, after) = serial.split_once('"').unwrap();
    let foreign = format!("{before}merchant_cert_serial = \"5F3E2D1C\"{after}");
    std::fs::write(&file, foreign).unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_payment_is_found_whose_start_lies_ahead_of_a_clock_that_stepped_back() {
    let folder = tempfile::tempdir().unwrap();
    let at_work = AtWork::beside(folder.path()).await;
    at_work.site.clock.set(now().plus_secs(86_400));
    let ahead = at_work.starts("W-1", "ali", "external").await;
    assert_eq!(ahead, StatusCode::CREATED);
    at_work.told("pay", "alipay", "pay_W_1", 8800).await;
    at_work.site.clock.set(now());
    let after = at_work.starts("W-2", "ali", "external").await;
    assert_eq!(after, StatusCode::CREATED);
    looked().await;

    at_work.site.clock.set(now().plus_secs(61));
    looked().await;
    assert_eq!(at_work.status("W-1").await, "paid");
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_steps_back_while_a_gateway_answers_has_it_asked_once_more_and_not_for_ever() {
    let folder = tempfile::tempdir().unwrap();
    let at_work = AtWork::beside(folder.path()).await;
    let ahead = now().plus_secs(8 * 3_600);
    at_work.site.clock.set(ahead);
    at_work.starts("W-18", "wx", "external").await;
    let clock = Arc::clone(&at_work.site.clock);
    at_work.gateways.let_answers(move |_uri, answer| {
        clock.set(now());
        answer
    });
    at_work.site.clock.set(ahead.plus_secs(31));
    looked().await;
    assert!(at_work.queries() <= 2, "{}", at_work.queries());
}

#[tokio::test(start_paused = true)]
async fn a_gateway_that_refuses_to_tell_is_asked_no_sooner_than_one_that_tells() {
    for too_often in [false, true] {
        let folder = tempfile::tempdir().unwrap();
        let at_work = if too_often {
            AtWork::beside(folder.path()).await
        } else {
            with_a_foreign_serial(folder.path()).await
        };
        if too_often {
            // That it does not know the payment is signed, and its status is not.
            at_work.gateways.let_answers(|_uri, mut answer| {
                *answer.status_mut() = StatusCode::TOO_MANY_REQUESTS;
                answer
            });
        }
        at_work.starts("W-3", "wx", "external").await;
        for secs in [31, 42, 53] {
            at_work.site.clock.set(now().plus_secs(secs));
            looked().await;
        }
        assert_eq!(at_work.queries(), 1, "{too_often}");
        at_work.site.clock.set(now().plus_secs(62));
        looked().await;
        assert_eq!(at_work.queries(), 2, "{too_often}");
    }
}

#[tokio::test(start_paused = true)]
async fn who_calls_too_often_is_told_so_and_the_line_to_the_gateway_stays() {
    let folder = tempfile::tempdir().unwrap();
    drop(gateways(folder.path(), &SetClock::new()));
    // The refusal of an application that is not the merchant's is signed, and its status is not.
    let file = folder.path().join("payfold.toml");
    let own = std::fs::read_to_string(&file).unwrap();
    let foreign = own.replace("app_id = \"wx", "app_id = \"wxf");
    assert_ne!(foreign, own);
    std::fs::write(&file, foreign).unwrap();
    let at_work = AtWork::beside(folder.path()).await;
    at_work.gateways.let_answers(|_uri, mut answer| {
        *answer.status_mut() = StatusCode::TOO_MANY_REQUESTS;
        answer
    });
    for order_no in ["W-4", "W-5", "W-6", "W-7", "W-8", "W-9"] {
        let started = at_work.starts(order_no, "wx", "wechatpay.native").await;
        assert_eq!(started, StatusCode::GATEWAY_TIMEOUT, "{order_no}");
    }

    // What nobody signed may be anybody's word.
    at_work.gateways.let_answers(|_uri, mut answer| {
        *answer.status_mut() = StatusCode::TOO_MANY_REQUESTS;
        let headers = answer.headers_mut();
        for name in [
            "nonce",
            "serial",
            "signature",
            "signature-type",
            "timestamp",
        ] {
            headers.remove(format!("wechatpay-{name}"));
        }
        answer
    });
    let mut statuses = Vec::new();
    for order_no in ["W-10", "W-11", "W-12", "W-13", "W-14", "W-15"] {
        statuses.push(at_work.starts(order_no, "wx", "wechatpay.native").await);
    }
    assert_eq!(statuses[4], StatusCode::GATEWAY_TIMEOUT, "{statuses:?}");
    assert_eq!(statuses[5], StatusCode::SERVICE_UNAVAILABLE, "it is cut");
}

#[tokio::test(start_paused = true)]
async fn a_start_that_the_gateway_refuses_for_its_signature_is_told_with_the_gateways_code() {
    let folder = tempfile::tempdir().unwrap();
    let at_work = with_a_foreign_serial(folder.path()).await;
    at_work.site.place("W-16").await;
    let path = "/v1/orders/W-16/payments/wx/pay_W_16";
    let native = json!({ "method": "wechatpay.native" });
    for _ in 0..6 {
        let refused = at_work.site.ask(SHOP, "PUT", path, native.clone()).await;
        assert_eq!(refused.status, StatusCode::BAD_GATEWAY);
        assert_eq!(refused.json["type"], "/problems/gateway-refused");
        assert_eq!(refused.json["gateway_code"], "SIGN_ERROR");
    }
}

//! Accounts that lose their private key, or are retired, while payments of theirs are open.

use std::path::Path;

use http::StatusCode;
use serde_json::{Value, json};

use super::bills::{AtWork, accounts};
use super::site::{SHOP, TestSite, now, order};

/// What takes both accounts' private keys out of a configuration.
pub(super) const KEYS: [(&str, &str); 2] = [
    ("\napp_private_key_file", "\n# app_private_key_file"),
    (
        "\nmerchant_private_key_file",
        "\n# merchant_private_key_file",
    ),
];

const RETIREMENTS: [(&str, &str); 2] = [
    ("[accounts.ali]", "[accounts.ali]\nretired = true"),
    ("[accounts.wx]", "[accounts.wx]\nretired = true"),
];

/// Changes the folder's configuration, and answers with how it was.
pub(super) fn configure(folder: &Path, changes: &[(&str, &str)]) -> String {
    let file = folder.join("payfold.toml");
    let before = std::fs::read_to_string(&file).unwrap();
    let mut text = before.clone();
    for (from, to) in changes {
        assert!(text.contains(from), "{from:?} is not in {text}");
        text = text.replace(from, to);
    }
    std::fs::write(&file, text).unwrap();
    before
}

/// The configuration is that text from now on.
pub(super) async fn read_again(at_work: &AtWork, folder: &Path, text: &str) {
    std::fs::write(folder.join("payfold.toml"), text).unwrap();
    at_work.site.app.replace_accounts(accounts(folder)).await;
}

/// A payment of the order `K-1` by this method.
async fn start(site: &TestSite, (account, method): (&str, &str)) -> (StatusCode, Value) {
    let number = format!("pay_{}", method.replace('.', "_"));
    let path = format!("/v1/orders/K-1/payments/{account}/{number}");
    let body = json!({ "method": method, "openid": "o_buyer_1234567", "client_ip": "203.0.113.7" });
    let answer = site.ask(SHOP, "PUT", &path, body).await;
    (answer.status, answer.json)
}

fn kinds(order: &Value) -> Vec<&str> {
    let payments = order["payments"].as_array().unwrap().iter();
    payments
        .map(|payment| payment["action"]["type"].as_str().unwrap())
        .collect()
}

#[tokio::test(start_paused = true)]
async fn an_order_is_shown_although_the_accounts_of_its_open_payments_have_lost_their_keys() {
    let folder = tempfile::tempdir().unwrap();
    let at_work = AtWork::beside(folder.path()).await;
    let site = &at_work.site;
    let token = site.place("K-1").await.json["read_token"].clone();
    let token = token.as_str().unwrap();
    // What the gateway gave is there without a key; what is signed here is not.
    let payments = [
        (("ali", "alipay.page"), "none"),
        (("ali", "alipay.jsapi"), "sdk"),
        (("wx", "wechatpay.jsapi"), "none"),
        (("wx", "wechatpay.native"), "qr"),
    ];
    for (payment, _) in payments {
        assert_eq!(start(site, payment).await.0, StatusCode::CREATED);
    }
    configure(folder.path(), &KEYS);
    site.app.replace_accounts(accounts(folder.path())).await;

    let expected = payments.map(|(_, kind)| kind);
    for (key, method, body) in [
        (SHOP, "GET", Value::Null),
        (SHOP, "PUT", order(8800)),
        (token, "GET", Value::Null),
    ] {
        let shown = site.ask(key, method, "/v1/orders/K-1", body).await;
        assert_eq!(shown.status, StatusCode::OK, "{}", shown.json);
        assert_eq!(kinds(&shown.json), expected, "{}", shown.json);
    }
    for (payment, kind) in payments {
        let (status, shown) = start(site, payment).await;
        assert_eq!(status, StatusCode::OK, "{shown}");
        assert_eq!(shown["action"]["type"], kind, "{shown}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_account_that_starts_nothing_makes_no_payment_fresh_and_asks_for_none() {
    let folder = tempfile::tempdir().unwrap();
    let at_work = AtWork::beside(folder.path()).await;
    let site = &at_work.site;
    site.place("K-1").await;
    let running_out = [("ali", "alipay.page"), ("wx", "wechatpay.h5")];
    for payment in running_out {
        assert_eq!(start(site, payment).await.0, StatusCode::CREATED);
    }
    at_work.gateways.let_answers(|_uri, mut answer| {
        *answer.status_mut() = StatusCode::BAD_GATEWAY;
        answer
    });
    let starting = ("wx", "wechatpay.native");
    assert_eq!(start(site, starting).await.0, StatusCode::GATEWAY_TIMEOUT);
    site.clock.set(now().plus_secs(16 * 60));

    for changes in [RETIREMENTS, KEYS] {
        let before = configure(folder.path(), &changes);
        site.app.replace_accounts(accounts(folder.path())).await;
        // Whoever asked the gateway would have no answer.
        for payment in running_out.into_iter().chain([starting]) {
            let (status, shown) = start(site, payment).await;
            assert_eq!(status, StatusCode::OK, "{shown}");
            assert_eq!(shown["action"]["type"], "none", "{shown}");
        }
        read_again(&at_work, folder.path(), &before).await;
    }
    assert!(!start(site, starting).await.0.is_success());
    let (_, fresh) = start(site, ("ali", "alipay.page")).await;
    assert_eq!(fresh["action"]["type"], "redirect", "{fresh}");
}

//! Certificates that are fetched from the simulated gateways.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use bytes::Bytes;
use http::{HeaderMap, Request, StatusCode};
use payfold_domain::AccountName;
use payfold_domain::policy::Policy;
use payfold_sqlite::SqliteStore;
use serde_json::json;
use tower::ServiceExt as _;
use uuid::Uuid;

use super::bills::{AtWork, Gateways, Unreachable, accounts, gateways, sandbox};
use super::site::{SHOP, SetClock, TestSite, now};
use crate::app::{App, GatewayAccount};

/// Puts Alipay's account into certificate mode.
fn use_certificates(folder: &Path) {
    let file = folder.join("payfold.toml");
    let by_key = std::fs::read_to_string(&file).unwrap();
    let by_certificate = by_key
        .replace("alipay_public_key_file", "# alipay_public_key_file")
        .replace("# app_cert_file", "app_cert_file")
        .replace("# alipay_cert_file", "alipay_cert_file")
        .replace("# alipay_root_cert_file", "alipay_root_cert_file");
    std::fs::write(&file, by_certificate).unwrap();
}

/// Both gateways sign with the next certificate from now on.
async fn renew(router: &Router) {
    for gateway in ["alipay", "wechatpay"] {
        let request = Request::put(format!("/_sandbox/{gateway}"));
        let request = request.body(Body::from(r#"{"certificate":"renewed"}"#));
        let answer = router.clone().oneshot(request.unwrap()).await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
    }
}

/// How many keys each account has that verify.
fn keys(app: &App) -> [usize; 2] {
    ["ali", "wx"].map(|name| {
        let account = app.accounts.get(&AccountName::new(name).unwrap()).unwrap();
        match &account.gateway {
            GatewayAccount::Alipay(alipay) => alipay.public_keys().len(),
            GatewayAccount::WechatPay(wechatpay) => wechatpay.public_keys().len(),
        }
    })
}

/// The certificates job looks once a minute.
async fn next_looks() {
    tokio::time::sleep(Duration::from_secs(130)).await;
}

#[tokio::test(start_paused = true)]
async fn what_was_told_of_certificates_is_known_after_a_restart_and_once_keys_are_read_again() {
    let folder = tempfile::tempdir().unwrap();
    let clock = SetClock::new();
    let router = gateways(folder.path(), &clock);
    use_certificates(folder.path());
    let gateways = Gateways::new(router.clone());
    let store = Arc::new(SqliteStore::in_memory(Uuid::from_u128(7)).unwrap());
    let start = || {
        let (store, gateways) = (Arc::clone(&store), Arc::clone(&gateways));
        AtWork::over(store, folder.path(), gateways, Arc::clone(&clock))
    };

    let first = start().await.site.app;
    next_looks().await;
    assert_eq!(gateways.asked_for_certificates(), 2);
    let configured = keys(&first);
    renew(&router).await;
    clock.set(now().plus_secs(12 * 3600));
    next_looks().await;
    let learned = configured.map(|keys| keys + 1);
    assert_eq!(keys(&first), learned);
    // Alipay's is named first, and then fetched.
    let asked = gateways.asked_for_certificates();
    assert_eq!(asked, 2 + 3);

    first.world.tasks.stop(Duration::from_secs(1)).await;
    let second = start().await.site.app;
    assert_eq!(keys(&second), learned, "before anybody was asked");
    let read_again = accounts(folder.path());
    second.replace_accounts(read_again).await;
    assert_eq!(keys(&second), learned, "nor then");
    next_looks().await;
    assert_eq!(
        gateways.asked_for_certificates(),
        asked,
        "told a moment ago"
    );
    clock.set(now().plus_secs(24 * 3600));
    next_looks().await;
    assert_eq!(gateways.asked_for_certificates(), asked + 2, "long ago");
}

#[tokio::test(start_paused = true)]
async fn a_notify_that_alipays_next_certificate_signed_is_taken_in_though_nothing_has_named_it() {
    let folder = tempfile::tempdir().unwrap();
    let clock = SetClock::new();
    let shop = Arc::<Unreachable>::default();
    let sandbox = sandbox(
        "http://127.0.0.1:8090",
        folder.path(),
        &clock,
        Arc::clone(&shop),
    );
    let router = sandbox.router();
    use_certificates(folder.path());
    let gateways = Gateways::new(router.clone());
    let store = Arc::new(SqliteStore::in_memory(Uuid::from_u128(7)).unwrap());
    let at_work = AtWork::over(store, folder.path(), gateways, Arc::clone(&clock)).await;
    // Alipay learns by the first request that the merchant uses certificates.
    next_looks().await;
    renew(&router).await;
    at_work.told("pay", "alipay", "pay_a1", 8800).await;
    sandbox.deliver_due().await;
    let notify = shop.last();

    let app = &at_work.site.app;
    let alipay = app.accounts.get(&AccountName::new("ali").unwrap()).unwrap();
    let answer = async |body: Bytes| app.notify(&alipay, &HeaderMap::new(), body).await.body;
    clock.set(now().plus_secs(61));
    assert_eq!(answer(notify.clone()).await, "success");

    let asked = at_work.gateways.asked_for_certificates();
    let forged = Bytes::from([&notify[..], b"&more=1"].concat());
    clock.set(now().plus_secs(122));
    for _ in 0..3 {
        assert_eq!(answer(forged.clone()).await, "fail");
    }
    let by_forged = at_work.gateways.asked_for_certificates() - asked;
    assert_eq!(by_forged, 1, "once a minute at most");
}

#[tokio::test(start_paused = true)]
async fn kept_certificates_that_the_configured_key_does_not_open_are_not_taken() {
    let folder = tempfile::tempdir().unwrap();
    let clock = SetClock::new();
    let router = gateways(folder.path(), &clock);
    renew(&router).await;
    let gateways = Gateways::new(router);
    let store = Arc::new(SqliteStore::in_memory(Uuid::from_u128(7)).unwrap());
    let start = || {
        let (store, gateways) = (Arc::clone(&store), Arc::clone(&gateways));
        AtWork::over(store, folder.path(), gateways, Arc::clone(&clock))
    };
    let app = start().await.site.app;
    next_looks().await;
    let [_, learned] = keys(&app);
    app.world.tasks.stop(Duration::from_secs(1)).await;
    let asked = gateways.asked_for_certificates();

    let key = folder.path().join("wechatpay/api_v3.key");
    std::fs::write(key, "another-key-of-thirty-two-bytes!").unwrap();
    let app = start().await.site.app;
    assert_eq!(keys(&app)[1], learned - 1);
    next_looks().await;
    assert!(gateways.asked_for_certificates() > asked);
}

#[tokio::test(start_paused = true)]
async fn an_alipay_that_is_down_says_nothing_of_its_certificate() {
    let folder = tempfile::tempdir().unwrap();
    drop(gateways(folder.path(), &SetClock::new()));
    use_certificates(folder.path());
    let at_work = AtWork::beside(folder.path()).await;
    let app = &at_work.site.app;
    let account = app.accounts.get(&AccountName::new("ali").unwrap()).unwrap();

    at_work.gateways.let_answers(|_uri, mut answer| {
        *answer.status_mut() = StatusCode::BAD_GATEWAY;
        answer
    });
    at_work.site.clock.set(now().plus_secs(61));
    assert!(app.refresh_certificates(&account.name).await.is_err());
    at_work.gateways.let_answers(|_uri, answer| answer);
    at_work.site.clock.set(now().plus_secs(122));
    assert!(app.refresh_certificates(&account.name).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn who_hangs_up_keeps_nobody_from_the_certificates_and_who_comes_meanwhile_has_them_too() {
    let folder = tempfile::tempdir().unwrap();
    let clock = SetClock::new();
    let router = gateways(folder.path(), &clock);
    let gateways = Gateways::new(router.clone());
    let store = Arc::new(SqliteStore::in_memory(Uuid::from_u128(7)).unwrap());
    let at_work = AtWork::over(store, folder.path(), gateways, Arc::clone(&clock)).await;
    let app = &at_work.site.app;
    next_looks().await;
    let [_, configured] = keys(app);
    renew(&router).await;
    let wx = AccountName::new("wx").unwrap();

    clock.set(now().plus_secs(61));
    at_work.gateways.let_wait(Duration::from_secs(2));
    let hangs_up = tokio::time::timeout(Duration::from_secs(1), app.refresh_certificates(&wx));
    assert!(hangs_up.await.is_err());
    assert!(
        !app.refresh_certificates(&wx).await.unwrap(),
        "a moment ago"
    );
    next_looks().await;
    assert_eq!(keys(app)[1], configured + 1, "the job has asked");

    clock.set(now().plus_secs(122));
    let first = app.refresh_certificates(&wx);
    let second = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        clock.set(now().plus_secs(123));
        let wanted = app.refresh_certificates(&wx);
        let told = async {
            tokio::time::sleep(Duration::from_millis(500)).await;
            clock.set(now().plus_secs(124));
        };
        tokio::join!(wanted, told).0
    };
    let (_, second) = tokio::join!(first, second);
    assert!(second.unwrap(), "they were told after it was asked for");
}

/// Takes WeChat Pay's public key out of the configuration: its certificates alone verify.
fn use_platform_certificates_alone(folder: &Path) {
    let file = folder.join("payfold.toml");
    let both = std::fs::read_to_string(&file).unwrap();
    let alone = both.replace("\nplatform_public_key", "\n# platform_public_key");
    assert_ne!(alone, both);
    std::fs::write(&file, alone).unwrap();
}

async fn starts_by_wechat_pay(site: &TestSite, number: &str) -> StatusCode {
    let path = format!("/v1/orders/W-1/payments/wx/{number}");
    let native = json!({ "method": "wechatpay.native" });
    site.ask(SHOP, "PUT", &path, native).await.status
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_wechat_pays_next_certificate_signed_has_that_fetched_once_a_minute_at_most()
{
    let folder = tempfile::tempdir().unwrap();
    let clock = SetClock::new();
    let router = gateways(folder.path(), &clock);
    use_platform_certificates_alone(folder.path());
    let gateways = Gateways::new(router.clone());
    let store = Arc::new(SqliteStore::in_memory(Uuid::from_u128(7)).unwrap());
    let at_work = AtWork::over(store, folder.path(), gateways, Arc::clone(&clock)).await;
    let site = &at_work.site;
    next_looks().await;
    renew(&router).await;
    site.place("W-1").await;

    clock.set(now().plus_secs(61));
    assert_eq!(
        starts_by_wechat_pay(site, "pay_w1").await,
        StatusCode::CREATED
    );

    let asked = at_work.gateways.asked_for_certificates();
    at_work.gateways.let_answers(|uri, mut answer| {
        if uri.path() != "/v3/certificates" {
            let nobodys = http::HeaderValue::from_static("5F3E2D1C");
            answer.headers_mut().insert("wechatpay-serial", nobodys);
        }
        answer
    });
    for secs in [122, 140, 160] {
        clock.set(now().plus_secs(secs));
        let status = starts_by_wechat_pay(site, "pay_w2").await;
        assert!(status.is_server_error(), "{status}");
    }
    let more = at_work.gateways.asked_for_certificates() - asked;
    assert_eq!(more, 1, "once a minute at most");
}

#[tokio::test(start_paused = true)]
async fn a_line_that_was_cut_keeps_nobody_from_the_certificate_that_it_is_tried_with() {
    let folder = tempfile::tempdir().unwrap();
    let clock = SetClock::new();
    let router = gateways(folder.path(), &clock);
    use_platform_certificates_alone(folder.path());
    let gateways = Gateways::new(router.clone());
    let http = Arc::<Gateways>::clone(&gateways);
    let accounts = accounts(folder.path());
    let site = TestSite::start_beside(Policy::HOLD, accounts, Arc::clone(&clock), http).await;
    site.place("W-1").await;
    gateways.let_answers(|_uri, mut answer| {
        *answer.status_mut() = StatusCode::BAD_GATEWAY;
        answer
    });
    for _ in 0..5 {
        let status = starts_by_wechat_pay(&site, "pay_w1").await;
        assert_eq!(status, StatusCode::GATEWAY_TIMEOUT);
    }
    let status = starts_by_wechat_pay(&site, "pay_w1").await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE, "the line is cut");

    gateways.let_answers(|_uri, answer| answer);
    renew(&router).await;
    clock.set(now().plus_secs(3));
    assert_eq!(starts_by_wechat_pay(&site, "pay_w1").await, StatusCode::OK);
}

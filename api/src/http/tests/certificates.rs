//! Certificates that are fetched from the simulated gateways.

use http::StatusCode;
use payfold_domain::AccountName;

use super::bills::{AtWork, gateways};
use super::site::{SetClock, now};

#[tokio::test(start_paused = true)]
async fn an_alipay_that_is_down_says_nothing_of_its_certificate() {
    let folder = tempfile::tempdir().unwrap();
    drop(gateways(folder.path(), &SetClock::new()));
    let file = folder.path().join("payfold.toml");
    let by_key = std::fs::read_to_string(&file).unwrap();
    let by_certificate = by_key
        .replace("alipay_public_key_file", "# alipay_public_key_file")
        .replace("# app_cert_file", "app_cert_file")
        .replace("# alipay_cert_file", "alipay_cert_file")
        .replace("# alipay_root_cert_file", "alipay_root_cert_file");
    std::fs::write(&file, by_certificate).unwrap();
    let at_work = AtWork::beside(folder.path()).await;
    let app = &at_work.site.app;
    let account = app.accounts.get(&AccountName::new("ali").unwrap()).unwrap();

    at_work.gateways.let_answers(|_uri, mut answer| {
        *answer.status_mut() = StatusCode::BAD_GATEWAY;
        answer
    });
    at_work.site.clock.set(now().plus_secs(61));
    assert!(app.refresh_certificates(&account).await.is_err());
    at_work.gateways.let_answers(|_uri, answer| answer);
    at_work.site.clock.set(now().plus_secs(122));
    assert!(app.refresh_certificates(&account).await.is_ok());
}

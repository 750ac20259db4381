//! How long one notify takes on one core, and one payment that a browser opens: the signature, and all
//! the rest.
#![expect(clippy::unwrap_used, reason = "a benchmark fails by panicking")]

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use payfold_alipay::{AccountConfig, AlipayAccount, PayRequest};
use payfold_domain::{AccountName, Money, OutTradeNo, Timestamp};
use serde_json::Value;
use zeroize::Zeroizing;

criterion_group!(benches, verify_notify, sign_page);
criterion_main!(benches);

fn verify_notify(criterion: &mut Criterion) {
    let account = account();
    let vectors = vectors("notify");
    let body = vectors.pointer("/vectors/0/body").unwrap();
    let body = body.as_str().unwrap().as_bytes();
    let now = Timestamp::from_secs(1_800_000_000);
    criterion.bench_function("verify and read a notify", |bencher| {
        bencher.iter(|| account.verify_notify(black_box(body), now).unwrap());
    });
    criterion.bench_function("read a notify", |bencher| {
        bencher.iter(|| account.reread(black_box(body), now).unwrap());
    });
}

fn sign_page(criterion: &mut Criterion) {
    let account = account();
    let request = PayRequest {
        out_trade_no: OutTradeNo::new("vec_0001").unwrap(),
        amount: Money::cny(8890),
        subject: "测试商品 A+B".to_owned(),
        time_expire: Timestamp::from_secs(1_800_007_200),
        notify_url: "https://pay.example.com/notify/ali".to_owned(),
        return_url: Some("https://pay.example.com/return/ali".to_owned()),
        quit_url: None,
        now: Timestamp::from_secs(1_800_000_000),
    };
    criterion.bench_function("sign the URL of a page", |bencher| {
        bencher.iter(|| account.page_pay(black_box(&request)).unwrap());
    });
}

fn account() -> AlipayAccount {
    let keys = vectors("keys");
    let key = keys.pointer("/alipay/public_spki_pem").unwrap();
    let app_key = keys.pointer("/app/pkcs8_pem").unwrap().as_str().unwrap();
    let config = AccountConfig {
        name: AccountName::new("ali").unwrap(),
        app_id: "9021000122682882".to_owned(),
        seller_id: "2088721003899159".to_owned(),
        gateway_url: "https://openapi.alipay.com/gateway.do".to_owned(),
        app_private_key: Some(Zeroizing::new(app_key.to_owned())),
        alipay_public_key: Some(key.as_str().unwrap().to_owned()),
        app_cert: None,
        alipay_cert: None,
        alipay_root_cert: None,
    };
    AlipayAccount::new(&config, Timestamp::from_secs(1_800_000_000))
        .map_err(|faults| format!("{faults:?}"))
        .unwrap()
}

fn vectors(name: &str) -> Value {
    let path = format!("{}/tests/vectors/{name}.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

//! How long one notify takes on one core: the signature, and all the rest.
#![expect(clippy::unwrap_used, reason = "a benchmark fails by panicking")]

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use payfold_alipay::{AccountConfig, AlipayAccount};
use payfold_domain::{AccountName, Timestamp};
use serde_json::Value;

criterion_group!(benches, verify_notify);
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

fn account() -> AlipayAccount {
    let keys = vectors("keys");
    let key = keys.pointer("/alipay/public_spki_pem").unwrap();
    let config = AccountConfig {
        name: AccountName::new("ali").unwrap(),
        app_id: "9021000122682882".to_owned(),
        seller_id: "2088721003899159".to_owned(),
        gateway_url: "https://openapi.alipay.com/gateway.do".to_owned(),
        app_private_key: None,
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

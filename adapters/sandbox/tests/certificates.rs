//! The modes in which certificates stand for keys: Alipay's certificate mode, and WeChat Pay's platform
//! certificate on its way to the next one and to the public key.

use axum::body::Body;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{Method, Request, StatusCode};
use md5::{Digest as _, Md5};
use serde_json::{Value, json};

use crate::alipay::signed_with;
use crate::wechatpay::{Merchant, answer_holds, fields, hex, notify_holds, opened, order, pay};
use crate::world::{World, account, file, holds};

const ISSUER: &str = "CN=payfold sandbox Certification Authority Class 2 R1,OU=Certification Authority,O=payfold sandbox,C=CN";
const ROOT: &str = "CN=payfold sandbox Certification Authority R1,OU=Certification Authority,O=payfold sandbox,C=CN";

fn sns() -> (String, String, String) {
    let account: Value = serde_json::from_str(&file("alipay/account.json")).unwrap();
    let mode = &account["certificate_mode"];
    let sn = |name: &str| mode[name].as_str().unwrap().to_owned();
    (
        sn("app_cert_sn"),
        sn("alipay_cert_sn"),
        sn("alipay_root_cert_sn"),
    )
}

async fn queried(world: &World, extra: &[(&'static str, String)]) -> Value {
    let content = json!({ "out_trade_no": "order_1" }).to_string();
    let request = signed_with("alipay.trade.query", "utf-8", content.as_bytes(), extra);
    let said = world.form("/gateway.do", &request).await;
    said.json()
}

#[test]
fn an_sn_is_the_md5_of_the_issuer_and_the_serial_number() {
    let (app, alipay, root) = sns();
    for (name, issuer, sn) in [
        ("app_cert", ISSUER, app),
        ("alipay_cert", ISSUER, alipay),
        ("alipay_root_cert", ROOT, root),
    ] {
        let pem = file(&format!("alipay/{name}.pem"));
        let (_, pem) = x509_parser::pem::parse_x509_pem(pem.as_bytes()).unwrap();
        let certificate = pem.parse_x509().unwrap();
        let text = format!("{issuer}{}", certificate.serial);
        assert_eq!(sn, hex(&Md5::digest(text)), "{name}");
    }
}

#[test]
fn alipays_certificates_lead_over_their_issuer_to_the_root() {
    for chain in ["alipay/alipay_cert.pem", "alipay/alipay_next_cert.pem"] {
        leads_to_the_root(chain);
    }
}

fn leads_to_the_root(chain: &str) {
    let (chain, root) = (file(chain), file("alipay/alipay_root_cert.pem"));
    let pems: Vec<_> = x509_parser::pem::Pem::iter_from_buffer(chain.as_bytes())
        .chain(x509_parser::pem::Pem::iter_from_buffer(root.as_bytes()))
        .map(Result::unwrap)
        .collect();
    let certificates: Vec<_> = pems.iter().map(|pem| pem.parse_x509().unwrap()).collect();
    assert_eq!(certificates.len(), 3);
    for pair in certificates.windows(2) {
        assert_eq!(pair[0].issuer(), pair[1].subject());
        assert!(pair[1].is_ca());
    }
    assert!(!certificates[0].is_ca());
}

#[tokio::test]
async fn in_certificate_mode_an_answer_names_the_certificate_that_signs_it() {
    let world = World::new();
    let (app, alipay, root) = sns();
    let named = [
        ("app_cert_sn", app.clone()),
        ("alipay_root_cert_sn", root.clone()),
    ];
    let answer = queried(&world, &named).await;
    assert_eq!(answer["alipay_cert_sn"], json!(alipay));
    let node = answer["alipay_trade_query_response"].to_string();
    let sign = answer["sign"].as_str().unwrap();
    assert!(
        holds("alipay/alipay_cert.pem", node.as_bytes(), sign),
        "{answer}"
    );
    for (extra, sub_code) in [
        (
            vec![("app_cert_sn", app.clone())],
            "isv.missing-alipay-root-cert-sn",
        ),
        (
            vec![("alipay_root_cert_sn", root.clone())],
            "isv.missing-app-cert-sn",
        ),
        (
            vec![("app_cert_sn", root), ("alipay_root_cert_sn", app)],
            "isv.invalid-app-cert-sn",
        ),
    ] {
        let answer = queried(&world, &extra).await;
        assert_eq!(answer["alipay_trade_query_response"]["sub_code"], sub_code);
    }
    assert_eq!(queried(&world, &[]).await.get("alipay_cert_sn"), None);
}

#[tokio::test]
async fn alipays_next_certificate_can_be_had_once_it_signs() {
    let world = World::new();
    let (app, first, root) = sns();
    let named = [("app_cert_sn", app), ("alipay_root_cert_sn", root)];
    let downloaded = async |sn: &str| {
        let content = json!({ "alipay_cert_sn": sn }).to_string();
        let method = "alipay.open.app.alipaycert.download";
        let request = signed_with(method, "utf-8", content.as_bytes(), &named);
        let said = world.form("/gateway.do", &request).await.json();
        said["alipay_open_app_alipaycert_download_response"].clone()
    };
    let pem = file("alipay/alipay_next_cert.pem");
    let (_, parsed) = x509_parser::pem::parse_x509_pem(pem.as_bytes()).unwrap();
    let serial = parsed.parse_x509().unwrap().serial.clone();
    let next = hex(&Md5::digest(format!("{ISSUER}{serial}")));
    assert_eq!(downloaded(&next).await["sub_code"], "CERT_NOT_EXIST");
    assert_eq!(downloaded(&first).await["code"], "10000");

    put(&world, "alipay", json!({ "certificate": "renewed" })).await;
    let content = downloaded(&next).await;
    let content = STANDARD.decode(content["alipay_cert_content"].as_str().unwrap());
    assert_eq!(content.unwrap(), pem.as_bytes());
    let answer = queried(&world, &named).await;
    assert_eq!(answer["alipay_cert_sn"], json!(next));
    let node = answer["alipay_trade_query_response"].to_string();
    let sign = answer["sign"].as_str().unwrap();
    assert!(holds("alipay/alipay_next_cert.pem", node.as_bytes(), sign));
    // Who asks by plain keys hears nothing of it.
    let by_key = queried(&world, &[]).await;
    let node = by_key["alipay_trade_query_response"].to_string();
    let sign = by_key["sign"].as_str().unwrap();
    assert!(holds("alipay/alipay_cert.pem", node.as_bytes(), sign));
}

async fn platform(world: &World, wanted: Value) {
    put(world, "wechatpay", wanted).await;
}

/// How a gateway signs from now on.
async fn put(world: &World, gateway: &str, wanted: Value) {
    let request = Request::builder()
        .method(Method::PUT)
        .uri(format!("/_sandbox/{gateway}"))
        .body(Body::from(wanted.to_string()))
        .unwrap();
    assert_eq!(world.ask(request).await.status, StatusCode::OK);
}

fn by_certificate(world: &World) -> Merchant<'_> {
    Merchant {
        public_key: None,
        ..Merchant::new(world)
    }
}

#[tokio::test]
async fn the_next_platform_certificate_is_announced_and_then_signs() {
    let world = World::new();
    let merchant = by_certificate(&world);
    for (stage, signs) in [
        ("announced", "wechatpay/platform_cert.pem"),
        ("renewed", "wechatpay/platform_next_cert.pem"),
    ] {
        platform(&world, json!({ "certificate": stage })).await;
        let said = merchant.get("/v3/certificates").await;
        assert!(answer_holds(&said, signs), "{stage}");
        let listed = said.json();
        assert_eq!(listed["data"].as_array().unwrap().len(), 2);
        let next = opened(&listed["data"][0]["encrypt_certificate"]);
        assert_eq!(next, file("wechatpay/platform_next_cert.pem").into_bytes());
    }
}

/// SDKs take the one that is valid from last, or until last, for the newest.
#[test]
fn the_next_platform_certificate_is_valid_later() {
    let valid = ["platform_cert", "platform_next_cert"].map(|name| {
        let pem = file(&format!("wechatpay/{name}.pem"));
        let (_, pem) = x509_parser::pem::parse_x509_pem(pem.as_bytes()).unwrap();
        let validity = pem.parse_x509().unwrap().validity().clone();
        (
            validity.not_before.timestamp(),
            validity.not_after.timestamp(),
        )
    });
    assert!(valid[0].0 < valid[1].0 && valid[0].1 < valid[1].1);
}

#[tokio::test]
async fn a_serial_without_a_value_asks_for_no_key() {
    let world = World::new();
    let merchant = Merchant {
        public_key: Some(String::new()),
        ..Merchant::new(&world)
    };
    let said = merchant.get("/v3/certificates").await;
    assert!(answer_holds(&said, "wechatpay/platform_cert.pem"));
}

#[tokio::test]
async fn a_merchant_with_a_public_key_alone_has_no_certificates_to_fetch() {
    let world = World::new();
    platform(&world, json!({ "signs_with": "public-key" })).await;
    let said = by_certificate(&world).get("/v3/certificates").await;
    assert_eq!(said.status, StatusCode::NOT_FOUND);
    assert_eq!(said.json()["code"], "RESOURCE_NOT_EXISTS");
    assert!(answer_holds(&said, "wechatpay/pub_key.pem"));
}

#[tokio::test]
async fn during_the_change_over_sendings_of_one_notify_are_signed_by_either_key() {
    let world = World::new();
    platform(&world, json!({ "signs_with": "change-over" })).await;
    Merchant::new(&world)
        .post("/v3/pay/transactions/native", &order("order_1", 5))
        .await;
    pay(&world, "order_1", "v3").await;
    world.shop.will_answer(&[(500, ""); 15]);
    for _ in 0..16 {
        world.sandbox.deliver_due().await;
        world
            .post("/_sandbox/clock", json!({ "advance_s": 21_600 }))
            .await;
    }
    let received = world.shop.received();
    let by = |key| {
        received
            .iter()
            .filter(|call| notify_holds(call, key))
            .count()
    };
    let (public, certificate) = (
        by("wechatpay/pub_key.pem"),
        by("wechatpay/platform_cert.pem"),
    );
    assert_eq!(public + certificate, 16);
    assert!(public > 0 && certificate > 0, "{public} {certificate}");
}

#[tokio::test]
async fn an_answer_may_be_a_probe_and_the_next_one_is_not() {
    let world = World::new();
    world
        .post("/_sandbox/faults", json!({ "fault": "probe" }))
        .await;
    let merchant = Merchant::new(&world);
    let path = "/v3/pay/transactions/native";
    let probe = merchant.post(path, &order("order_1", 5)).await;
    assert_eq!(probe.status, StatusCode::OK);
    assert!(
        probe
            .header("wechatpay-signature")
            .starts_with("WECHATPAY/SIGNTEST/")
    );
    let right = merchant.post(path, &order("order_1", 5)).await;
    assert!(answer_holds(&right, "wechatpay/pub_key.pem"));
}

/// A v2 query, signed by MD5.
async fn v2_queried(world: &World, number: &str, key: &str) -> Vec<(String, String)> {
    let mut pairs = vec![
        ("appid", account("wechatpay", "app_id")),
        ("mch_id", account("wechatpay", "mch_id")),
        ("nonce_str", "NONCE".to_owned()),
        ("out_trade_no", number.to_owned()),
    ];
    let text: String = pairs
        .iter()
        .map(|(name, value)| format!("{name}={value}&"))
        .collect();
    let sign = hex(&Md5::digest(format!("{text}key={key}"))).to_uppercase();
    pairs.push(("sign", sign));
    let body: String = pairs
        .iter()
        .map(|(name, value)| format!("<{name}><![CDATA[{value}]]></{name}>"))
        .collect();
    let request = Request::post("/pay/orderquery").body(Body::from(format!("<xml>{body}</xml>")));
    let said = world.ask(request.unwrap()).await;
    fields(&said.text())
}

#[tokio::test]
async fn v2_tells_of_an_order_that_was_made_by_v3() {
    let world = World::new();
    let key = account("wechatpay", "api_v2_key");
    let mut ordered = order("order_1", 5);
    ordered["attach"] = json!("shelf 7");
    Merchant::new(&world)
        .post("/v3/pay/transactions/native", &ordered)
        .await;
    let value = |fields: &[(String, String)], name: &str| {
        let found = fields.iter().find(|(other, _)| other == name);
        found.map_or_else(String::new, |(_, value)| value.clone())
    };
    let waits = v2_queried(&world, "order_1", &key).await;
    assert_eq!(value(&waits, "trade_state"), "NOTPAY");
    assert_eq!(value(&waits, "attach"), "shelf 7");
    pay(&world, "order_1", "v2").await;
    let paid = v2_queried(&world, "order_1", &key).await;
    assert_eq!(value(&paid, "trade_state"), "SUCCESS");
    assert_eq!(value(&paid, "total_fee"), "5");
    assert_eq!(value(&paid, "sign").len(), 32);
    let unknown = v2_queried(&world, "order_9", &key).await;
    assert_eq!(value(&unknown, "err_code"), "ORDERNOTEXIST");
    let request = Request::post("/pay/orderquery").body(Body::from("<xml><a>"));
    let broken = world.ask(request.unwrap()).await.text();
    assert!(broken.contains("XML格式错误"), "{broken}");
    let forged = v2_queried(&world, "order_1", "another key").await;
    assert!(forged.is_empty(), "an unsigned answer is one line");
}

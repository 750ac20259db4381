//! The keys that verify a gateway's messages: exchanged while the service runs, and taken out of
//! certificates.

use std::fs;

use serde_json::{Value, json};

use crate::gateway::{Alipay, Message, Paid};
use crate::root::root;
use crate::shop::{Setup, Shop};

/// Keys and certificates that the Alipay adapter is tested with.
fn vectors(name: &str) -> Value {
    let path = root().join(format!("adapters/alipay/tests/vectors/{name}.json"));
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

fn text<'a>(vectors: &'a Value, pointer: &str) -> &'a str {
    vectors.pointer(pointer).unwrap().as_str().unwrap()
}

/// The same merchant's Alipay, signing with the key of the vectors.
fn with_the_other_key(shop: &Shop) -> Alipay {
    let keys = vectors("keys");
    shop.alipay()
        .signing_with(text(&keys, "/alipay/pkcs8_base64"))
}

/// A payment's notify; each payment has a transaction of its own.
fn paid(alipay: &Alipay, transaction_id: &str) -> Message {
    alipay.paid(&Paid {
        out_trade_no: transaction_id,
        transaction_id,
        minor: 8800,
    })
}

/// Has keys read again, until a message is answered so.
async fn reads_again_until(shop: &Shop, message: &Message, answer: &str) {
    shop.hang_up();
    for _ in 0..200 {
        if shop.notify("ali", message).await.text == answer {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    panic!("never answered {answer}: {}", shop.log());
}

#[tokio::test]
async fn a_new_alipay_key_is_taken_while_the_service_runs_and_the_old_one_no_more() {
    let shop = Shop::open().await;
    let (old, new) = (shop.alipay(), with_the_other_key(&shop));
    assert_eq!(
        shop.notify("ali", &paid(&old, "2026010522701")).await.text,
        "success"
    );
    assert_eq!(
        shop.notify("ali", &paid(&new, "2026010522702")).await.text,
        "fail"
    );
    let file = shop.folder().join("alipay/alipay_public_key.pem");
    let keys = vectors("keys");
    fs::write(&file, text(&keys, "/alipay/public_spki_base64")).unwrap();
    reads_again_until(&shop, &paid(&new, "2026010522703"), "success").await;
    assert_eq!(
        shop.notify("ali", &paid(&old, "2026010522704")).await.text,
        "fail"
    );
    shop.run(&["audit", "--evidence"]).with(0);
}

#[tokio::test]
async fn a_broken_key_file_leaves_the_keys_as_they_are() {
    let shop = Shop::open().await;
    let file = shop.folder().join("alipay/alipay_public_key.pem");
    fs::write(&file, "this is no key").unwrap();
    shop.hang_up();
    for _ in 0..200 {
        if shop.log().contains("keys stay as they are") {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    let log = shop.log();
    assert!(log.contains("keys stay as they are"), "{log}");
    assert!(log.contains("accounts.ali.alipay_public_key_file"), "{log}");
    let answer = shop
        .notify("ali", &paid(&shop.alipay(), "2026010522705"))
        .await;
    assert_eq!(answer.text, "success");
}

#[tokio::test]
async fn in_certificate_mode_the_key_of_alipays_certificate_verifies() {
    let files = "app_cert_file = \"app_cert.pem\"\n\
                 alipay_cert_file = \"alipay_cert.pem\"\n\
                 alipay_root_cert_file = \"alipay_root_cert.pem\"";
    let keys = vectors("keys");
    let certificates = vectors("certs");
    let shop = Setup::new()
        .replacing(
            "alipay_public_key_file = \"alipay/alipay_public_key.pem\"",
            files,
        )
        .replacing("alipay/app_private_key.pem", "app_key.pem")
        .with_file("app_key.pem", text(&keys, "/app/pkcs8_pem"))
        .with_file("app_cert.pem", text(&certificates, "/app_cert"))
        .with_file("alipay_cert.pem", text(&certificates, "/alipay_cert_chain"))
        .with_file("alipay_root_cert.pem", text(&certificates, "/root_certs"))
        .open()
        .await;
    shop.run(&["check"]).with(0);
    shop.place("C-1", 8800).await;
    shop.start("C-1", "ali", "2026010522706", "external").await;
    let other = paid(&shop.alipay(), "2026010522706");
    assert_eq!(shop.notify("ali", &other).await.text, "fail");
    let message = paid(&with_the_other_key(&shop), "2026010522706");
    assert_eq!(shop.notify("ali", &message).await.text, "success");
    assert_eq!(shop.order("C-1").await["status"], "paid");

    // What it starts names both certificates, by which Alipay finds the keys.
    shop.place("C-2", 8800).await;
    let started = shop.start("C-2", "ali", "pay_c2", "alipay.page").await;
    let url = started["action"]["url"].as_str().unwrap();
    for number in ["/app_cert_sn", "/alipay_root_cert_sn"] {
        assert!(url.contains(text(&certificates, number)), "{url}");
    }
    shop.run(&["audit", "--evidence"]).with(0);
}

#[tokio::test]
async fn a_certificate_that_alipay_renews_is_fetched_with_the_first_answer_that_names_it() {
    let files = "app_cert_file = \"alipay/app_cert.pem\"\n\
                 alipay_cert_file = \"alipay/alipay_cert.pem\"\n\
                 alipay_root_cert_file = \"alipay/alipay_root_cert.pem\"";
    let key = "alipay_public_key_file = \"alipay/alipay_public_key.pem\"";
    let setup = Setup::new().replacing(key, files).beside_the_sandbox();
    let mut shop = setup.open().await;
    let renewed = Alipay::renewed(&shop.folder());
    shop.alipay_renews_its_certificate().await;
    // A notify names no certificate; the answer to whatever is asked does.
    shop.place("C-5", 8800).await;
    shop.start("C-5", "ali", "pay_c5_by_code", "alipay.qr")
        .await;
    let message = paid(&renewed, "2026010522707");
    assert_eq!(shop.notify("ali", &message).await.text, "success");

    // What the simulated gateway says to an account in certificate mode, it signs so too.
    let pay = json!({ "gateway": "alipay", "out_trade_no": "pay_c5_by_code" });
    shop.buyer_pays_with(&pay).await;
    let before = shop.order_with("C-5", "paid").await["version"].as_u64();
    shop.sends_again("alipay", "pay_c5_by_code").await;
    let is_told_again = |order: &Value| order["version"].as_u64() > before;
    shop.order_once("C-5", is_told_again).await;
    let story = shop.story("C-5").await;
    assert!(story.contains(&"DuplicateNotifyIgnored".to_owned()));
    assert_eq!(shop.stop().code, Some(0));
    shop.run(&["audit", "--evidence"]).with(0);
}

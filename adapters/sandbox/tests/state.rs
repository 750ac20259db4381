//! What survives a restart in a file, and what a damaged one does.

use std::path::Path;

use futures_util::FutureExt as _;
use payfold_sandbox::{StateError, StateFile};
use serde_json::{Value, json};

use crate::wechatpay::{Merchant, order};
use crate::world::{NO_ANSWER, World};

async fn paid(world: &World, out_trade_no: &str) {
    let pay = json!({ "gateway": "wechatpay", "out_trade_no": out_trade_no, "minor": 500 });
    assert_eq!(world.post("/_sandbox/pay", pay).await.status, 200);
}

async fn books(world: &World) -> Value {
    world.get("/_sandbox/trades").await.json()
}

fn saved(path: &Path, world: &World) {
    StateFile::open(path, &world.sandbox).unwrap();
}

#[tokio::test]
async fn trades_letters_faults_and_the_clock_survive_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("state.json");
    let before = World::new();
    let file = StateFile::open(&path, &before.sandbox).unwrap();
    let merchant = Merchant::new(&before);
    let said = merchant
        .post("/v3/pay/transactions/native", &order("waiting_1", 100))
        .await;
    let code_url = said.json()["code_url"].as_str().unwrap().to_owned();
    let (_, code) = code_url.split_once("pr=").unwrap();
    paid(&before, "refused_1").await;
    before.shop.will_answer(&[(500, "")]);
    before.sandbox.deliver_due().await;
    let refund = json!({ "gateway": "wechatpay", "out_trade_no": "refused_1", "minor": 100 });
    before.post("/_sandbox/refund", refund).await;
    before.sandbox.deliver_due().await;
    let fault = json!({ "fault": "tamper", "out_trade_no": "someone", "times": 3 });
    before.post("/_sandbox/faults", fault).await;
    before
        .post("/_sandbox/clock", json!({ "advance_s": 5 }))
        .await;
    file.save(&before.sandbox).unwrap();
    drop(file);

    let after = World::new();
    let _file = StateFile::open(&path, &after.sandbox).unwrap();
    assert_eq!(books(&after).await, books(&before).await);
    assert_eq!(
        after.get("/_sandbox/faults").await.json(),
        before.get("/_sandbox/faults").await.json()
    );
    let phone = format!("/wechatpay/qr?pr={code}");
    assert!(after.get(&phone).await.text().contains("waiting_1"));
    assert_eq!(after.sandbox.next_due(), before.sandbox.next_due());
    assert_eq!(after.sandbox.deliver_due().await, 0);
    after.pass(10);
    assert_eq!(after.sandbox.deliver_due().await, 1);
    assert_eq!(
        after.shop.received()[0].body,
        before.shop.received()[0].body
    );
}

#[tokio::test]
async fn a_notify_whose_answer_did_not_come_is_sent_again_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("state.json");
    let before = World::new();
    paid(&before, "order_1").await;
    before.shop.will_answer(&[(NO_ANSWER, "")]);
    assert!(before.sandbox.deliver_due().now_or_never().is_none());
    assert_eq!(before.shop.received().len(), 1);
    saved(&path, &before);

    let after = World::new();
    saved(&path, &after);
    assert_eq!(after.sandbox.deliver_due().await, 1);
    assert_eq!(after.only_trade().await["notifies"], 1);
}

#[tokio::test]
async fn a_change_is_told_and_what_stands_in_the_file_already_is_not_written_again() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("state.json");
    let world = World::new();
    let file = StateFile::open(&path, &world.sandbox).unwrap();
    while world.sandbox.altered().now_or_never().is_some() {}
    paid(&world, "order_1").await;
    world.sandbox.altered().await;
    file.save(&world.sandbox).unwrap();
    std::fs::remove_file(&path).unwrap();
    file.save(&world.sandbox).unwrap();
    assert!(!path.exists());
    paid(&world, "order_2").await;
    file.save(&world.sandbox).unwrap();
    assert!(path.exists());
}

#[tokio::test]
async fn a_file_that_is_damaged_or_of_another_sandbox_is_an_error_and_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("state.json");
    let before = World::new();
    paid(&before, "order_1").await;
    saved(&path, &before);
    let whole = std::fs::read_to_string(&path).unwrap();
    let app_id = crate::world::account("alipay", "app_id");
    for (damaged, why) in [
        (whole[..whole.len() / 2].to_owned(), "EOF"),
        (String::new(), "EOF"),
        ("{}".to_owned(), "format"),
        (whole.replace("\"format\":1", "\"format\":2"), "format is 2"),
        (whole.replace(&app_id, "2021000000000009"), "app_id"),
        (whole.replace("\"Paid\"", "\"Payed\""), "Payed"),
    ] {
        std::fs::write(&path, &damaged).unwrap();
        let world = World::new();
        let Err(error) = StateFile::open(&path, &world.sandbox) else {
            panic!("taken for good: {damaged}");
        };
        let told = error.to_string();
        assert!(told.contains("state.json") && told.contains(why), "{told}");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), damaged);
        assert_eq!(books(&world).await["items"], json!([]));
    }
}

#[tokio::test]
async fn one_sandbox_at_a_time_has_the_file() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("state.json");
    let (one, other) = (World::new(), World::new());
    let file = StateFile::open(&path, &one.sandbox).unwrap();
    let second = StateFile::open(&path, &other.sandbox);
    assert!(matches!(second, Err(StateError::InUse { .. })));
    drop(file);
    StateFile::open(&path, &other.sandbox).unwrap();
}

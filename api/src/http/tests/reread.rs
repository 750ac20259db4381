//! Messages that an older payfold did not understand and stored all the same, read again by this one.

use http::HeaderMap;
use payfold_domain::event::{AccountEvent, Event, UnknownMessageReceived};
use payfold_domain::policy::Policy;
use payfold_store::{Channel, Decision, EvidenceMessage, Head, Outcome, StreamName, prepare};
use serde_json::{Value, json};
use uuid::Uuid;

use super::alipay;
use super::site::{SHOP, TestSite, now};
use crate::app::Progress;
use crate::control::Mode;

/// A site where an order's payment was paid, and payfold did not understand the gateway's words.
async fn not_understood() -> TestSite {
    let site = TestSite::start_with(Policy::HOLD, vec![alipay::account()]).await;
    site.place("R-1").await;
    let path = "/v1/orders/R-1/payments/ali/pay_r1";
    let external = json!({ "method": "external" });
    assert_eq!(site.ask(SHOP, "PUT", path, external).await.status, 201);
    let unknown = Event::Account(AccountEvent::UnknownMessageReceived(
        UnknownMessageReceived {
            account: alipay::name(),
            kind: "TRADE_SUCCESS".to_owned(),
        },
    ));
    let message = EvidenceMessage {
        channel: Channel::AlipayNotify,
        account: alipay::name(),
        received_at: now(),
        headers: Vec::new(),
        body: alipay::paid("pay_r1").into(),
    };
    let decision = Decision {
        stream: &StreamName::Account(alipay::name()),
        head: Head::default(),
        receipt: Uuid::from_u128(1),
        time: now(),
        events: &[unknown],
        evidence: Some((&message, alipay::evidence_key())),
        taken_up: None,
    };
    let append = prepare(decision, &mut || [7; 32]).unwrap();
    let stored = site.app.store.append(append).await.unwrap();
    assert!(matches!(stored, Outcome::Appended { .. }));
    site
}

impl TestSite {
    /// Reads everything after the order's first event again.
    async fn reread(&self, mode: Mode) -> String {
        let events = self.events("R-1").await;
        let cursor = events[0]["cursor"].as_str().unwrap();
        let (progress, _lines) = Progress::channel();
        self.app.reread(cursor, mode, &progress).await.unwrap()
    }

    async fn events(&self, order_no: &str) -> Vec<Value> {
        let path = format!("/v1/orders/{order_no}/events");
        let page = self.ask(SHOP, "GET", &path, Value::Null).await.json;
        page["items"].as_array().unwrap().clone()
    }

    async fn order(&self, order_no: &str) -> Value {
        let path = format!("/v1/orders/{order_no}");
        self.ask(SHOP, "GET", &path, Value::Null).await.json
    }
}

#[tokio::test]
async fn a_dry_run_says_what_would_be_applied_and_changes_nothing() {
    let site = not_understood().await;
    let before = site.events("R-1").await;
    let told = site.reread(Mode::DryRun).await;
    assert_eq!(told, "1 messages read, 1 would be applied");
    assert_eq!(site.events("R-1").await, before);
    assert_eq!(site.order("R-1").await["status"], "open");
}

#[tokio::test]
async fn what_an_older_payfold_did_not_understand_is_applied_and_pays_once() {
    let site = not_understood().await;
    assert_eq!(site.reread(Mode::Apply).await, "1 messages read, 1 applied");
    let order = site.order("R-1").await;
    assert_eq!(
        (&order["status"], &order["paid"]),
        (&json!("paid"), &json!(8800))
    );
    let events = site.events("R-1").await;
    let confirmed = |event: &&Value| event["type"] == "payfold.PaymentConfirmed";
    assert!(events.iter().find(confirmed).unwrap()["evidencehash"].is_string());
}

#[tokio::test]
async fn a_second_reread_of_the_same_messages_changes_nothing() {
    let site = not_understood().await;
    site.reread(Mode::Apply).await;
    let events = site.events("R-1").await;
    for mode in [Mode::DryRun, Mode::Apply, Mode::Apply] {
        let told = site.reread(mode).await;
        assert!(told.starts_with("2 messages read, 0 "), "{told}");
        assert_eq!(site.events("R-1").await, events);
    }
}

#[tokio::test]
async fn what_was_told_again_and_understood_is_a_duplicate_once_however_often_it_is_reread() {
    let site = not_understood().await;
    // Told again a minute later, and understood by then.
    site.clock.set(now().plus_secs(60));
    let account = site.app.accounts.get(&alipay::name()).unwrap();
    let paid = alipay::paid("pay_r1").into();
    let answer = site.app.notify(&account, &HeaderMap::new(), paid).await;
    assert_eq!(answer.body, "success");
    for _ in 0..3 {
        site.reread(Mode::Apply).await;
    }
    let events = site.events("R-1").await;
    let ignored = |event: &&Value| event["type"] == "payfold.DuplicateNotifyIgnored";
    assert_eq!(events.iter().filter(ignored).count(), 1, "{events:?}");
}

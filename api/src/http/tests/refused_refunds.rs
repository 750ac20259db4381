//! Refunds that a gateway refuses: how far its word goes, and what a person is told.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{Response, StatusCode, Uri};
use payfold_sqlite::SqliteStore;
use rsa::PrivateKey;
use rsa::pkcs1v15::SigningKey;
use rsa::pkcs8::DecodePrivateKey as _;
use rsa::sha2::Sha256;
use rsa::signature::{SignatureEncoding as _, Signer as _};
use serde_json::{Value, json};
use uuid::Uuid;

use super::bills::{AtWork, Gateways, gateways};
use super::site::{SHOP, SetClock, now};
use super::watch::name_a_foreign_serial;

/// The jobs have looked at what is due now.
async fn looked() {
    tokio::time::sleep(Duration::from_secs(5)).await;
}

impl AtWork {
    /// An order of 88.00 that was paid, as asking has found.
    async fn paid(&self, order_no: &str, (account, gateway): (&str, &str)) {
        self.site.place(order_no).await;
        let path = format!("/v1/orders/{order_no}/payments/{account}/pay_{order_no}");
        let external = json!({ "method": "external" });
        let started = self.site.ask(SHOP, "PUT", &path, external).await;
        assert_eq!(started.status, StatusCode::CREATED, "{}", started.json);
        let number = format!("pay_{order_no}");
        self.told("pay", gateway, &number, 8800).await;
        self.site.clock.set(now().plus_secs(31));
        looked().await;
        let path = format!("/v1/orders/{order_no}");
        let order = self.site.ask(SHOP, "GET", &path, Value::Null).await.json;
        assert_eq!(order["status"], "paid", "{order:#}");
    }

    async fn refund(&self, order_no: &str, account: &str) {
        let payment = format!("/v1/orders/{order_no}/payments/{account}/pay_{order_no}");
        let path = format!("{payment}/refunds/r1");
        let asked = self
            .site
            .ask(SHOP, "PUT", &path, json!({ "minor": 1000 }))
            .await;
        assert_eq!(asked.status, StatusCode::CREATED, "{}", asked.json);
        looked().await;
    }

    /// How the refund stands, and the kinds of the order's exceptions.
    async fn stands(&self, order_no: &str) -> Value {
        let path = format!("/v1/orders/{order_no}");
        let order = self.site.ask(SHOP, "GET", &path, Value::Null).await.json;
        let exceptions = order["exceptions"].as_array().unwrap();
        let kinds: Vec<_> = exceptions.iter().map(|told| &told["kind"]).collect();
        json!([order["payments"][0]["refunds"][0]["status"], kinds])
    }

    fn refunds_sent(&self) -> usize {
        let asked = self.gateways.asked.lock().unwrap();
        let sent = asked.iter().filter(|uri| {
            let alipays = uri
                .query()
                .unwrap_or("")
                .contains("method=alipay.trade.refund&");
            alipays || uri.path() == "/v3/refund/domestic/refunds"
        });
        sent.count()
    }
}

/// What Alipay answers to refunds and to questions of them: `(code, sub_code)` each, under its signature.
fn alipay_answers(
    folder: &Path,
    to_refund: (&'static str, &'static str),
    to_query: (&'static str, &'static str),
) -> impl Fn(&Uri, Response<Bytes>) -> Response<Bytes> + Send + Sync + 'static {
    let key = folder.join("alipay/gateway_private_key.pem");
    let key = PrivateKey::from_pkcs8_pem(&std::fs::read_to_string(key).unwrap()).unwrap();
    let key = SigningKey::<Sha256>::new(key);
    move |uri, answer| {
        let query = uri.query().unwrap_or("");
        let (name, (code, sub_code)) = if query.contains("method=alipay.trade.refund&") {
            ("alipay_trade_refund_response", to_refund)
        } else if query.contains("method=alipay.trade.fastpay.refund.query&") {
            ("alipay_trade_fastpay_refund_query_response", to_query)
        } else {
            return answer;
        };
        let node = json!({ "code": code, "msg": "x", "sub_code": sub_code }).to_string();
        let sign = STANDARD.encode(key.sign(node.as_bytes()).to_vec());
        let body = format!(r#"{{"{name}":{node},"sign":"{sign}"}}"#);
        Response::new(Bytes::from(body))
    }
}

const NO: (&str, &str) = ("40004", "ACQ.INVALID_PARAMETER");
const NOT_THERE: (&str, &str) = ("40004", "ACQ.TRADE_NOT_EXIST");
const TOO_OFTEN: (&str, &str) = ("40005", "isv.call-limited");

#[tokio::test(start_paused = true)]
async fn a_refund_that_is_refused_fails_only_where_the_gateway_has_none_of_that_number() {
    for (to_query, status, kind) in [
        (NO, "needs_action", "refund_needs_action"),
        (NOT_THERE, "failed", "refund_failed"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let at_work = AtWork::beside(folder.path()).await;
        at_work.paid("R_1", ("ali", "alipay")).await;
        let answers = alipay_answers(folder.path(), NO, to_query);
        at_work.gateways.let_answers(answers);
        at_work.refund("R_1", "ali").await;
        assert_eq!(at_work.stands("R_1").await, json!([status, [kind]]));
        for secs in [62, 93, 124] {
            at_work.site.clock.set(now().plus_secs(secs));
            looked().await;
        }
        assert_eq!(at_work.refunds_sent(), 1, "{status}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_refund_that_the_gateway_is_asked_for_too_often_waits_and_a_person_is_told_after_an_hour()
{
    for to_refund in [NO, TOO_OFTEN] {
        let folder = tempfile::tempdir().unwrap();
        let at_work = AtWork::beside(folder.path()).await;
        at_work.paid("R_2", ("ali", "alipay")).await;
        let answers = alipay_answers(folder.path(), to_refund, TOO_OFTEN);
        at_work.gateways.let_answers(answers);
        at_work.refund("R_2", "ali").await;
        for secs in [62, 93, 3_600] {
            assert_eq!(at_work.stands("R_2").await, json!(["requested", []]));
            at_work.site.clock.set(now().plus_secs(secs));
            looked().await;
        }
        at_work.site.clock.set(now().plus_secs(31 + 3_600 + 600));
        looked().await;
        let told = json!(["needs_action", ["refund_needs_action"]]);
        assert_eq!(at_work.stands("R_2").await, told);
    }
}

#[tokio::test(start_paused = true)]
async fn a_refund_that_is_refused_for_its_signature_waits_for_a_person_and_is_sent_once() {
    let folder = tempfile::tempdir().unwrap();
    let clock = SetClock::new();
    let gateways = Gateways::new(gateways(folder.path(), &clock));
    let store = Arc::new(SqliteStore::in_memory(Uuid::from_u128(7)).unwrap());
    let start = || {
        let (store, gateways) = (Arc::clone(&store), Arc::clone(&gateways));
        AtWork::over(store, folder.path(), gateways, Arc::clone(&clock))
    };
    let first = start().await;
    first.paid("R_3", ("wx", "wechatpay")).await;
    first
        .site
        .app
        .world
        .tasks
        .stop(Duration::from_secs(1))
        .await;
    name_a_foreign_serial(folder.path());
    let second = start().await;
    second.refund("R_3", "wx").await;
    let told = json!(["needs_action", ["refund_needs_action"]]);
    assert_eq!(second.stands("R_3").await, told);
    for secs in [62, 93, 124] {
        clock.set(now().plus_secs(secs));
        looked().await;
    }
    assert_eq!(second.refunds_sent(), 1);
}

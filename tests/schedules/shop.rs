//! What shop, buyer and gateway do, step by step. Whoever gets no answer asks again, as the contract
//! says that he may; whoever is refused lets it be.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use bytes::Bytes;
use http::{Method, Request, StatusCode, header};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use tokio::time::sleep;
use tower::ServiceExt as _;

use crate::node::Site;
use crate::schedule::{Act, Pay, Step, order_no};

/// How often whoever got no answer asks again.
const TRIES: usize = 6;

/// How long a caller waits for an answer.
const PATIENCE: Duration = Duration::from_secs(40);

/// Shop, buyers, and the people at the gateways.
pub(crate) struct Shop {
    pub(crate) site: Arc<Site>,
    pub(crate) api_key: Arc<str>,
    /// Where a buyer who has paid goes back to.
    returns: Mutex<BTreeMap<String, String>>,
    pub(crate) said: Mutex<Said>,
}

/// What the shop was answered.
#[derive(Default)]
pub(crate) struct Said {
    /// Writes that succeeded.
    pub(crate) accepted: Vec<Act>,
    /// Answers that nobody may get.
    pub(crate) scandals: Vec<String>,
}

/// An answer, read whole.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) location: Option<String>,
    pub(crate) body: Bytes,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }
}

impl Shop {
    pub(crate) fn new(site: Arc<Site>, api_key: Arc<str>) -> Arc<Self> {
        Arc::new(Self {
            site,
            api_key,
            returns: Mutex::default(),
            said: Mutex::default(),
        })
    }

    /// Does a step when its time has come.
    pub(crate) async fn take(self: Arc<Self>, step: Step) {
        sleep(Duration::from_millis(step.at_ms)).await;
        let done = self.act(&step.act).await;
        if done.is_some_and(|status| status.is_success()) {
            self.said().accepted.push(step.act);
        }
    }

    fn said(&self) -> std::sync::MutexGuard<'_, Said> {
        self.said.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does it; answers with payfold's status where it was asked for something.
    async fn act(&self, act: &Act) -> Option<StatusCode> {
        match *act {
            Act::Place {
                order,
                minor,
                fulfilment,
                life_s,
            } => self.place(order, minor, fulfilment, life_s).await,
            Act::Start(pay) => self.start(pay).await,
            Act::Cancel { order } => self.post(order, "cancel", json!({})).await,
            Act::Wait { order } => self.wait(order).await,
            Act::Dispatch { order } => {
                let parcel = json!({ "carrier": "SF", "tracking_no": format!("SF{order}") });
                let path = format!("/v1/orders/{}/shipment", order_no(order));
                self.ask(Method::PUT, &path, parcel).await
            }
            Act::Deliver { order } => self.post(order, "shipment/delivered", json!({})).await,
            Act::Hold { order } => {
                let why = json!({ "reason": "to look at it" });
                self.post(order, "shipment/hold", why).await
            }
            Act::Release { order } => self.post(order, "shipment/release", json!({})).await,
            Act::Refund { pay, refund, minor } => {
                let path = refund_path(pay, refund);
                self.ask(Method::PUT, &path, json!({ "minor": minor }))
                    .await
            }
            Act::RetryRefund { pay, refund } => {
                let path = format!("{}/retry", refund_path(pay, refund));
                self.ask(Method::POST, &path, json!({})).await
            }
            Act::Resolve { order, action } => self.resolve(order, action).await,
            Act::Return(pay) => self.come_back(pay).await,
            Act::Pay { .. }
            | Act::PayAgain(_)
            | Act::Resend { .. }
            | Act::CloseAtGateway(_)
            | Act::RefundAtGateway { .. }
            | Act::Trouble { .. } => {
                self.act_at_gateway(*act).await;
                None
            }
        }
    }

    /// What buyers and the people at the gateways do; the gateways may refuse it.
    async fn act_at_gateway(&self, act: Act) {
        match act {
            Act::Pay { pay, minor, via } => self.pay(pay, minor, via).await,
            Act::PayAgain(pay) => {
                let again = json!({ "again": true });
                self.at_gateway("pay", pay, again).await;
            }
            Act::Resend { pay, via } => self.at_gateway("resend", pay, via_of(pay, via)).await,
            Act::CloseAtGateway(pay) => self.at_gateway("close", pay, json!({})).await,
            Act::RefundAtGateway { pay, minor, via } => {
                let mut body = via_of(pay, via);
                body["minor"] = minor.into();
                self.at_gateway("refund", pay, body).await;
            }
            Act::Trouble {
                fault,
                pay,
                times,
                seconds,
            } => {
                let mut body = json!({ "fault": fault, "out_trade_no": pay.out_trade_no() });
                body["seconds"] = seconds.into();
                if fault != "down" {
                    body["times"] = times.into();
                }
                self.sandbox(Method::POST, "/_sandbox/faults", &body).await;
            }
            _ => {}
        }
    }

    async fn place(
        &self,
        order: u8,
        minor: u64,
        fulfilment: &str,
        life_s: u64,
    ) -> Option<StatusCode> {
        let now = payfold::world::Clock::now(&self.site.clock);
        let expires = now.as_micros() / 1_000_000 + i64::try_from(life_s).unwrap();
        let expires = chrono::DateTime::from_timestamp(expires, 0).unwrap();
        let placed = json!({
            "amount": { "currency": "CNY", "minor": minor },
            "subject": "Tea",
            "fulfilment": fulfilment,
            "expires_at": expires.to_rfc3339_opts(chrono::SecondsFormat::Secs, true),
        });
        let path = format!("/v1/orders/{}", order_no(order));
        self.ask(Method::PUT, &path, placed).await
    }

    async fn start(&self, pay: Pay) -> Option<StatusCode> {
        let mut body = json!({ "method": pay.method });
        if pay.method == "wechatpay.jsapi" || pay.method == "alipay.jsapi" {
            body["openid"] = "oBuyer0000000000000000000001".into();
        }
        if pay.method == "wechatpay.h5" {
            body["client_ip"] = "203.0.113.7".into();
        }
        let answer = self.answer(Method::PUT, &payment_path(pay), body).await?;
        let shown = answer.json();
        let text = |pointer: &str| shown.pointer(pointer).and_then(Value::as_str);
        if let Some(url) = text("/action/url")
            && pay.gateway() == "alipay"
        {
            // The buyer's browser opens the cashier.
            let path = path_of(url);
            self.sandbox(Method::GET, &path, &Value::Null).await;
        }
        if let Some(token) = text("/action/return_token") {
            let back = format!("/return/{}?rt={token}", pay.account());
            self.remember_return(pay, back);
        }
        Some(answer.status)
    }

    fn remember_return(&self, pay: Pay, back: String) {
        let mut returns = self.returns.lock().unwrap_or_else(PoisonError::into_inner);
        returns.insert(pay.out_trade_no(), back);
    }

    async fn pay(&self, pay: Pay, minor: Option<u64>, via: &str) {
        let at_cashier = matches!(pay.method, "alipay.page" | "alipay.wap") && minor.is_none();
        if at_cashier {
            let form = format!("out_trade_no={}&act=pay", pay.out_trade_no());
            let request = Request::post("/alipay/cashier")
                .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
                .body(Body::from(form));
            let answer = send(&self.site.gateways, request.unwrap()).await;
            if let Some(location) = answer.location {
                self.remember_return(pay, path_of(&location));
            }
            return;
        }
        let mut body = via_of(pay, via);
        if let Some(minor) = minor {
            body["minor"] = minor.into();
        }
        self.at_gateway("pay", pay, body).await;
    }

    async fn come_back(&self, pay: Pay) -> Option<StatusCode> {
        let back = {
            let returns = self.returns.lock().unwrap_or_else(PoisonError::into_inner);
            returns.get(&pay.out_trade_no()).cloned()
        }?;
        self.ask(Method::GET, &back, Value::Null).await
    }

    async fn wait(&self, order: u8) -> Option<StatusCode> {
        let path = format!("/v1/orders/{}", order_no(order));
        let first = self.answer(Method::GET, &path, Value::Null).await?;
        let version = first.json()["version"].clone();
        let path = format!("{path}?wait=5");
        let door = self.site.door(0)?;
        let request = Request::get(path)
            .header(header::AUTHORIZATION, format!("Bearer {}", self.api_key))
            .header(header::IF_NONE_MATCH, format!("\"{version}\""))
            .body(Body::empty());
        let asked = tokio::time::timeout(PATIENCE, send(&door.router, request.unwrap()));
        tokio::select! {
            biased;
            () = door.life.ended() => None,
            answer = asked => answer.ok().map(|answer| answer.status),
        }
    }

    async fn resolve(&self, order: u8, action: &str) -> Option<StatusCode> {
        let list = "/v1/exceptions?status=open&limit=100";
        let open = self.answer(Method::GET, list, Value::Null).await?.json();
        let mut last = None;
        for exception in open["items"].as_array()? {
            let offers = exception["actions"].as_array()?;
            if !offers.iter().any(|offered| offered == action) {
                continue;
            }
            let mut decision = json!({ "action": action });
            if exception["kind"] == "unmatched" && action == "accept" {
                decision["order_no"] = order_no(order).into();
            }
            let path = format!("/v1/exceptions/{}/resolve", exception["id"].as_str()?);
            last = self.ask(Method::POST, &path, decision).await;
        }
        last
    }

    async fn post(&self, order: u8, what: &str, body: Value) -> Option<StatusCode> {
        let path = format!("/v1/orders/{}/{what}", order_no(order));
        self.ask(Method::POST, &path, body).await
    }

    async fn ask(&self, method: Method, path: &str, body: Value) -> Option<StatusCode> {
        self.answer(method, path, body)
            .await
            .map(|answer| answer.status)
    }

    /// Asks payfold, again where no answer came or payfold could not answer for the outcome.
    async fn answer(&self, method: Method, path: &str, body: Value) -> Option<Answer> {
        for attempt in 0..TRIES {
            self.site.luck.short_pause(("shop", path)).await;
            if let Some(answer) = self.try_once(attempt, &method, path, &body).await {
                match answer.status.as_u16() {
                    502..=504 => {}
                    500 => {
                        let scandal = format!("500 to {method} {path}");
                        self.said().scandals.push(scandal);
                    }
                    _ => return Some(answer),
                }
            }
            sleep(Duration::from_millis(700)).await;
        }
        None
    }

    async fn try_once(
        &self,
        attempt: usize,
        method: &Method,
        path: &str,
        body: &Value,
    ) -> Option<Answer> {
        let door = self.site.door(attempt + path.len())?;
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::AUTHORIZATION, format!("Bearer {}", self.api_key));
        let body = if body.is_null() {
            Body::empty()
        } else {
            Body::from(body.to_string())
        };
        let asked = send(&door.router, request.body(body).unwrap());
        tokio::select! {
            biased;
            () = door.life.ended() => None,
            answer = tokio::time::timeout(PATIENCE, asked) => answer.ok(),
        }
    }

    async fn at_gateway(&self, what: &str, pay: Pay, mut body: Value) {
        body["gateway"] = pay.gateway().into();
        body["out_trade_no"] = pay.out_trade_no().into();
        self.sandbox(Method::POST, &format!("/_sandbox/{what}"), &body)
            .await;
    }

    /// Asks the gateways' own routes.
    pub(crate) async fn sandbox(&self, method: Method, path: &str, body: &Value) -> Answer {
        let body = if body.is_null() {
            Body::empty()
        } else {
            Body::from(body.to_string())
        };
        let request = Request::builder().method(method).uri(path).body(body);
        send(&self.site.gateways, request.unwrap()).await
    }
}

pub(crate) async fn send(router: &Router, request: Request<Body>) -> Answer {
    let answer = router.clone().oneshot(request).await.unwrap();
    let location = answer.headers().get(header::LOCATION);
    let location = location.map(|value| value.to_str().unwrap().to_owned());
    let status = answer.status();
    let body = answer.into_body().collect().await.unwrap().to_bytes();
    Answer {
        status,
        location,
        body,
    }
}

/// By which of WeChat Pay's protocols the shop is told; Alipay has one.
fn via_of(pay: Pay, via: &str) -> Value {
    match pay.gateway() {
        "wechatpay" => json!({ "via": via }),
        _ => json!({}),
    }
}

/// An address without its scheme and host.
fn path_of(url: &str) -> String {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let at = rest.find('/').unwrap_or(0);
    rest[at..].to_owned()
}

fn payment_path(pay: Pay) -> String {
    format!(
        "/v1/orders/{}/payments/{}/{}",
        order_no(pay.order),
        pay.account(),
        pay.out_trade_no()
    )
}

fn refund_path(pay: Pay, refund: u8) -> String {
    format!("{}/refunds/REFUND-{refund}", payment_path(pay))
}

//! What shop, buyer and gateway do, step by step. Whoever gets no answer mostly asks again, as the
//! contract says that he may; whoever is refused lets it be.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::body::Body;
use http::{Method, Request, StatusCode, header};
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::ask::{Answer, Answered, Heard, PATIENCE, Said, TRIES, Waiting};
use crate::node::Site;
use crate::schedule::{Act, Pay, Step, order_no, refund_no};

/// The shop's page for buyers who have paid.
const THANKS: &str = "http://127.0.0.1:8090/thanks";

/// Shop, buyers, and the people at the gateways.
pub(crate) struct Shop {
    pub(crate) site: Arc<Site>,
    pub(crate) api_key: Arc<str>,
    /// Where a buyer who has paid goes back to.
    returns: Mutex<BTreeMap<String, String>>,
    said: Mutex<Said>,
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
        let from = self.now();
        let Some(answer) = self.act(&step.act).await else {
            return;
        };
        self.said().answers.push(Answered {
            act: step.act,
            from,
            until: self.now(),
            status: answer.status,
            problem: answer.problem(),
            location: answer.location,
        });
    }

    pub(crate) fn said(&self) -> std::sync::MutexGuard<'_, Said> {
        self.said.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does it; answers with what payfold answered where it was asked for something.
    async fn act(&self, act: &Act) -> Option<Answer> {
        match *act {
            Act::Place {
                order,
                minor,
                fulfilment,
                life_s,
            } => self.place(order, minor, fulfilment, life_s).await,
            Act::Start(pay) => self.start(pay, TRIES).await,
            Act::StartOnce(pay) => self.start(pay, 1).await,
            Act::Cancel { order } => self.post(order, "cancel", json!({})).await,
            Act::Wait { order } => self.wait(order).await,
            Act::Dispatch { order } => {
                let parcel = json!({ "carrier": "SF", "tracking_no": format!("SF{order}") });
                let path = format!("/v1/orders/{}/shipment", order_no(order));
                self.answer(Method::PUT, &path, parcel).await
            }
            Act::Deliver { order } => self.post(order, "shipment/delivered", json!({})).await,
            Act::Hold { order } => {
                let why = json!({ "reason": "to look at it" });
                self.post(order, "shipment/hold", why).await
            }
            Act::Release { order } => self.post(order, "shipment/release", json!({})).await,
            Act::Refund { pay, refund, minor } => {
                let path = refund_path(pay, refund);
                self.answer(Method::PUT, &path, json!({ "minor": minor }))
                    .await
            }
            Act::RetryRefund { pay, refund } => {
                let path = format!("{}/retry", refund_path(pay, refund));
                self.answer(Method::POST, &path, json!({})).await
            }
            Act::Resolve { order, action } => self.resolve(order, action).await,
            Act::Return(pay) => self.come_back(pay).await,
            Act::Open(_)
            | Act::Pay { .. }
            | Act::PayAgain(_)
            | Act::Resend { .. }
            | Act::CloseAtGateway(_)
            | Act::Finish(_)
            | Act::Settle { .. }
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
            Act::Open(pay) => self.open(pay).await,
            Act::Pay { pay, minor, via } => {
                self.pay(pay, minor, via).await;
                self.look_for_money().await;
            }
            Act::PayAgain(pay) => {
                let again = json!({ "again": true });
                self.at_gateway("pay", pay, again).await;
                self.look_for_money().await;
            }
            Act::Resend { pay, via } => {
                self.at_gateway("resend", pay, via_of(pay, via)).await;
            }
            Act::CloseAtGateway(pay) => {
                self.at_gateway("close", pay, json!({})).await;
            }
            Act::Finish(pay) => {
                self.at_gateway("finish", pay, json!({})).await;
            }
            Act::Settle { pay, refund, state } => {
                let settle = json!({
                    "gateway": pay.gateway(),
                    "refund_no": refund_no(refund).as_str(),
                    "state": state,
                });
                self.sandbox(Method::POST, "/_sandbox/settle", &settle)
                    .await;
            }
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

    async fn place(&self, order: u8, minor: u64, fulfilment: &str, life_s: u64) -> Option<Answer> {
        let now = self.now();
        let expires = now.as_micros() / 1_000_000 + i64::try_from(life_s).unwrap();
        let expires = chrono::DateTime::from_timestamp(expires, 0).unwrap();
        let placed = json!({
            "amount": { "currency": "CNY", "minor": minor },
            "subject": "Tea",
            "fulfilment": fulfilment,
            "expires_at": expires.to_rfc3339_opts(chrono::SecondsFormat::Secs, true),
        });
        let path = format!("/v1/orders/{}", order_no(order));
        self.answer(Method::PUT, &path, placed).await
    }

    async fn start(&self, pay: Pay, tries: usize) -> Option<Answer> {
        let mut body = json!({ "method": pay.method });
        if pay.method != "external" {
            body["return_url"] = THANKS.into();
        }
        if pay.method == "wechatpay.jsapi" || pay.method == "alipay.jsapi" {
            body["openid"] = "oBuyer0000000000000000000001".into();
        }
        if pay.method == "wechatpay.h5" {
            body["client_ip"] = "203.0.113.7".into();
        }
        let path = payment_path(pay);
        let answer = self.answer_within(tries, Method::PUT, &path, body).await?;
        let shown = answer.json();
        let text = |pointer: &str| shown.pointer(pointer).and_then(Value::as_str);
        if let Some(url) = text("/action/url")
            && pay.gateway() == "alipay"
        {
            // The buyer's browser shows the cashier.
            let path = path_of(url);
            self.sandbox(Method::GET, &path, &Value::Null).await;
        }
        if let Some(token) = text("/action/return_token") {
            let back = format!("/return/{}?rt={token}", pay.account());
            self.remember_return(pay, back);
        }
        Some(answer)
    }

    /// The buyer logs in at Alipay and leaves; from then on it has a trade that waits.
    async fn open(&self, pay: Pay) {
        let trade = self.at_gateway("scan", pay, json!({})).await.json();
        if trade["state"] == "WAIT_BUYER_PAY" {
            let now = self.now();
            self.said().opened.entry(pay.out_trade_no()).or_insert(now);
        }
    }

    /// Whether nobody knows what the gateway made of a payment.
    pub(crate) async fn is_starting(&self, pay: Pay) -> bool {
        let path = format!("/v1/orders/{}", order_no(pay.order));
        let Some(order) = self.answer(Method::GET, &path, Value::Null).await else {
            return false;
        };
        let order = order.json();
        let mut payments = order["payments"].as_array().into_iter().flatten();
        payments.any(|payment| {
            payment["out_trade_no"] == pay.out_trade_no() && payment["status"] == "starting"
        })
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
            let answer = self.send(&self.site.gateways, request.unwrap()).await;
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

    async fn come_back(&self, pay: Pay) -> Option<Answer> {
        let back = {
            let returns = self.returns.lock().unwrap_or_else(PoisonError::into_inner);
            returns.get(&pay.out_trade_no()).cloned()
        }?;
        let answer = self.answer(Method::GET, &back, Value::Null).await?;
        self.said().heard.push(Heard {
            who: Waiting::Buyer(pay),
            from: answer.asked_at,
            until: self.now(),
        });
        Some(answer)
    }

    async fn wait(&self, order: u8) -> Option<Answer> {
        let path = format!("/v1/orders/{}", order_no(order));
        let first = self.answer(Method::GET, &path, Value::Null).await?;
        let version = first.json()["version"].clone();
        let path = format!("{path}?wait=5");
        let door = self.site.door(0)?;
        let request = Request::get(path)
            .header(header::AUTHORIZATION, format!("Bearer {}", self.api_key))
            .header(header::IF_NONE_MATCH, format!("\"{version}\""))
            .body(Body::empty());
        let asked = tokio::time::timeout(PATIENCE, self.send(&door.router, request.unwrap()));
        let answer = tokio::select! {
            biased;
            () = door.life.ended() => return None,
            answer = asked => answer.ok()?,
        };
        let known = usize::try_from(version.as_u64().unwrap_or_default()).unwrap();
        let who = match (answer.status, known) {
            (StatusCode::NOT_MODIFIED, _) => Waiting::Shop { order },
            (_, 0) => return Some(answer),
            (_, version) => Waiting::TheShopTold { order, version },
        };
        self.said().heard.push(Heard {
            who,
            from: answer.asked_at,
            until: self.now(),
        });
        Some(answer)
    }

    async fn resolve(&self, order: u8, action: &str) -> Option<Answer> {
        let list = "/v1/exceptions?status=open&limit=100";
        let open = self.answer(Method::GET, list, Value::Null).await?.json();
        let mut last = None;
        for exception in open["items"].as_array()? {
            let offers = exception["actions"].as_array()?;
            if !offers.iter().any(|offered| offered == action) {
                continue;
            }
            let mut decision = json!({ "action": action });
            let path = format!("/v1/exceptions/{}/resolve", exception["id"].as_str()?);
            if exception["kind"] == "unmatched" && action == "accept" {
                // Without an order it is given to nobody.
                self.answer(Method::POST, &path, decision.clone()).await?;
                decision["order_no"] = order_no(order).into();
            }
            last = self.answer(Method::POST, &path, decision).await;
        }
        last
    }

    async fn post(&self, order: u8, what: &str, body: Value) -> Option<Answer> {
        let path = format!("/v1/orders/{}/{what}", order_no(order));
        self.answer(Method::POST, &path, body).await
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
    format!("{}/refunds/{}", payment_path(pay), refund_no(refund))
}

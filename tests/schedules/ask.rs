//! How everybody outside asks: payfold mostly again where no answer came, the gateways' own routes once. What
//! was answered is remembered, with the time, for the rules.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use bytes::Bytes;
use http::{Method, Request, StatusCode, header};
use http_body_util::BodyExt as _;
use payfold_domain::Timestamp;
use serde_json::Value;
use tokio::time::sleep;
use tower::ServiceExt as _;

use crate::books::Paid;
use crate::schedule::{Act, Pay};
use crate::shop::Shop;

/// How often whoever got no answer asks again.
pub(crate) const TRIES: usize = 6;

/// How long a caller waits for an answer.
pub(crate) const PATIENCE: Duration = Duration::from_secs(40);

/// What everybody was answered.
#[derive(Default)]
pub(crate) struct Said {
    /// What was asked for, and what was answered in the end.
    pub(crate) answers: Vec<Answered>,
    /// The last answer of each path that may show an order.
    pub(crate) orders: BTreeMap<String, Bytes>,
    /// Answers that nobody may get.
    pub(crate) scandals: Vec<String>,
    /// When money by a payment's number was in the gateway's books first.
    pub(crate) paid: BTreeMap<String, Timestamp>,
    /// When a buyer opened a payment at Alipay first, by its number.
    pub(crate) opened: BTreeMap<String, Timestamp>,
    /// Buyers who came back and shops that waited, and had their answer.
    pub(crate) heard: Vec<Heard>,
}

/// An act, and how payfold answered it.
#[derive(Debug, Clone)]
pub(crate) struct Answered {
    pub(crate) act: Act,
    pub(crate) from: Timestamp,
    pub(crate) until: Timestamp,
    pub(crate) status: StatusCode,
    /// The name of the problem, where it is one.
    pub(crate) problem: Option<String>,
    /// Where the buyer was sent to.
    pub(crate) location: Option<String>,
}

/// Somebody who asked how an order stands, at a moment when the gateway is asked at once.
#[derive(Debug, Clone)]
pub(crate) struct Heard {
    pub(crate) who: Waiting,
    pub(crate) from: Timestamp,
    pub(crate) until: Timestamp,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Waiting {
    /// A buyer who came back.
    Buyer(Pay),
    /// A shop that was told that nothing has changed.
    Shop { order: u8 },
    /// A shop that was told of a change, whatever it was, to the version that it knew.
    TheShopTold { order: u8, version: usize },
}

/// An answer, read whole.
pub(crate) struct Answer {
    /// When it was asked for.
    pub(crate) asked_at: Timestamp,
    pub(crate) status: StatusCode,
    pub(crate) location: Option<String>,
    pub(crate) body: Bytes,
}

impl Answer {
    /// The name of the problem that it tells of.
    pub(crate) fn problem(&self) -> Option<String> {
        let name = self.json()["type"].as_str()?.to_owned();
        name.strip_prefix("/problems/").map(str::to_owned)
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }
}

impl Shop {
    pub(crate) fn now(&self) -> Timestamp {
        payfold::world::Clock::now(&self.site.clock)
    }

    /// Asks payfold, again where no answer came or payfold could not answer for the outcome.
    pub(crate) async fn answer(&self, method: Method, path: &str, body: Value) -> Option<Answer> {
        self.answer_within(TRIES, method, path, body).await
    }

    /// Asks payfold so many times at most.
    pub(crate) async fn answer_within(
        &self,
        tries: usize,
        method: Method,
        path: &str,
        body: Value,
    ) -> Option<Answer> {
        for attempt in 0..tries {
            self.site.luck.short_pause(("shop", path)).await;
            if let Some(answer) = self.try_once(attempt, &method, path, &body).await {
                match answer.status.as_u16() {
                    502..=504 => {}
                    500 => {
                        let scandal = format!("500 to {method} {path}");
                        self.said().scandals.push(scandal);
                    }
                    status => {
                        if status < 300 && path.starts_with("/v1/orders/") {
                            let shown = answer.body.clone();
                            self.said().orders.insert(path.to_owned(), shown);
                        }
                        return Some(answer);
                    }
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
        let asked = self.send(&door.router, request.body(written(body)).unwrap());
        tokio::select! {
            biased;
            () = door.life.ended() => None,
            answer = tokio::time::timeout(PATIENCE, asked) => answer.ok(),
        }
    }

    pub(crate) async fn at_gateway(&self, what: &str, pay: Pay, mut body: Value) -> Answer {
        body["gateway"] = pay.gateway().into();
        body["out_trade_no"] = pay.out_trade_no().into();
        self.sandbox(Method::POST, &format!("/_sandbox/{what}"), &body)
            .await
    }

    /// Asks the gateways' own routes.
    pub(crate) async fn sandbox(&self, method: Method, path: &str, body: &Value) -> Answer {
        let request = Request::builder().method(method).uri(path);
        let request = request.body(written(body)).unwrap();
        self.send(&self.site.gateways, request).await
    }

    /// The gateways' books.
    pub(crate) async fn books(&self) -> Value {
        let path = "/_sandbox/trades";
        self.sandbox(Method::GET, path, &Value::Null).await.json()
    }

    /// Remembers by which numbers money is in the books, now that somebody has paid.
    pub(crate) async fn look_for_money(&self) {
        let (books, now) = (self.books().await, self.now());
        let trades = books["items"].as_array().unwrap().iter();
        for paid in trades.filter_map(Paid::of) {
            self.said().paid.entry(paid.out_trade_no).or_insert(now);
        }
    }

    pub(crate) async fn send(&self, router: &Router, request: Request<Body>) -> Answer {
        let asked_at = self.now();
        let answer = router.clone().oneshot(request).await.unwrap();
        let location = answer.headers().get(header::LOCATION);
        let location = location.map(|value| value.to_str().unwrap().to_owned());
        let status = answer.status();
        let body = answer.into_body().collect().await.unwrap().to_bytes();
        Answer {
            asked_at,
            status,
            location,
            body,
        }
    }
}

fn written(body: &Value) -> Body {
    if body.is_null() {
        Body::empty()
    } else {
        Body::from(body.to_string())
    }
}

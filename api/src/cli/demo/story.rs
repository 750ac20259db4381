//! One order's whole story, told while it happens through the same routes that a shop, a buyer's
//! browser and a gateway use: placed, paid in the sandbox, returned, notified, notified again,
//! shipped.

use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use serde_json::{Value, json};

use super::super::exit::{Failure, say};
use super::super::system::Network;
use crate::world::World;

/// How long one step may take.
const PATIENCE: Duration = Duration::from_secs(35);

/// How long an answer may be, in bytes.
const ANSWER_BYTES: usize = 1024 * 1024;

/// How often the order is looked at until the next thing has happened, each look waiting itself.
const LOOKS: u32 = 20;

/// The teller: a shop, and a buyer's browser.
pub(super) struct Story {
    network: Network,
    payfold: String,
    gateways: String,
    key: String,
}

impl Story {
    pub(super) fn new(payfold: String, gateways: &str, key: &str) -> Result<Self, Failure> {
        let network = Network::new().map_err(Failure::job)?;
        Ok(Self {
            network,
            payfold,
            gateways: gateways.to_owned(),
            key: key.to_owned(),
        })
    }

    /// Lives through one order; fails where anything goes another way than promised.
    pub(super) async fn tell(&self, world: &World) -> Result<(), Failure> {
        let digits: String = world.id().simple().to_string().chars().take(12).collect();
        let order_no = format!("demo-{digits}");
        let out_trade_no = format!("demo_{digits}");
        self.place(&order_no).await?;
        let url = self.start(&order_no, &out_trade_no).await?;
        let back = self.pay(&url, &out_trade_no).await?;
        self.come_back(&back).await?;
        let order = self.until(&order_no, "/status", "paid").await?;
        say(format!(
            "4. Notified   Alipay called; the order is {}, {} fen",
            text(&order, "/status"),
            number(&order, "/paid")
        ));
        self.send_again(&order_no, &out_trade_no).await?;
        self.ship(&order_no).await?;
        self.show_events(&order_no).await
    }

    async fn place(&self, order_no: &str) -> Result<(), Failure> {
        let order = json!({
            "amount": {"currency": "CNY", "minor": 8800},
            "subject": "A pot of Longjing tea",
            "fulfilment": "ship",
        });
        self.api(Method::PUT, &format!("/v1/orders/{order_no}"), Some(&order))
            .await?;
        say(format!("1. Placed     order {order_no} over CNY 88.00"));
        Ok(())
    }

    async fn start(&self, order_no: &str, out_trade_no: &str) -> Result<String, Failure> {
        let path = format!("/v1/orders/{order_no}/payments/ali/{out_trade_no}");
        let payment =
            json!({"method": "alipay.page", "return_url": format!("{}/shop", self.gateways)});
        let started = self.api(Method::PUT, &path, Some(&payment)).await?;
        Ok(text(&started, "/action/url"))
    }

    /// The buyer opens the cashier and pays; the answer says where the browser goes next.
    async fn pay(&self, url: &str, out_trade_no: &str) -> Result<String, Failure> {
        let cashier = self.browse(Method::GET, url, "").await?;
        held(
            !cashier.status().is_client_error() && !cashier.status().is_server_error(),
            "the cashier opens",
        )?;
        let form = format!("out_trade_no={out_trade_no}&act=pay");
        let paid = self
            .browse(
                Method::POST,
                &format!("{}/alipay/cashier", self.gateways),
                &form,
            )
            .await?;
        say(format!(
            "2. Paid       the buyer paid {out_trade_no} at Alipay's cashier"
        ));
        location(&paid, "the cashier sends the buyer back")
    }

    async fn come_back(&self, back: &str) -> Result<(), Failure> {
        let returned = self.browse(Method::GET, back, "").await?;
        let shop = location(&returned, "payfold sends the buyer to the shop")?;
        let status = shop
            .split_once("status=")
            .map_or("nothing", |(_, status)| status);
        say(format!(
            "3. Returned   the buyer's browser came back, and was told: {status}"
        ));
        Ok(())
    }

    /// The gateway sends its notify again; nothing happens twice.
    async fn send_again(&self, order_no: &str, out_trade_no: &str) -> Result<(), Failure> {
        let again = json!({"gateway": "alipay", "out_trade_no": out_trade_no}).to_string();
        let url = format!("{}/_sandbox/resend", self.gateways);
        let sent = self.browse(Method::POST, &url, &again).await?;
        held(
            sent.status().is_success(),
            "the sandbox sends the notify again",
        )?;
        let path = format!("/v1/orders/{order_no}/events");
        for _ in 0..LOOKS {
            let events = self.api(Method::GET, &path, None).await?;
            let names = names(&events);
            if names.iter().any(|name| name == "DuplicateNotifyIgnored") {
                let paid = names
                    .iter()
                    .filter(|name| *name == "PaymentConfirmed")
                    .count();
                held(paid == 1, "the order is paid once")?;
                say("5. Again      Alipay called again: acknowledged, and nothing happened twice");
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(250)).await;
        }
        held(false, "the second notify is acknowledged")
    }

    async fn ship(&self, order_no: &str) -> Result<(), Failure> {
        let parcel = json!({"carrier": "SF Express", "tracking_no": "SF1234567890"});
        let path = format!("/v1/orders/{order_no}/shipment");
        self.api(Method::PUT, &path, Some(&parcel)).await?;
        let order = self
            .until(order_no, "/shipment/status", "dispatched")
            .await?;
        say(format!(
            "6. Shipped    by {}",
            text(&order, "/shipment/parcels/0/carrier")
        ));
        Ok(())
    }

    async fn show_events(&self, order_no: &str) -> Result<(), Failure> {
        let events = self
            .api(Method::GET, &format!("/v1/orders/{order_no}/events"), None)
            .await?;
        say("");
        say(format!(
            "What is stored of it for ever ({}/v1/orders/{order_no}/events):",
            self.payfold
        ));
        for event in events
            .pointer("/items")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
        {
            say(format!("   {} {}", text(event, "/time"), name(event)));
        }
        Ok(())
    }

    /// Waits until the order says `expected` at that place.
    async fn until(&self, order_no: &str, place: &str, expected: &str) -> Result<Value, Failure> {
        let path = format!("/v1/orders/{order_no}");
        for _ in 0..LOOKS {
            let order = self.api(Method::GET, &path, None).await?;
            if text(&order, place) == expected {
                return Ok(order);
            }
            tokio::time::sleep(Duration::from_millis(250)).await;
        }
        Err(Failure::job(format!(
            "the story did not hold: {place} of the order becomes {expected}"
        )))
    }

    async fn api(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Value, Failure> {
        let request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.payfold))
            .header("authorization", format!("Bearer {}", self.key))
            .header("content-type", "application/json")
            .body(body.map(Value::to_string).unwrap_or_default().into())
            .map_err(Failure::job)?;
        let answer = self.send(request).await?;
        let text = String::from_utf8_lossy(answer.body()).into_owned();
        held(
            answer.status().is_success(),
            &format!("payfold does {path} ({}: {text})", answer.status()),
        )?;
        serde_json::from_str(&text).map_err(Failure::job)
    }

    async fn browse(
        &self,
        method: Method,
        url: &str,
        body: &str,
    ) -> Result<Response<Bytes>, Failure> {
        let kind = if body.starts_with('{') {
            "application/json"
        } else {
            "application/x-www-form-urlencoded"
        };
        let request = Request::builder()
            .method(method)
            .uri(url)
            .header("content-type", kind)
            .body(Bytes::copy_from_slice(body.as_bytes()))
            .map_err(Failure::job)?;
        self.send(request).await
    }

    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, Failure> {
        self.network
            .exchange(request, PATIENCE, ANSWER_BYTES)
            .await
            .map_err(Failure::job)
    }
}

fn held(held: bool, what: &str) -> Result<(), Failure> {
    if held {
        Ok(())
    } else {
        Err(Failure::job(format!("the story did not hold: {what}")))
    }
}

fn location(answer: &Response<Bytes>, what: &str) -> Result<String, Failure> {
    let location = answer
        .headers()
        .get("location")
        .and_then(|value| value.to_str().ok());
    let redirected = matches!(answer.status(), StatusCode::SEE_OTHER | StatusCode::FOUND);
    held(redirected, what)?;
    location
        .map(str::to_owned)
        .ok_or_else(|| Failure::job(format!("the story did not hold: {what}")))
}

fn text(value: &Value, place: &str) -> String {
    value
        .pointer(place)
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned()
}

fn number(value: &Value, place: &str) -> i64 {
    value
        .pointer(place)
        .and_then(Value::as_i64)
        .unwrap_or_default()
}

fn name(event: &Value) -> String {
    text(event, "/type")
        .trim_start_matches("payfold.")
        .to_owned()
}

fn names(events: &Value) -> Vec<String> {
    events["items"]
        .as_array()
        .into_iter()
        .flatten()
        .map(name)
        .collect()
}

//! What the shop, its buyers and the gateways ask of payfold, one method for each thing.

use http::Method;
use serde_json::{Value, json};

use super::{Answer, Shop};

/// How often an order is looked at until it is as wanted, each look waiting by itself.
const LOOKS: usize = 20;

/// Where an order's payment lies.
fn payment_path(order_no: &str, account: &str, out_trade_no: &str) -> String {
    format!("/v1/orders/{order_no}/payments/{account}/{out_trade_no}")
}

impl Shop {
    /// A write with a body.
    pub(crate) async fn write(&self, method: Method, path: &str, body: &Value) -> Answer {
        self.send(self.keyed(method, path).body(body.to_string()))
            .await
    }

    /// A read with the shop's key.
    pub(crate) async fn read(&self, path: &str) -> Answer {
        self.send(self.keyed(Method::GET, path)).await
    }

    pub(crate) async fn put_order(&self, order_no: &str, body: &Value) -> Answer {
        self.write(Method::PUT, &format!("/v1/orders/{order_no}"), body)
            .await
    }

    /// Places an order that ships.
    pub(crate) async fn place(&self, order_no: &str, minor: i64) -> Value {
        self.put_order(order_no, &order(minor)).await.json(201)
    }

    pub(crate) async fn order(&self, order_no: &str) -> Value {
        self.read(&format!("/v1/orders/{order_no}")).await.json(200)
    }

    /// The order, once it is as wanted.
    pub(crate) async fn order_once(
        &self,
        order_no: &str,
        wanted: impl Fn(&Value) -> bool,
    ) -> Value {
        let mut order = self.order(order_no).await;
        for _ in 0..LOOKS {
            if wanted(&order) {
                return order;
            }
            let path = format!("/v1/orders/{order_no}?wait=5");
            let known = format!("\"{}\"", order["version"]);
            let look = self
                .keyed(Method::GET, &path)
                .header("if-none-match", known);
            let answer = self.send(look).await;
            if answer.status != 304 {
                order = answer.json(200);
            }
        }
        panic!("the order does not come to be as wanted: {order:#}");
    }

    /// The order, once it has this status.
    pub(crate) async fn order_with(&self, order_no: &str, status: &str) -> Value {
        self.order_once(order_no, |order| order["status"] == status)
            .await
    }

    /// The order's events.
    pub(crate) async fn events(&self, order_no: &str) -> Vec<Value> {
        let page = self
            .read(&format!("/v1/orders/{order_no}/events?limit=500"))
            .await
            .json(200);
        page["items"].as_array().unwrap().clone()
    }

    /// The names of the order's events, without the prefix that all have.
    pub(crate) async fn story(&self, order_no: &str) -> Vec<String> {
        self.events(order_no).await.iter().map(name).collect()
    }

    pub(crate) async fn cancel(&self, order_no: &str) -> Answer {
        self.write(
            Method::POST,
            &format!("/v1/orders/{order_no}/cancel"),
            &json!({}),
        )
        .await
    }

    pub(crate) async fn put_payment(
        &self,
        order_no: &str,
        account: &str,
        out_trade_no: &str,
        body: &Value,
    ) -> Answer {
        self.write(
            Method::PUT,
            &payment_path(order_no, account, out_trade_no),
            body,
        )
        .await
    }

    /// Starts a payment, or registers one that the shop starts by itself.
    pub(crate) async fn start(
        &self,
        order_no: &str,
        account: &str,
        out_trade_no: &str,
        method: &str,
    ) -> Value {
        let body = json!({ "method": method });
        self.put_payment(order_no, account, out_trade_no, &body)
            .await
            .json(201)
    }

    /// Asks for a refund of a payment: `(order, account, payment)`.
    pub(crate) async fn refund(
        &self,
        (order_no, account, out_trade_no): (&str, &str, &str),
        refund_no: &str,
        minor: i64,
    ) -> Answer {
        let path = format!(
            "{}/refunds/{refund_no}",
            payment_path(order_no, account, out_trade_no)
        );
        self.write(Method::PUT, &path, &json!({ "minor": minor }))
            .await
    }

    pub(crate) async fn dispatch(&self, order_no: &str, body: &Value) -> Answer {
        self.write(
            Method::PUT,
            &format!("/v1/orders/{order_no}/shipment"),
            body,
        )
        .await
    }

    /// `delivered`, `hold` or `release`.
    pub(crate) async fn shipment(&self, order_no: &str, step: &str, body: &Value) -> Answer {
        self.write(
            Method::POST,
            &format!("/v1/orders/{order_no}/shipment/{step}"),
            body,
        )
        .await
    }

    /// Every event there is.
    pub(crate) async fn everything(&self) -> Vec<Value> {
        let (mut events, mut after) = (Vec::new(), String::new());
        loop {
            let path = format!("/v1/events?limit=500{after}");
            let page = self.read(&path).await.json(200);
            let items = page["items"].as_array().unwrap();
            if items.is_empty() {
                return events;
            }
            events.extend(items.iter().cloned());
            after = format!("&after={}", page["next"].as_str().unwrap());
        }
    }

    /// What a list shows, once it has come as far as all that was written before.
    pub(crate) async fn list(&self, path: &str) -> Vec<Value> {
        let feed = self.read("/v1/events?limit=500").await.json(200);
        let mut cursor = feed["next"].as_str().unwrap().to_owned();
        loop {
            let page = self
                .read(&format!("/v1/events?limit=500&after={cursor}"))
                .await
                .json(200);
            let next = page["next"].as_str().unwrap().to_owned();
            if next == cursor {
                break;
            }
            cursor = next;
        }
        let request = self
            .keyed(Method::GET, path)
            .header("payfold-min-as-of", cursor);
        let page = self.send(request).await.json(200);
        page["items"].as_array().unwrap().clone()
    }

    pub(crate) async fn resolve(&self, id: &str, body: &Value) -> Answer {
        self.write(Method::POST, &format!("/v1/exceptions/{id}/resolve"), body)
            .await
    }

    /// Delivers a message at an account's notify address.
    pub(crate) async fn notify(&self, account: &str, message: &crate::gateway::Message) -> Answer {
        let mut request = self.anybody(Method::POST, &format!("/notify/{account}"));
        for (name, value) in &message.headers {
            request = request.header(*name, value);
        }
        self.send(request.body(message.body.clone())).await
    }
}

/// What a shop asks for when it places an order that ships.
pub(crate) fn order(minor: i64) -> Value {
    json!({
        "amount": { "currency": "CNY", "minor": minor },
        "subject": "龙井茶 100 g",
        "fulfilment": "ship",
    })
}

/// An event's name, without the prefix that all have.
pub(crate) fn name(event: &Value) -> String {
    event["type"]
        .as_str()
        .unwrap()
        .strip_prefix("payfold.")
        .unwrap()
        .to_owned()
}

//! What a test makes the simulated gateways do.

use std::time::Duration;

use http::Method;
use serde_json::{Value, json};

use super::{Answer, Shop};

impl Shop {
    async fn sandbox(&self, method: Method, what: &str, body: &Value) -> Answer {
        let url = format!("{}/_sandbox/{what}", self.sandbox_url);
        self.send(self.client.request(method, url).body(body.to_string()))
            .await
    }

    /// An address at the sandbox, to which buyers may be sent back.
    pub(crate) fn sandbox_page(&self, path: &str) -> String {
        format!("{}{path}", self.sandbox_url)
    }

    /// The buyer's browser opens a page of the gateway.
    pub(crate) async fn buyer_opens(&self, url: &str) {
        let answer = self.send(self.client.get(url)).await;
        assert!(answer.status.as_u16() < 400, "{answer:?}");
    }

    /// The buyer pays what was asked.
    pub(crate) async fn buyer_pays(&self, gateway: &str, out_trade_no: &str) {
        let body = json!({ "gateway": gateway, "out_trade_no": out_trade_no });
        self.sandbox(Method::POST, "pay", &body).await.json(200);
    }

    /// The buyer pays with a form of its own: `minor`, `via`, `again`, `order_string`.
    pub(crate) async fn buyer_pays_with(&self, body: &Value) {
        self.sandbox(Method::POST, "pay", body).await.json(200);
    }

    /// An order of 8800 that the gateway's notify has paid, by `(order, account, payment)`; the transaction.
    pub(crate) async fn paid_order(
        &self,
        (order_no, account, out_trade_no): (&str, &str, &str),
        gateway: &str,
    ) -> String {
        self.place(order_no, 8800).await;
        self.start(order_no, account, out_trade_no, "external")
            .await;
        let pay = json!({ "gateway": gateway, "out_trade_no": out_trade_no, "minor": 8800 });
        self.buyer_pays_with(&pay).await;
        let order = self.order_with(order_no, "paid").await;
        let transaction_id = order["payments"][0]["transaction_id"].as_str();
        transaction_id.unwrap().to_owned()
    }

    /// The gateway sends a trade's last notify again.
    pub(crate) async fn sends_again(&self, gateway: &str, out_trade_no: &str) {
        let body = json!({ "gateway": gateway, "out_trade_no": out_trade_no });
        self.sandbox(Method::POST, "resend", &body).await.json(200);
    }

    /// A refund is made in the gateway's back office.
    pub(crate) async fn back_office_refunds(&self, gateway: &str, out_trade_no: &str, minor: i64) {
        let body = json!({ "gateway": gateway, "out_trade_no": out_trade_no, "minor": minor });
        self.sandbox(Method::POST, "refund", &body).await.json(200);
    }

    /// Alipay signs with its next certificate from now on.
    pub(crate) async fn alipay_renews_its_certificate(&self) {
        let renewed = json!({ "certificate": "renewed" });
        let answer = self.sandbox(Method::PUT, "alipay", &renewed).await;
        answer.json(200);
    }

    /// Something goes wrong from now on.
    pub(crate) async fn goes_wrong(&self, fault: &Value) {
        self.sandbox(Method::POST, "faults", fault).await.json(200);
    }

    /// Waits until what was to go wrong has done so as often as it should.
    pub(crate) async fn has_gone_wrong(&self) {
        loop {
            let answer = self.sandbox(Method::GET, "faults", &Value::Null).await;
            if answer.json(200)["items"] == json!([]) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Everything goes right again.
    pub(crate) async fn goes_right(&self) {
        let answer = self.sandbox(Method::DELETE, "faults", &Value::Null).await;
        assert_eq!(answer.status, 204);
    }

    /// A trade in the gateways' books.
    pub(crate) async fn trade(&self, out_trade_no: &str) -> Value {
        let books = self
            .sandbox(Method::GET, "trades", &Value::Null)
            .await
            .json(200);
        let trades = books["items"].as_array().unwrap();
        trades
            .iter()
            .find(|trade| trade["out_trade_no"] == out_trade_no)
            .cloned()
            .unwrap()
    }
}

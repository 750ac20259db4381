//! The shop's calls to payfold.

use std::time::Duration;

use bytes::Bytes;
use http::Method;
use serde_json::{Value, json};

use super::{PRICE_MINOR, PRODUCT};
use crate::books::Gateway;
use crate::outside::{Call, Unreached};
use crate::sandbox::Sandbox;
use crate::service::NoAddress;

/// Longer than any answer of payfold may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// A call of the shop to payfold that did not do what it was to.
#[derive(Debug, thiserror::Error)]
pub(super) enum ShopError {
    #[error("payfold's address is not known: {0}")]
    NoAddress(#[from] NoAddress),
    #[error("payfold does not answer; is `payfold serve` running? ({0})")]
    Unreached(#[from] Unreached),
    #[error("payfold answered {status} to {what}: {body}")]
    Refused {
        what: String,
        status: u16,
        body: String,
    },
    #[error("payfold's answer to {what} was not understood: {problem}")]
    Unread { what: String, problem: String },
    #[error("`{0}` is no number of an order")]
    NoNumber(String),
}

/// Where the shop shows an order.
pub(super) fn order_page(order_no: &str) -> String {
    format!("/shop/orders/{order_no}")
}

impl Sandbox {
    /// Places an order, starts its payment, and says where the buyer pays.
    pub(super) async fn checkout(
        &self,
        order_no: &str,
        gateway: Gateway,
    ) -> Result<String, ShopError> {
        let order = json!({
            "amount": { "currency": "CNY", "minor": PRICE_MINOR },
            "subject": PRODUCT,
            "fulfilment": "ship",
        });
        self.call(Method::PUT, &format!("/v1/orders/{order_no}"), Some(&order))
            .await?;
        let shown = order_page(order_no);
        let (account, payment) = match gateway {
            Gateway::Alipay => {
                let back = format!("{}{shown}", self.settings().origin);
                (
                    "ali",
                    json!({ "method": "alipay.page", "return_url": back }),
                )
            }
            Gateway::WechatPay => ("wx", json!({ "method": "wechatpay.native" })),
        };
        let path = format!("/v1/orders/{order_no}/payments/{account}/{order_no}");
        let started = self.call(Method::PUT, &path, Some(&payment)).await?;
        let text = |pointer| started.pointer(pointer).and_then(Value::as_str);
        match (
            text("/action/type"),
            text("/action/url"),
            text("/action/content"),
        ) {
            (Some("redirect"), Some(url), _) => Ok(url.to_owned()),
            (Some("qr"), _, Some(content)) => {
                let code = content.rsplit_once("pr=").map_or(content, |(_, code)| code);
                Ok(format!("/wechatpay/qr?pr={code}&back={shown}"))
            }
            _ => Err(ShopError::Unread {
                what: path,
                problem: format!("no action to send the buyer to: {started}"),
            }),
        }
    }

    /// An order, as payfold tells it.
    pub(super) async fn order(&self, order_no: &str) -> Result<Value, ShopError> {
        self.call(
            Method::GET,
            &format!("/v1/orders/{}", named(order_no)?),
            None,
        )
        .await
    }

    /// Tells payfold that the parcel left.
    pub(super) async fn hand_over(&self, order_no: &str) -> Result<(), ShopError> {
        let path = format!("/v1/orders/{}/shipment", named(order_no)?);
        let parcel = json!({ "carrier": "SF Express", "tracking_no": format!("SF{order_no}") });
        self.call(Method::PUT, &path, Some(&parcel))
            .await
            .map(|_shipment| ())
    }

    async fn call(
        &self,
        method: Method,
        path: &str,
        content: Option<&Value>,
    ) -> Result<Value, ShopError> {
        let what = format!("{method} {path}");
        let answer = self
            .outside()
            .outbound
            .send(Call {
                method,
                url: format!("{}{path}", self.service().public_url()?),
                headers: vec![
                    (
                        "authorization",
                        format!("Bearer {}", self.service().api_key),
                    ),
                    ("content-type", "application/json".to_owned()),
                ],
                body: content.map_or_else(Bytes::new, |content| Bytes::from(content.to_string())),
                deadline: PATIENCE,
            })
            .await?;
        if !matches!(answer.status, 200 | 201) {
            let body = String::from_utf8_lossy(&answer.body).into_owned();
            return Err(ShopError::Refused {
                what,
                status: answer.status,
                body,
            });
        }
        serde_json::from_slice(&answer.body).map_err(|error| ShopError::Unread {
            what,
            problem: error.to_string(),
        })
    }
}

/// Holds a number from an address against payfold's grammar.
fn named(order_no: &str) -> Result<&str, ShopError> {
    let letter = |byte: u8| byte.is_ascii_alphanumeric() || b"_-".contains(&byte);
    if (1..=64).contains(&order_no.len()) && order_no.bytes().all(letter) {
        Ok(order_no)
    } else {
        Err(ShopError::NoNumber(order_no.to_owned()))
    }
}

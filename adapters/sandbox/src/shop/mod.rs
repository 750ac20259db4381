//! The demo shop: one product, two ways to pay, and an order's page. It does what a real shop does
//! with payfold, and knows no more of it than its REST API.

mod payfold;

use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Form, Json, Router};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use self::payfold::ShopError;
use crate::beijing;
use crate::books::Gateway;
use crate::draw;
use crate::money::yuan;
use crate::page::page;
use crate::sandbox::Sandbox;

pub(crate) fn routes() -> Router<Sandbox> {
    Router::new()
        .route("/shop", get(window))
        .route("/shop/orders", post(buy))
        .route("/shop/orders/{order_no}", get(order))
        .route("/shop/orders/{order_no}/state", get(state))
        .route("/shop/orders/{order_no}/dispatch", post(dispatch))
}

/// What the shop sells.
const PRODUCT: &str = "青瓷茶具 Celadon tea set";
const PRICE_MINOR: u64 = 8_800;

#[derive(Template)]
#[template(path = "shop.html")]
struct WindowPage {
    product: &'static str,
    price: String,
}

#[derive(Template)]
#[template(path = "shop_order.html")]
struct OrderPage<'a> {
    order_no: &'a str,
    product: &'static str,
    price: String,
    now: Progress,
}

#[derive(Template)]
#[template(path = "shop_error.html")]
struct ErrorPage<'a> {
    problem: &'a str,
}

async fn window() -> Response {
    page(&WindowPage {
        product: PRODUCT,
        price: yuan(PRICE_MINOR),
    })
}

#[derive(Deserialize)]
struct Purchase {
    with: Gateway,
}

/// Places an order, starts its payment, and sends the buyer to the gateway.
async fn buy(State(sandbox): State<Sandbox>, Form(purchase): Form<Purchase>) -> Response {
    let lot = draw::hex(&sandbox.outside().entropy, 6);
    let order_no = format!("T{}{lot}", beijing::packed(sandbox.now()));
    match sandbox.checkout(&order_no, purchase.with).await {
        Ok(next) => Redirect::to(&next).into_response(),
        Err(error) => failed(&error),
    }
}

async fn order(State(sandbox): State<Sandbox>, Path(order_no): Path<String>) -> Response {
    match sandbox.order(&order_no).await {
        Ok(order) => page(&OrderPage {
            order_no: &order_no,
            product: PRODUCT,
            price: yuan(PRICE_MINOR),
            now: Progress::of(&order),
        }),
        Err(error) => failed(&error),
    }
}

async fn state(State(sandbox): State<Sandbox>, Path(order_no): Path<String>) -> Response {
    match sandbox.order(&order_no).await {
        Ok(order) => Json(Progress::of(&order)).into_response(),
        Err(error) => (StatusCode::BAD_GATEWAY, error.to_string()).into_response(),
    }
}

/// The shop's own people hand the parcel over.
async fn dispatch(State(sandbox): State<Sandbox>, Path(order_no): Path<String>) -> Response {
    match sandbox.hand_over(&order_no).await {
        Ok(()) => Redirect::to(&payfold::order_page(&order_no)).into_response(),
        Err(error) => failed(&error),
    }
}

fn failed(error: &ShopError) -> Response {
    let drawn = page(&ErrorPage {
        problem: &error.to_string(),
    });
    (StatusCode::BAD_GATEWAY, drawn).into_response()
}

/// How far an order has come, as the buyer sees it.
#[derive(Serialize)]
struct Progress {
    /// payfold's word for the order.
    status: String,
    paid: String,
    refunded: String,
    /// payfold's word for the shipment; empty where nothing ships yet.
    shipment: String,
    tracking_no: String,
    transaction_id: String,
}

impl Progress {
    fn of(order: &Value) -> Self {
        let text =
            |value: Option<&Value>| value.and_then(Value::as_str).unwrap_or_default().to_owned();
        let amount = |name: &str| yuan(order.get(name).and_then(Value::as_u64).unwrap_or(0));
        Self {
            status: text(order.get("status")),
            paid: amount("paid"),
            refunded: amount("refunded"),
            shipment: text(order.pointer("/shipment/status")),
            tracking_no: text(order.pointer("/shipment/parcels/0/tracking_no")),
            transaction_id: text(order.pointer("/payments/0/transaction_id")),
        }
    }

    /// Whether money came.
    fn is_paid(&self) -> bool {
        self.status == "paid"
    }

    /// Whether the parcel is on its way.
    fn has_left(&self) -> bool {
        matches!(self.shipment.as_str(), "dispatched" | "delivered")
    }
}

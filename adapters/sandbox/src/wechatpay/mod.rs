//! WeChat Pay's side of the wire: the API that merchants call, and the page on which a buyer's phone
//! is played.

mod answer;
mod auth;
mod native;
mod phone;
pub(crate) mod sign;

use axum::Router;
use axum::routing::{get, post};

use crate::sandbox::Sandbox;

pub(crate) fn routes() -> Router<Sandbox> {
    Router::new()
        .route("/v3/pay/transactions/native", post(native::order))
        .route("/v3/{*path}", axum::routing::any(answer::no_such_resource))
        .route("/wechatpay/qr", get(phone::show).post(phone::act))
}

//! WeChat Pay's side of the wire: the API that merchants call, and the page on which a buyer's phone
//! is played.

mod answer;
mod auth;
mod called;
mod certificates;
mod native;
mod phone;
mod refund;
pub(crate) mod sign;
mod transaction;

use axum::Router;
use axum::routing::{any, get, post};

use crate::sandbox::Sandbox;

pub(crate) fn routes() -> Router<Sandbox> {
    Router::new()
        .route("/v3/pay/transactions/native", post(native::order))
        .route(
            "/v3/pay/transactions/out-trade-no/{number}",
            get(transaction::query),
        )
        .route(
            "/v3/pay/transactions/out-trade-no/{number}/close",
            post(transaction::close),
        )
        .route(
            "/v3/pay/transactions/id/{transaction_id}",
            get(transaction::query_by_id),
        )
        .route("/v3/refund/domestic/refunds", post(refund::refund))
        .route(
            "/v3/refund/domestic/refunds/{refund_no}",
            get(refund::query),
        )
        .route("/v3/certificates", get(certificates::list))
        .route("/v3/{*path}", any(answer::no_such_resource))
        .route("/wechatpay/qr", get(phone::show).post(phone::act))
}

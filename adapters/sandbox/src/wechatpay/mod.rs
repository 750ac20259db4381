//! WeChat Pay's side of the wire: the API that merchants call, and the page on which a buyer's phone
//! is played.

mod answer;
mod auth;
mod bill;
mod called;
mod certificates;
mod documented;
mod invoke;
mod order;
mod phone;
pub(crate) mod platform;
mod refund;
pub(crate) mod sign;
mod transaction;
mod v2;

pub(crate) use self::invoke::Parameters;

use axum::Router;
use axum::routing::{any, get, post};

use crate::sandbox::Sandbox;

pub(crate) fn routes() -> Router<Sandbox> {
    Router::new()
        .route("/v3/pay/transactions/native", post(order::native))
        .route("/v3/pay/transactions/jsapi", post(order::jsapi))
        .route("/v3/pay/transactions/app", post(order::app))
        .route("/v3/pay/transactions/h5", post(order::h5))
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
        .route("/v3/refund/domestic/refunds/{number}", get(refund::query))
        .route(
            "/v3/refund/domestic/refunds/{number}/apply-abnormal-refund",
            post(refund::apply_abnormal),
        )
        .route("/v3/bill/tradebill", get(bill::trade_bill))
        .route("/v3/billdownload/file", get(bill::file))
        .route("/v3/certificates", get(certificates::list))
        .route("/v3/{*path}", any(answer::no_such_resource))
        .route("/pay/orderquery", post(v2::order_query))
        .route("/pay/{*path}", any(v2::not_offered))
        .route("/secapi/{*path}", any(v2::not_offered))
        .route("/wechatpay/qr", get(phone::show).post(phone::act))
        .route("/wechatpay/pay", get(phone::invoked).post(phone::act))
        .route(
            "/cgi-bin/mmpayweb-bin/checkmweb",
            get(phone::opened).post(phone::act),
        )
}

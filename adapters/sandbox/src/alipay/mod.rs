//! Alipay's side of the wire: the gateway that merchants' requests reach, and the cashier that
//! buyers see.

mod bill;
mod cancel;
mod cashier;
pub(crate) mod form;
mod gateway;
mod order;
pub(crate) mod renewal;
mod request;
mod trade;

use axum::Router;
use axum::routing::get;

use crate::sandbox::Sandbox;

pub(crate) fn routes() -> Router<Sandbox> {
    Router::new()
        .route("/gateway.do", get(gateway::by_query).post(gateway::by_form))
        .route("/downloadBillFile.resource", get(bill::file))
        .route("/alipay/qr/{code}", get(cashier::scan))
        .route("/alipay/cashier", get(cashier::show).post(cashier::act))
}

//! `POST /v1/orders/{order_no}/shipment/delivered`, `/hold` and `/release`: what a person says of a
//! shipment.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;

use super::dispatch::answer;
use crate::app::App;
use crate::http::body::JsonBody;
use crate::http::body::fields::line;
use crate::http::path::PathNames;
use crate::http::problem::Problem;

/// The shipment arrived.
pub(crate) async fn deliver_shipment(
    State(app): State<Arc<App>>,
    names: PathNames,
    body: JsonBody,
) -> Result<Response, Problem> {
    let order_no = names.order_no()?;
    body.read_if_any(|_, _| Some(()))?;
    answer(
        &app,
        &app.deliver_shipment(&order_no).await?,
        StatusCode::OK,
    )
}

/// A person holds the shipment.
pub(crate) async fn hold_shipment(
    State(app): State<Arc<App>>,
    names: PathNames,
    body: JsonBody,
) -> Result<Response, Problem> {
    let order_no = names.order_no()?;
    let reason = body.read(|fields, flaws| fields.required("reason", flaws, line(1, 256)))?;
    answer(
        &app,
        &app.hold_shipment(&order_no, Some(reason)).await?,
        StatusCode::OK,
    )
}

/// A person ends a person's hold.
pub(crate) async fn release_shipment(
    State(app): State<Arc<App>>,
    names: PathNames,
    body: JsonBody,
) -> Result<Response, Problem> {
    let order_no = names.order_no()?;
    body.read_if_any(|_, _| Some(()))?;
    answer(
        &app,
        &app.release_shipment(&order_no).await?,
        StatusCode::OK,
    )
}

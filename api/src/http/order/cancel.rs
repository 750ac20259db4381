//! `POST /v1/orders/{order_no}/cancel`: the shop wishes an order cancelled.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;

use super::answer::{Actions, order_answer};
use crate::app::{App, Freshness};
use crate::http::answer::{cursor_of, json_as_of};
use crate::http::body::JsonBody;
use crate::http::path::PathNames;
use crate::http::problem::Problem;

/// Cancels the order, once its open payments are closed.
pub(crate) async fn cancel_order(
    State(app): State<Arc<App>>,
    names: PathNames,
    body: JsonBody,
) -> Result<Response, Problem> {
    let order_no = names.order_no()?;
    body.read_if_any(|_, _| Some(()))?;
    let written = app.cancel(&order_no).await?;
    let shown = Actions::Shown(Freshness::AsStarted);
    let answer = order_answer(&app, &order_no, &written.order, shown).await?;
    Ok(json_as_of(
        StatusCode::OK,
        &answer,
        cursor_of(&app, &written.order),
    ))
}

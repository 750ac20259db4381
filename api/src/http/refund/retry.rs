//! `POST …/refunds/{refund_no}/retry`: a refund that needs action is asked for again.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;

use super::request::answer;
use crate::app::{App, Made, Written};
use crate::http::auth::Caller;
use crate::http::body::JsonBody;
use crate::http::path::PathNames;
use crate::http::problem::Problem;

/// Asks for the refund again, under the same number.
pub(crate) async fn retry_refund(
    State(app): State<Arc<App>>,
    caller: Caller,
    names: PathNames,
    body: JsonBody,
) -> Result<Response, Problem> {
    let order_no = names.order_no()?;
    let (payment, refund_no) = (names.payment()?, names.any_refund_no()?);
    body.read_if_any(|_, _| Some(()))?;
    let written = app
        .retry_refund(&order_no, payment.clone(), refund_no.clone(), caller.name())
        .await?;
    // Nothing is made by it: the refund was there.
    let written = Written {
        made: Made::There,
        ..written
    };
    answer(&app, &written, &payment, &refund_no)
}

//! `PUT …/payments/{account}/{out_trade_no}/refunds/{refund_no}`: money is to be given back.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;

use crate::app::{App, AppError, Written};
use crate::http::answer::{cursor_of, json_as_of, status_of};
use crate::http::body::fields::{integer, line};
use crate::http::body::{Fields, Flaws, JsonBody};
use crate::http::order::answer::placed;
use crate::http::order::place::MOST_MINOR;
use crate::http::path::PathNames;
use crate::http::payment::answer::RefundAnswer;
use crate::http::problem::Problem;
use payfold_domain::{PaymentRef, RefundNo};

/// Wishes a refund, or finds it wished.
pub(crate) async fn request_refund(
    State(app): State<Arc<App>>,
    names: PathNames,
    body: JsonBody,
) -> Result<Response, Problem> {
    let order_no = names.order_no()?;
    let (payment, refund_no) = (names.payment()?, names.refund_no()?);
    let (minor, reason) = body.read(read)?;
    let written = app
        .request_refund(&order_no, payment.clone(), refund_no.clone(), minor, reason)
        .await
        .map_err(|error| {
            if matches!(error, AppError::NumberTaken) {
                Problem::number_taken("/path/refund_no")
            } else {
                error.into()
            }
        })?;
    answer(&app, &written, &payment, &refund_no)
}

/// The refund as it stands after a write.
pub(super) fn answer(
    app: &App,
    written: &Written,
    payment: &PaymentRef,
    refund_no: &RefundNo,
) -> Result<Response, Problem> {
    let order = placed(&written.order)?;
    let refund = order
        .payment(payment)
        .and_then(|payment| payment.refund(refund_no));
    let refund = refund.ok_or_else(|| Problem::not_found("refund"))?;
    let as_of = cursor_of(app, &written.order);
    Ok(json_as_of(
        status_of(written.made),
        &RefundAnswer::from(refund),
        as_of,
    ))
}

fn read(fields: &mut Fields<'_>, flaws: &mut Flaws) -> Option<(i64, Option<String>)> {
    let minor = fields.required("minor", flaws, integer(1, MOST_MINOR));
    let reason = fields.optional("reason", flaws, line(1, 80));
    Some((minor?, reason?))
}

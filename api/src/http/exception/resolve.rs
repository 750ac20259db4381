//! `POST /v1/exceptions/{id}/resolve`: a person decides what becomes of money.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use payfold_domain::OrderNo;
use payfold_domain::exception::ResolutionAction;
use payfold_store::Position;
use serde_json::Value;

use super::answer::ExceptionAnswer;
use crate::app::{App, ResolveRequest};
use crate::http::answer::{cursor_at, json_as_of};
use crate::http::auth::Caller;
use crate::http::body::fields::{line, named, text};
use crate::http::body::{Fields, Flaws, JsonBody};
use crate::http::path::PathNames;
use crate::http::problem::Problem;

/// Decides the exception, or finds it decided so.
pub(crate) async fn resolve_exception(
    State(app): State<Arc<App>>,
    caller: Caller,
    names: PathNames,
    body: JsonBody,
) -> Result<Response, Problem> {
    let id = names.exception_id()?;
    let request = body.read(|fields, flaws| read(fields, flaws, caller.name()))?;
    let resolved = app.resolve_exception(&id, request).await?;
    let shown = app
        .exceptions_of(&resolved.stream, Position(u64::MAX))
        .await?;
    let shown = shown.into_iter().find(|shown| shown.exception.id == id);
    let shown = shown.ok_or_else(|| Problem::not_found("exception"))?;
    let as_of = cursor_at(&app, resolved.position).await?;
    Ok(json_as_of(
        StatusCode::OK,
        &ExceptionAnswer::from(shown),
        as_of,
    ))
}

fn read(fields: &mut Fields<'_>, flaws: &mut Flaws, key_name: &str) -> Option<ResolveRequest> {
    let actions = ResolutionAction::ALL
        .map(ResolutionAction::as_str)
        .join(", ");
    let action = fields.required("action", flaws, named(ResolutionAction::from_name, actions));
    let order_no = fields.optional("order_no", flaws, order_no);
    let note = fields.optional("note", flaws, line(1, 1000));
    Some(ResolveRequest {
        action: action?,
        order_no: order_no?,
        note: note?,
        key_name: key_name.to_owned(),
    })
}

fn order_no(value: Value) -> Result<OrderNo, String> {
    OrderNo::new(&text(value)?).map_err(|invalid| format!("must be {}", invalid.expected))
}

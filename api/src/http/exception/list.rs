//! `GET /v1/exceptions`: money that needs, or needed, a person, newest first.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use http::{HeaderMap, StatusCode};
use payfold_projections::{ExceptionStatus, View};

use super::answer::ExceptionAnswer;
use crate::app::App;
use crate::http::answer::{Items, cursor_as_of, cursor_at, json_as_of, position_of};
use crate::http::problem::Problem;
use crate::http::query::{Query, named};
use crate::http::view::{ask, caught_up};

/// Lists the exceptions.
pub(crate) async fn list_exceptions(
    State(app): State<Arc<App>>,
    mut query: Query,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let limit = query.limit();
    let after = query.take("after", |text| Ok(text.to_owned()));
    let status = named(ExceptionStatus::from_name, "open, resolved".to_owned());
    let status = query.take("status", status);
    let (limit, after, status) = query.finish((limit, after, status))?;
    let after = match after {
        Some(cursor) => Some(position_of(&app, &cursor).await?),
        None => None,
    };
    caught_up(&app, View::Exceptions, &headers).await?;
    let page = ask(&app, move |app| {
        app.views.exceptions.list(status, after, limit)
    })
    .await?;
    let mut streams = BTreeMap::new();
    let mut items = Vec::with_capacity(page.items.len());
    for row in &page.items {
        if !streams.contains_key(&row.stream) {
            let shown = app.exceptions_of(&row.stream, page.as_of.position).await?;
            streams.insert(&row.stream, shown);
        }
        let shown = streams.get(&row.stream).into_iter().flatten();
        let shown = shown.filter(|shown| shown.exception.id == row.id);
        items.extend(shown.take(1).cloned().map(ExceptionAnswer::from));
    }
    let next = match page.next {
        Some(position) => Some(cursor_at(&app, position).await?.to_string()),
        None => None,
    };
    let as_of = cursor_as_of(&app, &page.as_of);
    Ok(json_as_of(StatusCode::OK, &Items { items, next }, as_of))
}

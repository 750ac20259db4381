//! `GET /v1/orders`: the orders, newest first.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use http::{HeaderMap, StatusCode};
use payfold_projections::{ListedStatus, OrderFilter, View};

use super::answer::{Actions, order_answer};
use crate::app::App;
use crate::http::answer::{Items, cursor_as_of, cursor_at, json_as_of, position_of};
use crate::http::instant;
use crate::http::problem::Problem;
use crate::http::query::{Query, named};
use crate::http::view::{ask, caught_up};

/// Lists the orders.
pub(crate) async fn list_orders(
    State(app): State<Arc<App>>,
    mut query: Query,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let limit = query.limit();
    let after = query.take("after", |text| Ok(text.to_owned()));
    let filter = filter(&mut query);
    let (limit, after, filter) = query.finish((limit, after, filter))?;
    let after = match after {
        Some(cursor) => Some(position_of(&app, &cursor).await?),
        None => None,
    };
    caught_up(&app, View::Orders, &headers).await?;
    let page = ask(&app, move |app| {
        app.views.orders.list(&filter, after, limit)
    })
    .await?;
    let mut items = Vec::with_capacity(page.items.len());
    for listed in &page.items {
        // As the view has it, so that an item and the page it is on tell the same.
        if let Some(folded) = app.order_at(&listed.order_no, page.as_of.position).await? {
            items.push(order_answer(&app, &listed.order_no, &folded, Actions::LeftOut).await?);
        }
    }
    let next = match page.next {
        Some(position) => Some(cursor_at(&app, position).await?.to_string()),
        None => None,
    };
    let as_of = cursor_as_of(&app, &page.as_of);
    Ok(json_as_of(StatusCode::OK, &Items { items, next }, as_of))
}

fn filter(query: &mut Query) -> OrderFilter {
    let statuses = ListedStatus::ALL.map(ListedStatus::as_str).join(", ");
    OrderFilter {
        status: query.take("status", named(ListedStatus::from_name, statuses)),
        created_from: query.take("created_from", instant::read),
        created_to: query.take("created_to", instant::read),
    }
}

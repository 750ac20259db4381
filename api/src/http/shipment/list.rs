//! `GET /v1/shipments`: the shipments, newest first.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use http::{HeaderMap, StatusCode};
use payfold_domain::order::{Order, ShipmentStatus};
use payfold_projections::View;
use serde::Serialize;

use crate::app::App;
use crate::http::answer::{Items, cursor_as_of, cursor_at, json_as_of, position_of};
use crate::http::instant;
use crate::http::order::answer::ShipmentAnswer;
use crate::http::problem::Problem;
use crate::http::query::{Query, named};
use crate::http::view::{ask, caught_up};

/// Every status of a shipment.
const STATUSES: [ShipmentStatus; 5] = [
    ShipmentStatus::Requested,
    ShipmentStatus::Held,
    ShipmentStatus::Dispatched,
    ShipmentStatus::Delivered,
    ShipmentStatus::Cancelled,
];

/// A shipment and its order.
#[derive(Serialize)]
struct ListedAnswer {
    order_no: String,
    #[serde(flatten)]
    shipment: ShipmentAnswer,
    requested_at: String,
}

/// Lists the shipments.
pub(crate) async fn list_shipments(
    State(app): State<Arc<App>>,
    mut query: Query,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let limit = query.limit();
    let after = query.take("after", |text| Ok(text.to_owned()));
    let statuses = STATUSES.map(ShipmentStatus::as_str).join(", ");
    let status = query.take("status", named(status, statuses));
    let (limit, after, status) = query.finish((limit, after, status))?;
    let after = match after {
        Some(cursor) => Some(position_of(&app, &cursor).await?),
        None => None,
    };
    caught_up(&app, View::Shipments, &headers).await?;
    let page = ask(&app, move |app| {
        app.views.shipments.list(status, after, limit)
    })
    .await?;
    let mut items = Vec::with_capacity(page.items.len());
    for listed in &page.items {
        let folded = app.order_at(&listed.order_no, page.as_of.position).await?;
        let Some(Order::Placed(order)) = folded.map(|folded| folded.state) else {
            continue;
        };
        items.extend(order.shipment.as_ref().map(|shipment| ListedAnswer {
            order_no: order.order_no.to_string(),
            shipment: ShipmentAnswer::from(shipment),
            requested_at: instant::write(shipment.requested_at),
        }));
    }
    let next = match page.next {
        Some(position) => Some(cursor_at(&app, position).await?.to_string()),
        None => None,
    };
    let as_of = cursor_as_of(&app, &page.as_of);
    Ok(json_as_of(StatusCode::OK, &Items { items, next }, as_of))
}

fn status(name: &str) -> Option<ShipmentStatus> {
    STATUSES.into_iter().find(|status| status.as_str() == name)
}

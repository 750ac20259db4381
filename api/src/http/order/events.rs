//! `GET /v1/orders/{order_no}/events`: what happened to an order, and for an admin what it rests on.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::StatusCode;
use payfold_store::{Cursor, EvidenceMessage, Position, Recorded, cloud_event};
use serde::Serialize;
use serde_json::value::RawValue;

use crate::app::{App, Scope};
use crate::http::answer::{Items, json, position_of};
use crate::http::auth::Caller;
use crate::http::path::PathNames;
use crate::http::problem::{Kind, Problem};
use crate::http::query::{Query, named};

/// What an event shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shown {
    /// The form that it has everywhere.
    Public,
    /// Its private part and its evidence too.
    Everything,
}

/// The raw message that an event rests on.
#[derive(Serialize)]
struct EvidenceAnswer {
    body_base64: String,
    headers: Vec<(String, String)>,
    /// The fingerprint of the key that verified it, in hexadecimal digits.
    key: String,
}

/// Lists the order's events in their order.
pub(crate) async fn list_order_events(
    State(app): State<Arc<App>>,
    caller: Caller,
    names: PathNames,
    mut query: Query,
) -> Result<Response, Problem> {
    let order_no = names.order_no()?;
    let limit = query.limit();
    let after = query.take("after", |text| Ok(text.to_owned()));
    let shown = query.take("evidence", named(shown, "true, false".to_owned()));
    let (limit, after, shown) = query.finish((limit, after, shown.unwrap_or(Shown::Public)))?;
    if shown == Shown::Everything {
        caller.must_have(Scope::Admin)?;
    }
    let after = match after {
        Some(cursor) => position_of(&app, &cursor).await?,
        None => Position(0),
    };
    let events = app.order_events(&order_no).await?;
    if events.is_empty() {
        return Err(Problem::not_found("order"));
    }
    let from = events.partition_point(|event| event.position <= after);
    let wanted = events.get(from..).unwrap_or_default();
    let page = wanted.get(..limit).unwrap_or(wanted);
    let mut items = Vec::with_capacity(page.len());
    for event in page {
        items.push(written(&app, event, shown).await?);
    }
    let last = page.last().filter(|_| wanted.len() > page.len());
    let next = last.map(|event| Cursor::behind(app.store.id(), event).to_string());
    Ok(json(StatusCode::OK, &Items { items, next }))
}

fn shown(text: &str) -> Option<Shown> {
    match text {
        "true" => Some(Shown::Everything),
        "false" => Some(Shown::Public),
        _ => None,
    }
}

async fn written(app: &App, event: &Recorded, shown: Shown) -> Result<Box<RawValue>, Problem> {
    let cursor = Cursor::behind(app.store.id(), event).to_string();
    let mut json = Vec::from(cloud_event(event, &app.settings.public_url, &cursor)?);
    if shown == Shown::Everything {
        // The form everywhere ends with the object's brace; here two members more come before it.
        json.pop();
        json.extend_from_slice(b",\"private\":");
        json.extend_from_slice(&private(event));
        json.extend_from_slice(b",\"evidence\":");
        json.extend_from_slice(&evidence(app, event).await?);
        json.push(b'}');
    }
    serde_json::from_slice(&json).map_err(|error| unreadable(event, &error.to_string()))
}

/// The private part as it lies in the store; null where there is none, or it was dropped.
fn private(event: &Recorded) -> Bytes {
    let opening = event
        .private
        .as_ref()
        .and_then(|kept| kept.opening.as_ref());
    opening.map_or(Bytes::from_static(b"null"), |(_, bytes)| bytes.clone())
}

/// The evidence; null where there is none, or it was dropped.
async fn evidence(app: &App, event: &Recorded) -> Result<Bytes, Problem> {
    let Some(commitment) = event.evidence else {
        return Ok(Bytes::from_static(b"null"));
    };
    let stored = app.store.evidence(event.position, commitment).await?;
    let Some(stored) = stored else {
        return Ok(Bytes::from_static(b"null"));
    };
    let Some((_, bytes)) = stored.message.opening else {
        return Ok(Bytes::from_static(b"null"));
    };
    let message =
        EvidenceMessage::decode(&bytes).map_err(|error| unreadable(event, &error.to_string()))?;
    let answer = EvidenceAnswer {
        body_base64: STANDARD.encode(&message.body),
        headers: message.headers,
        key: stored
            .key
            .fingerprint
            .0
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect(),
    };
    let answer = serde_json::to_vec(&answer).map(Bytes::from);
    answer.map_err(|error| unreadable(event, &error.to_string()))
}

fn unreadable(event: &Recorded, problem: &str) -> Problem {
    tracing::error!(stream = %event.stream, version = event.version, problem, "an event cannot be shown");
    Problem::new(
        Kind::OrderCorrupt,
        "one of the order's events cannot be shown",
    )
}

//! `GET /v1/events`: a page of the feed, or the feed kept open where the caller accepts
//! `text/event-stream`.

use axum::extract::State;
use axum::response::Response;
use http::{HeaderMap, StatusCode, header};
use payfold_store::{Cursor, Position, Recorded, Scope, cloud_event};
use serde::Serialize;
use serde_json::value::RawValue;

use super::stream::open_stream;
use super::{Wanted, start};
use crate::app::App;
use crate::http::Site;
use crate::http::answer::{chosen_by_accept, cursor_at, json};
use crate::http::problem::{Kind, Problem};
use crate::http::query::Query;

/// How many events are looked at for one page, at most; a filter may leave most of them out.
const MOST_LOOKED_AT: usize = 5_000;

/// How many events are read at a time.
const STRETCH: usize = 500;

/// A page of the feed.
#[derive(Serialize)]
struct FeedPage {
    items: Vec<Box<RawValue>>,
    /// Where to go on; at the end, where to ask again later.
    next: String,
}

/// Reads the feed.
pub(crate) async fn read_feed(
    State(site): State<Site>,
    mut query: Query,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let limit = query.limit();
    let after = query.take("after", |text| Ok(text.to_owned()));
    let wanted = Wanted::take(&mut query);
    let (limit, after, wanted) = query.finish((limit, after, wanted))?;
    if wants_stream(&headers) {
        let position = start(&site.app, &headers, after).await?;
        return Ok(chosen_by_accept(open_stream(&site, position, wanted)));
    }
    let position = start(&site.app, &HeaderMap::new(), after).await?;
    let page = page(&site.app, position, &wanted, limit).await?;
    Ok(chosen_by_accept(json(StatusCode::OK, &page)))
}

fn wants_stream(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(header::ACCEPT).iter();
    let mut ranges = accepted
        .filter_map(|value| value.to_str().ok())
        .flat_map(|v| v.split(','));
    ranges.any(|range| {
        let media_type = range.split(';').next().unwrap_or_default();
        media_type.trim().eq_ignore_ascii_case("text/event-stream")
    })
}

async fn page(
    app: &App,
    after: Position,
    wanted: &Wanted,
    limit: usize,
) -> Result<FeedPage, Problem> {
    let mut items = Vec::new();
    let mut read_to = after;
    let mut looked_at = 0;
    while items.len() < limit && looked_at < MOST_LOOKED_AT {
        let stretch = match wanted {
            Wanted::All => limit - items.len(),
            Wanted::Named(_) => STRETCH,
        };
        let page = app.store.read(read_to, stretch, Scope::Public).await?;
        if page.read_to <= read_to {
            break;
        }
        looked_at += stretch;
        read_to = page.read_to;
        for event in page.events.iter().filter(|event| wanted.wants(&event.kind)) {
            items.push(item(app, event)?);
            if items.len() == limit {
                read_to = event.position;
                break;
            }
        }
    }
    let next = cursor_at(app, read_to).await?.to_string();
    Ok(FeedPage { items, next })
}

fn item(app: &App, event: &Recorded) -> Result<Box<RawValue>, Problem> {
    let cursor = Cursor::behind(app.store.id(), event).to_string();
    let json = cloud_event(event, &app.settings.public_url, &cursor)?;
    serde_json::from_slice(&json).map_err(|error| {
        tracing::error!(stream = %event.stream, version = event.version, %error, "an event is no JSON");
        Problem::new(Kind::Overloaded, "an event of the feed cannot be shown")
    })
}

//! Answers: JSON with the headers that go with it, and how far into the events it is true.

use axum::response::{IntoResponse, Response};
use http::{HeaderName, HeaderValue, StatusCode, header};
use payfold_projections::AsOf;
use payfold_store::{Cursor, Position};
use serde::Serialize;

use super::problem::{Kind, Problem};
use crate::app::{App, Folded, Made};

/// How far into the events an answer is true, or what to wait for to see a write.
pub(crate) const AS_OF: HeaderName = HeaderName::from_static("payfold-as-of");

/// A page of a list.
#[derive(Serialize)]
pub(crate) struct Items<T> {
    pub(crate) items: Vec<T>,
    /// Where to go on; null at the end of a list.
    pub(crate) next: Option<String>,
}

/// A JSON answer.
pub(crate) fn json(status: StatusCode, content: &impl Serialize) -> Response {
    match serde_json::to_vec(content) {
        Ok(body) => {
            let json = HeaderValue::from_static("application/json");
            (status, [(header::CONTENT_TYPE, json)], body).into_response()
        }
        Err(error) => {
            tracing::error!(%error, "an answer could not be written");
            Problem::new(Kind::Overloaded, "the answer could not be written").into_response()
        }
    }
}

/// A JSON answer that is true as of a cursor.
pub(crate) fn json_as_of(status: StatusCode, content: &impl Serialize, as_of: Cursor) -> Response {
    let mut response = json(status, content);
    // A cursor is of letters that a header takes.
    if let Ok(value) = HeaderValue::try_from(as_of.to_string()) {
        response.headers_mut().insert(AS_OF, value);
    }
    response
}

/// An answer whose form the caller's `Accept` chose, which caches must know.
pub(crate) fn chosen_by_accept(mut response: Response) -> Response {
    let accept = HeaderValue::from_static("accept");
    response.headers_mut().append(header::VARY, accept);
    response
}

/// 201 for what was made, 200 for what was there.
pub(crate) fn status_of(made: Made) -> StatusCode {
    match made {
        Made::New => StatusCode::CREATED,
        Made::There => StatusCode::OK,
    }
}

/// The cursor of a stream's last event.
pub(crate) fn cursor_of<A>(app: &App, folded: &Folded<A>) -> Cursor {
    Cursor::at(app.store.id(), folded.position, &folded.head.hash)
}

/// The cursor of the last event that a view had folded.
pub(crate) fn cursor_as_of(app: &App, as_of: &AsOf) -> Cursor {
    Cursor::at(app.store.id(), as_of.position, &as_of.hash)
}

/// The cursor of whatever event is at a position; the start where there is none.
pub(crate) async fn cursor_at(app: &App, position: Position) -> Result<Cursor, Problem> {
    let event = app.store.at(position).await?;
    let store = app.store.id();
    Ok(event.map_or(Cursor::start(store), |event| Cursor::behind(store, &event)))
}

/// The position that a caller's cursor names, after making sure that this store made it.
pub(crate) async fn position_of(app: &App, cursor: &str) -> Result<Position, Problem> {
    Ok(Cursor::parse(cursor)?.locate(&*app.store).await?)
}

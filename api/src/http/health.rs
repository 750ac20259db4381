//! `/healthz`, `/readyz` and `/metrics`: for those who run the service.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use payfold_projections::View;
use serde::Serialize;

use super::Site;
use super::answer::json;
use super::problem::{Kind, Problem};
use crate::app::App;
use crate::world::Phase;

/// How long the store may take to say that it can be written.
const PATIENCE: Duration = Duration::from_secs(2);

/// Prometheus' text format.
const METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Whether the service is ready, and why not.
#[derive(Serialize)]
struct ReadyAnswer {
    /// `ready` or `not_ready`.
    status: &'static str,
    /// `writable`, or why the store cannot be written.
    store: String,
    /// Events that each view has not folded yet; shown, not judged.
    views: BTreeMap<&'static str, ViewLag>,
}

#[derive(Serialize)]
struct ViewLag {
    behind: u64,
    rebuilding: bool,
}

/// The program answers.
pub(crate) async fn alive() -> Response {
    #[derive(Serialize)]
    struct Alive {
        status: &'static str,
    }
    json(StatusCode::OK, &Alive { status: "alive" })
}

/// The store can be written, and the program is not stopping.
pub(crate) async fn ready(State(app): State<Arc<App>>) -> Response {
    let probed = tokio::time::timeout(PATIENCE, app.store.probe()).await;
    let (status, store) = match (app.world.tasks.phase(), probed) {
        (Phase::Stopping, _) => (
            StatusCode::SERVICE_UNAVAILABLE,
            "the service is stopping".to_owned(),
        ),
        (Phase::Running, Ok(Ok(()))) => (StatusCode::OK, "writable".to_owned()),
        (Phase::Running, Ok(Err(error))) => {
            tracing::error!(%error, "the store cannot be written");
            (StatusCode::SERVICE_UNAVAILABLE, "not writable".to_owned())
        }
        (Phase::Running, Err(_)) => (
            StatusCode::SERVICE_UNAVAILABLE,
            "no answer in time".to_owned(),
        ),
    };
    let word = if status == StatusCode::OK {
        "ready"
    } else {
        "not_ready"
    };
    json(
        status,
        &ReadyAnswer {
            status: word,
            store,
            views: lags(&app),
        },
    )
}

fn lags(app: &App) -> BTreeMap<&'static str, ViewLag> {
    let tip = app.store.tip().borrow().0;
    let standing = app.views.standing();
    View::ALL
        .into_iter()
        .map(|view| {
            let stands = standing.of(view);
            let behind = tip.saturating_sub(stands.position.0);
            (
                view.as_str(),
                ViewLag {
                    behind,
                    rebuilding: stands.building.is_some(),
                },
            )
        })
        .collect()
}

/// What is counted, as Prometheus reads it.
pub(crate) async fn metrics(State(site): State<Site>) -> Response {
    match site.traffic.encode(&site.app) {
        Ok(text) => {
            let content_type = HeaderValue::from_static(METRICS);
            ([(header::CONTENT_TYPE, content_type)], text).into_response()
        }
        Err(error) => {
            tracing::error!(%error, "the metrics could not be written");
            Problem::new(Kind::Overloaded, "the metrics could not be written").into_response()
        }
    }
}

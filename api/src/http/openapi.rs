//! `/openapi.json`.

use axum::response::Response;
use http::StatusCode;

use super::answer::json;

pub(crate) async fn read_openapi() -> Response {
    json(StatusCode::OK, &serde_json::json!({}))
}

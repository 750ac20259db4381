//! `/docs`: the description of the routes as a page, out of files that the program carries.

use std::sync::Arc;

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use utoipa_swagger_ui::Config;

use super::path::PathNames;
use super::problem::Problem;

/// What the page may load: its own files alone. Its styles are partly inline.
const POLICY: &str = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Sends on to where the page's own files are found beside it.
pub(crate) async fn to_docs() -> Response {
    (
        StatusCode::PERMANENT_REDIRECT,
        [(header::LOCATION, HeaderValue::from_static("docs/"))],
    )
        .into_response()
}

/// Reads the page, or a file of it.
pub(crate) async fn read_docs(names: PathNames) -> Result<Response, Problem> {
    let file = names.text("file").unwrap_or_default();
    let config = Arc::new(Config::from("../openapi.json"));
    let found = utoipa_swagger_ui::serve(file, config).map_err(|error| {
        tracing::error!(%error, "a file of the page of the routes could not be read");
        Problem::not_found("file")
    })?;
    let found = found.ok_or_else(|| Problem::not_found("file"))?;
    let content_type = HeaderValue::try_from(found.content_type)
        .unwrap_or(HeaderValue::from_static("application/octet-stream"));
    let mut response = found.bytes.into_owned().into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, content_type);
    headers.insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(POLICY),
    );
    if found.gzpipped {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    Ok(response)
}

//! Pages for people.

use askama::Template;
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use fast_qr::convert::svg::SvgBuilder;
use fast_qr::qr::QRBuilder;

/// Draws a page.
pub(crate) fn page(template: &impl Template) -> Response {
    match template.render() {
        Ok(html) => ([(header::CACHE_CONTROL, "no-store")], Html(html)).into_response(),
        Err(error) => {
            tracing::error!(%error, "a page was not drawn");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// A QR code as SVG; nothing where the text is too long for one.
pub(crate) fn qr_code(text: &str) -> String {
    match QRBuilder::new(text).build() {
        Ok(code) => SvgBuilder::default().to_str(&code),
        Err(_too_long) => String::new(),
    }
}

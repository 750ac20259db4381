//! `POST /notify/{account}`: a gateway says something. The media type is not judged, and neither the
//! sender's address nor the `Host` header is trusted.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, StatusCode, header};

use crate::app::App;
use crate::http::body::Bounded;
use crate::http::path::PathNames;
use crate::http::problem::Problem;

/// Takes a notify in, and answers in the gateway's own form.
pub(crate) async fn take_notify(
    State(app): State<Arc<App>>,
    names: PathNames,
    headers: HeaderMap,
    Bounded(body): Bounded,
) -> Result<Response, Problem> {
    // A name outside the grammar is the name of no account.
    let name = names
        .account()
        .map_err(|_invalid| Problem::not_found("account"))?;
    let account = app.account(&name)?;
    let answer = app.notify(&account, &headers, body).await;
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::SERVICE_UNAVAILABLE);
    let mut response = (status, answer.body).into_response();
    response.headers_mut().remove(header::CONTENT_TYPE);
    if let Some(content_type) = answer.content_type {
        let content_type = HeaderValue::from_static(content_type);
        response
            .headers_mut()
            .insert(header::CONTENT_TYPE, content_type);
    }
    Ok(response)
}

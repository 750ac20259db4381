//! What is the same for every route: headers that keep browsers careful, the origins that may call
//! from a browser, and problem documents for what no route takes.

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};

use super::Site;
use super::problem::{Kind, Problem};
use super::traffic::Answering;
use crate::app::App;

/// What a browser may send from a listed origin.
const ALLOWED_METHODS: &str = "GET, PUT, POST";
const ALLOWED_HEADERS: &str = "authorization, content-type, if-none-match, last-event-id, \
                               payfold-min-as-of";
const EXPOSED_HEADERS: &str = "etag, payfold-as-of, retry-after, www-authenticate";

/// How long a browser may remember what it may send, in seconds.
const REMEMBERED_SECS: &str = "600";

/// A router with what every route shares.
pub(super) fn finish(routes: Router<Site>, site: &Site) -> Router {
    routes
        .fallback(no_such_route)
        .method_not_allowed_fallback(no_such_method)
        .layer(from_fn_with_state(site.clone(), around))
        .with_state(site.clone())
}

async fn no_such_route() -> Problem {
    Problem::not_found("route")
}

async fn no_such_method(method: Method) -> Problem {
    Problem::new(
        Kind::MethodNotAllowed,
        format!("the route does not take {method}"),
    )
}

/// What happens around every route. One layer does it all: each costs every request the same again.
async fn around(State(site): State<Site>, request: Request, next: Next) -> Response {
    let answering = Answering::begin(&request, site.app.world.now());
    let mut response = cors(&site.app, request, next).await;
    be_careful(response.headers_mut());
    let status = response.status();
    site.traffic.count(answering, status, site.app.world.now());
    response
}

/// Headers that every answer has, unless its route knows better.
fn be_careful(headers: &mut HeaderMap) {
    for (name, value) in [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "no-store"),
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; frame-ancestors 'none'",
        ),
    ] {
        headers
            .entry(name)
            .or_insert(HeaderValue::from_static(value));
    }
}

/// Lets pages of the listed origins call.
async fn cors(app: &App, request: Request, next: Next) -> Response {
    let listed = &app.settings.cors_origins;
    let origin = request.headers().get(header::ORIGIN).cloned();
    let origin = origin.filter(|origin| listed.iter().any(|listed| *origin == listed.as_str()));
    let Some(origin) = origin else {
        let mut response = next.run(request).await;
        if !listed.is_empty() {
            vary(response.headers_mut());
        }
        return response;
    };
    let asks_first = request.method() == Method::OPTIONS
        && request
            .headers()
            .contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
    let mut response = if asks_first {
        StatusCode::NO_CONTENT.into_response()
    } else {
        next.run(request).await
    };
    let headers = response.headers_mut();
    vary(headers);
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    let told: &[(HeaderName, &str)] = if asks_first {
        &[
            (header::ACCESS_CONTROL_ALLOW_METHODS, ALLOWED_METHODS),
            (header::ACCESS_CONTROL_ALLOW_HEADERS, ALLOWED_HEADERS),
            (header::ACCESS_CONTROL_MAX_AGE, REMEMBERED_SECS),
        ]
    } else {
        &[(header::ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED_HEADERS)]
    };
    for (name, value) in told {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

/// Answers differ by origin, which caches must know.
fn vary(headers: &mut HeaderMap) {
    headers.append(header::VARY, HeaderValue::from_static("origin"));
}

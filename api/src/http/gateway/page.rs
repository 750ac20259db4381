//! The page that a buyer sees where the shop named no address: what became of the order, brought up
//! to date by itself without a script; and the neutral page, which says nothing of any order.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderName, HeaderValue, StatusCode, header};
use payfold_domain::OrderNo;
use payfold_domain::order::{Order, OrderStatus};

use crate::app::App;
use crate::http::path::PathNames;

/// What a page may load: its own style, and nothing from anywhere.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; \
                      form-action 'none'; frame-ancestors 'none'";

/// The page of an order's result.
#[derive(Template)]
#[template(path = "result.html")]
struct ResultPage<'a> {
    order_no: &'a str,
    /// `paid`, `pending` or `closed`.
    status: &'static str,
    /// Where the page is brought up to date, while there is something to wait for.
    again: Option<String>,
}

/// The page that says nothing of any order.
#[derive(Template)]
#[template(path = "neutral.html")]
struct NeutralPage {}

/// `GET /result/{token}`: the result page again, by the order's read token.
pub(crate) async fn read_result(State(app): State<Arc<App>>, names: PathNames) -> Response {
    let order_no = names
        .text("token")
        .and_then(|token| app.tokens.read_token_order(token, app.world.now()));
    let Some(order_no) = order_no else {
        return neutral(StatusCode::OK);
    };
    match app
        .order(&order_no)
        .await
        .map(|folded| folded.map(|folded| folded.state))
    {
        Ok(Some(Order::Placed(order))) => result_page(&app, &order_no, order.status),
        Ok(Some(Order::Unplaced | Order::Corrupt(_)) | None) => neutral(StatusCode::OK),
        Err(error) => {
            tracing::error!(%error, "a result page could not be read");
            neutral(StatusCode::SERVICE_UNAVAILABLE)
        }
    }
}

/// The page of an order's result.
pub(super) fn result_page(app: &App, order_no: &OrderNo, status: OrderStatus) -> Response {
    let (status, again) = match status {
        OrderStatus::Open => {
            let token = app.tokens.read_token(order_no, app.world.now());
            ("pending", Some(format!("../result/{token}")))
        }
        OrderStatus::Paid => ("paid", None),
        OrderStatus::Cancelled | OrderStatus::Expired => ("closed", None),
    };
    page(
        StatusCode::OK,
        &ResultPage {
            order_no: order_no.as_str(),
            status,
            again,
        },
    )
}

/// The page that says nothing of any order.
pub(super) fn neutral(status: StatusCode) -> Response {
    page(status, &NeutralPage {})
}

fn page(status: StatusCode, template: &impl Template) -> Response {
    let html = template.render().unwrap_or_else(|error| {
        tracing::error!(%error, "a page could not be rendered");
        String::new()
    });
    let headers: [(HeaderName, HeaderValue); 4] = [
        (
            header::CONTENT_TYPE,
            HeaderValue::from_static("text/html; charset=utf-8"),
        ),
        (
            header::CONTENT_SECURITY_POLICY,
            HeaderValue::from_static(POLICY),
        ),
        (
            header::REFERRER_POLICY,
            HeaderValue::from_static("no-referrer"),
        ),
        (header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
    ];
    (status, headers, html).into_response()
}

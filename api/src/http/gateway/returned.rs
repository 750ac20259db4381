//! `GET /return/{account}`: the buyer's browser comes back. The buyer is sent on, or sees a page,
//! as soon as it is known what became of the order, and after 3 s in any case.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use payfold_domain::OrderNo;
use payfold_domain::command::Rejection;
use payfold_domain::order::{Order, OrderStatus};

use super::page::{neutral, result_page};
use crate::app::{App, AppError, Returned};
use crate::http::order::answer::told_to_buyers;
use crate::http::path::PathNames;
use crate::http::problem::Problem;

/// How long a buyer waits for the truth.
const PATIENCE: Duration = Duration::from_secs(3);

/// How long the last look at the order may take after that.
const LAST_LOOK: Duration = Duration::from_millis(200);

/// Takes a return in.
pub(crate) async fn take_return(
    State(app): State<Arc<App>>,
    names: PathNames,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let name = names
        .account()
        .map_err(|_invalid| Problem::not_found("account"))?;
    let account = app.account(&name)?;
    let query = query.unwrap_or_default();
    let answered = match app.observe_return(&account, query.as_bytes()).await {
        Ok(Returned::NotGenuine) => Ok(neutral(StatusCode::OK)),
        Ok(Returned::Genuine {
            order_no,
            version: _,
            return_url,
        }) => go_on(&app, &order_no, return_url).await,
        // Nobody can tell the buyer how that order stands, and a return proves too little to be kept.
        Err(AppError::Rejected(Rejection::OrderCorrupt)) => Ok(neutral(StatusCode::OK)),
        Err(error) => Err(error),
    };
    Ok(answered.unwrap_or_else(|error| {
        // A person is looking at it, whom a problem document tells nothing.
        tracing::error!(account = %account.name, %error, "a return could not be taken in");
        neutral(StatusCode::SERVICE_UNAVAILABLE)
    }))
}

async fn go_on(
    app: &Arc<App>,
    order_no: &OrderNo,
    return_url: Option<String>,
) -> Result<Response, AppError> {
    let Some(status) = truth(app, order_no).await? else {
        return Ok(neutral(StatusCode::OK));
    };
    let sent_on =
        return_url.and_then(|url| HeaderValue::try_from(with_answer(&url, order_no, status)).ok());
    Ok(match sent_on {
        Some(location) => (StatusCode::SEE_OTHER, [(header::LOCATION, location)]).into_response(),
        None => result_page(app, order_no, status),
    })
}

/// How the order stands once it is no longer open, or after 3 s; `None` where it cannot be read. While
/// it is open, the gateway is asked.
async fn truth(app: &Arc<App>, order_no: &OrderNo) -> Result<Option<OrderStatus>, AppError> {
    let decided = async {
        loop {
            let Some(folded) = app.order(order_no).await? else {
                return Ok(None);
            };
            let status = status_of(&folded.state);
            if status != Some(OrderStatus::Open) {
                return Ok(status);
            }
            let again = app.ask_for_waiters(&folded.state).unwrap_or(PATIENCE);
            app.order_changed(order_no, folded.head.version, again)
                .await?;
        }
    };
    tokio::select! {
        biased;
        decided = decided => return decided,
        () = tokio::time::sleep(PATIENCE) => {}
        () = app.world.tasks.stopping() => {}
    }
    // Another node may have heard of it meanwhile, which wakes nobody here.
    match tokio::time::timeout(LAST_LOOK, app.order(order_no)).await {
        Ok(order) => Ok(order?.and_then(|folded| status_of(&folded.state))),
        Err(_elapsed) => Ok(Some(OrderStatus::Open)),
    }
}

/// How an order stands, where it can be read.
fn status_of(order: &Order) -> Option<OrderStatus> {
    match order {
        Order::Placed(order) => Some(order.status),
        Order::Unplaced | Order::Corrupt(_) => None,
    }
}

/// The shop's address with the order's name and status added to its query.
fn with_answer(url: &str, order_no: &OrderNo, status: OrderStatus) -> String {
    let joint = match url.find('?') {
        None => "?",
        Some(at) if at + 1 == url.len() || url.ends_with('&') => "",
        Some(_) => "&",
    };
    format!(
        "{url}{joint}order_no={order_no}&status={}",
        told_to_buyers(status)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answer_is_added_to_whatever_query_there_is() {
        let order_no = OrderNo::new("A-1").unwrap();
        for (url, whole) in [
            (
                "https://s.example/r",
                "https://s.example/r?order_no=A-1&status=paid",
            ),
            (
                "https://s.example/r?",
                "https://s.example/r?order_no=A-1&status=paid",
            ),
            (
                "https://s.example/r?a=b",
                "https://s.example/r?a=b&order_no=A-1&status=paid",
            ),
            (
                "https://s.example/r?a=b&",
                "https://s.example/r?a=b&order_no=A-1&status=paid",
            ),
        ] {
            assert_eq!(with_answer(url, &order_no, OrderStatus::Paid), whole);
        }
    }
}

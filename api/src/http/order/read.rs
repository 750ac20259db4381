//! `GET /v1/orders/{order_no}`: the order as its events tell it, now, when it changes, or as it stood.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use payfold_domain::OrderNo;
use payfold_domain::order::Order;

use super::answer::{Actions, order_answer, placed, restricted};
use crate::app::{App, Folded, Freshness};
use crate::http::answer::{json, position_of};
use crate::http::auth::{Caller, other_route};
use crate::http::path::PathNames;
use crate::http::problem::Problem;
use crate::http::query::{Query, number};
use crate::world::Phase;

/// The longest that an answer is held, in seconds.
const LONGEST_WAIT: usize = 30;

/// How often the gateways are asked for somebody who waits.
const ASKED_AGAIN: Duration = Duration::from_secs(5);

/// Reads the order.
pub(crate) async fn read_order(
    State(app): State<Arc<App>>,
    caller: Caller,
    names: PathNames,
    mut query: Query,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let order_no = names.order_no()?;
    if matches!(&caller, Caller::Reader(own) if *own != order_no) {
        return Err(other_route());
    }
    let wait = query.take("wait", number(0, LONGEST_WAIT)).unwrap_or(0);
    let at = query.take("at", |text| Ok(text.to_owned()));
    let (wait, at) = query.finish((wait, at))?;
    let folded = match at {
        Some(cursor) => {
            app.order_at(&order_no, position_of(&app, &cursor).await?)
                .await?
        }
        None => changed(&app, &order_no, &headers, wait).await?,
    };
    let folded = folded.ok_or_else(|| Problem::not_found("order"))?;
    let mut response = if is_known(&headers, &folded) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        shown(&app, &caller, &order_no, &folded).await?
    };
    if let Ok(tag) = HeaderValue::try_from(tag(&folded)) {
        response.headers_mut().insert(header::ETAG, tag);
    }
    Ok(response)
}

async fn shown(
    app: &App,
    caller: &Caller,
    order_no: &OrderNo,
    folded: &Folded<Order>,
) -> Result<Response, Problem> {
    match caller {
        Caller::Key { .. } => {
            let actions = Actions::Shown(Freshness::AsStarted);
            let answer = order_answer(app, order_no, folded, actions).await?;
            Ok(json(StatusCode::OK, &answer))
        }
        Caller::Reader(_) => Ok(json(
            StatusCode::OK,
            &restricted(app, placed(folded)?).await?,
        )),
    }
}

/// The order now; where the caller knows that version already, once it has changed or the wait is over.
/// Who waits for an open order has its payments asked about meanwhile.
async fn changed(
    app: &Arc<App>,
    order_no: &OrderNo,
    headers: &HeaderMap,
    wait: usize,
) -> Result<Option<Folded<Order>>, Problem> {
    let mut left = Duration::from_secs(u64::try_from(wait).unwrap_or_default());
    let mut folded = app.order(order_no).await?;
    while let Some(known) = folded.as_ref().filter(|folded| is_known(headers, folded)) {
        if left.is_zero() || app.world.tasks.phase() == Phase::Stopping {
            break;
        }
        let again = app.ask_for_waiters(&known.state).unwrap_or(ASKED_AGAIN);
        let stretch = left.min(again);
        app.order_changed(order_no, known.head.version, stretch)
            .await?;
        left = left.saturating_sub(stretch);
        folded = app.order(order_no).await?;
    }
    Ok(folded)
}

/// The ETag: the order's version.
fn tag(folded: &Folded<Order>) -> String {
    format!("\"{}\"", folded.head.version)
}

/// Whether `If-None-Match` names the order's version.
fn is_known(headers: &HeaderMap, folded: &Folded<Order>) -> bool {
    let tag = tag(folded);
    headers
        .get_all(header::IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(|known| known.trim())
        .any(|known| known == "*" || known.strip_prefix("W/").unwrap_or(known) == tag)
}

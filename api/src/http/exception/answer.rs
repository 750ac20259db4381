//! An exception as callers see it.

use payfold_domain::exception::{ResolutionAction, Resolver};
use payfold_domain::order::{PlacedOrder, Resolution, StatedMoney};
use serde::Serialize;

use crate::app::{App, ShownException};
use crate::http::instant;

/// An exception.
#[derive(Serialize)]
pub(crate) struct ExceptionAnswer {
    id: String,
    kind: &'static str,
    status: &'static str,
    order_no: Option<String>,
    account: String,
    out_trade_no: String,
    transaction_id: Option<String>,
    refund_no: Option<String>,
    expected: Option<StatedAnswer>,
    received: Option<StatedAnswer>,
    opened_at: String,
    actions: Vec<&'static str>,
    resolution: Option<ResolutionAnswer>,
}

/// An amount as one side states it.
#[derive(Serialize)]
struct StatedAnswer {
    currency: String,
    minor: i64,
    app_id: Option<String>,
}

/// What was decided.
#[derive(Serialize)]
struct ResolutionAnswer {
    action: &'static str,
    /// `policy`, `key` or `events`.
    by: &'static str,
    /// The name of the key, where a caller decided.
    key: Option<String>,
    at: String,
    order_no: Option<String>,
    note: Option<String>,
}

/// The exceptions of an order, with what may be decided about each.
pub(crate) fn of_order(app: &App, order: &PlacedOrder) -> Vec<ExceptionAnswer> {
    order
        .exceptions
        .iter()
        .map(|exception| {
            let actions = order.offered_actions(exception, app.capability_of(exception));
            let order_no = Some(order.order_no.clone());
            ShownException {
                exception: exception.clone(),
                order_no,
                actions,
            }
            .into()
        })
        .collect()
}

impl From<ShownException> for ExceptionAnswer {
    fn from(shown: ShownException) -> Self {
        let ShownException {
            exception,
            order_no,
            actions,
        } = shown;
        let status = match exception.resolution {
            None => "open",
            Some(_) => "resolved",
        };
        Self {
            id: exception.id.to_string(),
            kind: exception.kind.as_str(),
            status,
            order_no: order_no.map(|order_no| order_no.to_string()),
            account: exception.payment.account.to_string(),
            out_trade_no: exception.payment.out_trade_no.to_string(),
            transaction_id: exception.transaction_id.map(|id| id.to_string()),
            refund_no: exception.refund_no.map(|refund_no| refund_no.to_string()),
            expected: exception.expected.map(StatedAnswer::from),
            received: exception.received.map(StatedAnswer::from),
            opened_at: instant::write(exception.opened_at),
            actions: actions.into_iter().map(ResolutionAction::as_str).collect(),
            resolution: exception.resolution.map(ResolutionAnswer::from),
        }
    }
}

impl From<StatedMoney> for StatedAnswer {
    fn from(stated: StatedMoney) -> Self {
        Self {
            currency: stated.amount.currency.as_str().to_owned(),
            minor: stated.amount.minor,
            app_id: stated.app_id.map(|app_id| app_id.to_string()),
        }
    }
}

impl From<Resolution> for ResolutionAnswer {
    fn from(resolution: Resolution) -> Self {
        let (by, key) = match resolution.by {
            Resolver::Policy => ("policy", None),
            Resolver::Key(name) => ("key", Some(name)),
            Resolver::Events => ("events", None),
        };
        Self {
            action: resolution.action.as_str(),
            by,
            key,
            at: instant::write(resolution.at),
            order_no: resolution.order_no.map(|order_no| order_no.to_string()),
            note: resolution.note,
        }
    }
}

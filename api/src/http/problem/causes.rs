//! What a problem is told of what went wrong: the caller hears what it can act on, the operator's log
//! the rest.

use payfold_domain::command::Rejection;
use payfold_projections::ViewError;
use payfold_store::{CursorError, StoreError};

use super::{Kind, Problem};
use crate::app::AppError;
use crate::world::WorkLost;

impl From<AppError> for Problem {
    fn from(error: AppError) -> Self {
        match error {
            AppError::Rejected(rejection) => rejection.into(),
            AppError::UnknownAccount => Self::not_found("account"),
            AppError::MethodNotOffered { offered } => {
                let names: Vec<&str> = offered.iter().map(|method| method.as_str()).collect();
                let reason = format!("the account offers {}", names.join(", "));
                Self::flaw("/method", reason)
            }
            AppError::NumberTaken => Self::number_taken("/path/out_trade_no"),
            AppError::Contended => Self::new(Kind::Overloaded, error.to_string()),
            AppError::Store(error) => error.into(),
            AppError::Unencodable(error) => {
                tracing::error!(%error, "an event could not be written");
                Self::new(Kind::Overloaded, "what was decided could not be stored")
            }
            AppError::Cursor(error) => error.into(),
            AppError::Evidence(error) => {
                tracing::error!(%error, "stored evidence cannot be read");
                Self::new(Kind::OrderCorrupt, "what the events rest on cannot be read")
            }
            AppError::View(error) => error.into(),
            AppError::ViewBehind => Self::new(Kind::Behind, error.to_string()),
            AppError::GatewayRefused { code, message }
            | AppError::GatewayRefusedForNow { code, message } => {
                let detail = format!("the gateway refused: {code}");
                let mut problem = Self::new(Kind::GatewayRefused, detail);
                problem.0.gateway = Some((code, message));
                problem
            }
            AppError::GatewayUnknown(problem) | AppError::GatewayUndecided(problem) => {
                tracing::warn!(problem, "a call of a gateway has no known end");
                Self::new(
                    Kind::GatewayUnknown,
                    "what became of the call at the gateway is not known",
                )
            }
            AppError::GatewayNotAsked(_) => Self::new(Kind::Overloaded, error.to_string()),
            AppError::Signing(problem) => {
                tracing::error!(problem, "a request to a gateway could not be signed");
                Self::new(
                    Kind::Overloaded,
                    "the request to the gateway could not be signed",
                )
            }
            AppError::WorkLost(lost) => lost.into(),
        }
    }
}

impl From<Rejection> for Problem {
    fn from(rejection: Rejection) -> Self {
        let kind = match rejection {
            Rejection::NoSuchOrder
            | Rejection::NoSuchPayment
            | Rejection::NoSuchRefund
            | Rejection::NoSuchException => Kind::NotFound,
            Rejection::Conflict(differences) => return Self::conflict(differences),
            Rejection::RefundNoTaken => return Self::refunded_elsewhere(),
            Rejection::RefundTooMuch { left_minor } => {
                let mut problem = Self::new(Kind::RefundTooMuch, rejection.to_string());
                problem.0.left_minor = Some(left_minor);
                return problem;
            }
            Rejection::ActionNotOffered { offered } => {
                let names: Vec<&str> = offered.iter().map(|action| action.as_str()).collect();
                return Self::flaw("/action", format!("what is offered: {}", names.join(", ")));
            }
            Rejection::OrderNoMissing | Rejection::OrderNoUnwanted => {
                return Self::flaw("/order_no", rejection.to_string());
            }
            Rejection::OrderCorrupt => Kind::OrderCorrupt,
            Rejection::AccountReceivesOnly => Kind::AccountReceivesOnly,
            Rejection::OrderPaid => Kind::OrderPaid,
            Rejection::OrderCancelled => Kind::OrderCancelled,
            Rejection::OrderExpired => Kind::OrderExpired,
            Rejection::PaymentsStillOpen => Kind::Overloaded,
            Rejection::Held => Kind::Held,
            Rejection::RefundsClosed => Kind::RefundsClosed,
            Rejection::ShipmentNotRequested => Kind::ShipmentNotRequested,
            Rejection::ShipmentHeld => Kind::ShipmentHeld,
            Rejection::ShipmentCancelled => Kind::ShipmentCancelled,
            Rejection::ShipmentDispatched => Kind::ShipmentDispatched,
            Rejection::ShipmentNotDispatched => Kind::ShipmentNotDispatched,
        };
        Self::new(kind, rejection.to_string())
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Overloaded => Self::new(Kind::Overloaded, "the store's queue is full"),
            StoreError::Unavailable(_) | StoreError::Damaged { .. } => {
                tracing::error!(%error, "the store could not answer");
                Self::new(Kind::Overloaded, "the store cannot answer now")
            }
        }
    }
}

impl From<CursorError> for Problem {
    fn from(error: CursorError) -> Self {
        match error {
            CursorError::Store(error) => error.into(),
            CursorError::Malformed | CursorError::Foreign | CursorError::Unknown => {
                Self::new(Kind::CursorUnknown, error.to_string())
            }
        }
    }
}

impl From<ViewError> for Problem {
    fn from(error: ViewError) -> Self {
        tracing::error!(%error, "a view could not be read");
        Self::new(Kind::Overloaded, "the view cannot be read now")
    }
}

impl From<WorkLost> for Problem {
    fn from(lost: WorkLost) -> Self {
        Self::new(Kind::Overloaded, lost.to_string())
    }
}

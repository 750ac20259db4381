//! Errors of the sandbox's own routes, as problem documents (RFC 9457).

use axum::Json;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::till::Refused;

/// An answer that says what was wrong.
pub(crate) struct Problem {
    status: StatusCode,
    title: &'static str,
    detail: String,
}

impl Problem {
    /// A request that cannot be carried out as it stands.
    pub(crate) fn invalid(detail: impl ToString) -> Self {
        Self {
            status: StatusCode::UNPROCESSABLE_ENTITY,
            title: "This cannot be done",
            detail: detail.to_string(),
        }
    }

    /// Something that went wrong here.
    pub(crate) fn internal(detail: impl ToString) -> Self {
        Self {
            status: StatusCode::INTERNAL_SERVER_ERROR,
            title: "The sandbox failed",
            detail: detail.to_string(),
        }
    }
}

impl From<Refused> for Problem {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Unwritten(_) => Self::internal(refused),
            Refused::Unknown { .. }
            | Refused::Paid { .. }
            | Refused::NotPaid { .. }
            | Refused::Closed { .. }
            | Refused::Finished { .. }
            | Refused::Balance { .. }
            | Refused::NoRefund { .. }
            | Refused::NotAbnormal { .. }
            | Refused::Expired { .. }
            | Refused::TooMuch { .. }
            | Refused::OtherRefund { .. }
            | Refused::OtherTrade { .. }
            | Refused::NoAmount { .. }
            | Refused::NoNumber
            | Refused::NoAddress(_) => Self::invalid(refused),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = json!({
            "type": "about:blank",
            "title": self.title,
            "status": self.status.as_u16(),
            "detail": self.detail,
        });
        let media_type = [(header::CONTENT_TYPE, "application/problem+json")];
        (self.status, media_type, Json(body)).into_response()
    }
}

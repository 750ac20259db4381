//! Why the application could not do what a caller asked for. It becomes a problem document, or a
//! gateway's failure form, at the last step.

use payfold_domain::Method;
use payfold_domain::command::Rejection;
use payfold_projections::ViewError;
use payfold_store::{CursorError, EncodeError, EvidenceError, StoreError};

use crate::world::WorkLost;

/// Why the application could not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// The order may not do that.
    #[error(transparent)]
    Rejected(#[from] Rejection),
    /// There is no account of that name.
    #[error("there is no account of that name")]
    UnknownAccount,
    /// The account does not offer that method.
    #[error("the account does not offer that method")]
    MethodNotOffered {
        /// What it offers.
        offered: Vec<Method>,
    },
    /// The number belongs to another order.
    #[error("the number belongs to another order")]
    NumberTaken,
    /// Other writers were faster until the deadline.
    #[error("other writers were faster for 2 s")]
    Contended,
    /// The store could not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// An event cannot be written as bytes.
    #[error(transparent)]
    Unencodable(#[from] EncodeError),
    /// The cursor is not one of this store's.
    #[error(transparent)]
    Cursor(CursorError),
    /// A stored message cannot be read.
    #[error(transparent)]
    Evidence(EvidenceError),
    /// A view could not be read.
    #[error(transparent)]
    View(#[from] ViewError),
    /// The view has not come as far as was asked for in time.
    #[error("the view has not come as far as was asked for in time")]
    ViewBehind,
    /// The gateway refused.
    #[error("the gateway refused: {code}")]
    GatewayRefused {
        /// The gateway's error code.
        code: String,
        /// The gateway's words, for the caller alone: they may quote the request, and the buyer in it.
        message: String,
    },
    /// The gateway refused, and may do otherwise once a person has acted; or nobody signed that it did.
    #[error("the gateway refuses for now: {code}")]
    GatewayRefusedForNow {
        /// The gateway's error code.
        code: String,
        /// As above.
        message: String,
    },
    /// The gateway answered, and does not say what became of the call: it may have been called too often.
    #[error("the gateway does not say what became of the call: {0}")]
    GatewayUndecided(String),
    /// What became of the call at the gateway is not known.
    #[error("what became of the call at the gateway is not known: {0}")]
    GatewayUnknown(String),
    /// The gateway was not asked at all; the reason.
    #[error("the gateway was not asked: {0}")]
    GatewayNotAsked(&'static str),
    /// A signature could not be made here.
    #[error("signing for the gateway: {0}")]
    Signing(String),
    /// Work was lost to the program's end.
    #[error(transparent)]
    WorkLost(#[from] WorkLost),
}

impl AppError {
    /// Whether the gateway answered, whatever it said: asked sooner than usual, it would say the same.
    pub(crate) fn is_answer(&self) -> bool {
        matches!(
            self,
            Self::GatewayRefused { .. }
                | Self::GatewayRefusedForNow { .. }
                | Self::GatewayUndecided(_)
        )
    }

    /// Whether a call of a gateway came to no end and may do so later: nobody refused it.
    pub(crate) fn may_pass(&self) -> bool {
        matches!(
            self,
            Self::GatewayUnknown(_) | Self::GatewayUndecided(_) | Self::GatewayNotAsked(_)
        )
    }
}

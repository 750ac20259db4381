//! What a shop was told of a trade, and what it said to that.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::notify::Writing;

/// What a notify is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum About {
    Payment,
    /// The refund of this number.
    Refund(String),
}

/// One sending of a notify.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Sending {
    pub(crate) at: DateTime<Utc>,
    pub(crate) about: About,
    pub(crate) writing: Writing,
    pub(crate) outcome: Outcome,
}

/// What became of a sending.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Outcome {
    /// A fault lost it on the way.
    Lost,
    /// The shop accepted it, with this status.
    Accepted(u16),
    /// The shop answered something else, with this status.
    Refused(u16),
    /// No answer came.
    Unreached(String),
    /// It could not be written.
    Unwritten(String),
}

impl Sending {
    /// Whether the shop got the message that it was to get, or one that looks like it.
    pub(crate) fn is_notify(&self) -> bool {
        self.writing != Writing::Probe && self.outcome != Outcome::Lost
    }

    /// Whether the shop accepted it.
    pub(crate) fn is_accepted(&self) -> bool {
        matches!(self.outcome, Outcome::Accepted(_))
    }
}

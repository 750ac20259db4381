//! Money that was asked back, and how far it has come.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::notify::Via;

/// Money that was asked back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Refund {
    pub(crate) refund_no: String,
    /// The gateway's own number.
    pub(crate) refund_id: String,
    pub(crate) minor: u64,
    pub(crate) asked: DateTime<Utc>,
    pub(crate) progress: Progress,
    /// Who is told of it, if anybody.
    pub(crate) notify_url: Option<String>,
    pub(crate) via: Via,
}

/// How far a refund has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Progress {
    /// On its way until then, by the sandbox's own clock.
    Processing(DateTime<Utc>, End),
    Ended(DateTime<Utc>, End),
}

/// How a refund ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum End {
    Success,
    /// The buyer's bank refused it; somebody has to act.
    Abnormal,
    /// It will not be.
    Closed,
}

impl Refund {
    /// Whether the money is back with the buyer.
    pub(crate) fn is_back(&self) -> bool {
        matches!(self.progress, Progress::Ended(_, End::Success))
    }

    /// Whether it has no end yet.
    pub(crate) fn is_on_its_way(&self) -> bool {
        matches!(self.progress, Progress::Processing(..))
    }

    /// Whether its amount can be asked back once more.
    pub(crate) fn is_off(&self) -> bool {
        matches!(self.progress, Progress::Ended(_, End::Closed))
    }

    /// When it ended, or else when it was asked for.
    pub(crate) fn at(&self) -> DateTime<Utc> {
        match self.progress {
            Progress::Processing(..) => self.asked,
            Progress::Ended(at, _) => at,
        }
    }

    /// Its state in WeChat Pay's word.
    pub(crate) fn state(&self) -> &'static str {
        match self.progress {
            Progress::Processing(..) => "PROCESSING",
            Progress::Ended(_, End::Success) => "SUCCESS",
            Progress::Ended(_, End::Abnormal) => "ABNORMAL",
            Progress::Ended(_, End::Closed) => "CLOSED",
        }
    }

    /// Ends it where its time has come by the sandbox's own clock; whether it did.
    pub(super) fn end(&mut self, on_schedule: DateTime<Utc>, now: DateTime<Utc>) -> bool {
        match self.progress {
            Progress::Processing(until, end) if until <= on_schedule => {
                self.progress = Progress::Ended(now, end);
                true
            }
            Progress::Processing(..) | Progress::Ended(..) => false,
        }
    }
}

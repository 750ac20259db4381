//! What goes over the control socket.

use serde::{Deserialize, Serialize};

/// What a command asks of the service.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Request {
    /// Build these views again; all where none is named.
    Rebuild {
        /// Their names.
        views: Vec<String>,
    },
    /// Translate the stored messages again.
    Reread {
        /// After which cursor.
        since: String,
        /// Whether to change nothing.
        mode: Mode,
    },
    /// Reconcile a bill, whose bytes follow the request.
    ImportBill {
        /// The account's name.
        account: String,
        /// Whether to change nothing.
        mode: Mode,
        /// How many bytes it has.
        bytes: u64,
    },
}

impl Request {
    /// How many bytes follow it, where it is about a file.
    pub(super) fn attached(&self) -> Option<u64> {
        match self {
            Self::Rebuild { .. } | Self::Reread { .. } => None,
            Self::ImportBill { bytes, .. } => Some(*bytes),
        }
    }
}

/// Whether a command changes anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// It does.
    Apply,
    /// It only says what it would do.
    DryRun,
}

/// What the service answers.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Reply {
    /// How far it has come.
    Progress(String),
    /// It is done; the line is the result.
    Done(String),
    /// It could not be done.
    Failed(String),
}

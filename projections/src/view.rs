//! Which views there are. What each of them keeps and how it folds an event is told in its own file.

use rusqlite::Transaction;

use crate::feed::Fed;
use crate::{daily_report, exceptions, open_work, orders, shipments};

/// A view.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum View {
    /// The orders, by their status and time.
    Orders,
    /// The shipments, by their status.
    Shipments,
    /// Sums by day, account and method.
    DailyReport,
    /// Money that needs, or needed, a person.
    Exceptions,
    /// What is due: what jobs and a quick start read.
    OpenWork,
}

impl View {
    /// Every view.
    pub const ALL: [Self; 5] = [
        Self::Orders,
        Self::Shipments,
        Self::DailyReport,
        Self::Exceptions,
        Self::OpenWork,
    ];

    /// The view's name, in commands and in the names of its files.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Orders => "orders",
            Self::Shipments => "shipments",
            Self::DailyReport => "daily_report",
            Self::Exceptions => "exceptions",
            Self::OpenWork => "open_work",
        }
    }

    /// The view of that name, if there is one.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|view| view.as_str() == name)
    }

    /// The version of the tables and of what is folded into them; a file of another one is rebuilt.
    pub(crate) fn format(self) -> i64 {
        match self {
            Self::Orders => orders::FORMAT,
            Self::Shipments => shipments::FORMAT,
            Self::DailyReport => daily_report::FORMAT,
            Self::Exceptions => exceptions::FORMAT,
            Self::OpenWork => open_work::FORMAT,
        }
    }

    /// The tables, as SQL.
    pub(crate) fn tables(self) -> &'static str {
        match self {
            Self::Orders => orders::TABLES,
            Self::Shipments => shipments::TABLES,
            Self::DailyReport => daily_report::TABLES,
            Self::Exceptions => exceptions::TABLES,
            Self::OpenWork => open_work::TABLES,
        }
    }

    /// Folds a stretch of the feed into the tables.
    pub(crate) fn apply(self, tx: &Transaction<'_>, events: &[Fed<'_>]) -> rusqlite::Result<()> {
        match self {
            Self::Orders => orders::apply(tx, events),
            Self::Shipments => shipments::apply(tx, events),
            Self::DailyReport => daily_report::apply(tx, events),
            Self::Exceptions => exceptions::apply(tx, events),
            Self::OpenWork => open_work::apply(tx, events),
        }
    }
}

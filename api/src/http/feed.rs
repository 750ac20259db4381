//! The feed: every event in one total order, by pages or kept open, through one ring of recent events
//! that all readers share.

pub(crate) mod page;
pub(crate) mod ring;
pub(crate) mod stream;

use std::collections::BTreeSet;

use http::HeaderMap;
use payfold_store::{Position, schema};

use super::answer::position_of;
use super::problem::Problem;
use super::query::Query;
use crate::app::App;

/// Which events a reader wants.
#[derive(Debug, Clone)]
pub(crate) enum Wanted {
    /// All of them.
    All,
    /// Those of these names.
    Named(BTreeSet<String>),
}

impl Wanted {
    /// Whether an event of that name is wanted.
    pub(crate) fn wants(&self, kind: &str) -> bool {
        match self {
            Self::All => true,
            Self::Named(names) => names.contains(kind),
        }
    }

    /// Reads `type`: bare names, comma-separated.
    fn take(query: &mut Query) -> Self {
        query.take("type", names).map_or(Self::All, Self::Named)
    }
}

fn names(text: &str) -> Result<BTreeSet<String>, String> {
    let names: BTreeSet<String> = text.split(',').map(str::to_owned).collect();
    let unknown = names
        .iter()
        .find(|name| schema::events().all(|event| event.name != **name));
    match unknown {
        None => Ok(names),
        Some(_) => {
            Err("must be bare names of events such as OrderPlaced, comma-separated".to_owned())
        }
    }
}

/// Where a reader goes on: by `Last-Event-ID`, which a browser sends again by itself, else by `after`.
async fn start(app: &App, headers: &HeaderMap, after: Option<String>) -> Result<Position, Problem> {
    // What is no text is no cursor, and not as if there were none.
    let last = headers
        .get("last-event-id")
        .map(|value| value.to_str().unwrap_or("no text"));
    match last.filter(|last| !last.is_empty()).or(after.as_deref()) {
        Some(cursor) => position_of(app, cursor).await,
        None => Ok(Position(0)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_no_event_has_is_told() {
        assert!(names("OrderPlaced,PaymentConfirmed").is_ok());
        for text in [
            "",
            "OrderPlaced,",
            "payfold.OrderPlaced",
            "orderplaced",
            "OrderPlaced, X",
        ] {
            assert!(names(text).is_err(), "{text}");
        }
    }
}

//! `payfold rebuild`: builds views again from the events, through the service where one runs.

use std::path::PathBuf;

use clap::Args;
use payfold_projections::View;

use super::exit::Failure;
use super::upkeep;
use crate::control::Request;

/// What `rebuild` takes.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The configuration
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// The views: orders, shipments, daily_report, exceptions, open_work; all where none is named
    views: Vec<String>,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    if let Some(unknown) = arguments
        .views
        .iter()
        .find(|name| View::from_name(name).is_none())
    {
        let known = View::ALL.map(View::as_str).join(", ");
        return Err(Failure::usage(format!(
            "found the view {unknown:?}, expected some of {known}"
        )));
    }
    upkeep::run(
        &arguments.config,
        &Request::Rebuild {
            views: arguments.views.clone(),
        },
        None,
    )
}

//! `payfold reread`: translates the stored messages again, and applies what an older payfold did not
//! understand, through the service where one runs.

use std::path::PathBuf;

use clap::Args;

use super::exit::Failure;
use super::upkeep;
use crate::control::{Mode, Request};

/// What `reread` takes.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The configuration
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// After which cursor
    #[arg(long, value_name = "CURSOR")]
    since: String,
    /// Shows what would be applied, and changes nothing
    #[arg(long)]
    dry_run: bool,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let mode = if arguments.dry_run {
        Mode::DryRun
    } else {
        Mode::Apply
    };
    upkeep::run(
        &arguments.config,
        &Request::Reread {
            since: arguments.since.clone(),
            mode,
        },
        None,
    )
}

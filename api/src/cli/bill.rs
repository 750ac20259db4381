//! `payfold bill import`: reconciles a gateway's bill of one day with the events, through the service
//! where one runs.

use std::fs::File;
use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::exit::Failure;
use super::upkeep;
use crate::control::{Mode, Request};

/// What is done with bills.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Reconciles one day's bill of a gateway with the events
    Import(Arguments),
}

/// What `bill import` takes.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The configuration
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// The account that the bill is of
    #[arg(long, value_name = "NAME")]
    account: String,
    /// Shows what would be asked and noted, and changes nothing
    #[arg(long)]
    dry_run: bool,
    /// The bill as it was downloaded: Alipay's zip, WeChat Pay's text, gzip or plain
    bill: PathBuf,
}

pub(super) fn run(command: &Command) -> Result<(), Failure> {
    let Command::Import(arguments) = command;
    let path = &arguments.bill;
    let opened = File::open(path).and_then(|file| {
        let bytes = file.metadata()?.len();
        Ok((file, bytes))
    });
    let (file, bytes) = opened
        .map_err(|error| Failure::usage(format!("{}: {error}, expected a bill", path.display())))?;
    let request = Request::ImportBill {
        account: arguments.account.clone(),
        mode: if arguments.dry_run {
            Mode::DryRun
        } else {
            Mode::Apply
        },
        bytes,
    };
    upkeep::run(&arguments.config, &request, Some(file))
}

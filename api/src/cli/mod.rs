//! The `payfold` command: what may be typed, and what each command does. Results go to standard
//! output, logs to standard error; the exit status is 0 when done, 1 when the job failed or found
//! something wrong, 2 for wrong usage or configuration.

mod audit;
mod backup;
mod bill;
mod check;
mod demo;
mod exit;
mod key;
mod rebuild;
mod reread;
mod sandbox;
mod serve;
mod service;
mod system;
mod trigger;
mod upkeep;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// From a gateway's message to a shipped order, exactly once.
#[derive(Debug, Parser)]
#[command(name = "payfold", version, about, long_about = None)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Runs the service beside a sandbox, with nothing to configure, and tells one order's story
    Demo(demo::Arguments),
    /// Runs the service
    Serve(serve::Arguments),
    /// Runs the simulated gateways alone
    Sandbox(sandbox::Arguments),
    /// Tells a running sandbox what the buyer or the world does
    Trigger(trigger::Arguments),
    /// Reads the configuration, the keys and the store, and says what is wrong; starts nothing
    Check(check::Arguments),
    /// Verifies every event, claim and seal of the store
    Audit(audit::Arguments),
    /// Builds the views again from the events, while the service answers from the old ones
    Rebuild(rebuild::Arguments),
    /// Translates the stored messages again, and applies what an older payfold did not understand
    Reread(reread::Arguments),
    /// Copies the store, consistently, while the service answers
    Backup(backup::Backup),
    /// Verifies a copy, and makes the configured store from it
    Restore(backup::Restore),
    /// Reconciles gateways' bills with the events
    #[command(subcommand)]
    Bill(bill::Command),
    /// Makes API keys
    #[command(subcommand)]
    Key(key::Command),
}

/// Runs the command that was typed.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let done = match cli
        .command
        .unwrap_or_else(|| Command::Demo(demo::Arguments::default()))
    {
        Command::Demo(arguments) => demo::run(&arguments),
        Command::Serve(arguments) => serve::run(&arguments),
        Command::Sandbox(arguments) => sandbox::run(&arguments),
        Command::Trigger(arguments) => trigger::run(&arguments),
        Command::Check(arguments) => check::run(&arguments),
        Command::Audit(arguments) => audit::run(&arguments),
        Command::Rebuild(arguments) => rebuild::run(&arguments),
        Command::Reread(arguments) => reread::run(&arguments),
        Command::Backup(arguments) => backup::back_up(&arguments),
        Command::Restore(arguments) => backup::restore(&arguments),
        Command::Bill(command) => bill::run(&command),
        Command::Key(command) => key::run(&command),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.tell(),
    }
}

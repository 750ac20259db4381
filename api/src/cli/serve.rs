//! `payfold serve`: the service, until it is told to stop.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use tokio::signal::unix::{SignalKind, signal};

use super::exit::{Failure, tell_operator};
use super::service::Service;
use super::system;
use crate::app::App;
use crate::config::Config;
use crate::world::World;

/// What `serve` takes.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The configuration
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    start_logging();
    let world = system::world().map_err(Failure::job)?;
    let config = read_config(&arguments.config, &world)?;
    runtime()?.block_on(async {
        let listen = config.listen;
        let service = Service::start(config, world).await?;
        tell_operator(format!("payfold listens on http://{listen}"));
        until_told_to_stop(service.app(), &arguments.config).await?;
        service.stop().await
    })
}

/// Logs to standard error, as much as `RUST_LOG` says; warnings and errors unless told.
pub(super) fn start_logging() {
    let filter = tracing_subscriber::EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("warn"));
    let started = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(false)
        .try_init();
    if let Err(error) = started {
        tell_operator(format!("logging could not be started: {error}"));
    }
}

pub(super) fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(Failure::job)
}

pub(super) fn read_config(file: &Path, world: &World) -> Result<Config, Failure> {
    Config::read(file, std::env::vars_os(), world.now()).map_err(Failure::usage)
}

/// Waits for SIGTERM or SIGINT; SIGHUP reads keys and certificates again.
pub(super) async fn until_told_to_stop(app: &Arc<App>, config: &Path) -> Result<(), Failure> {
    let mut hangup = signal(SignalKind::hangup()).map_err(Failure::job)?;
    let told = told_to_stop();
    let mut told = std::pin::pin!(told);
    loop {
        tokio::select! {
            stop = &mut told => return stop,
            _ = hangup.recv() => tokio::select! {
                stop = &mut told => return stop,
                () = read_keys_again(app, config) => {}
            },
        }
    }
}

/// Waits for SIGTERM or SIGINT.
pub(super) async fn told_to_stop() -> Result<(), Failure> {
    let mut terminate = signal(SignalKind::terminate()).map_err(Failure::job)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(Failure::job)?;
    tokio::select! {
        _ = terminate.recv() => Ok(()),
        _ = interrupt.recv() => Ok(()),
    }
}

/// A configuration that is wrong leaves the keys as they are.
async fn read_keys_again(app: &App, file: &Path) {
    match Config::read(file, std::env::vars_os(), app.world.now()) {
        Ok(config) => {
            let known = app.accounts.all();
            let same = config.accounts.len() == known.len()
                && config.accounts.iter().all(|account| {
                    known
                        .get(&account.name)
                        .is_some_and(|known| known.identity() == account.identity())
                });
            if same {
                app.replace_accounts(config.accounts).await;
                app.settings.api_keys.replace(&config.settings.api_keys);
                tracing::info!("keys and certificates were read again");
            } else {
                tracing::error!("keys stay as they are: the accounts are others; restart for that");
            }
        }
        Err(problems) => {
            tracing::error!(%problems, "keys stay as they are: the configuration is wrong")
        }
    }
}

//! `payfold backup` and `payfold restore`: a consistent copy of the store while it serves, and a store
//! made from such a copy once all of it has been verified.

use std::path::{Path, PathBuf};

use clap::Args;
use payfold_sqlite::SqliteStore;
use payfold_store::Audited;

use super::audit::{line, on_two_threads};
use super::exit::{Failure, say};
use super::serve::read_config;
use super::system;

/// What `backup` takes.
#[derive(Debug, Args)]
pub(super) struct Backup {
    /// The configuration
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// The folder for the copy, which must not be there yet
    dest: PathBuf,
}

/// What `restore` takes.
#[derive(Debug, Args)]
pub(super) struct Restore {
    /// The folder of a copy
    src: PathBuf,
    /// The configuration, whose store must not be there yet
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
}

/// Copies the store, beside whatever serves it.
pub(super) fn back_up(arguments: &Backup) -> Result<(), Failure> {
    let world = system::world().map_err(Failure::job)?;
    let config = read_config(&arguments.config, &world)?;
    let store = SqliteStore::open_read_only(&config.store_folder).map_err(Failure::job)?;
    store.back_up(&arguments.dest).map_err(Failure::job)?;
    say(format!(
        "copied to {}: {}",
        arguments.dest.display(),
        line(&audited(&arguments.dest)?)
    ));
    Ok(())
}

/// Makes the configured store from a copy, under a new id.
pub(super) fn restore(arguments: &Restore) -> Result<(), Failure> {
    let world = system::world().map_err(Failure::job)?;
    let config = read_config(&arguments.config, &world)?;
    let whole = audited(&arguments.src)?;
    payfold_sqlite::restore(&arguments.src, &config.store_folder, world.id())
        .map_err(Failure::job)?;
    say(format!(
        "restored to {}: {}",
        config.store_folder.display(),
        line(&whole)
    ));
    Ok(())
}

fn audited(copy: &Path) -> Result<Audited, Failure> {
    let store = SqliteStore::open_read_only(copy).map_err(Failure::job)?;
    on_two_threads(&store, None)?
        .map_err(|error| Failure::job(format!("the copy {}: {error}", copy.display())))
}

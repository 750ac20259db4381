//! A consistent copy of the store while it serves, and a store made from such a copy.
//!
//! What the events in a copy say is checked by whoever reads it; here it is only a sound database.

use std::fs::{self, DirBuilder};
use std::io;
use std::path::{Path, PathBuf};

use payfold_store::StoreError;
use rusqlite::Connection;
use uuid::Uuid;

use crate::connection::{Role, connect};
use crate::error::OpenError;
use crate::file;
use crate::fresh::Fresh;
use crate::lock::FolderLock;

/// Why a copy could not be made, or no store from one. Nothing was left half done.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// There is something at the place for the copy, or the store.
    #[error("copying the store to {dest}: there is something already; name a new place")]
    Taken {
        /// The place.
        dest: PathBuf,
    },
    /// Files could not be written.
    #[error("copying the store to {dest}: {doing}: {source}")]
    Files {
        /// Where the copy was to be.
        dest: PathBuf,
        /// What was being done.
        doing: &'static str,
        /// Why it failed.
        source: io::Error,
    },
    /// SQLite could not copy.
    #[error("copying the store to {dest}: {source}")]
    Engine {
        /// Where the copy was to be.
        dest: PathBuf,
        /// Why it failed.
        source: rusqlite::Error,
    },
    /// The store to copy cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The copy is not whole or not a store, or the folder it is to go to cannot be had.
    #[error(transparent)]
    Open(#[from] OpenError),
}

/// Copies the store behind `connection` into `dest`, a folder that this makes, as of one moment. One
/// read transaction, however long; what is written meanwhile is not in the copy.
pub(crate) fn back_up(connection: &Connection, dest: &Path) -> Result<(), BackupError> {
    make_folder(dest)?;
    let copied = Fresh::begin(dest)
        .map_err(files(dest, "making a file"))
        .and_then(|fresh| {
            fresh.copy(connection).map_err(engine(dest))?;
            fresh.settle().map_err(files(dest, "flushing the copy"))
        });
    if copied.is_err()
        && let Err(error) = fs::remove_dir_all(dest)
    {
        tracing::warn!(%error, dest = %dest.display(), "removing an unfinished copy failed");
    }
    copied
}

/// Makes a store in `folder` from the copy in the folder `backup`, with `new_id` as its id, so that no
/// cursor of the old store is taken for one of the new one. Refuses a folder that holds a store or
/// what is left of one, and a copy that is not whole; what its events say is for an audit to judge.
/// Blocks while it copies.
pub fn restore(backup: &Path, folder: &Path, new_id: Uuid) -> Result<(), BackupError> {
    let copy = file::file_in(backup);
    file::check(&copy)?;
    let reading = connect(&copy, Role::Reader).map_err(engine(backup))?;
    sound(&reading, &copy)?;
    let _lock = FolderLock::take(folder)?;
    if let Some(dest) = store_in(folder).map_err(files(folder, "looking for a store"))? {
        return Err(BackupError::Taken { dest });
    }
    let fresh = Fresh::begin(folder).map_err(files(folder, "making a file"))?;
    fresh.copy(&reading).map_err(engine(folder))?;
    fresh.name(new_id).map_err(engine(folder))?;
    fresh.settle().map_err(files(folder, "flushing the copy"))
}

/// A store's file in the folder, or what is left of one.
fn store_in(folder: &Path) -> io::Result<Option<PathBuf>> {
    let file = file::file_in(folder);
    if file.try_exists()? {
        return Ok(Some(file));
    }
    file::left_behind(folder)
}

fn sound(connection: &Connection, copy: &Path) -> Result<(), BackupError> {
    let damaged = |problem: String| {
        BackupError::Open(OpenError::Damaged {
            file: copy.to_owned(),
            problem,
        })
    };
    let found: String = connection
        .query_row("PRAGMA integrity_check(1)", (), |row| row.get(0))
        .map_err(|error| damaged(error.to_string()))?;
    match found.as_str() {
        "ok" => Ok(()),
        _ => Err(damaged(found)),
    }
}

/// For its owner alone: orders name people.
fn make_folder(dest: &Path) -> Result<(), BackupError> {
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(dest).map_err(|source| {
        if source.kind() == io::ErrorKind::AlreadyExists {
            let dest = dest.to_owned();
            return BackupError::Taken { dest };
        }
        files(dest, "making the folder")(source)
    })
}

fn files(dest: &Path, doing: &'static str) -> impl FnOnce(io::Error) -> BackupError {
    let dest = dest.to_owned();
    move |source| BackupError::Files {
        dest,
        doing,
        source,
    }
}

fn engine(dest: &Path) -> impl FnOnce(rusqlite::Error) -> BackupError {
    let dest = dest.to_owned();
    move |source| BackupError::Engine { dest, source }
}

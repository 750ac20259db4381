//! Why a store could not be opened, and how SQLite's errors become the port's.

use std::io;
use std::path::PathBuf;

use payfold_store::StoreError;
use rusqlite::ErrorCode;

/// Why a store could not be opened. What was there was not changed.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process has the store open for writing.
    #[error(
        "opening the store in {folder}: another process has it open; stop that one, or send the \
         command to it"
    )]
    InUse {
        /// The store's folder.
        folder: PathBuf,
    },
    /// The folder cannot be made, read or written.
    #[error("opening the store in {folder}: {doing}: {source}")]
    Folder {
        /// The store's folder.
        folder: PathBuf,
        /// What was being done.
        doing: &'static str,
        /// Why it failed.
        source: io::Error,
    },
    /// There is no store in the folder, and reading alone makes none.
    #[error("opening {file} for reading: there is no store; the service makes one when it starts")]
    Missing {
        /// The file that was expected.
        file: PathBuf,
    },
    /// The file is not a store of payfold's.
    #[error("opening {file}: this is not a payfold store ({found}); set another folder")]
    Foreign {
        /// The file.
        file: PathBuf,
        /// What it is instead.
        found: String,
    },
    /// The file was written by a newer payfold.
    #[error(
        "opening {file}: it has format {found}, and this payfold knows formats up to {known}; use \
         the newer payfold"
    )]
    Newer {
        /// The file.
        file: PathBuf,
        /// Its format.
        found: u32,
        /// The newest format known here.
        known: u32,
    },
    /// The file is damaged.
    #[error("opening {file}: it is damaged ({problem}); restore it from a backup")]
    Damaged {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// SQLite could not open the file, or the files beside it.
    #[error("opening {file}: {doing}: {source}")]
    Engine {
        /// The file.
        file: PathBuf,
        /// What was being done.
        doing: &'static str,
        /// Why it failed.
        source: rusqlite::Error,
    },
    /// A thread for the writer could not be started.
    #[error("opening the store: starting the thread {name}: {source}")]
    Thread {
        /// The thread's name.
        name: &'static str,
        /// Why it failed.
        source: io::Error,
    },
}

/// Says what was being done when SQLite failed.
pub(crate) fn failed(doing: &'static str) -> impl Fn(rusqlite::Error) -> StoreError {
    move |error| match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => StoreError::Damaged {
            place: format!("events.db, {doing}"),
            problem: error.to_string(),
        },
        _ => StoreError::Unavailable(format!("{doing}: {error}")),
    }
}

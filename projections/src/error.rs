//! Why a view could not be opened, written or read, and which of these a rebuild mends.

use std::path::PathBuf;

use crate::view::View;

/// Why a view could not be opened, written or read.
#[derive(Debug, thiserror::Error)]
pub enum ViewError {
    /// The folder of the views, or a file in it, could not be made, listed or removed.
    #[error("keeping the views in {path}: {source}")]
    Folder {
        /// The folder or file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// SQLite could not do it.
    #[error("{doing} the view {view}: {source}", view = view.as_str())]
    Sqlite {
        /// What was being done: `opening`, `writing` or `reading`.
        doing: &'static str,
        /// The view.
        view: View,
        /// What SQLite says.
        source: rusqlite::Error,
    },
}

impl ViewError {
    /// Whether the view's file is to blame: it makes no sense, and only a rebuild will mend it.
    pub(crate) fn blames_the_file(&self) -> bool {
        match self {
            Self::Folder { .. } => false,
            Self::Sqlite { source, .. } => is_damage(source),
        }
    }
}

/// Whether the error says that the file's content makes no sense, as opposed to a full disk, a lock or
/// a system that fails.
fn is_damage(error: &rusqlite::Error) -> bool {
    if let Some(code) = error.sqlite_error_code() {
        return matches!(
            code,
            rusqlite::ErrorCode::DatabaseCorrupt
                | rusqlite::ErrorCode::NotADatabase
                | rusqlite::ErrorCode::ConstraintViolation
                | rusqlite::ErrorCode::TypeMismatch
                | rusqlite::ErrorCode::Unknown
        );
    }
    matches!(
        error,
        rusqlite::Error::FromSqlConversionFailure(..)
            | rusqlite::Error::InvalidColumnType(..)
            | rusqlite::Error::QueryReturnedNoRows
    )
}

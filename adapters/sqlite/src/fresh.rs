//! A store's file in the making: written under another name, flushed and renamed, so that a crash
//! leaves no half of one.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use rusqlite::Connection;
use uuid::Uuid;

use crate::connection::{Role, connect};
use crate::file::{beside, file_in};

/// `events.db.new` in its folder.
pub(crate) struct Fresh<'a> {
    folder: &'a Path,
    path: PathBuf,
}

impl<'a> Fresh<'a> {
    /// Removes what a crash may have left of an earlier one.
    pub(crate) fn begin(folder: &'a Path) -> io::Result<Self> {
        let path = folder.join("events.db.new");
        for suffix in ["", "-journal", "-wal", "-shm"] {
            match fs::remove_file(beside(&path, suffix)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                Ok(()) | Err(_) => {}
            }
        }
        File::create_new(&path)?;
        Ok(Self { folder, path })
    }

    /// Makes an empty store in it.
    pub(crate) fn lay_out(&self, id: Uuid) -> rusqlite::Result<()> {
        self.write(|connection| crate::file::lay_out(connection, id))
    }

    /// Copies the store behind `connection` into it, as of one moment.
    pub(crate) fn copy(&self, connection: &Connection) -> rusqlite::Result<()> {
        let path = self.path.to_string_lossy();
        connection
            .execute("VACUUM INTO ?1", [&*path])
            .map(|_rows| ())
    }

    /// Gives the store in it another id.
    pub(crate) fn name(&self, id: Uuid) -> rusqlite::Result<()> {
        self.write(|connection| {
            connection
                .execute("UPDATE meta SET store_id = ?1", [id.as_bytes().as_slice()])
                .map(|_rows| ())
        })
    }

    /// Makes it the store of its folder.
    pub(crate) fn settle(self) -> io::Result<()> {
        File::open(&self.path)?.sync_all()?;
        fs::rename(&self.path, file_in(self.folder))?;
        File::open(self.folder)?.sync_all()
    }

    fn write(
        &self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<()>,
    ) -> rusqlite::Result<()> {
        let connection = connect(&self.path, Role::Writer)?;
        work(&connection)?;
        connection.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
        connection.close().map_err(|(_, error)| error)
    }
}

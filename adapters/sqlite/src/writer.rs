//! The one writer: a connection, the transaction around a batch, and what happens when it fails.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};

use payfold_store::{Position, StoreError};
use rusqlite::{Connection, hooks::Wal};
use tokio::sync::watch;

use crate::connection::{Role, connect};
use crate::error::failed;
use crate::heads::Heads;
use crate::reading::last_position;
use crate::writing::Changes;

/// The length of the log, in pages, from which on the writer copies it into the file itself: 32 MB.
const LOG_PAGES: i32 = 8_192;

/// Where the writer's connection comes from.
pub(crate) enum Origin {
    /// A file, opened again after an error.
    File(PathBuf),
    /// Memory, which lives as long as its connection.
    Memory,
}

/// Synchronous: it starts no thread and waits for nobody.
pub(crate) struct Writer {
    origin: Origin,
    /// None between an error and the next transaction.
    connection: Option<Connection>,
    heads: Heads,
    /// The position of the last event; None after an error, for a commit that failed may have become
    /// durable after all.
    last: Option<u64>,
    /// The position that those who watch the tip were woken for last.
    announced: Option<u64>,
    tip: watch::Sender<Position>,
    log_pages: Arc<AtomicI32>,
}

impl Writer {
    pub(crate) fn new(origin: Origin, mut connection: Connection) -> rusqlite::Result<Self> {
        let log_pages = Arc::default();
        watch_log(&mut connection, &log_pages)?;
        let last = last_position(&connection)?;
        Ok(Self {
            origin,
            connection: Some(connection),
            heads: Heads::default(),
            last: Some(last),
            announced: Some(last),
            tip: watch::Sender::new(Position(last)),
            log_pages,
        })
    }

    pub(crate) fn tip(&self) -> watch::Receiver<Position> {
        self.tip.subscribe()
    }

    /// Runs `work` in one transaction, makes it durable and moves the tip. On an error all of it is
    /// rolled back, and a file is opened anew for the next one. Nobody who watches the tip is woken
    /// before [`Writer::announce`]: whoever waits for the work itself comes first.
    pub(crate) fn transact<T>(
        &mut self,
        work: impl FnOnce(&mut Changes<'_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let result = self.attempt(work);
        if result.is_err() {
            self.recover();
        }
        result
    }

    /// The connection, opened where there is none.
    pub(crate) fn connection(&mut self) -> Result<&Connection, StoreError> {
        let connection = match (self.connection.take(), &self.origin) {
            (Some(connection), _) => connection,
            (None, Origin::File(file)) => {
                let failed = failed("opening the store again");
                let mut connection = connect(file, Role::Writer).map_err(&failed)?;
                watch_log(&mut connection, &self.log_pages).map_err(&failed)?;
                connection
            }
            (None, Origin::Memory) => {
                return Err(StoreError::Unavailable(
                    "the store in memory is gone".to_owned(),
                ));
            }
        };
        Ok(self.connection.insert(connection))
    }

    /// The connection, where no transaction was left open on it.
    pub(crate) fn into_idle_connection(self) -> Option<Connection> {
        self.connection.filter(Connection::is_autocommit)
    }

    /// Copies the log into the file where it has grown past its bound, so that the next transaction
    /// starts it anew.
    pub(crate) fn shorten_log(&mut self) {
        if self.log_pages.load(Ordering::Relaxed) < LOG_PAGES {
            return;
        }
        let Some(connection) = &self.connection else {
            return;
        };
        if let Err(error) = checkpoint(connection) {
            tracing::warn!(%error, "copying the store's log into its file failed; it will be tried again");
        }
    }

    fn attempt<T>(
        &mut self,
        work: impl FnOnce(&mut Changes<'_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.connection()?;
        let Some(connection) = &self.connection else {
            return Err(StoreError::Unavailable("the store is closed".to_owned()));
        };
        run(connection, "BEGIN IMMEDIATE").map_err(failed("beginning a transaction"))?;
        let last = match self.last {
            Some(last) => last,
            None => last_position(connection).map_err(failed("reading the last position"))?,
        };
        let mut changes = Changes {
            connection,
            heads: &mut self.heads,
            last,
        };
        let done = work(&mut changes)?;
        let last = changes.last;
        run(connection, "COMMIT").map_err(failed("committing"))?;
        self.last = Some(last);
        self.tip.send_if_modified(|tip| {
            *tip = Position(last);
            false
        });
        Ok(done)
    }

    /// Wakes those who watch the tip, if it has moved.
    pub(crate) fn announce(&mut self) {
        let moved = self.last.is_some() && self.last != self.announced;
        if moved {
            self.announced = self.last;
            self.tip.send_modify(|_tip| {});
        }
    }

    fn recover(&mut self) {
        self.heads.clear();
        self.last = None;
        match self.origin {
            Origin::File(_) => self.connection = None,
            Origin::Memory => {
                let rolled_back = self
                    .connection
                    .as_ref()
                    .map(|open| match open.is_autocommit() {
                        true => Ok(()),
                        false => run(open, "ROLLBACK"),
                    });
                if let Some(Err(error)) = rolled_back {
                    tracing::error!(%error, "rolling back in memory failed");
                }
            }
        }
    }
}

/// Copies what it can of the log into the file without waiting for anybody.
pub(crate) fn checkpoint(connection: &Connection) -> rusqlite::Result<()> {
    connection
        .prepare_cached("PRAGMA wal_checkpoint(PASSIVE)")?
        .query_row((), |_row| Ok(()))
}

fn run(connection: &Connection, sql: &str) -> rusqlite::Result<()> {
    connection.prepare_cached(sql)?.execute(()).map(|_rows| ())
}

/// Counts the log's pages after each commit. Every page is 4 KiB.
fn watch_log(connection: &mut Connection, pages: &Arc<AtomicI32>) -> rusqlite::Result<()> {
    let pages = Arc::clone(pages);
    connection.wal_hook(Some(move |_: &mut Wal, now| {
        pages.store(now, Ordering::Relaxed);
        Ok(())
    }))
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use payfold_store::CellOutcome;
    use tempfile::TempDir;
    use uuid::Uuid;

    use super::*;
    use crate::file;
    use crate::reading::{Kinds, Reading};
    use crate::writing::CellWrite;

    fn writer(folder: &TempDir) -> Writer {
        let file = file::ensure(folder.path(), Uuid::from_u128(7)).unwrap();
        let connection = connect(&file, Role::Writer).unwrap();
        Writer::new(Origin::File(file), connection).unwrap()
    }

    fn cell(name: &str, bytes: usize) -> CellWrite {
        CellWrite {
            name: name.to_owned(),
            expected: 0,
            value: Bytes::from(vec![b'x'; bytes]),
        }
    }

    fn length(connection: &Connection, name: &str) -> Option<usize> {
        let kinds = &mut Kinds::default();
        let found = Reading { connection, kinds }.cell(name).unwrap();
        found.map(|cell| cell.value.len())
    }

    #[test]
    fn a_full_file_rolls_the_whole_batch_back_and_room_brings_writes_back() {
        let folder = tempfile::tempdir().unwrap();
        let mut writer = writer(&folder);
        writer
            .transact(|changes| changes.set_cell(&cell("kept", 1)))
            .unwrap();
        let pages: i64 = writer
            .connection()
            .unwrap()
            .query_row("PRAGMA page_count", (), |row| row.get(0))
            .unwrap();
        let limit = writer.connection().unwrap();
        limit
            .pragma_update(None, "max_page_count", pages + 2)
            .unwrap();
        let full = writer.transact(|changes| {
            changes.set_cell(&cell("neighbour", 1))?;
            changes.set_cell(&cell("large", 100_000))
        });
        assert!(matches!(full, Err(StoreError::Unavailable(_))), "{full:?}");
        let reader = connect(&file::file_in(folder.path()), Role::Reader).unwrap();
        assert_eq!(length(&reader, "kept"), Some(1));
        assert_eq!(length(&reader, "neighbour"), None);
        let outcome = writer.transact(|changes| changes.set_cell(&cell("large", 100_000)));
        assert_eq!(outcome.unwrap(), CellOutcome::Written { revision: 1 });
        assert_eq!(length(&reader, "large"), Some(100_000));
    }

    #[test]
    fn an_error_in_memory_rolls_back_and_keeps_what_was_there() {
        let connection = crate::connection::connect_in_memory().unwrap();
        file::lay_out(&connection, Uuid::from_u128(7)).unwrap();
        let mut writer = Writer::new(Origin::Memory, connection).unwrap();
        writer
            .transact(|changes| changes.set_cell(&cell("kept", 1)))
            .unwrap();
        let failed: Result<(), _> = writer.transact(|changes| {
            changes.set_cell(&cell("lost", 1))?;
            Err(StoreError::Unavailable(
                "as if the disk were gone".to_owned(),
            ))
        });
        assert!(failed.is_err());
        writer.transact(|changes| changes.probe()).unwrap();
        let connection = writer.connection().unwrap();
        assert_eq!(length(connection, "kept"), Some(1));
        assert_eq!(length(connection, "lost"), None);
    }

    #[test]
    fn a_log_past_its_bound_is_copied_and_starts_anew() {
        let folder = tempfile::tempdir().unwrap();
        let mut writer = writer(&folder);
        let large = cell("large", 34 << 20);
        writer.transact(|changes| changes.set_cell(&large)).unwrap();
        assert!(writer.log_pages.load(Ordering::Relaxed) > LOG_PAGES);
        writer.shorten_log();
        writer
            .transact(|changes| changes.set_cell(&cell("next", 1)))
            .unwrap();
        assert!(writer.log_pages.load(Ordering::Relaxed) < 100);
    }
}

//! Reading a view: connections beside the writer's, each answer out of one snapshot together with the
//! checkpoint it belongs to. The queries are each view's own.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use rusqlite::{Connection, OpenFlags};

use crate::error::ViewError;
use crate::listing::{Answer, AsOf};
use crate::view::View;
use crate::view_file::{self, keep_statements};

/// How many idle connections to one file are kept.
const IDLE_CONNECTIONS: usize = 4;

/// Where one generation of a view is read.
pub(crate) enum Source {
    /// Its file, by connections of the readers' own.
    File {
        /// The file.
        path: PathBuf,
        /// Connections that nobody uses now.
        idle: Mutex<Vec<Connection>>,
    },
    /// A database in memory, by the writer's connection.
    Memory(Arc<Mutex<Connection>>),
}

impl Source {
    pub(crate) fn file(path: PathBuf) -> Self {
        Self::File {
            path,
            idle: Mutex::default(),
        }
    }

    fn read<T>(
        &self,
        query: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<Answer<T>> {
        match self {
            // The lock keeps the writer out, as a transaction does elsewhere.
            Self::Memory(connection) => answer(&locked(connection), query),
            Self::File { path, idle } => {
                let waiting = locked(idle).pop();
                let connection = match waiting {
                    Some(connection) => connection,
                    None => open(path)?,
                };
                // A connection that failed is not used again.
                let answer = snapshot(&connection, query)?;
                let mut idle = locked(idle);
                if idle.len() < IDLE_CONNECTIONS {
                    idle.push(connection);
                }
                Ok(answer)
            }
        }
    }
}

fn open(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    keep_statements(&connection)?;
    Ok(connection)
}

fn snapshot<T>(
    connection: &Connection,
    query: impl FnOnce(&Connection) -> rusqlite::Result<T>,
) -> rusqlite::Result<Answer<T>> {
    let transaction = connection.unchecked_transaction()?;
    let answer = answer(&transaction, query)?;
    transaction.commit()?;
    Ok(answer)
}

fn answer<T>(
    connection: &Connection,
    query: impl FnOnce(&Connection) -> rusqlite::Result<T>,
) -> rusqlite::Result<Answer<T>> {
    let as_of: AsOf = view_file::as_of(connection)?;
    let value = query(connection)?;
    Ok(Answer { value, as_of })
}

/// Reads a view, whichever generation of it serves now.
pub(crate) struct ViewReader {
    view: View,
    source: RwLock<Arc<Source>>,
    found_damaged: AtomicBool,
}

impl ViewReader {
    pub(crate) fn new(view: View, source: Arc<Source>) -> Self {
        Self {
            view,
            source: RwLock::new(source),
            found_damaged: AtomicBool::new(false),
        }
    }

    /// Answers a query out of one snapshot. A file that makes no sense is rebuilt by the runner.
    pub(crate) fn read<T>(
        &self,
        query: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<Answer<T>, ViewError> {
        let source = Arc::clone(&self.source.read().unwrap_or_else(PoisonError::into_inner));
        source.read(query).map_err(|source| {
            let error = ViewError::Sqlite {
                doing: "reading",
                view: self.view,
                source,
            };
            if error.blames_the_file() {
                self.found_damaged.store(true, Ordering::Release);
            }
            error
        })
    }

    /// Lets readers go on with another generation; answers with the one they read before.
    pub(crate) fn switch(&self, source: Arc<Source>) -> Arc<Source> {
        let mut current = self.source.write().unwrap_or_else(PoisonError::into_inner);
        self.found_damaged.store(false, Ordering::Release);
        std::mem::replace(&mut current, source)
    }

    /// Whether a reader found that the file makes no sense.
    pub(crate) fn is_found_damaged(&self) -> bool {
        self.found_damaged.load(Ordering::Acquire)
    }
}

/// A lock's content. A thread that panicked while it held the lock leaves nothing half done: SQLite
/// rolls its transaction back.
pub(crate) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

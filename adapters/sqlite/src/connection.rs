//! Connections to the file, each with the settings of its role.

use std::path::Path;

use rusqlite::{Connection, OpenFlags, config::DbConfig};

/// What a connection is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    Writer,
    Reader,
    Checkpointer,
}

/// The writer's cache in KiB, negative as SQLite asks for it.
const WRITER_CACHE: i64 = -5_120;
const READER_CACHE: i64 = -1_024;
const CHECKPOINTER_CACHE: i64 = -64;
/// What the log shrinks to once it starts anew.
const LOG_LIMIT: i64 = 64 << 20;
/// How long a connection waits for a lock that another program holds on the file.
const BUSY_TIMEOUT_MS: i64 = 5_000;
const STATEMENTS: usize = 64;

/// Opens an existing file; never makes one.
pub(crate) fn connect(file: &Path, role: Role) -> rusqlite::Result<Connection> {
    let access = match role {
        Role::Writer | Role::Checkpointer => OpenFlags::SQLITE_OPEN_READ_WRITE,
        Role::Reader => OpenFlags::SQLITE_OPEN_READ_ONLY,
    };
    let connection = Connection::open_with_flags(file, access | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    let cache = match role {
        Role::Writer => WRITER_CACHE,
        Role::Reader => READER_CACHE,
        Role::Checkpointer => CHECKPOINTER_CACHE,
    };
    connection.pragma_update(None, "busy_timeout", BUSY_TIMEOUT_MS)?;
    connection.pragma_update(None, "cache_size", cache)?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "wal_autocheckpoint", 0)?;
    connection.pragma_update(None, "journal_size_limit", LOG_LIMIT)?;
    keep_statements(&connection)?;
    Ok(connection)
}

/// A database in memory, gone with its connection.
pub(crate) fn connect_in_memory() -> rusqlite::Result<Connection> {
    let connection = Connection::open_in_memory()?;
    keep_statements(&connection)?;
    Ok(connection)
}

/// Statements are held, and stay as they were prepared: without the planner's stability guarantee
/// SQLite prepares one anew for each bound that it is given.
fn keep_statements(connection: &Connection) -> rusqlite::Result<()> {
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    connection
        .set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)
        .map(|_now| ())
}

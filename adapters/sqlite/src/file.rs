//! The file `events.db`: making it, and knowing it for ours before anything in it is touched.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use rusqlite::Connection;
use uuid::Uuid;

use crate::error::OpenError;
use crate::fresh::Fresh;

/// "payf", in the file's header.
const APPLICATION_ID: u32 = 0x7061_7966;
/// The newest format known here, in the file's header.
const FORMAT: u32 = 1;
const SCHEMA: &str = include_str!("schema.sql");

/// The store's file in its folder.
pub(crate) fn file_in(folder: &Path) -> PathBuf {
    folder.join("events.db")
}

/// Refuses a file that is not ours, before the folder is touched.
pub(crate) fn refuse_unknown(folder: &Path) -> Result<(), OpenError> {
    let file = file_in(folder);
    if exists(folder, &file)? {
        check(&file)?;
    }
    Ok(())
}

/// Makes sure that a store of ours lies in `folder`: checks the one that is there, or makes one. A new
/// store is written under another name and renamed, so that a crash leaves no half of one.
pub(crate) fn ensure(folder: &Path, new_id: Uuid) -> Result<PathBuf, OpenError> {
    let file = file_in(folder);
    if exists(folder, &file)? {
        check(&file)?;
        return Ok(file);
    }
    if let Some(left) = left_behind(folder).map_err(looking(folder))? {
        return Err(OpenError::Damaged {
            file,
            problem: format!("it is gone, while {} is there", left.display()),
        });
    }
    create(folder, &file, new_id)?;
    Ok(file)
}

/// What lies in a folder of a store whose file is gone. SQLite knows such files by their names alone: it
/// would read an old log into the store that is made there next.
pub(crate) fn left_behind(folder: &Path) -> io::Result<Option<PathBuf>> {
    let file = file_in(folder);
    for suffix in ["-wal", "-shm", "-journal"] {
        let left = beside(&file, suffix);
        if left.try_exists()? {
            return Ok(Some(left));
        }
    }
    Ok(None)
}

/// Tells by the file's first bytes whether it is a store that can be read here. Opens no connection,
/// so that a file that is not ours stays untouched.
pub(crate) fn check(file: &Path) -> Result<(), OpenError> {
    let foreign = |found: String| OpenError::Foreign {
        file: file.to_owned(),
        found,
    };
    let header = match Header::read(file) {
        Ok(header) => header,
        Err(source) if source.kind() == io::ErrorKind::NotFound => {
            return Err(OpenError::Missing {
                file: file.to_owned(),
            });
        }
        Err(source) => {
            return Err(OpenError::Folder {
                folder: file.parent().unwrap_or(file).to_owned(),
                doing: "reading events.db",
                source,
            });
        }
    };
    match header {
        Header::Empty => Err(OpenError::Damaged {
            file: file.to_owned(),
            problem: "it is empty".to_owned(),
        }),
        Header::NotSqlite => Err(foreign("no SQLite database".to_owned())),
        Header::Sqlite { application_id, .. } if application_id != APPLICATION_ID => Err(foreign(
            format!("a SQLite database of application {application_id:#010x}"),
        )),
        Header::Sqlite { format, .. } if format > FORMAT => Err(OpenError::Newer {
            file: file.to_owned(),
            found: format,
            known: FORMAT,
        }),
        Header::Sqlite { .. } => check_length(file, &header),
    }
}

/// The store's id, read through a connection; also the first thing that tells a damaged file.
pub(crate) fn store_id(connection: &Connection, file: &Path) -> Result<Uuid, OpenError> {
    let damaged = |problem: String| OpenError::Damaged {
        file: file.to_owned(),
        problem,
    };
    let id: Vec<u8> = connection
        .query_row("SELECT store_id FROM meta", (), |row| row.get(0))
        .map_err(|error| match error.sqlite_error_code() {
            Some(rusqlite::ErrorCode::CannotOpen | rusqlite::ErrorCode::ReadOnly) => {
                OpenError::Engine {
                    file: file.to_owned(),
                    doing: "reading it with the log beside it, which the folder must be writable for",
                    source: error,
                }
            }
            _ => damaged(error.to_string()),
        })?;
    Uuid::from_slice(&id).map_err(|error| damaged(format!("its id: {error}")))
}

/// Writes the tables and the store's id into an empty database.
pub(crate) fn lay_out(connection: &Connection, id: Uuid) -> rusqlite::Result<()> {
    connection.execute_batch(SCHEMA)?;
    name(connection, id)?;
    connection.pragma_update(None, "application_id", APPLICATION_ID)?;
    connection.pragma_update(None, "user_version", FORMAT)
}

/// Empties a database that was laid out, and gives it another store's id.
pub(crate) fn begin_again(connection: &Connection, id: Uuid) -> rusqlite::Result<()> {
    let mut tables =
        connection.prepare_cached("SELECT name FROM sqlite_schema WHERE type = 'table'")?;
    let tables = tables.query_map((), |row| row.get(0))?;
    for table in tables.collect::<Result<Vec<String>, _>>()? {
        let delete = format!("DELETE FROM {table}");
        connection.prepare_cached(&delete)?.execute(())?;
    }
    name(connection, id)
}

/// Writes the store's id.
fn name(connection: &Connection, id: Uuid) -> rusqlite::Result<()> {
    connection
        .prepare_cached("INSERT INTO meta (only, store_id) VALUES (1, ?1)")?
        .execute([id.as_bytes().as_slice()])
        .map(|_one_row| ())
}

fn create(folder: &Path, file: &Path, id: Uuid) -> Result<(), OpenError> {
    let failed = |doing| {
        move |source| OpenError::Folder {
            folder: folder.to_owned(),
            doing,
            source,
        }
    };
    let fresh = Fresh::begin(folder).map_err(failed("making events.db.new"))?;
    fresh.lay_out(id).map_err(|source| OpenError::Engine {
        file: file.to_owned(),
        doing: "making a new store",
        source,
    })?;
    fresh
        .settle()
        .map_err(failed("renaming events.db.new to events.db"))
}

/// A file shorter than its header says lost its end, unless a log beside it still has that.
fn check_length(file: &Path, header: &Header) -> Result<(), OpenError> {
    let Header::Sqlite { bytes, .. } = header else {
        return Ok(());
    };
    let length = |path: &Path| fs::metadata(path).map(|found| found.len()).unwrap_or(0);
    let found = length(file);
    if found < *bytes && length(&beside(file, "-wal")) == 0 {
        return Err(OpenError::Damaged {
            file: file.to_owned(),
            problem: format!("it has {found} bytes of {bytes}"),
        });
    }
    Ok(())
}

fn exists(folder: &Path, file: &Path) -> Result<bool, OpenError> {
    file.try_exists().map_err(looking(folder))
}

fn looking(folder: &Path) -> impl FnOnce(io::Error) -> OpenError {
    move |source| OpenError::Folder {
        folder: folder.to_owned(),
        doing: "looking for events.db",
        source,
    }
}

/// The file of that name and suffix, as SQLite keeps its log beside its file.
pub(crate) fn beside(file: &Path, suffix: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// What the first hundred bytes say (Database File Format, "The Database Header").
enum Header {
    Empty,
    NotSqlite,
    Sqlite {
        application_id: u32,
        format: u32,
        /// Page size times pages.
        bytes: u64,
    },
}

impl Header {
    fn read(file: &Path) -> io::Result<Self> {
        let mut header = Vec::with_capacity(100);
        File::open(file)?.take(100).read_to_end(&mut header)?;
        if header.is_empty() {
            return Ok(Self::Empty);
        }
        if header.len() < 100 || !header.starts_with(b"SQLite format 3\0") {
            return Ok(Self::NotSqlite);
        }
        let number = |at: usize, len: usize| {
            let bytes = header.iter().skip(at).take(len);
            bytes.fold(0_u32, |number, byte| (number << 8) | u32::from(*byte))
        };
        let page = match number(16, 2) {
            1 => 65_536,
            size => u64::from(size),
        };
        Ok(Self::Sqlite {
            application_id: number(68, 4),
            format: number(60, 4),
            bytes: page * u64::from(number(28, 4)),
        })
    }
}

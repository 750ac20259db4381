//! One generation of a view: its SQLite file, and the checkpoint that lies in the same transaction as
//! the rows. Which generation serves, and what is read into it, is the runner's; the rows are the
//! view's own.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use payfold_store::{Position, Recorded};
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OptionalExtension, Row, params};
use uuid::Uuid;

use crate::error::ViewError;
use crate::feed::{Fed, Said};
use crate::listing::AsOf;
use crate::reader::{Source, locked};
use crate::row;
use crate::view::View;

/// Which binary folded the rows: what one could not read, another may.
const BINARY: &str = env!("CARGO_PKG_VERSION");

/// NORMAL, because a view that loses its last transactions reads them again.
const PRAGMAS: &str = "
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = NORMAL;
    PRAGMA cache_size = -1024;
    PRAGMA temp_store = MEMORY;
    PRAGMA journal_size_limit = 67108864;";

const CHECKPOINT_TABLE: &str = "
    CREATE TABLE checkpoint (
        one            INTEGER PRIMARY KEY CHECK (one = 1),
        format         INTEGER NOT NULL,
        binary         TEXT NOT NULL,
        store_id       BLOB NOT NULL,
        stage          TEXT NOT NULL,
        position       INTEGER NOT NULL,
        event_position INTEGER NOT NULL,
        event_id       BLOB NOT NULL,
        event_hash     BLOB NOT NULL,
        unreadable     INTEGER NOT NULL
    ) STRICT;";

/// Readies a connection that writes.
fn set_up(connection: &Connection) -> rusqlite::Result<()> {
    keep_statements(connection)?;
    connection.execute_batch(PRAGMAS)
}

/// Every statement of a view is held. One with a range bound is otherwise prepared anew at each call,
/// since SQLite looks at the bound's value.
pub(crate) fn keep_statements(connection: &Connection) -> rusqlite::Result<()> {
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    connection
        .set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)
        .map(drop)
}

/// More statements than a view has, those that fold and those that read together.
const STATEMENTS: usize = 64;

/// Where the views are kept.
#[derive(Debug, Clone)]
pub enum Place {
    /// In files of that folder, which is made where it is missing.
    Folder(PathBuf),
    /// In memory, where nothing is left once the runner and its readers are gone: the next runner begins
    /// with no rows.
    Memory(Spares),
}

impl Place {
    /// In memory. Runners that get clones of it take over the databases of those that are gone.
    pub fn in_memory() -> Self {
        Self::Memory(Spares::default())
    }
}

/// The databases in memory that were made so far. One that nobody has any more is emptied and used
/// again: to lay its tables out and to prepare its statements takes SQLite longer than a short story.
#[derive(Debug, Clone, Default)]
pub struct Spares(Arc<Mutex<Vec<Spare>>>);

/// A view's database.
type Spare = (View, Arc<Mutex<Connection>>);

impl Spares {
    /// A database with the view's tables and no rows, ready to be written.
    fn empty(&self, view: View) -> rusqlite::Result<Arc<Mutex<Connection>>> {
        let mut made = locked(&self.0);
        // Whom only this list knows can be lent by nobody else.
        let spare = made
            .iter()
            .find(|(of, database)| *of == view && Arc::strong_count(database) == 1);
        if let Some((_, database)) = spare {
            clear(&locked(database))?;
            return Ok(Arc::clone(database));
        }
        let connection = Connection::open_in_memory()?;
        set_up(&connection)?;
        lay_out(&connection, view)?;
        let database = Arc::new(Mutex::new(connection));
        made.push((view, Arc::clone(&database)));
        Ok(database)
    }
}

fn clear(connection: &Connection) -> rusqlite::Result<()> {
    let mut tables =
        connection.prepare_cached("SELECT name FROM sqlite_schema WHERE type = 'table'")?;
    let tables = tables.query_map([], |row| row.get(0))?;
    for table in tables.collect::<Result<Vec<String>, _>>()? {
        connection
            .prepare_cached(&format!("DELETE FROM {table}"))?
            .execute([])?;
    }
    Ok(())
}

/// Writes the first checkpoint.
fn begin(
    connection: &Connection,
    view: View,
    store_id: Uuid,
    stage: Stage,
) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO checkpoint VALUES (1, ?1, ?2, ?3, ?4, 0, 0, zeroblob(16), zeroblob(32), 0)",
        )?
        .execute(params![
            view.format(),
            BINARY,
            store_id.as_bytes(),
            stage.as_str()
        ])
        .map(|_one_row| ())
}

fn lay_out(connection: &Connection, view: View) -> rusqlite::Result<()> {
    connection.execute_batch(CHECKPOINT_TABLE)?;
    connection.execute_batch(view.tables())
}

/// Whether readers are answered by a generation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    /// They are.
    Serving,
    /// Another generation still answers them; a file in this stage is not taken up after a stop.
    Building,
}

impl Stage {
    fn as_str(self) -> &'static str {
        match self {
            Self::Serving => "serving",
            Self::Building => "building",
        }
    }
}

/// How far a generation has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Checkpoint {
    /// The position read to.
    pub(crate) position: Position,
    /// The last event at or before it.
    pub(crate) last: LastEvent,
    /// How many events were passed because they could not be read.
    pub(crate) unreadable: u64,
}

/// The last event that was folded; zeros before the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct LastEvent {
    pub(crate) as_of: AsOf,
    pub(crate) id: Uuid,
}

/// A generation of a view, open for writing.
pub(crate) struct ViewFile {
    view: View,
    generation: u64,
    path: Option<PathBuf>,
    connection: Arc<Mutex<Connection>>,
    checkpoint: Checkpoint,
}

impl ViewFile {
    /// Opens the newest generation that serves and fits this store and this binary, and removes every
    /// other file of the view; makes a first one where there is none.
    pub(crate) fn open(place: &Place, view: View, store_id: Uuid) -> Result<Self, ViewError> {
        let folder = match place {
            Place::Memory(_) => return Self::create(place, view, 1, store_id, Stage::Serving),
            Place::Folder(folder) => folder,
        };
        std::fs::create_dir_all(folder).map_err(|source| folder_error(folder, source))?;
        let mut generations = generations(folder, view)?;
        generations.sort_unstable_by(|one, other| other.cmp(one));
        let newest = generations.first().copied().unwrap_or(0);
        let mut serving = None;
        for generation in generations {
            if serving.is_none() {
                serving = Self::take_up(folder, view, generation, store_id)?;
                if serving.is_some() {
                    continue;
                }
            }
            remove(&file_path(folder, view, generation))?;
        }
        match serving {
            Some(file) => Ok(file),
            None => Self::create(place, view, newest + 1, store_id, Stage::Serving),
        }
    }

    /// Opens an existing file; `None` where it is damaged, foreign, unfinished or of another form.
    fn take_up(
        folder: &Path,
        view: View,
        generation: u64,
        store_id: Uuid,
    ) -> Result<Option<Self>, ViewError> {
        let path = file_path(folder, view, generation);
        let opened = Connection::open(&path).and_then(|connection| {
            set_up(&connection)?;
            let checkpoint = fitting_checkpoint(&connection, view, store_id)?;
            Ok((connection, checkpoint))
        });
        match opened.map_err(|source| sqlite_error("opening", view, source)) {
            Ok((connection, Some(checkpoint))) => Ok(Some(Self {
                view,
                generation,
                path: Some(path),
                connection: Arc::new(Mutex::new(connection)),
                checkpoint,
            })),
            Ok((_, None)) => Ok(None),
            Err(error) if error.blames_the_file() => {
                tracing::warn!(view = view.as_str(), %error, "a view's file is damaged; the view is built again");
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// Makes an empty generation.
    pub(crate) fn create(
        place: &Place,
        view: View,
        generation: u64,
        store_id: Uuid,
        stage: Stage,
    ) -> Result<Self, ViewError> {
        let made = match place {
            Place::Memory(spares) => spares.empty(view).and_then(|database| {
                begin(&locked(&database), view, store_id, stage)?;
                Ok((None, database))
            }),
            Place::Folder(folder) => {
                let path = file_path(folder, view, generation);
                remove(&path)?;
                Connection::open(&path).and_then(|connection| {
                    set_up(&connection)?;
                    let transaction = connection.unchecked_transaction()?;
                    lay_out(&transaction, view)?;
                    begin(&transaction, view, store_id, stage)?;
                    transaction.commit()?;
                    Ok((Some(path), Arc::new(Mutex::new(connection))))
                })
            }
        };
        let (path, connection) = made.map_err(|source| sqlite_error("opening", view, source))?;
        Ok(Self {
            view,
            generation,
            path,
            connection,
            checkpoint: Checkpoint::default(),
        })
    }

    /// Folds what is new to this generation of a stretch of the feed, in one transaction with the
    /// checkpoint. Nothing is changed where it fails.
    pub(crate) fn apply(
        &mut self,
        recorded: &[Recorded],
        events: &[Fed<'_>],
        read_to: Position,
    ) -> Result<(), ViewError> {
        let known = events.partition_point(|event| event.position <= self.checkpoint.position);
        let events = events.get(known..).unwrap_or_default();
        let mut next = self.checkpoint;
        next.position = read_to;
        next.unreadable += count_unreadable(events);
        if !events.is_empty()
            && let Some(last) = recorded.last()
        {
            next.last = LastEvent {
                as_of: AsOf {
                    position: last.position,
                    hash: last.hash,
                },
                id: last.id,
            };
        }
        self.write(events, next)
            .map_err(|source| sqlite_error("writing", self.view, source))?;
        self.checkpoint = next;
        Ok(())
    }

    fn write(&self, events: &[Fed<'_>], next: Checkpoint) -> rusqlite::Result<()> {
        let connection = locked(&self.connection);
        let transaction = connection.unchecked_transaction()?;
        if !events.is_empty() {
            self.view.apply(&transaction, events)?;
        }
        transaction
            .prepare_cached(
                "UPDATE checkpoint SET position = ?1, event_position = ?2, event_id = ?3,
                    event_hash = ?4, unreadable = ?5",
            )?
            .execute(params![
                row::stored(next.position),
                row::stored(next.last.as_of.position),
                next.last.id.as_bytes(),
                next.last.as_of.hash,
                i64::try_from(next.unreadable).unwrap_or(i64::MAX),
            ])?;
        transaction.commit()
    }

    /// From now on, also after a stop, this generation serves.
    pub(crate) fn serve(&self) -> Result<(), ViewError> {
        locked(&self.connection)
            .execute(
                "UPDATE checkpoint SET stage = ?1",
                [Stage::Serving.as_str()],
            )
            .map(|_one_row| ())
            .map_err(|source| sqlite_error("writing", self.view, source))
    }

    /// Where readers read it.
    pub(crate) fn source(&self) -> Arc<Source> {
        Arc::new(match &self.path {
            Some(path) => Source::file(path.clone()),
            None => Source::Memory(Arc::clone(&self.connection)),
        })
    }

    /// Closes it for writing; the file stays for those who still read it.
    pub(crate) fn into_path(self) -> Option<PathBuf> {
        self.path
    }

    pub(crate) fn checkpoint(&self) -> Checkpoint {
        self.checkpoint
    }

    pub(crate) fn generation(&self) -> u64 {
        self.generation
    }
}

fn count_unreadable(events: &[Fed<'_>]) -> u64 {
    events
        .iter()
        .map(|event| match event.said {
            Said::Event(_) => 0,
            Said::Unreadable => 1,
        })
        .sum()
}

/// The checkpoint of a file that fits: of this form, of this store, serving, and without events that
/// another binary could not read.
fn fitting_checkpoint(
    connection: &Connection,
    view: View,
    store_id: Uuid,
) -> rusqlite::Result<Option<Checkpoint>> {
    connection
        .query_row(
            "SELECT position, event_position, event_hash, event_id, unreadable FROM checkpoint
             WHERE format = ?1 AND store_id = ?2 AND stage = ?3 AND (unreadable = 0 OR binary = ?4)",
            params![
                view.format(),
                store_id.as_bytes(),
                Stage::Serving.as_str(),
                BINARY
            ],
            |row| {
                Ok(Checkpoint {
                    position: row::position(row, 0)?,
                    last: LastEvent {
                        as_of: read_as_of(row, 1, 2)?,
                        id: Uuid::from_bytes(row.get(3)?),
                    },
                    unreadable: row::position(row, 4)?.0,
                })
            },
        )
        .optional()
}

/// How far the rows are true that the same transaction reads.
pub(crate) fn as_of(connection: &Connection) -> rusqlite::Result<AsOf> {
    connection
        .prepare_cached("SELECT event_position, event_hash FROM checkpoint")?
        .query_row([], |row| read_as_of(row, 0, 1))
}

fn read_as_of(row: &Row<'_>, position: usize, hash: usize) -> rusqlite::Result<AsOf> {
    Ok(AsOf {
        position: row::position(row, position)?,
        hash: row.get(hash)?,
    })
}

/// The numbers of a view's files.
fn generations(folder: &Path, view: View) -> Result<Vec<u64>, ViewError> {
    let mut found = Vec::new();
    let entries = std::fs::read_dir(folder).map_err(|source| folder_error(folder, source))?;
    for entry in entries {
        let entry = entry.map_err(|source| folder_error(folder, source))?;
        let name = entry.file_name();
        let number: Option<u64> = name
            .to_str()
            .and_then(|name| name.strip_prefix(view.as_str()))
            .and_then(|rest| rest.strip_prefix('.'))
            .and_then(|rest| rest.strip_suffix(".db"))
            .and_then(|number| number.parse().ok());
        found.extend(number);
    }
    Ok(found)
}

fn file_path(folder: &Path, view: View, generation: u64) -> PathBuf {
    folder.join(format!("{}.{generation}.db", view.as_str()))
}

/// Removes a view's file and what SQLite keeps beside it.
pub(crate) fn remove(path: &Path) -> Result<(), ViewError> {
    for suffix in ["", "-wal", "-shm"] {
        let mut file = path.as_os_str().to_owned();
        file.push(suffix);
        let file = PathBuf::from(file);
        match std::fs::remove_file(&file) {
            Ok(()) => {}
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(source) => return Err(folder_error(&file, source)),
        }
    }
    Ok(())
}

fn folder_error(path: &Path, source: std::io::Error) -> ViewError {
    ViewError::Folder {
        path: path.to_owned(),
        source,
    }
}

fn sqlite_error(doing: &'static str, view: View, source: rusqlite::Error) -> ViewError {
    ViewError::Sqlite {
        doing,
        view,
        source,
    }
}

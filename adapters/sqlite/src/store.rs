//! The store as its callers hold it: opened for service, for reading, or in memory, behind the port.

use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use payfold_store::{
    Append, Cell, CellOutcome, Claim, Hash, Head, Outcome, Page, Pending, Position, Recorded,
    Scope, Store, StoreError, StoredEvidence, StreamName, Tip,
};
use rusqlite::Connection;
use uuid::Uuid;

use crate::backup::{self, BackupError};
use crate::connection::{Role, connect, connect_in_memory};
use crate::error::OpenError;
use crate::file;
use crate::lock::FolderLock;
use crate::options::{Options, Spawn};
use crate::queue::Work;
use crate::reader::Readers;
use crate::reading::{Kinds, Reading, last_position};
use crate::service::Service;
use crate::writer::{Origin, Writer};
use crate::writing::{CellWrite, Changes};

/// The embedded store. Reads are answered at once on the caller's thread, for most of them take less
/// time than handing them to another would.
pub struct SqliteStore {
    id: Uuid,
    tip: Tip,
    engine: Engine,
}

enum Engine {
    Service {
        readers: Readers,
        service: Service,
    },
    ReadOnly {
        readers: Readers,
        _tip: tokio::sync::watch::Sender<Position>,
    },
    InPlace(Box<Mutex<InPlace>>),
}

/// One connection for everything.
struct InPlace {
    writer: Writer,
    kinds: Kinds,
}

impl SqliteStore {
    /// Opens the store in `folder` for service, and makes folder and store where there are none, with
    /// `new_id` as the store's id. Locks the folder for this process, and starts two threads, which
    /// end when the store is closed or dropped.
    pub fn open(
        folder: &Path,
        new_id: Uuid,
        options: Options,
        spawn: Spawn<'_>,
    ) -> Result<Self, OpenError> {
        file::refuse_unknown(folder)?;
        let lock = FolderLock::take(folder)?;
        let file = file::ensure(folder, new_id)?;
        let failed = |source| OpenError::Engine {
            file: file.clone(),
            doing: "opening it for writing",
            source,
        };
        let connection = connect(&file, Role::Writer).map_err(failed)?;
        let id = file::store_id(&connection, &file)?;
        let writer = Writer::new(Origin::File(file.clone()), connection).map_err(failed)?;
        let tip = writer.tip();
        let readers = Readers::new(file.clone(), options.readers);
        let service = Service::start(file, writer, lock, options, spawn)?;
        Ok(Self {
            id,
            tip,
            engine: Engine::Service { readers, service },
        })
    }

    /// Opens the store in `folder` for reading, also beside a process that serves it. Takes no lock,
    /// makes nothing, and its tip stays where it was.
    pub fn open_read_only(folder: &Path) -> Result<Self, OpenError> {
        let file = file::file_in(folder);
        file::check(&file)?;
        let failed = |source| OpenError::Engine {
            file: file.clone(),
            doing: "opening it for reading",
            source,
        };
        let connection = connect(&file, Role::Reader).map_err(failed)?;
        let id = file::store_id(&connection, &file)?;
        let last = last_position(&connection).map_err(failed)?;
        let (publish, tip) = tokio::sync::watch::channel(Position(last));
        let readers = Readers::new(file, Options::default().readers);
        Ok(Self {
            id,
            tip,
            engine: Engine::ReadOnly {
                readers,
                _tip: publish,
            },
        })
    }

    /// A store in memory on one connection, written in place on the caller's thread.
    pub fn in_memory(id: Uuid) -> Result<Self, OpenError> {
        let failed = |source| OpenError::Engine {
            file: "memory".into(),
            doing: "making a store",
            source,
        };
        let connection = connect_in_memory().map_err(failed)?;
        file::lay_out(&connection, id).map_err(failed)?;
        Self::in_place(connection, id).map_err(failed)
    }

    /// A new store in memory, on the connection of one that nobody needs any more: to lay its tables out
    /// and to prepare its statements takes SQLite longer than a short story. One that was not in memory,
    /// or was left within a transaction, is only closed.
    pub fn in_memory_from(spent: Self, id: Uuid) -> Result<Self, OpenError> {
        let connection = match spent.engine {
            Engine::InPlace(in_place) => in_place
                .into_inner()
                .unwrap_or_else(PoisonError::into_inner)
                .writer
                .into_idle_connection(),
            Engine::Service { .. } | Engine::ReadOnly { .. } => None,
        };
        let Some(connection) = connection else {
            return Self::in_memory(id);
        };
        let failed = |source| OpenError::Engine {
            file: "memory".into(),
            doing: "emptying a store",
            source,
        };
        file::begin_again(&connection, id).map_err(failed)?;
        Self::in_place(connection, id).map_err(failed)
    }

    fn in_place(connection: Connection, id: Uuid) -> rusqlite::Result<Self> {
        let writer = Writer::new(Origin::Memory, connection)?;
        Ok(Self {
            id,
            tip: writer.tip(),
            engine: Engine::InPlace(Box::new(Mutex::new(InPlace {
                writer,
                kinds: Kinds::default(),
            }))),
        })
    }

    /// Takes no more writes, finishes those that wait, and returns when they are durable. Reads go on.
    pub fn close(&self) {
        match &self.engine {
            Engine::Service { service, readers } => {
                readers.close();
                service.close();
            }
            Engine::ReadOnly { readers, .. } => readers.close(),
            Engine::InPlace(_) => {}
        }
    }

    /// Copies the store, as of one moment, into the folder `dest`, which this makes; writes and reads
    /// go on meanwhile. Blocks while it copies.
    pub fn back_up(&self, dest: &Path) -> Result<(), BackupError> {
        self.ask(|reading| Ok(backup::back_up(reading.connection, dest)))?
    }

    fn ask<T>(
        &self,
        question: impl FnOnce(&mut Reading<'_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        match &self.engine {
            Engine::Service { readers, .. } | Engine::ReadOnly { readers, .. } => {
                readers.ask(question)
            }
            Engine::InPlace(in_place) => {
                let InPlace { writer, kinds } = &mut *lock(in_place);
                let connection = writer.connection()?;
                question(&mut Reading { connection, kinds })
            }
        }
    }
}

fn lock(in_place: &Mutex<InPlace>) -> MutexGuard<'_, InPlace> {
    in_place.lock().unwrap_or_else(PoisonError::into_inner)
}

fn in_place<T>(
    store: &Mutex<InPlace>,
    work: impl FnOnce(&mut Changes<'_>) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    let writer = &mut lock(store).writer;
    let done = writer.transact(work);
    writer.announce();
    done
}

fn read_only<T>() -> Result<T, StoreError> {
    Err(StoreError::Unavailable(
        "it is open for reading only".to_owned(),
    ))
}

impl Store for SqliteStore {
    fn id(&self) -> Uuid {
        self.id
    }

    fn append(&self, append: Append) -> Pending<'_, Outcome> {
        Box::pin(async move {
            if append.events.is_empty() {
                return Err(StoreError::Damaged {
                    place: format!("an append to {}", append.stream),
                    problem: "it has no events".to_owned(),
                });
            }
            match &self.engine {
                Engine::Service { service, .. } => {
                    let work = |asked| Work::Append(Box::new(asked));
                    service.ask(append, work).await
                }
                Engine::ReadOnly { .. } => read_only(),
                Engine::InPlace(store) => in_place(store, |changes| changes.append(&append)),
            }
        })
    }

    fn load<'a>(&'a self, stream: &'a StreamName, after: u64) -> Pending<'a, Vec<Recorded>> {
        Box::pin(async move { self.ask(|reading| reading.load(stream, after)) })
    }

    fn head<'a>(&'a self, stream: &'a StreamName) -> Pending<'a, Head> {
        Box::pin(async move { self.ask(|reading| reading.head(stream)) })
    }

    fn owner<'a>(&'a self, claim: &'a Claim) -> Pending<'a, Option<StreamName>> {
        Box::pin(async move { self.ask(|reading| reading.owner(claim)) })
    }

    fn read(&self, after: Position, limit: usize, scope: Scope) -> Pending<'_, Page> {
        Box::pin(async move { self.ask(|reading| reading.read(after, limit, scope)) })
    }

    fn at(&self, position: Position) -> Pending<'_, Option<Recorded>> {
        Box::pin(async move { self.ask(|reading| reading.at(position)) })
    }

    fn claims<'a>(
        &'a self,
        after: Option<&'a Claim>,
        limit: usize,
    ) -> Pending<'a, Vec<(Claim, StreamName)>> {
        Box::pin(async move { self.ask(|reading| reading.claims(after, limit)) })
    }

    fn heads<'a>(
        &'a self,
        after: Option<&'a StreamName>,
        limit: usize,
    ) -> Pending<'a, Vec<(StreamName, Head)>> {
        Box::pin(async move { self.ask(|reading| reading.heads(after, limit)) })
    }

    fn evidence(
        &self,
        position: Position,
        commitment: Hash,
    ) -> Pending<'_, Option<StoredEvidence>> {
        Box::pin(async move { self.ask(|reading| reading.evidence(position, commitment)) })
    }

    fn read_evidence(
        &self,
        after: Position,
        limit: usize,
    ) -> Pending<'_, Vec<(Position, StoredEvidence)>> {
        Box::pin(async move { self.ask(|reading| reading.read_evidence(after, limit)) })
    }

    fn tip(&self) -> Tip {
        self.tip.clone()
    }

    fn cell<'a>(&'a self, name: &'a str) -> Pending<'a, Option<Cell>> {
        Box::pin(async move { self.ask(|reading| reading.cell(name)) })
    }

    fn set_cell<'a>(
        &'a self,
        name: &'a str,
        expected: u64,
        value: Bytes,
    ) -> Pending<'a, CellOutcome> {
        Box::pin(async move {
            let write = CellWrite {
                name: name.to_owned(),
                expected,
                value,
            };
            match &self.engine {
                Engine::Service { service, .. } => service.ask(write, Work::Cell).await,
                Engine::ReadOnly { .. } => read_only(),
                Engine::InPlace(store) => in_place(store, |changes| changes.set_cell(&write)),
            }
        })
    }

    fn probe(&self) -> Pending<'_, ()> {
        Box::pin(async move {
            match &self.engine {
                Engine::Service { service, .. } => service.ask((), Work::Probe).await,
                Engine::ReadOnly { .. } => read_only(),
                Engine::InPlace(store) => in_place(store, |changes| changes.probe()),
            }
        })
    }
}

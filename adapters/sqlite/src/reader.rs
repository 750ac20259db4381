//! A few connections for reading, opened when asked for and kept between reads.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use payfold_store::StoreError;
use rusqlite::Connection;

use crate::connection::{Role, connect};
use crate::error::failed;
use crate::reading::{Kinds, Reading};

/// At most `keep` stay open; more than callers who read at the same moment are never opened.
pub(crate) struct Readers {
    file: PathBuf,
    keep: usize,
    idle: Mutex<Vec<Reader>>,
}

struct Reader {
    connection: Connection,
    kinds: Kinds,
}

impl Readers {
    pub(crate) fn new(file: PathBuf, keep: usize) -> Self {
        Self {
            file,
            keep,
            idle: Mutex::default(),
        }
    }

    /// Answers one question on a connection of its own. A connection that failed is not used again.
    pub(crate) fn ask<T>(
        &self,
        question: impl FnOnce(&mut Reading<'_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let idle = self.lock().pop();
        let mut reader = match idle {
            Some(reader) => reader,
            None => Reader {
                connection: connect(&self.file, Role::Reader)
                    .map_err(failed("opening the store for reading"))?,
                kinds: Kinds::default(),
            },
        };
        let answer = question(&mut Reading {
            connection: &reader.connection,
            kinds: &mut reader.kinds,
        })?;
        let mut idle = self.lock();
        if idle.len() < self.keep {
            idle.push(reader);
        }
        Ok(answer)
    }

    /// Closes the connections that nobody is using.
    pub(crate) fn close(&self) {
        self.lock().clear();
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Reader>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

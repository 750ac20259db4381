//! The port's own suite, on both shells.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use payfold_sqlite::SqliteStore;
use payfold_store::Store;
use payfold_store::conformance::{Opening, Place};
use tempfile::TempDir;

use crate::given::{STORE_ID, open};

/// A folder for each time that the store is opened; the next one begins with the files of the last.
struct Folders {
    root: TempDir,
    opened: usize,
    last: Option<Arc<SqliteStore>>,
}

impl Folders {
    fn new() -> Self {
        Self {
            root: tempfile::tempdir().unwrap(),
            opened: 0,
            last: None,
        }
    }

    fn folder(&self, number: usize) -> PathBuf {
        self.root.path().join(number.to_string())
    }
}

impl Place for Folders {
    fn open(&mut self) -> Opening<'_> {
        let next = self.folder(self.opened + 1);
        fs::create_dir(&next).unwrap();
        if let Some(last) = self.last.take() {
            // Whoever still holds it can write no more, and the files stand still.
            last.close();
            for entry in fs::read_dir(self.folder(self.opened)).unwrap() {
                let entry = entry.unwrap();
                fs::copy(entry.path(), next.join(entry.file_name())).unwrap();
            }
        }
        self.opened += 1;
        let opened = Arc::new(open(&next).unwrap());
        self.last = Some(Arc::clone(&opened));
        let store: Arc<dyn Store> = opened;
        Box::pin(async { store })
    }
}

/// Memory outlives the crash of whoever used it.
struct Memory(Arc<SqliteStore>);

impl Place for Memory {
    fn open(&mut self) -> Opening<'_> {
        let store: Arc<dyn Store> = Arc::<SqliteStore>::clone(&self.0);
        Box::pin(async { store })
    }
}

mod in_service {
    payfold_store::conformance!(super::Folders::new());
}

mod in_memory {
    use super::{Arc, Memory, STORE_ID, SqliteStore};

    payfold_store::conformance!(Memory(Arc::new(SqliteStore::in_memory(STORE_ID).unwrap())));
}

//! Opening: what is made, what is refused, and that a refusal changes nothing.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use payfold_sqlite::{OpenError, SqliteStore};
use payfold_store::{Store, StoreError};

use crate::given::{append, open, order, spawn};

/// Every file in the folder and its bytes.
fn contents(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let files = fs::read_dir(folder).unwrap().map(|entry| {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        (name, fs::read(entry.path()).unwrap())
    });
    files.collect()
}

/// A folder with that `events.db`, which is refused with that error and stays as it was.
fn refused(bytes: &[u8], expected: fn(&OpenError) -> bool) {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("events.db"), bytes).unwrap();
    let before = contents(folder.path());
    for result in [
        open(folder.path()),
        SqliteStore::open_read_only(folder.path()),
    ] {
        let error = result.err().unwrap();
        assert!(expected(&error), "{error}");
        assert!(error.to_string().contains("events.db"), "{error}");
    }
    assert_eq!(contents(folder.path()), before);
}

/// The bytes of a store that holds some orders.
fn store_bytes() -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    drop(open(folder.path()).unwrap());
    fs::read(folder.path().join("events.db")).unwrap()
}

#[test]
fn an_empty_file_is_called_damaged_and_left_alone() {
    refused(b"", |error| matches!(error, OpenError::Damaged { .. }));
}

#[test]
fn a_file_that_is_no_database_is_called_foreign_and_left_alone() {
    refused(b"order,amount\n", |error| {
        matches!(error, OpenError::Foreign { .. })
    });
    refused(&[7; 8_192], |error| {
        matches!(error, OpenError::Foreign { .. })
    });
}

#[test]
fn the_database_of_another_program_is_called_foreign_and_left_alone() {
    let mut bytes = store_bytes();
    bytes[68..72].copy_from_slice(&[0; 4]);
    refused(&bytes, |error| matches!(error, OpenError::Foreign { .. }));
}

#[test]
fn a_store_of_a_newer_format_is_refused_with_both_formats() {
    let mut bytes = store_bytes();
    bytes[60..64].copy_from_slice(&[0, 0, 0, 99]);
    refused(&bytes, |error| {
        matches!(
            error,
            OpenError::Newer {
                found: 99,
                known: 1,
                ..
            }
        )
    });
}

#[test]
fn a_file_that_lost_its_end_is_called_damaged_and_left_alone() {
    let bytes = store_bytes();
    refused(&bytes[..bytes.len() / 2], |error| {
        matches!(error, OpenError::Damaged { .. })
    });
}

#[test]
fn a_log_without_its_file_is_no_reason_to_begin_a_new_store() {
    for name in ["events.db-wal", "events.db-shm", "events.db-journal"] {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(name), b"log").unwrap();
        let error = open(folder.path()).err().unwrap();
        assert!(matches!(error, OpenError::Damaged { .. }), "{error}");
        assert!(error.to_string().contains(name), "{error}");
        assert!(!folder.path().join("events.db").exists(), "{name}");
    }
}

#[test]
fn what_a_crash_left_of_a_new_store_is_replaced() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("events.db.new"), b"half").unwrap();
    drop(open(folder.path()).unwrap());
    assert!(!folder.path().join("events.db.new").exists());
}

#[test]
fn a_second_opener_is_told_which_folder_is_in_use() {
    let folder = tempfile::tempdir().unwrap();
    let first = open(folder.path()).unwrap();
    let error = open(folder.path()).err().unwrap();
    assert!(matches!(error, OpenError::InUse { .. }), "{error}");
    assert!(error.to_string().contains(folder.path().to_str().unwrap()));
    drop(first);
    assert!(open(folder.path()).is_ok());
}

#[test]
fn a_folder_that_cannot_be_made_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let taken = folder.path().join("file");
    fs::write(&taken, b"").unwrap();
    let error = open(&taken.join("store")).err().unwrap();
    assert!(matches!(error, OpenError::Folder { .. }), "{error}");
}

#[test]
fn a_thread_that_does_not_start_is_an_error_and_lets_go_of_the_folder() {
    let folder = tempfile::tempdir().unwrap();
    for refused in ["store-writer", "store-checkpointer"] {
        let reluctant = |name, run| {
            if name == refused {
                return Err(std::io::Error::other("no more threads"));
            }
            spawn(name, run)
        };
        let id = crate::given::STORE_ID;
        let options = payfold_sqlite::Options::default();
        let result = SqliteStore::open(folder.path(), id, options, &reluctant);
        assert!(matches!(result.err(), Some(OpenError::Thread { .. })));
    }
    assert!(open(folder.path()).is_ok());
}

#[tokio::test]
async fn reading_alone_works_beside_the_service_and_writes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let missing = SqliteStore::open_read_only(folder.path()).err().unwrap();
    assert!(matches!(missing, OpenError::Missing { .. }), "{missing}");
    assert!(contents(folder.path()).is_empty());
    let service = open(folder.path()).unwrap();
    service.append(append(&order(1), 0, 2, 1)).await.unwrap();
    let reading = SqliteStore::open_read_only(folder.path()).unwrap();
    assert_eq!(reading.id(), service.id());
    assert_eq!(*reading.tip().borrow(), *service.tip().borrow());
    service.append(append(&order(1), 2, 1, 2)).await.unwrap();
    assert_eq!(reading.load(&order(1), 0).await.unwrap().len(), 3);
    let refused = reading.append(append(&order(1), 3, 1, 3)).await;
    assert!(matches!(refused, Err(StoreError::Unavailable(_))));
    assert!(matches!(
        reading.probe().await,
        Err(StoreError::Unavailable(_))
    ));
    drop(service);
    assert_eq!(reading.load(&order(1), 0).await.unwrap().len(), 3);
}

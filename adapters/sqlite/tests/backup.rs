//! Copies made while the store serves, and stores made from them.

use std::fs;

use payfold_sqlite::{BackupError, OpenError, SqliteStore, restore};
use payfold_store::{Scope, Store};
use uuid::Uuid;

use crate::given::{append, claim, claiming, open, order, resting_on};

const NEW_ID: Uuid = Uuid::from_u128(8);

#[tokio::test]
async fn a_restored_store_holds_what_the_copy_saw_under_a_new_id() {
    let root = tempfile::tempdir().unwrap();
    let [old, copy, new] = ["old", "copy", "new"].map(|name| root.path().join(name));
    let store = open(&old).unwrap();
    for number in 0..20 {
        let next = claiming(append(&order(number), 0, 2, number), claim(number));
        store.append(resting_on(next, b"raw")).await.unwrap();
    }
    store.back_up(&copy).unwrap();
    let seen = *store.tip().borrow();
    store.append(append(&order(1), 2, 1, 99)).await.unwrap();
    restore(&copy, &new, NEW_ID).unwrap();
    let restored = open(&new).unwrap();
    assert_eq!(restored.id(), NEW_ID);
    assert_eq!(*restored.tip().borrow(), seen);
    let start = payfold_store::Position(0);
    let mut page = store.read(start, 100, Scope::Everything).await.unwrap();
    page.events.pop();
    page.read_to = seen;
    let again = restored.read(start, 100, Scope::Everything).await.unwrap();
    assert_eq!(again, page);
    assert_eq!(
        restored.claims(None, 100).await.unwrap(),
        store.claims(None, 100).await.unwrap()
    );
    assert_eq!(
        restored.read_evidence(start, 100).await.unwrap(),
        store.read_evidence(start, 100).await.unwrap()
    );
    let reading = SqliteStore::open_read_only(&copy).unwrap();
    assert_eq!(reading.id(), store.id());
}

#[test]
fn a_copy_overwrites_nothing_and_neither_does_a_restore() {
    let root = tempfile::tempdir().unwrap();
    let [old, copy] = ["old", "copy"].map(|name| root.path().join(name));
    let store = open(&old).unwrap();
    store.back_up(&copy).unwrap();
    assert!(matches!(
        store.back_up(&copy),
        Err(BackupError::Taken { .. })
    ));
    assert!(matches!(
        restore(&copy, &old, NEW_ID),
        Err(BackupError::Open(OpenError::InUse { .. }))
    ));
    drop(store);
    assert!(matches!(
        restore(&copy, &old, NEW_ID),
        Err(BackupError::Taken { .. })
    ));
}

#[tokio::test]
async fn no_store_is_restored_beside_the_log_of_another() {
    let root = tempfile::tempdir().unwrap();
    let [old, copy, new] = ["old", "copy", "new"].map(|name| root.path().join(name));
    let store = open(&old).unwrap();
    store.back_up(&copy).unwrap();
    store.append(append(&order(1), 0, 2, 1)).await.unwrap();
    fs::create_dir(&new).unwrap();
    let journal = old.join("events.db-journal");
    fs::write(&journal, b"a journal").unwrap();
    for name in ["events.db-wal", "events.db-shm", "events.db-journal"] {
        let left = new.join(name);
        fs::copy(old.join(name), &left).unwrap();
        let before = fs::read(&left).unwrap();
        match restore(&copy, &new, NEW_ID) {
            Err(BackupError::Taken { dest }) => assert_eq!(dest, left),
            other => panic!("{name}: {other:?}"),
        }
        assert!(!new.join("events.db").exists(), "{name}");
        assert_eq!(fs::read(&left).unwrap(), before, "{name}");
        fs::remove_file(&left).unwrap();
    }
    restore(&copy, &new, NEW_ID).unwrap();
    let restored = open(&new).unwrap();
    assert_eq!(restored.load(&order(1), 0).await.unwrap(), []);
}

#[tokio::test]
async fn a_damaged_copy_makes_no_store() {
    let root = tempfile::tempdir().unwrap();
    let [old, copy, new] = ["old", "copy", "new"].map(|name| root.path().join(name));
    let store = open(&old).unwrap();
    for number in 0..200 {
        store
            .append(append(&order(number), 0, 1, number))
            .await
            .unwrap();
    }
    store.back_up(&copy).unwrap();
    let file = copy.join("events.db");
    let mut bytes = fs::read(&file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle..middle + 8_192].fill(0xff);
    fs::write(&file, bytes).unwrap();
    let error = restore(&copy, &new, NEW_ID).err().unwrap();
    assert!(
        matches!(error, BackupError::Open(OpenError::Damaged { .. })),
        "{error}"
    );
    assert!(!new.exists());
}

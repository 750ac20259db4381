//! What the port's suite leaves to the engine, on both shells.

use bytes::Bytes;
use payfold_sqlite::SqliteStore;
use payfold_store::{CellOutcome, Outcome, Position, Scope, Store, StoreError};
use uuid::Uuid;

use crate::given::{STORE_ID, append, claim, claiming, open, order, resting_on};

/// Runs the same promise in memory, in the memory of the store before, and in service.
async fn on_each<F: AsyncFn(&SqliteStore)>(promise: F) {
    let first = SqliteStore::in_memory(STORE_ID).unwrap();
    promise(&first).await;
    promise(&SqliteStore::in_memory_from(first, STORE_ID).unwrap()).await;
    let folder = tempfile::tempdir().unwrap();
    promise(&open(folder.path()).unwrap()).await;
}

#[tokio::test]
async fn evidence_is_found_from_each_event_of_its_append_and_no_other() {
    on_each(async |store| {
        store.append(append(&order(1), 0, 1, 1)).await.unwrap();
        let resting = resting_on(append(&order(1), 1, 2, 2), b"raw");
        store.append(resting).await.unwrap();
        store.append(append(&order(1), 3, 1, 3)).await.unwrap();
        let found = store.evidence(Position(3), [1; 32]).await.unwrap().unwrap();
        assert_eq!(
            found.message.opening,
            Some(([9; 32], Bytes::from_static(b"raw")))
        );
        assert_eq!(found.key.spki_der, Some(Bytes::from_static(b"spki")));
        let all = store.read_evidence(Position(0), 10).await.unwrap();
        assert_eq!(all, [(Position(2), found)]);
        assert_eq!(store.evidence(Position(4), [1; 32]).await.unwrap(), None);
        assert_eq!(store.evidence(Position(1), [1; 32]).await.unwrap(), None);
        assert_eq!(store.evidence(Position(3), [4; 32]).await.unwrap(), None);
    })
    .await;
}

#[tokio::test]
async fn a_closed_store_keeps_what_it_had_and_takes_no_more() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).unwrap();
    store.append(append(&order(1), 0, 1, 1)).await.unwrap();
    store.close();
    let refused = store.append(append(&order(1), 1, 1, 2)).await;
    assert!(matches!(refused, Err(StoreError::Unavailable(_))));
    assert_eq!(store.load(&order(1), 0).await.unwrap().len(), 1);
    drop(store);
    let again = open(folder.path()).unwrap();
    assert_eq!(again.id(), STORE_ID);
    assert_eq!(*again.tip().borrow(), Position(1));
}

#[tokio::test]
async fn a_stream_longer_than_a_page_is_loaded_whole() {
    on_each(async |store| {
        store.append(append(&order(1), 0, 2_500, 1)).await.unwrap();
        for after in [0, 1, 1_499, 1_500, 2_499, 2_500] {
            let events = store.load(&order(1), after).await.unwrap();
            let versions: Vec<u64> = events.iter().map(|event| event.version).collect();
            assert_eq!(versions, (after + 1..=2_500).collect::<Vec<_>>());
        }
    })
    .await;
}

#[tokio::test]
async fn a_page_of_large_events_ends_early_and_says_where_to_go_on() {
    on_each(async |store| {
        let mut large = append(&order(1), 0, 5, 1);
        for event in &mut large.events {
            event.data = Bytes::from(vec![b' '; 600_000]);
        }
        store.append(large).await.unwrap();
        let page = store.read(Position(0), 5, Scope::Public).await.unwrap();
        assert_eq!((page.events.len(), page.read_to), (2, Position(2)));
    })
    .await;
}

#[tokio::test]
async fn what_cannot_be_counted_is_a_conflict_and_no_error() {
    on_each(async |store| {
        let mut never = append(&order(1), 0, 1, 1);
        never.expected = u64::MAX;
        let conflict = Outcome::VersionConflict { actual: 0 };
        assert_eq!(store.append(never).await.unwrap(), conflict);
        let cell = store.set_cell("lease", u64::MAX, Bytes::new()).await;
        assert_eq!(cell.unwrap(), CellOutcome::Conflict { actual: 0 });
        let page = store.read(Position(u64::MAX), usize::MAX, Scope::Everything);
        assert_eq!(page.await.unwrap().events, []);
        store.probe().await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn an_append_without_events_is_refused_and_leaves_no_claim() {
    on_each(async |store| {
        let empty = claiming(append(&order(1), 0, 0, 1), claim(1));
        let refused = store.append(empty).await;
        assert!(matches!(refused, Err(StoreError::Damaged { .. })));
        assert_eq!(store.owner(&claim(1)).await.unwrap(), None);
    })
    .await;
}

#[tokio::test]
async fn a_store_in_the_memory_of_another_has_none_of_its_rows() {
    let first = SqliteStore::in_memory(STORE_ID).unwrap();
    let full = claiming(resting_on(append(&order(1), 0, 2, 1), b"raw"), claim(1));
    first.append(full).await.unwrap();
    first
        .set_cell("name", 0, Bytes::from_static(b"value"))
        .await
        .unwrap();
    let other = Uuid::from_u128(8);
    let next = SqliteStore::in_memory_from(first, other).unwrap();
    assert_eq!(next.id(), other);
    assert_eq!(*next.tip().borrow(), Position(0));
    assert_eq!(next.heads(None, 10).await.unwrap(), []);
    assert_eq!(next.claims(None, 10).await.unwrap(), []);
    assert_eq!(next.cell("name").await.unwrap(), None);
    assert_eq!(next.read_evidence(Position(0), 10).await.unwrap(), []);
    let page = next.read(Position(0), 10, Scope::Everything).await.unwrap();
    assert_eq!(page.events, []);
    let again = append(&order(2), 0, 1, 2);
    let stored = next.append(again).await.unwrap();
    assert!(
        matches!(
            stored,
            Outcome::Appended {
                position: Position(1),
                ..
            }
        ),
        "{stored:?}"
    );
}

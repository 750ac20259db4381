//! The port's promises on both shells, beside what the conformance suite says.

use bytes::Bytes;
use payfold_sqlite::SqliteStore;
use payfold_store::{CellOutcome, Head, Outcome, Position, Scope, Store, StoreError, StreamName};

use crate::given::{STORE_ID, append, claim, claiming, open, order, resting_on, stray};

/// Runs the same promise in memory and in service.
async fn on_each<F: AsyncFn(&SqliteStore)>(promise: F) {
    promise(&SqliteStore::in_memory(STORE_ID).unwrap()).await;
    let folder = tempfile::tempdir().unwrap();
    promise(&open(folder.path()).unwrap()).await;
}

#[tokio::test]
async fn what_was_appended_is_loaded_as_it_was() {
    on_each(async |store| {
        let sent = resting_on(append(&order(1), 0, 2, 1), b"raw");
        let outcome = store.append(sent.clone()).await.unwrap();
        let head = Head {
            version: 2,
            hash: sent.events[1].hash,
        };
        assert_eq!(
            outcome,
            Outcome::Appended {
                position: Position(2),
                head
            }
        );
        assert_eq!(*store.tip().borrow(), Position(2));
        assert_eq!(store.head(&order(1)).await.unwrap(), head);
        let loaded = store.load(&order(1), 0).await.unwrap();
        assert_eq!(loaded.len(), 2);
        for (event, sent_event) in loaded.iter().zip(&sent.events) {
            assert_eq!(event.stream, order(1));
            assert_eq!(event.id, sent_event.id);
            assert_eq!(&*event.kind, sent_event.kind);
            assert_eq!(event.data, sent_event.data);
            assert_eq!(event.hash, sent_event.hash);
            assert_eq!(event.evidence, sent_event.evidence);
            assert_eq!(event.time, sent.time);
        }
        let kept = loaded[0].private.clone().unwrap();
        let private = sent.events[0].private.clone().unwrap();
        assert_eq!(kept.commitment, private.commitment);
        assert_eq!(kept.opening, Some((private.salt, private.bytes)));
        assert_eq!(loaded[1].private, None);
        assert_eq!(store.load(&order(1), 1).await.unwrap(), loaded[1..]);
        assert_eq!(
            store.at(Position(2)).await.unwrap(),
            Some(loaded[1].clone())
        );
        assert_eq!(store.at(Position(3)).await.unwrap(), None);
        assert_eq!(store.at(Position(0)).await.unwrap(), None);
    })
    .await;
}

#[tokio::test]
async fn the_same_append_sent_again_stores_nothing_and_answers_the_same() {
    on_each(async |store| {
        let first = append(&order(1), 0, 2, 1);
        let outcome = store.append(first.clone()).await.unwrap();
        store.append(append(&order(1), 2, 1, 2)).await.unwrap();
        assert_eq!(store.append(first).await.unwrap(), outcome);
        assert_eq!(*store.tip().borrow(), Position(3));
        let other = append(&order(1), 0, 2, 9);
        assert_eq!(
            store.append(other).await.unwrap(),
            Outcome::VersionConflict { actual: 3 }
        );
    })
    .await;
}

#[tokio::test]
async fn an_order_takes_a_claim_over_from_its_stray_and_from_nobody_else() {
    on_each(async |store| {
        let strays = claiming(append(&stray(1), 0, 1, 1), claim(1));
        store.append(strays).await.unwrap();
        let plain = claiming(append(&order(1), 0, 1, 2), claim(1));
        let conflict = Outcome::ClaimConflict {
            claim: claim(1),
            owner: stray(1),
        };
        assert_eq!(store.append(plain.clone()).await.unwrap(), conflict);
        assert_eq!(store.head(&order(1)).await.unwrap(), Head::default());
        let mut taking = plain;
        taking.claims[0].take_from = Some(stray(1));
        store.append(taking.clone()).await.unwrap();
        assert_eq!(store.owner(&claim(1)).await.unwrap(), Some(order(1)));
        let mut thief = claiming(append(&order(2), 0, 1, 3), claim(1));
        thief.claims[0].take_from = Some(order(1));
        let conflict = Outcome::ClaimConflict {
            claim: claim(1),
            owner: order(1),
        };
        assert_eq!(store.append(thief).await.unwrap(), conflict);
        assert_eq!(
            store.claims(None, 10).await.unwrap(),
            [(claim(1), order(1))]
        );
        assert_eq!(store.claims(Some(&claim(1)), 10).await.unwrap(), []);
    })
    .await;
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
async fn the_public_feed_leaves_seals_and_private_parts_out_and_says_how_far_it_read() {
    on_each(async |store| {
        let resting = resting_on(append(&order(1), 0, 1, 1), b"raw");
        store.append(resting).await.unwrap();
        store
            .append(append(&StreamName::Seal, 0, 1, 2))
            .await
            .unwrap();
        let public = store.read(Position(0), 10, Scope::Public).await.unwrap();
        assert_eq!(public.events.len(), 1);
        assert_eq!(public.events[0].private, None);
        assert_eq!(public.read_to, Position(2));
        let all = store
            .read(Position(0), 10, Scope::Everything)
            .await
            .unwrap();
        assert_eq!(all.events.len(), 2);
        assert!(all.events[0].private.is_some());
        let past = store.read(Position(2), 10, Scope::Public).await.unwrap();
        assert_eq!((past.events.len(), past.read_to), (0, Position(2)));
    })
    .await;
}

#[tokio::test]
async fn a_cell_is_written_only_at_the_revision_that_was_expected() {
    on_each(async |store| {
        let set = async |expected, value| {
            store
                .set_cell("lease", expected, Bytes::from_static(value))
                .await
                .unwrap()
        };
        assert_eq!(store.cell("lease").await.unwrap(), None);
        assert_eq!(set(1, b"a").await, CellOutcome::Conflict { actual: 0 });
        assert_eq!(set(0, b"a").await, CellOutcome::Written { revision: 1 });
        assert_eq!(set(0, b"b").await, CellOutcome::Conflict { actual: 1 });
        assert_eq!(set(1, b"b").await, CellOutcome::Written { revision: 2 });
        let cell = store.cell("lease").await.unwrap().unwrap();
        assert_eq!((&*cell.value, cell.revision), (&b"b"[..], 2));
        store.probe().await.unwrap();
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

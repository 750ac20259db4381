//! Sealing a store.

use payfold_domain::Timestamp;
use payfold_store::{Position, SEAL_AFTER_SECS, Scope, Sealer, Store, StreamName};

use crate::cursor::append;
use crate::memory::MemoryPlace;
use crate::samples;

fn later(secs: i64) -> Timestamp {
    samples::time().plus_secs(secs)
}

#[tokio::test]
async fn a_seal_is_due_after_a_minute_if_anything_is_unsealed() {
    let store = MemoryPlace::default().store();
    let mut sealer = Sealer::open(&store, later(0)).await.unwrap();
    sealer.read(&store).await.unwrap();
    assert!(!sealer.due(later(SEAL_AFTER_SECS)));
    assert_eq!(
        sealer.seal(&store, later(SEAL_AFTER_SECS)).await.unwrap(),
        None
    );

    append(&store, 1).await;
    sealer.read(&store).await.unwrap();
    assert!(!sealer.due(later(SEAL_AFTER_SECS - 1)));
    assert!(sealer.due(later(SEAL_AFTER_SECS)));
    let sealed = sealer.seal(&store, later(SEAL_AFTER_SECS)).await.unwrap();
    assert_eq!(
        sealed.map(|sealed| (sealed.ordinal, sealed.count)),
        Some((1, 1))
    );
    assert!(!sealer.due(later(3 * SEAL_AFTER_SECS)));
}

#[tokio::test]
async fn a_sealer_that_starts_again_goes_on_where_the_last_seal_ended() {
    let store = MemoryPlace::default().store();
    let mut sealer = Sealer::open(&store, later(0)).await.unwrap();
    for receipt in [1, 2] {
        append(&store, receipt).await;
    }
    sealer.read(&store).await.unwrap();
    append(&store, 3).await;
    sealer.seal(&store, later(1)).await.unwrap();

    let mut again = Sealer::open(&store, later(2)).await.unwrap();
    again.read(&store).await.unwrap();
    let sealed = again.seal(&store, later(2)).await.unwrap().unwrap();
    assert_eq!((sealed.ordinal, sealed.count), (2, 1));
    assert_eq!(again.seal(&store, later(2)).await.unwrap(), None);
}

#[tokio::test]
async fn of_two_sealers_at_one_version_one_seals_and_the_other_goes_on_behind_it() {
    let store = MemoryPlace::default().store();
    let mut one = Sealer::open(&store, later(0)).await.unwrap();
    let mut other = Sealer::open(&store, later(0)).await.unwrap();
    append(&store, 1).await;
    one.read(&store).await.unwrap();
    append(&store, 2).await;
    other.read(&store).await.unwrap();

    assert!(one.seal(&store, later(1)).await.unwrap().is_some());
    assert_eq!(other.seal(&store, later(1)).await.unwrap(), None);
    other.read(&store).await.unwrap();
    let sealed = other.seal(&store, later(1)).await.unwrap().unwrap();
    assert_eq!((sealed.ordinal, sealed.count), (2, 1));
    let all = store.read(Position(0), 9, Scope::Everything).await.unwrap();
    assert_eq!(all.events.len(), 4);
}

#[tokio::test]
async fn a_seal_is_written_as_it_always_was() {
    let store = MemoryPlace::default().store();
    append(&store, 1).await;
    let mut sealer = Sealer::open(&store, later(0)).await.unwrap();
    sealer.read(&store).await.unwrap();
    sealer.seal(&store, later(1)).await.unwrap();
    let seals = store.load(&StreamName::Seal, 0).await.unwrap();
    let golden = include_str!("golden/seal.json").trim_end();
    assert_eq!(std::str::from_utf8(&seals[0].data).unwrap(), golden);
    assert_eq!((&*seals[0].kind, seals[0].schema), ("Sealed", 1));
}

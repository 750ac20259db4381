//! What an audit finds in a file that somebody changed.

use payfold_domain::event::{Event, OrderEvent};
use payfold_domain::{OrderNo, Timestamp};
use payfold_store::{AuditError, Decision, Flaw, Head, Outcome, Store, StreamName, audit, prepare};
use uuid::Uuid;

use crate::given::open;

fn order() -> StreamName {
    StreamName::Order(OrderNo::new("A-1").unwrap())
}

async fn append(store: &dyn Store, head: Head, receipt: u128, event: OrderEvent) -> Head {
    let decision = Decision {
        stream: &order(),
        head,
        receipt: Uuid::from_u128(receipt),
        time: Timestamp::from_secs(1_700_000_000),
        events: &[Event::Order(event)],
        evidence: None,
        taken_up: None,
    };
    let append = prepare(decision, &mut || [1; 32]).unwrap();
    let outcome = store.append(append).await.unwrap();
    assert!(matches!(outcome, Outcome::Appended { .. }), "{outcome:?}");
    store.head(&order()).await.unwrap()
}

/// A store of two events, changed by `change`; what an audit finds.
async fn audited_after(change: &str) -> Result<u64, AuditError> {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).unwrap();
    let head = append(&store, Head::default(), 1, OrderEvent::CancelRequested).await;
    append(&store, head, 2, OrderEvent::OrderCancelled).await;
    store.close();
    drop(store);
    let file = rusqlite::Connection::open(folder.path().join("events.db")).unwrap();
    file.execute_batch(change).unwrap();
    drop(file);
    let store = open(folder.path()).unwrap();
    audit(&store, None).await.map(|audited| audited.events)
}

/// The stream, the version and the flaw that an audit found.
fn broken(found: Result<u64, AuditError>) -> (String, u64, Flaw) {
    let found = found.unwrap_err();
    let AuditError::Broken {
        stream,
        version,
        flaw,
        ..
    } = found
    else {
        unreachable!("{found}");
    };
    (stream, version, flaw)
}

#[tokio::test]
async fn an_audit_of_an_unchanged_file_finds_it_whole() {
    assert_eq!(audited_after("SELECT 1").await.unwrap(), 2);
}

#[tokio::test]
async fn a_regression_a_cut_tail_that_no_seal_covers_is_found() {
    let found = audited_after("DELETE FROM events WHERE version = 2").await;
    assert_eq!(
        broken(found),
        ("order/A-1".to_owned(), 2, Flaw::Head { found: 1 })
    );
}

#[tokio::test]
async fn a_regression_a_changed_end_of_a_stream_is_found() {
    for change in [
        "UPDATE streams SET head_version = 7",
        "UPDATE streams SET head_hash = zeroblob(32)",
    ] {
        let (_, _, flaw) = broken(audited_after(change).await);
        assert_eq!(flaw, Flaw::Head { found: 2 }, "{change}");
    }
}

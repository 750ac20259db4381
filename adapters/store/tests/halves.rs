//! The audit's two halves: which of two flaws is told, and what becomes of one half when the other
//! ends.

use ::bytes::Bytes;
use payfold_domain::event::{Event, OrderEvent};
use payfold_store::{
    AuditError, Audited, EvidenceKey, EvidenceMessage, Flaw, StreamName, VerifyAgain, audit,
    audit_halves,
};

use crate::audit::write;
use crate::memory::{MemoryPlace, MemoryStore};
use crate::samples;

/// How many events of one order rest on one message. A page of the audit ends at event 1000.
const APPEND: usize = 700;

/// So many pages that not all of them are read ahead.
const APPENDS: u128 = 12;

async fn long_order() -> MemoryPlace {
    let place = MemoryPlace::default();
    let order = StreamName::Order(samples::order_no());
    let events = vec![Event::Order(OrderEvent::ShipmentRequested); APPEND];
    for receipt in 1..=APPENDS {
        write(&place.store(), &order, receipt, &events, None).await;
    }
    place
}

/// What an audit finds on two threads, and how its reading ended.
fn on_two_threads<'a>(
    store: &'a MemoryStore,
    verify_again: Option<VerifyAgain<'a>>,
) -> (Result<Audited, AuditError>, std::thread::Result<()>) {
    let (ahead, ledgers) = audit_halves(store, verify_again);
    std::thread::scope(|threads| {
        let reading = threads.spawn(|| block_on(ahead));
        let audited = threads.spawn(|| block_on(ledgers)).join().unwrap();
        (audited, reading.join())
    })
}

fn block_on<T>(half: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    runtime.unwrap().block_on(half)
}

/// The version and the flaw that an audit finds once the message of the append at `message` was
/// changed, which shows by itself, and the event at `event`, which shows by its chain; the same on one
/// thread and on two.
async fn found(message: usize, event: usize) -> (u64, Flaw) {
    let place = long_order().await;
    {
        let mut contents = place.contents();
        let position = contents.events[message].position;
        let kept = contents.evidence.get_mut(&position).unwrap();
        kept.message.opening = Some(([8; 32], Bytes::from_static(b"notify_id=9")));
        contents.events[event].schema += 1;
    }
    let store = place.store();
    let told = audit(&store, None).await.unwrap_err();
    let (on_two_threads, reading) = on_two_threads(&store, None);
    assert_eq!(told.to_string(), on_two_threads.unwrap_err().to_string());
    assert!(reading.is_ok());
    match told {
        AuditError::Broken { version, flaw, .. } => (version, flaw),
        AuditError::Store(error) => panic!("expected a broken place, found {error}"),
    }
}

#[tokio::test]
async fn of_two_flaws_the_first_by_position_is_told_whichever_half_finds_it() {
    // In one page.
    assert_eq!(found(APPEND, 690).await, (691, Flaw::Chain));
    assert_eq!(found(APPEND, 710).await, (701, Flaw::Evidence));
    // In one event.
    assert_eq!(found(APPEND, APPEND).await, (701, Flaw::Chain));
    // In two pages.
    assert_eq!(found(2 * APPEND, 710).await, (711, Flaw::Chain));
    assert_eq!(found(APPEND, 2 * APPEND).await, (701, Flaw::Evidence));
}

#[tokio::test]
async fn a_whole_store_is_found_whole_on_two_threads_as_on_one() {
    let store = long_order().await.store();
    let (audited, reading) = on_two_threads(&store, None);
    assert_eq!(audited.unwrap(), audit(&store, None).await.unwrap());
    assert!(reading.is_ok());
}

#[tokio::test]
async fn reading_that_ends_early_is_no_end_of_the_store() {
    let store = long_order().await.store();
    let mut verify = |message: &EvidenceMessage, _: &EvidenceKey| match &*message.body {
        b"notify_id=9" => panic!("a verifier that gives up"),
        _ => Ok(()),
    };
    let (audited, reading) = on_two_threads(&store, Some(&mut verify));
    assert!(reading.is_err());
    assert_eq!(
        audited.unwrap_err().to_string(),
        "auditing: the store is not available: reading it for the audit ended early"
    );
}

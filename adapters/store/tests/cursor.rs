//! Cursors against a store.

use payfold_domain::event::{Event, OrderEvent};
use payfold_store::conformance::Place;
use payfold_store::{
    Cursor, CursorError, Decision, Head, Position, Scope, Store, StreamName, prepare,
};
use uuid::Uuid;

use crate::{memory::MemoryPlace, samples};

#[tokio::test]
async fn a_cursor_is_found_again_by_the_store_that_made_it_and_by_no_other() {
    let store = MemoryPlace::default().open().await;
    append(&*store, 1).await;
    let event = store.read(Position(0), 1, Scope::Public).await.unwrap();
    let event = event.events.into_iter().next().unwrap();

    let cursor = Cursor::behind(store.id(), &event).to_string();
    let located = Cursor::parse(&cursor).unwrap().locate(&*store).await;
    assert_eq!(located.unwrap(), event.position);
    let start = Cursor::start(store.id()).to_string();
    let located = Cursor::parse(&start).unwrap().locate(&*store).await;
    assert_eq!(located.unwrap(), Position(0));

    let restored = Uuid::from_u128(0xbad);
    for cursor in [Cursor::start(restored), Cursor::behind(restored, &event)] {
        let located = cursor.locate(&*store).await;
        assert!(matches!(located, Err(CursorError::Foreign)));
    }
    let elsewhere = Position(event.position.0 + 1);
    for cursor in [
        Cursor::at(store.id(), elsewhere, &event.hash),
        Cursor::at(store.id(), event.position, &[1; 32]),
        Cursor::at(store.id(), Position(0), &[1; 32]),
    ] {
        let located = cursor.locate(&*store).await;
        assert!(matches!(located, Err(CursorError::Unknown)));
    }
}

pub(crate) async fn append(store: &dyn Store, receipt: u128) {
    let stream = StreamName::Order(samples::order_no());
    let head: Head = store.head(&stream).await.unwrap();
    let event = if head.version == 0 {
        OrderEvent::OrderPlaced(samples::placed())
    } else {
        OrderEvent::CancelRequested
    };
    let decision = Decision {
        stream: &stream,
        head,
        receipt: Uuid::from_u128(receipt),
        time: samples::time(),
        events: &[Event::Order(event)],
        evidence: None,
        taken_up: None,
    };
    let append = prepare(decision, &mut || [8; 32]).unwrap();
    store.append(append).await.unwrap();
}

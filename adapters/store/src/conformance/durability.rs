//! What was answered for survives a crash.

use super::Place;
use super::scene::{
    append_now, append_with, confirmed, feed, order_stream, payment, placed, started, stored,
    transaction_claim,
};
use crate::port::{Head, Position, Scope};

/// Events, private parts, claims, evidence, the tip and the store's id are as they were.
pub async fn what_was_answered_for_is_there_after_a_crash(place: &mut dyn Place) {
    let store = place.open().await;
    let stream = order_stream(1);
    let events = [placed(1), started(payment(1)), confirmed(payment(1), 1)];
    let append = append_with(Head::default(), &stream, 1, &events, None);
    let (position, head) = stored(&store.append(append).await.unwrap());
    let id = store.id();
    let before = feed(&*store, 9, Scope::Everything).await;
    let evidence = store.read_evidence(Position(0), 9).await.unwrap();
    drop(store);

    let store = place.open().await;
    assert_eq!(store.id(), id);
    assert_eq!(*store.tip().borrow(), position);
    assert_eq!(store.head(&stream).await.unwrap(), head);
    assert_eq!(feed(&*store, 9, Scope::Everything).await, before);
    assert_eq!(store.read_evidence(Position(0), 9).await.unwrap(), evidence);
    let owner = store.owner(&transaction_claim(1)).await.unwrap();
    assert_eq!(owner, Some(stream.clone()));

    let next = append_now(&*store, &stream, 2, &[started(payment(2))]).await;
    let (later, _) = stored(&store.append(next).await.unwrap());
    assert!(later > position, "positions go on where they were");
}

/// The caller that did not hear the answer sends the same bytes to the store that came back.
pub async fn an_append_sent_again_after_a_crash_is_stored_once(place: &mut dyn Place) {
    let store = place.open().await;
    let stream = order_stream(1);
    let events = [placed(1), started(payment(1))];
    let append = append_with(Head::default(), &stream, 1, &events, None);
    let outcome = store.append(append.clone()).await.unwrap();
    drop(store);

    let store = place.open().await;
    assert_eq!(store.append(append).await.unwrap(), outcome);
    assert_eq!(store.load(&stream, 0).await.unwrap().len(), 2);
    assert_eq!(store.read_evidence(Position(0), 9).await.unwrap().len(), 1);
}

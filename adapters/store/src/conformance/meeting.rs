//! Unmatched money and the order that comes for it: both write first and then read the other's, so
//! whoever comes second finds the first, in every interleaving and across every crash.

use super::Place;
use super::scene::{
    append_now, append_with, confirmed, order_stream, payment, placed, started, stored,
    stray_stream, transaction_claim, unmatched,
};
use crate::port::{Outcome, Store};
use crate::stream::Claim;

/// A step of either side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// The message is stored in its stray's stream.
    StrayStored,
    /// The claim is looked for again.
    ClaimLookedUp,
    /// The order's claim is made.
    ClaimMade,
    /// The stray's stream is read.
    StrayRead,
}

/// Each side's steps keep their order.
const INTERLEAVINGS: [[Step; 4]; 6] = {
    use Step::{ClaimLookedUp, ClaimMade, StrayRead, StrayStored};
    [
        [StrayStored, ClaimLookedUp, ClaimMade, StrayRead],
        [StrayStored, ClaimMade, ClaimLookedUp, StrayRead],
        [StrayStored, ClaimMade, StrayRead, ClaimLookedUp],
        [ClaimMade, StrayRead, StrayStored, ClaimLookedUp],
        [ClaimMade, StrayStored, StrayRead, ClaimLookedUp],
        [ClaimMade, StrayStored, ClaimLookedUp, StrayRead],
    ]
};

/// The money ends with the order, once, whoever saw the other first.
pub async fn every_interleaving_of_a_stray_and_its_order_meets(place: &mut dyn Place) {
    let store = place.open().await;
    for (number, steps) in INTERLEAVINGS.iter().enumerate() {
        for step in steps {
            take(&*store, number, *step).await;
        }
        met(&*store, number).await;
    }
}

/// The same, with a crash after every step; the side that was cut off goes on where it was.
pub async fn every_interleaving_meets_across_crashes(place: &mut dyn Place) {
    for (number, steps) in INTERLEAVINGS.iter().enumerate() {
        for step in steps {
            let store = place.open().await;
            take(&*store, number, *step).await;
        }
        let store = place.open().await;
        met(&*store, number).await;
    }
}

async fn take(store: &dyn Store, number: usize, step: Step) {
    let payment = payment(number);
    let stray = stray_stream(&payment);
    match step {
        Step::StrayStored => {
            let head = store.head(&stray).await.unwrap();
            let events = [unmatched(payment, number)];
            let receipt = u128::try_from(number).unwrap() + 1000;
            let append = append_with(head, &stray, receipt, &events, None);
            stored(&store.append(append).await.unwrap());
        }
        Step::ClaimLookedUp => {
            let owner = store.owner(&Claim::Payment(payment)).await.unwrap();
            if owner == Some(order_stream(number)) {
                take_up(store, number).await;
            }
        }
        Step::ClaimMade => {
            let stream = order_stream(number);
            let receipt = u128::try_from(number).unwrap() + 2000;
            let events = [placed(number), started(payment)];
            let append = append_now(store, &stream, receipt, &events).await;
            stored(&store.append(append).await.unwrap());
        }
        Step::StrayRead => {
            if !store.load(&stray, 0).await.unwrap().is_empty() {
                take_up(store, number).await;
            }
        }
    }
}

/// The order takes the stray's money up, unless it has it already.
async fn take_up(store: &dyn Store, number: usize) {
    let stream = order_stream(number);
    let events = store.load(&stream, 0).await.unwrap();
    if events
        .iter()
        .any(|event| &*event.kind == "PaymentConfirmed")
    {
        return;
    }
    let stray = stray_stream(&payment(number));
    let head = store.head(&stream).await.unwrap();
    let events = [confirmed(payment(number), number)];
    let receipt = u128::try_from(number).unwrap() + 3000;
    let append = append_with(head, &stream, receipt, &events, Some(&stray));
    let outcome = store.append(append).await.unwrap();
    assert!(matches!(outcome, Outcome::Appended { .. }), "{outcome:?}");
}

async fn met(store: &dyn Store, number: usize) {
    let stream = order_stream(number);
    let events = store.load(&stream, 0).await.unwrap();
    let confirmed = events
        .iter()
        .filter(|event| &*event.kind == "PaymentConfirmed");
    assert_eq!(confirmed.count(), 1, "interleaving {number}");
    let owner = store.owner(&transaction_claim(number)).await.unwrap();
    assert_eq!(owner, Some(stream), "interleaving {number}");
}

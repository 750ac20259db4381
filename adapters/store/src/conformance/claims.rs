//! The second promise: a claim belongs to one stream for ever, however many ask at once.

use futures_util::future::join_all;

use super::Place;
use super::scene::{
    append_at, append_now, append_with, confirmed, order_stream, payment, placed, started, stored,
    stray_stream, transaction_claim, unmatched,
};
use crate::port::{Head, Outcome};
use crate::stream::Claim;

/// Many orders start a payment under one number at once: one has it, the others hear whose it is,
/// and store nothing.
pub async fn a_claim_belongs_to_one_stream_however_many_ask(place: &mut dyn Place) {
    let store = place.open().await;
    let claim = Claim::Payment(payment(1));
    let numbers = 0..32_u16;
    let appends = numbers.map(|number| {
        let stream = order_stream(usize::from(number));
        let events = [placed(usize::from(number)), started(payment(1))];
        store.append(append_at(
            Head::default(),
            &stream,
            u128::from(number),
            &events,
        ))
    });
    let outcomes = join_all(appends).await;
    let owner = store.owner(&claim).await.unwrap();
    let mut appended = 0;
    for (number, outcome) in outcomes.into_iter().enumerate() {
        let stream = order_stream(number);
        let events = store.load(&stream, 0).await.unwrap();
        match outcome.unwrap() {
            Outcome::Appended { .. } => {
                appended += 1;
                assert_eq!((events.len(), owner.as_ref()), (2, Some(&stream)));
            }
            Outcome::ClaimConflict {
                claim: named,
                owner: other,
            } => {
                assert_eq!((named, Some(&other)), (claim.clone(), owner.as_ref()));
                assert_eq!(events, []);
            }
            Outcome::VersionConflict { actual } => assert_eq!(actual, 0, "no version conflicts"),
        }
    }
    assert_eq!(appended, 1);
}

/// Late money that is accepted claims its transaction a second time, in the same stream.
pub async fn a_stream_may_repeat_its_own_claim(place: &mut dyn Place) {
    let store = place.open().await;
    let stream = order_stream(1);
    let events = [placed(1), started(payment(1)), confirmed(payment(1), 1)];
    let first = append_now(&*store, &stream, 1, &events).await;
    stored(&store.append(first).await.unwrap());
    let again = append_now(&*store, &stream, 2, &[confirmed(payment(1), 1)]).await;
    assert!(!again.claims.is_empty());
    stored(&store.append(again).await.unwrap());
    let owner = store.owner(&transaction_claim(1)).await.unwrap();
    assert_eq!(owner, Some(stream));
}

/// An append's claims are made together or not at all.
pub async fn a_claim_that_conflicts_leaves_no_other_claim_behind(place: &mut dyn Place) {
    let store = place.open().await;
    let first = append_now(
        &*store,
        &order_stream(1),
        1,
        &[placed(1), started(payment(1))],
    )
    .await;
    stored(&store.append(first).await.unwrap());
    let events = [placed(2), started(payment(2)), started(payment(1))];
    let second = append_now(&*store, &order_stream(2), 2, &events).await;
    let outcome = store.append(second).await.unwrap();
    let conflict = Outcome::ClaimConflict {
        claim: Claim::Payment(payment(1)),
        owner: order_stream(1),
    };
    assert_eq!(outcome, conflict);
    let owner = store.owner(&Claim::Payment(payment(2))).await.unwrap();
    assert_eq!(owner, None);
    assert_eq!(store.head(&order_stream(2)).await.unwrap(), Head::default());
}

/// A stray's transaction becomes the order's when the order takes that stray up, and by nothing else.
pub async fn a_claim_goes_over_only_from_the_stray_that_was_taken_up(place: &mut dyn Place) {
    let store = place.open().await;
    let stray = stray_stream(&payment(1));
    let message = append_with(
        Head::default(),
        &stray,
        1,
        &[unmatched(payment(1), 1)],
        None,
    );
    stored(&store.append(message).await.unwrap());
    let claim = transaction_claim(1);
    assert_eq!(store.owner(&claim).await.unwrap(), Some(stray.clone()));

    let order = order_stream(1);
    let events = [placed(1), started(payment(1)), confirmed(payment(1), 1)];
    let conflict = Outcome::ClaimConflict {
        claim: claim.clone(),
        owner: stray.clone(),
    };
    let other = stray_stream(&payment(2));
    for (receipt, taken_up) in [(2, None), (3, Some(&other))] {
        let append = append_with(Head::default(), &order, receipt, &events, taken_up);
        assert_eq!(store.append(append).await.unwrap(), conflict);
    }
    let append = append_with(Head::default(), &order, 4, &events, Some(&stray));
    stored(&store.append(append).await.unwrap());
    assert_eq!(store.owner(&claim).await.unwrap(), Some(order.clone()));

    let late = append_with(Head::default(), &order_stream(2), 5, &events, Some(&stray));
    let owned = store.append(late).await.unwrap();
    assert!(matches!(owned, Outcome::ClaimConflict { owner, .. } if owner == order));
}

/// An audit reads all claims, a page at a time, each once.
pub async fn claims_are_listed_in_their_order_whatever_the_page(place: &mut dyn Place) {
    let store = place.open().await;
    for number in (0..7).rev() {
        let stream = order_stream(number);
        let events = [
            placed(number),
            started(payment(number)),
            confirmed(payment(number), number),
        ];
        let append = append_at(Head::default(), &stream, 1, &events);
        stored(&store.append(append).await.unwrap());
    }
    let all = store.claims(None, 100).await.unwrap();
    assert_eq!(all.len(), 14);
    assert!(all.is_sorted_by(|(one, _), (next, _)| one < next));
    for page in [1, 2, 5, 14] {
        let mut paged = Vec::new();
        loop {
            let after = paged.last().map(|(claim, _)| claim);
            let read = store.claims(after, page).await.unwrap();
            if read.is_empty() {
                break;
            }
            paged.extend(read);
        }
        assert_eq!(paged, all);
    }
}

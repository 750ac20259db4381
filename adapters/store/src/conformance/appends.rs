//! The first promise: an append is all or nothing, and a conflict is a value.

use futures_util::future::join_all;

use super::Place;
use super::scene::{
    append_at, append_now, append_with, feed, order_stream, payment, placed, started, stored,
};
use crate::chain::{Link, commit};
use crate::port::{Head, Outcome, Position, Scope};

/// What goes in comes out, in order, chained, with private parts, and the head follows it.
pub async fn an_append_reads_back_as_it_was_given(place: &mut dyn Place) {
    let store = place.open().await;
    let stream = order_stream(1);
    let events = [placed(1), started(payment(1))];
    let append = append_with(Head::default(), &stream, 1, &events, None);
    let (position, head) = stored(&store.append(append.clone()).await.unwrap());

    let loaded = store.load(&stream, 0).await.unwrap();
    assert_eq!(loaded.len(), 2);
    let mut before = Head::default();
    for (recorded, new) in loaded.iter().zip(&append.events) {
        assert_eq!(recorded.version, before.version + 1);
        assert_eq!((recorded.id, &*recorded.kind), (new.id, new.kind));
        assert_eq!((&recorded.data, recorded.schema), (&new.data, new.schema));
        assert_eq!(
            (recorded.time, recorded.evidence),
            (append.time, new.evidence)
        );
        let opening = recorded
            .private
            .as_ref()
            .and_then(|kept| kept.opening.clone());
        let given = new
            .private
            .as_ref()
            .map(|part| (part.salt, part.bytes.clone()));
        assert_eq!(opening, given, "the private part of {}", new.kind);
        if let Some((salt, bytes)) = &opening {
            let kept = recorded.private.as_ref().map(|kept| kept.commitment);
            assert_eq!(kept, Some(commit(salt, bytes)));
        }
        let name = stream.to_string();
        assert_eq!(recorded.hash, Link::of(recorded, &name).hash(&before.hash));
        assert_eq!(recorded.hash, new.hash);
        before = Head {
            version: recorded.version,
            hash: recorded.hash,
        };
    }
    assert_eq!(head, before);
    assert_eq!(store.head(&stream).await.unwrap(), head);
    assert_eq!(loaded.last().map(|event| event.position), Some(position));
    assert_eq!(*store.tip().borrow(), position);
    assert_eq!(store.load(&stream, 1).await.unwrap(), loaded.split_at(1).1);
    assert_eq!(store.load(&order_stream(2), 0).await.unwrap(), []);
    assert_eq!(store.head(&order_stream(2)).await.unwrap(), Head::default());
}

/// Neither event nor claim nor evidence of an append that conflicts is there.
pub async fn a_version_conflict_is_a_value_and_stores_nothing(place: &mut dyn Place) {
    let store = place.open().await;
    let stream = order_stream(1);
    let first = append_now(&*store, &stream, 1, &[placed(1)]).await;
    let (position, head) = stored(&store.append(first).await.unwrap());

    let ahead = Head {
        version: head.version + 4,
        ..head
    };
    for (receipt, at) in [(2, Head::default()), (3, ahead)] {
        let append = append_with(at, &stream, receipt, &[started(payment(1))], None);
        let claims = append.claims.clone();
        let outcome = store.append(append).await.unwrap();
        assert_eq!(outcome, Outcome::VersionConflict { actual: 1 });
        for request in claims {
            assert_eq!(store.owner(&request.claim).await.unwrap(), None);
        }
    }
    assert_eq!(store.head(&stream).await.unwrap(), head);
    assert_eq!(*store.tip().borrow(), position);
    assert_eq!(store.read_evidence(Position(0), 9).await.unwrap(), []);
    assert_eq!(feed(&*store, 9, Scope::Everything).await.len(), 1);
}

/// After an unknown outcome the same bytes go out again; they are stored once, and answered as they
/// were, also when the stream has gone on.
pub async fn the_same_append_sent_again_is_stored_once(place: &mut dyn Place) {
    let store = place.open().await;
    let stream = order_stream(1);
    let first = append_now(&*store, &stream, 1, &[placed(1), started(payment(1))]).await;
    let outcome = store.append(first.clone()).await.unwrap();
    assert_eq!(store.append(first.clone()).await.unwrap(), outcome);

    let next = append_now(&*store, &stream, 2, &[started(payment(2))]).await;
    stored(&store.append(next).await.unwrap());
    assert_eq!(store.append(first.clone()).await.unwrap(), outcome);

    let at_once = join_all((0..8).map(|_| store.append(first.clone()))).await;
    for repeated in at_once {
        assert_eq!(repeated.unwrap(), outcome);
    }
    assert_eq!(store.load(&stream, 0).await.unwrap().len(), 3);
}

/// Only the very same append is answered as stored: another receipt's is a conflict.
pub async fn another_append_at_the_same_version_conflicts(place: &mut dyn Place) {
    let store = place.open().await;
    let stream = order_stream(1);
    let first = append_at(Head::default(), &stream, 1, &[placed(1)]);
    let second = append_at(Head::default(), &stream, 2, &[placed(1)]);
    stored(&store.append(first).await.unwrap());
    let outcome = store.append(second).await.unwrap();
    assert_eq!(outcome, Outcome::VersionConflict { actual: 1 });
}

/// However many decide at one version at once, one is stored.
pub async fn of_many_appends_at_one_version_one_is_stored(place: &mut dyn Place) {
    let store = place.open().await;
    let stream = order_stream(1);
    let appends = (0..32).map(|receipt| append_at(Head::default(), &stream, receipt, &[placed(1)]));
    let outcomes = join_all(appends.map(|append| store.append(append))).await;
    let mut appended = 0;
    for outcome in outcomes {
        let outcome = outcome.unwrap();
        if let Outcome::Appended { .. } = outcome {
            appended += 1;
        } else {
            assert_eq!(outcome, Outcome::VersionConflict { actual: 1 });
        }
    }
    assert_eq!(appended, 1);
    assert_eq!(store.load(&stream, 0).await.unwrap().len(), 1);
}

/// Appends that wait together are stored together, and those among them that conflict are as if they
/// had come alone.
pub async fn a_conflict_touches_no_neighbour(place: &mut dyn Place) {
    let store = place.open().await;
    let behind = Head {
        version: 7,
        hash: [1; 32],
    };
    let numbers = 0..64_u16;
    let appends = numbers.map(|number| {
        let stream = order_stream(usize::from(number));
        let head = if number % 3 == 0 {
            behind
        } else {
            Head::default()
        };
        let events = [
            placed(usize::from(number)),
            started(payment(usize::from(number))),
        ];
        store.append(append_at(head, &stream, u128::from(number), &events))
    });
    let outcomes = join_all(appends).await;
    for (number, outcome) in outcomes.into_iter().enumerate() {
        let outcome = outcome.unwrap();
        let events = store.load(&order_stream(number), 0).await.unwrap();
        if number % 3 == 0 {
            assert_eq!(outcome, Outcome::VersionConflict { actual: 0 });
            assert_eq!(events, []);
        } else {
            let (position, head) = stored(&outcome);
            assert_eq!(head.version, 2);
            assert_eq!(events.last().map(|event| event.position), Some(position));
        }
    }
}

//! The third promise: one total order over all streams, without a hole that is filled later.

use futures_util::future::{join, join_all};

use super::Place;
use super::scene::{
    append_at, append_now, append_with, feed, order_stream, payment, placed, started, stored,
};
use crate::port::{Head, Position, Recorded, Scope};
use crate::seal::Sealer;

/// Pages of any size show the same events in the same order, each position once and ascending, and
/// each stream's events in the order of their versions.
pub async fn the_feed_is_one_total_order_in_pages(place: &mut dyn Place) {
    let store = place.open().await;
    for round in 0..3_u64 {
        for number in 0..5 {
            let stream = order_stream(number);
            let events = [placed(number), started(payment(number))];
            let events = if round == 0 {
                &events[..]
            } else {
                events.split_at(1).0
            };
            let receipt = u128::from(round);
            let append = append_now(&*store, &stream, receipt, events).await;
            stored(&store.append(append).await.unwrap());
        }
    }
    let all = feed(&*store, 100, Scope::Public).await;
    assert_eq!(all.len(), 20);
    in_total_order(&all);
    for page in [1, 3, 20] {
        assert_eq!(feed(&*store, page, Scope::Public).await, all);
    }
    let last = all.last().map(|event| event.position);
    assert_eq!(Some(*store.tip().borrow()), last);
}

/// A reader that follows while many write reads exactly what somebody reads who comes afterwards.
pub async fn a_live_reader_finds_no_hole_that_is_filled_later(place: &mut dyn Place) {
    const WRITERS: usize = 12;
    const APPENDS: u64 = 12;
    let store = place.open().await;
    let store = &*store;
    let writers = (0..WRITERS).map(|number| async move {
        let stream = order_stream(number);
        let mut head = Head::default();
        for receipt in 0..APPENDS {
            let append = append_at(head, &stream, u128::from(receipt), &[placed(number)]);
            head = stored(&store.append(append).await.unwrap()).1;
        }
    });
    let reader = async {
        let mut tip = store.tip();
        let mut seen: Vec<Recorded> = Vec::new();
        let mut after = Position(0);
        while seen.len() < WRITERS * 12 {
            let page = store.read(after, 7, Scope::Public).await.unwrap();
            if page.read_to == after {
                tip.changed().await.unwrap();
            }
            after = page.read_to;
            seen.extend(page.events);
        }
        seen
    };
    let (seen, _) = join(reader, join_all(writers)).await;
    in_total_order(&seen);
    assert_eq!(seen, feed(store, 1000, Scope::Public).await);
}

fn in_total_order(events: &[Recorded]) {
    assert!(events.is_sorted_by(|one, next| one.position < next.position));
    for (index, event) in events.iter().enumerate() {
        let (earlier, _) = events.split_at(index);
        let of_stream = earlier.iter().filter(|other| other.stream == event.stream);
        let next = u64::try_from(of_stream.count()).unwrap() + 1;
        assert_eq!(event.version, next, "in {}", event.stream);
    }
}

/// The public feed leaves seals and private parts out, and says how far it has read all the same.
pub async fn the_feed_shows_no_seal_and_no_private_part(place: &mut dyn Place) {
    let store = place.open().await;
    let append = append_now(&*store, &order_stream(1), 1, &[placed(1)]).await;
    let time = append.time;
    stored(&store.append(append).await.unwrap());
    let mut sealer = Sealer::open(&*store, time).await.unwrap();
    sealer.read(&*store).await.unwrap();
    sealer.seal(&*store, time).await.unwrap();

    let public = store.read(Position(0), 9, Scope::Public).await.unwrap();
    assert_eq!(public.events.len(), 1);
    assert!(public.events.iter().all(|event| event.private.is_none()));
    assert_eq!(public.read_to, *store.tip().borrow());
    let everything = store.read(Position(0), 9, Scope::Everything).await.unwrap();
    assert_eq!(everything.events.len(), 2);
    let first = everything
        .events
        .first()
        .and_then(|event| event.private.as_ref());
    assert!(first.is_some_and(|kept| kept.opening.is_some()));
    assert_eq!(everything.read_to, public.read_to);
}

/// A cursor's event is looked up by its position; a position without an event has none.
pub async fn an_event_is_found_by_its_position_alone(place: &mut dyn Place) {
    let store = place.open().await;
    let events = [placed(1), started(payment(1))];
    let append = append_with(Head::default(), &order_stream(1), 1, &events, None);
    let (last, _) = stored(&store.append(append).await.unwrap());
    for event in feed(&*store, 9, Scope::Public).await {
        let found = store.at(event.position).await.unwrap();
        let found = found.map(|found| (found.position, found.id, found.hash));
        assert_eq!(found, Some((event.position, event.id, event.hash)));
    }
    assert_eq!(store.at(Position(0)).await.unwrap(), None);
    assert_eq!(store.at(Position(last.0 + 1)).await.unwrap(), None);
}

//! Keeping up with a real store.

use std::future::{pending, ready};

use payfold_domain::Timestamp;
use payfold_domain::event::{Event, OrderEvent};
use payfold_projections::{OrderFilter, Place, Runner, View, Views, catch_up, follow};
use payfold_sqlite::SqliteStore;
use payfold_store::{Decision, Outcome, Position, Store, StreamName, prepare};
use uuid::Uuid;

use crate::feed::{NEW_YEAR_S, STORE, order, placed, started};

async fn append(store: &SqliteStore, order_no: &str, event: OrderEvent) -> Position {
    let stream = StreamName::Order(order(order_no));
    let head = store.head(&stream).await.unwrap();
    let decision = Decision {
        stream: &stream,
        head,
        receipt: Uuid::from_u128(9),
        time: Timestamp::from_secs(NEW_YEAR_S),
        events: &[Event::Order(event)],
        evidence: None,
        taken_up: None,
    };
    let append = prepare(decision, &mut || [0; 32]).unwrap();
    let outcome = store.append(append).await.unwrap();
    let Outcome::Appended { position, .. } = outcome else {
        unreachable!("{outcome:?}")
    };
    position
}

fn run<T>(test: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap()
        .block_on(test)
}

fn listed(views: &Views) -> usize {
    let orders = views.orders.list(&OrderFilter::default(), None, 100);
    orders.unwrap().items.len()
}

#[test]
fn what_is_stored_is_soon_in_the_views_and_a_reader_can_wait_for_it() {
    run(async {
        let store = SqliteStore::in_memory(STORE).unwrap();
        let (mut runner, views) = Runner::open(Place::in_memory(), store.id()).unwrap();
        let shopping = async {
            for number in 0..3 {
                let position = append(
                    &store,
                    &format!("A-{number}"),
                    placed(&format!("A-{number}")),
                )
                .await;
                views.reached(View::Orders, position).await.unwrap();
                assert_eq!(listed(&views), number + 1);
            }
        };
        follow(&store, &mut runner, shopping, || ready(()))
            .await
            .unwrap();
    });
}

#[test]
fn a_rebuild_that_is_asked_for_is_done_while_the_feed_is_followed() {
    run(async {
        let store = SqliteStore::in_memory(STORE).unwrap();
        append(&store, "A", placed("A")).await;
        let (mut runner, views) = Runner::open(Place::in_memory(), store.id()).unwrap();
        let asking = async {
            for view in View::ALL {
                views.rebuild(view).await.unwrap();
                assert_eq!(views.standing().of(view).generation, 2);
            }
            assert_eq!(listed(&views), 1);
        };
        follow(&store, &mut runner, asking, || ready(()))
            .await
            .unwrap();
    });
}

#[test]
fn under_load_the_views_pause_between_their_commits() {
    run(async {
        let store = SqliteStore::in_memory(STORE).unwrap();
        let (mut runner, views) = Runner::open(Place::in_memory(), store.id()).unwrap();
        let position = append(&store, "A", placed("A")).await;
        let shopping = async {
            views.reached(View::OpenWork, position).await.unwrap();
            append(&store, "A", started("P-1", None)).await;
        };
        // A pause that never ends: the second event waits for it.
        follow(&store, &mut runner, shopping, pending)
            .await
            .unwrap();
        assert_eq!(views.standing().of(View::Orders).position, position);
    });
}

#[test]
fn views_that_are_ahead_of_the_store_or_of_another_history_begin_anew() {
    let folder = tempfile::tempdir().unwrap();
    let place = || Place::Folder(folder.path().to_owned());
    run(async {
        let first = SqliteStore::in_memory(STORE).unwrap();
        for order_no in ["A", "B", "C"] {
            append(&first, order_no, placed(order_no)).await;
        }
        let (mut runner, views) = Runner::open(place(), first.id()).unwrap();
        catch_up(&first, &mut runner).await.unwrap();
        assert_eq!(listed(&views), 3);
        drop((runner, views));

        // The same id, and less in it.
        let shorter = SqliteStore::in_memory(STORE).unwrap();
        append(&shorter, "D", placed("D")).await;
        let (mut runner, views) = Runner::open(place(), shorter.id()).unwrap();
        catch_up(&shorter, &mut runner).await.unwrap();
        assert_eq!(
            (listed(&views), views.standing().of(View::Orders).generation),
            (1, 2)
        );
        drop((runner, views));

        // The same id and as much, and another event at the end.
        let other = SqliteStore::in_memory(STORE).unwrap();
        append(&other, "E", placed("E")).await;
        let (mut runner, views) = Runner::open(place(), other.id()).unwrap();
        catch_up(&other, &mut runner).await.unwrap();
        assert_eq!(
            (listed(&views), views.standing().of(View::Orders).generation),
            (1, 3)
        );
    });
}

#[test]
fn catching_up_finishes_a_rebuild_also_of_an_empty_store() {
    run(async {
        let store = SqliteStore::in_memory(STORE).unwrap();
        let (mut runner, views) = Runner::open(Place::in_memory(), store.id()).unwrap();
        runner.begin_rebuild(View::Orders).unwrap();
        catch_up(&store, &mut runner).await.unwrap();
        assert!(!runner.is_building());
        assert_eq!(views.standing().of(View::Orders).generation, 2);
    });
}

#[test]
fn waiting_for_a_view_ends_when_nobody_keeps_it_up() {
    run(async {
        let (runner, views) = Runner::open(Place::in_memory(), STORE).unwrap();
        drop(runner);
        assert!(views.reached(View::Orders, Position(1)).await.is_err());
    });
}

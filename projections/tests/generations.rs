//! Files come back by themselves: deleted, damaged, foreign, unfinished; and a rebuild disturbs nobody.

use std::path::Path;

use payfold_domain::event::OrderEvent;
use payfold_projections::{ListedStatus, OrderFilter, Place, Runner, View, Views};
use payfold_store::Position;
use uuid::Uuid;

use crate::answers::answers;
use crate::feed::{Feed, STORE, after_new_year, confirmed, late, placed, started};

fn feed() -> Feed {
    let mut feed = Feed::default();
    for number in 0..300 {
        let order_no = format!("A-{number}");
        feed.order(&order_no, number, placed(&order_no));
        feed.order(
            &order_no,
            number,
            started(&format!("P-{number}"), Some(7200)),
        );
        if number % 3 == 0 {
            feed.order(&order_no, number, confirmed(&format!("P-{number}"), number));
            feed.order(&order_no, number, OrderEvent::ShipmentRequested);
        } else if number % 3 == 1 {
            feed.order(&order_no, number, late(&format!("P-{number}"), number));
        }
    }
    feed
}

fn open(folder: &Path, store: Uuid) -> (Runner, Views) {
    Runner::open(Place::Folder(folder.to_owned()), store).unwrap()
}

/// Gives the runner what it asks for until it asks no more.
fn bring_up(runner: &mut Runner, feed: &Feed) {
    while let Some(after) = runner.next_read(feed.tip()).unwrap() {
        let from = feed
            .recorded
            .partition_point(|event| event.position <= after);
        let to = (from + 100).min(feed.recorded.len());
        let stretch = &feed.recorded[from..to];
        let read_to = stretch.last().unwrap().position;
        runner.apply(after, stretch, read_to).unwrap();
    }
}

fn files(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.ends_with(".db"))
        .collect();
    names.sort();
    names
}

fn is_complete(views: &Views, feed: &Feed) {
    let (_runner, fresh) = feed.folded();
    let now = after_new_year(3600);
    assert_eq!(answers(views, now), answers(&fresh, now));
}

#[test]
fn a_view_whose_file_was_deleted_comes_back_alone() {
    let (folder, feed) = (tempfile::tempdir().unwrap(), feed());
    let (mut runner, views) = open(folder.path(), STORE);
    bring_up(&mut runner, &feed);
    drop((runner, views));
    std::fs::remove_file(folder.path().join("orders.1.db")).unwrap();

    let (mut runner, views) = open(folder.path(), STORE);
    assert_eq!(views.standing().of(View::Orders).position, Position(0));
    assert_eq!(views.standing().of(View::Shipments).position, feed.tip());
    bring_up(&mut runner, &feed);
    is_complete(&views, &feed);
}

#[test]
fn a_file_that_is_no_database_is_replaced() {
    let (folder, feed) = (tempfile::tempdir().unwrap(), feed());
    std::fs::write(
        folder.path().join("exceptions.4.db"),
        "not a database".repeat(99),
    )
    .unwrap();
    let (mut runner, views) = open(folder.path(), STORE);
    bring_up(&mut runner, &feed);
    is_complete(&views, &feed);
    assert_eq!(views.standing().of(View::Exceptions).generation, 5);
    assert!(!files(folder.path()).contains(&"exceptions.4.db".to_owned()));
}

#[test]
fn a_file_whose_middle_is_damaged_is_replaced_once_somebody_reads_it() {
    let (folder, feed) = (tempfile::tempdir().unwrap(), feed());
    let (mut runner, views) = open(folder.path(), STORE);
    bring_up(&mut runner, &feed);
    drop((runner, views));
    let path = folder.path().join("orders.1.db");
    let mut bytes = std::fs::read(&path).unwrap();
    // Everything but the schema and the checkpoint.
    bytes[2 * 4096..].fill(0xa5);
    std::fs::write(&path, bytes).unwrap();

    let (mut runner, views) = open(folder.path(), STORE);
    let listed = views.orders.list(&OrderFilter::default(), None, 500);
    assert!(listed.is_err());
    bring_up(&mut runner, &feed);
    is_complete(&views, &feed);
    assert_eq!(files(folder.path()).len(), 5);
}

#[test]
fn a_file_that_is_found_damaged_when_it_is_written_is_replaced_and_told_of() {
    let (folder, mut feed) = (tempfile::tempdir().unwrap(), feed());
    let (mut runner, views) = open(folder.path(), STORE);
    bring_up(&mut runner, &feed);
    let damaging = rusqlite::Connection::open(folder.path().join("orders.1.db")).unwrap();
    damaging.execute_batch("DROP TABLE orders").unwrap();
    let before = feed.tip();
    feed.order("new", 400, placed("new"));
    let stretch = std::slice::from_ref(feed.recorded.last().unwrap());
    assert!(runner.apply(before, stretch, feed.tip()).is_err());
    assert_eq!(views.standing().of(View::Shipments).position, feed.tip());
    bring_up(&mut runner, &feed);
    is_complete(&views, &feed);
    assert_eq!(views.standing().of(View::Orders).generation, 2);
}

#[test]
fn views_of_another_store_begin_anew() {
    let (folder, feed) = (tempfile::tempdir().unwrap(), feed());
    let (mut runner, views) = open(folder.path(), STORE);
    bring_up(&mut runner, &feed);
    drop((runner, views));
    let (_runner, views) = open(folder.path(), Uuid::from_u128(8));
    for view in View::ALL {
        let standing = views.standing().of(view);
        assert_eq!((standing.position, standing.generation), (Position(0), 2));
    }
    assert_eq!(files(folder.path()).len(), 5);
}

#[test]
fn a_rebuild_answers_from_the_old_generation_until_the_new_one_has_come_as_far() {
    let (folder, mut feed) = (tempfile::tempdir().unwrap(), feed());
    let (mut runner, views) = open(folder.path(), STORE);
    bring_up(&mut runner, &feed);
    runner.begin_rebuild(View::Orders).unwrap();
    assert!(runner.is_building());

    // Half of it is built, and something happens meanwhile.
    for _ in 0..3 {
        let after = runner.next_read(feed.tip()).unwrap().unwrap();
        let from = feed
            .recorded
            .partition_point(|event| event.position <= after);
        let stretch = &feed.recorded[from..from + 50];
        runner.apply(after, stretch, stretch[49].position).unwrap();
    }
    feed.order("new", 400, placed("new"));
    let building = views.standing().of(View::Orders);
    assert_eq!(
        (building.generation, building.position),
        (1, Position(feed.tip().0 - 3))
    );
    assert!(building.building > Some(Position(0)));
    let all = views
        .orders
        .list(&OrderFilter::default(), None, 500)
        .unwrap();
    assert_eq!(all.items.len(), 300);

    bring_up(&mut runner, &feed);
    is_complete(&views, &feed);
    let built = views.standing().of(View::Orders);
    assert_eq!((built.generation, built.building), (2, None));
    runner.next_read(feed.tip()).unwrap();
    assert!(!files(folder.path()).contains(&"orders.1.db".to_owned()));
}

#[test]
fn what_is_new_is_folded_while_a_rebuild_is_far_behind() {
    let (mut runner, views) = Runner::open(Place::in_memory(), STORE).unwrap();
    let mut feed = feed();
    bring_up(&mut runner, &feed);
    runner.begin_rebuild(View::DailyReport).unwrap();
    for number in 0..5 {
        let position = feed.order("new", 400 + number, started(&format!("N-{number}"), None));
        // Two reads at most: one of those in front, one of those behind.
        for _ in 0..2 {
            let after = runner.next_read(feed.tip()).unwrap().unwrap();
            let from = feed
                .recorded
                .partition_point(|event| event.position <= after);
            let stretch = &feed.recorded[from..=from];
            runner.apply(after, stretch, stretch[0].position).unwrap();
        }
        assert_eq!(views.standing().of(View::OpenWork).position, position);
    }
    assert!(runner.is_building());
}

#[test]
fn a_rebuild_that_was_cut_off_leaves_nothing_behind() {
    let (folder, feed) = (tempfile::tempdir().unwrap(), feed());
    let (mut runner, views) = open(folder.path(), STORE);
    bring_up(&mut runner, &feed);
    runner.begin_rebuild(View::Orders).unwrap();
    let stretch = &feed.recorded[..50];
    runner
        .apply(Position(0), stretch, stretch[49].position)
        .unwrap();
    drop((runner, views));

    let (_runner, views) = open(folder.path(), STORE);
    is_complete(&views, &feed);
    assert_eq!(views.standing().of(View::Orders).generation, 1);
    assert_eq!(files(folder.path()).len(), 5);
}

#[test]
fn readers_see_whole_stretches_while_the_view_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let mut feed = Feed::default();
    for number in 0..600 {
        let order_no = format!("A-{number}");
        feed.order(&order_no, 0, placed(&order_no));
    }
    let (mut runner, views) = open(folder.path(), STORE);
    let filter = OrderFilter {
        status: Some(ListedStatus::Open),
        ..OrderFilter::default()
    };
    std::thread::scope(|scope| {
        let reading = scope.spawn(|| {
            loop {
                let listed = views.orders.list(&filter, None, 1000).unwrap();
                let events = usize::try_from(listed.as_of.position.0).unwrap() / 3;
                assert_eq!(listed.items.len(), events);
                if events == 600 {
                    break;
                }
            }
        });
        for (number, stretch) in feed.recorded.chunks(20).enumerate() {
            if number == 15 {
                runner.begin_rebuild(View::Orders).unwrap();
            }
            let after = Position(stretch[0].position.0 - 3);
            runner
                .apply(after, stretch, stretch.last().unwrap().position)
                .unwrap();
        }
        reading.join().unwrap();
    });
}

//! The fourth promise: cells with compare-and-set.

use bytes::Bytes;
use futures_util::future::join_all;

use super::Place;
use crate::port::{Cell, CellOutcome, Position, Scope, Store};

/// The revision counts the writes, and whoever holds an older one does not write.
pub async fn a_cell_is_written_only_at_its_revision(place: &mut dyn Place) {
    let store = place.open().await;
    let name = "lease/reports";
    assert_eq!(store.cell(name).await.unwrap(), None);
    let value = Bytes::from_static(b"node 1");
    let ahead = store.set_cell(name, 1, value.clone()).await.unwrap();
    assert_eq!(ahead, CellOutcome::Conflict { actual: 0 });
    let first = store.set_cell(name, 0, value.clone()).await.unwrap();
    assert_eq!(first, CellOutcome::Written { revision: 1 });
    let late = store.set_cell(name, 0, Bytes::from_static(b"node 2")).await;
    assert_eq!(late.unwrap(), CellOutcome::Conflict { actual: 1 });
    let held = Cell { value, revision: 1 };
    assert_eq!(store.cell(name).await.unwrap(), Some(held));
    let emptied = store.set_cell(name, 1, Bytes::new()).await.unwrap();
    assert_eq!(emptied, CellOutcome::Written { revision: 2 });
    assert_eq!(store.cell("lease/report").await.unwrap(), None);

    drop(store);
    let reopened = place.open().await;
    let held = Cell {
        value: Bytes::new(),
        revision: 2,
    };
    assert_eq!(reopened.cell(name).await.unwrap(), Some(held));
}

/// Each of many writers adds its mark, again where another was faster; all marks are there.
pub async fn of_many_writers_of_a_cell_none_is_lost(place: &mut dyn Place) {
    let store = place.open().await;
    join_all((0..16_u8).map(|mark| add(&*store, mark))).await;
    let cell = store.cell("marks").await.unwrap().unwrap_or_else(|| Cell {
        value: Bytes::new(),
        revision: 0,
    });
    let mut marks = cell.value.to_vec();
    marks.sort_unstable();
    assert_eq!(marks, (0..16).collect::<Vec<u8>>());
    assert_eq!(cell.revision, 16);
}

async fn add(store: &dyn Store, mark: u8) {
    loop {
        let cell = store.cell("marks").await.unwrap();
        let (mut marks, revision) = cell.map_or_else(
            || (Vec::new(), 0),
            |cell| (cell.value.to_vec(), cell.revision),
        );
        marks.push(mark);
        let set = store.set_cell("marks", revision, Bytes::from(marks)).await;
        if let CellOutcome::Written { .. } = set.unwrap() {
            return;
        }
    }
}

/// A cell is neither event nor claim.
pub async fn cells_are_in_no_feed(place: &mut dyn Place) {
    let store = place.open().await;
    let value = Bytes::from_static(b"value");
    store.set_cell("name", 0, value).await.unwrap();
    let page = store.read(Position(0), 9, Scope::Everything).await.unwrap();
    assert_eq!((page.events, page.read_to), (Vec::new(), Position(0)));
    assert_eq!(*store.tip().borrow(), Position(0));
}

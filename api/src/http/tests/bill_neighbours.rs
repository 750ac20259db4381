//! Money at the edge of a day whose neighbour's bill comes late or says otherwise.

use serde_json::Value;

use super::bill_rows::{Curt, Row, Shop, figure, nothing_there};
use crate::control::Mode;

/// Paid at noon or so.
const OTHER: u32 = 50_000;

/// Paid in the last second of the first of January.
const LAST: u32 = 86_399;

fn first_day() -> Row {
    Row::of(OTHER, "2026-01-01 13:53:20")
}

fn next_day(number: u32) -> Row {
    Row::of(number, "2026-01-02 00:00:01")
}

impl Shop {
    async fn imports(&self, rows: &[Row]) -> String {
        self.import(rows, Mode::Apply).await.unwrap()
    }
}

#[tokio::test(start_paused = true)]
async fn a_revoked_payment_at_the_edge_of_a_day_does_not_match() {
    let shop = Shop::beside(Curt::answering(nothing_there)).await;
    shop.is_paid([OTHER, LAST].into_iter()).await;
    let report = shop.imports(&[first_day()]).await;
    assert_eq!(figure(&report, "awaited"), 1, "{report}");
    let revoked = Row {
        state: "REVOKED",
        ..next_day(LAST)
    };
    let report = shop.imports(&[revoked]).await;
    assert_eq!(figure(&report, "matched"), 0, "{report}");
    assert_eq!(figure(&report, "other state"), 1, "{report}");
    assert_eq!(shop.open().await, ["bill_other_state"]);
}

#[tokio::test(start_paused = true)]
async fn a_bill_that_has_a_row_ends_what_the_day_before_missed() {
    let shop = Shop::beside(Curt::answering(nothing_there)).await;
    shop.is_paid([OTHER, LAST].into_iter()).await;
    shop.imports(&[next_day(7)]).await;
    let report = shop.imports(&[first_day()]).await;
    assert_eq!(figure(&report, "missing there"), 1, "{report}");
    // The bill of the next day once more, corrected.
    let report = shop.imports(&[next_day(LAST)]).await;
    assert_eq!(figure(&report, "matched"), 1, "{report}");
    assert_eq!(shop.open().await, Vec::<Value>::new());
}

//! Money at the edge of a day whose neighbour's bill comes late, says otherwise, or never comes.

use std::time::Duration;

use payfold_domain::Timestamp;
use serde_json::Value;

use super::bill_rows::{Curt, Refusal, Row, Shop, figure, nothing_there};
use super::site::{SHOP, now};
use crate::control::Mode;

const DAY_SECS: i64 = 86_400;

/// Paid at noon or so.
const OTHER: u32 = 50_000;

/// Paid in the last second of the first of January.
const LAST: u32 = 86_399;

/// Paid in its first second.
const FIRST: u32 = 86_400;

fn first_day() -> Row {
    Row::of(OTHER, "2026-01-01 13:53:20")
}

fn next_day(number: u32) -> Row {
    Row::of(number, "2026-01-02 00:00:01")
}

impl Shop {
    /// One whose bill of the first day lacks the money of its last second, which the next day's may have.
    async fn awaiting(answer: Refusal) -> Self {
        let shop = Self::beside(Curt::answering(answer)).await;
        shop.is_paid([OTHER, LAST].into_iter()).await;
        let report = shop.imports(&[first_day()]).await;
        assert_eq!(figure(&report, "awaited"), 1, "{report}");
        shop
    }

    async fn imports(&self, rows: &[Row]) -> String {
        self.import(rows, Mode::Apply).await.unwrap()
    }

    async fn works_at(&self, time: Timestamp) {
        self.site.clock.set(time);
        tokio::time::sleep(Duration::from_secs(130)).await;
    }

    /// The days whose bills were imported.
    async fn imported(&self) -> Vec<Value> {
        let path = "/v1/events?limit=500&type=BillImported";
        let page = self.site.ask(SHOP, "GET", path, Value::Null).await.json;
        let items = page["items"].as_array().unwrap().iter();
        items.map(|event| event["data"]["date"].clone()).collect()
    }
}

#[tokio::test(start_paused = true)]
async fn money_at_the_start_of_an_accounts_first_day_is_not_awaited_of_the_day_before() {
    let shop = Shop::beside(Curt::answering(nothing_there)).await;
    shop.is_paid([OTHER, FIRST].into_iter()).await;
    let report = shop.imports(&[first_day()]).await;
    assert_eq!(figure(&report, "awaited"), 0, "{report}");
    assert_eq!(figure(&report, "missing there"), 1, "{report}");
}

#[tokio::test(start_paused = true)]
async fn a_revoked_payment_at_the_edge_of_a_day_does_not_match() {
    let shop = Shop::awaiting(nothing_there).await;
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

#[tokio::test(start_paused = true)]
async fn a_bill_that_never_came_is_told_and_what_it_may_have_had_is_missing_until_it_comes() {
    let shop = Shop::awaiting(nothing_there).await;
    let app = &shop.site.app;
    app.world.tasks.spawn(app.clone().run_jobs());
    shop.works_at(now().plus_secs(8 * DAY_SECS)).await;
    assert_eq!(shop.open().await, Vec::<Value>::new(), "it may come yet");
    shop.works_at(now().plus_secs(9 * DAY_SECS)).await;
    assert_eq!(shop.open().await, ["bill_missing_there"]);
    let counted = app.counted().unwrap();
    let given_up = "payfold_bills_given_up_total{account=\"wx\"} 1";
    assert!(counted.contains(given_up), "{counted}");

    let report = shop.imports(&[next_day(LAST)]).await;
    assert_eq!(figure(&report, "matched"), 1, "{report}");
    assert_eq!(shop.open().await, Vec::<Value>::new());
}

#[tokio::test(start_paused = true)]
async fn that_nothing_happened_on_a_day_with_money_is_believed_on_its_last_days_alone() {
    let shop = Shop::beside(Curt::answering(|_path| (400, "NO_STATEMENT_EXIST"))).await;
    shop.is_paid([OTHER].into_iter()).await;
    let app = &shop.site.app;
    app.world.tasks.spawn(app.clone().run_jobs());
    shop.works_at(now().plus_secs(3 * DAY_SECS)).await;
    assert_eq!(shop.imported().await, ["2026-01-02"], "without money");
    shop.works_at(now().plus_secs(7 * DAY_SECS)).await;
    assert_eq!(
        shop.imported().await.last(),
        Some(&Value::from("2026-01-06"))
    );
    assert!(shop.imported().await.contains(&"2026-01-01".into()));
    assert_eq!(shop.open().await, ["bill_missing_there"]);
}

#[tokio::test(start_paused = true)]
async fn what_the_day_before_lacks_puts_off_no_day_on_which_nothing_happened() {
    let shop = Shop::awaiting(|_path| (400, "NO_STATEMENT_EXIST")).await;
    let app = &shop.site.app;
    app.world.tasks.spawn(app.clone().run_jobs());
    shop.works_at(now().plus_secs(3 * DAY_SECS)).await;
    assert_eq!(shop.imported().await, ["2026-01-01", "2026-01-02"]);
    assert_eq!(shop.open().await, ["bill_missing_there"]);
}

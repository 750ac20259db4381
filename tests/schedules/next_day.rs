//! The day after: everybody sleeps until both gateways have made their bills of the day, then the
//! application's own job fetches them. Afterwards the same files are brought once more by hand.

use std::io::Cursor;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use payfold::app::{App, AskedBill, Mode, Progress};
use payfold::world::Clock as _;
use payfold_domain::{AccountName, Timestamp};
use payfold_store::Store as _;
use tokio::time::{advance, sleep};

use crate::node::{START_SECS, Site};

/// When the bills of the first day are there, a little after ten in the morning in Beijing.
const BILLS_SECS: i64 = START_SECS + 18 * 3_600 + 30;

/// How long it takes until the job has looked for bills, and everything has ended that ends by time.
const LOOKED: Duration = Duration::from_secs(160);

/// Where the two gateways hand their bills out.
const HANDED_OUT: [(&str, &str); 2] = [
    ("/downloadBillFile.resource", "ali"),
    ("/v3/billdownload/file", "wx"),
];

/// The bills that the nodes were given.
#[derive(Default, Clone)]
pub(crate) struct Bills(Arc<Mutex<Vec<(AccountName, Bytes)>>>);

impl Bills {
    /// Keeps an answer of a gateway that is a bill.
    pub(crate) fn keep(&self, path: &str, answer: &http::Response<Bytes>) {
        let handed_out = HANDED_OUT.iter().find(|(there, _)| *there == path);
        if let Some((_, account)) = handed_out
            && answer.status().is_success()
        {
            let bill = (AccountName::new(account).unwrap(), answer.body().clone());
            self.lock().push(bill);
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<(AccountName, Bytes)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Lets the next day come; says what was wrong when the day's bills were brought again.
pub(crate) async fn comes(site: &Site) -> Vec<String> {
    let now = site.clock.now();
    let left = Timestamp::from_secs(BILLS_SECS).as_micros() - now.as_micros();
    advance(Duration::from_micros(left.unsigned_abs())).await;
    // Nobody did anything meanwhile.
    site.luck.troubles.over(now);
    sleep(LOOKED).await;
    let app = site.next_door(0).await.app;
    let bills = site.bills.lock().clone();
    let mut wrong = Vec::new();
    for (account, bill) in bills {
        let before = *site.store.tip().borrow();
        let told = again(&app, &account, bill).await;
        let changed = *site.store.tip().borrow() != before;
        if changed || !told.contains("imported before") {
            wrong.push(told);
        }
    }
    wrong
}

async fn again(app: &App, account: &AccountName, bill: Bytes) -> String {
    let (progress, _told) = Progress::channel();
    let bill = Cursor::new(bill);
    let imported = app.import_bill(account, bill, AskedBill::ByHand, Mode::Apply, &progress);
    match imported.await {
        Ok(report) => report.to_string(),
        Err(error) => error.to_string(),
    }
}

//! What the rest of the program holds of the views: reading them, waiting until one has come as far as
//! a cursor, and asking for a rebuild. Keeping them up is the runner's.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use payfold_store::Position;
use tokio::sync::{Notify, watch};

use crate::daily_report::DailyReport;
use crate::exceptions::Exceptions;
use crate::open_work::OpenWork;
use crate::orders::Orders;
use crate::reader::locked;
use crate::shipments::Shipments;
use crate::standing::Standing;
use crate::view::View;

/// Nobody keeps the views up any more: the program stops.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("waiting for a view: nobody keeps the views up any more")]
pub struct RunnerGone;

/// The views, for those who read them.
#[derive(Clone)]
pub struct Views {
    /// The orders, by their status and time.
    pub orders: Orders,
    /// The shipments, by their status.
    pub shipments: Shipments,
    /// Sums by day, account and method.
    pub daily_report: DailyReport,
    /// Money that needs, or needed, a person.
    pub exceptions: Exceptions,
    /// What is due.
    pub open_work: OpenWork,
    pub(crate) standing: watch::Receiver<Standing>,
    pub(crate) wishes: Arc<RebuildWishes>,
}

impl Views {
    /// How far the views have come now.
    pub fn standing(&self) -> Standing {
        *self.standing.borrow()
    }

    /// How far the views have come, with a wake-up at each change.
    pub fn watch(&self) -> watch::Receiver<Standing> {
        self.standing.clone()
    }

    /// Waits until the view has folded everything up to a position. The caller bounds how long.
    pub async fn reached(&self, view: View, position: Position) -> Result<(), RunnerGone> {
        self.wait_for(|standing| standing.of(view).position >= position)
            .await
    }

    /// Builds a view again from the events, while the generation at hand answers, and waits until the
    /// new one serves. Dropping the future does not stop the building.
    pub async fn rebuild(&self, view: View) -> Result<(), RunnerGone> {
        let generation = self.standing().of(view).generation;
        self.wishes.add(view);
        self.wait_for(|standing| standing.of(view).generation > generation)
            .await
    }

    async fn wait_for(&self, mut reached: impl FnMut(&Standing) -> bool) -> Result<(), RunnerGone> {
        let mut standing = self.standing.clone();
        match standing.wait_for(|standing| reached(standing)).await {
            Ok(_standing) => Ok(()),
            Err(_runner_dropped) => Err(RunnerGone),
        }
    }
}

/// The views that are to be built again.
#[derive(Default)]
pub(crate) struct RebuildWishes {
    views: Mutex<BTreeSet<View>>,
    added: Notify,
}

impl RebuildWishes {
    fn add(&self, view: View) {
        locked(&self.views).insert(view);
        self.added.notify_one();
    }

    pub(crate) fn has(&self, view: View) -> bool {
        locked(&self.views).contains(&view)
    }

    /// It is being built.
    pub(crate) fn grant(&self, view: View) {
        locked(&self.views).remove(&view);
    }

    /// Waits for the next wish.
    pub(crate) async fn added(&self) {
        self.added.notified().await;
    }
}

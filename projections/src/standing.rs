//! How far each view has come, as the runner publishes it.

use payfold_store::Position;

use crate::view::View;

/// How a view stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ViewStanding {
    /// How far into the feed it has come; what it answers is true up to there.
    pub position: Position,
    /// Which generation of it serves, from 1; each rebuild makes the next.
    pub generation: u64,
    /// How many events it passed because this binary cannot read them.
    pub unreadable: u64,
    /// How far the next generation has come, while there is one being built.
    pub building: Option<Position>,
}

/// How all views stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Standing {
    orders: ViewStanding,
    shipments: ViewStanding,
    daily_report: ViewStanding,
    exceptions: ViewStanding,
    open_work: ViewStanding,
}

impl Standing {
    /// How that view stands.
    pub fn of(&self, view: View) -> ViewStanding {
        match view {
            View::Orders => self.orders,
            View::Shipments => self.shipments,
            View::DailyReport => self.daily_report,
            View::Exceptions => self.exceptions,
            View::OpenWork => self.open_work,
        }
    }

    pub(crate) fn set(&mut self, view: View, standing: ViewStanding) {
        match view {
            View::Orders => self.orders = standing,
            View::Shipments => self.shipments = standing,
            View::DailyReport => self.daily_report = standing,
            View::Exceptions => self.exceptions = standing,
            View::OpenWork => self.open_work = standing,
        }
    }
}

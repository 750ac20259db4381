//! The views: what lists, reports and jobs read, folded from the feed; and the runner that keeps them
//! up with it.
//!
//! A view is an index of one file. It may be deleted at any time while nothing runs, and comes back by
//! itself; it is never asked whether an order is paid. It reads no clock, starts no task and no thread:
//! [`Runner`] is synchronous, and [`follow`] is a future that its caller drives.

mod daily_report;
mod day;
mod error;
mod exceptions;
mod feed;
mod follow;
mod listing;
mod moved;
mod open_work;
mod opening;
mod orders;
mod reader;
mod row;
mod runner;
mod shipments;
mod standing;
mod view;
mod view_file;
mod views;

pub use daily_report::{DailyReport, DailyRow, Stretch};
pub use day::Day;
pub use error::ViewError;
pub use exceptions::{ExceptionRow, ExceptionStatus, Exceptions};
pub use follow::{FollowError, catch_up, follow};
pub use listing::{Answer, AsOf, Listing};
pub use moved::{Direction, MOVING_EVENTS, Moved, Share, moved_in};
pub use open_work::{
    CancelWish, DueOrder, OpenOrder, OpenPayment, OpenRefund, OpenRefundStage, OpenStage,
    OpenStray, OpenWork, Question, QuestionReason, TakenUpStray,
};
pub use orders::{ListedOrder, ListedStatus, OrderFilter, Orders};
pub use runner::Runner;
pub use shipments::{ListedShipment, Shipments};
pub use standing::{Standing, ViewStanding};
pub use view::View;
pub use view_file::{Place, Spares};
pub use views::{RunnerGone, Views};

//! What is due without anybody asking. Everything is read off the open-work view, so a restart forgets
//! nothing; every step is a command that may be given twice, so many nodes may run the jobs without harm.

mod agenda;
mod bills;
mod conclude;
mod follow_refunds;
mod questions;
mod strays;
mod troubles;
mod turns;
mod unwanted;
mod watch;

use std::sync::Arc;
use std::time::Duration;

use payfold_domain::Timestamp;
use payfold_projections::View;
use payfold_store::Position;

use super::{App, AppError};
use agenda::Glance;
use bills::Bills;
pub(crate) use conclude::Ending;
use conclude::Endings;
use follow_refunds::Refunds;
use questions::Questions;
use watch::Watch;

/// How long the jobs rest between two looks at what is due.
const REST: Duration = Duration::from_secs(1);

/// How often it is looked for what is seldom due. Every stray is compared with the claims again, since a
/// claim that is made while the process runs looks for its stray itself.
const SWEEP: Duration = Duration::from_secs(60);

/// How many rows of open work are taken at a time.
const PAGE: usize = 100;

/// How many gateways' answers one job waits for at a time.
const AT_ONCE: usize = 8;

/// How long after a failure a row is looked at again, in seconds.
const AFTER_FAILURE_SECS: i64 = 10;

/// How long at most a row is left alone whose gateway may tell another time, in seconds.
const UNDECIDED_SECS: i64 = 30;

/// How long a row is left alone whose gateway could not be asked, in seconds; one that answered that it
/// does not tell is asked again no sooner than usual.
fn pause_secs(error: &AppError, usual: i64) -> i64 {
    if let AppError::GatewayRefused { .. } | AppError::GatewayRefusedForNow { .. } = error {
        usual
    } else if let AppError::GatewayUndecided(_) = error {
        usual.min(UNDECIDED_SECS)
    } else {
        AFTER_FAILURE_SECS
    }
}

impl App {
    /// That time, or the present one where the clock has stepped back since: a pass that goes on by the
    /// time at which it began would find everything due again that it has just put off.
    fn no_later_than(&self, began: Timestamp) -> Timestamp {
        began.min(self.world.now())
    }

    /// Does what is due, until the program stops.
    pub async fn run_jobs(self: Arc<Self>) {
        tokio::select! {
            biased;
            () = self.run_constant_jobs() => {}
            () = self.run_sweeps() => {}
            () = self.world.tasks.stopping() => {}
        }
    }

    /// What is looked for every second. No job waits for another.
    async fn run_constant_jobs(&self) {
        let ends = async {
            let mut endings = Endings::default();
            loop {
                self.log_failure("ending orders", self.end_orders(&mut endings).await);
                tokio::time::sleep(REST).await;
            }
        };
        let take_ups = async {
            let mut take_ups = Glance::default();
            loop {
                self.log_failure(
                    "finishing take-ups",
                    self.finish_take_ups(&mut take_ups).await,
                );
                tokio::time::sleep(REST).await;
            }
        };
        let closing = async {
            loop {
                self.log_failure("closing payments", self.close_unwanted().await);
                tokio::time::sleep(REST).await;
            }
        };
        let watch = async {
            let mut watch = Watch::default();
            loop {
                self.log_failure("watching payments", self.watch_payments(&mut watch).await);
                tokio::time::sleep(REST).await;
            }
        };
        let refunds = async {
            let mut refunds = Refunds::default();
            loop {
                self.log_failure("following refunds", self.follow_refunds(&mut refunds).await);
                tokio::time::sleep(REST).await;
            }
        };
        let questions = async {
            let mut questions = Questions::default();
            loop {
                self.log_failure("asking questions", self.ask_questions(&mut questions).await);
                tokio::time::sleep(REST).await;
            }
        };
        tokio::select! {
            biased;
            () = ends => {}
            () = take_ups => {}
            () = closing => {}
            () = watch => {}
            () = refunds => {}
            () = questions => {}
        }
    }

    /// What is seldom due.
    async fn run_sweeps(&self) {
        let strays = async {
            loop {
                self.log_failure("matching strays", self.match_strays().await);
                tokio::time::sleep(SWEEP).await;
            }
        };
        let certificates = async {
            loop {
                self.log_failure("fetching certificates", self.fetch_due_certificates().await);
                tokio::time::sleep(SWEEP).await;
            }
        };
        let bills = async {
            let mut bills = Bills::default();
            loop {
                self.log_failure("fetching bills", self.fetch_bills(&mut bills).await);
                tokio::time::sleep(SWEEP).await;
            }
        };
        tokio::select! {
            biased;
            () = strays => {}
            () = certificates => {}
            () = bills => {}
        }
    }

    /// How far the view of open work has come.
    fn open_work_at(&self) -> Position {
        self.views.standing().of(View::OpenWork).position
    }

    fn log_failure(&self, job: &str, outcome: Result<(), AppError>) {
        if let Err(error) = outcome {
            self.metrics.job_failed(job);
            tracing::warn!(job, %error, "a job could not finish and tries again");
        }
    }
}

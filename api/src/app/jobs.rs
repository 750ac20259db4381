//! What is due without anybody asking: orders whose time has run out, and money between a stray and
//! its order after a crash. Everything is read off the open-work view, so a restart forgets nothing;
//! every step is a command that may be given twice, so many nodes may run the jobs without harm.

use std::sync::Arc;
use std::time::Duration;

use payfold_domain::command::Rejection;
use payfold_domain::stray::Stray;
use payfold_store::Position;

use super::{App, AppError};

/// How long the jobs rest when nothing is due.
const REST: Duration = Duration::from_secs(1);

/// How often every stray is compared with the claims again: a claim that is made while the process
/// runs looks for its stray itself.
const SWEEP: Duration = Duration::from_secs(60);

/// How many rows of open work are taken at a time.
const PAGE: usize = 100;

impl App {
    /// Does what is due, until the program stops.
    pub async fn run_jobs(self: Arc<Self>) {
        let due = async {
            loop {
                self.log_failure("expiring orders", self.expire_due().await);
                self.log_failure("finishing take-ups", self.finish_take_ups().await);
                tokio::time::sleep(REST).await;
            }
        };
        let sweep = async {
            loop {
                self.log_failure("matching strays", self.match_strays().await);
                tokio::time::sleep(SWEEP).await;
            }
        };
        tokio::select! {
            biased;
            () = due => {}
            () = sweep => {}
            () = self.world.tasks.stopping() => {}
        }
    }

    fn log_failure(&self, job: &str, outcome: Result<(), AppError>) {
        if let Err(error) = outcome {
            self.metrics.job_failed(job);
            tracing::warn!(job, %error, "a job could not finish and tries again");
        }
    }

    /// Ends the orders whose time has run out.
    async fn expire_due(&self) -> Result<(), AppError> {
        let now = self.world.now();
        let mut after = None;
        loop {
            let due = self
                .views
                .open_work
                .orders_due_to_expire(now, after.as_ref(), PAGE)?
                .value;
            for order in &due {
                match self.expire(&order.order_no).await {
                    // Paid or cancelled meanwhile; the view has not seen it yet.
                    Ok(_) | Err(AppError::Rejected(_)) => {}
                    Err(error) => return Err(error),
                }
            }
            match due.into_iter().nth(PAGE - 1) {
                Some(last) => after = Some(last),
                None => return Ok(()),
            }
        }
    }

    /// Orders that have taken a stray up and have not heard of it hear of it now.
    async fn finish_take_ups(&self) -> Result<(), AppError> {
        let mut after = Position(0);
        loop {
            let strays = self.views.open_work.strays_taken_up(after, PAGE)?.value;
            for stray in &strays {
                let Some(account) = self.accounts.get(&stray.payment.account) else {
                    continue;
                };
                let state = self.fold_now::<Stray>(&stray.payment).await?.state;
                match self
                    .hear_stray(&account, &stray.payment, &stray.order_no, &state)
                    .await
                {
                    Ok(_) | Err(AppError::Rejected(Rejection::OrderCorrupt)) => {}
                    Err(error) => return Err(error),
                }
            }
            match strays.into_iter().nth(PAGE - 1) {
                Some(last) => after = last.position,
                None => return Ok(()),
            }
        }
    }

    /// Strays whose number an order has claimed are taken up: a crash may have come between the two.
    async fn match_strays(&self) -> Result<(), AppError> {
        let mut after = Position(0);
        loop {
            let strays = self.views.open_work.open_strays(after, PAGE)?.value;
            for stray in &strays {
                let Some(account) = self.accounts.get(&stray.payment.account) else {
                    continue;
                };
                if let Some(order_no) = self.order_of(&stray.payment).await? {
                    self.take_up_claimed(&account, &stray.payment, &order_no)
                        .await?;
                }
            }
            match strays.into_iter().nth(PAGE - 1) {
                Some(last) => after = last.position,
                None => return Ok(()),
            }
        }
    }
}

//! Payments without an end are asked about, ever less often, until they can no longer be paid: so a
//! lost notify costs a minute, not an order. Those that their order wants no more are closed.

use std::sync::Arc;

use futures_util::{StreamExt, stream};
use payfold_domain::order::Order;
use payfold_domain::{OrderNo, PaymentRef, Timestamp};
use payfold_projections::OpenPayment;

use super::agenda::{Agenda, Glance, Seen};
use super::{AT_ONCE, PAGE, pause_secs};
use crate::app::accounts::Account;
use crate::app::calls::Asked;
use crate::app::payments::wants_payments;
use crate::app::{App, AppError};

/// A payment is asked about no more often than this, in seconds.
const SHORTEST_SECS: i64 = 30;

/// A payment is asked about no less often than this, in seconds.
const LONGEST_SECS: i64 = 600;

/// The payments without an end, and when each is asked about next.
#[derive(Debug, Default)]
pub(super) struct Watch {
    seen: Seen,
    glance: Glance,
    agenda: Agenda,
}

impl App {
    /// Asks about every payment that is due.
    pub(super) async fn watch_payments(&self, watch: &mut Watch) -> Result<(), AppError> {
        let now = self.world.now();
        self.put_new_payments(watch, now)?;
        self.metrics
            .job_late("watching payments", watch.agenda.late_secs(now));
        let open_work = &self.views.open_work;
        let read = |position| Ok(open_work.open_payment(now, position)?.value);
        while let Some(rows) = watch.agenda.take_rows(self.no_later_than(now), read)? {
            let asking = stream::iter(rows)
                .map(|(_, row)| async move { (self.look_after_row(&row).await, row) })
                .buffer_unordered(AT_ONCE);
            let asked: Vec<_> = asking.collect().await;
            for (outcome, row) in asked {
                let now = self.world.now();
                let usual = interval(&row, now);
                let pause = match outcome {
                    Ok(()) => usual,
                    Err(error) => {
                        tracing::warn!(account = %row.payment.account, %error, "a payment could not be asked about");
                        pause_secs(&error, usual)
                    }
                };
                watch.agenda.put(row.position, now.plus_secs(pause));
            }
        }
        Ok(())
    }

    fn put_new_payments(&self, watch: &mut Watch, now: Timestamp) -> Result<(), AppError> {
        let view_at = self.open_work_at();
        if !watch.glance.is_stale(view_at, now) {
            return Ok(());
        }
        watch.seen.keep_to(self.askable_accounts());
        while let Some(after) = watch.seen.after() {
            let rows = self.views.open_work.open_payments(now, after, PAGE)?.value;
            for row in &rows {
                if watch.seen.is_new(&row.payment.account, row.position) {
                    // It may have been started by a clock that ran ahead.
                    let first = row.started_at.min(now).plus_secs(SHORTEST_SECS);
                    watch.agenda.put(row.position, first);
                }
            }
            if let Some(last) = rows.last() {
                watch.seen.pass(last.position);
            }
            if rows.len() < PAGE {
                break;
            }
        }
        watch.glance.found_all(view_at, now);
        Ok(())
    }

    async fn look_after_row(&self, row: &OpenPayment) -> Result<(), AppError> {
        match self.askable(&row.payment.account) {
            Some(account) => self
                .look_after(&account, &row.order_no, &row.payment)
                .await
                .map(|_| ()),
            None => Ok(()),
        }
    }

    /// Asks about a payment, and where its order wants it no more, closes it and asks again: only what
    /// is read back is so.
    pub(crate) async fn look_after(
        &self,
        account: &Arc<Account>,
        order_no: &OrderNo,
        payment: &PaymentRef,
    ) -> Result<Asked, AppError> {
        if self.ask(account, payment).await? == Asked::NotThere {
            return Ok(Asked::NotThere);
        }
        if self.is_unwanted(order_no, payment).await? {
            self.close(account, payment).await?;
            return self.ask(account, payment).await;
        }
        Ok(Asked::Told)
    }

    async fn is_unwanted(
        &self,
        order_no: &OrderNo,
        payment: &PaymentRef,
    ) -> Result<bool, AppError> {
        let Order::Placed(order) = self.fold_now::<Order>(order_no).await?.state else {
            return Ok(false);
        };
        let endless = order
            .payment(payment)
            .is_some_and(|payment| payment.is_endless());
        Ok(endless && !wants_payments(&order, self.world.now()))
    }
}

/// How long after a look the next one is, in seconds: a quarter of the payment's age, within bounds.
fn interval(row: &OpenPayment, now: Timestamp) -> i64 {
    (now.secs_since(row.started_at) / 4).clamp(SHORTEST_SECS, LONGEST_SECS)
}

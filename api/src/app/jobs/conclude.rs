//! Orders whose time has run out, or that the shop wishes cancelled, come to their end: what is still
//! open at gateways is asked about, closed and asked about again before.

use futures_util::{StreamExt, stream};
use payfold_domain::command::{Command, Conclude, Excused};
use payfold_domain::order::{Order, OrderStatus, PlacedOrder};
use payfold_domain::{OrderNo, PaymentRef, Timestamp};
use payfold_projections::OpenOrder;
use payfold_store::Position;

use super::agenda::{Agenda, Glance};
use super::{AFTER_FAILURE_SECS, AT_ONCE, PAGE, pause_secs};
use crate::app::calls::Asked;
use crate::app::orders::Written;
use crate::app::{App, AppError};

/// How long after its end a payment that its gateway does not know counts as over, in seconds: until
/// then the buyer may still bring it into being there, for clocks differ.
const UNKNOWN_SECS: i64 = 60;

/// How long a wish to cancel waits after a gateway's refusal to tell of a payment, in seconds.
const REFUSED_SECS: i64 = 30;

/// How an order comes to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// By the shop's wish.
    Cancel,
    /// By time.
    Expire,
}

/// The orders that are to end, and when each is looked at next.
#[derive(Debug, Default)]
pub(super) struct Endings {
    wishes: Glance,
    agenda: Agenda,
}

impl App {
    /// Ends the orders that are due.
    pub(super) async fn end_orders(&self, endings: &mut Endings) -> Result<(), AppError> {
        let now = self.world.now();
        let agenda = &mut endings.agenda;
        self.put_due_orders(agenda, now)?;
        self.put_cancel_wishes(agenda, &mut endings.wishes, now)?;
        self.metrics
            .job_late("ending orders", agenda.late_secs(now));
        let open_work = &self.views.open_work;
        let read = |position| Ok(open_work.open_order(position)?.value);
        while let Some(rows) = agenda.take_rows(self.no_later_than(now), read)? {
            let ending = stream::iter(rows)
                .map(
                    |(position, row)| async move { (position, self.end_row(&row, now).await, row) },
                )
                .buffer_unordered(AT_ONCE);
            let ended: Vec<_> = ending.collect().await;
            for (position, outcome, row) in ended {
                match outcome {
                    Ok(OrderStatus::Paid | OrderStatus::Cancelled | OrderStatus::Expired) => {}
                    Ok(OrderStatus::Open) => {
                        agenda.put(position, self.world.now().plus_secs(AFTER_FAILURE_SECS));
                    }
                    Err(error) => {
                        tracing::warn!(%error, "an order could not be ended yet");
                        let now = self.world.now();
                        let pause = pause_secs(&error, after_refusal_secs(&row, now));
                        agenda.put(position, now.plus_secs(pause));
                    }
                }
            }
        }
        Ok(())
    }

    fn put_due_orders(&self, agenda: &mut Agenda, now: Timestamp) -> Result<(), AppError> {
        let mut after = None;
        loop {
            let due = self
                .views
                .open_work
                .orders_due_to_expire(now, after.as_ref(), PAGE)?
                .value;
            for order in &due {
                agenda.put_new(order.position, order.expires_at);
            }
            match due.into_iter().nth(PAGE - 1) {
                Some(last) => after = Some(last),
                None => return Ok(()),
            }
        }
    }

    fn put_cancel_wishes(
        &self,
        agenda: &mut Agenda,
        glance: &mut Glance,
        now: Timestamp,
    ) -> Result<(), AppError> {
        let view_at = self.open_work_at();
        if !glance.is_stale(view_at, now) {
            return Ok(());
        }
        let mut after = Position(0);
        loop {
            let wishes = self.views.open_work.cancel_wishes(after, PAGE)?.value;
            for wish in &wishes {
                agenda.put_new(wish.position, wish.since.min(now));
            }
            match wishes.into_iter().nth(PAGE - 1) {
                Some(last) => after = last.position,
                None => {
                    glance.found_all(view_at, now);
                    return Ok(());
                }
            }
        }
    }

    async fn end_row(&self, row: &OpenOrder, now: Timestamp) -> Result<OrderStatus, AppError> {
        let ending = if row.cancel_wished_at.is_some() {
            Ending::Cancel
        } else if row.expires_at <= now {
            Ending::Expire
        } else {
            return Ok(OrderStatus::Open);
        };
        match self.conclude(&row.order_no, ending).await {
            Ok(written) => Ok(match &written.order.state {
                Order::Placed(order) => order.status,
                Order::Unplaced | Order::Corrupt(_) => OrderStatus::Expired,
            }),
            // Paid, cancelled or expired meanwhile; the view has not seen it yet. Nothing is done to
            // an order whose events cannot be read.
            Err(AppError::Rejected(_)) => Ok(OrderStatus::Expired),
            Err(error) => Err(error),
        }
    }

    /// Closes what is still open of an order at its gateways, then ends the order, if no money came and
    /// none can.
    ///
    /// # Errors
    ///
    /// Where a gateway could not be asked and so the order stays open.
    pub(crate) async fn conclude(
        &self,
        order_no: &OrderNo,
        ending: Ending,
    ) -> Result<Written, AppError> {
        let (mut excused, mut trouble) = (Vec::new(), None);
        if let Order::Placed(order) = self.fold_now::<Order>(order_no).await?.state {
            for payment in order.payments.iter().filter(|payment| payment.is_endless()) {
                match self.may_be_excused(&order, &payment.payment, ending).await {
                    Ok(Excuse::Counts) => excused.push(Excused {
                        payment: payment.payment.clone(),
                        was_offered: payment.is_offered(),
                        pending: payment.pending,
                    }),
                    Ok(Excuse::None) => {}
                    Err(error) => trouble = Some(error),
                }
            }
        }
        let conclude = Conclude {
            excused,
            now: self.world.now(),
        };
        let command = match ending {
            Ending::Cancel => Command::Cancel(conclude),
            Ending::Expire => Command::Expire(conclude),
        };
        let written = self.command(order_no, command).await?;
        match (&written.order.state, trouble) {
            (Order::Placed(order), Some(error)) if order.status == OrderStatus::Open => Err(error),
            _ => Ok(written),
        }
    }

    /// Brings a payment to its end at its gateway, and says whether it counts as over although the
    /// gateway has not said so.
    async fn may_be_excused(
        &self,
        order: &PlacedOrder,
        payment: &PaymentRef,
        ending: Ending,
    ) -> Result<Excuse, AppError> {
        let Some(account) = self.askable(&payment.account) else {
            return Ok(match ending {
                Ending::Cancel => Excuse::Counts,
                // By the clock.
                Ending::Expire => Excuse::None,
            });
        };
        let asked = self.look_after(&account, &order.order_no, payment).await?;
        let unknown_for_long = order.expires_at.plus_secs(UNKNOWN_SECS) <= self.world.now();
        Ok(match (asked, ending) {
            (Asked::NotThere, Ending::Cancel) => Excuse::Counts,
            (Asked::NotThere, Ending::Expire) if unknown_for_long => Excuse::Counts,
            (Asked::NotThere, Ending::Expire) | (Asked::Told, _) => Excuse::None,
        })
    }
}

/// How long after a gateway's refusal to tell of an order's payments it is asked again, in seconds. An order
/// that would end by time does so by the clock in the end, and not late.
fn after_refusal_secs(row: &OpenOrder, now: Timestamp) -> i64 {
    if row.expires_at <= now {
        AFTER_FAILURE_SECS
    } else {
        REFUSED_SECS
    }
}

/// Whether a payment counts as over although no gateway said so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Excuse {
    Counts,
    None,
}

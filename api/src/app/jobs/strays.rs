//! Money between a stray and its order, as a crash may leave it.

use payfold_domain::command::Rejection;
use payfold_domain::stray::Stray;
use payfold_store::Position;

use super::PAGE;
use super::agenda::Glance;
use crate::app::{App, AppError};

impl App {
    /// Orders that have taken a stray up and have not heard of it hear of it now.
    pub(super) async fn finish_take_ups(&self, glance: &mut Glance) -> Result<(), AppError> {
        let (view_at, now) = (self.open_work_at(), self.world.now());
        if !glance.is_stale(view_at, now) {
            return Ok(());
        }
        let mut after = Position(0);
        loop {
            let strays = self.views.open_work.strays_taken_up(after, PAGE)?.value;
            for stray in &strays {
                let state = self.fold_now::<Stray>(&stray.payment).await?.state;
                match self
                    .hear_stray(&stray.payment, &stray.order_no, &state)
                    .await
                {
                    Ok(_) | Err(AppError::Rejected(Rejection::OrderCorrupt)) => {}
                    Err(error) => return Err(error),
                }
            }
            match strays.into_iter().nth(PAGE - 1) {
                Some(last) => after = last.position,
                None => {
                    glance.found_all(view_at, now);
                    return Ok(());
                }
            }
        }
    }

    /// Strays whose number an order has claimed are taken up: a crash may have come between the two.
    pub(super) async fn match_strays(&self) -> Result<(), AppError> {
        let mut after = Position(0);
        loop {
            let strays = self.views.open_work.open_strays(after, PAGE)?.value;
            for stray in &strays {
                let Some(order_no) = self.order_of(&stray.payment).await? else {
                    continue;
                };
                match self.take_up_claimed(&stray.payment, &order_no).await {
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
}

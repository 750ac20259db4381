//! Payments that their order wants no more, as those beside the one that paid it, are closed at their
//! gateways at once; apart from those that are asked about in their turn, so that neither waits for the
//! other.

use std::pin::pin;

use futures_util::{StreamExt, stream};
use payfold_domain::OrderNo;
use payfold_domain::order::Order;

use crate::app::{App, AppError};

/// For how many orders a gateway's answers are waited for at a time. Each account has few calls in flight,
/// and payments that somebody waits for come first.
const AT_ONCE: usize = 4;

impl App {
    /// Closes what is open of the orders that were just paid, or had ended.
    pub(super) async fn close_unwanted(&self) -> Result<(), AppError> {
        let closing = stream::iter(self.unwanted.drain())
            .map(|order_no| async move { (self.close_unwanted_of(&order_no).await, order_no) })
            .buffer_unordered(AT_ONCE);
        let mut closing = pin!(closing);
        let mut outcome = Ok(());
        while let Some((closed, order_no)) = closing.next().await {
            if closed.is_err() {
                self.unwanted.put(&order_no);
                outcome = closed;
            }
        }
        outcome
    }

    async fn close_unwanted_of(&self, order_no: &OrderNo) -> Result<(), AppError> {
        let Order::Placed(order) = self.fold_now::<Order>(order_no).await?.state else {
            return Ok(());
        };
        for payment in order.payments.iter().filter(|payment| payment.is_endless()) {
            if let Some(account) = self.askable(&payment.payment.account)
                && let Err(error) = self.look_after(&account, order_no, &payment.payment).await
            {
                // It is closed when its turn to be asked about comes.
                tracing::warn!(account = %account.name, %error, "a payment could not be closed yet");
            }
        }
        Ok(())
    }
}

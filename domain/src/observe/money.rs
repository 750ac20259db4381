//! Tells money apart by what the order knows of it.

use super::table::MoneyNews;
use crate::order::{Payment, PlacedOrder};
use crate::{Application, Receipt, TransactionId};

/// What the receipt is to the order when it comes by `payment`; `foreign` are transactions that belong
/// to other streams.
pub(super) fn news(
    order: &PlacedOrder,
    payment: &Payment,
    receipt: &Receipt,
    foreign: &[TransactionId],
) -> MoneyNews {
    if let Some(known) = payment.transaction(&receipt.transaction_id) {
        return if known.amount != receipt.amount {
            MoneyNews::KnownOtherwise
        } else if known.refunded_minor > 0 {
            MoneyNews::KnownGivenBack
        } else {
            MoneyNews::Known
        };
    }
    // Two accounts of one merchant may both be told of it; no two gateways give one number.
    let mut all = order.transactions();
    let by_another = all.any(|money| money.transaction_id == receipt.transaction_id);
    if by_another || foreign.contains(&receipt.transaction_id) {
        MoneyNews::Foreign
    } else if is_as_asked(payment, receipt) {
        MoneyNews::AsAsked
    } else {
        MoneyNews::NotAsAsked
    }
}

/// Whether money is what the payment asked for: its amount and currency and, where an application was
/// named, that one. A gateway that does not state the application does not contradict it.
fn is_as_asked(payment: &Payment, receipt: &Receipt) -> bool {
    let application = match (&receipt.application, &payment.app_id) {
        (Application::Unlisted(_), _) => false,
        (Application::Listed(_), None) | (Application::Unstated, _) => true,
        (Application::Listed(stated), Some(asked)) => stated == asked,
    };
    application && receipt.amount == payment.asked
}

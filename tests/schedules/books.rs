//! The gateways' books beside the events: every yuan that was paid is known, and none is invented;
//! every refund that is known was made, and what can no longer be given back is known to be so.

use std::collections::BTreeMap;

use payfold_domain::exception::ExceptionKind;
use payfold_domain::order::{RefundStatus, RefundWindow, Transaction};
use serde_json::Value;

use crate::aftermath::{Aftermath, Found};
use crate::schedule::Notifies;

/// What payfold knows of one transaction.
#[derive(Default, Clone, Copy)]
struct Known {
    minor: i64,
    refunded: i64,
}

/// Holds what payfold knows against the books.
pub(crate) fn agree(aftermath: &Aftermath<'_>, found: &mut Found) {
    let mut known = known(aftermath);
    for trade in &aftermath.trades {
        // Nobody asks about what was paid, so that it is told by its notify alone.
        let is_told = aftermath.record.schedule.setting.notifies == Notifies::Arrive;
        found.unless(
            trade["state"] != "TRADE_FINISHED"
                || !is_told
                || is_known_to_be_finished(aftermath, trade),
            "what can no longer be given back is known to be so",
            || format!("{trade}"),
        );
        let Some(paid) = Paid::of(trade) else {
            continue;
        };
        let Some(money) = known.remove(&paid.transaction_id) else {
            // Without its notify, what a gateway took becomes known in time, or by the bill.
            found.unless(
                aftermath.record.schedule.setting.notifies == Notifies::AllLost,
                "every payment that the gateway took is known",
                || format!("{trade}"),
            );
            continue;
        };
        found.unless(
            money.minor == paid.minor,
            "what is known of a payment is what the gateway took",
            || format!("{} known of {trade}", money.minor),
        );
        found.unless(
            money.refunded <= paid.refunded,
            "no refund is known that the gateway did not make",
            || format!("{} known of {trade}", money.refunded),
        );
        // A back office's refund is told by its notify alone, or by the bill.
        found.unless(
            paid.refunded - money.refunded <= waiting_minor(aftermath, &paid.transaction_id)
                || aftermath.may_miss_refunds()
                || (aftermath.record.imported_again.is_none()
                    && a_person_looks_at_refunds(aftermath, &paid.transaction_id)),
            "every refund that the gateway made is known",
            || format!("{} known of {trade}", money.refunded),
        );
    }
    for (transaction_id, money) in known {
        found.note(
            "no payment is known that the gateway did not take",
            format!("{transaction_id}: {}", money.minor),
        );
    }
}

fn is_known_to_be_finished(aftermath: &Aftermath<'_>, trade: &Value) -> bool {
    let stray = || {
        let mut strays = aftermath.unclaimed();
        strays.find(|stray| trade["out_trade_no"] == stray.payment.out_trade_no.as_str())
    };
    let window = match aftermath.payment_of(trade) {
        Some((_, payment)) => Some(payment.refund_window),
        None => stray().map(|stray| stray.refund_window),
    };
    window == Some(RefundWindow::Finished)
}

/// What our refunds of that money come to that still wait for their turn to be asked for again, or to be
/// asked about, as one that was told to be stuck after it was through: the rules on times hold them to that.
fn waiting_minor(aftermath: &Aftermath<'_>, transaction_id: &str) -> i64 {
    let payments = aftermath
        .orders
        .values()
        .flat_map(|story| &story.now().payments);
    payments
        .flat_map(|payment| &payment.refunds)
        .filter(|refund| {
            matches!(
                refund.status,
                RefundStatus::Requested | RefundStatus::NeedsAction
            ) && refund.transaction_id.as_str() == transaction_id
        })
        .map(|refund| refund.amount.minor)
        .sum()
}

/// Whether a person is told that some of that money went back, and nobody knows how much until the day's
/// bill is there. Alipay tells of a back office's refund by the sum of all; what may be one of ours that is
/// under way is not counted, and ours may fail or be stuck after all.
fn a_person_looks_at_refunds(aftermath: &Aftermath<'_>, transaction_id: &str) -> bool {
    let orders = aftermath.orders.values();
    let orders = orders.map(|story| {
        let payments = story.now().payments.iter();
        let refunds: Vec<_> = payments.flat_map(|payment| &payment.refunds).collect();
        (&story.now().exceptions, refunds)
    });
    let strays = aftermath.strays.values();
    let strays = strays.map(|stray| (&stray.exceptions, stray.refunds.iter().collect()));
    orders.chain(strays).any(|(exceptions, refunds)| {
        let not_through = refunds.iter().any(|refund| {
            matches!(
                refund.status,
                RefundStatus::Failed | RefundStatus::NeedsAction
            ) && refund.transaction_id.as_str() == transaction_id
        });
        exceptions.iter().any(|exception| {
            let money = exception.transaction_id.as_ref();
            exception.kind == ExceptionKind::ExternalRefund
                && (not_through || exception.received.is_none())
                && money.is_some_and(|id| id.as_str() == transaction_id)
        })
    })
}

/// A trade that money came by.
pub(crate) struct Paid {
    pub(crate) out_trade_no: String,
    pub(crate) transaction_id: String,
    pub(crate) minor: i64,
    refunded: i64,
}

impl Paid {
    pub(crate) fn of(trade: &Value) -> Option<Self> {
        let refunds = trade["refunds"].as_array()?;
        let paid = match trade["state"].as_str()? {
            "TRADE_SUCCESS" | "TRADE_FINISHED" | "SUCCESS" | "REFUND" => true,
            // An Alipay trade that was given back whole is closed, too.
            "TRADE_CLOSED" => !refunds.is_empty(),
            _ => false,
        };
        if !paid {
            return None;
        }
        let succeeded = refunds.iter().filter(|refund| refund["state"] == "SUCCESS");
        Some(Self {
            out_trade_no: trade["out_trade_no"].as_str()?.to_owned(),
            transaction_id: trade["transaction_id"].as_str()?.to_owned(),
            minor: trade["minor"].as_i64()?,
            refunded: succeeded
                .filter_map(|refund| refund["minor"].as_i64())
                .sum(),
        })
    }
}

fn known(aftermath: &Aftermath<'_>) -> BTreeMap<String, Known> {
    let mut known = BTreeMap::new();
    let mut add = |money: &Transaction| {
        let entry: &mut Known = known.entry(money.transaction_id.to_string()).or_default();
        entry.minor = money.amount.minor;
        entry.refunded = entry.refunded.max(money.refunded_minor);
    };
    // What an order has taken up, the order tells of.
    let strays = aftermath.unclaimed();
    strays
        .flat_map(|stray| &stray.transactions)
        .for_each(&mut add);
    for story in aftermath.orders.values() {
        let payments = story.now().payments.iter();
        payments
            .flat_map(|payment| &payment.transactions)
            .for_each(&mut add);
    }
    known
}

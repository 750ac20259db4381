//! The gateways' books beside the events: every yuan that was paid is known, and none is invented;
//! every refund that is known was made.

use std::collections::BTreeMap;

use payfold_domain::order::Transaction;
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
    }
    for (transaction_id, money) in known {
        found.note(
            "no payment is known that the gateway did not take",
            format!("{transaction_id}: {}", money.minor),
        );
    }
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
    for stray in aftermath.strays.values() {
        stray.transactions.iter().for_each(&mut add);
    }
    for story in aftermath.orders.values() {
        let payments = story.now().payments.iter();
        payments
            .flat_map(|payment| &payment.transactions)
            .for_each(&mut add);
    }
    known
}

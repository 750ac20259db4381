//! The day's bills beside the events: each is taken in whole, tells what lost notifies would have told,
//! and differs in nothing that a gateway can explain.

use std::collections::{BTreeMap, BTreeSet};

use payfold_domain::event::{BillDifference, BillDifferenceFound, BillEvent, BillImported, Event};

use crate::aftermath::{Aftermath, Found};
use crate::books::Paid;

/// What the events tell of one account's bill.
#[derive(Default)]
struct Told<'a> {
    imported: Vec<&'a BillImported>,
    differences: Vec<&'a BillDifferenceFound>,
}

/// Holds the bills of the day against the books, where the day after has come.
pub(crate) fn hold(aftermath: &Aftermath<'_>, found: &mut Found) {
    let Some(wrong) = &aftermath.record.imported_again else {
        return;
    };
    for what in wrong {
        found.note("a bill that is brought again changes nothing", what.clone());
    }
    let mut told: BTreeMap<String, Told<'_>> = BTreeMap::new();
    for happened in &aftermath.events {
        match &happened.event {
            Event::Bill(BillEvent::BillImported(imported)) => {
                let told = told.entry(imported.account.to_string()).or_default();
                told.imported.push(imported);
            }
            Event::Bill(BillEvent::BillDifferenceFound(difference)) => {
                let account = difference.payment.account.to_string();
                told.entry(account)
                    .or_default()
                    .differences
                    .push(difference);
            }
            _ => {}
        }
    }
    let nothing = Told::default();
    for (gateway, account) in [("alipay", "ali"), ("wechatpay", "wx")] {
        let told = told.get(account).unwrap_or(&nothing);
        is_taken_in(aftermath, gateway, told, found);
        differs_in_nothing(aftermath, gateway, told, found);
    }
}

/// Every row counts, once.
fn is_taken_in(aftermath: &Aftermath<'_>, gateway: &str, told: &Told<'_>, found: &mut Found) {
    let trades = aftermath.trades.iter();
    let trades = trades.filter(|trade| trade["gateway"] == gateway);
    let paid: Vec<Paid> = trades.filter_map(Paid::of).collect();
    let sum: i64 = paid.iter().map(|paid| paid.minor).sum();
    let sums = told.imported.iter().map(|bill| bill.paid_minor);
    let sums: Vec<i64> = sums.collect();
    let expected: &[i64] = if paid.is_empty() { &[] } else { &[sum] };
    found.unless(
        sums == expected,
        "each day's bill is taken in once, with every row",
        || format!("{gateway}: {sums:?} for {expected:?}"),
    );
}

/// Of two trades with one number a gateway answers for the first alone, so a second one that is not
/// known by its notify is for a person. Everything else is matched, or asked about and taken in.
fn differs_in_nothing(
    aftermath: &Aftermath<'_>,
    gateway: &str,
    told: &Told<'_>,
    found: &mut Found,
) {
    let mut numbers = BTreeSet::new();
    let mut seconds = BTreeSet::new();
    for trade in &aftermath.trades {
        let is_second =
            !numbers.insert((trade["gateway"].as_str(), trade["out_trade_no"].as_str()));
        if trade["gateway"] == gateway
            && let Some(paid) = Paid::of(trade)
        {
            if is_second {
                seconds.insert(paid.transaction_id.clone());
            }
            let told_of = told.differences.iter().any(|difference| {
                let id = difference.transaction_id.as_ref();
                id.is_some_and(|id| id.as_str() == paid.transaction_id)
            });
            let known = aftermath.known_at(&paid.transaction_id).is_some();
            found.unless(
                known || told_of,
                "what a lost notify left out is taken in with the day's bill",
                || format!("{trade}"),
            );
        }
    }
    for difference in &told.differences {
        let id = difference.transaction_id.as_ref().map(ToString::to_string);
        // The number is known, and the gateway answers for the first: that is another state.
        let kind = matches!(
            difference.difference,
            BillDifference::MissingHere | BillDifference::OtherState
        );
        let explained = id.is_some_and(|id| kind && seconds.contains(&id));
        found.unless(
            explained,
            "a bill differs in nothing that the gateway can explain",
            || format!("{difference:?}"),
        );
    }
}

//! Holds a row against what the events tell of its money, wherever that stands. What they leave open is
//! to be asked about.

use std::collections::{BTreeMap, BTreeSet};

use payfold_domain::bill::{BilledPayment, BilledRefund, Movement};
use payfold_domain::{Gateway, Money, RefundNo, Timestamp};
use payfold_projections::{Day, Share};

use super::edges::EDGE_SECS;
use super::story::{Story, ToldRefund};

/// What the events say of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Weighed {
    /// The same.
    Same,
    /// The same, under that number, which the row has not.
    Numbered(RefundNo),
    /// Another amount.
    OtherAmount(Money),
    /// Too little to know.
    Open,
}

/// What the refunds that the events tell of have explained so far, of one transaction's rows.
#[derive(Debug, Default)]
pub(super) struct Explained {
    /// Those with a number.
    numbers: BTreeSet<RefundNo>,
    /// Of the sums that were told at that time of refunds without one, in the minor unit.
    of_sums: BTreeMap<Timestamp, i64>,
}

impl Explained {
    /// Takes as much out of what sums tell of a row of that time, where they tell as much. A sum holds the
    /// refunds until its own time.
    fn take(&mut self, story: &Story, at: Timestamp, minor: i64) -> Weighed {
        let mut sums = story.unnumbered_since(at);
        for (told_at, sum) in &mut sums {
            *sum -= self.of_sums.get(told_at).copied().unwrap_or_default();
        }
        if sums.is_empty() || sums.values().sum::<i64>() < minor {
            return Weighed::Open;
        }
        let mut rest = minor;
        for (told_at, sum) in sums {
            let taken = sum.min(rest);
            rest -= taken;
            *self.of_sums.entry(told_at).or_default() += taken;
        }
        Weighed::Same
    }
}

pub(super) fn weigh_payment(story: &Story, movement: &Movement, state: BilledPayment) -> Weighed {
    match (story.came, state) {
        (Some((amount, _)), _) if amount != movement.amount => Weighed::OtherAmount(amount),
        (Some((amount, _)), BilledPayment::Revoked) if story.returned_minor() < amount.minor => {
            Weighed::Open
        }
        (None, BilledPayment::Paid) => Weighed::Open,
        // What was taken back before anybody here heard of it is nobody's money.
        (Some(_), _) | (None, BilledPayment::Revoked) => Weighed::Same,
    }
}

/// A row of a refund that has a number.
pub(super) fn weigh_refund(
    story: &Story,
    movement: &Movement,
    refund_no: &RefundNo,
    state: BilledRefund,
    explained: &mut Explained,
) -> Weighed {
    let Some(told) = story.refund(refund_no) else {
        return match state {
            // What never went back is nobody's money.
            BilledRefund::Failed => Weighed::Same,
            // The back office's refunds may be known by their sums alone.
            BilledRefund::Succeeded | BilledRefund::Processing => {
                explained.take(story, movement.at, movement.amount.minor)
            }
        };
    };
    let rest = told
        .amount
        .map_or(0, |told| movement.amount.minor - told.minor);
    if told.asked.is_none() && rest > 0 {
        // A sum told of the back office's refund in two parts, the second without the number.
        let in_parts = explained.take(story, movement.at, rest);
        if in_parts == Weighed::Same {
            return in_parts;
        }
    }
    match (told.amount, told.arrived, state) {
        // Its own size is not known here: a running total told of it, which others may be in.
        (amount, _, BilledRefund::Succeeded)
            if amount != Some(movement.amount) && told.share == Share::OfTotal =>
        {
            Weighed::Open
        }
        (Some(amount), _, _) if amount != movement.amount => Weighed::OtherAmount(amount),
        // A bill's word on a refund that had not arrived is a snapshot of its day.
        (_, Some(_), _) | (_, None, BilledRefund::Processing | BilledRefund::Failed) => {
            Weighed::Same
        }
        (_, None, BilledRefund::Succeeded) => Weighed::Open,
    }
}

/// A row of a refund without a number. `has_row` says which numbers have a row of their own.
pub(super) fn weigh_unnumbered(
    story: &Story,
    movement: &Movement,
    state: BilledRefund,
    gateway: Gateway,
    has_row: impl Fn(&RefundNo) -> bool,
    explained: &mut Explained,
) -> Weighed {
    // What never went back is nobody's money.
    if state == BilledRefund::Failed {
        return Weighed::Same;
    }
    let may_be_it = |told: &&ToldRefund| {
        told.asked.is_none()
            && told.amount == Some(movement.amount)
            && told
                .arrived
                .is_some_and(|at| may_be_of(at, movement.at, gateway))
    };
    let told = story.refunds.iter().filter(may_be_it);
    let numbers = told.filter_map(|told| told.refund_no.as_ref());
    let mut free = numbers.filter(|number| !explained.numbers.contains(*number));
    match free.find(|number| !has_row(number)).cloned() {
        Some(number) => {
            explained.numbers.insert(number.clone());
            Weighed::Numbered(number)
        }
        None => explained.take(story, movement.at, movement.amount.minor),
    }
}

/// Whether money that arrived then may have a row of that time: Alipay's has the time when it arrived,
/// WeChat Pay's an earlier one.
fn may_be_of(arrived: Timestamp, row: Timestamp, gateway: Gateway) -> bool {
    match gateway {
        Gateway::Alipay => {
            Day::of(arrived) == Day::of(row) || arrived.secs_since(row).abs() <= EDGE_SECS
        }
        Gateway::WechatPay => row <= arrived,
    }
}

#[cfg(test)]
mod tests {
    use payfold_domain::bill::MovementKind;
    use payfold_domain::{OutTradeNo, TransactionId};

    use super::*;

    const NOON: i64 = 12 * 3600;

    fn told(number: Option<&str>, minor: i64, arrived_secs: i64) -> ToldRefund {
        ToldRefund {
            refund_no: number.map(|number| RefundNo::from_gateway(number).unwrap()),
            amount: Some(Money::cny(minor)),
            share: Share::Own,
            asked: None,
            begun: None,
            arrived: Some(Timestamp::from_secs(arrived_secs)),
        }
    }

    fn row(minor: i64, at_secs: i64) -> Movement {
        Movement {
            out_trade_no: OutTradeNo::from_gateway("pay_1").unwrap(),
            transaction_id: TransactionId::from_gateway("2026").unwrap(),
            amount: Money::cny(minor),
            at: Timestamp::from_secs(at_secs),
            kind: MovementKind::Refund {
                refund_no: None,
                state: BilledRefund::Succeeded,
            },
        }
    }

    fn story(refunds: Vec<ToldRefund>) -> Story {
        let mut story = Story::default();
        story.refunds = refunds;
        story
    }

    fn numbered(story: &Story, row: &Movement, explained: &mut Explained) -> Weighed {
        let number = RefundNo::from_gateway("r-9").unwrap();
        weigh_refund(story, row, &number, BilledRefund::Succeeded, explained)
    }

    fn unnumbered(
        story: &Story,
        row: &Movement,
        in_bill: &[&str],
        explained: &mut Explained,
    ) -> Weighed {
        let (state, gateway) = (BilledRefund::Succeeded, Gateway::Alipay);
        let has_row = |number: &RefundNo| in_bill.contains(&number.as_str());
        weigh_unnumbered(story, row, state, gateway, has_row, explained)
    }

    #[test]
    fn a_sum_explains_no_refund_that_came_after_it() {
        let story = story(vec![told(None, 3000, NOON)]);
        for (at, weighed) in [
            (NOON - 1, Weighed::Same),
            (NOON + 60, Weighed::Same),
            (NOON + 61, Weighed::Open),
        ] {
            let row = row(3000, at);
            let mut explained = Explained::default();
            assert_eq!(numbered(&story, &row, &mut explained), weighed, "{at}");
            let mut explained = Explained::default();
            let of_none = unnumbered(&story, &row, &[], &mut explained);
            assert_eq!(of_none, weighed, "{at}");
        }
    }

    #[test]
    fn a_sum_explains_as_much_as_it_tells_of_and_no_other_sum_is_used_up_by_it() {
        let story = story(vec![told(None, 3000, NOON), told(None, 500, NOON + 60)]);
        let mut explained = Explained::default();
        for (minor, at, weighed) in [
            (2000, NOON - 9, Weighed::Same),
            (500, NOON + 30, Weighed::Same),
            (1001, NOON - 8, Weighed::Open),
            (1000, NOON - 8, Weighed::Same),
            (1, NOON - 7, Weighed::Open),
        ] {
            let of_row = numbered(&story, &row(minor, at), &mut explained);
            assert_eq!(of_row, weighed, "{minor}");
        }
    }

    #[test]
    fn a_row_without_a_number_is_a_numbered_refund_of_its_size_and_day_that_has_no_row() {
        let story = story(vec![told(Some("r-1"), 3000, NOON)]);
        let one = Weighed::Numbered(RefundNo::from_gateway("r-1").unwrap());
        let next_day = NOON + 2 * 86_400;
        for (minor, at, in_bill, weighed) in [
            (3000, NOON, &[][..], one),
            (2999, NOON, &[], Weighed::Open),
            (3000, next_day, &[], Weighed::Open),
            (3000, NOON, &["r-1"], Weighed::Open),
        ] {
            let mut explained = Explained::default();
            let of_row = unnumbered(&story, &row(minor, at), in_bill, &mut explained);
            assert_eq!(of_row, weighed, "{minor} {at} {in_bill:?}");
            if weighed != Weighed::Open {
                let again = unnumbered(&story, &row(minor, at), in_bill, &mut explained);
                assert_eq!(again, Weighed::Open, "it is one refund");
            }
        }
    }
}

//! When calls that give money back are sent: the gateways want those of one payment apart, and one at a
//! time. Who waits has his turn before those who come later.

use std::collections::BTreeMap;

use payfold_domain::{PaymentRef, Timestamp};
use payfold_store::Position;

use super::agenda::{Back, Steps};

/// Whether the call may be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum MaySend {
    Yes,
    No,
}

/// Whether it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sent {
    Yes,
    No,
    /// It is to be, once it may.
    Wanted,
}

/// The turns of each payment that is not free.
#[derive(Debug, Default)]
pub(super) struct Turns {
    of: BTreeMap<PaymentRef, OfPayment>,
    clock: Steps,
}

/// The turns of one payment's refunds.
#[derive(Debug)]
pub(super) struct OfPayment {
    /// The turns of those that wait, each one apart from the one before it.
    waiting: BTreeMap<Position, Timestamp>,
    /// The turn of who comes next, after all that wait.
    free: Timestamp,
}

impl Turns {
    pub(super) fn forget_free(&mut self, now: Timestamp) {
        if let Some(back) = self.clock.back(now) {
            self.of.values_mut().for_each(|turns| turns.step(back));
        }
        self.of.retain(|_, turns| now < turns.free);
    }

    pub(super) fn of(&mut self, payment: &PaymentRef, now: Timestamp) -> &mut OfPayment {
        let turns = self.of.entry(payment.clone());
        turns.or_insert_with(|| OfPayment {
            waiting: BTreeMap::new(),
            free: now,
        })
    }

    /// Once a refund was looked at, at `now`: the next call is apart from the end of one that was sent, and a
    /// turn that was not needed is nobody's again.
    pub(super) fn note(
        &mut self,
        payment: &PaymentRef,
        (may_send, sent): (MaySend, Sent),
        now: Timestamp,
        apart: i64,
    ) {
        let Some(turns) = self.of.get_mut(payment) else {
            return;
        };
        match (may_send, sent) {
            (_, Sent::Yes) => turns.sent(now, apart),
            (MaySend::Yes, Sent::No | Sent::Wanted) if turns.waiting.is_empty() => {
                self.of.remove(payment);
            }
            (MaySend::Yes | MaySend::No, Sent::No | Sent::Wanted) => {}
        }
    }
}

impl OfPayment {
    /// Takes the refund's turn, where it has come, or one that nobody waits for.
    pub(super) fn take(&mut self, row: Position, now: Timestamp, apart: i64) -> MaySend {
        let turn = self.waiting.get(&row).copied().unwrap_or(self.free);
        if now < turn {
            return MaySend::No;
        }
        self.waiting.remove(&row);
        self.sent(now, apart);
        MaySend::Yes
    }

    /// When the refund's turn is: after all that wait already.
    pub(super) fn wait(&mut self, row: Position, apart: i64) -> Timestamp {
        match self.waiting.get(&row) {
            Some(turn) => *turn,
            None => {
                let turn = self.free;
                self.waiting.insert(row, turn);
                self.free = turn.plus_secs(apart);
                turn
            }
        }
    }

    /// The clock stepped back: nobody's turn is later for that.
    fn step(&mut self, back: Back) {
        for turn in self.waiting.values_mut() {
            *turn = back.of(*turn);
        }
        self.free = back.of(self.free);
    }

    /// Those that wait have their turns so much later as the next one must be.
    fn sent(&mut self, now: Timestamp, apart: i64) {
        let next = now.plus_secs(apart);
        let first = self.waiting.values().min().copied().unwrap_or(self.free);
        let late = next.secs_since(first).max(0);
        for turn in self.waiting.values_mut() {
            *turn = turn.plus_secs(late);
        }
        self.free = self.free.plus_secs(late);
    }
}

#[cfg(test)]
mod tests {
    use payfold_domain::{AccountName, OutTradeNo};

    use super::*;

    /// How long after a call without a known end the same is tried again.
    const AGAIN: i64 = 30;

    fn payment() -> PaymentRef {
        PaymentRef {
            account: AccountName::new("wx").unwrap(),
            out_trade_no: OutTradeNo::from_gateway("payment_1").unwrap(),
        }
    }

    /// When each refund is sent whose calls all come to no end, one beginning each so many seconds; each call
    /// takes that long.
    fn played(refunds: usize, apart: i64, takes: i64, until: i64) -> Vec<Vec<i64>> {
        let mut turns = Turns::default();
        let mut due: Vec<i64> = (0..refunds)
            .map(|refund| i64::try_from(refund).unwrap() * 7)
            .collect();
        let mut sent_at = vec![Vec::new(); refunds];
        let mut secs = 0;
        while secs < until {
            let began = Timestamp::from_secs(secs);
            turns.forget_free(began);
            let mut in_turn = Vec::new();
            for (refund, due) in due.iter_mut().enumerate().filter(|(_, due)| **due <= secs) {
                let row = Position(u64::try_from(refund).unwrap());
                let of_payment = turns.of(&payment(), began);
                match of_payment.take(row, began, apart) {
                    MaySend::Yes => in_turn.push(refund),
                    MaySend::No => *due = of_payment.wait(row, apart).as_secs(),
                }
            }
            assert!(in_turn.len() <= 1, "one at a time");
            secs += if in_turn.is_empty() { 1 } else { takes.max(1) };
            let ended = Timestamp::from_secs(secs);
            for refund in in_turn {
                turns.note(&payment(), (MaySend::Yes, Sent::Yes), ended, apart);
                sent_at[refund].push(began.as_secs());
                due[refund] = secs + AGAIN;
            }
        }
        sent_at
    }

    #[test]
    fn refunds_of_one_payment_are_sent_one_at_a_time_and_each_has_its_turn() {
        for (refunds, apart, takes) in [(2, 60, 10), (3, 60, 2), (3, 60, 0), (8, 3, 5), (5, 3, 40)]
        {
            let sent_at = played(refunds, apart, takes, 40_000);
            let mut all = sent_at.concat();
            all.sort_unstable();
            let apart_enough = |pair: &[i64]| pair[1] - pair[0] >= apart + takes;
            assert!(
                all.windows(2).all(apart_enough),
                "{refunds} {apart} {takes}"
            );
            let round = i64::try_from(refunds).unwrap() * (apart + takes + 1) + AGAIN + takes + 1;
            for sent_at in sent_at {
                let mut last = 0;
                for at in sent_at.into_iter().chain([40_000]) {
                    assert!(at - last <= round, "{refunds} {apart} {takes}: {last} {at}");
                    last = at;
                }
            }
        }
    }

    #[test]
    fn a_turn_is_no_later_where_the_clock_steps_back() {
        let (mut turns, row) = (Turns::default(), Position(1));
        let [before, after] = [100_000, 1_000].map(Timestamp::from_secs);
        turns.forget_free(before);
        turns.of(&payment(), before).take(row, before, 60);
        turns.forget_free(after);
        let again = after.plus_secs(60);
        assert_eq!(
            turns.of(&payment(), after).take(row, after, 60),
            MaySend::No
        );
        assert_eq!(
            turns.of(&payment(), again).take(row, again, 60),
            MaySend::Yes
        );
    }

    #[test]
    fn a_turn_that_was_not_needed_is_nobodys() {
        let (mut turns, now, row) = (Turns::default(), Timestamp::from_secs(0), Position(1));
        for sent in [Sent::No, Sent::Yes] {
            assert_eq!(turns.of(&payment(), now).take(row, now, 60), MaySend::Yes);
            turns.note(&payment(), (MaySend::Yes, sent), now, 60);
        }
        assert_eq!(turns.of(&payment(), now).take(row, now, 60), MaySend::No);
    }
}

//! When calls that give money back are sent: the gateways want those of one payment apart, and one at a
//! time. Who waits has his turn before those who come later.

use std::collections::{BTreeMap, BTreeSet};

use payfold_domain::{PaymentRef, Timestamp};
use payfold_store::Position;

/// Whether the call may be sent, or was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sending {
    Yes,
    No,
}

/// The turns of each payment that is not free.
#[derive(Debug, Default)]
pub(super) struct Turns(BTreeMap<PaymentRef, OfPayment>);

/// The turns of one payment's refunds.
#[derive(Debug)]
pub(super) struct OfPayment {
    /// None is sent before.
    next: Timestamp,
    /// From then on nobody waits for a turn.
    free: Timestamp,
    /// Those that do.
    waiting: BTreeSet<Position>,
}

impl Turns {
    pub(super) fn forget_free(&mut self, now: Timestamp) {
        self.0.retain(|_, turns| now < turns.free);
    }

    pub(super) fn of(&mut self, payment: &PaymentRef, now: Timestamp) -> &mut OfPayment {
        let turns = self.0.entry(payment.clone());
        turns.or_insert_with(|| OfPayment {
            next: now,
            free: now,
            waiting: BTreeSet::new(),
        })
    }

    /// Once a refund was looked at, whose payment's next call may be sent then: a turn that it did not need
    /// is nobody's again.
    pub(super) fn note(
        &mut self,
        payment: &PaymentRef,
        may_send: Sending,
        sent: Sending,
        next: Timestamp,
    ) {
        let Some(turns) = self.0.get_mut(payment) else {
            return;
        };
        match (may_send, sent) {
            (_, Sending::Yes) => turns.sent(next),
            (Sending::Yes, Sending::No) if turns.waiting.is_empty() => {
                self.0.remove(payment);
            }
            (Sending::Yes | Sending::No, Sending::No) => {}
        }
    }
}

impl OfPayment {
    /// Takes a turn that nobody else has.
    pub(super) fn take_if_free(&mut self, now: Timestamp, apart: i64) -> Sending {
        if now < self.free {
            return Sending::No;
        }
        self.sent(now.plus_secs(apart));
        Sending::Yes
    }

    /// Takes the refund's turn, or says when it is: after all that wait already.
    pub(super) fn take(
        &mut self,
        row: Position,
        now: Timestamp,
        apart: i64,
    ) -> Result<(), Timestamp> {
        if self.waiting.contains(&row) {
            if now < self.next {
                return Err(self.next);
            }
            self.waiting.remove(&row);
            self.sent(now.plus_secs(apart));
            return Ok(());
        }
        match self.take_if_free(now, apart) {
            Sending::Yes => Ok(()),
            Sending::No => {
                let turn = self.free;
                self.free = turn.plus_secs(apart);
                self.waiting.insert(row);
                Err(turn)
            }
        }
    }

    fn sent(&mut self, next: Timestamp) {
        self.next = self.next.max(next);
        self.free = self.free.max(self.next);
    }
}

#[cfg(test)]
mod tests {
    use payfold_domain::{AccountName, OutTradeNo};

    use super::*;

    const APART: i64 = 60;

    fn payment() -> PaymentRef {
        PaymentRef {
            account: AccountName::new("wx").unwrap(),
            out_trade_no: OutTradeNo::from_gateway("payment_1").unwrap(),
        }
    }

    /// Three refunds, none of which ever comes to an end, and a fourth that is asked about and sent again
    /// where it may be.
    #[test]
    fn refunds_of_one_payment_are_sent_one_at_a_time_and_each_has_its_turn() {
        let mut turns = Turns::default();
        let mut due = [0, 0, 5];
        let mut sent_at: [Vec<i64>; 4] = Default::default();
        for secs in 0..APART * 20 {
            let now = Timestamp::from_secs(secs);
            turns.forget_free(now);
            for (index, due) in due.iter_mut().enumerate().filter(|(_, due)| **due == secs) {
                let position = Position(u64::try_from(index).unwrap());
                match turns.of(&payment(), now).take(position, now, APART) {
                    Ok(()) => {
                        let next = now.plus_secs(APART);
                        turns.note(&payment(), Sending::Yes, Sending::Yes, next);
                        sent_at[index].push(secs);
                        *due = secs + 30;
                    }
                    Err(later) => *due = later.as_secs(),
                }
            }
            if turns.of(&payment(), now).take_if_free(now, APART) == Sending::Yes {
                sent_at[3].push(secs);
            }
        }
        let all: BTreeSet<i64> = sent_at.concat().into_iter().collect();
        let all: Vec<i64> = all.into_iter().collect();
        assert_eq!(all.len(), sent_at.concat().len(), "{sent_at:?}");
        assert!(
            all.windows(2).all(|pair| pair[1] - pair[0] >= APART),
            "{sent_at:?}"
        );
        assert!(
            sent_at[..3].iter().all(|sent| sent.len() >= 6),
            "{sent_at:?}"
        );
    }

    #[test]
    fn a_turn_that_was_not_needed_is_nobodys() {
        let (mut turns, now) = (Turns::default(), Timestamp::from_secs(0));
        let next = now.plus_secs(APART);
        assert_eq!(
            turns.of(&payment(), now).take_if_free(now, APART),
            Sending::Yes
        );
        turns.note(&payment(), Sending::Yes, Sending::No, next);
        assert_eq!(
            turns.of(&payment(), now).take_if_free(now, APART),
            Sending::Yes
        );
        assert_eq!(
            turns.of(&payment(), now).take_if_free(now, APART),
            Sending::No
        );
    }
}

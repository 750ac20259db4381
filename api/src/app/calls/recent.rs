//! Which payments were asked about a moment ago, so that one query answers many.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use payfold_domain::{PaymentRef, Timestamp};

/// How long a payment is not asked about again by whoever waits, in seconds.
const APART_SECS: i64 = 3;

/// How many are remembered before the old ones are dropped.
const SWEPT_PAST: usize = 1024;

/// When each payment was asked about last.
#[derive(Default)]
pub(crate) struct Recent(Mutex<BTreeMap<PaymentRef, Timestamp>>);

/// Whose turn it is to ask about a payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Turn {
    /// The caller's.
    Now,
    /// Nobody's for so long.
    In(Duration),
}

impl Recent {
    /// When the payment may be asked about; if now, it counts as asked.
    pub(crate) fn take_turn(&self, payment: &PaymentRef, now: Timestamp) -> Turn {
        let mut asked = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // A caller may have read the clock before another one that was let in first; what lies further
        // ahead was asked before the clock stepped back.
        let lately =
            |at: Timestamp| now < at.plus_secs(APART_SECS) && at < now.plus_secs(APART_SECS);
        if let Some(at) = asked.get(payment)
            && lately(*at)
        {
            let left = at.plus_secs(APART_SECS).as_micros() - now.as_micros();
            let left = Duration::from_micros(left.unsigned_abs());
            return Turn::In(left.min(Duration::from_secs(APART_SECS.unsigned_abs())));
        }
        if asked.len() >= SWEPT_PAST {
            asked.retain(|_, at| lately(*at));
        }
        asked.insert(payment.clone(), now);
        Turn::Now
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use payfold_domain::{AccountName, OutTradeNo};

    #[test]
    fn a_payment_is_asked_about_once_in_three_seconds() {
        let recent = Recent::default();
        let payment = |number: &str| PaymentRef {
            account: AccountName::new("ali").unwrap(),
            out_trade_no: OutTradeNo::from_gateway(number).unwrap(),
        };
        let at = Timestamp::from_secs;
        let later = |secs| Turn::In(Duration::from_secs(secs));
        assert_eq!(recent.take_turn(&payment("T1"), at(100)), Turn::Now);
        assert_eq!(recent.take_turn(&payment("T1"), at(102)), later(1));
        assert_eq!(recent.take_turn(&payment("T2"), at(102)), Turn::Now);
        assert_eq!(recent.take_turn(&payment("T1"), at(103)), Turn::Now);
        assert_eq!(recent.take_turn(&payment("T1"), at(101)), later(3));
        assert_eq!(recent.take_turn(&payment("T1"), at(50)), Turn::Now);
        assert_eq!(recent.take_turn(&payment("T1"), at(52)), later(1));
        for number in 0..3_000 {
            let number = payment(&format!("N{number}"));
            assert_eq!(recent.take_turn(&number, at(200)), Turn::Now);
        }
        assert_eq!(recent.take_turn(&payment("N0"), at(202)), later(1));
    }
}

//! Which payments were asked about a moment ago, so that one query answers many.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use payfold_domain::{PaymentRef, Timestamp};

/// How long a payment is not asked about again by whoever waits, in seconds.
const APART_SECS: i64 = 3;

/// How many are remembered before the old ones are dropped.
const SWEPT_PAST: usize = 1024;

/// When each payment was asked about last.
#[derive(Default)]
pub(crate) struct Recent(Mutex<BTreeMap<PaymentRef, Timestamp>>);

impl Recent {
    /// Whether the payment may be asked about now; if so, it counts as asked.
    pub(crate) fn may_ask(&self, payment: &PaymentRef, now: Timestamp) -> bool {
        let mut asked = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let lately = |at: Timestamp| now < at.plus_secs(APART_SECS);
        if asked.get(payment).is_some_and(|at| lately(*at)) {
            return false;
        }
        if asked.len() >= SWEPT_PAST {
            asked.retain(|_, at| lately(*at));
        }
        asked.insert(payment.clone(), now);
        true
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
        assert!(recent.may_ask(&payment("T1"), at(100)));
        assert!(!recent.may_ask(&payment("T1"), at(102)));
        assert!(recent.may_ask(&payment("T2"), at(102)));
        assert!(recent.may_ask(&payment("T1"), at(103)));
        for number in 0..3_000 {
            assert!(recent.may_ask(&payment(&format!("N{number}")), at(200)));
        }
        assert!(!recent.may_ask(&payment("N0"), at(202)));
    }
}

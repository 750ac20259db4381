//! How the gateways' machines are doing when they are called: well, slow or down.

use std::time::Duration;

use crate::books::Gateway;
use crate::faults::FaultKind;
use crate::sandbox::Sandbox;

/// Whether a call can be answered.
pub(crate) enum Weather {
    Fair,
    Down,
}

impl Sandbox {
    /// The merchant's number of the payment that a call names, by which a fault finds the call. The
    /// gateways' own number wins, as it does where they look for the trade.
    pub(crate) fn number_named(
        &self,
        gateway: Gateway,
        transaction_id: Option<&str>,
        out_trade_no: Option<&str>,
    ) -> String {
        let state = self.state();
        transaction_id
            .and_then(|id| state.books.find_transaction(gateway, id))
            .map(|(_, trade)| trade.out_trade_no.as_str())
            .or(out_trade_no)
            .unwrap_or_default()
            .to_owned()
    }

    /// The merchant's number of the payment that a refund belongs to, by the refund's.
    pub(crate) fn number_of_refund(&self, gateway: Gateway, refund_no: &str) -> String {
        let state = self.state();
        let found = state.books.find_refund(gateway, refund_no);
        found
            .map(|(_, trade, _)| trade.out_trade_no.clone())
            .unwrap_or_default()
    }

    /// Waits where the gateways are slow, and says whether they are down.
    pub(crate) async fn weather(&self, out_trade_no: &str) -> Weather {
        let now = self.now();
        let (slow, down) = {
            let mut state = self.state();
            let slow = state.faults.strike(FaultKind::Slow, out_trade_no, now);
            (
                slow,
                state.faults.strike(FaultKind::Down, out_trade_no, now),
            )
        };
        if let Some(slow) = slow {
            let seconds = u64::from(slow.seconds_or(10));
            (self.outside().wait)(Duration::from_secs(seconds)).await;
        }
        if down.is_some() {
            Weather::Down
        } else {
            Weather::Fair
        }
    }
}

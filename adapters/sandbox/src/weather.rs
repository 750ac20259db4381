//! How the gateways' machines are doing when they are called: well, slow or down.

use std::time::Duration;

use crate::faults::FaultKind;
use crate::sandbox::Sandbox;

/// Whether a call can be answered.
pub(crate) enum Weather {
    Fair,
    Down,
}

impl Sandbox {
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

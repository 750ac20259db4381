//! What may go wrong, by name. A fault waits here until something it fits comes along.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum FaultKind {
    /// A sending of a notify gets lost; the schedule goes on.
    Lose,
    /// A sending leaves later, by `seconds` (30) of the sandbox's clock.
    Delay,
    /// A sending leaves twice at once.
    Twice,
    /// A notify waits until a later one has overtaken it, `seconds` (60) at most.
    Reorder,
    /// A payment is taken although its trade is closed or has expired.
    Late,
    /// A buyer pays another amount than was asked.
    WrongAmount,
    /// A sending is changed after it was signed.
    Tamper,
    /// The buyer closes the page after paying: no return.
    ClosePage,
    /// A call waits `seconds` (10) for its answer.
    Slow,
    /// A call is answered with an outage; without `times`, all are, for `seconds` or until ended.
    Down,
    /// The merchant's balance does not cover a refund that it asks for.
    RefundRefused,
    /// A refund stays on its way for `seconds` (60) of the sandbox's clock.
    RefundSlow,
    /// A WeChat Pay refund comes back from the buyer's bank: ABNORMAL.
    RefundAbnormal,
    /// A WeChat Pay refund ends CLOSED.
    RefundClosed,
    /// WeChat Pay sends a wrong signature to see whether it is looked at: with the next answer, or
    /// before the next notify.
    Probe,
}

/// A fault as it is asked for.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Fault {
    pub(crate) fault: FaultKind,
    /// Only where this number is concerned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) out_trade_no: Option<String>,
    /// How often; once, where nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) times: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) seconds: Option<u32>,
}

/// The faults that are waiting.
#[derive(Default)]
pub(crate) struct Faults(Vec<Waiting>);

struct Waiting {
    fault: Fault,
    left: Left,
}

enum Left {
    Times(u32),
    Until(DateTime<Utc>),
    Endless,
}

/// A fault that struck.
pub(crate) struct Struck {
    seconds: Option<u32>,
    /// Whether it was meant for one number alone.
    pub(crate) narrow: bool,
}

impl Struck {
    /// Its seconds, or what they are where nothing was said.
    pub(crate) fn seconds_or(&self, usual: u32) -> u32 {
        self.seconds.unwrap_or(usual)
    }
}

impl Faults {
    /// Lets a fault wait for its moment.
    pub(crate) fn add(&mut self, fault: Fault, now: DateTime<Utc>) {
        let left = match (fault.fault, fault.times, fault.seconds) {
            (FaultKind::Down, None, None) => Left::Endless,
            (FaultKind::Down, None, Some(seconds)) => {
                Left::Until(now + TimeDelta::seconds(i64::from(seconds)))
            }
            (_, times, _) => Left::Times(times.unwrap_or(1)),
        };
        self.0.push(Waiting { fault, left });
    }

    /// Ends them all.
    pub(crate) fn end(&mut self) {
        self.0.clear();
    }

    /// Those that are waiting, each with how often it still may strike.
    pub(crate) fn waiting(&self) -> impl Iterator<Item = Fault> {
        self.0.iter().map(|waiting| match waiting.left {
            Left::Times(left) => Fault {
                times: Some(left),
                ..waiting.fault.clone()
            },
            Left::Until(_) | Left::Endless => waiting.fault.clone(),
        })
    }

    /// Whether a fault of this kind strikes this number now; it is then one time nearer its end.
    pub(crate) fn strike(
        &mut self,
        kind: FaultKind,
        out_trade_no: &str,
        now: DateTime<Utc>,
    ) -> Option<Struck> {
        self.0.retain(|waiting| match waiting.left {
            Left::Times(left) => left > 0,
            Left::Until(end) => now < end,
            Left::Endless => true,
        });
        let fits = |fault: &Fault| {
            fault.fault == kind
                && fault
                    .out_trade_no
                    .as_deref()
                    .is_none_or(|number| number == out_trade_no)
        };
        let waiting = self.0.iter_mut().find(|waiting| fits(&waiting.fault))?;
        if let Left::Times(left) = &mut waiting.left {
            *left = left.saturating_sub(1);
        }
        let struck = Struck {
            seconds: waiting.fault.seconds,
            narrow: waiting.fault.out_trade_no.is_some(),
        };
        self.0
            .retain(|waiting| !matches!(waiting.left, Left::Times(0)));
        Some(struck)
    }
}

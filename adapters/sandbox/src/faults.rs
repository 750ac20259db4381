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

/// Every kind, and what it does, for people.
pub(crate) const EVERY_FAULT: [(FaultKind, &str); 15] = [
    (FaultKind::Lose, "a notify is lost on the way"),
    (
        FaultKind::Delay,
        "a notify leaves later, by seconds (30) of the clock",
    ),
    (FaultKind::Twice, "a notify leaves twice at once"),
    (
        FaultKind::Reorder,
        "a notify waits until a later one has overtaken it, seconds (60) at most",
    ),
    (FaultKind::Tamper, "a notify is changed after it was signed"),
    (
        FaultKind::Probe,
        "WeChat Pay signs an answer or a notify wrongly, to see whether you look",
    ),
    (
        FaultKind::Late,
        "a payment is taken although its trade is closed or has expired",
    ),
    (FaultKind::WrongAmount, "the buyer pays another amount"),
    (
        FaultKind::ClosePage,
        "the buyer closes the page after paying: no return",
    ),
    (FaultKind::Slow, "a call waits seconds (10) for its answer"),
    (
        FaultKind::Down,
        "calls are answered with an outage: so many times, for seconds, or until it ends",
    ),
    (
        FaultKind::RefundRefused,
        "the balance does not cover a refund",
    ),
    (
        FaultKind::RefundSlow,
        "a refund stays on its way for seconds (60) of the clock",
    ),
    (
        FaultKind::RefundAbnormal,
        "a WeChat Pay refund comes back from the buyer's bank: ABNORMAL",
    ),
    (FaultKind::RefundClosed, "a WeChat Pay refund ends CLOSED"),
];

impl FaultKind {
    /// Its name on the wire.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Lose => "lose",
            Self::Delay => "delay",
            Self::Twice => "twice",
            Self::Reorder => "reorder",
            Self::Late => "late",
            Self::WrongAmount => "wrong-amount",
            Self::Tamper => "tamper",
            Self::ClosePage => "close-page",
            Self::Slow => "slow",
            Self::Down => "down",
            Self::RefundRefused => "refund-refused",
            Self::RefundSlow => "refund-slow",
            Self::RefundAbnormal => "refund-abnormal",
            Self::RefundClosed => "refund-closed",
            Self::Probe => "probe",
        }
    }
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
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Faults(Vec<Waiting>);

#[derive(Serialize, Deserialize)]
struct Waiting {
    fault: Fault,
    left: Left,
}

#[derive(Serialize, Deserialize)]
enum Left {
    Times(u32),
    Until(DateTime<Utc>),
    Endless,
}

impl Waiting {
    fn is_over(&self, now: DateTime<Utc>) -> bool {
        match self.left {
            Left::Times(left) => left == 0,
            Left::Until(end) => end <= now,
            Left::Endless => false,
        }
    }
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

    /// Ends those of a kind that are for one number, or that are for any.
    pub(crate) fn end_one(&mut self, kind: FaultKind, out_trade_no: Option<&str>) {
        self.0.retain(|Waiting { fault, .. }| {
            fault.fault != kind || fault.out_trade_no.as_deref() != out_trade_no
        });
    }

    /// Those that are waiting, each with how often it still may strike.
    pub(crate) fn waiting(&self, now: DateTime<Utc>) -> impl Iterator<Item = Fault> {
        let waiting = self.0.iter().filter(move |waiting| !waiting.is_over(now));
        waiting.map(|waiting| match waiting.left {
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
        self.0.retain(|waiting| !waiting.is_over(now));
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
        self.0.retain(|waiting| !waiting.is_over(now));
        Some(struck)
    }
}

#[cfg(test)]
mod tests {
    use super::EVERY_FAULT;

    #[test]
    fn every_fault_is_named_for_people_as_on_the_wire() {
        for (kind, _) in EVERY_FAULT {
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.name());
        }
    }
}

//! What the page shows of one trade, one payment that nobody opened, and one fault.

use chrono::TimeDelta;

use super::form_name;
use crate::beijing;
use crate::books::{
    About, End, Gateway, Outcome, Progress, Refund, Sending, Trade, TradeType, Visit,
};
use crate::faults::{Fault, FaultKind};
use crate::money::yuan;
use crate::notify::Writing;

/// One trade.
pub(super) struct TradeRow {
    pub(super) gateway: &'static str,
    pub(super) name: &'static str,
    pub(super) out_trade_no: String,
    pub(super) transaction_id: String,
    pub(super) amount: String,
    /// What can still be given back.
    pub(super) left: Option<String>,
    pub(super) state: &'static str,
    pub(super) at: String,
    pub(super) notifies: u32,
    pub(super) sendings: Vec<SendingRow>,
    /// When the next notify leaves.
    pub(super) again: Option<String>,
    pub(super) refunds: Vec<RefundRow>,
    /// Where a buyer sees it.
    pub(super) cashier: Option<String>,
    pub(super) stands: Stands,
}

/// What can be done with a trade.
pub(super) enum Stands {
    Waiting,
    Paid,
    Over,
}

pub(super) struct SendingRow {
    pub(super) at: String,
    pub(super) about: String,
    pub(super) outcome: String,
    pub(super) is_accepted: bool,
}

pub(super) struct RefundRow {
    pub(super) refund_no: String,
    pub(super) amount: String,
    pub(super) state: &'static str,
    /// Whether somebody can bring it to its end.
    pub(super) is_open: bool,
}

/// An Alipay payment that a merchant asked for and no buyer has opened.
pub(super) struct VisitRow {
    pub(super) out_trade_no: String,
    pub(super) amount: String,
    pub(super) subject: String,
}

/// One kind of fault, and where it waits.
pub(super) struct FaultRow {
    pub(super) kind: &'static str,
    pub(super) words: &'static str,
    pub(super) active: Vec<ActiveRow>,
}

/// A fault that waits for its moment.
pub(super) struct ActiveRow {
    pub(super) out_trade_no: String,
    pub(super) left: String,
}

impl TradeRow {
    pub(super) fn of(trade: &Trade, again: Option<TimeDelta>) -> Self {
        let state = trade.state();
        let left = trade.left();
        let stands = match state {
            "WAIT_BUYER_PAY" | "NOTPAY" => Stands::Waiting,
            "TRADE_SUCCESS" | "SUCCESS" | "REFUND" => Stands::Paid,
            _ => Stands::Over,
        };
        let can_be_refunded = matches!(stands, Stands::Paid) && left > 0;
        Self {
            gateway: form_name(trade.gateway),
            name: trade.gateway.name(),
            out_trade_no: trade.out_trade_no.clone(),
            transaction_id: trade.transaction_id.clone().unwrap_or_default(),
            amount: yuan(trade.minor),
            left: can_be_refunded.then(|| yuan(left)),
            state,
            at: beijing::plain(trade.created),
            notifies: trade.notifies,
            sendings: trade.sendings.iter().rev().map(SendingRow::of).collect(),
            again: again.map(spelt),
            refunds: trade.refunds.iter().map(RefundRow::of).collect(),
            cashier: cashier(trade).filter(|_| matches!(stands, Stands::Waiting)),
            stands,
        }
    }

    pub(super) fn is_alipay(&self) -> bool {
        self.gateway == "alipay"
    }

    /// How a state looks: good, waiting or over.
    pub(super) fn tone(&self) -> &'static str {
        match self.stands {
            Stands::Waiting => "waiting",
            Stands::Paid => "good",
            Stands::Over => "over",
        }
    }
}

fn cashier(trade: &Trade) -> Option<String> {
    let Some(terms) = trade.wechatpay_terms() else {
        return Some(format!(
            "/alipay/cashier?out_trade_no={}",
            trade.out_trade_no
        ));
    };
    let code = trade.code.as_ref()?;
    Some(match terms.trade_type {
        TradeType::Native => format!("/wechatpay/qr?pr={code}"),
        TradeType::Jsapi | TradeType::App => format!("/wechatpay/pay?prepay_id={code}"),
        TradeType::H5 => format!("/cgi-bin/mmpayweb-bin/checkmweb?prepay_id={code}"),
    })
}

impl SendingRow {
    fn of(sending: &Sending) -> Self {
        let kind = match sending.writing {
            Writing::Genuine => "",
            Writing::Tampered => ", tampered with",
            Writing::Probe => ", a signature probe",
        };
        let about = match &sending.about {
            About::Payment => "payment".to_owned(),
            About::Refund(number) => format!("refund {number}"),
        };
        let outcome = match &sending.outcome {
            Outcome::Lost => "lost on the way".to_owned(),
            Outcome::Accepted(status) => format!("{status}, accepted"),
            Outcome::Refused(status) => format!("{status}, not accepted"),
            Outcome::Unreached(problem) => format!("no answer: {problem}"),
            Outcome::Unwritten(problem) => format!("not written: {problem}"),
        };
        Self {
            at: beijing::plain(sending.at),
            about: format!("{about}{kind}"),
            outcome,
            is_accepted: sending.is_accepted(),
        }
    }
}

impl RefundRow {
    fn of(refund: &Refund) -> Self {
        Self {
            refund_no: refund.refund_no.clone(),
            amount: yuan(refund.minor),
            state: refund.state(),
            is_open: matches!(
                refund.progress,
                Progress::Processing(..) | Progress::Ended(_, End::Abnormal)
            ),
        }
    }
}

impl VisitRow {
    pub(super) fn of(out_trade_no: &str, visit: &Visit) -> Self {
        Self {
            out_trade_no: out_trade_no.to_owned(),
            amount: yuan(visit.minor),
            subject: visit.terms.subject.clone(),
        }
    }

    pub(super) fn gateway(&self) -> &'static str {
        form_name(Gateway::Alipay)
    }
}

impl FaultRow {
    pub(super) fn of(kind: FaultKind, words: &'static str, waiting: &[Fault]) -> Self {
        let own = waiting.iter().filter(|fault| fault.fault == kind);
        Self {
            kind: kind.name(),
            words,
            active: own
                .map(|fault| ActiveRow {
                    out_trade_no: fault.out_trade_no.clone().unwrap_or_default(),
                    left: match (fault.times, fault.seconds) {
                        (Some(1), _) => "once".to_owned(),
                        (Some(times), _) => format!("{times} times"),
                        (None, Some(seconds)) => format!("for {seconds} s"),
                        (None, None) => "until it ends".to_owned(),
                    },
                })
                .collect(),
        }
    }
}

/// A stretch of the sandbox's clock, in its two largest units.
fn spelt(left: TimeDelta) -> String {
    let seconds = left.num_seconds().max(0);
    let (hours, minutes) = (seconds / 3_600, seconds / 60 % 60);
    match (hours, minutes) {
        (0, 0) => format!("{seconds} s"),
        (0, _) => format!("{minutes} min {} s", seconds % 60),
        (_, _) => format!("{hours} h {minutes} min"),
    }
}

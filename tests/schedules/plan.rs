//! Draws a schedule from its seed: a few orders, what people do about them, and what goes wrong.

use payfold_domain::policy::{LatePolicy, Policy, ReturnPolicy};

use crate::draw::Draw;
use crate::schedule::{
    Act, Afterwards, Beginning, Edge, Fault, Notifies, Pay, Schedule, Setting, Signer, Step,
};

/// One schedule in so many begins from nothing.
const NEW_ONE_IN: u64 = 8;

/// One schedule in how many is signed by the slower implementation.
const RSA_ONE_IN: u64 = 50;

/// In one schedule in how many no notify arrives.
const LOST_ONE_IN: u64 = 8;

/// After one schedule in how many the day's bills are imported.
const BILLS_ONE_IN: u64 = 5;

/// So many repeats are more than are kept.
const MANY: u64 = 40;

const METHODS: [&str; 10] = [
    "alipay.page",
    "alipay.wap",
    "alipay.page",
    "alipay.qr",
    "alipay.jsapi",
    "wechatpay.native",
    "wechatpay.native",
    "wechatpay.jsapi",
    "wechatpay.h5",
    "external",
];

const VIAS: [&str; 4] = ["v3", "v3", "v2", "v2-hmac"];

/// Faults of the gateways' own that concern payments, by their names.
const TROUBLES: [&str; 14] = [
    "lose",
    "delay",
    "twice",
    "reorder",
    "late",
    "wrong-amount",
    "tamper",
    "close-page",
    "slow",
    "down",
    "refund-refused",
    "refund-slow",
    "refund-abnormal",
    "refund-closed",
];

/// The schedule of a seed.
pub(crate) fn schedule(seed: u64) -> Schedule {
    let mut plan = Plan {
        notifies: match seed % LOST_ONE_IN {
            3 => Notifies::AllLost,
            _ => Notifies::Arrive,
        },
        draw: Draw::new(seed),
        steps: Vec::new(),
        payments: 0,
        refunds: 0,
    };
    let setting = plan.setting(seed);
    for order in 0..plan.draw.pick(&[1, 1, 1, 2, 2, 3]) {
        plan.order(order);
    }
    let faults = plan.faults(setting.nodes);
    let mut steps = plan.steps;
    steps.sort_by_key(|step| step.at_ms);
    Schedule {
        seed,
        setting,
        steps,
        faults,
    }
}

/// Another amount that may be asked for.
fn another(minor: u64) -> u64 {
    if minor == 1 { 2 } else { minor - 1 }
}

struct Plan {
    notifies: Notifies,
    draw: Draw,
    steps: Vec<Step>,
    payments: u8,
    refunds: u8,
}

impl Plan {
    fn setting(&mut self, seed: u64) -> Setting {
        let late = [LatePolicy::Accept, LatePolicy::Hold, LatePolicy::Refund];
        let back = [ReturnPolicy::Hold, ReturnPolicy::Refund];
        Setting {
            nodes: self.draw.pick(&[1, 1, 1, 2]),
            latency_ms: self.draw.pick(&[2, 20, 20, 200, 2_000]),
            policy: Policy {
                late_expired: self.draw.pick(&late),
                late_cancelled: self.draw.pick(&late),
                double: self.draw.pick(&back),
                mismatch: self.draw.pick(&back),
            },
            signer: match seed % RSA_ONE_IN {
                0 => Signer::Rsa,
                _ => Signer::AwsLc,
            },
            beginning: match seed % NEW_ONE_IN {
                0 => Beginning::New,
                _ => Beginning::InService,
            },
            notifies: self.notifies,
            afterwards: match (self.draw.below(8), seed % BILLS_ONE_IN) {
                (_, 2) => Afterwards::NextDay,
                (0, _) => Afterwards::ForLong,
                _ => Afterwards::Briefly,
            },
        }
    }

    fn at(&mut self, at_ms: u64, act: Act) {
        self.steps.push(Step { at_ms, act });
    }

    /// A moment soon after another: often the very same.
    fn soon(&mut self, after_ms: u64) -> u64 {
        match self.draw.below(4) {
            0 => after_ms,
            1 => after_ms + self.draw.below(50),
            _ => after_ms + self.draw.below(8_000),
        }
    }

    fn order(&mut self, order: u8) {
        let placed = self.draw.below(3_000);
        let minor = self.draw.pick(&[1, 100, 8_800, 8_800, 9_999_999_999]);
        let fulfilment = self.draw.pick(&["ship", "ship", "none"]);
        let life_s = self.draw.pick(&[61, 90, 300, 7_200, 7_200, 7_200]);
        let place = |minor| Act::Place {
            order,
            minor,
            fulfilment,
            life_s,
        };
        self.at(placed, place(minor));
        if self.draw.one_in(8) {
            let again = self.soon(placed);
            // Sometimes something else by the same name, which one of the two does not get.
            let minor = match self.draw.below(2) {
                0 => minor,
                _ => another(minor),
            };
            self.at(again, place(minor));
        }
        let mut after = placed + 200;
        for _ in 0..self.draw.pick(&[1, 1, 1, 2, 3]) {
            let last = self.payment(order, minor, after);
            after = self.soon(after).max(placed);
            self.shop(order, last);
        }
        if self.draw.one_in(4) {
            let at = placed + self.draw.below(40_000);
            self.at(at, Act::Cancel { order });
        }
        if self.draw.one_in(5) {
            let at = placed + self.draw.below(20_000);
            self.at(at, Act::Wait { order });
        }
    }

    /// What happens about one payment; answers with the time of the last of it.
    fn payment(&mut self, order: u8, asked: u64, after: u64) -> u64 {
        self.payments += 1;
        let pay = Pay {
            number: self.payments,
            order,
            method: self.draw.pick(&METHODS),
        };
        let start = self.soon(after);
        let mut paid = start + 300 + self.draw.below(20_000);
        let external = pay.method == "external";
        if external && self.draw.one_in(2) {
            // The shop's own code was faster than its word to payfold.
            paid = start.saturating_sub(self.draw.below(3_000));
        }
        if self.notifies == Notifies::AllLost && self.draw.one_in(4) {
            // When looks are further apart.
            paid = start + self.draw.below(400_000);
        }
        let once = self.draw.one_in(if external { 2 } else { 6 });
        self.at(
            start,
            if once {
                Act::StartOnce(pay)
            } else {
                Act::Start(pay)
            },
        );
        if self.draw.one_in(6) {
            let again = self.soon(start);
            let method = match (self.draw.below(3), pay.method) {
                (0, "alipay.page") => "alipay.wap",
                (0, "wechatpay.native") => "wechatpay.jsapi",
                (_, method) => method,
            };
            self.at(again, Act::Start(Pay { method, ..pay }));
        }
        if order > 0 && self.draw.one_in(6) {
            // Another order wants the number at the same time; one of the two gets it.
            let (at, other) = (self.soon(start), order - 1);
            self.at(
                at,
                Act::Start(Pay {
                    order: other,
                    ..pay
                }),
            );
        }
        if pay.gateway() == "alipay" && self.draw.one_in(2) {
            let at = start + 200 + self.draw.below(10_000);
            self.at(at, Act::Open(pay));
        }
        if self.draw.one_in(3) {
            self.trouble(pay, start);
        }
        if self.draw.one_in(10) {
            let early = self.soon(start);
            self.at(early, Act::Return(pay));
        }
        if self.draw.one_in(15) {
            let at = self.soon(paid);
            self.at(at, Act::CloseAtGateway(pay));
        }
        if self.draw.one_in(7) {
            return start;
        }
        self.money(pay, asked, paid)
    }

    /// The buyer pays, and what follows.
    fn money(&mut self, pay: Pay, asked: u64, paid: u64) -> u64 {
        let other = asked.saturating_sub(1).max(1) + self.draw.below(3);
        let minor = match (pay.method, self.draw.below(12)) {
            ("external", 0) => Some(other),
            ("external", _) => Some(asked),
            (_, 0) => Some(other),
            _ => None,
        };
        let via = self.draw.pick(&VIAS);
        self.at(paid, Act::Pay { pay, minor, via });
        if self.draw.one_in(12) {
            let at = self.soon(paid);
            self.at(at, Act::PayAgain(pay));
        }
        if self.draw.one_in(2) {
            let at = self.soon(paid);
            self.at(at, Act::Return(pay));
        }
        if self.notifies == Notifies::AllLost && self.draw.one_in(3) {
            let at = self.soon(paid);
            self.at(at, Act::Wait { order: pay.order });
        }
        if self.draw.one_in(5) {
            let times = if self.draw.one_in(20) { MANY } else { 1 };
            for _ in 0..times {
                let (at, via) = (self.soon(paid), self.draw.pick(&VIAS));
                self.at(at, Act::Resend { pay, via });
            }
        }
        if pay.gateway() == "alipay" && self.draw.one_in(10) {
            let at = self.soon(paid);
            self.at(at, Act::Finish(pay));
        }
        let mut last = paid;
        if self.draw.one_in(3) {
            last = self.soon(paid + 1_000);
            for _ in 0..self.draw.between(1, 3) {
                self.refunds += 1;
                let refund = self.refunds;
                let minor = self.draw.pick(&[1, asked / 2 + 1, asked]);
                let at = self.soon(last);
                self.at(at, Act::Refund { pay, refund, minor });
                if self.draw.one_in(6) {
                    self.same_number(pay, refund, minor, at);
                }
                if self.draw.one_in(3) {
                    let at = at + self.draw.below(30_000);
                    self.at(at, Act::RetryRefund { pay, refund });
                }
                if pay.gateway() == "wechatpay" && self.draw.one_in(6) {
                    self.stuck(pay, refund, at);
                }
            }
        }
        if self.draw.one_in(6) {
            let (at, via) = (self.soon(last), self.draw.pick(&VIAS));
            let minor = self.draw.pick(&[1, asked / 2 + 1, asked]);
            self.at(at, Act::RefundAtGateway { pay, minor, via });
        }
        last
    }

    /// The buyer's bank refuses a refund, and mostly somebody sees to it at the gateway.
    fn stuck(&mut self, pay: Pay, refund: u8, at: u64) {
        let abnormal = Act::Trouble {
            fault: "refund-abnormal",
            pay,
            times: 1,
            seconds: 60,
        };
        self.at(at, abnormal);
        if self.draw.one_in(4) {
            return;
        }
        let at = at + self.draw.below(90_000);
        let state = self.draw.pick(&["SUCCESS", "SUCCESS", "CLOSED"]);
        self.at(at, Act::Settle { pay, refund, state });
    }

    /// A refund's number is used once more: for the same, for another amount, or for another payment.
    fn same_number(&mut self, pay: Pay, refund: u8, minor: u64, after: u64) {
        let at = self.soon(after);
        let (pay, minor) = match self.draw.below(3) {
            0 => (pay, minor),
            1 => (pay, another(minor)),
            _ => (self.beside(pay), minor),
        };
        self.at(at, Act::Refund { pay, refund, minor });
    }

    /// Another payment of the account that was started before, of whichever order, where there is one.
    fn beside(&self, pay: Pay) -> Pay {
        let mut started = self.steps.iter().filter_map(|step| match step.act {
            Act::Start(other) | Act::StartOnce(other)
                if other.account() == pay.account() && other.number != pay.number =>
            {
                Some(other)
            }
            _ => None,
        });
        started.next().unwrap_or(pay)
    }

    fn trouble(&mut self, pay: Pay, after: u64) {
        let at = self.soon(after);
        let trouble = Act::Trouble {
            fault: self.draw.pick(&TROUBLES),
            pay,
            times: self.draw.between(1, 3),
            seconds: self.draw.between(1, 60),
        };
        self.at(at, trouble);
    }

    /// What the shop does about an order once there may be money.
    fn shop(&mut self, order: u8, after: u64) {
        if self.draw.one_in(2) {
            let at = self.soon(after + 500);
            self.at(at, Act::Dispatch { order });
            if self.draw.one_in(3) {
                let at = self.soon(at);
                self.at(at, Act::Deliver { order });
            }
        }
        if self.draw.one_in(6) {
            let at = self.soon(after);
            self.at(at, Act::Hold { order });
            if self.draw.one_in(2) {
                let at = self.soon(at);
                self.at(at, Act::Release { order });
            }
        }
        if self.draw.one_in(3) {
            let at = after + self.draw.below(30_000);
            let action = self.draw.pick(&["accept", "refund", "retry", "dismiss"]);
            self.at(at, Act::Resolve { order, action });
        }
    }

    fn faults(&mut self, nodes: usize) -> Vec<Fault> {
        let many = self.draw.pick(&[0, 1, 1, 2, 2, 3, 4, 6]);
        (0..many).map(|_| self.fault(nodes)).collect()
    }

    fn fault(&mut self, nodes: usize) -> Fault {
        let edge = self.draw.pick(&[Edge::Before, Edge::After]);
        let down_ms = match self.draw.below(20) {
            0 => self.draw.below(600_000),
            _ => self.draw.below(5_000),
        };
        // Most stories have some dozen writes.
        let most = self.draw.pick(&[8, 16, 40]);
        let write = self.draw.between(1, most);
        let few = self.draw.between(1, 8);
        match self.draw.below(14) {
            0 | 1 => Fault::Crash {
                node: self.draw.pick(&[0, nodes - 1]),
                at_ms: self.draw.below(40_000),
                down_ms,
            },
            2..=4 => Fault::CrashAtWrite {
                nth: write,
                edge,
                down_ms,
            },
            5 => Fault::WriteFails { nth: write, edge },
            6 => Fault::WriteConflicts { nth: write },
            7 => Fault::WriteSlow {
                nth: write,
                for_ms: self.draw.below(20_000),
            },
            8 => Fault::CallLost { nth: few, edge },
            9 => Fault::CallSlow {
                nth: few,
                for_ms: self.draw.below(20_000),
            },
            10 => Fault::CrashAtCall {
                nth: few,
                edge,
                down_ms,
            },
            11 => Fault::NotifyLost { nth: few, edge },
            12 => Fault::NotifyTwice { nth: few },
            _ => Fault::NotifyLate {
                nth: few,
                for_ms: self.draw.pick(&[100, 5_000, 120_000]),
            },
        }
    }
}

//! A schedule as data: what happens when, and what goes wrong. It is drawn from a seed, or a part of
//! such a one; played again it does exactly the same.

use std::fmt;

use payfold_domain::policy::Policy;
use payfold_domain::{AccountName, OutTradeNo, PaymentRef, RefundNo};

/// Up to this latency every promise is held to the letter, in milliseconds.
const QUICK_MS: u64 = 20;

/// Everything that is settled before a world begins.
#[derive(Debug, Clone)]
pub(crate) struct Schedule {
    pub(crate) seed: u64,
    pub(crate) setting: Setting,
    pub(crate) steps: Vec<Step>,
    pub(crate) faults: Vec<Fault>,
}

/// How the world is made.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Setting {
    /// How many nodes run over the one store.
    pub(crate) nodes: usize,
    /// How long a call of a port takes at most, in milliseconds.
    pub(crate) latency_ms: u64,
    pub(crate) policy: Policy,
    pub(crate) signer: Signer,
    pub(crate) beginning: Beginning,
    /// Whether the gateways' notifies arrive at all.
    pub(crate) notifies: Notifies,
    pub(crate) afterwards: Afterwards,
}

impl Setting {
    /// Whether no call of a port takes long enough to be noticed.
    pub(crate) fn is_quick(&self) -> bool {
        self.latency_ms <= QUICK_MS
    }
}

/// How long the world goes on once nothing goes wrong any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Afterwards {
    /// Until every message has arrived.
    Briefly,
    /// Until everything that ends by time has ended.
    ForLong,
    /// Until the day's bills are there, and are taken in.
    NextDay,
}

/// How the world begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Beginning {
    /// From nothing.
    New,
    /// As a service that was there before, and was told WeChat Pay's certificates a moment ago.
    InService,
}

/// Who signs for the gateways.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Signer {
    AwsLc,
    Rsa,
}

/// Whether the gateways' notifies arrive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Notifies {
    Arrive,
    AllLost,
}

/// Something that somebody does.
#[derive(Debug, Clone)]
pub(crate) struct Step {
    pub(crate) at_ms: u64,
    pub(crate) act: Act,
}

/// A payment, by the way in which it is made and its place among the schedule's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Pay {
    pub(crate) number: u8,
    pub(crate) order: u8,
    pub(crate) method: &'static str,
}

impl Pay {
    pub(crate) fn out_trade_no(self) -> String {
        format!("PAYMENT{}", self.number)
    }

    pub(crate) fn payment(self) -> PaymentRef {
        PaymentRef {
            account: AccountName::new(self.account()).unwrap(),
            out_trade_no: OutTradeNo::from_gateway(&self.out_trade_no()).unwrap(),
        }
    }

    pub(crate) fn account(self) -> &'static str {
        match self.gateway() {
            "alipay" => "ali",
            _ => "wx",
        }
    }

    /// Its gateway; payments that the shop starts by itself are divided between both.
    pub(crate) fn gateway(self) -> &'static str {
        match (self.method, self.number % 2) {
            ("external", 0) => "alipay",
            ("external", _) => "wechatpay",
            (method, _) if method.starts_with("alipay") => "alipay",
            _ => "wechatpay",
        }
    }
}

pub(crate) fn order_no(order: u8) -> String {
    format!("ORDER-{order}")
}

pub(crate) fn refund_no(refund: u8) -> RefundNo {
    RefundNo::new(&format!("REFUND-{refund}")).unwrap()
}

/// What somebody does.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Act {
    Place {
        order: u8,
        minor: u64,
        fulfilment: &'static str,
        life_s: u64,
    },
    Start(Pay),
    /// The same, by a shop that leaves it at that where it gets no answer.
    StartOnce(Pay),
    /// The buyer opens the payment at Alipay, and walks away.
    Open(Pay),
    /// The buyer pays; another amount than was asked where `minor` says so.
    Pay {
        pay: Pay,
        minor: Option<u64>,
        via: &'static str,
    },
    /// The buyer pays what is paid once more.
    PayAgain(Pay),
    /// The buyer's browser comes back.
    Return(Pay),
    /// The gateway sends its notifies again.
    Resend {
        pay: Pay,
        via: &'static str,
    },
    CloseAtGateway(Pay),
    /// What was paid at Alipay can be given back no more.
    Finish(Pay),
    RefundAtGateway {
        pay: Pay,
        minor: u64,
        via: &'static str,
    },
    Refund {
        pay: Pay,
        refund: u8,
        minor: u64,
    },
    RetryRefund {
        pay: Pay,
        refund: u8,
    },
    Cancel {
        order: u8,
    },
    /// A refund that the buyer's bank refused, or that is on its way, comes to this end.
    Settle {
        pay: Pay,
        refund: u8,
        state: &'static str,
    },
    /// The shop asks for the order and waits until it changes.
    Wait {
        order: u8,
    },
    Dispatch {
        order: u8,
    },
    Deliver {
        order: u8,
    },
    Hold {
        order: u8,
    },
    Release {
        order: u8,
    },
    /// A person decides every exception that is open, in this way where it is offered.
    Resolve {
        order: u8,
        action: &'static str,
    },
    /// A fault of the gateway's own, by its name at the sandbox.
    Trouble {
        fault: &'static str,
        pay: Pay,
        times: u64,
        seconds: u64,
    },
}

impl Act {
    /// The order that it is about.
    pub(crate) fn order(&self) -> u8 {
        match *self {
            Self::Place { order, .. }
            | Self::Cancel { order }
            | Self::Wait { order }
            | Self::Dispatch { order }
            | Self::Deliver { order }
            | Self::Hold { order }
            | Self::Release { order }
            | Self::Resolve { order, .. } => order,
            Self::Start(pay)
            | Self::StartOnce(pay)
            | Self::Open(pay)
            | Self::Pay { pay, .. }
            | Self::PayAgain(pay)
            | Self::Return(pay)
            | Self::Resend { pay, .. }
            | Self::CloseAtGateway(pay)
            | Self::Finish(pay)
            | Self::Settle { pay, .. }
            | Self::RefundAtGateway { pay, .. }
            | Self::Refund { pay, .. }
            | Self::RetryRefund { pay, .. }
            | Self::Trouble { pay, .. } => pay.order,
        }
    }
}

/// Before or after the thing that is interrupted was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Edge {
    Before,
    After,
}

/// What goes wrong. Numbers count from the beginning of the schedule, from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// A node's process ends at that time and is started again later.
    Crash {
        node: usize,
        at_ms: u64,
        down_ms: u64,
    },
    /// The process that writes ends, before the commit or before it hears of it.
    CrashAtWrite { nth: u64, edge: Edge, down_ms: u64 },
    /// The store fails to write; what became of it is unknown.
    WriteFails { nth: u64, edge: Edge },
    /// The store says that somebody else was faster.
    WriteConflicts { nth: u64 },
    /// A write takes long.
    WriteSlow { nth: u64, for_ms: u64 },
    /// A call of the gateway gets no answer; it arrived, or not.
    CallLost { nth: u64, edge: Edge },
    /// A call of the gateway takes long.
    CallSlow { nth: u64, for_ms: u64 },
    /// The process ends while it calls the gateway.
    CrashAtCall { nth: u64, edge: Edge, down_ms: u64 },
    /// A notify does not arrive, or its answer does not.
    NotifyLost { nth: u64, edge: Edge },
    /// A notify arrives twice at the same time.
    NotifyTwice { nth: u64 },
    /// A notify arrives late, behind others.
    NotifyLate { nth: u64, for_ms: u64 },
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "seed {}: {:?}", self.seed, self.setting)?;
        for Step { at_ms, act } in &self.steps {
            writeln!(f, "  {:>9.3} s  {act:?}", *at_ms as f64 / 1000.0)?;
        }
        for fault in &self.faults {
            writeln!(f, "  fault: {fault:?}")?;
        }
        Ok(())
    }
}

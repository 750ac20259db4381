//! The gateways' books: which trades there are, what became of them, what was given back. Who may
//! change them, and whom to tell, is the callers' matter.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// One of the two gateways.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Gateway {
    Alipay,
    WechatPay,
}

impl Gateway {
    /// What people call it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Alipay => "Alipay",
            Self::WechatPay => "WeChat Pay",
        }
    }
}

/// A trade's place in the books.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct TradeId(u64);

/// All trades, and what buyers are looking at.
#[derive(Default)]
pub(crate) struct Books {
    trades: BTreeMap<TradeId, Trade>,
    by_number: BTreeMap<(Gateway, String), Vec<TradeId>>,
    codes: BTreeMap<String, TradeId>,
    visits: BTreeMap<String, Visit>,
    next: u64,
}

/// One trade.
#[derive(Debug, Clone)]
pub(crate) struct Trade {
    pub(crate) gateway: Gateway,
    pub(crate) out_trade_no: String,
    /// The gateway's number: Alipay's from the beginning, WeChat Pay's from the payment on.
    pub(crate) transaction_id: Option<String>,
    pub(crate) minor: u64,
    pub(crate) standing: Standing,
    pub(crate) terms: Terms,
    pub(crate) created: DateTime<Utc>,
    pub(crate) buyer: String,
    /// How many notifies have left for the shop.
    pub(crate) notifies: u32,
    pub(crate) refunds: Vec<Refund>,
}

/// What became of a trade, refunds aside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    Waiting,
    Paid(DateTime<Utc>),
    Closed(DateTime<Utc>),
}

/// What the merchant asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Terms {
    pub(crate) app_id: String,
    pub(crate) subject: String,
    pub(crate) notify_url: Option<String>,
    pub(crate) expires: Option<DateTime<Utc>>,
    pub(crate) particulars: Particulars,
}

/// What only one of the gateways knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Particulars {
    Alipay(AlipayTerms),
    WechatPay(WechatPayTerms),
}

/// Of an Alipay request: how it was made, and what comes back with notify and return.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AlipayTerms {
    pub(crate) method: String,
    /// As the merchant spelt it; notifies and the return repeat it.
    pub(crate) charset: String,
    pub(crate) return_url: Option<String>,
    pub(crate) body: Option<String>,
    pub(crate) passback_params: Option<String>,
}

/// Of a WeChat Pay order: its kind, and with which key the merchant wants it answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct WechatPayTerms {
    pub(crate) trade_type: &'static str,
    pub(crate) attach: String,
    pub(crate) platform: PlatformKey,
    /// The order as it was sent, against which a repeat is held.
    pub(crate) order: String,
}

/// One of the two keys with which WeChat Pay signs to one merchant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PlatformKey {
    PublicKey,
    Certificate,
}

/// Money given back.
#[derive(Debug, Clone)]
pub(crate) struct Refund {
    pub(crate) refund_no: String,
    /// The gateway's own number.
    pub(crate) refund_id: String,
    pub(crate) minor: u64,
    pub(crate) at: DateTime<Utc>,
    /// Who is told of it, if anybody.
    pub(crate) notify_url: Option<String>,
}

/// An Alipay payment that a merchant asked for. It is no trade until the buyer acts.
#[derive(Debug, Clone)]
pub(crate) struct Visit {
    pub(crate) minor: u64,
    pub(crate) terms: Terms,
}

/// How many payments that never became trades are kept.
const MOST_VISITS: usize = 10_000;

impl Books {
    /// Enters a new trade.
    pub(crate) fn enter(&mut self, trade: Trade) -> TradeId {
        let id = TradeId(self.next);
        self.next += 1;
        let number = (trade.gateway, trade.out_trade_no.clone());
        self.by_number.entry(number).or_default().push(id);
        self.trades.insert(id, trade);
        id
    }

    pub(crate) fn trade(&self, id: TradeId) -> Option<&Trade> {
        self.trades.get(&id)
    }

    pub(crate) fn trade_mut(&mut self, id: TradeId) -> Option<&mut Trade> {
        self.trades.get_mut(&id)
    }

    /// The first trade of that number.
    pub(crate) fn find(&self, gateway: Gateway, out_trade_no: &str) -> Option<(TradeId, &Trade)> {
        let ids = self.by_number.get(&(gateway, out_trade_no.to_owned()))?;
        let id = ids.first()?;
        self.trades.get(id).map(|trade| (*id, trade))
    }

    /// The trade of that number at its gateway.
    pub(crate) fn find_transaction(
        &self,
        gateway: Gateway,
        transaction_id: &str,
    ) -> Option<(TradeId, &Trade)> {
        let fits = |trade: &Trade| {
            trade.gateway == gateway && trade.transaction_id.as_deref() == Some(transaction_id)
        };
        self.trades
            .iter()
            .find(|(_, trade)| fits(trade))
            .map(|(id, trade)| (*id, trade))
    }

    /// All trades, oldest first.
    pub(crate) fn all(&self) -> impl DoubleEndedIterator<Item = &Trade> {
        self.trades.values()
    }

    /// Gives a WeChat Pay order a code to scan; the one before it dies.
    pub(crate) fn issue_code(&mut self, code: String, id: TradeId) {
        self.codes.retain(|_, other| *other != id);
        self.codes.insert(code, id);
    }

    /// The order behind a scanned code.
    pub(crate) fn scan(&self, code: &str) -> Option<(TradeId, &Trade)> {
        let id = self.codes.get(code)?;
        self.trades.get(id).map(|trade| (*id, trade))
    }

    /// A buyer opens Alipay's cashier.
    pub(crate) fn visit(&mut self, out_trade_no: &str, visit: Visit) {
        if self.visits.len() >= MOST_VISITS {
            self.visits.pop_first();
        }
        self.visits.insert(out_trade_no.to_owned(), visit);
    }

    /// What a buyer sees at Alipay's cashier under that number.
    pub(crate) fn visited(&self, out_trade_no: &str) -> Option<&Visit> {
        self.visits.get(out_trade_no)
    }
}

impl Trade {
    /// The trade as it stands at that time: one that was not paid in time has closed by itself.
    pub(crate) fn as_of(&self, now: DateTime<Utc>) -> Self {
        let ended = self.terms.expires.filter(|at| *at <= now);
        let standing = match (self.standing, ended) {
            (Standing::Waiting, Some(at)) => Standing::Closed(at),
            (standing, _) => standing,
        };
        Self {
            standing,
            ..self.clone()
        }
    }

    /// What was given back, in all.
    pub(crate) fn refunded(&self) -> u64 {
        self.refunds.iter().map(|refund| refund.minor).sum()
    }

    /// What was given back under that number.
    pub(crate) fn refund(&self, refund_no: &str) -> Option<&Refund> {
        self.refunds
            .iter()
            .find(|refund| refund.refund_no == refund_no)
    }

    /// The trade's state in its gateway's own word.
    pub(crate) fn state(&self) -> &'static str {
        let refunded = self.refunded();
        match (self.gateway, self.standing) {
            (Gateway::Alipay, Standing::Waiting) => "WAIT_BUYER_PAY",
            (Gateway::Alipay, Standing::Paid(_)) if refunded < self.minor => "TRADE_SUCCESS",
            (Gateway::Alipay, Standing::Paid(_) | Standing::Closed(_)) => "TRADE_CLOSED",
            (Gateway::WechatPay, Standing::Waiting) => "NOTPAY",
            (Gateway::WechatPay, Standing::Paid(_)) if refunded == 0 => "SUCCESS",
            (Gateway::WechatPay, Standing::Paid(_)) => "REFUND",
            (Gateway::WechatPay, Standing::Closed(_)) => "CLOSED",
        }
    }
}

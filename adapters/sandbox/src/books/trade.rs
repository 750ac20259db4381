//! One trade: what the merchant asked for, and what became of it.

use std::collections::VecDeque;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::Visit;
use super::refund::Refund;
use super::sending::Sending;

/// How many sendings of a trade's notifies are remembered.
const MOST_SENDINGS: usize = 100;

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

/// One trade.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Trade {
    pub(crate) gateway: Gateway,
    pub(crate) out_trade_no: String,
    /// The gateway's number: Alipay's from the beginning, WeChat Pay's from the payment on.
    pub(crate) transaction_id: Option<String>,
    pub(crate) minor: u64,
    pub(crate) standing: Standing,
    /// Since when nothing of it can be given back any more.
    pub(crate) finished: Option<DateTime<Utc>>,
    pub(crate) terms: Terms,
    pub(crate) created: DateTime<Utc>,
    pub(crate) buyer: String,
    /// How many notifies have left for the shop.
    pub(crate) notifies: u32,
    /// The last of them, and what came back.
    pub(crate) sendings: VecDeque<Sending>,
    pub(crate) refunds: Vec<Refund>,
    /// What buyers open it by now; the one before it is dead.
    pub(crate) code: Option<String>,
}

/// What became of a trade, refunds aside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Standing {
    Waiting,
    Paid(DateTime<Utc>),
    Closed(DateTime<Utc>),
}

/// What the merchant asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Terms {
    pub(crate) app_id: String,
    pub(crate) subject: String,
    pub(crate) notify_url: Option<String>,
    pub(crate) expires: Option<DateTime<Utc>>,
    pub(crate) particulars: Particulars,
}

/// What only one of the gateways knows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Particulars {
    Alipay(AlipayTerms),
    WechatPay(WechatPayTerms),
}

/// Of an Alipay request: how it was made, and what comes back with notify and return.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct AlipayTerms {
    pub(crate) method: String,
    /// As the merchant spelt it; notifies and the return repeat it.
    pub(crate) charset: String,
    pub(crate) return_url: Option<String>,
    pub(crate) body: Option<String>,
    pub(crate) passback_params: Option<String>,
    /// Who is to pay, where the merchant says so: 2088… or an open id.
    pub(crate) buyer: Option<String>,
}

/// Of a WeChat Pay order: its kind, and with which key the merchant wants it answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct WechatPayTerms {
    pub(crate) trade_type: TradeType,
    pub(crate) attach: String,
    pub(crate) platform: PlatformKey,
    /// The order as it was sent, against which a repeat is held.
    pub(crate) order: String,
    /// Who is to pay, where the merchant says so.
    pub(crate) openid: Option<String>,
}

/// How a buyer comes to a WeChat Pay order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum TradeType {
    Native,
    Jsapi,
    App,
    H5,
}

impl Terms {
    /// Who is to pay, where the merchant says so.
    pub(crate) fn buyer(&self) -> Option<&str> {
        match &self.particulars {
            Particulars::Alipay(terms) => terms.buyer.as_deref(),
            Particulars::WechatPay(terms) => terms.openid.as_deref(),
        }
    }
}

impl AlipayTerms {
    /// Whether the shop is told by default of trades that close, and not of paid ones alone: wap
    /// and app payments are so, page and face-to-face payments are not (异步通知说明).
    pub(crate) fn tells_ends(&self) -> bool {
        matches!(
            self.method.as_str(),
            "alipay.trade.wap.pay" | "alipay.trade.app.pay"
        )
    }
}

impl TradeType {
    /// WeChat Pay's word for it.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Native => "NATIVE",
            Self::Jsapi => "JSAPI",
            Self::App => "APP",
            Self::H5 => "MWEB",
        }
    }
}

/// One of the two keys with which WeChat Pay signs to one merchant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum PlatformKey {
    PublicKey,
    Certificate,
}

impl Trade {
    /// A trade that waits for its buyer.
    pub(crate) fn waiting(
        gateway: Gateway,
        out_trade_no: String,
        visit: Visit,
        buyer: String,
        created: DateTime<Utc>,
    ) -> Self {
        Self {
            gateway,
            out_trade_no,
            transaction_id: None,
            minor: visit.minor,
            standing: Standing::Waiting,
            finished: None,
            terms: visit.terms,
            created,
            buyer,
            notifies: 0,
            sendings: VecDeque::new(),
            refunds: Vec::new(),
            code: None,
        }
    }

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

    /// Whether it waits, and the shop is told once it closes unpaid.
    pub(crate) fn waits_to_be_told_closed(&self) -> bool {
        self.standing == Standing::Waiting
            && self.alipay_terms().is_some_and(AlipayTerms::tells_ends)
    }

    /// Remembers what the shop was told, and what it said.
    pub(crate) fn told(&mut self, sending: Sending) {
        self.notifies += u32::from(sending.is_notify());
        if self.sendings.len() >= MOST_SENDINGS {
            self.sendings.pop_front();
        }
        self.sendings.push_back(sending);
    }

    /// What was given back, in all.
    pub(crate) fn refunded(&self) -> u64 {
        let back = |refund: &&Refund| refund.is_back();
        self.refunds
            .iter()
            .filter(back)
            .map(|refund| refund.minor)
            .sum()
    }

    /// What can still be asked back.
    pub(crate) fn left(&self) -> u64 {
        let asked: u64 = self
            .refunds
            .iter()
            .filter(|refund| !refund.is_off())
            .map(|refund| refund.minor)
            .sum();
        self.minor.saturating_sub(asked)
    }

    /// What was asked back under that number.
    pub(crate) fn refund(&self, refund_no: &str) -> Option<&Refund> {
        self.refunds
            .iter()
            .find(|refund| refund.refund_no == refund_no)
    }

    /// The trade's state in its gateway's own word.
    pub(crate) fn state(&self) -> &'static str {
        let whole = self.refunded() >= self.minor;
        match (self.gateway, self.standing) {
            (Gateway::Alipay, Standing::Waiting) => "WAIT_BUYER_PAY",
            (Gateway::Alipay, Standing::Paid(_)) if whole => "TRADE_CLOSED",
            (Gateway::Alipay, Standing::Paid(_)) if self.finished.is_some() => "TRADE_FINISHED",
            (Gateway::Alipay, Standing::Paid(_)) => "TRADE_SUCCESS",
            (Gateway::Alipay, Standing::Closed(_)) => "TRADE_CLOSED",
            (Gateway::WechatPay, Standing::Waiting) => "NOTPAY",
            (Gateway::WechatPay, Standing::Paid(_)) if self.refunds.is_empty() => "SUCCESS",
            (Gateway::WechatPay, Standing::Paid(_)) => "REFUND",
            (Gateway::WechatPay, Standing::Closed(_)) => "CLOSED",
        }
    }

    /// Whether Alipay tells of its buyer by an open id, as newer applications know theirs, and not by
    /// 2088….
    pub(crate) fn has_open_id(&self) -> bool {
        !self.buyer.starts_with("2088")
    }

    /// What only Alipay knows of it.
    pub(crate) fn alipay_terms(&self) -> Option<&AlipayTerms> {
        match &self.terms.particulars {
            Particulars::Alipay(terms) => Some(terms),
            Particulars::WechatPay(_) => None,
        }
    }

    /// What only WeChat Pay knows of it.
    pub(crate) fn wechatpay_terms(&self) -> Option<&WechatPayTerms> {
        match &self.terms.particulars {
            Particulars::WechatPay(terms) => Some(terms),
            Particulars::Alipay(_) => None,
        }
    }
}

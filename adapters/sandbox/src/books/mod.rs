//! The gateways' books: which trades there are, what became of them, what was given back. Who may
//! change them, and whom to tell, is the callers' matter.

mod refund;
mod sending;
mod trade;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

pub(crate) use self::refund::{End, Progress, Refund};
pub(crate) use self::sending::{About, Outcome, Sending};
pub(crate) use self::trade::{
    AlipayTerms, Gateway, Particulars, PlatformKey, Standing, Terms, Trade, TradeType,
    WechatPayTerms,
};

/// A trade's place in the books.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct TradeId(usize);

/// All trades, and what buyers are looking at.
#[derive(Default, Serialize, Deserialize)]
#[serde(from = "Pages")]
pub(crate) struct Books {
    trades: Vec<Trade>,
    codes: BTreeMap<String, Code>,
    visits: BTreeMap<String, Visit>,
    #[serde(skip)]
    by_number: BTreeMap<(Gateway, String), Vec<TradeId>>,
    #[serde(skip)]
    by_transaction: BTreeMap<(Gateway, String), TradeId>,
    /// The first trade that has a refund of that number.
    #[serde(skip)]
    by_refund: BTreeMap<(Gateway, String), TradeId>,
    #[serde(skip)]
    on_their_way: BTreeSet<TradeId>,
    /// When trades close that are not paid by then, where the shop is told so.
    #[serde(skip)]
    closing: BTreeSet<(DateTime<Utc>, TradeId)>,
}

/// What is written of the books; the rest follows from it.
#[derive(Deserialize)]
struct Pages {
    trades: Vec<Trade>,
    codes: BTreeMap<String, Code>,
    visits: BTreeMap<String, Visit>,
}

/// An Alipay payment that a merchant asked for. It is no trade until the buyer acts.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Visit {
    pub(crate) minor: u64,
    pub(crate) terms: Terms,
}

/// Something that a buyer scans or opens.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Code {
    pub(crate) behind: Behind,
    pub(crate) until: DateTime<Utc>,
}

/// What lies behind a code.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) enum Behind {
    /// A WeChat Pay order.
    Trade(TradeId),
    /// An Alipay payment, by its number: a trade from the first scan on.
    Visit(String),
}

/// How many payments that never became trades are kept, and how many codes.
const MOST_VISITS: usize = 100_000;

impl Books {
    /// Enters a new trade.
    pub(crate) fn enter(&mut self, trade: Trade) -> TradeId {
        let id = TradeId(self.trades.len());
        let number = (trade.gateway, trade.out_trade_no.clone());
        self.by_number.entry(number).or_default().push(id);
        if let Some(transaction) = &trade.transaction_id {
            let transaction = (trade.gateway, transaction.clone());
            self.by_transaction.insert(transaction, id);
        }
        if trade.refunds.iter().any(Refund::is_on_its_way) {
            self.on_their_way.insert(id);
        }
        for refund in &trade.refunds {
            let number = (trade.gateway, refund.refund_no.clone());
            self.by_refund.entry(number).or_insert(id);
        }
        if let Some(at) = trade.terms.expires
            && trade.waits_to_be_told_closed()
        {
            self.closing.insert((at, id));
        }
        self.trades.push(trade);
        id
    }

    pub(crate) fn trade(&self, id: TradeId) -> Option<&Trade> {
        self.trades.get(id.0)
    }

    pub(crate) fn trade_mut(&mut self, id: TradeId) -> Option<&mut Trade> {
        self.trades.get_mut(id.0)
    }

    /// The first trade of that number.
    pub(crate) fn find(&self, gateway: Gateway, out_trade_no: &str) -> Option<(TradeId, &Trade)> {
        let ids = self.by_number.get(&(gateway, out_trade_no.to_owned()))?;
        let id = ids.first()?;
        self.trade(*id).map(|trade| (*id, trade))
    }

    /// The trade of that number at its gateway.
    pub(crate) fn find_transaction(
        &self,
        gateway: Gateway,
        transaction_id: &str,
    ) -> Option<(TradeId, &Trade)> {
        let key = (gateway, transaction_id.to_owned());
        let id = self.by_transaction.get(&key)?;
        self.trade(*id).map(|trade| (*id, trade))
    }

    /// The first trade that has a refund of that number, with the refund.
    pub(crate) fn find_refund(
        &self,
        gateway: Gateway,
        refund_no: &str,
    ) -> Option<(TradeId, &Trade, &Refund)> {
        let id = self.by_refund.get(&(gateway, refund_no.to_owned()))?;
        let trade = self.trade(*id)?;
        Some((*id, trade, trade.refund(refund_no)?))
    }

    /// Gives a trade its gateway's number.
    pub(crate) fn number(&mut self, id: TradeId, transaction_id: String) {
        if let Some(trade) = self.trades.get_mut(id.0) {
            let key = (trade.gateway, transaction_id.clone());
            trade.transaction_id = Some(transaction_id);
            self.by_transaction.insert(key, id);
        }
    }

    /// All trades with their places, oldest first.
    pub(crate) fn numbered(&self) -> impl DoubleEndedIterator<Item = (TradeId, &Trade)> {
        let trades = self.trades.iter().enumerate();
        trades.map(|(index, trade)| (TradeId(index), trade))
    }

    /// Alipay payments that a merchant asked for and no buyer has opened, by number.
    pub(crate) fn unopened(&self) -> impl Iterator<Item = (&str, &Visit)> {
        self.visits
            .iter()
            .map(|(number, visit)| (number.as_str(), visit))
            .filter(|(number, _)| self.find(Gateway::Alipay, number).is_none())
    }

    /// All trades, oldest first.
    pub(crate) fn all(&self) -> impl DoubleEndedIterator<Item = &Trade> {
        self.trades.iter()
    }

    /// Gives a WeChat Pay order a code to open it by; the one before it dies.
    pub(crate) fn issue_code(&mut self, code: String, id: TradeId, until: DateTime<Utc>) {
        let Some(trade) = self.trades.get_mut(id.0) else {
            return;
        };
        if let Some(old) = trade.code.replace(code.clone()) {
            self.codes.remove(&old);
        }
        let behind = Behind::Trade(id);
        self.codes.insert(code, Code { behind, until });
    }

    /// Gives an Alipay payment a code to scan; those before it live on.
    pub(crate) fn issue_visit_code(
        &mut self,
        code: String,
        out_trade_no: &str,
        until: DateTime<Utc>,
    ) {
        if self.codes.len() >= MOST_VISITS {
            self.codes.pop_first();
        }
        let behind = Behind::Visit(out_trade_no.to_owned());
        self.codes.insert(code, Code { behind, until });
    }

    /// What lies behind a code that is still good.
    pub(crate) fn scan(&self, code: &str, now: DateTime<Utc>) -> Option<&Behind> {
        let code = self.codes.get(code).filter(|code| now < code.until)?;
        Some(&code.behind)
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

    /// Enters a refund of a trade.
    pub(crate) fn give_back(&mut self, id: TradeId, refund: Refund) {
        if let Some(trade) = self.trades.get_mut(id.0) {
            if refund.is_on_its_way() {
                self.on_their_way.insert(id);
            }
            let number = (trade.gateway, refund.refund_no.clone());
            self.by_refund.entry(number).or_insert(id);
            trade.refunds.push(refund);
        }
    }

    /// A refund by the number that the merchant or the back office gave it.
    pub(crate) fn refund_mut(
        &mut self,
        gateway: Gateway,
        refund_no: &str,
    ) -> Option<(TradeId, &mut Refund)> {
        let trades = self.trades.iter_mut().enumerate();
        let ours = trades.filter(|(_, trade)| trade.gateway == gateway);
        ours.flat_map(|(index, trade)| {
            let refunds = trade.refunds.iter_mut();
            refunds.map(move |refund| (TradeId(index), refund))
        })
        .find(|(_, refund)| refund.refund_no == refund_no)
    }

    /// Notes that a refund of a trade is on its way again.
    pub(crate) fn send_on_its_way(&mut self, id: TradeId) {
        self.on_their_way.insert(id);
    }

    /// When the first trade closes that waits until then and whose shop is told so.
    pub(crate) fn next_close(&mut self) -> Option<DateTime<Utc>> {
        loop {
            let first @ (at, id) = self.closing.first().copied()?;
            if self.trade(id).is_some_and(Trade::waits_to_be_told_closed) {
                return Some(at);
            }
            self.closing.remove(&first);
        }
    }

    /// Closes the trades that nobody paid in time and whose shops are told so, and says which.
    pub(crate) fn close_expired(&mut self, now: DateTime<Utc>) -> Vec<(TradeId, Trade)> {
        let mut closed = Vec::new();
        while let Some(first) = self.closing.first().filter(|(at, _)| *at <= now).copied() {
            self.closing.remove(&first);
            let (at, id) = first;
            if let Some(trade) = self.trades.get_mut(id.0)
                && trade.waits_to_be_told_closed()
            {
                trade.standing = Standing::Closed(at);
                closed.push((id, trade.clone()));
            }
        }
        closed
    }

    /// When the first refund that is on its way ends, by the sandbox's own clock.
    pub(crate) fn next_end(&self) -> Option<DateTime<Utc>> {
        let trades = self.on_their_way.iter().filter_map(|id| self.trade(*id));
        let refunds = trades.flat_map(|trade| &trade.refunds);
        refunds
            .filter_map(|refund| match refund.progress {
                Progress::Processing(until, _) => Some(until),
                Progress::Ended(..) => None,
            })
            .min()
    }

    /// Ends the refunds whose time has come, and says which: each with its trade as it stands then.
    pub(crate) fn end_refunds(
        &mut self,
        on_schedule: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Vec<(TradeId, Trade, Refund)> {
        let mut ended = Vec::new();
        let Self {
            trades,
            on_their_way,
            ..
        } = self;
        on_their_way.retain(|id| {
            let Some(trade) = trades.get_mut(id.0) else {
                return false;
            };
            for index in 0..trade.refunds.len() {
                if let Some(refund) = trade.refunds.get_mut(index)
                    && refund.end(on_schedule, now)
                {
                    let refund = refund.clone();
                    ended.push((*id, trade.clone(), refund));
                }
            }
            trade.refunds.iter().any(Refund::is_on_its_way)
        });
        ended
    }
}

impl From<Pages> for Books {
    fn from(pages: Pages) -> Self {
        let mut books = Self {
            codes: pages.codes,
            visits: pages.visits,
            ..Self::default()
        };
        for trade in pages.trades {
            books.enter(trade);
        }
        books
    }
}

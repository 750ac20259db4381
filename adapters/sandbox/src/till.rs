//! What buyers and the gateways' back offices do: pay, close, give back. Each changes the books in
//! one step and then tells the shop.

use chrono::{DateTime, Utc};

use crate::books::{AlipayTerms, Books, Gateway, Refund, Standing, Terms, Trade, TradeId, Visit};
use crate::faults::FaultKind;
use crate::money::MOST_MINOR;
use crate::notify::{Unwritten, Via};
use crate::sandbox::{Sandbox, State};

/// What cannot be done at the till.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refused {
    #[error("no {} trade {out_trade_no} is known; name `minor` to have it made", gateway.name())]
    Unknown {
        gateway: Gateway,
        out_trade_no: String,
    },
    #[error("the trade {out_trade_no} is paid already; say `again` for a second payment on it")]
    Paid { out_trade_no: String },
    #[error("the refund {refund_no} of {out_trade_no} is of {have} fen and not of {got}")]
    OtherRefund {
        out_trade_no: String,
        refund_no: String,
        have: u64,
        got: u64,
    },
    #[error("the refund {refund_no} is of the trade {have} and not of {got}")]
    OtherTrade {
        refund_no: String,
        have: String,
        got: String,
    },
    #[error("the trade {out_trade_no} is not paid")]
    NotPaid { out_trade_no: String },
    #[error("the trade {out_trade_no} is closed")]
    Closed { out_trade_no: String },
    #[error("the trade {out_trade_no} is finished: nothing of it can be given back any more")]
    Finished { out_trade_no: String },
    #[error("the merchant's balance does not cover {asked} fen")]
    Balance { asked: u64 },
    #[error("no {} refund {refund_no} is known", gateway.name())]
    NoRefund { gateway: Gateway, refund_no: String },
    #[error("the refund {refund_no} is {state} and not ABNORMAL")]
    NotAbnormal {
        refund_no: String,
        state: &'static str,
    },
    #[error("the trade {out_trade_no} expired at {at}")]
    Expired {
        out_trade_no: String,
        at: DateTime<Utc>,
    },
    #[error("{asked} fen are more than the {left} that are left of {out_trade_no}")]
    TooMuch {
        out_trade_no: String,
        asked: u64,
        left: u64,
    },
    #[error("`out_trade_no` is not 1 to 64 of 0-9 A-Z a-z _ - | *")]
    NoNumber,
    #[error("`minor` is {minor}; an amount is 1 to {MOST_MINOR} fen")]
    NoAmount { minor: u64 },
    #[error("the shop's address is not known: {0}")]
    NoAddress(#[from] crate::service::NoAddress),
    #[error(transparent)]
    Unwritten(#[from] Unwritten),
}

/// A payment, as a buyer makes it.
pub(crate) struct Payment<'a> {
    pub(crate) gateway: Gateway,
    pub(crate) out_trade_no: &'a str,
    /// What the buyer pays; what was asked, where nothing is said.
    pub(crate) minor: Option<u64>,
    pub(crate) via: Via,
    pub(crate) of: Payable,
}

/// Which trade of a number a buyer pays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Payable {
    /// The one that waits.
    Waiting,
    /// Another one beside the one that is paid: the buyer pays twice.
    Second,
}

impl Sandbox {
    /// The buyer pays.
    pub(crate) fn pay(&self, payment: &Payment<'_>) -> Result<Trade, Refused> {
        if !is_number(payment.out_trade_no) {
            return Err(Refused::NoNumber);
        }
        if let Some(minor) = payment
            .minor
            .filter(|minor| !(1..=MOST_MINOR).contains(minor))
        {
            return Err(Refused::NoAmount { minor });
        }
        let now = self.now();
        let mut state = self.state();
        let id = self.payable(&mut state, payment, now)?;
        let State { books, faults, .. } = &mut *state;
        let Some(trade) = books.trade_mut(id) else {
            return Err(unknown(payment));
        };
        trade.minor = payment.minor.unwrap_or(trade.minor);
        if faults
            .strike(FaultKind::WrongAmount, &trade.out_trade_no, now)
            .is_some()
        {
            trade.minor = if trade.minor > 1 { trade.minor - 1 } else { 2 };
        }
        trade.standing = Standing::Paid(now);
        if trade.transaction_id.is_none() {
            let number = self.transaction_number(trade.gateway, now);
            books.number(id, number);
        }
        let trade = books.trade(id).cloned().ok_or_else(|| unknown(payment))?;
        drop(state);
        self.tell_paid(id, &trade, payment.via)?;
        Ok(trade)
    }

    /// The trade that this payment pays, entered where there was none.
    fn payable(
        &self,
        state: &mut State,
        payment: &Payment<'_>,
        now: DateTime<Utc>,
    ) -> Result<TradeId, Refused> {
        let out_trade_no = payment.out_trade_no.to_owned();
        let State { books, faults, .. } = state;
        let Some((id, trade)) = books.find(payment.gateway, payment.out_trade_no) else {
            let visit = books.visited(payment.out_trade_no).cloned();
            let visit = visit.filter(|_| payment.gateway == Gateway::Alipay);
            let visit = match (visit, payment.minor) {
                (Some(visit), _) => visit,
                (None, Some(minor)) => Visit {
                    minor,
                    terms: self.external_terms(payment.gateway)?,
                },
                (None, None) => return Err(unknown(payment)),
            };
            let expired = expired(&visit.terms, now);
            if expired && faults.strike(FaultKind::Late, &out_trade_no, now).is_none() {
                return Err(too_late(out_trade_no, &visit.terms, now));
            }
            return Ok(books.enter(self.new_trade(payment.gateway, out_trade_no, visit, now)));
        };
        let expired = expired(&trade.terms, now);
        let visit = Visit {
            minor: trade.minor,
            terms: trade.terms.clone(),
        };
        match (trade.standing, payment.of) {
            (Standing::Paid(_), Payable::Waiting) => return Err(Refused::Paid { out_trade_no }),
            (Standing::Paid(_), Payable::Second) => {
                return Ok(books.enter(self.new_trade(payment.gateway, out_trade_no, visit, now)));
            }
            (Standing::Waiting, _) if !expired => return Ok(id),
            (Standing::Waiting | Standing::Closed(_), _) => {}
        }
        if faults.strike(FaultKind::Late, &out_trade_no, now).is_some() {
            return Ok(id);
        }
        match trade_standing(books, id) {
            Some(Standing::Closed(_)) => Err(Refused::Closed { out_trade_no }),
            _ => Err(too_late(out_trade_no, &visit.terms, now)),
        }
    }

    /// The buyer opens a payment and looks at it: from then on Alipay has a trade that waits.
    pub(crate) fn begin(&self, gateway: Gateway, out_trade_no: &str) -> Result<Trade, Refused> {
        let now = self.now();
        let mut state = self.state();
        let number = out_trade_no.to_owned();
        if let Some((_, trade)) = state.books.find(gateway, out_trade_no) {
            return Ok(trade.as_of(now));
        }
        let visit = state.books.visited(out_trade_no).cloned();
        let Some(visit) = visit.filter(|_| gateway == Gateway::Alipay) else {
            return Err(Refused::Unknown {
                gateway,
                out_trade_no: number,
            });
        };
        if expired(&visit.terms, now) {
            return Err(too_late(number, &visit.terms, now));
        }
        let trade = self.new_trade(gateway, number, visit, now);
        state.books.enter(trade.clone());
        drop(state);
        // It may close by itself, and be told so.
        self.wake();
        Ok(trade)
    }

    /// Closes the trades that nobody paid in time, and tells the shop where it is told so.
    pub(crate) fn close_expired(&self) {
        let now = self.now();
        let closed = self.state().books.close_expired(now);
        for (id, trade) in closed {
            if let Err(error) = self.tell_alipay(id, &trade) {
                let out_trade_no = trade.out_trade_no;
                tracing::error!(%error, out_trade_no, "a trade's end was not told");
            }
        }
    }

    /// Closes a trade that is not paid.
    pub(crate) fn close(&self, gateway: Gateway, out_trade_no: &str) -> Result<Trade, Refused> {
        let now = self.now();
        let mut state = self.state();
        let found = state.books.find(gateway, out_trade_no).map(|(id, _)| id);
        let out_trade_no = out_trade_no.to_owned();
        let Some((id, trade)) = found.and_then(|id| Some((id, state.books.trade_mut(id)?))) else {
            return Err(Refused::Unknown {
                gateway,
                out_trade_no,
            });
        };
        match trade.standing {
            Standing::Paid(_) => return Err(Refused::Paid { out_trade_no }),
            Standing::Closed(_) => return Ok(trade.clone()),
            Standing::Waiting => trade.standing = Standing::Closed(now),
        }
        let trade = trade.clone();
        drop(state);
        if trade.alipay_terms().is_some_and(AlipayTerms::tells_ends) {
            self.tell_alipay(id, &trade)?;
        }
        Ok(trade)
    }

    /// Ends the time in which a paid Alipay trade can be given back, and tells the shop.
    pub(crate) fn finish(&self, out_trade_no: &str) -> Result<Trade, Refused> {
        let now = self.now();
        let mut state = self.state();
        let found = state.books.find(Gateway::Alipay, out_trade_no);
        let found = found.map(|(id, _)| id);
        let out_trade_no = out_trade_no.to_owned();
        let Some((id, trade)) = found.and_then(|id| Some((id, state.books.trade_mut(id)?))) else {
            return Err(Refused::Unknown {
                gateway: Gateway::Alipay,
                out_trade_no,
            });
        };
        match trade.standing {
            Standing::Waiting => return Err(Refused::NotPaid { out_trade_no }),
            Standing::Closed(_) => return Err(Refused::Closed { out_trade_no }),
            Standing::Paid(_) if trade.refunded() >= trade.minor => {
                return Err(Refused::Closed { out_trade_no });
            }
            Standing::Paid(_) if trade.finished.is_some() => return Ok(trade.clone()),
            Standing::Paid(_) => trade.finished = Some(now),
        }
        let trade = trade.clone();
        drop(state);
        self.tell_alipay(id, &trade)?;
        Ok(trade)
    }

    /// Sends the notifies of a trade again: the payment's, and those of its refunds.
    pub(crate) fn send_again(
        &self,
        gateway: Gateway,
        out_trade_no: &str,
        via: Via,
    ) -> Result<Trade, Refused> {
        let state = self.state();
        let found = state.books.find(gateway, out_trade_no);
        let Some((id, trade)) = found.map(|(id, trade)| (id, trade.clone())) else {
            let out_trade_no = out_trade_no.to_owned();
            return Err(Refused::Unknown {
                gateway,
                out_trade_no,
            });
        };
        drop(state);
        if !matches!(trade.standing, Standing::Paid(_)) {
            return Err(Refused::NotPaid {
                out_trade_no: trade.out_trade_no,
            });
        }
        // A payment's notify says how things stood before any refund.
        let before = Trade {
            refunds: Vec::new(),
            finished: None,
            ..trade.clone()
        };
        self.tell_paid(id, &before, via)?;
        let ended = |(refund, _): &(&Refund, usize)| !refund.is_on_its_way();
        for (refund, so_far) in trade.refunds.iter().zip(1..).filter(ended) {
            let refunds = trade.refunds.iter().take(so_far).cloned().collect();
            let then = Trade {
                refunds,
                ..trade.clone()
            };
            self.tell_refunded(id, &then, refund)?;
        }
        Ok(trade)
    }
}

/// Whether it is one in the wider of the gateways' grammars.
fn is_number(out_trade_no: &str) -> bool {
    let letter = |byte: u8| byte.is_ascii_alphanumeric() || b"_-|*".contains(&byte);
    (1..=64).contains(&out_trade_no.len()) && out_trade_no.bytes().all(letter)
}

fn trade_standing(books: &Books, id: TradeId) -> Option<Standing> {
    books.trade(id).map(|trade| trade.standing)
}

fn unknown(payment: &Payment<'_>) -> Refused {
    Refused::Unknown {
        gateway: payment.gateway,
        out_trade_no: payment.out_trade_no.to_owned(),
    }
}

fn expired(terms: &Terms, now: DateTime<Utc>) -> bool {
    terms.expires.is_some_and(|at| at <= now)
}

fn too_late(out_trade_no: String, terms: &Terms, now: DateTime<Utc>) -> Refused {
    Refused::Expired {
        out_trade_no,
        at: terms.expires.unwrap_or(now),
    }
}

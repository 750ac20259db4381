//! What buyers and the gateways' back offices do: pay, close, give back. Each changes the books in
//! one step and then tells the shop.

use chrono::{DateTime, Utc};

use crate::beijing;
use crate::books::{
    AlipayTerms, Books, Gateway, Particulars, PlatformKey, Standing, Terms, Trade, TradeId,
    WechatPayTerms,
};
use crate::draw;
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
    #[error("the trade {out_trade_no} is not paid")]
    NotPaid { out_trade_no: String },
    #[error("the trade {out_trade_no} is closed")]
    Closed { out_trade_no: String },
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
        if trade.transaction_id.is_none() {
            trade.transaction_id = Some(self.transaction_number(trade.gateway, now));
        }
        trade.standing = Standing::Paid(now);
        let trade = trade.clone();
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
            let (minor, terms) = match (visit, payment.minor) {
                (Some(visit), _) => (visit.minor, visit.terms),
                (None, Some(minor)) => (minor, self.external_terms(payment.gateway)?),
                (None, None) => return Err(unknown(payment)),
            };
            let expired = expired(&terms, now);
            if expired && faults.strike(FaultKind::Late, &out_trade_no, now).is_none() {
                return Err(too_late(out_trade_no, &terms, now));
            }
            return Ok(books.enter(self.new_trade(payment, minor, terms, now)));
        };
        let expired = expired(&trade.terms, now);
        let (minor, terms) = (trade.minor, trade.terms.clone());
        match (trade.standing, payment.of) {
            (Standing::Paid(_), Payable::Waiting) => return Err(Refused::Paid { out_trade_no }),
            (Standing::Paid(_), Payable::Second) => {
                return Ok(books.enter(self.new_trade(payment, minor, terms, now)));
            }
            (Standing::Waiting, _) if !expired => return Ok(id),
            (Standing::Waiting | Standing::Closed(_), _) => {}
        }
        if faults.strike(FaultKind::Late, &out_trade_no, now).is_some() {
            return Ok(id);
        }
        match trade_standing(books, id) {
            Some(Standing::Closed(_)) => Err(Refused::Closed { out_trade_no }),
            _ => Err(too_late(out_trade_no, &terms, now)),
        }
    }

    /// A trade as it is when a buyer begins to act, or a merchant orders.
    pub(crate) fn new_trade(
        &self,
        payment: &Payment<'_>,
        minor: u64,
        terms: Terms,
        now: DateTime<Utc>,
    ) -> Trade {
        let entropy = &self.outside().entropy;
        let (transaction_id, buyer) = match payment.gateway {
            Gateway::Alipay => (
                Some(self.transaction_number(Gateway::Alipay, now)),
                format!("2088{}", draw::digits(entropy, 12)),
            ),
            Gateway::WechatPay => (None, format!("o{}", draw::alphanumeric(entropy, 27))),
        };
        Trade {
            gateway: payment.gateway,
            out_trade_no: payment.out_trade_no.to_owned(),
            transaction_id,
            minor,
            standing: Standing::Waiting,
            terms,
            created: now,
            buyer,
            notifies: 0,
            refunds: Vec::new(),
        }
    }

    /// The gateway's number of a trade, 28 digits.
    fn transaction_number(&self, gateway: Gateway, now: DateTime<Utc>) -> String {
        let entropy = &self.outside().entropy;
        match gateway {
            Gateway::Alipay => {
                format!("{}22001{}", beijing::day(now), draw::digits(entropy, 15))
            }
            Gateway::WechatPay => {
                format!("4200{}{}", beijing::day(now), draw::digits(entropy, 16))
            }
        }
    }

    /// What a merchant asked for who has code of his own, and of whom only the account is known.
    fn external_terms(&self, gateway: Gateway) -> Result<Terms, Refused> {
        let (app_id, account, particulars) = match gateway {
            Gateway::Alipay => (
                self.keys().alipay.app_id.clone(),
                "ali",
                Particulars::Alipay(AlipayTerms {
                    method: "alipay.trade.page.pay".to_owned(),
                    charset: "utf-8".to_owned(),
                    return_url: None,
                    body: None,
                    passback_params: None,
                }),
            ),
            Gateway::WechatPay => (
                self.keys().wechatpay.app_id.clone(),
                "wx",
                Particulars::WechatPay(WechatPayTerms {
                    trade_type: "NATIVE",
                    attach: String::new(),
                    platform: PlatformKey::PublicKey,
                    order: String::new(),
                }),
            ),
        };
        Ok(Terms {
            app_id,
            subject: "沙箱订单".to_owned(),
            notify_url: Some(format!("{}/notify/{account}", self.service().public_url()?)),
            expires: None,
            particulars,
        })
    }

    /// Closes a trade that is not paid.
    pub(crate) fn close(&self, gateway: Gateway, out_trade_no: &str) -> Result<Trade, Refused> {
        let now = self.now();
        let mut state = self.state();
        let found = state.books.find(gateway, out_trade_no).map(|(id, _)| id);
        let out_trade_no = out_trade_no.to_owned();
        let Some(trade) = found.and_then(|id| state.books.trade_mut(id)) else {
            return Err(Refused::Unknown {
                gateway,
                out_trade_no,
            });
        };
        match trade.standing {
            Standing::Paid(_) => Err(Refused::Paid { out_trade_no }),
            Standing::Closed(_) => Ok(trade.clone()),
            Standing::Waiting => {
                trade.standing = Standing::Closed(now);
                Ok(trade.clone())
            }
        }
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
            ..trade.clone()
        };
        self.tell_paid(id, &before, via)?;
        for (refund, so_far) in trade.refunds.iter().zip(1..) {
            let refunds = trade.refunds.iter().take(so_far).cloned().collect();
            let then = Trade {
                refunds,
                ..trade.clone()
            };
            self.tell_refunded(id, &then, refund, via)?;
        }
        Ok(trade)
    }
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

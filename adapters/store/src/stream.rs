//! The names of streams, and the claims by which names outside belong to one of them.

use std::fmt;

use payfold_domain::{AccountName, OrderNo, OutTradeNo, PaymentRef, RefundNo, TransactionId};

/// A stream of events.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StreamName {
    /// `order/NO`
    Order(OrderNo),
    /// `stray/ACCOUNT/NUMBER`: money for a number that no order has claimed.
    Stray(PaymentRef),
    /// `account/NAME`
    Account(AccountName),
    /// `bill/ACCOUNT/DATE`
    Bill {
        /// The account.
        account: AccountName,
        /// The day, `YYYY-MM-DD` in Asia/Shanghai.
        date: String,
    },
    /// `seal`: tree hashes over everything before; not in the public feed.
    Seal,
}

impl fmt::Display for StreamName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Order(order_no) => write!(f, "order/{order_no}"),
            Self::Stray(payment) => write!(f, "stray/{}/{}", payment.account, payment.out_trade_no),
            Self::Account(account) => write!(f, "account/{account}"),
            Self::Bill { account, date } => write!(f, "bill/{account}/{date}"),
            Self::Seal => f.write_str("seal"),
        }
    }
}

/// A stored stream name that none of the forms above fits.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "reading a stream's name: {0:?} is none of order/NO, stray/ACCOUNT/NUMBER, account/NAME, bill/ACCOUNT/DATE, seal"
)]
pub struct UnknownStream(pub String);

impl StreamName {
    /// Reads a name as [`fmt::Display`] writes it.
    pub fn parse(text: &str) -> Result<Self, UnknownStream> {
        let unknown = || UnknownStream(text.to_owned());
        let mut parts = text.splitn(3, '/');
        let stream = match (parts.next(), parts.next(), parts.next()) {
            (Some("seal"), None, None) => Some(Self::Seal),
            (Some("order"), Some(no), None) => OrderNo::new(no).ok().map(Self::Order),
            (Some("account"), Some(name), None) => AccountName::new(name).ok().map(Self::Account),
            (Some("stray"), Some(account), Some(number)) => {
                match (AccountName::new(account), OutTradeNo::from_gateway(number)) {
                    (Ok(account), Ok(out_trade_no)) => Some(Self::Stray(PaymentRef {
                        account,
                        out_trade_no,
                    })),
                    _ => None,
                }
            }
            (Some("bill"), Some(account), Some(date)) => {
                AccountName::new(account).ok().map(|account| Self::Bill {
                    account,
                    date: date.to_owned(),
                })
            }
            _ => None,
        };
        stream.ok_or_else(unknown)
    }
}

/// A name outside that belongs to one stream for ever.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Claim {
    /// A payment's number in its account.
    Payment(PaymentRef),
    /// A transaction in its account.
    Transaction(AccountName, TransactionId),
    /// A refund's number in its account.
    Refund(AccountName, RefundNo),
}

impl fmt::Display for Claim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Payment(payment) => {
                write!(f, "payment {}/{}", payment.account, payment.out_trade_no)
            }
            Self::Transaction(account, id) => write!(f, "transaction {account}/{id}"),
            Self::Refund(account, number) => write!(f, "refund {account}/{number}"),
        }
    }
}

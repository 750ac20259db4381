//! Bills: what was paid and given back in a stretch of days, in the file that each gateway makes of it
//! for the merchant. When a bill can be asked for, and how it is fetched, is the gateways' own part.

pub(crate) mod alipay;
mod archive;
pub(crate) mod ticket;
pub(crate) mod wechatpay;

use chrono::{DateTime, Days, NaiveDate, Utc};

use crate::beijing;
use crate::books::{Books, Gateway, Refund, Standing, Trade};

/// What each gateway keeps of an amount: 0.6 %.
const FEE_PER_MILLE: u64 = 6;

/// Days in Beijing, from the first one up to the day before the last one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) first: NaiveDate,
    pub(crate) end: NaiveDate,
}

/// One line of a bill.
#[derive(Clone, Copy)]
struct Row<'a> {
    trade: &'a Trade,
    what: What<'a>,
    at: DateTime<Utc>,
}

#[derive(Clone, Copy)]
enum What<'a> {
    Payment,
    Refund(&'a Refund),
}

impl Span {
    /// One day, `yyyy-MM-dd`.
    pub(crate) fn day(text: &str) -> Option<Self> {
        let first = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?;
        let written_so = first.format("%Y-%m-%d").to_string() == text;
        let end = first.checked_add_days(Days::new(1))?;
        written_so.then_some(Self { first, end })
    }

    /// One month, `yyyy-MM`.
    pub(crate) fn month(text: &str) -> Option<Self> {
        let first = Self::day(&format!("{text}-01"))?.first;
        let end = first.checked_add_months(chrono::Months::new(1))?;
        Some(Self { first, end })
    }

    fn holds(self, at: DateTime<Utc>) -> bool {
        let day = beijing::calendar_day(at);
        self.first <= day && day < self.end
    }
}

/// The lines of a gateway's bill, oldest first. A refund stands where that gateway puts it: WeChat
/// Pay's when it was accepted, Alipay's when the money was back.
fn rows(books: &Books, gateway: Gateway, span: Span) -> Vec<Row<'_>> {
    let mut rows = Vec::new();
    for trade in books.all().filter(|trade| trade.gateway == gateway) {
        if let Standing::Paid(at) = trade.standing {
            let what = What::Payment;
            rows.push(Row { trade, what, at });
        }
        for refund in &trade.refunds {
            let at = match gateway {
                Gateway::Alipay if refund.is_back() => refund.at(),
                Gateway::Alipay => continue,
                Gateway::WechatPay => refund.asked,
            };
            let what = What::Refund(refund);
            rows.push(Row { trade, what, at });
        }
    }
    rows.retain(|row| span.holds(row.at));
    rows.sort_by_key(|row| row.at);
    rows
}

/// The fee of an amount, in fen, rounded half up.
fn fee(minor: u64) -> u64 {
    (minor.saturating_mul(FEE_PER_MILLE) + 500) / 1_000
}

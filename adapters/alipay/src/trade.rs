//! What the state of a trade means 「异步通知说明」, 「统一收单交易查询」: one translation for notifies and for
//! answers. Reading the fields of either is theirs.

use payfold_domain::{Fact, Receipt, RefundFact};

/// A trade as Alipay states it.
pub(crate) struct Trade<'a> {
    /// `trade_status`.
    pub(crate) status: &'a [u8],
    /// Its money, where there is any.
    pub(crate) receipt: Receipt,
    /// What was given back of it, where that is stated.
    pub(crate) refund: Option<RefundFact>,
}

impl Trade<'_> {
    /// The facts, in the order payment, refund, closing; `None` where the state is not known here.
    /// `TRADE_CLOSED` says two opposite things: paid and refunded in full, or never paid. A refund
    /// tells them apart.
    pub(crate) fn facts(self) -> Option<Vec<Fact>> {
        match self.status {
            b"WAIT_BUYER_PAY" => Some(vec![Fact::NotPaidYet]),
            b"TRADE_SUCCESS" => Some(self.paid().collect()),
            b"TRADE_FINISHED" => Some(self.paid().chain([Fact::NoMoreRefunds]).collect()),
            b"TRADE_CLOSED" if self.refund.is_some() => Some(self.paid().collect()),
            b"TRADE_CLOSED" => Some(vec![Fact::FinallyUnpaid]),
            _ => None,
        }
    }

    fn paid(self) -> impl Iterator<Item = Fact> {
        [
            Some(Fact::Paid(self.receipt)),
            self.refund.map(Fact::Refund),
        ]
        .into_iter()
        .flatten()
    }
}

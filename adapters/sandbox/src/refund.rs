//! Giving money back: by the merchant's call, or in the gateway's back office.

use crate::beijing;
use crate::books::{Books, Gateway, Refund, Standing, Trade, TradeId};
use crate::draw;
use crate::notify::Via;
use crate::sandbox::Sandbox;
use crate::till::Refused;

/// A refund, as it is asked for.
pub(crate) struct Refunding<'a> {
    pub(crate) gateway: Gateway,
    pub(crate) trade: TradeId,
    /// By this number a repeat is known.
    pub(crate) refund_no: &'a str,
    pub(crate) minor: u64,
    /// Who is told of it, if anybody.
    pub(crate) notify_url: Option<String>,
    pub(crate) via: Via,
}

/// Whether a refund moved money now or had done so before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Moved {
    Now,
    Before,
}

impl Sandbox {
    /// Gives money back, as the gateway's back office does: under a number that the shop does not
    /// know, and told where the payment was.
    pub(crate) fn refund_in_back_office(
        &self,
        gateway: Gateway,
        out_trade_no: &str,
        minor: u64,
        via: Via,
    ) -> Result<(Trade, Moved), Refused> {
        let entropy = &self.outside().entropy;
        let refund_no = format!(
            "BO{}{}",
            beijing::packed(self.now()),
            draw::digits(entropy, 6)
        );
        let found = {
            let state = self.state();
            let found = state.books.find(gateway, out_trade_no);
            found.map(|(id, trade)| (id, trade.terms.notify_url.clone()))
        };
        let Some((trade, notify_url)) = found else {
            return Err(Refused::Unknown {
                gateway,
                out_trade_no: out_trade_no.to_owned(),
            });
        };
        let refund_no = &refund_no;
        self.give_back(Refunding {
            gateway,
            trade,
            refund_no,
            minor,
            notify_url,
            via,
        })
    }

    /// Gives money back once, however often the same is asked.
    pub(crate) fn give_back(&self, asked: Refunding<'_>) -> Result<(Trade, Moved), Refused> {
        let now = self.now();
        let entropy = &self.outside().entropy;
        let refund = Refund {
            refund_no: asked.refund_no.to_owned(),
            refund_id: format!("5030{}{}", beijing::day(now), draw::digits(entropy, 17)),
            minor: asked.minor,
            at: now,
            notify_url: asked.notify_url.clone(),
        };
        let mut state = self.state();
        let (trade, moved) = entered(&mut state.books, &asked, refund.clone())?;
        drop(state);
        if moved == Moved::Now {
            self.tell_refunded(asked.trade, &trade, &refund, asked.via)?;
        }
        Ok((trade, moved))
    }
}

/// All refusals, then the entry in the books.
fn entered(
    books: &mut Books,
    asked: &Refunding<'_>,
    refund: Refund,
) -> Result<(Trade, Moved), Refused> {
    let Some(trade) = books.trade_mut(asked.trade) else {
        return Err(Refused::Unknown {
            gateway: asked.gateway,
            out_trade_no: String::new(),
        });
    };
    let out_trade_no = trade.out_trade_no.clone();
    if let Some(first) = trade.refund(asked.refund_no) {
        if first.minor == asked.minor {
            return Ok((trade.clone(), Moved::Before));
        }
        return Err(Refused::OtherRefund {
            out_trade_no,
            refund_no: asked.refund_no.to_owned(),
            have: first.minor,
            got: asked.minor,
        });
    }
    let left = trade.minor.saturating_sub(trade.refunded());
    match trade.standing {
        Standing::Waiting => return Err(Refused::NotPaid { out_trade_no }),
        Standing::Closed(_) => return Err(Refused::Closed { out_trade_no }),
        Standing::Paid(_) if asked.minor == 0 => {
            return Err(Refused::NoAmount { minor: asked.minor });
        }
        Standing::Paid(_) if asked.minor > left => {
            return Err(Refused::TooMuch {
                out_trade_no,
                asked: asked.minor,
                left,
            });
        }
        Standing::Paid(_) => {}
    }
    trade.refunds.push(refund);
    Ok((trade.clone(), Moved::Now))
}

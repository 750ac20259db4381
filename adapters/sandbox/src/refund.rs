//! Giving money back: by the merchant's call, or in the gateway's back office.

use chrono::{DateTime, TimeDelta, Utc};

use crate::beijing;
use crate::books::{Books, End, Gateway, Progress, Refund, Standing, Trade, TradeId};
use crate::draw;
use crate::faults::{FaultKind, Faults};
use crate::notify::Via;
use crate::sandbox::{Sandbox, State};
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
    pub(crate) by: By,
}

/// Who gives money back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum By {
    Merchant,
    BackOffice,
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
            by: By::BackOffice,
        })
    }

    /// Gives money back once, however often the same is asked.
    pub(crate) fn give_back(&self, asked: Refunding<'_>) -> Result<(Trade, Moved), Refused> {
        let now = self.now();
        let mut state = self.state();
        let on_schedule = self.schedule_now(&state);
        let Some(trade) = state.books.trade(asked.trade) else {
            return Err(Refused::Unknown {
                gateway: asked.gateway,
                out_trade_no: String::new(),
            });
        };
        is_of_this_trade(&state.books, trade, &asked)?;
        if may_be_given_back(trade, &asked)? == Moved::Before {
            return Ok((trade.clone(), Moved::Before));
        }
        let number = trade.out_trade_no.clone();
        let State { books, faults, .. } = &mut *state;
        let refused = asked.by == By::Merchant
            && faults
                .strike(FaultKind::RefundRefused, &number, now)
                .is_some();
        if refused {
            return Err(Refused::Balance { asked: asked.minor });
        }
        let progress = match asked.by {
            By::BackOffice => Progress::Ended(now, End::Success),
            By::Merchant => course(faults, &asked, &number, now, on_schedule),
        };
        let entropy = &self.outside().entropy;
        let refund = Refund {
            refund_no: asked.refund_no.to_owned(),
            refund_id: format!("5030{}{}", beijing::day(now), draw::digits(entropy, 17)),
            minor: asked.minor,
            asked: now,
            progress,
            notify_url: asked.notify_url.clone(),
            via: asked.via,
        };
        books.give_back(asked.trade, refund.clone());
        let Some(trade) = books.trade(asked.trade).cloned() else {
            return Err(Refused::Unknown {
                gateway: asked.gateway,
                out_trade_no: number,
            });
        };
        drop(state);
        if refund.is_back() {
            self.tell_refunded(asked.trade, &trade, &refund)?;
        }
        self.wake();
        Ok((trade, Moved::Now))
    }

    /// Ends the refunds whose time has come, and tells the shop of each.
    pub(crate) fn settle_refunds(&self) {
        let now = self.now();
        let ended = {
            let mut state = self.state();
            let on_schedule = self.schedule_now(&state);
            state.books.end_refunds(on_schedule, now)
        };
        for (id, trade, refund) in ended {
            if let Err(error) = self.tell_refunded(id, &trade, &refund) {
                tracing::error!(%error, refund_no = refund.refund_no, "a refund was not told");
            }
        }
    }

    /// Lets somebody act on a refund that the buyer's bank refused: it ends anew.
    pub(crate) fn act_on_abnormal(
        &self,
        gateway: Gateway,
        refund_no: &str,
        end: End,
    ) -> Result<Trade, Refused> {
        let mut state = self.state();
        let on_schedule = self.schedule_now(&state);
        let state = &mut *state;
        let Some((id, refund)) = state.books.refund_mut(gateway, refund_no) else {
            return Err(Refused::NoRefund {
                gateway,
                refund_no: refund_no.to_owned(),
            });
        };
        if !matches!(
            refund.progress,
            Progress::Processing(..) | Progress::Ended(_, End::Abnormal)
        ) {
            return Err(Refused::NotAbnormal {
                refund_no: refund_no.to_owned(),
                state: refund.state(),
            });
        }
        refund.progress = Progress::Processing(on_schedule, end);
        state.books.send_on_its_way(id);
        self.wake();
        state
            .books
            .trade(id)
            .cloned()
            .ok_or_else(|| Refused::NoRefund {
                gateway,
                refund_no: refund_no.to_owned(),
            })
    }
}

/// Refuses a number that another trade's refund has. WeChat Pay's number is the merchant's own for each
/// refund, whichever order it is of 「申请退款」; Alipay's tells the refunds of one trade apart.
fn is_of_this_trade(books: &Books, trade: &Trade, asked: &Refunding<'_>) -> Result<(), Refused> {
    match asked.gateway {
        Gateway::Alipay => Ok(()),
        Gateway::WechatPay => match books.find_refund(asked.gateway, asked.refund_no) {
            Some((id, other, _)) if id != asked.trade => Err(Refused::OtherTrade {
                refund_no: asked.refund_no.to_owned(),
                have: other.out_trade_no.clone(),
                got: trade.out_trade_no.clone(),
            }),
            Some(_) | None => Ok(()),
        },
    }
}

/// All refusals, in the order in which the gateways look; a repeat of what was asked is none.
fn may_be_given_back(trade: &Trade, asked: &Refunding<'_>) -> Result<Moved, Refused> {
    let out_trade_no = trade.out_trade_no.clone();
    if let Some(first) = trade.refund(asked.refund_no) {
        if first.minor == asked.minor {
            return Ok(Moved::Before);
        }
        return Err(Refused::OtherRefund {
            out_trade_no,
            refund_no: asked.refund_no.to_owned(),
            have: first.minor,
            got: asked.minor,
        });
    }
    let left = trade.left();
    match trade.standing {
        Standing::Waiting => Err(Refused::NotPaid { out_trade_no }),
        Standing::Closed(_) => Err(Refused::Closed { out_trade_no }),
        Standing::Paid(_) if asked.minor == 0 => Err(Refused::NoAmount { minor: asked.minor }),
        Standing::Paid(_) if trade.finished.is_some() => Err(Refused::Finished { out_trade_no }),
        Standing::Paid(_) if asked.minor > left => Err(Refused::TooMuch {
            out_trade_no,
            asked: asked.minor,
            left,
        }),
        Standing::Paid(_) => Ok(Moved::Now),
    }
}

/// How a merchant's refund goes: Alipay's is back at once, WeChat Pay's is on its way first, and a
/// fault may let it take its time or end otherwise.
fn course(
    faults: &mut Faults,
    asked: &Refunding<'_>,
    out_trade_no: &str,
    now: DateTime<Utc>,
    on_schedule: DateTime<Utc>,
) -> Progress {
    let slow = faults
        .strike(FaultKind::RefundSlow, out_trade_no, now)
        .map(|struck| on_schedule + TimeDelta::seconds(i64::from(struck.seconds_or(60))));
    match asked.gateway {
        Gateway::Alipay => match slow {
            Some(until) => Progress::Processing(until, End::Success),
            None => Progress::Ended(now, End::Success),
        },
        Gateway::WechatPay => {
            let end = if faults
                .strike(FaultKind::RefundAbnormal, out_trade_no, now)
                .is_some()
            {
                End::Abnormal
            } else if faults
                .strike(FaultKind::RefundClosed, out_trade_no, now)
                .is_some()
            {
                End::Closed
            } else {
                End::Success
            };
            Progress::Processing(slow.unwrap_or(on_schedule), end)
        }
    }
}

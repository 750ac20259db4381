//! Money that the events have and the bill lacks. At the edges of a day it may stand in the neighbour
//! day's bill, so it is missed only once that one lacks it too, whichever of the two comes second.

use std::collections::{BTreeMap, BTreeSet};

use payfold_domain::bill::{Bill, BilledMoney, FoundDifference, Movement};
use payfold_domain::event::{BillDifference, NeighbourRow};
use payfold_domain::{
    AccountName, Gateway, Money, OutTradeNo, PaymentRef, RefundNo, Timestamp, TransactionId,
};
use payfold_projections::{Day, Direction, moved_in};
use payfold_store::{Position, decode};

use super::judge::row_at;
use super::ledger::{Key, says_moved};
use crate::app::aggregate::BillOf;
use crate::app::{App, AppError};

/// How near to the end of its day money may stand in the neighbour day's bill, in seconds: a gateway's
/// messages and its bills take their times from different clocks.
pub(super) const EDGE_SECS: i64 = 3600;

/// How many days back a bill that is missing is fetched.
pub(crate) const FETCHED_DAYS: i64 = 7;

/// The bills of the days before and after, as far as they were imported.
pub(super) struct Neighbours {
    days: BTreeMap<Day, Bill>,
    /// Those that do not come any more.
    over: BTreeSet<Day>,
    /// What these bills lack and this one may have.
    awaited: BTreeMap<Key, Awaited>,
}

struct Awaited {
    /// Whose bill lacks it.
    day: Day,
    row: NeighbourRow,
    found: bool,
}

/// Money that the bill lacks.
#[derive(Debug)]
pub(super) struct Alone {
    out_trade_no: OutTradeNo,
    transaction_id: TransactionId,
    refund_no: Option<RefundNo>,
    amount: Option<Money>,
    at: Timestamp,
}

/// What the bill's lack of some money comes to.
#[derive(Debug)]
pub(super) enum Lack {
    /// The neighbour day's bill has it.
    None,
    /// The neighbour day's bill may have it.
    Awaited(NeighbourRow),
    /// It is missing.
    Missing(FoundDifference),
}

/// What this bill says of what a neighbour day's lacks.
#[derive(Debug, Default)]
pub(super) struct NeighbourNews {
    /// It lacks that, too.
    pub(super) missing: Vec<FoundDifference>,
    /// It has that.
    pub(super) settled: Vec<FoundDifference>,
}

impl Neighbours {
    /// Holds a row against what the neighbours lack.
    pub(super) fn match_row(&mut self, movement: &Movement) -> bool {
        let awaited = Key::of_row(movement).and_then(|key| self.awaited.get_mut(&key));
        let Some(awaited) = awaited else { return false };
        awaited.found = true;
        says_moved(movement) && awaited.row.amount == Some(movement.amount)
    }

    /// What became of money that the bill lacks.
    pub(super) fn weigh(&self, account: &AccountName, day: Day, alone: Alone) -> Lack {
        let is_it = |row: &NeighbourRow| {
            row.transaction_id == alone.transaction_id && row.refund_no == alone.refund_no
        };
        let carried = |bill: &Bill| {
            let imported = bill.imported.as_ref();
            imported.is_some_and(|imported| imported.carried.iter().any(is_it))
        };
        if self.days.values().any(carried) {
            return Lack::None;
        }
        let neighbour = neighbour_at(day, alone.at);
        let waits = neighbour.filter(|neighbour| {
            let bill = self.days.get(neighbour);
            bill.is_none_or(|bill| bill.imported.is_none()) && !self.over.contains(neighbour)
        });
        match waits {
            Some(neighbour) => Lack::Awaited(NeighbourRow {
                date: neighbour.to_string(),
                out_trade_no: alone.out_trade_no,
                transaction_id: alone.transaction_id,
                refund_no: alone.refund_no,
                amount: alone.amount,
            }),
            None => Lack::Missing(missing_there(
                account,
                NeighbourRow {
                    date: day.to_string(),
                    out_trade_no: alone.out_trade_no,
                    transaction_id: alone.transaction_id,
                    refund_no: alone.refund_no,
                    amount: alone.amount,
                },
            )),
        }
    }

    /// What this bill has of what they lack.
    pub(super) fn carried(&self) -> Vec<NeighbourRow> {
        let found = self.awaited.values().filter(|awaited| awaited.found);
        let of_its_day = found.map(|awaited| NeighbourRow {
            date: awaited.day.to_string(),
            ..awaited.row.clone()
        });
        of_its_day.collect()
    }

    /// What the whole bill, which has those rows of theirs, says of the days beside it.
    pub(super) fn news(
        self,
        account: &AccountName,
        carried: &[NeighbourRow],
    ) -> BTreeMap<Day, NeighbourNews> {
        let mut news: BTreeMap<Day, NeighbourNews> = BTreeMap::new();
        for Awaited { day, row, found } in self.awaited.into_values() {
            if !found {
                let of_day = news.entry(day).or_default();
                of_day.missing.push(missing_there(account, row));
            }
        }
        for row in carried {
            if let Some(day) = Day::parse(&row.date) {
                let of_day = news.entry(day).or_default();
                of_day.settled.push(missing_there(account, row.clone()));
            }
        }
        news
    }
}

/// The day whose bill may have what happened at that instant of a day, beside the day's own.
fn neighbour_at(day: Day, at: Timestamp) -> Option<Day> {
    if at.secs_since(day.start()) < EDGE_SECS {
        Some(day.previous())
    } else if day.next().start().secs_since(at) <= EDGE_SECS {
        Some(day.next())
    } else {
        None
    }
}

fn missing_there(account: &AccountName, row: NeighbourRow) -> FoundDifference {
    FoundDifference {
        payment: PaymentRef {
            account: account.clone(),
            out_trade_no: row.out_trade_no,
        },
        transaction_id: Some(row.transaction_id),
        money: match row.refund_no {
            Some(refund_no) => BilledMoney::Refund(refund_no),
            None => BilledMoney::Payment,
        },
        difference: BillDifference::MissingThere,
        here: row.amount,
        there: None,
    }
}

impl App {
    /// The bills beside a day's.
    pub(super) async fn neighbours(
        &self,
        account: &AccountName,
        day: Day,
    ) -> Result<Neighbours, AppError> {
        let mut neighbours = Neighbours {
            days: BTreeMap::new(),
            over: BTreeSet::new(),
            awaited: BTreeMap::new(),
        };
        let oldest = self.oldest_to_come(account, day).await?;
        for neighbour in [day.previous(), day.next()] {
            if oldest.is_some_and(|oldest| neighbour < oldest) {
                neighbours.over.insert(neighbour);
            }
            let key = BillOf {
                account: account.clone(),
                date: neighbour.to_string(),
            };
            let bill = self.fold_now::<Bill>(&key).await?.state;
            let awaited = bill.imported.iter().flat_map(|bill| &bill.awaited);
            for row in awaited.filter(|row| row.date == day.to_string()) {
                let key = match &row.refund_no {
                    Some(refund_no) => Key::of_refund(&row.out_trade_no, refund_no),
                    None => Key::of_payment(&row.out_trade_no, &row.transaction_id),
                };
                let awaited = Awaited {
                    day: neighbour,
                    row: row.clone(),
                    found: false,
                };
                neighbours.awaited.insert(key, awaited);
            }
            neighbours.days.insert(neighbour, bill);
        }
        Ok(neighbours)
    }

    /// From which day on the bills beside that day's still come. Days from before the account was recorded
    /// come by hand, all of them or none.
    async fn oldest_to_come(
        &self,
        account: &AccountName,
        day: Day,
    ) -> Result<Option<Day>, AppError> {
        let recorded_on = self.recorded_on(account).await?;
        let oldest = Day::of(self.world.now()).before(FETCHED_DAYS);
        let is_fetched = self.askable(account).is_some();
        let since = recorded_on.filter(|since| *since <= day);
        Ok(since.map(|since| if is_fetched { since.max(oldest) } else { since }))
    }

    /// The money that the event at that position tells of and the bill of the day should have; `None`
    /// where another day's should.
    pub(super) async fn alone(
        &self,
        gateway: Gateway,
        day: Day,
        position: Position,
    ) -> Result<Option<Alone>, AppError> {
        let Some(recorded) = self.store.at(position).await? else {
            return Ok(None);
        };
        let Ok(event) = decode(&recorded) else {
            return Ok(None);
        };
        let Some(moved) = moved_in(&event, recorded.time) else {
            return Ok(None);
        };
        // WeChat Pay's word of a payment names its application: of money that came through none only a
        // refund told, and nobody here knows its day.
        if (gateway, moved.direction) == (Gateway::WechatPay, Direction::InUnstated) {
            return Ok(None);
        }
        let out_trade_no = moved.payment.out_trade_no.clone();
        let Some(refund_no) = moved.refund_no else {
            return Ok(moved.transaction_id.map(|transaction_id| Alone {
                out_trade_no,
                transaction_id: transaction_id.clone(),
                refund_no: None,
                amount: moved.amount,
                at: moved.at,
            }));
        };
        let Some((transaction_id, told)) = self
            .told_refund(&recorded.stream, moved.payment, refund_no)
            .await?
        else {
            return Ok(None);
        };
        // Of a refund from WeChat Pay's back office nobody here knows when it was taken up.
        let at = match (gateway, told.asked) {
            (Gateway::WechatPay, None) => None,
            (Gateway::Alipay | Gateway::WechatPay, _) => row_at(&told, gateway),
        };
        Ok(at.filter(|at| Day::of(*at) == day).map(|at| Alone {
            out_trade_no,
            transaction_id,
            refund_no: Some(refund_no.clone()),
            amount: told.amount,
            at,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_happened_near_its_end_may_stand_in_another_days_bill() {
        let day = Day::parse("2026-01-01").unwrap();
        for (secs, neighbour) in [
            (0, Some(day.previous())),
            (3_599, Some(day.previous())),
            (3_600, None),
            (82_799, None),
            (82_800, Some(day.next())),
            (86_399, Some(day.next())),
        ] {
            let at = day.start().plus_secs(secs);
            assert_eq!(neighbour_at(day, at), neighbour, "{secs}");
        }
    }
}

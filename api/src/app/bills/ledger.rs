//! The money that the events have on a bill's day, in the smallest form that rows can be held against:
//! a million payments take some forty megabytes.

use payfold_domain::bill::{BilledPayment, BilledRefund, Movement, MovementKind};
use payfold_domain::{AccountName, Currency, Gateway, OutTradeNo, RefundNo, TransactionId};
use payfold_projections::{Day, Direction, MOVING_EVENTS, Moved, Stretch, View, moved_in};
use payfold_store::{Position, Recorded, Scope, Store, decode};
use sha2::{Digest, Sha256};

use crate::app::{App, AppError};

/// How many events are read at a time.
const PAGE: usize = 1_000;

/// What stands for a transaction, or a refund, of the account: the first half of a SHA-256.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key([u8; 16]);

impl Key {
    pub(super) fn of_payment(out_trade_no: &OutTradeNo, transaction_id: &TransactionId) -> Self {
        Self::of(b"payment ", &format!("{out_trade_no} {transaction_id}"))
    }

    /// Alipay's numbers of refunds are unique within one payment only (`alipay.trade.refund`).
    pub(super) fn of_refund(out_trade_no: &OutTradeNo, refund_no: &RefundNo) -> Self {
        Self::of(b"refund ", &format!("{out_trade_no} {refund_no}"))
    }

    /// Of a row, where it names what it is about.
    pub(super) fn of_row(movement: &Movement) -> Option<Self> {
        match &movement.kind {
            MovementKind::Payment(_) => Some(Self::of_payment(
                &movement.out_trade_no,
                &movement.transaction_id,
            )),
            MovementKind::Refund { refund_no, .. } => {
                let refund_no = refund_no.as_ref()?;
                Some(Self::of_refund(&movement.out_trade_no, refund_no))
            }
        }
    }

    fn of(what: &[u8], name: &str) -> Self {
        let digest: [u8; 32] = Sha256::new_with_prefix(what)
            .chain_update(name.as_bytes())
            .finalize()
            .into();
        let mut key = [0; 16];
        key.copy_from_slice(digest.split_at(16).0);
        Self(key)
    }
}

/// Money that the events have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Entry {
    key: Key,
    /// Entries whose amount is known come first.
    amount: Amount,
    /// The event that tells of it.
    position: Position,
    /// Whether the bill has it, too.
    place: Place,
    /// Whether its row stands on this day.
    row: RowDay,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Amount {
    Minor(i64),
    Unknown,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    HereAlone,
    Both,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum RowDay {
    This,
    /// Of a refund at WeChat Pay the events tell on this day only that it arrived; its row stands on the
    /// day when it was taken up.
    ThisOrBefore,
}

/// The money that the events have on a day.
#[derive(Debug, Default)]
pub(super) struct Ledger(Vec<Entry>);

impl Ledger {
    /// Holds a row against it: whether the events have just that, on this day. A row that the events have
    /// otherwise is marked all the same, for the bill does not lack it.
    pub(super) fn match_row(&mut self, movement: &Movement) -> bool {
        let Some(entry) = Key::of_row(movement).and_then(|key| self.find(key)) else {
            return false;
        };
        entry.place = Place::Both;
        says_moved(movement)
            && entry.amount == Amount::Minor(movement.amount.minor)
            && entry.row == RowDay::This
    }

    /// The bill has it, too.
    pub(super) fn mark(&mut self, key: Key) {
        if let Some(entry) = self.find(key) {
            entry.place = Place::Both;
        }
    }

    /// Where the events stand whose money the bill lacks, in their order.
    pub(super) fn here_alone(&self) -> Vec<(Position, Key)> {
        let alone = self
            .0
            .iter()
            .filter(|entry| entry.place == Place::HereAlone);
        let mut alone: Vec<_> = alone.map(|entry| (entry.position, entry.key)).collect();
        alone.sort_unstable();
        alone
    }

    /// Whether the bill lacks it.
    pub(super) fn is_here_alone(&mut self, key: Key) -> bool {
        self.find(key)
            .is_some_and(|entry| entry.place == Place::HereAlone)
    }

    fn find(&mut self, key: Key) -> Option<&mut Entry> {
        let index = self.0.binary_search_by_key(&key, |entry| entry.key).ok()?;
        self.0.get_mut(index)
    }

    /// Several events may tell of the same: the one that says how much comes first.
    fn settle(&mut self) {
        self.0.sort_unstable();
        self.0.dedup_by(|later, first| {
            let is_same = later.key == first.key;
            if is_same {
                first.row = first.row.min(later.row);
            }
            is_same
        });
    }

    fn put(&mut self, moved: &Moved<'_>, gateway: Gateway, position: Position) {
        // Rows in another currency are foreign.
        if moved
            .amount
            .is_some_and(|amount| amount.currency != Currency::CNY)
        {
            return;
        }
        let out_trade_no = &moved.payment.out_trade_no;
        let key = match (moved.direction, moved.transaction_id, moved.refund_no) {
            (Direction::In | Direction::InUnstated, Some(transaction_id), _) => {
                Key::of_payment(out_trade_no, transaction_id)
            }
            (Direction::Back, _, Some(refund_no)) => Key::of_refund(out_trade_no, refund_no),
            // WeChat Pay's row of a refund stands where it was taken up 「申请交易账单」.
            (Direction::BackBegun, _, Some(refund_no)) if gateway == Gateway::WechatPay => {
                Key::of_refund(out_trade_no, refund_no)
            }
            // Money through another application is a foreign row; what has no number cannot be held
            // against one.
            (
                Direction::In
                | Direction::InElsewhere
                | Direction::InUnstated
                | Direction::Back
                | Direction::BackBegun,
                _,
                _,
            ) => {
                return;
            }
        };
        self.0.push(Entry {
            key,
            amount: moved
                .amount
                .map_or(Amount::Unknown, |amount| Amount::Minor(amount.minor)),
            position,
            place: Place::HereAlone,
            row: match (gateway, moved.direction) {
                (Gateway::WechatPay, Direction::Back) => RowDay::ThisOrBefore,
                (Gateway::Alipay | Gateway::WechatPay, _) => RowDay::This,
            },
        });
    }
}

/// Whether a row says that the money moved, and stays where it went.
pub(super) fn says_moved(movement: &Movement) -> bool {
    match &movement.kind {
        MovementKind::Payment(BilledPayment::Paid)
        | MovementKind::Refund {
            state: BilledRefund::Succeeded,
            ..
        } => true,
        MovementKind::Payment(BilledPayment::Revoked)
        | MovementKind::Refund {
            state: BilledRefund::Processing | BilledRefund::Failed,
            ..
        } => false,
    }
}

impl App {
    /// The money that the account's events have on that day.
    pub(super) async fn ledger(
        &self,
        account: &AccountName,
        gateway: Gateway,
        day: Day,
    ) -> Result<Ledger, AppError> {
        let tip = *self.store.tip().borrow();
        // A view that is being built again may take long; an import can wait.
        let reached = self.views.reached(View::DailyReport, tip).await;
        reached.map_err(|_gone| AppError::ViewBehind)?;
        let (report, name) = (self.views.daily_report.clone(), account.clone());
        let reading = move || report.stretches(&name, day);
        let stretches = self.world.tasks.blocking(reading).await??.value;
        let mut ledger = Ledger::default();
        for stretch in stretches {
            read_stretch(&*self.store, stretch, |event| {
                put_event(&mut ledger, event, account, gateway, day);
            })
            .await?;
        }
        ledger.settle();
        Ok(ledger)
    }
}

async fn read_stretch(
    store: &dyn Store,
    stretch: Stretch,
    mut each: impl FnMut(&Recorded),
) -> Result<(), AppError> {
    let mut after = stretch.after;
    while after < stretch.last {
        let page = store.read(after, PAGE, Scope::Public).await?;
        if page.read_to <= after {
            return Ok(());
        }
        after = page.read_to;
        page.events
            .iter()
            .take_while(|event| event.position <= stretch.last)
            .for_each(&mut each);
        // A store may answer without any waiting.
        tokio::task::yield_now().await;
    }
    Ok(())
}

/// An event that cannot be read tells of no money: its order shows as corrupt.
fn put_event(
    ledger: &mut Ledger,
    recorded: &Recorded,
    account: &AccountName,
    gateway: Gateway,
    day: Day,
) {
    if !MOVING_EVENTS.contains(&&*recorded.kind) {
        return;
    }
    let Ok(event) = decode(recorded) else { return };
    if let Some(moved) = moved_in(&event, recorded.time)
        && moved.payment.account == *account
        && Day::of(moved.at) == day
    {
        ledger.put(&moved, gateway, recorded.position);
    }
}

#[cfg(test)]
mod tests {
    use payfold_domain::{Money, PaymentRef, Timestamp};
    use payfold_projections::Share;

    use super::*;

    #[test]
    fn money_in_another_currency_is_not_missed_in_a_bill_of_renminbi() {
        let payment = PaymentRef {
            account: AccountName::new("wx").unwrap(),
            out_trade_no: OutTradeNo::from_gateway("payment_1").unwrap(),
        };
        let transaction_id = TransactionId::from_gateway("4200001").unwrap();
        for (currency, alone) in [("CNY", vec![Position(1)]), ("USD", Vec::new())] {
            let moved = Moved {
                payment: &payment,
                transaction_id: Some(&transaction_id),
                refund_no: None,
                amount: Some(Money {
                    minor: 8800,
                    currency: Currency::new(currency).unwrap(),
                }),
                share: Share::Own,
                at: Timestamp::from_secs(0),
                direction: Direction::In,
            };
            let mut ledger = Ledger::default();
            ledger.put(&moved, Gateway::WechatPay, Position(1));
            let positions = ledger
                .here_alone()
                .into_iter()
                .map(|(position, _)| position);
            assert_eq!(positions.collect::<Vec<_>>(), alone, "{currency}");
        }
    }
}

//! What the events tell of one transaction and its refunds, wherever they stand: for the few rows that
//! the day's own events do not explain.

use std::collections::BTreeMap;

use payfold_domain::bill::{Movement, MovementKind};
use payfold_domain::event::{Event, OrderEvent, RefundRequested, RefundTroubled, StrayEvent};
use payfold_domain::{AccountName, Money, PaymentRef, RefundNo, Timestamp, TransactionId};
use payfold_projections::{Direction, Moved, Share, moved_in};
use payfold_store::{Claim, Recorded, StreamName, decode};

use crate::app::accounts::Account;
use crate::app::{App, AppError};

/// How far apart a message and a bill may date the same refund, in seconds.
const APART_SECS: i64 = 60;

/// What the events tell of a transaction.
#[derive(Debug, Default)]
pub(super) struct Story {
    /// Whether anything here has the payment's number, or its money.
    pub(super) known: bool,
    /// The money that came, and when.
    pub(super) came: Option<(Money, Timestamp)>,
    /// Whether it came through an application that the account does not list.
    through_unlisted: bool,
    /// What went back of it, or is to.
    pub(super) refunds: Vec<ToldRefund>,
}

/// A refund, as the events tell it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ToldRefund {
    pub(super) refund_no: Option<RefundNo>,
    /// `None` where a gateway only said that there was one.
    pub(super) amount: Option<Money>,
    /// Whether that is its own.
    pub(super) share: Share,
    /// When it was asked for here, if it was.
    pub(super) asked: Option<Timestamp>,
    /// When the gateway took it up, where the events say.
    pub(super) begun: Option<Timestamp>,
    /// When it was with the buyer, if it is.
    pub(super) arrived: Option<Timestamp>,
}

impl Story {
    /// The refund of that number.
    pub(super) fn refund(&self, refund_no: &RefundNo) -> Option<&ToldRefund> {
        let mut refunds = self.refunds.iter();
        refunds.find(|refund| refund.refund_no.as_ref() == Some(refund_no))
    }

    /// What went back of the money, in the minor unit.
    pub(super) fn returned_minor(&self) -> i64 {
        let arrived = self.refunds.iter().filter(|told| told.arrived.is_some());
        let amounts = arrived.filter_map(|told| told.amount);
        amounts.map(|amount| amount.minor).sum()
    }

    /// What is told of refunds without a number that may hold one of that time, in the minor unit, by when
    /// they had arrived.
    pub(super) fn unnumbered_since(&self, since: Timestamp) -> BTreeMap<Timestamp, i64> {
        let since = since.plus_secs(-APART_SECS);
        let mut sums = BTreeMap::new();
        for told in self.refunds.iter().filter(|told| told.refund_no.is_none()) {
            if let (Some(at), Some(amount)) = (told.arrived, told.amount)
                && since <= at
            {
                *sums.entry(at).or_default() += amount.minor;
            }
        }
        sums
    }

    /// Other payments' events may be in the stream, also of refunds that have this one's numbers.
    fn hear(&mut self, recorded: &Recorded, payment: &PaymentRef, transaction_id: &TransactionId) {
        // An event that cannot be read tells nothing; its order shows as corrupt.
        let Ok(event) = decode(recorded) else { return };
        if let Some(requested) = requested_in(&event)
            && requested.transaction_id == *transaction_id
        {
            self.tell(&requested.refund_no, |told| {
                told.amount = Some(requested.amount);
                told.asked.get_or_insert(recorded.time);
            });
        }
        if let Some(troubled) = troubled_in(&event)
            && troubled.payment == *payment
            && let Some(told) = self.known_refund(&troubled.refund_no)
        {
            told.arrived = None;
        }
        if let Some(moved) = moved_in(&event, recorded.time)
            && moved.payment == payment
        {
            self.hear_moved(&moved, transaction_id);
        }
    }

    fn hear_moved(&mut self, moved: &Moved<'_>, transaction_id: &TransactionId) {
        let of_this = moved.transaction_id.is_some_and(|id| id == transaction_id);
        match (moved.direction, moved.refund_no) {
            (direction @ (Direction::In | Direction::InElsewhere | Direction::InUnstated), _) => {
                if of_this && let Some(amount) = moved.amount {
                    self.came.get_or_insert((amount, moved.at));
                    self.through_unlisted |= direction == Direction::InElsewhere;
                }
            }
            (Direction::BackBegun, Some(refund_no)) => {
                if let Some(told) = self.known_refund(refund_no) {
                    told.begun.get_or_insert(moved.at);
                }
            }
            (Direction::Back, Some(refund_no)) => {
                if of_this || self.refund(refund_no).is_some() {
                    self.tell(refund_no, |told| {
                        told.arrived = Some(moved.at);
                        if moved.amount.is_some() || told.amount.is_none() {
                            told.amount = moved.amount;
                            told.share = moved.share;
                        }
                    });
                }
            }
            (Direction::Back, None) if of_this => self.refunds.push(ToldRefund {
                refund_no: None,
                amount: moved.amount,
                share: moved.share,
                asked: None,
                begun: None,
                arrived: Some(moved.at),
            }),
            (Direction::Back | Direction::BackBegun, None) => {}
        }
    }

    fn known_refund(&mut self, refund_no: &RefundNo) -> Option<&mut ToldRefund> {
        let mut refunds = self.refunds.iter_mut();
        refunds.find(|refund| refund.refund_no.as_ref() == Some(refund_no))
    }

    /// Tells something of the refund of that number, known or not.
    fn tell(&mut self, refund_no: &RefundNo, tell: impl FnOnce(&mut ToldRefund)) {
        match self.known_refund(refund_no) {
            Some(told) => tell(told),
            None => {
                let mut told = ToldRefund {
                    refund_no: Some(refund_no.clone()),
                    amount: None,
                    share: Share::Own,
                    asked: None,
                    begun: None,
                    arrived: None,
                };
                tell(&mut told);
                self.refunds.push(told);
            }
        }
    }
}

fn requested_in(event: &Event) -> Option<&RefundRequested> {
    if let Event::Order(OrderEvent::RefundRequested(requested))
    | Event::Stray(StrayEvent::RefundRequested(requested)) = event
    {
        return Some(requested);
    }
    None
}

fn troubled_in(event: &Event) -> Option<&RefundTroubled> {
    if let Event::Order(
        OrderEvent::RefundFailed(troubled) | OrderEvent::RefundNeedsAction(troubled),
    )
    | Event::Stray(
        StrayEvent::RefundFailed(troubled) | StrayEvent::RefundNeedsAction(troubled),
    ) = event
    {
        return Some(troubled);
    }
    None
}

impl App {
    /// What the events tell of the money that a row is about.
    pub(super) async fn story(
        &self,
        account: &AccountName,
        movement: &Movement,
    ) -> Result<Story, AppError> {
        let transaction_id = &movement.transaction_id;
        let payment = PaymentRef {
            account: account.clone(),
            out_trade_no: movement.out_trade_no.clone(),
        };
        let mut has_number = false;
        let mut claims = Vec::from(claims_of_money(account, movement));
        if let MovementKind::Refund {
            refund_no: Some(refund_no),
            ..
        } = &movement.kind
        {
            claims.push(Claim::Refund(account.clone(), refund_no.clone()));
        }
        let mut streams: Vec<StreamName> = Vec::new();
        for claim in &claims {
            let Some(owner) = self.store.owner(claim).await? else {
                continue;
            };
            // A refund of another payment may have the number of this one's.
            has_number |= !matches!(claim, Claim::Refund(..));
            if !streams.contains(&owner) {
                streams.push(owner);
            }
        }
        let mut story = Story::default();
        for stream in &streams {
            for recorded in self.store.load(stream, 0).await? {
                story.hear(&recorded, &payment, transaction_id);
            }
        }
        story.known = has_number || story.came.is_some() || !story.refunds.is_empty();
        Ok(story)
    }

    /// Whether another account of the same merchant has the money that a row is about. A bill is a
    /// merchant's, and one may have several applications.
    pub(super) async fn is_anothers(
        &self,
        account: &Account,
        movement: &Movement,
    ) -> Result<bool, AppError> {
        for other in self.accounts.others_of(account) {
            for claim in claims_of_money(&other, movement) {
                if self.store.owner(&claim).await?.is_some() {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    /// What a stream tells of a refund, and of which money it is; `None` where it does not say, or where
    /// the money is another application's, of which bills have foreign rows.
    pub(super) async fn told_refund(
        &self,
        stream: &StreamName,
        payment: &PaymentRef,
        refund_no: &RefundNo,
    ) -> Result<Option<(TransactionId, ToldRefund)>, AppError> {
        let recorded = self.store.load(stream, 0).await?;
        let mut events = recorded.iter();
        let money =
            events.find_map(|recorded| money_of(&decode(recorded).ok()?, payment, refund_no));
        let Some(transaction_id) = money else {
            return Ok(None);
        };
        let mut story = Story::default();
        for recorded in &recorded {
            story.hear(recorded, payment, &transaction_id);
        }
        if story.through_unlisted {
            return Ok(None);
        }
        let told = story.refund(refund_no).cloned();
        Ok(told.map(|told| (transaction_id, told)))
    }
}

/// What stands for the money of a row, where the account has it.
fn claims_of_money(account: &AccountName, movement: &Movement) -> [Claim; 2] {
    [
        Claim::Transaction(account.clone(), movement.transaction_id.clone()),
        Claim::Payment(PaymentRef {
            account: account.clone(),
            out_trade_no: movement.out_trade_no.clone(),
        }),
    ]
}

/// The money of a refund, where the event says.
fn money_of(event: &Event, payment: &PaymentRef, refund_no: &RefundNo) -> Option<TransactionId> {
    if let Some(requested) = requested_in(event)
        && requested.payment == *payment
        && requested.refund_no == *refund_no
    {
        return Some(requested.transaction_id.clone());
    }
    // Whenever it was told; the time is of no matter here.
    let moved = moved_in(event, Timestamp::from_secs(0))?;
    (moved.payment == payment && moved.refund_no == Some(refund_no))
        .then_some(moved.transaction_id)?
        .cloned()
}

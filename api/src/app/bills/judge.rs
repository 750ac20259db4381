//! Rows that the day's own events do not explain: looked up wherever they stand, asked about where they
//! are not known, and only then judged. A row by itself never says that money came.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::{StreamExt, stream};
use payfold_domain::bill::{BilledPayment, BilledRefund, FoundDifference, Movement, MovementKind};
use payfold_domain::event::{BillDifference, NeighbourRow};
use payfold_domain::{Gateway, Money, PaymentRef, RefundNo, Timestamp, TransactionId};
use payfold_projections::{Day, Share};

use super::ledger::Key;
use super::story::{Story, ToldRefund};
use crate::app::accounts::Account;
use crate::app::calls::{Asked, AskedBack};
use crate::app::{App, AppError};
use crate::control::Mode;

/// How many rows are asked about at a time.
const AT_ONCE: usize = 8;

/// How long each further try to ask waits, in seconds.
const TRIES_SECS: [u64; 2] = [1, 3];

/// A row of the account's own, beside what the ledger says.
#[derive(Debug, Clone)]
pub(super) struct LeftRow {
    pub(super) line: u64,
    pub(super) fee_minor: i64,
    pub(super) movement: Movement,
}

/// What came of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The events say so too.
    Matched,
    /// The events say so now, by the gateway's answer.
    TakenIn,
    /// The account's application does not have it: another one of the merchant's has.
    Foreign,
    /// It would be asked about.
    WouldAsk,
    /// They differ.
    Different(FoundDifference),
    /// They differ for now: the gateway could not be asked.
    Unasked(FoundDifference),
}

/// A judged row.
#[derive(Debug)]
pub(super) struct Judged {
    pub(super) row: LeftRow,
    pub(super) verdict: Verdict,
    /// What the bill has, as the ledger names it.
    pub(super) has: Vec<Key>,
    /// The row, where the events have it on the neighbour day.
    pub(super) carried: Option<NeighbourRow>,
}

/// What asking about a row came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Word {
    /// What the gateway says is stored.
    Told,
    /// It does not know it.
    NotThere,
    /// It cannot be asked, or will not say.
    Never,
    /// It cannot be asked now.
    NotNow,
    /// It is not to be asked.
    DryRun,
}

impl Word {
    /// The verdict on a row that matches since it was asked about.
    fn settles(self, verdict: Verdict) -> Verdict {
        match (self, verdict) {
            (Self::Told, Verdict::Matched) => Verdict::TakenIn,
            (_, verdict) => verdict,
        }
    }
}

/// What is asked about.
#[derive(Debug, Clone, Copy)]
enum About<'a> {
    Payment,
    Refund(&'a RefundNo),
}

/// The rows of one bill that are judged.
pub(super) struct Judge<'a> {
    pub(super) app: &'a App,
    pub(super) account: &'a Arc<Account>,
    pub(super) day: Day,
    pub(super) mode: Mode,
    /// The gateway was asked again and again and did not answer.
    away: AtomicBool,
}

impl<'a> Judge<'a> {
    pub(super) fn new(app: &'a App, account: &'a Arc<Account>, day: Day, mode: Mode) -> Self {
        Self {
            app,
            account,
            day,
            mode,
            away: AtomicBool::new(false),
        }
    }

    /// Judges rows, some at a time, those of one transaction one after the other. In the order of the
    /// bill.
    pub(super) async fn all(
        &self,
        rows: Vec<LeftRow>,
        mut tell: impl FnMut(usize),
    ) -> Result<Vec<Judged>, AppError> {
        let mut of_one: BTreeMap<TransactionId, Vec<LeftRow>> = BTreeMap::new();
        for row in rows {
            let id = row.movement.transaction_id.clone();
            of_one.entry(id).or_default().push(row);
        }
        let judging = stream::iter(of_one.into_values()).map(|rows| self.of_one(rows));
        let mut judging = judging.buffer_unordered(AT_ONCE);
        let mut judged = Vec::new();
        while let Some(some) = judging.next().await {
            judged.extend(some?);
            tell(judged.len());
        }
        drop(judging);
        judged.sort_by_key(|judged: &Judged| judged.row.line);
        Ok(judged)
    }

    async fn of_one(&self, rows: Vec<LeftRow>) -> Result<Vec<Judged>, AppError> {
        let mut judged = Vec::with_capacity(rows.len());
        // What refunds without a number in the events have explained so far.
        let mut explained = 0;
        for row in rows {
            let movement = row.movement.clone();
            let has = Key::of_row(&movement).into_iter().collect();
            let mut one = Judged {
                row,
                verdict: Verdict::Matched,
                has,
                carried: None,
            };
            match &movement.kind {
                MovementKind::Payment(state) => {
                    self.payment(&movement, *state, &mut one).await?;
                }
                MovementKind::Refund { refund_no, state } => {
                    let refund_no = refund_no.as_ref();
                    self.refund(&movement, refund_no, *state, &mut explained, &mut one)
                        .await?;
                }
            }
            judged.push(one);
        }
        Ok(judged)
    }

    async fn payment(
        &self,
        movement: &Movement,
        state: BilledPayment,
        one: &mut Judged,
    ) -> Result<(), AppError> {
        let mut story = self.app.story(&self.account.name, movement).await?;
        if let Some(verdict) = self.weigh_payment(&story, movement, state) {
            one.carried = self.carried(movement, story.came.map(|(_, at)| at));
            one.verdict = verdict;
            return Ok(());
        }
        let word = self.ask(movement, About::Payment, &story).await?;
        // Whatever was answered: a notify may have come meanwhile.
        story = self.app.story(&self.account.name, movement).await?;
        if let Some(verdict) = self.weigh_payment(&story, movement, state) {
            one.carried = self.carried(movement, story.came.map(|(_, at)| at));
            one.verdict = word.settles(verdict);
            return Ok(());
        }
        let difference = match (story.came, story.known, word) {
            (Some(_), _, _) | (None, true, Word::Told) => BillDifference::OtherState,
            (None, _, _) => BillDifference::MissingHere,
        };
        let here = story.came.map(|(amount, _)| amount);
        one.verdict = self.unexplained(movement, word, &story, difference, here);
        Ok(())
    }

    /// `None` where it is to be asked about.
    fn weigh_payment(
        &self,
        story: &Story,
        movement: &Movement,
        state: BilledPayment,
    ) -> Option<Verdict> {
        match (story.came, state) {
            (Some((amount, _)), _) if amount != movement.amount => {
                let difference = BillDifference::OtherAmount;
                Some(self.different(movement, difference, Some(amount)))
            }
            (Some(_), BilledPayment::Paid) => Some(Verdict::Matched),
            (Some((amount, _)), BilledPayment::Revoked) => {
                (story.returned_minor() >= amount.minor).then_some(Verdict::Matched)
            }
            // What was taken back before anybody here heard of it is nobody's money.
            (None, BilledPayment::Revoked) => Some(Verdict::Matched),
            (None, BilledPayment::Paid) => None,
        }
    }

    async fn refund(
        &self,
        movement: &Movement,
        refund_no: Option<&RefundNo>,
        state: BilledRefund,
        explained: &mut i64,
        one: &mut Judged,
    ) -> Result<(), AppError> {
        let mut story = self.app.story(&self.account.name, movement).await?;
        let mut weighed = self.weigh_refund(&story, movement, refund_no, state, explained);
        let mut word = Word::Told;
        if weighed.is_none() {
            word = self.ask_refund(movement, refund_no, &story).await?;
            story = self.app.story(&self.account.name, movement).await?;
            weighed = self.weigh_refund(&story, movement, refund_no, state, explained);
            weighed = weighed.map(|verdict| word.settles(verdict));
        }
        match refund_no {
            // A row without a number may be any of them that was not asked for here.
            None => {
                let numbers = story.refunds.iter().filter(|told| told.asked.is_none());
                let numbers = numbers.filter_map(|told| told.refund_no.as_ref());
                let key = |refund_no| Key::of_refund(&movement.out_trade_no, refund_no);
                one.has.extend(numbers.map(key));
            }
            Some(refund_no) => {
                let told = story.refund(refund_no);
                let at = told.and_then(|told| row_at(told, self.account.gateway()));
                one.carried = self.carried(movement, at);
            }
        }
        one.verdict = match weighed {
            Some(verdict) => verdict,
            None => {
                let told = refund_no.and_then(|refund_no| story.refund(refund_no));
                let here = told.and_then(|told| told.amount);
                let difference = match (told, here) {
                    (Some(_), Some(here)) if here != movement.amount => BillDifference::OtherAmount,
                    (Some(_), _) => BillDifference::OtherState,
                    (None, _) => BillDifference::MissingHere,
                };
                self.unexplained(movement, word, &story, difference, here)
            }
        };
        Ok(())
    }

    /// `None` where it is to be asked about.
    fn weigh_refund(
        &self,
        story: &Story,
        movement: &Movement,
        refund_no: Option<&RefundNo>,
        state: BilledRefund,
        explained: &mut i64,
    ) -> Option<Verdict> {
        if let Some(told) = refund_no.and_then(|refund_no| story.refund(refund_no)) {
            let rest = told
                .amount
                .map_or(0, |told| movement.amount.minor - told.minor);
            let in_parts = told.asked.is_none() && rest > 0;
            if in_parts && story.unnumbered_minor() - *explained >= rest {
                // A sum told of the back office's refund in two parts, the second without the number.
                *explained += rest;
                return Some(Verdict::Matched);
            }
            return match (told.amount, told.arrived, state) {
                // Its own size is not known here: a running total told of it, which others may be in.
                (amount, _, BilledRefund::Succeeded)
                    if amount != Some(movement.amount) && told.share == Share::OfTotal =>
                {
                    None
                }
                (Some(amount), _, _) if amount != movement.amount => {
                    let difference = BillDifference::OtherAmount;
                    Some(self.different(movement, difference, Some(amount)))
                }
                // A bill's word on a refund that had not arrived is a snapshot of its day.
                (_, Some(_), _) | (_, None, BilledRefund::Processing | BilledRefund::Failed) => {
                    Some(Verdict::Matched)
                }
                (_, None, BilledRefund::Succeeded) => None,
            };
        }
        // What never went back is nobody's money.
        if state == BilledRefund::Failed {
            return Some(Verdict::Matched);
        }
        let told = match refund_no {
            // The back office's refunds may be known by their sums alone.
            Some(_) => story.unnumbered_minor(),
            None => story.back_office_minor(),
        };
        if told - *explained >= movement.amount.minor && told > 0 {
            *explained += movement.amount.minor;
            return Some(Verdict::Matched);
        }
        None
    }

    /// What the gateway's word leaves unexplained.
    fn unexplained(
        &self,
        movement: &Movement,
        word: Word,
        story: &Story,
        difference: BillDifference,
        here: Option<Money>,
    ) -> Verdict {
        match word {
            Word::DryRun => Verdict::WouldAsk,
            // Alipay's bill is the merchant's, and its rows name no application: what the account's own
            // application does not have is another one's.
            Word::NotThere if self.account.gateway() == Gateway::Alipay && !story.known => {
                Verdict::Foreign
            }
            Word::NotNow => Verdict::Unasked(self.difference(movement, difference, here)),
            Word::NotThere | Word::Told | Word::Never => self.different(movement, difference, here),
        }
    }

    /// A refund of money that is not known is asked about after the money.
    async fn ask_refund(
        &self,
        movement: &Movement,
        refund_no: Option<&RefundNo>,
        story: &Story,
    ) -> Result<Word, AppError> {
        if story.came.is_none() || refund_no.is_none() {
            let word = self.ask(movement, About::Payment, story).await?;
            if word != Word::Told {
                return Ok(word);
            }
        }
        match refund_no {
            Some(refund_no) => self.ask(movement, About::Refund(refund_no), story).await,
            None => Ok(Word::Told),
        }
    }

    /// Asks until there is a word, some times.
    async fn ask(
        &self,
        movement: &Movement,
        about: About<'_>,
        story: &Story,
    ) -> Result<Word, AppError> {
        // Alipay may well answer for any application of the merchant, and names none 「统一收单交易查询」.
        if !story.known && self.app.is_anothers(self.account, movement).await? {
            return Ok(Word::NotThere);
        }
        let Some(account) = self.app.askable(&self.account.name) else {
            return Ok(Word::Never);
        };
        if self.mode == Mode::DryRun {
            return Ok(Word::DryRun);
        }
        let mut waits = TRIES_SECS.iter();
        while !self.away.load(Ordering::Relaxed) {
            match self.ask_once(&account, movement, about).await {
                Err(AppError::GatewayRefused { code, .. }) => {
                    tracing::warn!(account = %account.name, code, "a row of a bill could not be asked about");
                    return Ok(Word::Never);
                }
                Err(error) if error.may_pass() => match waits.next() {
                    Some(secs) => tokio::time::sleep(Duration::from_secs(*secs)).await,
                    None => self.away.store(true, Ordering::Relaxed),
                },
                asked => return asked,
            }
        }
        Ok(Word::NotNow)
    }

    async fn ask_once(
        &self,
        account: &Arc<Account>,
        movement: &Movement,
        about: About<'_>,
    ) -> Result<Word, AppError> {
        let payment = self.payment_of(movement);
        let refund_no = match about {
            About::Payment => {
                return Ok(match self.app.ask(account, &payment).await? {
                    Asked::Told => Word::Told,
                    Asked::NotThere => Word::NotThere,
                });
            }
            About::Refund(refund_no) => refund_no,
        };
        let money = Some(&movement.transaction_id);
        match self
            .app
            .ask_refund(account, &payment, money, refund_no)
            .await?
        {
            AskedBack::Said(message, proven) => {
                self.app.take_answer(account, *message, &proven).await?;
                Ok(Word::Told)
            }
            // The money is known, so this is no other application's.
            AskedBack::NotThere | AskedBack::NeedsAction | AskedBack::No | AskedBack::Undecided => {
                Ok(Word::Never)
            }
        }
    }

    fn payment_of(&self, movement: &Movement) -> PaymentRef {
        PaymentRef {
            account: self.account.name.clone(),
            out_trade_no: movement.out_trade_no.clone(),
        }
    }

    fn different(
        &self,
        movement: &Movement,
        difference: BillDifference,
        here: Option<Money>,
    ) -> Verdict {
        Verdict::Different(self.difference(movement, difference, here))
    }

    fn difference(
        &self,
        movement: &Movement,
        difference: BillDifference,
        here: Option<Money>,
    ) -> FoundDifference {
        FoundDifference {
            payment: self.payment_of(movement),
            transaction_id: Some(movement.transaction_id.clone()),
            refund_no: refund_no_of(movement).cloned(),
            difference,
            here,
            there: Some(movement.amount),
        }
    }

    /// The row, where the events have it on a neighbour day.
    fn carried(&self, movement: &Movement, at: Option<Timestamp>) -> Option<NeighbourRow> {
        let day = Day::of(at?);
        [self.day.previous(), self.day.next()]
            .contains(&day)
            .then(|| NeighbourRow {
                date: day.to_string(),
                out_trade_no: movement.out_trade_no.clone(),
                transaction_id: movement.transaction_id.clone(),
                refund_no: refund_no_of(movement).cloned(),
                amount: Some(movement.amount),
            })
    }
}

/// When a refund's row should stand in a bill: WeChat Pay's when it was taken up, Alipay's when it had
/// arrived 「申请交易账单」「业务明细」.
pub(super) fn row_at(told: &ToldRefund, gateway: Gateway) -> Option<Timestamp> {
    match gateway {
        Gateway::Alipay => told.arrived,
        Gateway::WechatPay => told.begun.or(told.arrived),
    }
}

fn refund_no_of(movement: &Movement) -> Option<&RefundNo> {
    match &movement.kind {
        MovementKind::Payment(_) => None,
        MovementKind::Refund { refund_no, .. } => refund_no.as_ref(),
    }
}

//! Rows that the day's own events do not explain: looked up wherever they stand, asked about where they
//! are not known, and only then judged. A row by itself never says that money came.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use futures_util::{Stream, StreamExt, stream};
use payfold_domain::bill::{
    BilledMoney, BilledPayment, BilledRefund, FoundDifference, Movement, MovementKind,
};
use payfold_domain::event::{BillDifference, NeighbourRow};
use payfold_domain::{Gateway, Money, PaymentRef, RefundNo, Timestamp, TransactionId};
use payfold_projections::Day;

use super::ask::{About, Standing, Word};
use super::ledger::Key;
use super::story::{Story, ToldRefund};
use super::weigh::{Explained, Weighed, weigh_payment, weigh_refund, weigh_unnumbered};
use crate::app::accounts::Account;
use crate::app::{App, AppError};

/// How many rows are looked into at a time.
pub(super) const AT_ONCE: usize = 8;

/// A row of the account's own, beside what the ledger says.
#[derive(Debug, Clone)]
pub(super) struct LeftRow {
    pub(super) line: u64,
    pub(super) fee_minor: i64,
    pub(super) movement: Movement,
}

/// The rows of each transaction, in the order of the bill.
pub(super) fn by_transaction(rows: Vec<LeftRow>) -> Vec<Vec<LeftRow>> {
    let mut of_one: BTreeMap<TransactionId, Vec<LeftRow>> = BTreeMap::new();
    for row in rows {
        let id = row.movement.transaction_id.clone();
        of_one.entry(id).or_default().push(row);
    }
    of_one.into_values().collect()
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
    /// It is to be asked about, and differs meanwhile.
    ToAsk(FoundDifference),
    /// They differ.
    Different(FoundDifference),
    /// They differ for now: the gateway does not say.
    Unanswered(FoundDifference),
}

/// A judged row.
#[derive(Debug)]
pub(super) struct Judged {
    pub(super) row: LeftRow,
    pub(super) ruling: Ruling,
}

/// What is said of a row.
#[derive(Debug)]
pub(super) struct Ruling {
    pub(super) verdict: Verdict,
    /// The refund that the row tells of without its number, as the ledger names it.
    pub(super) explains: Option<Key>,
    /// The row, where the events have it on the neighbour day.
    pub(super) carried: Option<NeighbourRow>,
}

/// By what rows are judged.
#[derive(Debug)]
pub(super) enum Means {
    /// What is stored alone.
    Store,
    /// What the gateway says, too.
    Gateway(Standing),
}

/// The rows of one bill that are judged.
pub(super) struct Judge<'a> {
    pub(super) app: &'a App,
    pub(super) account: &'a Arc<Account>,
    pub(super) day: Day,
    /// The bill's rows of refunds that have a number.
    pub(super) refunds: &'a BTreeSet<Key>,
    pub(super) means: Means,
}

/// A row that is judged.
struct Case<'a> {
    movement: &'a Movement,
    money: BilledMoney,
}

impl Judge<'_> {
    /// Judges rows, those of some transactions at a time, and those of one after the other.
    pub(super) fn all(
        &self,
        of_one: Vec<Vec<LeftRow>>,
    ) -> impl Stream<Item = Result<Vec<Judged>, AppError>> + Unpin {
        let judging = stream::iter(of_one).map(|rows| Box::pin(self.of_one(rows)));
        judging.buffer_unordered(AT_ONCE)
    }

    async fn of_one(&self, rows: Vec<LeftRow>) -> Result<Vec<Judged>, AppError> {
        let mut judged = Vec::with_capacity(rows.len());
        let (mut explained, mut unnumbered) = (Explained::default(), Vec::new());
        for row in rows {
            // What is stored may well be told without any waiting.
            tokio::task::yield_now().await;
            let case = Case {
                movement: &row.movement,
                money: money_of(&row.movement, &mut unnumbered),
            };
            let ruling = match &row.movement.kind {
                MovementKind::Payment(state) => self.payment(&case, *state).await?,
                MovementKind::Refund { refund_no, state } => {
                    let refund_no = refund_no.as_ref();
                    self.refund(&case, refund_no, *state, &mut explained)
                        .await?
                }
            };
            judged.push(Judged { row, ruling });
        }
        Ok(judged)
    }

    async fn payment(&self, case: &Case<'_>, state: BilledPayment) -> Result<Ruling, AppError> {
        let movement = case.movement;
        let mut story = self.app.story(&self.account.name, movement).await?;
        let mut weighed = weigh_payment(&story, movement, state);
        let mut word = Word::Needless;
        if weighed == Weighed::Open {
            word = self.ask(movement, About::Payment, &story).await?;
            // Whatever was answered: a notify may have come meanwhile.
            story = self.app.story(&self.account.name, movement).await?;
            weighed = weigh_payment(&story, movement, state);
        }
        let difference = match (story.came, story.known, word) {
            (Some(_), _, _) | (None, true, Word::Told) => BillDifference::OtherState,
            (None, _, _) => BillDifference::MissingHere,
        };
        let here = story.came.map(|(amount, _)| amount);
        let open = || self.difference(case, difference, here);
        Ok(Ruling {
            verdict: self.verdict(case, word, &weighed, &story, open),
            explains: None,
            carried: self.carried(movement, None, story.came.map(|(_, at)| at)),
        })
    }

    async fn refund(
        &self,
        case: &Case<'_>,
        refund_no: Option<&RefundNo>,
        state: BilledRefund,
        explained: &mut Explained,
    ) -> Result<Ruling, AppError> {
        let movement = case.movement;
        let key = |refund_no: &RefundNo| Key::of_refund(&movement.out_trade_no, refund_no);
        let has_row = |refund_no: &RefundNo| self.refunds.contains(&key(refund_no));
        let gateway = self.account.gateway();
        let mut weigh = |story: &Story| match refund_no {
            Some(refund_no) => weigh_refund(story, movement, refund_no, state, explained),
            None => weigh_unnumbered(story, movement, state, gateway, has_row, explained),
        };
        let mut story = self.app.story(&self.account.name, movement).await?;
        let mut weighed = weigh(&story);
        let mut word = Word::Needless;
        if weighed == Weighed::Open {
            word = self.ask_refund(movement, refund_no, &story).await?;
            story = self.app.story(&self.account.name, movement).await?;
            weighed = weigh(&story);
        }
        let numbered = match &weighed {
            Weighed::Numbered(number) => Some(number),
            Weighed::Same | Weighed::OtherAmount(_) | Weighed::Open => None,
        };
        let number = numbered.or(refund_no);
        let told = number.and_then(|number| story.refund(number));
        let here = told.and_then(|told| told.amount);
        let difference = match (told, here) {
            (Some(_), Some(here)) if here != movement.amount => BillDifference::OtherAmount,
            (Some(_), _) => BillDifference::OtherState,
            (None, _) => BillDifference::MissingHere,
        };
        let open = || self.difference(case, difference, here);
        let at = told.and_then(|told| row_at(told, gateway));
        Ok(Ruling {
            verdict: self.verdict(case, word, &weighed, &story, open),
            explains: numbered.map(key),
            carried: self.carried(movement, number, at),
        })
    }

    /// What the events, and the gateway's word where they leave the row open, come to. `open` tells in
    /// what they differ then.
    fn verdict(
        &self,
        case: &Case<'_>,
        word: Word,
        weighed: &Weighed,
        story: &Story,
        open: impl FnOnce() -> FoundDifference,
    ) -> Verdict {
        match (weighed, word) {
            (Weighed::Same | Weighed::Numbered(_), word) => word.matched(),
            (Weighed::OtherAmount(here), _) => {
                let difference = BillDifference::OtherAmount;
                Verdict::Different(self.difference(case, difference, Some(*here)))
            }
            (Weighed::Open, Word::ToAsk) => Verdict::ToAsk(open()),
            // Alipay's bill is the merchant's, and its rows name no application: what the account's own
            // application does not have is another one's.
            (Weighed::Open, Word::NotThere)
                if self.account.gateway() == Gateway::Alipay && !story.known =>
            {
                Verdict::Foreign
            }
            (Weighed::Open, Word::NotNow) => Verdict::Unanswered(open()),
            (Weighed::Open, Word::Needless | Word::NotThere | Word::Told | Word::Never) => {
                Verdict::Different(open())
            }
        }
    }

    fn difference(
        &self,
        case: &Case<'_>,
        difference: BillDifference,
        here: Option<Money>,
    ) -> FoundDifference {
        let movement = case.movement;
        FoundDifference {
            payment: PaymentRef {
                account: self.account.name.clone(),
                out_trade_no: movement.out_trade_no.clone(),
            },
            transaction_id: Some(movement.transaction_id.clone()),
            money: case.money.clone(),
            difference,
            here,
            there: Some(movement.amount),
        }
    }

    /// The row, where the events have it on a neighbour day.
    fn carried(
        &self,
        movement: &Movement,
        refund_no: Option<&RefundNo>,
        at: Option<Timestamp>,
    ) -> Option<NeighbourRow> {
        let day = Day::of(at?);
        [self.day.previous(), self.day.next()]
            .contains(&day)
            .then(|| NeighbourRow {
                date: day.to_string(),
                out_trade_no: movement.out_trade_no.clone(),
                transaction_id: movement.transaction_id.clone(),
                refund_no: refund_no.cloned(),
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

/// Which of its transaction's money a row is about. `unnumbered` are the amounts of the refunds without a
/// number so far.
fn money_of(movement: &Movement, unnumbered: &mut Vec<i64>) -> BilledMoney {
    match &movement.kind {
        MovementKind::Payment(_) => BilledMoney::Payment,
        MovementKind::Refund {
            refund_no: Some(refund_no),
            ..
        } => BilledMoney::Refund(refund_no.clone()),
        MovementKind::Refund {
            refund_no: None, ..
        } => {
            let minor = movement.amount.minor;
            unnumbered.push(minor);
            let nth = unnumbered.iter().filter(|other| **other == minor).count();
            BilledMoney::UnnumberedRefund { minor, nth }
        }
    }
}

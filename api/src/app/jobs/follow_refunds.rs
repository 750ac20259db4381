//! Refunds are asked for and followed to their end, one after the other for each payment. A refund has
//! one number for ever: what nobody knows the end of is asked for again under it.

use std::sync::Arc;

use futures_util::{StreamExt, stream};
use payfold_domain::order::{Order, Refund, Transaction};
use payfold_domain::stray::Stray;
use payfold_domain::{
    Fact, Gateway, Message, Observation, RefundFact, RefundNumber, RefundSize, RefundState, Source,
    Timestamp,
};
use payfold_projections::{OpenRefund, OpenRefundStage};
use payfold_store::{Position, StreamName};

use super::agenda::{Agenda, Glance};
use super::troubles::Troubles;
use super::turns::{MaySend, Sent, Turns};
use super::{AT_ONCE, PAGE};
use crate::app::accounts::Account;
use crate::app::calls::{AskedBack, RefundCall};
use crate::app::handle::{Ground, Proven};
use crate::app::observe::Said;
use crate::app::{App, AppError};

/// How long after a call of which nobody knows what came the same is sent again, in seconds.
const AFTER_UNKNOWN_SECS: i64 = 30;

/// A refund of which the gateway says neither yes nor no is sent again no more and no less often than this,
/// in seconds.
const UNDECIDED_SECS: (i64, i64) = (30, 600);

/// How long a refund that was taken up is left alone before it is asked about, in seconds: what Alipay
/// answers sooner proves nothing (`alipay.trade.fastpay.refund.query`).
const SUBMITTED_FIRST_SECS: i64 = 10;

/// A refund that was taken up is asked about no more and no less often than this, in seconds.
const SUBMITTED_SECS: (i64, i64) = (30, 3_600);

/// A refund that waits for a person is asked about no more and no less often than this, in seconds: he may
/// have seen to it at the gateway, and where one call was refused, another node's may have gone through.
const STUCK_SECS: (i64, i64) = (60, 6 * 3_600);

/// How long a refund is left alone whose account cannot be asked, in seconds: it may get its key.
const WITHOUT_KEY_SECS: i64 = 60;

/// The refunds without an outcome, when each is looked at next, and when something of each
/// payment may be asked back again.
#[derive(Debug, Default)]
pub(super) struct Refunds {
    /// Rows up to here are on the agenda, or were.
    seen: Position,
    glance: Glance,
    agenda: Agenda,
    turns: Turns,
    troubles: Troubles,
}

/// What asking about a refund brought.
enum Taken {
    /// The gateway has it, and what it said is stored.
    Said,
    /// The gateway has none of that number.
    NotThere,
    /// The gateway refuses to tell.
    Refused,
    /// The gateway may tell another time.
    Undecided,
}

/// A refund as its stream knows it.
struct Known {
    refund: Refund,
    money: Transaction,
}

/// A refund that is looked at.
struct Case<'a> {
    account: Arc<Account>,
    row: &'a OpenRefund,
    known: Known,
    troubles: &'a Troubles,
}

impl App {
    /// Brings every refund that is due a step further.
    pub(super) async fn follow_refunds(&self, refunds: &mut Refunds) -> Result<(), AppError> {
        let now = self.world.now();
        self.put_new_refunds(refunds, now)?;
        let late = refunds.agenda.late_secs(now);
        self.metrics.job_late("following refunds", late);
        let open_work = &self.views.open_work;
        let read = |position| Ok(open_work.open_refund(position)?.value);
        loop {
            let until = self.no_later_than(now);
            let Some(rows) = refunds.agenda.take_rows(until, read)? else {
                break;
            };
            let rows = refunds.in_turn(rows, |row| self.apart_secs(row), until);
            let troubles = &refunds.troubles;
            let following = stream::iter(rows)
                .map(|(row, may_send)| async move {
                    let followed = self.follow_refund(&row, may_send, troubles).await;
                    (followed, may_send, row)
                })
                .buffer_unordered(AT_ONCE);
            let followed: Vec<_> = following.collect().await;
            for (outcome, may_send, row) in followed {
                let (now, apart) = (self.world.now(), self.apart_secs(&row));
                let (sent, after) = match outcome {
                    Ok(sent) => (sent, self.interval(&row, now)),
                    Err(error) => {
                        tracing::warn!(account = %row.payment.account, %error, "a refund could not be followed");
                        let after = if error.is_answer() {
                            self.interval(&row, now)
                        } else {
                            AFTER_UNKNOWN_SECS
                        };
                        (sent_perhaps(may_send), after)
                    }
                };
                refunds
                    .turns
                    .note(&row.payment, (may_send, sent), now, apart);
                let again = match sent {
                    Sent::Yes | Sent::No => now.plus_secs(after),
                    Sent::Wanted => refunds
                        .turns
                        .of(&row.payment, now)
                        .wait(row.position, apart),
                };
                refunds.agenda.put(row.position, again);
            }
        }
        refunds.troubles.keep_those_of(&refunds.agenda);
        Ok(())
    }

    fn put_new_refunds(&self, refunds: &mut Refunds, now: Timestamp) -> Result<(), AppError> {
        let view_at = self.open_work_at();
        if !refunds.glance.is_stale(view_at, now) {
            return Ok(());
        }
        loop {
            let rows = self.views.open_work.open_refunds(refunds.seen, PAGE)?.value;
            for row in &rows {
                refunds.seen = row.position;
                // By a clock that may have run ahead.
                let since = row.since.min(now);
                let first = match row.stage {
                    OpenRefundStage::Requested => now,
                    OpenRefundStage::Submitted => since.plus_secs(SUBMITTED_FIRST_SECS),
                    OpenRefundStage::NeedsAction => since.plus_secs(STUCK_SECS.0),
                };
                refunds.agenda.put(row.position, first);
            }
            if rows.len() < PAGE {
                refunds.glance.found_all(view_at, now);
                return Ok(());
            }
        }
    }

    async fn follow_refund(
        &self,
        row: &OpenRefund,
        may_send: MaySend,
        troubles: &Troubles,
    ) -> Result<Sent, AppError> {
        let Some(account) = self.askable(&row.payment.account) else {
            return Ok(Sent::No);
        };
        let Some(known) = self.known_refund(row).await? else {
            return Ok(Sent::No);
        };
        let case = Case {
            account,
            row,
            known,
            troubles,
        };
        match row.stage {
            OpenRefundStage::Requested => {
                self.ask_back(&case).await?;
                Ok(Sent::Yes)
            }
            OpenRefundStage::Submitted | OpenRefundStage::NeedsAction => {
                self.ask_how_it_stands(&case, may_send).await
            }
        }
    }

    /// How far apart the gateway wants the refunds of one payment (`alipay.trade.refund`: 3 s; 「退款申请」:
    /// a minute), in seconds.
    fn apart_secs(&self, row: &OpenRefund) -> i64 {
        match self.accounts.get(&row.payment.account) {
            Some(account) => match account.gateway() {
                Gateway::Alipay => 3,
                Gateway::WechatPay => 60,
            },
            None => AFTER_UNKNOWN_SECS,
        }
    }

    /// How long after a look at a refund the next one is, in seconds.
    fn interval(&self, row: &OpenRefund, now: Timestamp) -> i64 {
        if self.askable(&row.payment.account).is_none() {
            return WITHOUT_KEY_SECS;
        }
        let age = now.secs_since(row.since) / 4;
        match row.stage {
            OpenRefundStage::Requested => age.clamp(UNDECIDED_SECS.0, UNDECIDED_SECS.1),
            OpenRefundStage::Submitted => age.clamp(SUBMITTED_SECS.0, SUBMITTED_SECS.1),
            OpenRefundStage::NeedsAction => age.clamp(STUCK_SECS.0, STUCK_SECS.1),
        }
    }

    /// Asks the gateway to give the money back. A repeat says what the first call has done.
    async fn ask_back(&self, case: &Case<'_>) -> Result<(), AppError> {
        let (row, known) = (case.row, &case.known);
        let call = RefundCall {
            payment: row.payment.clone(),
            transaction_id: known.refund.transaction_id.clone(),
            refund_no: row.refund_no.clone(),
            amount: known.refund.amount,
            paid: known.money.amount,
            reason: known.refund.reason.clone(),
        };
        match self.refund(&case.account, &call).await? {
            AskedBack::Said(message, proven) => self.take_word(case, *message, &proven).await,
            AskedBack::NeedsAction => self.state_refund(case, RefundState::NeedsAction).await,
            AskedBack::NotThere => self.state_refusal(case, RefundState::NeedsAction).await,
            AskedBack::No => self.state_refusal(case, RefundState::Failed).await,
            AskedBack::Undecided if self.is_overdue(case) => {
                self.state_refusal(case, RefundState::NeedsAction).await
            }
            AskedBack::Undecided => self.take_what_is_known(case).await.map(drop),
        }
    }

    /// The gateway refused. What an earlier call under this number has done comes before that; where the
    /// gateway does not tell, a person has to look.
    async fn state_refusal(&self, case: &Case<'_>, state: RefundState) -> Result<(), AppError> {
        let state = match self.take_what_is_known(case).await? {
            Taken::Said => return Ok(()),
            Taken::Undecided if !self.is_overdue(case) => return Ok(()),
            Taken::NotThere => state,
            Taken::Refused | Taken::Undecided => RefundState::NeedsAction,
        };
        self.state_refund(case, state).await
    }

    /// Whether a person is to be told that there is neither a yes nor a no; asked each time that there is
    /// none.
    fn is_overdue(&self, case: &Case<'_>) -> bool {
        let now = self.world.now();
        case.troubles.is_overdue(case.row.position, now)
    }

    /// Takes in how the gateway says that the refund stands.
    async fn take_word(
        &self,
        case: &Case<'_>,
        message: Message,
        proven: &Proven,
    ) -> Result<(), AppError> {
        let is_known = !matches!(message, Message::Unknown(_));
        self.take_answer(&case.account, message, proven).await?;
        if is_known {
            case.troubles.over(case.row.position);
        }
        Ok(())
    }

    /// Asks what the gateway has under the refund's number, and takes that in.
    async fn take_what_is_known(&self, case: &Case<'_>) -> Result<Taken, AppError> {
        match self.ask_about(case).await {
            Ok(AskedBack::Said(message, proven)) => {
                self.take_answer(&case.account, *message, &proven).await?;
                Ok(Taken::Said)
            }
            Ok(AskedBack::NotThere) => Ok(Taken::NotThere),
            Ok(AskedBack::NeedsAction | AskedBack::No) => Ok(Taken::Refused),
            Ok(AskedBack::Undecided) | Err(AppError::GatewayUndecided(_)) => Ok(Taken::Undecided),
            Err(error) => Err(error),
        }
    }

    async fn ask_about(&self, case: &Case<'_>) -> Result<AskedBack, AppError> {
        let (row, money) = (case.row, &case.known.refund.transaction_id);
        self.ask_refund(&case.account, &row.payment, Some(money), &row.refund_no)
            .await
    }

    async fn ask_how_it_stands(
        &self,
        case: &Case<'_>,
        may_send: MaySend,
    ) -> Result<Sent, AppError> {
        match (self.ask_about(case).await?, case.row.stage, may_send) {
            (AskedBack::Said(message, proven), _, _) => {
                self.take_word(case, *message, &proven).await?;
                Ok(Sent::No)
            }
            // It was taken up and is not there: the same number is sent again.
            (AskedBack::NotThere | AskedBack::No, OpenRefundStage::Submitted, MaySend::Yes) => {
                self.ask_back(case).await?;
                Ok(Sent::Yes)
            }
            (AskedBack::NotThere | AskedBack::No, OpenRefundStage::Submitted, MaySend::No) => {
                Ok(Sent::Wanted)
            }
            // It was taken up, and how it stands is not to be had from the gateway: a person has to look.
            (AskedBack::NeedsAction, OpenRefundStage::Submitted, _) if self.is_overdue(case) => {
                self.state_refund(case, RefundState::NeedsAction).await?;
                Ok(Sent::No)
            }
            (
                AskedBack::NotThere | AskedBack::No | AskedBack::NeedsAction | AskedBack::Undecided,
                _,
                _,
            ) => Ok(Sent::No),
        }
    }

    /// The refund, as the stream that it lies in knows it now; `None` where it has an outcome.
    async fn known_refund(&self, row: &OpenRefund) -> Result<Option<Known>, AppError> {
        let (refunds, transactions) = match &row.stream {
            StreamName::Order(order_no) => match self.fold_now::<Order>(order_no).await?.state {
                Order::Placed(order) => match order.payment(&row.payment) {
                    Some(payment) => (payment.refunds.clone(), payment.transactions.clone()),
                    None => return Ok(None),
                },
                Order::Unplaced | Order::Corrupt(_) => return Ok(None),
            },
            StreamName::Stray(payment) => match self.fold_now::<Stray>(payment).await?.state {
                Stray::Heard(money) => (money.refunds, money.transactions),
                Stray::Unheard | Stray::Corrupt(_) => return Ok(None),
            },
            StreamName::Account(_) | StreamName::Bill { .. } | StreamName::Seal => return Ok(None),
        };
        let refund = refunds
            .into_iter()
            .find(|refund| refund.refund_no == row.refund_no && refund.is_pending());
        Ok(refund.and_then(|refund| {
            let money = transactions
                .into_iter()
                .find(|money| money.transaction_id == refund.transaction_id)?;
            Some(Known { refund, money })
        }))
    }

    /// Stores what the gateway's refusal says of the refund.
    async fn state_refund(&self, case: &Case<'_>, state: RefundState) -> Result<(), AppError> {
        let (row, known) = (case.row, &case.known);
        let fact = RefundFact {
            transaction_id: Some(known.refund.transaction_id.clone()),
            number: RefundNumber::Stated(row.refund_no.clone()),
            size: RefundSize::Exactly(known.refund.amount),
            state,
        };
        let observation = Observation {
            payment: row.payment.clone(),
            source: Source::Query,
            facts: vec![Fact::Refund(fact)],
        };
        let refusal = Said::Refusal(observation, Box::new(known.refund.clone()));
        self.observe_said(&case.account, refusal, Ground::Nothing)
            .await
    }
}

impl Refunds {
    /// The rows whose turn has come, and whether the call that gives money back may be sent for each. What
    /// is too soon is put off until its turn.
    fn in_turn(
        &mut self,
        rows: Vec<(Position, OpenRefund)>,
        apart_secs: impl Fn(&OpenRefund) -> i64,
        now: Timestamp,
    ) -> Vec<(OpenRefund, MaySend)> {
        self.turns.forget_free(now);
        let mut in_turn = Vec::with_capacity(rows.len());
        for (position, row) in rows {
            let apart = apart_secs(&row);
            let turns = self.turns.of(&row.payment, now);
            let may_send = match row.stage {
                OpenRefundStage::NeedsAction => MaySend::No,
                OpenRefundStage::Requested | OpenRefundStage::Submitted => {
                    turns.take(position, now, apart)
                }
            };
            if (row.stage, may_send) == (OpenRefundStage::Requested, MaySend::No) {
                self.agenda.put(position, turns.wait(position, apart));
            } else {
                in_turn.push((row, may_send));
            }
        }
        in_turn
    }
}

/// Nobody knows whether a call that failed was sent; that it was is the safe side.
fn sent_perhaps(may_send: MaySend) -> Sent {
    match may_send {
        MaySend::Yes => Sent::Yes,
        MaySend::No => Sent::No,
    }
}

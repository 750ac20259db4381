//! Questions that only the gateway can answer: what an unsigned notify claims of a refund, and what does
//! not fit together. Each is asked until the gateway gives an answer; a restart asks again, and so does an
//! account that gets its key.

use std::sync::Arc;

use futures_util::{StreamExt, stream};
use payfold_domain::event::{Event, OrderEvent, RefundHintReceived, StrayEvent};
use payfold_domain::{RefundNo, Timestamp};
use payfold_projections::{Question, QuestionReason};
use payfold_store::{StreamName, decode};

use super::agenda::{Agenda, Glance, Seen};
use super::{AT_ONCE, PAGE};
use crate::app::accounts::Account;
use crate::app::calls::AskedBack;
use crate::app::{App, AppError};

/// How long after a failure a question is asked again, in seconds.
const AFTER_FAILURE_SECS: i64 = 30;

/// How long a question is left at most that a gateway refuses to answer, in seconds.
const LONGEST_SECS: i64 = 600;

/// The questions that have no answer yet.
#[derive(Debug, Default)]
pub(super) struct Questions {
    seen: Seen,
    glance: Glance,
    agenda: Agenda,
}

/// To whom a question was put.
#[derive(Debug, Clone, Copy)]
enum Put {
    ToTheGateway,
    /// Its account has lost its key meanwhile.
    ToNobody,
}

impl App {
    /// Asks what is to be asked.
    pub(super) async fn ask_questions(&self, questions: &mut Questions) -> Result<(), AppError> {
        let now = self.world.now();
        self.put_new_questions(questions, now)?;
        let late = questions.agenda.late_secs(now);
        self.metrics.job_late("asking questions", late);
        let open_work = &self.views.open_work;
        let read = |position| Ok(open_work.question(now, position)?.value);
        while let Some(rows) = questions.agenda.take_rows(self.no_later_than(now), read)? {
            let asking = stream::iter(rows)
                .map(
                    |(position, row)| async move { (self.ask_question(&row).await, position, row) },
                )
                .buffer_unordered(AT_ONCE);
            let asked: Vec<_> = asking.collect().await;
            for (outcome, position, row) in asked {
                match outcome {
                    Ok(Put::ToTheGateway) => {}
                    Ok(Put::ToNobody) => questions.seen.forget(&row.payment.account),
                    Err(error) => {
                        tracing::warn!(%error, "a question to a gateway has no answer yet");
                        let now = self.world.now();
                        let pause = pause_secs(&error, now.secs_since(row.since));
                        questions.agenda.put(position, now.plus_secs(pause));
                    }
                }
            }
        }
        Ok(())
    }

    fn put_new_questions(&self, questions: &mut Questions, now: Timestamp) -> Result<(), AppError> {
        let view_at = self.open_work_at();
        if !questions.glance.is_stale(view_at, now) {
            return Ok(());
        }
        questions.seen.keep_to(self.askable_accounts());
        while let Some(after) = questions.seen.after() {
            let rows = self.views.open_work.questions(now, after, PAGE)?.value;
            for row in &rows {
                if questions.seen.is_new(&row.payment.account, row.position) {
                    questions.agenda.put(row.position, row.since.min(now));
                }
            }
            if let Some(last) = rows.last() {
                questions.seen.pass(last.position);
            }
            if rows.len() < PAGE {
                break;
            }
        }
        questions.glance.found_all(view_at, now);
        Ok(())
    }

    async fn ask_question(&self, question: &Question) -> Result<Put, AppError> {
        let Some(account) = self.askable(&question.payment.account) else {
            return Ok(Put::ToNobody);
        };
        self.hand_over(question).await?;
        self.ask(&account, &question.payment).await?;
        match question.reason {
            QuestionReason::Contradiction => {}
            QuestionReason::RefundHint => self.confirm_hints(&account, question).await?,
        }
        Ok(Put::ToTheGateway)
    }

    /// A question that arose of a stray is the order's, where one has claimed the number since: a stray
    /// that holds no money is nobody else's to take up.
    async fn hand_over(&self, question: &Question) -> Result<(), AppError> {
        let StreamName::Stray(payment) = &question.stream else {
            return Ok(());
        };
        if let Some(order_no) = self.order_of(payment).await? {
            self.take_up_claimed(payment, &order_no).await?;
        }
        Ok(())
    }

    /// Asks about every refund that unsigned notifies named.
    async fn confirm_hints(
        &self,
        account: &Arc<Account>,
        question: &Question,
    ) -> Result<(), AppError> {
        for refund_no in self.hinted_refunds(question).await? {
            let asked = self
                .ask_refund(account, &question.payment, None, &refund_no)
                .await?;
            match asked {
                AskedBack::Said(message, proven) => {
                    self.take_answer(account, *message, &proven).await?;
                }
                // It was not true.
                AskedBack::NotThere | AskedBack::No => {}
                AskedBack::NeedsAction | AskedBack::Undecided => {
                    let refund = format!("refund {refund_no}");
                    return Err(AppError::GatewayUndecided(refund));
                }
            }
        }
        Ok(())
    }

    async fn hinted_refunds(&self, question: &Question) -> Result<Vec<RefundNo>, AppError> {
        let mut numbers = Vec::new();
        for recorded in self.store.load(&question.stream, 0).await? {
            let hint = match decode(&recorded) {
                Ok(event) => hint_in(event),
                // An event that cannot be read names no refund.
                Err(_unreadable) => None,
            };
            let named = hint
                .filter(|hint| hint.payment == question.payment)
                .and_then(|hint| hint.claimed.refund_no().cloned());
            if let Some(refund_no) = named
                && !numbers.contains(&refund_no)
            {
                numbers.push(refund_no);
            }
        }
        Ok(numbers)
    }
}

/// How long after a failure a question of that age is asked again, in seconds.
fn pause_secs(error: &AppError, age_secs: i64) -> i64 {
    if error.is_answer() {
        (age_secs / 4).clamp(AFTER_FAILURE_SECS, LONGEST_SECS)
    } else {
        AFTER_FAILURE_SECS
    }
}

fn hint_in(event: Event) -> Option<RefundHintReceived> {
    match event {
        Event::Order(OrderEvent::RefundHintReceived(hint))
        | Event::Stray(StrayEvent::RefundHintReceived(hint)) => Some(hint),
        Event::Order(_) | Event::Stray(_) | Event::Account(_) | Event::Bill(_) => None,
    }
}

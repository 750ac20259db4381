//! One message's facts, heard one after the other by one order.

use super::money;
use super::table::{MoneyBecomes, Standing, Word, WordBecomes, money_becomes, word_becomes};
use crate::book::{
    BookEvent, Weighed, can_refund, contradiction, money_of, resolved, return_money, weigh,
};
use crate::command::{Foreign, Rejection};
use crate::decide::Draft;
use crate::event::{
    Basis, Contradiction, DuplicateNotifyIgnored, MismatchedMoney, MoneyReceived, OrderEvent,
    PaymentClosed, PaymentFinished, PaymentNamed, Staleness, UnexpectedMoney,
};
use crate::exception::{ExceptionId, ExceptionKind, ResolutionAction, Resolver};
use crate::order::{OrderStatus, Payment, RefundWindow, Unmoved};
use crate::policy::{Capability, LatePolicy, Policy, ReturnPolicy};
use crate::{Fact, PaymentRef, Receipt, RefundFact, Source, Timestamp, TransactionId};

/// What is the same for every fact of one message.
pub(super) struct Circumstances<'a> {
    pub(super) payment: &'a PaymentRef,
    pub(super) source: Source,
    pub(super) foreign: &'a Foreign,
    pub(super) capability: Capability,
    pub(super) policy: Policy,
    pub(super) now: Timestamp,
}

/// An order that hears facts, and what it made of them so far.
pub(super) struct Hearing<'a> {
    draft: Draft,
    circumstances: Circumstances<'a>,
    /// Of the last fact that said nothing new.
    staleness: Option<Staleness>,
    /// The money that the message spoke of: a refund in it that names none is of this one.
    spoken_of: Option<TransactionId>,
    /// Money that was just received beside the order, until its policy is carried out: the rest of the
    /// message may say that it went back already, or can go back no more.
    unsettled: Option<Unsettled>,
}

struct Unsettled {
    receipt: Receipt,
    exception: ExceptionId,
    settlement: Settlement,
}

/// What the policy makes of held money in the append that receives it.
enum Settlement {
    Hold,
    Accept,
    Refund,
}

impl<'a> Hearing<'a> {
    pub(super) fn of(draft: Draft, circumstances: Circumstances<'a>) -> Self {
        Self {
            draft,
            circumstances,
            staleness: None,
            spoken_of: None,
            unsettled: None,
        }
    }

    pub(super) fn hear_all(&mut self, facts: &[Fact]) -> Result<(), Rejection> {
        facts.iter().try_for_each(|fact| self.hear(fact))
    }

    pub(super) fn hear(&mut self, fact: &Fact) -> Result<(), Rejection> {
        match fact {
            Fact::Paid(receipt) => self.hear_money(receipt),
            Fact::NotPaidYet => self.hear_word(Word::NotPaidYet),
            Fact::FinallyUnpaid => self.hear_word(Word::FinallyUnpaid),
            Fact::NoMoreRefunds => self.hear_no_more_refunds(),
            Fact::Refund(refund) => self.hear_refund(refund),
        }
    }

    /// The money pays the order whatever its amount, for a person said so; where other money has paid
    /// it by now, it is a second payment.
    pub(super) fn accept(&mut self, receipt: &Receipt, basis: Basis) -> Result<(), Rejection> {
        self.settle()?;
        self.spoken_of = Some(receipt.transaction_id.clone());
        let account = &self.circumstances.payment.account;
        if self.draft.order().knows(account, &receipt.transaction_id) {
            return self.hear_money(receipt);
        }
        match self.draft.order().status {
            OrderStatus::Open | OrderStatus::Cancelled | OrderStatus::Expired => {
                let money = self.received(receipt)?;
                self.draft.confirm(money, basis);
                Ok(())
            }
            OrderStatus::Paid => self.receive_double(receipt),
        }
    }

    /// One event for a notify that said nothing new at all.
    pub(super) fn note_duplicate(&mut self, facts: &[Fact]) -> Result<(), Rejection> {
        let Some(staleness) = self.staleness.filter(|_| self.draft.is_empty()) else {
            return Ok(());
        };
        let payment = self.payment()?;
        match self.circumstances.source {
            Source::Notify if payment.unmoved.duplicates < Unmoved::KEPT => {
                let event = DuplicateNotifyIgnored {
                    payment: payment.payment.clone(),
                    method: payment.method,
                    transaction_id: facts.iter().find_map(Fact::transaction_id).cloned(),
                    staleness,
                };
                self.draft.record(OrderEvent::DuplicateNotifyIgnored(event));
            }
            Source::Notify | Source::Query | Source::Bill => {}
        }
        Ok(())
    }

    pub(super) fn record(&mut self, event: OrderEvent) {
        self.draft.record(event);
    }

    pub(super) fn finish(mut self) -> Result<Vec<OrderEvent>, Rejection> {
        self.settle()?;
        Ok(self.draft.finish())
    }

    fn hear_money(&mut self, receipt: &Receipt) -> Result<(), Rejection> {
        self.settle()?;
        self.spoken_of = Some(receipt.transaction_id.clone());
        let order = self.draft.order();
        let payment = self.payment()?;
        let foreign = &self.circumstances.foreign.transactions;
        let news = money::news(order, payment, receipt, foreign);
        match money_becomes(news, order.status) {
            MoneyBecomes::Ignored(staleness) => self.staleness = Some(staleness),
            MoneyBecomes::AmountContradicted => {
                let known = payment.transaction(&receipt.transaction_id);
                let contradicts = Contradiction::OtherAmount {
                    known: known.map_or(payment.asked, |money| money.amount),
                    stated: receipt.amount,
                };
                self.contradict(Some(&receipt.transaction_id), contradicts)?;
            }
            MoneyBecomes::OwnerContradicted => {
                let contradicts = Contradiction::ForeignTransaction;
                self.contradict(Some(&receipt.transaction_id), contradicts)?;
            }
            MoneyBecomes::Mismatched => self.receive_mismatched(receipt)?,
            MoneyBecomes::Double => self.receive_double(receipt)?,
            MoneyBecomes::Late => self.receive_late(receipt)?,
            MoneyBecomes::Confirmed => {
                let money = self.received(receipt)?;
                self.draft.confirm(money, Basis::AsAsked);
            }
        }
        Ok(())
    }

    fn hear_word(&mut self, word: Word) -> Result<(), Rejection> {
        let payment = self.payment()?;
        match word_becomes(word, Standing::of(payment)) {
            WordBecomes::Ignored(staleness) => self.staleness = Some(staleness),
            WordBecomes::Pending => {
                let event = PaymentNamed {
                    payment: payment.payment.clone(),
                    method: payment.method,
                };
                self.draft.record(OrderEvent::PaymentPending(event));
            }
            WordBecomes::Closed => {
                let event = PaymentClosed {
                    payment: payment.payment.clone(),
                    method: payment.method,
                    source: self.circumstances.source,
                };
                self.draft.record(OrderEvent::PaymentClosed(event));
            }
            WordBecomes::PaidContradicted => {
                // The first, whatever is confirmed since: the same contradiction is told once.
                let paid = payment.transactions.first();
                let paid = paid.map(|money| money.transaction_id.clone());
                self.contradict(paid.as_ref(), Contradiction::UnpaidAfterPaid)?;
            }
        }
        Ok(())
    }

    fn hear_no_more_refunds(&mut self) -> Result<(), Rejection> {
        let payment = self.payment()?;
        match payment.refund_window {
            RefundWindow::Finished => self.staleness = Some(Staleness::Repeat),
            RefundWindow::Open => {
                let paid = payment.shown_transaction();
                let event = PaymentFinished {
                    payment: payment.payment.clone(),
                    method: payment.method,
                    transaction_id: paid.map(|money| money.transaction_id.clone()),
                };
                self.draft.record(OrderEvent::PaymentFinished(event));
            }
        }
        Ok(())
    }

    fn hear_refund(&mut self, refund: &RefundFact) -> Result<(), Rejection> {
        let book = self.payment()?.book(&self.draft.order().exceptions);
        let refund = refund.clone().of(self.spoken_of.as_ref());
        let weighed = weigh(&book, &refund, self.circumstances.now);
        self.take(weighed);
        Ok(())
    }

    fn receive_mismatched(&mut self, receipt: &Receipt) -> Result<(), Rejection> {
        let payment = self.payment()?;
        let exception = self.exception(receipt, ExceptionKind::Mismatch);
        let event = MismatchedMoney {
            money: self.received(receipt)?,
            expected: payment.asked,
            expected_app_id: payment.app_id.clone(),
            exception: exception.clone(),
        };
        self.draft
            .record(OrderEvent::MismatchedPaymentReceived(event));
        let settlement = Settlement::from(self.circumstances.policy.mismatch);
        self.leave_unsettled(receipt, exception, settlement);
        Ok(())
    }

    fn receive_double(&mut self, receipt: &Receipt) -> Result<(), Rejection> {
        let exception = self.exception(receipt, ExceptionKind::Double);
        let event = UnexpectedMoney {
            money: self.received(receipt)?,
            exception: exception.clone(),
        };
        self.draft.record(OrderEvent::DoublePaymentReceived(event));
        let settlement = Settlement::from(self.circumstances.policy.double);
        self.leave_unsettled(receipt, exception, settlement);
        Ok(())
    }

    fn receive_late(&mut self, receipt: &Receipt) -> Result<(), Rejection> {
        let policy = match self.draft.order().status {
            OrderStatus::Cancelled => self.circumstances.policy.late_cancelled,
            OrderStatus::Open | OrderStatus::Paid | OrderStatus::Expired => {
                self.circumstances.policy.late_expired
            }
        };
        let exception = self.exception(receipt, ExceptionKind::Late);
        let event = UnexpectedMoney {
            money: self.received(receipt)?,
            exception: exception.clone(),
        };
        self.draft.record(OrderEvent::LatePaymentReceived(event));
        self.leave_unsettled(receipt, exception, Settlement::from(policy));
        Ok(())
    }

    fn leave_unsettled(
        &mut self,
        receipt: &Receipt,
        exception: ExceptionId,
        settlement: Settlement,
    ) {
        self.unsettled = Some(Unsettled {
            receipt: receipt.clone(),
            exception,
            settlement,
        });
    }

    /// Carries the policy out, unless the money's exception has ended meanwhile. Where the money cannot
    /// be given back, it waits for a person.
    fn settle(&mut self) -> Result<(), Rejection> {
        let Some(unsettled) = self.unsettled.take() else {
            return Ok(());
        };
        let payment = self.payment()?;
        let book = payment.book(&self.draft.order().exceptions);
        let opened = book.exception(&unsettled.exception);
        let Some(opened) = opened.filter(|opened| opened.resolution.is_none()) else {
            return Ok(());
        };
        let resolve = |action| resolved(opened, action, Resolver::Policy, None);
        match unsettled.settlement {
            Settlement::Hold => {}
            Settlement::Accept => {
                let accepted = resolve(ResolutionAction::Accept);
                let money = self.received(&unsettled.receipt)?;
                self.draft.record(accepted);
                self.draft
                    .confirm(money, Basis::Accepted(unsettled.exception));
            }
            Settlement::Refund => {
                let left = money_of(&book, opened)?.left(&payment.refunds);
                if can_refund(&book, self.circumstances.capability) && left.minor > 0 {
                    let refunded = resolve(ResolutionAction::Refund);
                    let id = &unsettled.receipt.transaction_id;
                    let returned = return_money(&book, id, left, &unsettled.exception);
                    self.draft.record_all([refunded, returned]);
                }
            }
        }
        Ok(())
    }

    fn contradict(
        &mut self,
        transaction_id: Option<&TransactionId>,
        contradicts: Contradiction,
    ) -> Result<(), Rejection> {
        let book = self.payment()?.book(&self.draft.order().exceptions);
        let weighed = contradiction(&book, transaction_id, contradicts);
        self.take(weighed);
        Ok(())
    }

    fn take(&mut self, weighed: Weighed) {
        match weighed {
            Weighed::Stale(staleness) => self.staleness = Some(staleness),
            Weighed::New(events) => {
                let foreign = self.circumstances.foreign;
                let events = events.into_iter().map(|event| event.beside(foreign));
                self.draft.record_all::<BookEvent>(events);
            }
        }
    }

    fn exception(&self, receipt: &Receipt, kind: ExceptionKind) -> ExceptionId {
        let account = &self.circumstances.payment.account;
        ExceptionId::derive(account, receipt.transaction_id.as_str(), kind)
    }

    fn received(&self, receipt: &Receipt) -> Result<MoneyReceived, Rejection> {
        let payment = self.payment()?;
        Ok(MoneyReceived {
            payment: payment.payment.clone(),
            method: payment.method,
            receipt: receipt.clone(),
            source: self.circumstances.source,
        })
    }

    /// The payment spoken of, as it is by now.
    pub(super) fn payment(&self) -> Result<&Payment, Rejection> {
        self.draft.payment(self.circumstances.payment)
    }
}

impl From<LatePolicy> for Settlement {
    fn from(policy: LatePolicy) -> Self {
        match policy {
            LatePolicy::Accept => Self::Accept,
            LatePolicy::Hold => Self::Hold,
            LatePolicy::Refund => Self::Refund,
        }
    }
}

impl From<ReturnPolicy> for Settlement {
    fn from(policy: ReturnPolicy) -> Self {
        match policy {
            ReturnPolicy::Hold => Self::Hold,
            ReturnPolicy::Refund => Self::Refund,
        }
    }
}

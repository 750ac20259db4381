//! A stray that hears one message's facts, one after the other.

use super::StrayMoney;
use super::evolve::apply;
use crate::book::{Weighed, contradiction, resolved, weigh};
use crate::command::Observe;
use crate::event::{
    Contradiction, DuplicateNotifyIgnored, MoneyReceived, NumberOwner, PaymentFinished, Staleness,
    StrayEvent, UnexpectedMoney, UnmatchedRefundReceived,
};
use crate::exception::{ExceptionId, ExceptionKind, ResolutionAction, Resolver};
use crate::order::{RefundWindow, Transaction, Unmoved, shown};
use crate::{Fact, Method, Receipt, RefundFact, RefundSize, RefundState, Source, TransactionId};

/// The stray as evolved by what was decided so far, and these events.
pub(super) struct Draft<'a> {
    stray: StrayMoney,
    command: &'a Observe,
    events: Vec<StrayEvent>,
    /// Of the last fact that said nothing new.
    staleness: Option<Staleness>,
    /// The money that the message spoke of: a refund in it that names none is of this one.
    spoken_of: Option<TransactionId>,
}

impl<'a> Draft<'a> {
    pub(super) fn of(stray: StrayMoney, command: &'a Observe) -> Self {
        Self {
            stray,
            command,
            events: Vec::new(),
            staleness: None,
            spoken_of: None,
        }
    }

    pub(super) fn hear(&mut self, fact: &Fact) {
        match fact {
            Fact::Paid(receipt) => self.hear_money(receipt),
            Fact::Refund(refund) => {
                let refund = refund.clone().of(self.spoken_of.as_ref());
                self.hear_refund(&refund);
            }
            Fact::FinallyUnpaid => self.hear_finally_unpaid(),
            Fact::NotPaidYet => self.hear_nothing_new(Staleness::OlderNews),
            Fact::NoMoreRefunds => self.hear_no_more_refunds(),
        }
    }

    /// The events; one for a notify that said nothing new at all about what is known here.
    pub(super) fn finish(mut self) -> Vec<StrayEvent> {
        let kept = self.stray.unmoved.duplicates < Unmoved::KEPT;
        match (self.staleness, self.command.observation.source) {
            (Some(staleness), Source::Notify) if self.events.is_empty() && kept => {
                let known = shown(&self.stray.transactions);
                let event = DuplicateNotifyIgnored {
                    payment: self.stray.payment.clone(),
                    method: Method::Unknown,
                    transaction_id: known.map(|money| money.transaction_id.clone()),
                    staleness,
                };
                self.record(StrayEvent::DuplicateNotifyIgnored(event));
            }
            (Some(_) | None, Source::Notify | Source::Query | Source::Bill) => {}
        }
        self.events
    }

    fn hear_money(&mut self, receipt: &Receipt) {
        let id = &receipt.transaction_id;
        self.spoken_of = Some(id.clone());
        match self.stray.book().transaction(id) {
            Some(known) if known.amount != receipt.amount => {
                let contradicts = Contradiction::OtherAmount {
                    known: known.amount,
                    stated: receipt.amount,
                };
                self.contradict(Some(id), contradicts);
            }
            Some(known) if known.refunded_minor > 0 => {
                self.staleness = Some(Staleness::OlderNews);
            }
            Some(_) => self.staleness = Some(Staleness::Repeat),
            None if self.command.foreign.transactions.contains(id) => {
                self.contradict(Some(id), Contradiction::ForeignTransaction);
            }
            None => self.receive(receipt),
        }
    }

    /// The money, then what was stated of its refunds before it was known.
    fn receive(&mut self, receipt: &Receipt) {
        let payment = self.stray.payment.clone();
        let kind = ExceptionKind::Unmatched;
        let exception =
            ExceptionId::derive(&payment.account, receipt.transaction_id.as_str(), kind);
        self.record(StrayEvent::UnmatchedPaymentReceived(UnexpectedMoney {
            money: MoneyReceived {
                payment,
                method: Method::Unknown,
                receipt: receipt.clone(),
                source: self.command.observation.source,
            },
            exception,
        }));
        for refund in self.stray.stated_refunds.clone() {
            self.hear_refund(&refund);
        }
        self.settle_stated_refunds(&receipt.transaction_id);
    }

    /// What was stated of the money's refunds while nobody knew it is told of the money now.
    fn settle_stated_refunds(&mut self, id: &TransactionId) {
        let moneys = &self.stray.transactions;
        let is_moneys = |exception| {
            let mut held_under = moneys.iter().filter_map(Transaction::held_under);
            held_under.any(|id| id == exception)
        };
        let stated = self.stray.exceptions.iter().filter(|exception| {
            exception.kind == ExceptionKind::Unmatched
                && exception.resolution.is_none()
                && exception.transaction_id.as_ref().is_none_or(|of| of == id)
                && !is_moneys(&exception.id)
        });
        let told = |exception| {
            let (action, by) = (ResolutionAction::Dismiss, Resolver::Events);
            StrayEvent::from(resolved(exception, action, by, None))
        };
        let told: Vec<StrayEvent> = stated.map(told).collect();
        told.into_iter().for_each(|event| self.record(event));
    }

    fn hear_refund(&mut self, refund: &RefundFact) {
        let book = self.stray.book();
        let known = match &refund.transaction_id {
            Some(id) => book.transaction(id),
            None => shown(book.transactions),
        };
        let weighed = match known {
            Some(_) => weigh(&book, refund, self.command.now),
            None => return self.hear_unmatched_refund(refund),
        };
        self.take(weighed);
    }

    /// A refund of money that is not known either. Only what was given back counts, as everywhere.
    fn hear_unmatched_refund(&mut self, refund: &RefundFact) {
        match (refund.size, refund.state) {
            (_, RefundState::Failed)
            | (
                RefundSize::Exactly(_) | RefundSize::RunningTotal(_),
                RefundState::Processing | RefundState::NeedsAction,
            ) => return,
            (_, RefundState::Succeeded(_))
            | (RefundSize::Unknown, RefundState::Processing | RefundState::NeedsAction) => {}
        }
        let foreign = &self.command.foreign;
        if let Some(id) = &refund.transaction_id
            && foreign.transactions.contains(id)
        {
            self.contradict(Some(id), Contradiction::ForeignTransaction);
            return;
        }
        let number = NumberOwner::of(refund.refund_no(), &foreign.refunds);
        let payment = self.stray.payment.clone();
        let about = match &refund.transaction_id {
            Some(id) => id.as_str(),
            None => payment.out_trade_no.as_str(),
        };
        let named = match (refund.refund_no(), refund.size) {
            (Some(refund_no), _) => refund_no.as_str().to_owned(),
            (None, RefundSize::Exactly(amount) | RefundSize::RunningTotal(amount)) => {
                amount.minor.to_string()
            }
            (None, RefundSize::Unknown) => String::new(),
        };
        let exception = ExceptionId::derive(
            &payment.account,
            &format!("{about}\n{named}"),
            ExceptionKind::Unmatched,
        );
        if self.stray.exception(&exception).is_some() {
            self.staleness = Some(Staleness::Repeat);
            return;
        }
        self.record(StrayEvent::UnmatchedRefundReceived(
            UnmatchedRefundReceived {
                payment,
                refund: refund.clone(),
                number,
                exception,
            },
        ));
    }

    fn hear_finally_unpaid(&mut self) {
        let known = shown(&self.stray.transactions);
        match known.map(Transaction::is_given_back) {
            Some(false) => {
                let id = known.map(|money| money.transaction_id.clone());
                self.contradict(id.as_ref(), Contradiction::UnpaidAfterPaid);
            }
            Some(true) | None => self.hear_nothing_new(Staleness::Repeat),
        }
    }

    fn hear_no_more_refunds(&mut self) {
        let known = shown(&self.stray.transactions).map(|money| &money.transaction_id);
        match (known, self.stray.refund_window) {
            (Some(known), RefundWindow::Open) => {
                let spoken_of = self.spoken_of.as_ref();
                let event = PaymentFinished {
                    payment: self.stray.payment.clone(),
                    method: Method::Unknown,
                    transaction_id: Some(spoken_of.unwrap_or(known).clone()),
                };
                self.record(StrayEvent::PaymentFinished(event));
            }
            (Some(_), RefundWindow::Finished) | (None, _) => {
                self.hear_nothing_new(Staleness::Repeat);
            }
        }
    }

    /// What says nothing of a number that nobody knows is only counted.
    fn hear_nothing_new(&mut self, staleness: Staleness) {
        if !self.stray.transactions.is_empty() {
            self.staleness = Some(staleness);
        }
    }

    fn contradict(&mut self, transaction_id: Option<&TransactionId>, contradicts: Contradiction) {
        let weighed = contradiction(&self.stray.book(), transaction_id, contradicts);
        self.take(weighed);
    }

    fn take(&mut self, weighed: Weighed) {
        match weighed {
            Weighed::Stale(staleness) => self.staleness = Some(staleness),
            Weighed::New(events) => {
                for event in events {
                    self.record(event.beside(&self.command.foreign).into());
                }
            }
        }
    }

    fn record(&mut self, event: StrayEvent) {
        let folded = apply(&mut self.stray, &event, self.command.now);
        debug_assert_eq!(folded, Ok(()), "{} does not fit the stray", event.name());
        self.events.push(event);
    }
}

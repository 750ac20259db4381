//! Holds a gateway's word on a refund against what a number's stream knows, and says what follows.

use super::effect::{
    contradiction, settle, settle_money, settle_troubles, submitted, succeeded, troubled,
};
use super::{Book, BookEvent, Moved, moved};
use crate::event::{Contradiction, ExternalRefundObserved, Staleness};
use crate::exception::{ExceptionId, ExceptionKind, ResolutionAction};
use crate::order::{Refund, Transaction, shown};
use crate::{Currency, Money, RefundFact, RefundNo, RefundSize, RefundState, Timestamp};

/// What follows from a gateway's word on a number's money.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Weighed {
    /// It says nothing new.
    Stale(Staleness),
    /// These events, at least one.
    New(Vec<BookEvent>),
}

/// Weighs a refund. `now` stands in where the gateway states no time of its own.
pub(crate) fn weigh(book: &Book<'_>, fact: &RefundFact, now: Timestamp) -> Weighed {
    match fact.refund_no.as_ref().and_then(|no| book.refund(no)) {
        Some(refund) => weigh_ours(book, refund, fact, now),
        None => weigh_back_office(book, fact, now),
    }
}

/// A refund that was asked for here.
fn weigh_ours(book: &Book<'_>, refund: &Refund, fact: &RefundFact, now: Timestamp) -> Weighed {
    if let Some(stated) = other_amount(refund, fact) {
        let contradicts = Contradiction::OtherRefundAmount {
            refund_no: refund.refund_no.clone(),
            asked: refund.amount,
            stated,
        };
        return contradiction(book, Some(&refund.transaction_id), contradicts);
    }
    let Some(money) = book.transaction(&refund.transaction_id) else {
        return Weighed::Stale(Staleness::Repeat);
    };
    let mut events = Vec::new();
    let mut given_back = money.refunded_minor;
    let stays = match moved(refund.status, fact.state) {
        Moved::Stays(staleness) => staleness,
        Moved::Submitted => return Weighed::New(vec![submitted(book, refund)]),
        Moved::NeedsAction => {
            let stuck = troubled(book, refund, ExceptionKind::RefundNeedsAction);
            return Weighed::New(vec![BookEvent::RefundNeedsAction(stuck)]);
        }
        Moved::Failed => {
            let failed = troubled(book, refund, ExceptionKind::RefundFailed);
            events.push(BookEvent::RefundFailed(failed));
            events.extend(settle_troubles(
                book,
                &refund.refund_no,
                ResolutionAction::Dismiss,
            ));
            return Weighed::New(events);
        }
        Moved::Succeeded => {
            given_back += refund.amount.minor;
            if given_back > money.amount.minor {
                return too_much(book, money, given_back, money.amount.currency);
            }
            events.push(succeeded(book, refund, fact, now));
            events.extend(settle_troubles(
                book,
                &refund.refund_no,
                ResolutionAction::Refund,
            ));
            events.extend(settle_money(book, money, given_back));
            Staleness::Repeat
        }
    };
    events.extend(beside_ours(book, refund, money, given_back, fact, now));
    if events.is_empty() {
        Weighed::Stale(stays)
    } else {
        Weighed::New(events)
    }
}

/// What a running total that speaks of one of our refunds says beside it.
fn beside_ours(
    book: &Book<'_>,
    refund: &Refund,
    money: &Transaction,
    given_back: i64,
    fact: &RefundFact,
    now: Timestamp,
) -> Vec<BookEvent> {
    let (RefundSize::RunningTotal(total), RefundState::Succeeded(_)) = (fact.size, fact.state)
    else {
        return Vec::new();
    };
    if total.minor > money.amount.minor {
        return match too_much(book, money, total.minor, total.currency) {
            Weighed::Stale(_) => Vec::new(),
            Weighed::New(events) => events,
        };
    }
    let minor = total.minor - given_back - pending_minor(book, money, Some(&refund.refund_no));
    if minor <= 0 {
        return Vec::new();
    }
    let extra = BackOffice {
        refund_no: None,
        amount: Some(Money { minor, ..total }),
        subject: total.minor.to_string(),
    };
    extra.events(book, money, given_back, fact, now)
}

/// The amount that is stated of one of our refunds where it cannot be the one asked for. A running
/// total counts other refunds too, so it must only not be smaller.
fn other_amount(refund: &Refund, fact: &RefundFact) -> Option<Money> {
    match (fact.size, fact.state) {
        (RefundSize::Exactly(stated), _) => (stated != refund.amount).then_some(stated),
        (RefundSize::RunningTotal(total), RefundState::Succeeded(_)) => {
            let covers =
                total.currency == refund.amount.currency && total.minor >= refund.amount.minor;
            (!covers).then_some(total)
        }
        (
            RefundSize::RunningTotal(_),
            RefundState::Processing | RefundState::NeedsAction | RefundState::Failed,
        )
        | (RefundSize::Unknown, _) => None,
    }
}

/// A refund that nobody here asked for. Only money that was given back counts: what is on its way,
/// stuck or refused in the back office changes nothing.
fn weigh_back_office(book: &Book<'_>, fact: &RefundFact, now: Timestamp) -> Weighed {
    let money = match &fact.transaction_id {
        Some(id) => book.transaction(id),
        None => shown(book.transactions),
    };
    let Some(money) = money else {
        return unfounded(book, fact);
    };
    match (fact.size, fact.state) {
        (RefundSize::Unknown, RefundState::Failed) => Weighed::Stale(Staleness::Repeat),
        (
            RefundSize::Unknown,
            RefundState::Processing | RefundState::Succeeded(_) | RefundState::NeedsAction,
        ) => weigh_unknown_size(book, money, fact, now),
        (
            RefundSize::Exactly(_) | RefundSize::RunningTotal(_),
            RefundState::Processing | RefundState::NeedsAction | RefundState::Failed,
        ) => Weighed::Stale(Staleness::Repeat),
        (RefundSize::Exactly(amount), RefundState::Succeeded(_)) => {
            weigh_exactly(book, money, amount, fact, now)
        }
        (RefundSize::RunningTotal(total), RefundState::Succeeded(_)) => {
            weigh_running_total(book, money, total, fact, now)
        }
    }
}

/// The gateway says that there was a refund, not which: any that is known explains it.
fn weigh_unknown_size(
    book: &Book<'_>,
    money: &Transaction,
    fact: &RefundFact,
    now: Timestamp,
) -> Weighed {
    let explained = money.external_minor > 0
        || book
            .refunds
            .iter()
            .any(|refund| refund.transaction_id == money.transaction_id);
    if explained {
        return Weighed::Stale(Staleness::Repeat);
    }
    let extra = BackOffice {
        refund_no: fact.refund_no.clone(),
        amount: None,
        subject: String::new(),
    };
    extra.weigh(book, money, fact, now)
}

fn weigh_exactly(
    book: &Book<'_>,
    money: &Transaction,
    amount: Money,
    fact: &RefundFact,
    now: Timestamp,
) -> Weighed {
    if amount.minor <= 0 || is_counted(money, fact) {
        return Weighed::Stale(Staleness::Repeat);
    }
    let extra = BackOffice {
        refund_no: fact.refund_no.clone(),
        amount: Some(amount),
        subject: amount.minor.to_string(),
    };
    if book.exception(&extra.exception(book, money)).is_some() {
        return Weighed::Stale(Staleness::Repeat);
    }
    let given_back = money.refunded_minor.saturating_add(amount.minor);
    if given_back > money.amount.minor || amount.currency != money.amount.currency {
        return too_much(book, money, given_back, amount.currency);
    }
    extra.weigh(book, money, fact, now)
}

/// What a running total holds above what is known and above what our refunds on their way may explain
/// was given back elsewhere. Where a number that is not ours is stated but nothing is left over, how
/// much it gave back is not known: the total may be older than ours, or be explained by one of ours that
/// is refused later.
fn weigh_running_total(
    book: &Book<'_>,
    money: &Transaction,
    total: Money,
    fact: &RefundFact,
    now: Timestamp,
) -> Weighed {
    if total.minor > money.amount.minor || total.currency != money.amount.currency {
        return too_much(book, money, total.minor, total.currency);
    }
    let above = total.minor - money.refunded_minor;
    let surplus = above - pending_minor(book, money, None);
    let new_number = fact.refund_no.clone().filter(|_| !is_counted(money, fact));
    let room = money.refunded_minor < money.amount.minor && total.minor > 0;
    // What is known of the back office without a number may be this one.
    let unaccounted = above > 0 || (room && money.external_minor == 0);
    let is_foreign = new_number.is_some() && unaccounted;
    if surplus <= 0 && !is_foreign {
        return Weighed::Stale(if above < 0 {
            Staleness::OlderNews
        } else {
            Staleness::Repeat
        });
    }
    let extra = BackOffice {
        refund_no: new_number,
        amount: (surplus > 0).then_some(Money {
            minor: surplus,
            ..total
        }),
        subject: total.minor.to_string(),
    };
    extra.weigh(book, money, fact, now)
}

/// A refund of money that is not known here. A stated amount cannot be believed until the money is
/// known; that there was some refund says nothing yet.
fn unfounded(book: &Book<'_>, fact: &RefundFact) -> Weighed {
    match (fact.size, fact.state) {
        (
            RefundSize::Exactly(stated) | RefundSize::RunningTotal(stated),
            RefundState::Succeeded(_),
        ) => {
            let contradicts = Contradiction::RefundedTooMuch {
                received: Money { minor: 0, ..stated },
                stated,
            };
            contradiction(book, fact.transaction_id.as_ref(), contradicts)
        }
        (
            RefundSize::Exactly(_) | RefundSize::RunningTotal(_),
            RefundState::Processing | RefundState::NeedsAction | RefundState::Failed,
        )
        | (RefundSize::Unknown, _) => Weighed::Stale(Staleness::Repeat),
    }
}

fn too_much(book: &Book<'_>, money: &Transaction, minor: i64, currency: Currency) -> Weighed {
    let contradicts = Contradiction::RefundedTooMuch {
        received: money.amount,
        stated: Money { minor, currency },
    };
    contradiction(book, Some(&money.transaction_id), contradicts)
}

/// Whether the refund of that number is among those that the back office is known to have made.
fn is_counted(money: &Transaction, fact: &RefundFact) -> bool {
    fact.refund_no
        .as_ref()
        .is_some_and(|no| money.external_refunds.contains(no))
}

/// What our refunds of this money that have no outcome yet may come to, `but` one.
fn pending_minor(book: &Book<'_>, money: &Transaction, but: Option<&RefundNo>) -> i64 {
    book.refunds
        .iter()
        .filter(|refund| refund.transaction_id == money.transaction_id && refund.is_pending())
        .filter(|refund| Some(&refund.refund_no) != but)
        .map(|refund| refund.amount.minor)
        .sum()
}

/// Money given back in the gateway's own back office that was not known.
struct BackOffice {
    /// Its number, where stated and not counted yet.
    refund_no: Option<RefundNo>,
    /// How much, where known.
    amount: Option<Money>,
    /// What names it where it has no number.
    subject: String,
}

impl BackOffice {
    /// Its exception, named after its number behind the transaction, else after its size.
    fn exception(&self, book: &Book<'_>, money: &Transaction) -> ExceptionId {
        let named = match &self.refund_no {
            Some(refund_no) => refund_no.as_str(),
            None => &self.subject,
        };
        ExceptionId::derive(
            &book.payment.account,
            &format!("{}\n{named}", money.transaction_id),
            ExceptionKind::ExternalRefund,
        )
    }

    fn weigh(
        self,
        book: &Book<'_>,
        money: &Transaction,
        fact: &RefundFact,
        now: Timestamp,
    ) -> Weighed {
        let events = self.events(book, money, money.refunded_minor, fact, now);
        if events.is_empty() {
            Weighed::Stale(Staleness::Repeat)
        } else {
            Weighed::New(events)
        }
    }

    /// Its events, none where its exception was opened before; `known_minor` is what is given back
    /// of the money without it.
    fn events(
        self,
        book: &Book<'_>,
        money: &Transaction,
        known_minor: i64,
        fact: &RefundFact,
        now: Timestamp,
    ) -> Vec<BookEvent> {
        let transaction_id = &money.transaction_id;
        let exception = self.exception(book, money);
        if book.exception(&exception).is_some() {
            return Vec::new();
        }
        let mut events = vec![BookEvent::ExternalRefund(ExternalRefundObserved {
            payment: book.payment.clone(),
            method: book.method,
            transaction_id: transaction_id.clone(),
            refund_no: self.refund_no,
            amount: self.amount,
            refunded_at: stated_time(fact, now),
            exception,
        })];
        if let Some(amount) = self.amount {
            // A refund of a size that was unknown has its size now.
            let sizeless = book.exceptions.iter().filter(|open| {
                open.kind == ExceptionKind::ExternalRefund
                    && open.transaction_id.as_ref() == Some(transaction_id)
                    && open.received.is_none()
            });
            events.extend(sizeless.filter_map(|open| settle(open, ResolutionAction::Accept)));
            events.extend(settle_money(book, money, known_minor + amount.minor));
        }
        events
    }
}

/// The gateway's own time of a success, else the time of observation.
pub(super) fn stated_time(fact: &RefundFact, now: Timestamp) -> Timestamp {
    match fact.state {
        RefundState::Succeeded(Some(at)) => at,
        RefundState::Succeeded(None)
        | RefundState::Processing
        | RefundState::NeedsAction
        | RefundState::Failed => now,
    }
}

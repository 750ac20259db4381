//! Holds a gateway's word on a refund against what a number's stream knows, and says what follows.

use super::effect::{
    contradiction, settle, settle_money, settle_troubles, submitted, succeeded, troubled,
};
use super::{Book, BookEvent, Moved, moved};
use crate::event::{Contradiction, ExternalRefundObserved, NumberOwner, Staleness};
use crate::exception::{ExceptionId, ExceptionKind, ResolutionAction};
use crate::order::{ExternalRefund, Refund, RefundStatus, Transaction, shown};
use crate::{
    Currency, Money, RefundFact, RefundNo, RefundNumber, RefundSize, RefundState, Timestamp,
};

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
    match fact.refund_no().and_then(|no| book.refund(no)) {
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
        return other_refund(book, refund, contradicts);
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

/// The gateway has another refund under the number of ours, which can then not be made: a person must act.
fn other_refund(book: &Book<'_>, refund: &Refund, contradicts: Contradiction) -> Weighed {
    let contradicted = contradiction(book, Some(&refund.transaction_id), contradicts);
    match refund.status {
        RefundStatus::Requested | RefundStatus::Submitted => {
            let mut events = match contradicted {
                Weighed::Stale(_) => Vec::new(),
                Weighed::New(events) => events,
            };
            let stuck = troubled(book, refund, ExceptionKind::RefundNeedsAction);
            events.push(BookEvent::RefundNeedsAction(stuck));
            Weighed::New(events)
        }
        RefundStatus::NeedsAction | RefundStatus::Succeeded | RefundStatus::Failed => contradicted,
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
        size: None,
        named: total.minor.to_string(),
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
        named: named(fact.refund_no(), String::new()),
        refund_no: fact.refund_no().cloned(),
        amount: None,
        size: None,
    };
    extra.weigh(book, money, fact, now)
}

/// What a refund gave back by itself may be known already, as a part of what running totals held above
/// what was known before them.
fn weigh_exactly(
    book: &Book<'_>,
    money: &Transaction,
    amount: Money,
    fact: &RefundFact,
    now: Timestamp,
) -> Weighed {
    let known = known_number(money, fact);
    if amount.minor <= 0 || known.is_some_and(|known| known.size.is_some()) {
        return Weighed::Stale(Staleness::Repeat);
    }
    let more = match totalled(money, fact) {
        Totalled::Maybe => (amount.minor - money.unsized_minor()).max(0),
        Totalled::Not => amount.minor,
    };
    let mut named = named(fact.refund_no(), amount.minor.to_string());
    if known.is_some() {
        // Another exception told of the number before its size was known.
        named = format!("{named}\n{}", amount.minor);
    }
    let extra = BackOffice {
        named,
        refund_no: fact.refund_no().cloned(),
        amount: (more > 0).then_some(Money {
            minor: more,
            ..amount
        }),
        size: Some(amount),
    };
    if book.exception(&extra.exception(book, money)).is_some() {
        return Weighed::Stale(Staleness::Repeat);
    }
    let given_back = money.refunded_minor.saturating_add(more);
    if given_back > money.amount.minor || amount.currency != money.amount.currency {
        return too_much(book, money, given_back, amount.currency);
    }
    extra.weigh(book, money, fact, now)
}

/// Whether a running total that is counted may hold a refund.
enum Totalled {
    Maybe,
    Not,
}

/// A total holds the refunds until its own time; the gateways' times are of whole seconds.
fn totalled(money: &Transaction, fact: &RefundFact) -> Totalled {
    match (money.totalled_at, fact.state) {
        (None, _) => Totalled::Not,
        (Some(totalled_at), RefundState::Succeeded(Some(at))) if at > totalled_at => Totalled::Not,
        (
            Some(_),
            RefundState::Succeeded(_)
            | RefundState::Processing
            | RefundState::NeedsAction
            | RefundState::Failed,
        ) => Totalled::Maybe,
    }
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
    let new_number = fact.refund_no().cloned();
    let new_number = new_number.filter(|_| known_number(money, fact).is_none());
    let names_another = new_number.is_some() || fact.number == RefundNumber::Foreign;
    let room = money.refunded_minor < money.amount.minor && total.minor > 0;
    // What is known of the back office without a number may be this one.
    let unaccounted = above > 0 || (room && money.external_minor == 0);
    let is_foreign = names_another && unaccounted;
    if surplus <= 0 && !is_foreign {
        return Weighed::Stale(if above < 0 {
            Staleness::OlderNews
        } else {
            Staleness::Repeat
        });
    }
    let extra = BackOffice {
        named: named(new_number.as_ref(), total.minor.to_string()),
        refund_no: new_number,
        amount: (surplus > 0).then_some(Money {
            minor: surplus,
            ..total
        }),
        size: None,
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

/// The refund of that number, where the back office is known to have made it.
fn known_number<'a>(money: &'a Transaction, fact: &RefundFact) -> Option<&'a ExternalRefund> {
    money.external_refund(fact.refund_no()?)
}

/// What names a refund of the back office: its number, else what else there is to tell it by.
fn named(refund_no: Option<&RefundNo>, subject: String) -> String {
    refund_no.map_or(subject, |refund_no| refund_no.as_str().to_owned())
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
    /// Its number, where stated and not known before.
    refund_no: Option<RefundNo>,
    /// How much more is thereby known to be given back, where that is known.
    amount: Option<Money>,
    /// What it gave back by itself, where stated.
    size: Option<Money>,
    /// What names it behind the transaction.
    named: String,
}

impl BackOffice {
    fn exception(&self, book: &Book<'_>, money: &Transaction) -> ExceptionId {
        ExceptionId::derive(
            &book.payment.account,
            &format!("{}\n{}", money.transaction_id, self.named),
            ExceptionKind::ExternalRefund,
        )
    }

    /// The exception that it opens; `None` where that was opened before. A running total that has opened
    /// one, and holds more than was known then, for one of ours was refused since, opens another.
    fn new_exception(
        &mut self,
        book: &Book<'_>,
        money: &Transaction,
        known_minor: i64,
    ) -> Option<ExceptionId> {
        let is_new = |id: &ExceptionId| book.exception(id).is_none();
        let first = self.exception(book, money);
        if is_new(&first) {
            return Some(first);
        }
        if self.amount.is_none() || self.size.is_some() {
            return None;
        }
        self.named = format!("{}\n{known_minor}", self.named);
        Some(self.exception(book, money)).filter(is_new)
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
        mut self,
        book: &Book<'_>,
        money: &Transaction,
        known_minor: i64,
        fact: &RefundFact,
        now: Timestamp,
    ) -> Vec<BookEvent> {
        let transaction_id = &money.transaction_id;
        let Some(exception) = self.new_exception(book, money, known_minor) else {
            return Vec::new();
        };
        let number = self.refund_no.clone();
        let mut events = vec![BookEvent::ExternalRefund(ExternalRefundObserved {
            payment: book.payment.clone(),
            method: book.method,
            transaction_id: transaction_id.clone(),
            refund_no: self.refund_no,
            amount: self.amount,
            size: self.size,
            number: NumberOwner::Payment,
            refunded_at: stated_time(fact, now),
            exception,
        })];
        let more = self.amount.map_or(0, |amount| amount.minor);
        if self.size.is_some() || more > 0 {
            // What was told of it before, or of one of unknown size that it may be, is told better now.
            let told = book.exceptions.iter().filter(|open| {
                let may_be_it = open.refund_no.is_none() || number.is_none();
                open.kind == ExceptionKind::ExternalRefund
                    && open.transaction_id.as_ref() == Some(transaction_id)
                    && ((open.received.is_none() && may_be_it)
                        || (number.is_some() && open.refund_no == number))
            });
            events.extend(told.filter_map(|open| settle(open, ResolutionAction::Accept)));
            events.extend(settle_money(book, money, known_minor + more));
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

//! An order takes up what a stray's stream holds for a number of its own.

use super::hearing::{Circumstances, Hearing};
use crate::command::{Rejection, TakeUpBasis, TakeUpStray};
use crate::decide::Draft;
use crate::event::{Basis, OrderEvent, PaymentStarted, RefundOrigin, RefundRequested};
use crate::exception::{ExceptionId, ExceptionKind};
use crate::order::{Payment, PlacedOrder};
use crate::{Fact, Method, Observation, Receipt, RefundFact, RefundSize, RefundState};

/// Where the order has claimed the number, the facts are met as they would have been then; the money
/// that a person gave it pays it as it is. Idempotent by what is known already.
pub(crate) fn take_up_stray(
    order: &PlacedOrder,
    command: &TakeUpStray,
) -> Result<Vec<OrderEvent>, Rejection> {
    let observation = &command.observation;
    let mut draft = Draft::of(order);
    match &command.basis {
        TakeUpBasis::Accepted { .. } if order.payment(&observation.payment).is_none() => {
            draft.record(started_elsewhere(order, command));
        }
        TakeUpBasis::Accepted { .. } | TakeUpBasis::Claimed => {}
    }
    let circumstances = Circumstances {
        payment: &observation.payment,
        source: observation.source,
        foreign: &command.foreign,
        capability: command.capability,
        policy: command.policy,
        now: command.now,
    };
    let mut hearing = Hearing::of(draft, circumstances);
    let accepted = accepted(command);
    for fact in accepted_first(observation, accepted) {
        match (fact, &command.basis) {
            (Fact::Paid(receipt), TakeUpBasis::Accepted { exception })
                if accepted == Some(receipt) =>
            {
                hearing.accept(receipt, Basis::Accepted(exception.clone()))?;
            }
            (Fact::Refund(refund), TakeUpBasis::Accepted { .. } | TakeUpBasis::Claimed) => {
                take_over_refund(&mut hearing, refund, fact)?;
            }
            (
                Fact::Paid(_) | Fact::NotPaidYet | Fact::FinallyUnpaid | Fact::NoMoreRefunds,
                TakeUpBasis::Accepted { .. } | TakeUpBasis::Claimed,
            ) => hearing.hear(fact)?,
        }
    }
    hearing.finish()
}

/// The money that a person accepted; `None` where it was a refund of money that nobody knew then.
fn accepted(command: &TakeUpStray) -> Option<&Receipt> {
    let TakeUpBasis::Accepted { exception } = &command.basis else {
        return None;
    };
    let account = &command.observation.payment.account;
    command.observation.facts.iter().find_map(|fact| {
        let Fact::Paid(receipt) = fact else {
            return None;
        };
        let id = receipt.transaction_id.as_str();
        let about = ExceptionId::derive(account, id, ExceptionKind::Unmatched);
        (about == *exception).then_some(receipt)
    })
}

/// What is stated of the accepted money comes before other money of the number, which would else be
/// the first to pay.
fn accepted_first<'a>(
    observation: &'a Observation,
    accepted: Option<&Receipt>,
) -> impl Iterator<Item = &'a Fact> {
    let accepted = accepted.map(|receipt| &receipt.transaction_id);
    let (mut first, rest): (Vec<&Fact>, Vec<&Fact>) = observation
        .facts
        .iter()
        .partition(|fact| accepted.is_some() && fact.transaction_id() == accepted);
    first.extend(rest);
    first.into_iter()
}

/// A refund that was decided while the money was a stray goes on as the order's own, so that it holds
/// the shipment and its outcome is waited for. One without an outcome is asked for again from here,
/// under the same number.
fn take_over_refund(
    hearing: &mut Hearing<'_>,
    refund: &RefundFact,
    fact: &Fact,
) -> Result<(), Rejection> {
    let decided_here = refund.refund_no().and_then(ExceptionId::of_refund);
    let payment = hearing.payment()?;
    let is_known = refund
        .refund_no()
        .is_some_and(|refund_no| payment.refund(refund_no).is_some());
    if decided_here.is_some() && is_known {
        // It is the order's own since it was taken over, and the stray has heard nothing more of it.
        return Ok(());
    }
    if let Some(wish) = adopted(payment, refund) {
        hearing.record(wish);
    }
    match (decided_here, refund.state) {
        (Some(_), RefundState::Processing) => Ok(()),
        (Some(_), RefundState::Succeeded(_) | RefundState::NeedsAction | RefundState::Failed)
        | (None, _) => hearing.hear(fact),
    }
}

/// The number as a payment that the order never started, for the money that a person gave it.
fn started_elsewhere(order: &PlacedOrder, command: &TakeUpStray) -> OrderEvent {
    OrderEvent::PaymentStarted(PaymentStarted {
        payment: command.observation.payment.clone(),
        method: Method::External,
        asked: order.amount,
        app_id: None,
        expires_at: None,
        return_url: None,
        openid: None,
        client_ip: None,
    })
}

/// The wish of a refund that an exception's decision made, where it is of money that this payment
/// brought, and the order's own wishes leave enough of it. It was sent, or will be: where the back office
/// left too little since, the gateway refuses it.
fn adopted(payment: &Payment, fact: &RefundFact) -> Option<OrderEvent> {
    let refund_no = fact.refund_no()?;
    let (id, attempt) = ExceptionId::of_refund(refund_no)?;
    let money = payment.transaction(fact.transaction_id.as_ref()?)?;
    let RefundSize::Exactly(amount) = fact.size else {
        return None;
    };
    let wishes = payment.refunds.iter();
    let wishes =
        wishes.filter(|wish| wish.transaction_id == money.transaction_id && wish.is_reserved());
    let wished: i64 = wishes.map(|wish| wish.amount.minor).sum();
    let fits = amount.currency == money.amount.currency
        && (1..=money.amount.minor - wished).contains(&amount.minor);
    if !fits {
        return None;
    }
    Some(OrderEvent::RefundRequested(RefundRequested {
        payment: payment.payment.clone(),
        method: payment.method,
        transaction_id: money.transaction_id.clone(),
        refund_no: refund_no.clone(),
        amount,
        origin: RefundOrigin::Exception { id, attempt },
        reason: None,
    }))
}

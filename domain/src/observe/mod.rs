//! A gateway's facts meet an order. Each fact is weighed against the order as evolved by the facts
//! before it, by the tables; nothing that a gateway says is refused.

mod hearing;
mod money;
pub(crate) mod table;

use crate::command::{
    Observe, ObserveRefundHint, ObserveReturn, Rejection, TakeUpBasis, TakeUpStray,
};
use crate::decide::Draft;
use crate::event::{Basis, OrderEvent, PaymentNamed, PaymentStarted, RefundHintReceived};
use crate::order::{PlacedOrder, Unmoved};
use crate::{Fact, Method, TransactionId};
use hearing::{Circumstances, Hearing};

/// Everything that one message proves, decided together. A notify that says nothing new leaves one
/// `DuplicateNotifyIgnored`, as long as few enough are kept.
pub(crate) fn observe(
    order: &PlacedOrder,
    command: &Observe,
) -> Result<Vec<OrderEvent>, Rejection> {
    let observation = &command.observation;
    let circumstances = Circumstances {
        payment: &observation.payment,
        source: observation.source,
        foreign_transactions: &command.foreign_transactions,
        capability: command.capability,
        policy: command.policy,
        now: command.now,
    };
    let mut hearing = Hearing::of(Draft::of(order), circumstances);
    hearing.hear_all(&observation.facts)?;
    hearing.note_duplicate(&observation.facts)?;
    Ok(hearing.finish())
}

/// The order takes up what a stray's stream holds. Where it has claimed the number, the facts are met
/// as they would have been then; where a person gave it the money, the money pays it as it is.
pub(crate) fn take_up_stray(
    order: &PlacedOrder,
    command: &TakeUpStray,
) -> Result<Vec<OrderEvent>, Rejection> {
    const NONE_FOREIGN: &[TransactionId] = &[];
    let observation = &command.observation;
    let circumstances = Circumstances {
        payment: &observation.payment,
        source: observation.source,
        foreign_transactions: NONE_FOREIGN,
        capability: command.capability,
        policy: command.policy,
        now: command.now,
    };
    let mut draft = Draft::of(order);
    match &command.basis {
        TakeUpBasis::Claimed => {
            let mut hearing = Hearing::of(draft, circumstances);
            hearing.hear_all(&observation.facts)?;
            Ok(hearing.finish())
        }
        TakeUpBasis::Accepted { exception } => {
            if order.payment(&observation.payment).is_none() {
                draft.record(OrderEvent::PaymentStarted(PaymentStarted {
                    payment: observation.payment.clone(),
                    method: Method::External,
                    asked: order.amount,
                    app_id: None,
                    expires_at: None,
                    return_url: None,
                    openid: None,
                    client_ip: None,
                }));
            }
            let mut hearing = Hearing::of(draft, circumstances);
            for fact in &observation.facts {
                match fact {
                    Fact::Paid(receipt) => {
                        hearing.accept(receipt, Basis::Accepted(exception.clone()))?;
                    }
                    Fact::NotPaidYet
                    | Fact::Refund(_)
                    | Fact::FinallyUnpaid
                    | Fact::NoMoreRefunds => hearing.hear(fact)?,
                }
            }
            Ok(hearing.finish())
        }
    }
}

/// The buyer came back. That proves nothing; past the bound it is only counted elsewhere.
pub(crate) fn observe_return(
    order: &PlacedOrder,
    command: ObserveReturn,
) -> Result<Vec<OrderEvent>, Rejection> {
    let payment = order
        .payment(&command.payment)
        .ok_or(Rejection::NoSuchPayment)?;

    if payment.unmoved.returns >= Unmoved::KEPT {
        return Ok(Vec::new());
    }
    Ok(vec![OrderEvent::ReturnObserved(PaymentNamed {
        payment: command.payment,
        method: payment.method,
    })])
}

/// An unsigned notify claims something of a refund. It changes nothing until a query confirms it.
pub(crate) fn observe_refund_hint(
    order: &PlacedOrder,
    command: ObserveRefundHint,
) -> Result<Vec<OrderEvent>, Rejection> {
    let hint = command.hint;
    let payment = order
        .payment(&hint.payment)
        .ok_or(Rejection::NoSuchPayment)?;

    if payment.unmoved.hints >= Unmoved::KEPT {
        return Ok(Vec::new());
    }
    Ok(vec![OrderEvent::RefundHintReceived(RefundHintReceived {
        payment: hint.payment,
        method: payment.method,
        claimed: hint.refund,
    })])
}

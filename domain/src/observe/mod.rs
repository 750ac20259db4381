//! A gateway's facts meet an order. Each fact is weighed against the order as evolved by the facts
//! before it, by the tables; nothing that a gateway says is refused.

mod hearing;
mod money;
mod table;
mod take_up;

pub(crate) use take_up::take_up_stray;

use crate::command::{Observe, ObserveRefundHint, ObserveReturn, Rejection};
use crate::decide::Draft;
use crate::event::{OrderEvent, PaymentNamed, RefundHintReceived};
use crate::order::{PlacedOrder, Unmoved};
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
        foreign: &command.foreign,
        capability: command.capability,
        policy: command.policy,
        now: command.now,
    };
    let mut hearing = Hearing::of(Draft::of(order), circumstances);
    hearing.hear_all(&observation.facts)?;
    hearing.note_duplicate(&observation.facts)?;
    hearing.finish()
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

//! An open order ends without being paid: by the shop's wish, or by time.

use crate::Timestamp;
use crate::command::{Conclude, Rejection};
use crate::event::OrderEvent;
use crate::order::{CancelWish, OrderStatus, Payment, PlacedOrder};

/// How long after its end a payment may still be paid at its gateway, for clocks differ.
const GRACE_SECS: i64 = 600;

/// The wish is stored even where payments are still open, so that it goes on by itself; what is paid
/// before they are closed is paid.
pub(super) fn cancel(
    order: &PlacedOrder,
    command: &Conclude,
) -> Result<Vec<OrderEvent>, Rejection> {
    match order.status {
        OrderStatus::Paid => return Err(Rejection::OrderPaid),
        OrderStatus::Expired => return Err(Rejection::OrderExpired),
        OrderStatus::Cancelled => return Ok(Vec::new()),
        OrderStatus::Open => {}
    }

    let mut events = Vec::new();
    match order.cancel_wish {
        CancelWish::None => events.push(OrderEvent::CancelRequested),
        CancelWish::Requested => {}
    }
    if all_over(order, command) {
        events.push(OrderEvent::OrderCancelled);
    }
    Ok(events)
}

/// Ends an order whose time has run out once none of its payments can be paid any more; nothing where
/// it is not so yet, or no more. A wish to cancel it came first, and stands.
pub(super) fn expire(
    order: &PlacedOrder,
    command: &Conclude,
) -> Result<Vec<OrderEvent>, Rejection> {
    match order.status {
        OrderStatus::Paid | OrderStatus::Cancelled | OrderStatus::Expired => return Ok(Vec::new()),
        OrderStatus::Open => {}
    }

    if command.now < order.expires_at || !all_over(order, command) {
        return Ok(Vec::new());
    }
    Ok(vec![match order.cancel_wish {
        CancelWish::None => OrderEvent::OrderExpired,
        CancelWish::Requested => OrderEvent::OrderCancelled,
    }])
}

fn all_over(order: &PlacedOrder, command: &Conclude) -> bool {
    is_past(order.expires_at, command.now)
        || order
            .payments
            .iter()
            .all(|payment| is_over(payment, command))
}

/// Whether no money can come by the payment any more, or it counts so.
fn is_over(payment: &Payment, command: &Conclude) -> bool {
    !payment.is_endless()
        || is_excused(payment, command)
        || payment
            .expires_at
            .is_some_and(|expires_at| is_past(expires_at, command.now))
}

fn is_excused(payment: &Payment, command: &Conclude) -> bool {
    command.excused.iter().any(|excused| {
        excused.payment == payment.payment
            && excused.was_offered == payment.is_offered()
            && excused.pending == payment.pending
    })
}

fn is_past(expires_at: Timestamp, now: Timestamp) -> bool {
    expires_at.plus_secs(GRACE_SECS) <= now
}

//! Folds events into an order's state: total and pure. What may happen is `decide`'s matter; here an
//! event that cannot have happened makes the order corrupt, and says where.

mod book;
mod payment;
mod shipment;

pub(crate) use book::{BookMut, exception_resolved, open};
pub(crate) use payment::{about_money, received};

use crate::Timestamp;
use crate::event::{OrderEvent, OrderPlaced};
use crate::order::{CancelWish, Corruption, Order, OrderStatus, PlacedOrder};

/// An event met a state that it cannot belong to; this names the state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Misfit(pub(crate) &'static str);

/// The order after `event`, which happened at `at`.
pub fn evolve(order: Order, event: &OrderEvent, at: Timestamp) -> Order {
    match (order, event) {
        (Order::Unplaced, OrderEvent::OrderPlaced(placed)) => {
            Order::Placed(order_placed(placed, at))
        }
        (Order::Unplaced, event) => Order::Corrupt(Corruption {
            order_no: None,
            state: "unplaced",
            event: event.name(),
        }),
        (Order::Placed(mut order), event) => match apply(&mut order, event, at) {
            Ok(()) => Order::Placed(order),
            Err(Misfit(state)) => Order::Corrupt(Corruption {
                order_no: Some(order.order_no),
                state,
                event: event.name(),
            }),
        },
        (Order::Corrupt(corruption), _) => Order::Corrupt(corruption),
    }
}

/// Changes a placed order by one event.
pub(crate) fn apply(
    order: &mut PlacedOrder,
    event: &OrderEvent,
    at: Timestamp,
) -> Result<(), Misfit> {
    match event {
        OrderEvent::OrderPlaced(_) => Err(Misfit(order.status.as_str())),
        OrderEvent::CancelRequested => cancel_requested(order),
        OrderEvent::OrderCancelled => conclude(order, OrderStatus::Cancelled),
        OrderEvent::OrderExpired => conclude(order, OrderStatus::Expired),
        OrderEvent::PaymentStarted(event) => payment::started(order, event, at),
        OrderEvent::PaymentOffered(event) => payment::offered(order, event),
        OrderEvent::PaymentPending(event) => payment::pending(order, event),
        OrderEvent::PaymentStartFailed(event) => payment::start_failed(order, event),
        OrderEvent::PaymentClosed(event) => payment::closed(order, event),
        OrderEvent::PaymentFinished(event) => payment::finished(order, event),
        OrderEvent::ReturnObserved(event) => payment::returned(order, event),
        OrderEvent::DuplicateNotifyIgnored(event) => payment::repeated(order, event),
        OrderEvent::RefundHintReceived(event) => payment::hinted(order, event),
        OrderEvent::PaymentConfirmed(event) => payment::confirmed(order, event),
        OrderEvent::LatePaymentReceived(event) => payment::late(order, event, at),
        OrderEvent::DoublePaymentReceived(event) => payment::double(order, event, at),
        OrderEvent::MismatchedPaymentReceived(event) => payment::mismatched(order, event, at),
        OrderEvent::ContradictionObserved(event) => {
            book_of(order, &event.payment)?.contradiction_observed(event, at)
        }
        OrderEvent::RefundRequested(event) => {
            book_of(order, &event.payment)?.refund_requested(event, at)
        }
        OrderEvent::RefundSubmitted(event) => {
            book_of(order, &event.payment)?.refund_submitted(event)
        }
        OrderEvent::RefundNeedsAction(event) => {
            book_of(order, &event.payment)?.refund_needs_action(event, at)
        }
        OrderEvent::RefundRetried(event) => book_of(order, &event.payment)?.refund_retried(event),
        OrderEvent::RefundSucceeded(event) => {
            book_of(order, &event.payment)?.refund_succeeded(event)
        }
        OrderEvent::RefundFailed(event) => book_of(order, &event.payment)?.refund_failed(event, at),
        OrderEvent::ExternalRefundObserved(event) => {
            book_of(order, &event.payment)?.external_refund_observed(event, at)
        }
        OrderEvent::ExceptionResolved(event) => {
            book::exception_resolved(&mut order.exceptions, event, at)
        }
        OrderEvent::ShipmentRequested => shipment::requested(order, at),
        OrderEvent::ShipmentHeld(event) => shipment::held(order, event),
        OrderEvent::ShipmentReleased => shipment::released(order),
        OrderEvent::ShipmentCancelled => shipment::cancelled(order),
        OrderEvent::ShipmentDispatched(event) => shipment::dispatched(order, event, at),
        OrderEvent::ShipmentDelivered => shipment::delivered(order),
    }
}

fn order_placed(event: &OrderPlaced, at: Timestamp) -> PlacedOrder {
    PlacedOrder {
        order_no: event.order_no.clone(),
        amount: event.amount,
        fulfilment: event.fulfilment,
        created_at: at,
        expires_at: event.expires_at,
        subject: event.subject.clone(),
        metadata: event.metadata.clone(),
        status: OrderStatus::Open,
        cancel_wish: CancelWish::None,
        payments: Vec::new(),
        shipment: None,
        exceptions: Vec::new(),
    }
}

fn cancel_requested(order: &mut PlacedOrder) -> Result<(), Misfit> {
    match (order.status, order.cancel_wish) {
        (OrderStatus::Open, CancelWish::None) => {
            order.cancel_wish = CancelWish::Requested;
            Ok(())
        }
        (OrderStatus::Open, CancelWish::Requested) => Err(Misfit("open, cancelling asked for")),
        (OrderStatus::Paid | OrderStatus::Cancelled | OrderStatus::Expired, _) => {
            Err(Misfit(order.status.as_str()))
        }
    }
}

fn conclude(order: &mut PlacedOrder, status: OrderStatus) -> Result<(), Misfit> {
    match order.status {
        OrderStatus::Open => {
            order.status = status;
            order.cancel_wish = CancelWish::None;
            Ok(())
        }
        OrderStatus::Paid | OrderStatus::Cancelled | OrderStatus::Expired => {
            Err(Misfit(order.status.as_str()))
        }
    }
}

fn book_of<'a>(
    order: &'a mut PlacedOrder,
    payment: &crate::PaymentRef,
) -> Result<BookMut<'a>, Misfit> {
    let payment = order
        .payments
        .iter_mut()
        .find(|known| known.payment == *payment)
        .ok_or(payment::UNKNOWN)?;
    Ok(BookMut {
        transactions: &mut payment.transactions,
        refunds: &mut payment.refunds,
        exceptions: &mut order.exceptions,
    })
}

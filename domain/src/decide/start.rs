//! A payment is started: the intent, then what the gateway made of it.

use crate::command::{Difference, FailPaymentStart, OfferPayment, Rejection, StartPayment};
use crate::event::{OrderEvent, PaymentOffered, PaymentStartFailed, PaymentStarted};
use crate::order::{CancelWish, OrderStatus, Payment, PaymentStage, Pending, PlacedOrder};
use crate::policy::Capability;
use crate::{Method, PaymentRef, Timestamp};

/// How long before an order's end nothing is started any more, so that the buyer has time to pay.
const LAST_START_SECS: i64 = 60;

pub(super) fn start_payment(
    order: &PlacedOrder,
    command: StartPayment,
) -> Result<Vec<OrderEvent>, Rejection> {
    if let Some(known) = order.payment(&command.payment) {
        let differences = differences(order, known, &command);
        if !differences.is_empty() {
            return Err(Rejection::Conflict(differences));
        }
        if !may_start_again(known) {
            return Ok(Vec::new());
        }
    }
    if command.method != Method::External {
        match command.capability {
            Capability::Full => {}
            Capability::Retired | Capability::ReceivesOnly => {
                return Err(Rejection::AccountReceivesOnly);
            }
        }
        takes_payments(order, command.now)?;
    }

    let offer = command.offer.map(|offer| {
        OrderEvent::PaymentOffered(PaymentOffered {
            payment: command.payment.clone(),
            method: command.method,
            offer,
            valid_until: command.expires_at,
        })
    });
    let mut events = vec![OrderEvent::PaymentStarted(PaymentStarted {
        payment: command.payment,
        method: command.method,
        asked: order.amount,
        app_id: command.app_id,
        expires_at: command.expires_at,
        return_url: command.return_url,
        openid: command.openid,
        client_ip: command.client_ip,
    })];
    events.extend(offer);
    Ok(events)
}

/// The gateway offered the payment. A fresh offer replaces an older one; a payment that has ended is
/// not opened again.
pub(super) fn offer_payment(
    order: &PlacedOrder,
    command: OfferPayment,
) -> Result<Vec<OrderEvent>, Rejection> {
    let payment = known(order, &command.payment)?;

    match &payment.stage {
        PaymentStage::Closed => return Ok(Vec::new()),
        PaymentStage::Open { offer, valid_until }
            if *offer == command.offer && *valid_until == command.valid_until =>
        {
            return Ok(Vec::new());
        }
        PaymentStage::Starting | PaymentStage::Open { .. } | PaymentStage::Failed { .. } => {}
    }
    Ok(vec![OrderEvent::PaymentOffered(PaymentOffered {
        payment: command.payment,
        method: payment.method,
        offer: command.offer,
        valid_until: command.valid_until,
    })])
}

/// The gateway refused to start the payment. What the buyer can already pay, or has ended, stays; so does
/// what the gateway took before without an answer, and knows.
pub(super) fn fail_payment_start(
    order: &PlacedOrder,
    command: FailPaymentStart,
) -> Result<Vec<OrderEvent>, Rejection> {
    let payment = known(order, &command.payment)?;

    match payment.stage {
        PaymentStage::Open { .. } | PaymentStage::Failed { .. } | PaymentStage::Closed => {
            Ok(Vec::new())
        }
        PaymentStage::Starting
            if payment.started_at != command.started_at || payment.pending == Pending::Heard =>
        {
            Ok(Vec::new())
        }
        PaymentStage::Starting => Ok(vec![OrderEvent::PaymentStartFailed(PaymentStartFailed {
            payment: command.payment,
            method: payment.method,
            gateway_code: command.gateway_code,
            gateway_message: Some(command.gateway_message),
        })]),
    }
}

/// A start that the gateway refused is tried again by the same request, unless money came by it.
fn may_start_again(payment: &Payment) -> bool {
    match payment.stage {
        PaymentStage::Failed { .. } => payment.transactions.is_empty(),
        PaymentStage::Starting | PaymentStage::Open { .. } | PaymentStage::Closed => false,
    }
}

fn takes_payments(order: &PlacedOrder, now: Timestamp) -> Result<(), Rejection> {
    match (order.status, order.cancel_wish) {
        (OrderStatus::Paid, _) => Err(Rejection::OrderPaid),
        (OrderStatus::Cancelled, _) | (OrderStatus::Open, CancelWish::Requested) => {
            Err(Rejection::OrderCancelled)
        }
        (OrderStatus::Expired, _) => Err(Rejection::OrderExpired),
        (OrderStatus::Open, CancelWish::None) => {
            if now.plus_secs(LAST_START_SECS) < order.expires_at {
                Ok(())
            } else {
                Err(Rejection::OrderExpired)
            }
        }
    }
}

/// In what a repeated start differs. `client_ip` is not compared. Where the order's private data was
/// dropped, the payment's may have been, and what is absent counts as the same.
fn differences(order: &PlacedOrder, known: &Payment, command: &StartPayment) -> Vec<Difference> {
    let mut differences = Vec::new();
    if known.method != command.method {
        differences.push(Difference {
            pointer: "/method",
            have: known.method.as_str().to_owned(),
            got: command.method.as_str().to_owned(),
        });
    }
    let dropped = order.subject.is_none();
    for (pointer, have, got) in [
        ("/openid", &known.openid, &command.openid),
        ("/return_url", &known.return_url, &command.return_url),
    ] {
        if have != got && !(dropped && have.is_none()) {
            differences.push(Difference {
                pointer,
                have: have.clone().unwrap_or_default(),
                got: got.clone().unwrap_or_default(),
            });
        }
    }
    differences
}

fn known<'a>(order: &'a PlacedOrder, name: &PaymentRef) -> Result<&'a Payment, Rejection> {
    order.payment(name).ok_or(Rejection::NoSuchPayment)
}

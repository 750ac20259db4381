//! The shop ships, holds and releases; and what money given back means for a shipment that has not left.

use crate::command::{DispatchShipment, HoldShipment, Rejection};
use crate::event::{Hold, OrderEvent, ShipmentDispatched, ShipmentHeld};
use crate::exception::ExceptionKind;
use crate::order::{PlacedOrder, Shipment, ShipmentStatus};

pub(super) fn dispatch(
    order: &PlacedOrder,
    command: DispatchShipment,
) -> Result<Vec<OrderEvent>, Rejection> {
    let shipment = asked_for(order)?;
    match shipment.status {
        ShipmentStatus::Held => return Err(Rejection::ShipmentHeld),
        ShipmentStatus::Cancelled => return Err(Rejection::ShipmentCancelled),
        ShipmentStatus::Requested | ShipmentStatus::Dispatched | ShipmentStatus::Delivered => {}
    }

    let already_so = shipment.parcels.iter().any(|known| {
        known.parcel == command.parcel
            && known.carrier == command.carrier
            && known.tracking_no == command.tracking_no
            && known.place == command.place
    });
    if already_so {
        return Ok(Vec::new());
    }
    Ok(vec![OrderEvent::ShipmentDispatched(ShipmentDispatched {
        parcel: command.parcel,
        carrier: command.carrier,
        tracking_no: command.tracking_no,
        place: command.place,
    })])
}

pub(super) fn deliver(order: &PlacedOrder) -> Result<Vec<OrderEvent>, Rejection> {
    match asked_for(order)?.status {
        ShipmentStatus::Requested | ShipmentStatus::Held => Err(Rejection::ShipmentNotDispatched),
        ShipmentStatus::Cancelled => Err(Rejection::ShipmentCancelled),
        ShipmentStatus::Dispatched => Ok(vec![OrderEvent::ShipmentDelivered]),
        ShipmentStatus::Delivered => Ok(Vec::new()),
    }
}

pub(super) fn hold(
    order: &PlacedOrder,
    command: HoldShipment,
) -> Result<Vec<OrderEvent>, Rejection> {
    let shipment = waiting(order)?;

    if shipment.holds.contains(&Hold::Person) {
        return Ok(Vec::new());
    }
    let mut holds = shipment.holds.clone();
    holds.push(Hold::Person);
    Ok(vec![OrderEvent::ShipmentHeld(ShipmentHeld {
        holds,
        reason: command.reason,
    })])
}

/// Ends a person's hold; what else holds the shipment ends with its own reason.
pub(super) fn release(order: &PlacedOrder) -> Result<Vec<OrderEvent>, Rejection> {
    let shipment = waiting(order)?;

    if !shipment.holds.contains(&Hold::Person) {
        return Ok(Vec::new());
    }
    let mut holds = shipment.holds.clone();
    holds.retain(|hold| *hold != Hold::Person);
    Ok(vec![held_or_released(holds)])
}

/// What follows for a shipment that has not left, where something does. It is a function of the
/// order alone: refunds that reach what was paid hold it, and cancel it once they have all succeeded;
/// each back-office refund holds it until its exception is resolved; each hold ends with its reason.
pub(super) fn consequence(order: &PlacedOrder) -> Option<OrderEvent> {
    let shipment = order.shipment.as_ref()?;
    match shipment.status {
        ShipmentStatus::Requested | ShipmentStatus::Held => {}
        ShipmentStatus::Dispatched | ShipmentStatus::Delivered | ShipmentStatus::Cancelled => {
            return None;
        }
    }
    let holds = standing_holds(order, shipment);
    let decided = !holds.iter().any(|hold| matches!(hold, Hold::Exception(_)));
    if decided && order.confirmed().is_some_and(|money| money.is_given_back()) {
        return Some(OrderEvent::ShipmentCancelled);
    }
    (holds != shipment.holds).then(|| held_or_released(holds))
}

fn held_or_released(holds: Vec<Hold>) -> OrderEvent {
    if holds.is_empty() {
        OrderEvent::ShipmentReleased
    } else {
        OrderEvent::ShipmentHeld(ShipmentHeld {
            holds,
            reason: None,
        })
    }
}

/// The reasons that stand now: those that stood before first, then the new ones.
fn standing_holds(order: &PlacedOrder, shipment: &Shipment) -> Vec<Hold> {
    let mut reasons = Vec::new();
    let paying = order.confirmed_payment().zip(order.confirmed());
    if let Some((payment, money)) = paying {
        if money.kept_minor(&payment.refunds) == 0 {
            reasons.push(Hold::Refunds);
        }
        let undecided = order.exceptions.iter().filter(|exception| {
            exception.kind == ExceptionKind::ExternalRefund
                && exception.transaction_id.as_ref() == Some(&money.transaction_id)
                && exception.payment == payment.payment
                && exception.resolution.is_none()
        });
        reasons.extend(undecided.map(|exception| Hold::Exception(exception.id.clone())));
    }
    let stands = |hold: &Hold| *hold == Hold::Person || reasons.contains(hold);
    let mut holds: Vec<Hold> = shipment
        .holds
        .iter()
        .filter(|hold| stands(hold))
        .cloned()
        .collect();
    for reason in reasons {
        if !holds.contains(&reason) {
            holds.push(reason);
        }
    }
    holds
}

fn asked_for(order: &PlacedOrder) -> Result<&Shipment, Rejection> {
    order
        .shipment
        .as_ref()
        .ok_or(Rejection::ShipmentNotRequested)
}

/// The shipment, while it has not left.
fn waiting(order: &PlacedOrder) -> Result<&Shipment, Rejection> {
    let shipment = asked_for(order)?;
    match shipment.status {
        ShipmentStatus::Requested | ShipmentStatus::Held => Ok(shipment),
        ShipmentStatus::Dispatched | ShipmentStatus::Delivered => {
            Err(Rejection::ShipmentDispatched)
        }
        ShipmentStatus::Cancelled => Err(Rejection::ShipmentCancelled),
    }
}

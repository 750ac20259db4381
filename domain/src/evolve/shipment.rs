//! How a shipment changes by events.

use super::Misfit;
use crate::Timestamp;
use crate::event::{ShipmentDispatched, ShipmentHeld};
use crate::order::{OrderStatus, Parcel, PlacedOrder, Shipment, ShipmentStatus};

pub(super) fn requested(order: &mut PlacedOrder, at: Timestamp) -> Result<(), Misfit> {
    match (order.status, &order.shipment) {
        (OrderStatus::Paid, None) => {
            order.shipment = Some(Shipment {
                status: ShipmentStatus::Requested,
                holds: Vec::new(),
                parcels: Vec::new(),
                requested_at: at,
            });
            Ok(())
        }
        (OrderStatus::Paid, Some(shipment)) => Err(Misfit(shipment.status.as_str())),
        (OrderStatus::Open | OrderStatus::Cancelled | OrderStatus::Expired, _) => {
            Err(Misfit(order.status.as_str()))
        }
    }
}

pub(super) fn held(order: &mut PlacedOrder, event: &ShipmentHeld) -> Result<(), Misfit> {
    let shipment = waiting(order)?;
    shipment.status = ShipmentStatus::Held;
    shipment.holds.clone_from(&event.holds);
    Ok(())
}

pub(super) fn released(order: &mut PlacedOrder) -> Result<(), Misfit> {
    let shipment = waiting(order)?;
    shipment.status = ShipmentStatus::Requested;
    shipment.holds.clear();
    Ok(())
}

pub(super) fn cancelled(order: &mut PlacedOrder) -> Result<(), Misfit> {
    let shipment = waiting(order)?;
    shipment.status = ShipmentStatus::Cancelled;
    shipment.holds.clear();
    Ok(())
}

/// A parcel that is known is corrected; a new one leaves, also after others have arrived.
pub(super) fn dispatched(
    order: &mut PlacedOrder,
    event: &ShipmentDispatched,
    at: Timestamp,
) -> Result<(), Misfit> {
    let shipment = order.shipment.as_mut().ok_or(NONE)?;
    match shipment.status {
        ShipmentStatus::Requested | ShipmentStatus::Dispatched | ShipmentStatus::Delivered => {}
        ShipmentStatus::Held | ShipmentStatus::Cancelled => {
            return Err(Misfit(shipment.status.as_str()));
        }
    }
    let known = shipment
        .parcels
        .iter_mut()
        .find(|parcel| parcel.parcel == event.parcel);
    match known {
        Some(parcel) => {
            parcel.carrier.clone_from(&event.carrier);
            parcel.tracking_no.clone_from(&event.tracking_no);
            parcel.place = event.place;
        }
        None => {
            shipment.parcels.push(Parcel {
                parcel: event.parcel.clone(),
                carrier: event.carrier.clone(),
                tracking_no: event.tracking_no.clone(),
                place: event.place,
                dispatched_at: at,
            });
            shipment.status = ShipmentStatus::Dispatched;
        }
    }
    Ok(())
}

pub(super) fn delivered(order: &mut PlacedOrder) -> Result<(), Misfit> {
    let shipment = order.shipment.as_mut().ok_or(NONE)?;
    match shipment.status {
        ShipmentStatus::Dispatched => {
            shipment.status = ShipmentStatus::Delivered;
            Ok(())
        }
        ShipmentStatus::Requested
        | ShipmentStatus::Held
        | ShipmentStatus::Delivered
        | ShipmentStatus::Cancelled => Err(Misfit(shipment.status.as_str())),
    }
}

const NONE: Misfit = Misfit("without a shipment");

fn waiting(order: &mut PlacedOrder) -> Result<&mut Shipment, Misfit> {
    let shipment = order.shipment.as_mut().ok_or(NONE)?;
    match shipment.status {
        ShipmentStatus::Requested | ShipmentStatus::Held => Ok(shipment),
        ShipmentStatus::Dispatched | ShipmentStatus::Delivered | ShipmentStatus::Cancelled => {
            Err(Misfit(shipment.status.as_str()))
        }
    }
}

//! What a shipment may do, by the money alone: it is asked for once the order is paid, stays while refunds
//! reach what was paid or one of the back office's waits for a word, and never leaves once all went back.

use payfold_domain::event::{Fulfilment, OrderEvent};
use payfold_domain::order::{PlacedOrder, ShipmentStatus};

use crate::aftermath::{Found, OrderStep, OrderStory};
use crate::tally::Tally;

/// When a shipment that has not left may leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Leave {
    Now,
    Later,
    Never,
}

/// Holds the shipment against the money after each append.
pub(crate) fn hold(story: &OrderStory, found: &mut Found) {
    for append in story.appends() {
        let Some(last) = append.last() else { continue };
        is_asked_for(&last.order, &last.tally, found);
        fits_the_money(last, found);
    }
}

fn is_asked_for(order: &PlacedOrder, tally: &Tally, found: &mut Found) {
    let ships = order.fulfilment == Fulfilment::Ship && tally.the_orders().is_some();
    found.unless(
        order.shipment.is_some() == ships,
        "what is paid for and ships is asked for, and nothing else",
        || format!("{}: {:?}", order.order_no, order.shipment),
    );
}

fn fits_the_money(step: &OrderStep, found: &mut Found) {
    let OrderStep {
        event,
        order,
        tally,
        ..
    } = step;
    let (Some(shipment), Some(due)) = (&order.shipment, leave(tally)) else {
        return;
    };
    let fits = match shipment.status {
        ShipmentStatus::Requested => due == Leave::Now,
        ShipmentStatus::Held => due == Leave::Later,
        // It comes last of what is decided at once, and stands whatever becomes of the money.
        ShipmentStatus::Cancelled => due == Leave::Never || *event != OrderEvent::ShipmentCancelled,
        // What has left is not called back.
        ShipmentStatus::Dispatched | ShipmentStatus::Delivered => true,
    };
    found.unless(
        fits,
        "a shipment leaves, stays or is cancelled as its money says",
        || format!("{}: {:?} for {due:?}", order.order_no, shipment.status),
    );
}

fn leave(tally: &Tally) -> Option<Leave> {
    let money = tally.the_orders()?;
    let undecided = tally.is_undecided(money);
    Some(if money.is_back() && !undecided {
        Leave::Never
    } else if undecided || tally.is_held_by_hand || tally.kept_minor(money) <= 0 {
        Leave::Later
    } else {
        Leave::Now
    })
}

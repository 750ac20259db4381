//! The shop places an order.

use crate::command::{Difference, PlaceOrder, Rejection};
use crate::event::{Fulfilment, OrderEvent, OrderPlaced};
use crate::order::{Order, PlacedOrder};

pub(super) fn place(order: &Order, command: PlaceOrder) -> Result<Vec<OrderEvent>, Rejection> {
    match order {
        Order::Corrupt(_) => return Err(Rejection::OrderCorrupt),
        Order::Placed(order) => return placed_before(order, &command),
        Order::Unplaced => {}
    }

    Ok(vec![OrderEvent::OrderPlaced(OrderPlaced {
        order_no: command.order_no,
        amount: command.amount,
        fulfilment: command.fulfilment,
        expires_at: command.expires_at,
        subject: Some(command.subject),
        metadata: command.metadata,
    })])
}

/// `expires_at` and `metadata` are not compared: the first ones stand. A subject that was dropped
/// counts as the same.
fn placed_before(order: &PlacedOrder, command: &PlaceOrder) -> Result<Vec<OrderEvent>, Rejection> {
    let mut differences = Vec::new();
    let (have, got) = (order.amount, command.amount);
    if have.minor != got.minor {
        differences.push(Difference {
            pointer: "/amount/minor",
            have: have.minor.to_string(),
            got: got.minor.to_string(),
        });
    }
    if have.currency != got.currency {
        differences.push(Difference {
            pointer: "/amount/currency",
            have: have.currency.as_str().to_owned(),
            got: got.currency.as_str().to_owned(),
        });
    }
    if let Some(subject) = order
        .subject
        .as_ref()
        .filter(|have| **have != command.subject)
    {
        differences.push(Difference {
            pointer: "/subject",
            have: subject.clone(),
            got: command.subject.clone(),
        });
    }
    if order.fulfilment != command.fulfilment {
        differences.push(Difference {
            pointer: "/fulfilment",
            have: fulfilment(order.fulfilment),
            got: fulfilment(command.fulfilment),
        });
    }
    if differences.is_empty() {
        Ok(Vec::new())
    } else {
        Err(Rejection::Conflict(differences))
    }
}

fn fulfilment(fulfilment: Fulfilment) -> String {
    match fulfilment {
        Fulfilment::Ship => "ship".to_owned(),
        Fulfilment::None => "none".to_owned(),
    }
}

//! An order while one command is decided: what is decided later meets what was decided before.

use super::shipment;
use crate::PaymentRef;
use crate::command::Rejection;
use crate::event::{Basis, Fulfilment, MoneyReceived, OrderEvent, PaymentConfirmed};
use crate::evolve::apply;
use crate::order::{Payment, PlacedOrder};

/// The order as evolved by the events decided so far, and these events. It is thrown away after the
/// command, so the times that it keeps are not those of the store.
pub(crate) struct Draft {
    order: PlacedOrder,
    events: Vec<OrderEvent>,
}

impl Draft {
    pub(crate) fn of(order: &PlacedOrder) -> Self {
        Self {
            order: order.clone(),
            events: Vec::new(),
        }
    }

    pub(crate) fn order(&self) -> &PlacedOrder {
        &self.order
    }

    pub(crate) fn payment(&self, name: &PaymentRef) -> Result<&Payment, Rejection> {
        self.order.payment(name).ok_or(Rejection::NoSuchPayment)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.events.is_empty()
    }

    /// Takes an event up and folds it.
    pub(crate) fn record(&mut self, event: impl Into<OrderEvent>) {
        let event = event.into();
        let at = self.order.created_at;
        let folded = apply(&mut self.order, &event, at);
        debug_assert_eq!(folded, Ok(()), "{} does not fit the order", event.name());
        self.events.push(event);
    }

    pub(crate) fn record_all<E: Into<OrderEvent>>(&mut self, events: impl IntoIterator<Item = E>) {
        for event in events {
            self.record(event);
        }
    }

    /// The money pays the order, and what ships is to be shipped, once.
    pub(crate) fn confirm(&mut self, money: MoneyReceived, basis: Basis) {
        self.record(OrderEvent::PaymentConfirmed(PaymentConfirmed {
            money,
            basis,
        }));
        match (self.order.fulfilment, &self.order.shipment) {
            (Fulfilment::Ship, None) => self.record(OrderEvent::ShipmentRequested),
            (Fulfilment::Ship, Some(_)) | (Fulfilment::None, _) => {}
        }
    }

    /// The events, with what follows from them for the shipment.
    pub(crate) fn finish(mut self) -> Vec<OrderEvent> {
        if let Some(event) = shipment::consequence(&self.order) {
            self.record(event);
        }
        self.events
    }
}

//! Tells an order's story by commands: `given` what happened, `when` a command comes, `then` its events.

pub(crate) mod say;

use payfold_domain::command::{Command, Rejection};
use payfold_domain::event::OrderEvent;
use payfold_domain::order::{Order, OrderStatus, PaymentStatus, PlacedOrder, ShipmentStatus};
use payfold_domain::{decide, evolve};

/// An order, and every event that made it.
#[derive(Debug, Clone)]
pub(crate) struct Story {
    pub(crate) order: Order,
    pub(crate) events: Vec<OrderEvent>,
}

/// An order that is open and ships, with the payment `say::P1` offered.
pub(crate) fn open() -> Story {
    Story::unplaced()
        .given(say::place())
        .given(say::start(say::P1))
        .given(say::offer(say::P1))
}

/// An order that the money `T1` of `say::P1` has paid.
pub(crate) fn paid() -> Story {
    open().given(say::notify(say::P1, [say::paid("T1", say::PRICE)]))
}

/// An order that was cancelled while `say::P1` counts as closed.
pub(crate) fn cancelled() -> Story {
    open().given(say::cancel([say::P1]))
}

/// An order that has expired.
pub(crate) fn expired() -> Story {
    open().given(say::expire(say::EXPIRES_AT.plus_secs(600)))
}

impl Story {
    pub(crate) fn unplaced() -> Self {
        Self {
            order: Order::Unplaced,
            events: Vec::new(),
        }
    }

    /// The command happened before.
    pub(crate) fn given(mut self, command: Command) -> Self {
        self.when(command).unwrap();
        self
    }

    /// The command comes now; its events become part of the story.
    pub(crate) fn when(&mut self, command: Command) -> Result<Vec<OrderEvent>, Rejection> {
        let events = decide(&self.order, command)?;
        for event in &events {
            let before = std::mem::replace(&mut self.order, Order::Unplaced);
            self.order = evolve(before, event, say::NOW);
            assert!(!matches!(self.order, Order::Corrupt(_)), "{:?}", self.order);
        }
        self.events.extend(events.iter().cloned());
        Ok(events)
    }

    /// The names of the events that the command makes now.
    pub(crate) fn names(&mut self, command: Command) -> Vec<&'static str> {
        self.when(command)
            .unwrap()
            .iter()
            .map(OrderEvent::name)
            .collect()
    }

    /// Why the command may not be now.
    pub(crate) fn refusal(&mut self, command: Command) -> Rejection {
        self.when(command).unwrap_err()
    }

    pub(crate) fn placed(&self) -> &PlacedOrder {
        match &self.order {
            Order::Placed(order) => order,
            other @ (Order::Unplaced | Order::Corrupt(_)) => panic!("{other:?}"),
        }
    }

    pub(crate) fn status(&self) -> OrderStatus {
        self.placed().status
    }

    pub(crate) fn payment_status(&self, out_trade_no: &str) -> PaymentStatus {
        let payment = say::payment(out_trade_no);
        self.placed().payment(&payment).unwrap().status()
    }

    pub(crate) fn shipment_status(&self) -> ShipmentStatus {
        self.placed().shipment.as_ref().unwrap().status
    }

    /// Paid, refunded, held and returned.
    pub(crate) fn sums(&self) -> [i64; 4] {
        let order = self.placed();
        [
            order.paid_minor(),
            order.refunded_minor(),
            order.held_minor(),
            order.returned_minor(),
        ]
    }

    /// The story told again from its first event.
    pub(crate) fn retold(&self) -> Order {
        fold(&self.events)
    }
}

pub(crate) fn fold(events: &[OrderEvent]) -> Order {
    events.iter().fold(Order::Unplaced, |order, event| {
        evolve(order, event, say::NOW)
    })
}

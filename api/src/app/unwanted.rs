//! Orders that were just paid while others of their payments are open, or that had ended when one was
//! offered: those are closed at once, and not only when their turn to be asked about comes. What is
//! lost of this list costs that time alone.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use payfold_domain::OrderNo;
use payfold_domain::event::OrderEvent;
use payfold_domain::order::{Order, Payment};

use super::App;

/// How many orders wait at most; what comes on top is left to the payments' own turns.
const MOST: usize = 4096;

/// Orders with open payments that they want no more.
#[derive(Default)]
pub(crate) struct Unwanted(Mutex<BTreeSet<OrderNo>>);

impl Unwanted {
    pub(crate) fn put(&self, order_no: &OrderNo) {
        let mut orders = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if orders.len() < MOST {
            orders.insert(order_no.clone());
        }
    }

    /// Takes them all out.
    pub(crate) fn drain(&self) -> BTreeSet<OrderNo> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl App {
    /// An order that one payment has just paid, whoever found that, wants the others no more.
    pub(super) fn note_unwanted(&self, events: &[OrderEvent], order: &Order) {
        let is_confirmed = |event: &OrderEvent| matches!(event, OrderEvent::PaymentConfirmed(_));
        if let Order::Placed(order) = order
            && events.iter().any(is_confirmed)
            && order.payments.iter().any(Payment::is_endless)
        {
            self.unwanted.put(&order.order_no);
        }
    }
}

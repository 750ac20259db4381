//! Whose payments' numbers are, as found last. A number that an order has claimed is its for ever, so
//! what is kept here is never wrong; what is missing is looked up.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use payfold_domain::{OrderNo, PaymentRef};

/// How many are kept; at one more, all are let go.
const MOST: usize = 16_384;

/// Orders by the payments that they started.
#[derive(Default)]
pub(crate) struct Owners(Mutex<HashMap<PaymentRef, OrderNo>>);

impl Owners {
    pub(crate) fn get(&self, payment: &PaymentRef) -> Option<OrderNo> {
        self.lock().get(payment).cloned()
    }

    pub(crate) fn put(&self, payment: &PaymentRef, order_no: &OrderNo) {
        let mut owners = self.lock();
        if owners.len() >= MOST {
            owners.clear();
        }
        owners.insert(payment.clone(), order_no.clone());
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<PaymentRef, OrderNo>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

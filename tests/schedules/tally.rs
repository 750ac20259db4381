//! A second, smaller fold of an order's money and of what waits for a person, out of its events' names and
//! amounts alone. The rules hold the application's own fold, and what it decides by it, against this one.

use std::collections::BTreeMap;

use payfold_domain::event::{Hold, MoneyReceived, OrderEvent};
use payfold_domain::exception::ExceptionId;
use payfold_domain::order::PlacedOrder;
use payfold_domain::{PaymentRef, Receipt, RefundNo, TransactionId};

use crate::aftermath::Found;

/// The money of one order.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tally {
    moneys: Vec<Received>,
    refunds: Vec<Asked>,
    /// Back-office refunds that wait for somebody's word, and of which money they are.
    undecided: BTreeMap<ExceptionId, TransactionId>,
    /// Whether a person holds the shipment.
    pub(crate) is_held_by_hand: bool,
}

/// Money that came.
#[derive(Debug, Clone)]
pub(crate) struct Received {
    pub(crate) id: TransactionId,
    pub(crate) minor: i64,
    pub(crate) is_the_orders: bool,
    /// Under which exception it came, where it was not as asked.
    pub(crate) exception: Option<ExceptionId>,
    /// What is with the buyer again.
    pub(crate) back: i64,
    /// What the back office gave back of it.
    elsewhere: i64,
}

/// A refund that was asked for here.
#[derive(Debug, Clone)]
struct Asked {
    payment: PaymentRef,
    refund_no: RefundNo,
    of: TransactionId,
    minor: i64,
    stands: Stands,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stands {
    UnderWay,
    Stuck,
    Succeeded,
    Failed,
}

impl Tally {
    /// The tally after one more event.
    pub(crate) fn after(mut self, event: &OrderEvent) -> Self {
        self.hear(event);
        self
    }

    /// The money that pays the order.
    pub(crate) fn the_orders(&self) -> Option<&Received> {
        self.moneys.iter().find(|money| money.is_the_orders)
    }

    pub(crate) fn moneys(&self) -> &[Received] {
        &self.moneys
    }

    /// What was asked back of that money here, and not refused.
    pub(crate) fn asked_minor(&self, money: &Received) -> i64 {
        let asked = self.refunds.iter();
        let asked = asked.filter(|asked| asked.of == money.id && asked.stands != Stands::Failed);
        asked.map(|asked| asked.minor).sum()
    }

    /// What neither went back of that money nor is to.
    pub(crate) fn kept_minor(&self, money: &Received) -> i64 {
        money.minor - self.asked_minor(money) - money.elsewhere
    }

    /// The money that a refund is given back out of.
    pub(crate) fn money_of(&self, payment: &PaymentRef, refund_no: &RefundNo) -> Option<&Received> {
        let mut refunds = self.refunds.iter();
        let refund =
            refunds.find(|asked| asked.payment == *payment && asked.refund_no == *refund_no)?;
        self.moneys.iter().find(|money| money.id == refund.of)
    }

    /// Whether somebody's word on a back-office refund of that money is waited for.
    pub(crate) fn is_undecided(&self, money: &Received) -> bool {
        self.undecided.values().any(|of| *of == money.id)
    }

    fn hear(&mut self, event: &OrderEvent) {
        if let Some((money, exception)) = came_unasked(event) {
            self.receive(&money.receipt, Some(exception.clone()));
        }
        match event {
            OrderEvent::PaymentConfirmed(confirmed) => {
                let receipt = &confirmed.money.receipt;
                self.receive(receipt, None);
                if let Some(money) = self.money(&receipt.transaction_id) {
                    money.is_the_orders = true;
                }
            }
            OrderEvent::RefundRequested(event) => self.refunds.push(Asked {
                payment: event.payment.clone(),
                refund_no: event.refund_no.clone(),
                of: event.transaction_id.clone(),
                minor: event.amount.minor,
                stands: Stands::UnderWay,
            }),
            OrderEvent::RefundRetried(event) => {
                self.refund(&event.payment, &event.refund_no, Stands::UnderWay);
            }
            OrderEvent::RefundNeedsAction(event) => {
                self.refund(&event.payment, &event.refund_no, Stands::Stuck);
            }
            OrderEvent::RefundFailed(event) => {
                self.refund(&event.payment, &event.refund_no, Stands::Failed);
            }
            OrderEvent::RefundSucceeded(event) => {
                self.refund(&event.payment, &event.refund_no, Stands::Succeeded);
            }
            OrderEvent::ExternalRefundObserved(event) => {
                let minor = event.amount.map_or(0, |amount| amount.minor);
                if let Some(money) = self.money(&event.transaction_id) {
                    money.back += minor;
                    money.elsewhere += minor;
                }
                let of = event.transaction_id.clone();
                self.undecided.insert(event.exception.clone(), of);
            }
            OrderEvent::ExceptionResolved(event) => {
                self.undecided.remove(&event.exception);
            }
            OrderEvent::ShipmentHeld(event) => {
                self.is_held_by_hand = event.holds.contains(&Hold::Person);
            }
            OrderEvent::ShipmentReleased => self.is_held_by_hand = false,
            _ => {}
        }
    }

    fn receive(&mut self, receipt: &Receipt, exception: Option<ExceptionId>) {
        let id = &receipt.transaction_id;
        if self.moneys.iter().any(|money| money.id == *id) {
            return;
        }
        self.moneys.push(Received {
            id: id.clone(),
            minor: receipt.amount.minor,
            is_the_orders: false,
            exception,
            back: 0,
            elsewhere: 0,
        });
    }

    fn money(&mut self, id: &TransactionId) -> Option<&mut Received> {
        self.moneys.iter_mut().find(|money| money.id == *id)
    }

    fn refund(&mut self, payment: &PaymentRef, refund_no: &RefundNo, stands: Stands) {
        let mut refunds = self.refunds.iter_mut();
        let refund =
            refunds.find(|asked| asked.payment == *payment && asked.refund_no == *refund_no);
        let Some(refund) = refund else { return };
        let before = std::mem::replace(&mut refund.stands, stands);
        let (of, minor) = (refund.of.clone(), refund.minor);
        let Some(money) = self.money(&of) else { return };
        if before == Stands::Succeeded {
            money.back -= minor;
        }
        if stands == Stands::Succeeded {
            money.back += minor;
        }
    }
}

impl Received {
    /// Whether all of it is with the buyer again.
    pub(crate) fn is_back(&self) -> bool {
        self.minor <= self.back
    }
}

/// Money that came and is not as asked, and the exception under which it waits.
pub(crate) fn came_unasked(event: &OrderEvent) -> Option<(&MoneyReceived, &ExceptionId)> {
    match event {
        OrderEvent::LatePaymentReceived(event) | OrderEvent::DoublePaymentReceived(event) => {
            Some((&event.money, &event.exception))
        }
        OrderEvent::MismatchedPaymentReceived(event) => Some((&event.money, &event.exception)),
        _ => None,
    }
}

/// Holds the application's sums against the tally's.
pub(crate) fn agrees(tally: &Tally, order: &PlacedOrder, found: &mut Found) {
    let [mut paid, mut refunded, mut held, mut returned] = [0; 4];
    for money in tally.moneys() {
        if money.is_the_orders {
            paid += money.minor;
            refunded += money.back;
        } else {
            held += money.minor - money.back;
            returned += money.back;
        }
    }
    let told = [
        order.paid_minor(),
        order.refunded_minor(),
        order.held_minor(),
        order.returned_minor(),
    ];
    let tallied = [paid, refunded, held, returned];
    found.unless(
        told == tallied,
        "paid, refunded, held and returned are what the events add up to",
        || format!("{}: {told:?} for {tallied:?}", order.order_no),
    );
}

//! Which events tell that money moved at a gateway, and when. What was asked or decided about it is
//! left out.

use payfold_domain::event::{
    Event, ExternalRefundObserved, MoneyReceived, OrderEvent, RefundNamed, RefundSucceeded,
    StrayEvent, UnmatchedRefundReceived,
};
use payfold_domain::{
    Application, Money, PaymentRef, RefundNo, RefundSize, RefundState, Timestamp, TransactionId,
};

/// The names of the events that may tell of moved money, so that nobody need decode the others.
pub const MOVING_EVENTS: [&str; 9] = [
    "PaymentConfirmed",
    "LatePaymentReceived",
    "DoublePaymentReceived",
    "MismatchedPaymentReceived",
    "UnmatchedPaymentReceived",
    "UnmatchedRefundReceived",
    "RefundSubmitted",
    "RefundSucceeded",
    "ExternalRefundObserved",
];

/// Money that moved, as one event tells it. Several events may tell of the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moved<'a> {
    /// The payment's number.
    pub payment: &'a PaymentRef,
    /// The transaction, where the event says.
    pub transaction_id: Option<&'a TransactionId>,
    /// The refund's number, where it is a refund that has one.
    pub refund_no: Option<&'a RefundNo>,
    /// How much, where the event says.
    pub amount: Option<Money>,
    /// Whether the amount is its own.
    pub share: Share,
    /// The gateway's own time of it; ours where the gateway states none.
    pub at: Timestamp,
    /// In which direction.
    pub direction: Direction,
}

/// Whose an amount is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Share {
    /// The payment's or the refund's own.
    Own,
    /// What a running total held above what was known, if anything: other refunds may be in it.
    OfTotal,
}

/// In which direction money moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// From the buyer.
    In,
    /// From the buyer, through an application of the merchant's that the account does not list.
    InElsewhere,
    /// From the buyer, through an application that the gateway did not name.
    InUnstated,
    /// The gateway took a refund up.
    BackBegun,
    /// Back to the buyer.
    Back,
}

/// The money that an event tells of. `recorded` is the event's own time.
pub fn moved_in(event: &Event, recorded: Timestamp) -> Option<Moved<'_>> {
    match event {
        Event::Order(event) => of_order(event, recorded),
        Event::Stray(event) => of_stray(event, recorded),
        Event::Account(_) | Event::Bill(_) => None,
    }
}

fn of_order(event: &OrderEvent, recorded: Timestamp) -> Option<Moved<'_>> {
    if let OrderEvent::PaymentConfirmed(event) = event {
        return Some(came(&event.money));
    }
    if let OrderEvent::LatePaymentReceived(event) | OrderEvent::DoublePaymentReceived(event) = event
    {
        return Some(came(&event.money));
    }
    if let OrderEvent::MismatchedPaymentReceived(event) = event {
        return Some(came(&event.money));
    }
    if let OrderEvent::RefundSubmitted(event) = event {
        return Some(begun(event, recorded));
    }
    if let OrderEvent::RefundSucceeded(event) = event {
        return Some(succeeded(event));
    }
    if let OrderEvent::ExternalRefundObserved(event) = event {
        return Some(external(event));
    }
    None
}

fn of_stray(event: &StrayEvent, recorded: Timestamp) -> Option<Moved<'_>> {
    if let StrayEvent::UnmatchedPaymentReceived(event) = event {
        return Some(came(&event.money));
    }
    if let StrayEvent::UnmatchedRefundReceived(event) = event {
        return unmatched(event, recorded);
    }
    if let StrayEvent::RefundSubmitted(event) = event {
        return Some(begun(event, recorded));
    }
    if let StrayEvent::RefundSucceeded(event) = event {
        return Some(succeeded(event));
    }
    if let StrayEvent::ExternalRefundObserved(event) = event {
        return Some(external(event));
    }
    None
}

fn came(money: &MoneyReceived) -> Moved<'_> {
    let receipt = &money.receipt;
    Moved {
        payment: &money.payment,
        transaction_id: Some(&receipt.transaction_id),
        refund_no: None,
        amount: Some(receipt.amount),
        share: Share::Own,
        at: receipt.paid_at,
        direction: match receipt.application {
            Application::Listed(_) => Direction::In,
            Application::Unlisted(_) => Direction::InElsewhere,
            Application::Unstated => Direction::InUnstated,
        },
    }
}

fn begun(event: &RefundNamed, recorded: Timestamp) -> Moved<'_> {
    Moved {
        payment: &event.payment,
        transaction_id: None,
        refund_no: Some(&event.refund_no),
        amount: None,
        share: Share::Own,
        at: recorded,
        direction: Direction::BackBegun,
    }
}

fn succeeded(event: &RefundSucceeded) -> Moved<'_> {
    Moved {
        payment: &event.payment,
        transaction_id: None,
        refund_no: Some(&event.refund_no),
        amount: Some(event.amount),
        share: Share::Own,
        at: event.succeeded_at,
        direction: Direction::Back,
    }
}

fn external(event: &ExternalRefundObserved) -> Moved<'_> {
    Moved {
        payment: &event.payment,
        transaction_id: Some(&event.transaction_id),
        refund_no: event.refund_no.as_ref(),
        amount: event.size.or(event.amount),
        share: match event.size {
            Some(_) => Share::Own,
            None => Share::OfTotal,
        },
        at: event.refunded_at,
        direction: Direction::Back,
    }
}

fn unmatched(event: &UnmatchedRefundReceived, recorded: Timestamp) -> Option<Moved<'_>> {
    let RefundState::Succeeded(at) = event.refund.state else {
        return None;
    };
    let (amount, share) = match event.refund.size {
        RefundSize::Exactly(amount) => (Some(amount), Share::Own),
        RefundSize::RunningTotal(_) | RefundSize::Unknown => (None, Share::OfTotal),
    };
    Some(Moved {
        payment: &event.payment,
        transaction_id: event.refund.transaction_id.as_ref(),
        refund_no: event.refund.refund_no(),
        amount,
        share,
        at: at.unwrap_or(recorded),
        direction: Direction::Back,
    })
}

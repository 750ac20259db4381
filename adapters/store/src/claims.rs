//! Which names outside an event claims for its stream. The store's claims are an index of what the
//! events say, and nothing else; an audit compares the two.

use payfold_domain::RefundNo;
use payfold_domain::event::{
    Event, ExternalRefundObserved, MoneyReceived, NumberOwner, OrderEvent, RefundRequested,
    StrayEvent, UnmatchedRefundReceived,
};

use crate::stream::Claim;

/// The claims of an event: a started payment claims its number, money that came its transaction, a
/// refund its number, unless another payment has one of that number. A stray claims the transactions and
/// refunds it hears of, and not the payment's number, which is the order's that comes for it.
pub fn claims_of(event: &Event) -> impl Iterator<Item = Claim> + use<> {
    let claims = match event {
        Event::Order(event) => order(event),
        Event::Stray(event) => stray(event),
        Event::Account(_) | Event::Bill(_) => NONE,
    };
    claims.into_iter().flatten()
}

/// Whether an event of that name can claim anything, so that an audit need not read the others.
pub(crate) fn may_claim(kind: &str) -> bool {
    matches!(
        kind,
        "PaymentStarted"
            | "PaymentConfirmed"
            | "LatePaymentReceived"
            | "DoublePaymentReceived"
            | "MismatchedPaymentReceived"
            | "RefundRequested"
            | "ExternalRefundObserved"
            | "UnmatchedPaymentReceived"
            | "UnmatchedRefundReceived"
    )
}

/// An event makes at most two claims.
type Claims = [Option<Claim>; 2];

const NONE: Claims = [None, None];

fn order(event: &OrderEvent) -> Claims {
    match event {
        OrderEvent::PaymentStarted(started) => {
            [Some(Claim::Payment(started.payment.clone())), None]
        }
        OrderEvent::PaymentConfirmed(confirmed) => money(&confirmed.money),
        OrderEvent::LatePaymentReceived(unexpected)
        | OrderEvent::DoublePaymentReceived(unexpected) => money(&unexpected.money),
        OrderEvent::MismatchedPaymentReceived(mismatched) => money(&mismatched.money),
        OrderEvent::RefundRequested(requested) => refund(requested),
        OrderEvent::ExternalRefundObserved(observed) => external_refund(observed),
        OrderEvent::OrderPlaced(_)
        | OrderEvent::CancelRequested
        | OrderEvent::OrderCancelled
        | OrderEvent::OrderExpired
        | OrderEvent::PaymentOffered(_)
        | OrderEvent::PaymentPending(_)
        | OrderEvent::PaymentStartFailed(_)
        | OrderEvent::PaymentClosed(_)
        | OrderEvent::PaymentFinished(_)
        | OrderEvent::ReturnObserved(_)
        | OrderEvent::DuplicateNotifyIgnored(_)
        | OrderEvent::ContradictionObserved(_)
        | OrderEvent::ShipmentRequested
        | OrderEvent::ShipmentHeld(_)
        | OrderEvent::ShipmentReleased
        | OrderEvent::ShipmentCancelled
        | OrderEvent::ShipmentDispatched(_)
        | OrderEvent::ShipmentDelivered
        | OrderEvent::RefundSubmitted(_)
        | OrderEvent::RefundHintReceived(_)
        | OrderEvent::RefundNeedsAction(_)
        | OrderEvent::RefundRetried(_)
        | OrderEvent::RefundSucceeded(_)
        | OrderEvent::RefundFailed(_)
        | OrderEvent::ExceptionResolved(_) => NONE,
    }
}

fn stray(event: &StrayEvent) -> Claims {
    match event {
        StrayEvent::UnmatchedPaymentReceived(unexpected) => money(&unexpected.money),
        StrayEvent::UnmatchedRefundReceived(unmatched) => unmatched_refund(unmatched),
        StrayEvent::RefundRequested(requested) => refund(requested),
        StrayEvent::ExternalRefundObserved(observed) => external_refund(observed),
        StrayEvent::StrayTakenUp(_)
        | StrayEvent::PaymentFinished(_)
        | StrayEvent::DuplicateNotifyIgnored(_)
        | StrayEvent::RefundSubmitted(_)
        | StrayEvent::RefundHintReceived(_)
        | StrayEvent::RefundNeedsAction(_)
        | StrayEvent::RefundRetried(_)
        | StrayEvent::RefundSucceeded(_)
        | StrayEvent::RefundFailed(_)
        | StrayEvent::ContradictionObserved(_)
        | StrayEvent::ExceptionResolved(_) => NONE,
    }
}

fn money(money: &MoneyReceived) -> Claims {
    let account = money.payment.account.clone();
    [
        Some(Claim::Transaction(
            account,
            money.receipt.transaction_id.clone(),
        )),
        None,
    ]
}

fn refund(requested: &RefundRequested) -> Claims {
    let account = requested.payment.account.clone();
    [
        Some(Claim::Refund(account, requested.refund_no.clone())),
        None,
    ]
}

fn external_refund(observed: &ExternalRefundObserved) -> Claims {
    let number = own_number(observed.refund_no.as_ref(), observed.number);
    [
        number.map(|number| Claim::Refund(observed.payment.account.clone(), number)),
        None,
    ]
}

fn unmatched_refund(unmatched: &UnmatchedRefundReceived) -> Claims {
    let account = &unmatched.payment.account;
    let transaction = unmatched.refund.transaction_id.clone();
    let number = own_number(unmatched.refund.refund_no(), unmatched.number);
    [
        transaction.map(|id| Claim::Transaction(account.clone(), id)),
        number.map(|number| Claim::Refund(account.clone(), number)),
    ]
}

fn own_number(refund_no: Option<&RefundNo>, owner: NumberOwner) -> Option<RefundNo> {
    match owner {
        NumberOwner::Payment => refund_no.cloned(),
        NumberOwner::Another => None,
    }
}

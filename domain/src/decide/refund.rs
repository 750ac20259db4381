//! The shop wishes money given back, and the gateway takes the wish up.

use super::Draft;
use crate::Money;
use crate::book::{retry, submit, takes_refunds};
use crate::command::{Difference, Rejection, RequestRefund, RetryRefund, SubmitRefund};
use crate::event::{OrderEvent, RefundOrigin, RefundRequested};
use crate::order::{Payment, PlacedOrder, Refund, Transaction};

pub(super) fn request_refund(
    order: &PlacedOrder,
    command: RequestRefund,
) -> Result<Vec<OrderEvent>, Rejection> {
    let payment = order
        .payment(&command.payment)
        .ok_or(Rejection::NoSuchPayment)?;
    if let Some((at, refund)) = named_alike(order, &command) {
        return asked_before(at, refund, &command);
    }
    if is_made_elsewhere(order, &command) {
        return Err(Rejection::RefundNoTaken);
    }
    let money = money_for(order, payment, command.minor);
    if money == Err(Rejection::Held) {
        return Err(Rejection::Held);
    }
    takes_refunds(&payment.book(&order.exceptions), command.capability)?;
    let money = money?;

    let mut draft = Draft::of(order);
    draft.record(OrderEvent::RefundRequested(RefundRequested {
        payment: command.payment,
        method: payment.method,
        transaction_id: money.transaction_id.clone(),
        refund_no: command.refund_no,
        amount: Money {
            minor: command.minor,
            currency: money.amount.currency,
        },
        origin: RefundOrigin::Caller,
        reason: command.reason,
    }));
    Ok(draft.finish())
}

pub(super) fn submit_refund(
    order: &PlacedOrder,
    command: &SubmitRefund,
) -> Result<Vec<OrderEvent>, Rejection> {
    let payment = order
        .payment(&command.payment)
        .ok_or(Rejection::NoSuchPayment)?;
    let submitted = submit(&payment.book(&order.exceptions), &command.refund_no)?;

    Ok(submitted.into_iter().map(OrderEvent::from).collect())
}

pub(super) fn retry_refund(
    order: &PlacedOrder,
    command: &RetryRefund,
) -> Result<Vec<OrderEvent>, Rejection> {
    let payment = order
        .payment(&command.payment)
        .ok_or(Rejection::NoSuchPayment)?;
    let retried = retry(
        &payment.book(&order.exceptions),
        &command.refund_no,
        command.capability,
        &command.by,
        None,
    )?;

    let mut draft = Draft::of(order);
    draft.record_all(retried);
    Ok(draft.finish())
}

/// The refund of that number, unique within the account, and the payment that it is of.
fn named_alike<'a>(
    order: &'a PlacedOrder,
    command: &RequestRefund,
) -> Option<(&'a Payment, &'a Refund)> {
    order
        .payments
        .iter()
        .filter(|payment| payment.payment.account == command.payment.account)
        .find_map(|payment| Some((payment, payment.refund(&command.refund_no)?)))
}

/// The gateway would take a wish under the number of a refund that it has for that refund's repeat.
fn is_made_elsewhere(order: &PlacedOrder, command: &RequestRefund) -> bool {
    let account = &command.payment.account;
    let payments = order.payments.iter();
    payments
        .filter(|payment| payment.payment.account == *account)
        .flat_map(|payment| &payment.transactions)
        .any(|money| money.external_refund(&command.refund_no).is_some())
}

/// The reason is not compared: the first one stands.
fn asked_before(
    at: &Payment,
    refund: &Refund,
    command: &RequestRefund,
) -> Result<Vec<OrderEvent>, Rejection> {
    let mut differences = Vec::new();
    if at.payment != command.payment {
        differences.push(Difference {
            pointer: "/out_trade_no",
            have: at.payment.out_trade_no.as_str().to_owned(),
            got: command.payment.out_trade_no.as_str().to_owned(),
        });
    }
    if refund.amount.minor != command.minor {
        differences.push(Difference {
            pointer: "/minor",
            have: refund.amount.minor.to_string(),
            got: command.minor.to_string(),
        });
    }
    if differences.is_empty() {
        Ok(Vec::new())
    } else {
        Err(Rejection::Conflict(differences))
    }
}

/// The money that so much is asked back of: what the payment shows, else what came beside it and was
/// left here by a decision. Held money goes back by its exception's decision; once that was decided and
/// the money is still here (dismissed, or the refund failed) it can be asked back like any other.
fn money_for<'a>(
    order: &PlacedOrder,
    payment: &'a Payment,
    minor: i64,
) -> Result<&'a Transaction, Rejection> {
    let stands = |money: &Transaction| {
        let exception = money.held_under().and_then(|id| order.exception(id));
        exception.map_or(Stands::Free, |exception| match exception.resolution {
            None => Stands::Undecided,
            Some(_) => Stands::Left,
        })
    };
    let shown = payment.shown_transaction();
    let is_undecided = shown.is_some_and(|money| stands(money) == Stands::Undecided);
    let beside = payment.transactions.iter();
    let beside = beside.filter(|money| stands(money) == Stands::Left);
    let mut left_minor = 0;
    for money in shown.filter(|_| !is_undecided).into_iter().chain(beside) {
        let left = money.left_minor(&payment.refunds);
        if (1..=left).contains(&minor) {
            return Ok(money);
        }
        left_minor = left_minor.max(left);
    }
    if is_undecided {
        return Err(Rejection::Held);
    }
    Err(Rejection::RefundTooMuch { left_minor })
}

/// What an exception says of money.
#[derive(PartialEq, Eq)]
enum Stands {
    /// There is none: the money is the order's.
    Free,
    /// It waits for a decision.
    Undecided,
    /// It was left here by one.
    Left,
}

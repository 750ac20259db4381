//! How payments and the order's being paid change by events.

use super::{Misfit, open};
use crate::event::{
    Basis, DuplicateNotifyIgnored, MismatchedMoney, MoneyReceived, PaymentClosed, PaymentConfirmed,
    PaymentFinished, PaymentNamed, PaymentOffered, PaymentStartFailed, PaymentStarted,
    RefundHintReceived, UnexpectedMoney,
};
use crate::exception::{ExceptionId, ExceptionKind};
use crate::order::{
    CancelWish, Disposition, OpenedException, OrderStatus, Payment, PaymentStage, Pending,
    PlacedOrder, RefundWindow, StatedMoney, Transaction, Unmoved,
};
use crate::{PaymentRef, Timestamp};

pub(super) const UNKNOWN: Misfit = Misfit("without that payment");
const KNOWN_MONEY: Misfit = Misfit("with that transaction");

/// A payment is started, or started again after the gateway had refused to.
pub(super) fn started(
    order: &mut PlacedOrder,
    event: &PaymentStarted,
    at: Timestamp,
) -> Result<(), Misfit> {
    let fresh = Payment {
        payment: event.payment.clone(),
        method: event.method,
        asked: event.asked,
        app_id: event.app_id.clone(),
        started_at: at,
        expires_at: event.expires_at,
        return_url: event.return_url.clone(),
        openid: event.openid.clone(),
        client_ip: event.client_ip.clone(),
        stage: PaymentStage::Starting,
        pending: Pending::Unheard,
        transactions: Vec::new(),
        refunds: Vec::new(),
        refund_window: RefundWindow::Open,
        unmoved: Unmoved::default(),
    };
    match find(order, &event.payment) {
        Err(_) => {
            // Most orders have one; room for the usual four would be most of what an order takes.
            order.payments.reserve_exact(1);
            order.payments.push(fresh);
        }
        Ok(payment) => match (&payment.stage, payment.transactions.is_empty()) {
            (PaymentStage::Failed { .. }, true) => {
                let unmoved = payment.unmoved;
                *payment = Payment { unmoved, ..fresh };
            }
            (PaymentStage::Failed { .. }, false) => return Err(KNOWN_MONEY),
            (PaymentStage::Starting | PaymentStage::Open { .. } | PaymentStage::Closed, _) => {
                return Err(Misfit("with that payment"));
            }
        },
    }
    Ok(())
}

/// An offer of a payment that has ended changes nothing.
pub(super) fn offered(order: &mut PlacedOrder, event: &PaymentOffered) -> Result<(), Misfit> {
    let payment = find(order, &event.payment)?;
    match payment.stage {
        PaymentStage::Starting | PaymentStage::Open { .. } | PaymentStage::Failed { .. } => {
            payment.stage = PaymentStage::Open {
                offer: event.offer.clone(),
                valid_until: event.valid_until,
            };
        }
        PaymentStage::Closed => {}
    }
    Ok(())
}

pub(super) fn pending(order: &mut PlacedOrder, event: &PaymentNamed) -> Result<(), Misfit> {
    find(order, &event.payment)?.pending = Pending::Heard;
    Ok(())
}

pub(super) fn start_failed(
    order: &mut PlacedOrder,
    event: &PaymentStartFailed,
) -> Result<(), Misfit> {
    let payment = find(order, &event.payment)?;
    match payment.stage {
        PaymentStage::Starting => {
            payment.stage = PaymentStage::Failed {
                gateway_code: event.gateway_code.clone(),
                gateway_message: event.gateway_message.clone(),
            };
            Ok(())
        }
        PaymentStage::Open { .. } => Err(Misfit("with that payment offered")),
        PaymentStage::Failed { .. } => Err(Misfit("with that payment failed")),
        PaymentStage::Closed => Err(Misfit("with that payment closed")),
    }
}

pub(super) fn closed(order: &mut PlacedOrder, event: &PaymentClosed) -> Result<(), Misfit> {
    let payment = find(order, &event.payment)?;
    match payment.stage {
        PaymentStage::Starting | PaymentStage::Open { .. } | PaymentStage::Failed { .. } => {
            payment.stage = PaymentStage::Closed;
            Ok(())
        }
        PaymentStage::Closed => Err(Misfit("with that payment closed")),
    }
}

pub(super) fn finished(order: &mut PlacedOrder, event: &PaymentFinished) -> Result<(), Misfit> {
    find(order, &event.payment)?.refund_window = RefundWindow::Finished;
    Ok(())
}

pub(super) fn returned(order: &mut PlacedOrder, event: &PaymentNamed) -> Result<(), Misfit> {
    count(&mut find(order, &event.payment)?.unmoved.returns)
}

pub(super) fn repeated(
    order: &mut PlacedOrder,
    event: &DuplicateNotifyIgnored,
) -> Result<(), Misfit> {
    count(&mut find(order, &event.payment)?.unmoved.duplicates)
}

pub(super) fn hinted(order: &mut PlacedOrder, event: &RefundHintReceived) -> Result<(), Misfit> {
    count(&mut find(order, &event.payment)?.unmoved.hints)
}

fn count(counter: &mut u32) -> Result<(), Misfit> {
    *counter = counter.saturating_add(1);
    Ok(())
}

/// Money pays the order: at once, or out of what was held.
pub(super) fn confirmed(order: &mut PlacedOrder, event: &PaymentConfirmed) -> Result<(), Misfit> {
    match (order.status, &event.basis) {
        (OrderStatus::Open, Basis::AsAsked | Basis::Accepted(_))
        | (OrderStatus::Cancelled | OrderStatus::Expired, Basis::Accepted(_)) => {}
        (OrderStatus::Paid, _)
        | (OrderStatus::Cancelled | OrderStatus::Expired, Basis::AsAsked) => {
            return Err(Misfit(order.status.as_str()));
        }
    }
    let disposition = Disposition::Confirmed(event.basis.clone());
    let id = &event.money.receipt.transaction_id;
    let held = find(order, &event.money.payment)?
        .transactions
        .iter_mut()
        .find(|money| money.transaction_id == *id);
    match held {
        None => receive(order, &event.money, disposition)?,
        Some(money) => match (&money.disposition, &event.basis) {
            (Disposition::Held(_), Basis::Accepted(_)) => money.disposition = disposition,
            (Disposition::Held(_), Basis::AsAsked)
            | (Disposition::Confirmed(_) | Disposition::Returned(_), _) => return Err(KNOWN_MONEY),
        },
    }
    order.status = OrderStatus::Paid;
    order.cancel_wish = CancelWish::None;
    Ok(())
}

pub(super) fn late(
    order: &mut PlacedOrder,
    event: &UnexpectedMoney,
    at: Timestamp,
) -> Result<(), Misfit> {
    match order.status {
        OrderStatus::Cancelled | OrderStatus::Expired => {
            hold(order, event, ExceptionKind::Late, at)
        }
        OrderStatus::Open | OrderStatus::Paid => Err(Misfit(order.status.as_str())),
    }
}

pub(super) fn double(
    order: &mut PlacedOrder,
    event: &UnexpectedMoney,
    at: Timestamp,
) -> Result<(), Misfit> {
    match order.status {
        OrderStatus::Paid => hold(order, event, ExceptionKind::Double, at),
        OrderStatus::Open | OrderStatus::Cancelled | OrderStatus::Expired => {
            Err(Misfit(order.status.as_str()))
        }
    }
}

pub(super) fn mismatched(
    order: &mut PlacedOrder,
    event: &MismatchedMoney,
    at: Timestamp,
) -> Result<(), Misfit> {
    receive(
        order,
        &event.money,
        Disposition::Held(event.exception.clone()),
    )?;
    let expected = StatedMoney {
        amount: event.expected,
        app_id: event.expected_app_id.clone(),
    };
    let kind = ExceptionKind::Mismatch;
    let opened = about_money(&event.exception, kind, &event.money, Some(expected), at);
    open(&mut order.exceptions, opened)
}

fn hold(
    order: &mut PlacedOrder,
    event: &UnexpectedMoney,
    kind: ExceptionKind,
    at: Timestamp,
) -> Result<(), Misfit> {
    receive(
        order,
        &event.money,
        Disposition::Held(event.exception.clone()),
    )?;
    let payment = find(order, &event.money.payment)?;
    let expected = StatedMoney {
        amount: payment.asked,
        app_id: payment.app_id.clone(),
    };
    let opened = about_money(&event.exception, kind, &event.money, Some(expected), at);
    open(&mut order.exceptions, opened)
}

/// Money is received once in an order, whichever payment it comes by.
fn receive(
    order: &mut PlacedOrder,
    money: &MoneyReceived,
    disposition: Disposition,
) -> Result<(), Misfit> {
    let id = &money.receipt.transaction_id;
    if order.knows(&money.payment.account, id) {
        return Err(KNOWN_MONEY);
    }
    let payment = find(order, &money.payment)?;
    payment.transactions.reserve_exact(1);
    payment.transactions.push(received(money, disposition));
    Ok(())
}

/// Money as it is kept when it becomes known.
pub(crate) fn received(money: &MoneyReceived, disposition: Disposition) -> Transaction {
    Transaction {
        transaction_id: money.receipt.transaction_id.clone(),
        amount: money.receipt.amount,
        application: money.receipt.application.clone(),
        paid_at: money.receipt.paid_at,
        source: money.source,
        disposition,
        refunded_minor: 0,
        external_minor: 0,
        external_refunds: Vec::new(),
        totalled_at: None,
    }
}

/// The exception that money beside an order opens.
pub(crate) fn about_money(
    id: &ExceptionId,
    kind: ExceptionKind,
    money: &MoneyReceived,
    expected: Option<StatedMoney>,
    at: Timestamp,
) -> OpenedException {
    OpenedException {
        id: id.clone(),
        kind,
        payment: money.payment.clone(),
        transaction_id: Some(money.receipt.transaction_id.clone()),
        refund_no: None,
        expected,
        received: Some(StatedMoney {
            amount: money.receipt.amount,
            app_id: money.receipt.application.app_id().cloned(),
        }),
        contradiction: None,
        opened_at: at,
        resolution: None,
    }
}

fn find<'a>(order: &'a mut PlacedOrder, name: &PaymentRef) -> Result<&'a mut Payment, Misfit> {
    order
        .payments
        .iter_mut()
        .find(|known| known.payment == *name)
        .ok_or(UNKNOWN)
}

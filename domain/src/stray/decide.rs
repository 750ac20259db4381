//! Decides what a command makes of a stray: refusals first, then only effects, as for an order.

use super::draft::Draft;
use super::{Claim, Stray, StrayMoney, gives_to_order};
use crate::book::{carry_out, decided_before, retry, submit};
use crate::command::{
    Difference, Observe, ObserveRefundHint, Rejection, ResolveException, RetryRefund, SubmitRefund,
};
use crate::event::{ExceptionResolved, RefundHintReceived, StrayEvent, StrayTakenUp};
use crate::exception::{ExceptionKind, ResolutionAction, Resolver};
use crate::order::Unmoved;
use crate::{Method, OrderNo, PaymentRef};

/// What may be asked of a stray.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StrayCommand {
    /// A gateway's facts arrived for a number that no order has claimed. Policies do not speak of
    /// such money: it always waits for a person or its order.
    Observe(Observe),
    /// An unsigned notify claims something of a refund.
    ObserveRefundHint(ObserveRefundHint),
    /// An order has claimed the number.
    TakeUp {
        /// The number.
        payment: PaymentRef,
        /// The order that has it now.
        order_no: OrderNo,
    },
    /// The gateway took a refund up.
    SubmitRefund(SubmitRefund),
    /// A refund that needs action, or failed, is asked for again.
    RetryRefund(RetryRefund),
    /// A person decides an exception.
    ResolveException(ResolveException),
}

/// Why a command may not be for this stream.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StrayRejection {
    /// An order has the number: the command is that order's.
    #[error("order {0} has taken the number up")]
    TakenUp(OrderNo),
    /// The stream's events cannot be read.
    #[error("the stray's events cannot be read")]
    Corrupt,
    /// As of an order.
    #[error(transparent)]
    Refused(#[from] Rejection),
}

/// What `command` makes of the stray.
///
/// # Errors
///
/// A gateway's fact is refused only where an order has the number ([`StrayRejection::TakenUp`]) or the
/// events cannot be folded ([`StrayRejection::Corrupt`]).
pub fn decide_stray(
    stray: &Stray,
    command: StrayCommand,
) -> Result<Vec<StrayEvent>, StrayRejection> {
    match command {
        StrayCommand::Observe(command) => observe(stray, &command),
        StrayCommand::ObserveRefundHint(command) => observe_refund_hint(stray, command),
        StrayCommand::TakeUp { payment, order_no } => take_up(stray, &payment, &order_no),
        StrayCommand::SubmitRefund(command) => submit_refund(stray, &command),
        StrayCommand::RetryRefund(command) => retry_refund(stray, &command),
        StrayCommand::ResolveException(command) => resolve_exception(stray, command),
    }
}

fn observe(stray: &Stray, command: &Observe) -> Result<Vec<StrayEvent>, StrayRejection> {
    let observation = &command.observation;
    let mut draft = Draft::of(unclaimed(stray, &observation.payment)?, command);
    for fact in &observation.facts {
        draft.hear(fact);
    }
    Ok(draft.finish())
}

fn observe_refund_hint(
    stray: &Stray,
    command: ObserveRefundHint,
) -> Result<Vec<StrayEvent>, StrayRejection> {
    let hint = command.hint;
    let money = unclaimed(stray, &hint.payment)?;

    if money.unmoved.hints >= Unmoved::KEPT {
        return Ok(Vec::new());
    }
    Ok(vec![StrayEvent::RefundHintReceived(RefundHintReceived {
        payment: hint.payment,
        method: Method::Unknown,
        claimed: hint.refund,
    })])
}

/// The order has the number from now on; what waited for a person is thereby decided. A number for
/// which nothing came has nothing to take up.
fn take_up(
    stray: &Stray,
    payment: &PaymentRef,
    order_no: &OrderNo,
) -> Result<Vec<StrayEvent>, StrayRejection> {
    match stray {
        Stray::Unheard => return Ok(Vec::new()),
        Stray::Heard(money) if money.claim == Claim::TakenUp(order_no.clone()) => {
            return Ok(Vec::new());
        }
        Stray::Heard(_) | Stray::Corrupt(_) => {}
    }
    let money = unclaimed(stray, payment)?;

    Ok(taken_up(&money, order_no, None))
}

fn submit_refund(stray: &Stray, command: &SubmitRefund) -> Result<Vec<StrayEvent>, StrayRejection> {
    let money = unclaimed(stray, &command.payment)?;
    let submitted = submit(&money.book(), &command.refund_no)?;

    Ok(submitted.into_iter().map(StrayEvent::from).collect())
}

fn retry_refund(stray: &Stray, command: &RetryRefund) -> Result<Vec<StrayEvent>, StrayRejection> {
    let money = unclaimed(stray, &command.payment)?;
    let retried = retry(
        &money.book(),
        &command.refund_no,
        command.capability,
        &command.by,
        None,
    )?;

    Ok(retried.into_iter().map(StrayEvent::from).collect())
}

fn resolve_exception(
    stray: &Stray,
    command: ResolveException,
) -> Result<Vec<StrayEvent>, StrayRejection> {
    let money = match stray {
        Stray::Unheard => return Err(Rejection::NoSuchException.into()),
        Stray::Heard(money) => money,
        Stray::Corrupt(_) => return Err(StrayRejection::Corrupt),
    };
    let exception = money
        .exception(&command.exception)
        .ok_or(Rejection::NoSuchException)?;
    let gives_to_order = gives_to_order(exception, command.action);
    if !gives_to_order && command.order_no.is_some() {
        return Err(Rejection::OrderNoUnwanted.into());
    }
    if let Some(decided) = decided_before(exception, command.action)? {
        given_to_no_other(&money.claim, &command)?;
        return Ok(decided);
    }
    if let Claim::TakenUp(order_no) = &money.claim {
        return Err(StrayRejection::TakenUp(order_no.clone()));
    }
    let offered = money.offered_actions(exception, command.capability);
    if !offered.contains(&command.action) {
        return Err(Rejection::ActionNotOffered { offered }.into());
    }
    if gives_to_order {
        let order_no = command.order_no.as_ref();
        let order_no = order_no.ok_or(Rejection::OrderNoMissing)?;
        return Ok(taken_up(money, order_no, Some(&command)));
    }
    let decided = carry_out(&money.book(), exception, &command)?;
    Ok(decided.into_iter().map(StrayEvent::from).collect())
}

/// Money that went to one order is not accepted for another.
fn given_to_no_other(claim: &Claim, command: &ResolveException) -> Result<(), Rejection> {
    match (command.action, claim, &command.order_no) {
        (ResolutionAction::Accept, Claim::TakenUp(have), Some(got)) if have != got => {
            Err(Rejection::Conflict(vec![Difference {
                pointer: "/order_no",
                have: have.to_string(),
                got: got.to_string(),
            }]))
        }
        _ => Ok(()),
    }
}

/// Ends every open exception, one of them maybe by a person's word, then hands the number over: what is
/// still to be decided is decided about the order.
fn taken_up(
    money: &StrayMoney,
    order_no: &OrderNo,
    decision: Option<&ResolveException>,
) -> Vec<StrayEvent> {
    let open = money
        .exceptions
        .iter()
        .filter(|exception| exception.resolution.is_none());
    let mut events: Vec<StrayEvent> = open
        .map(|exception| {
            let person = decision.filter(|decision| decision.exception == exception.id);
            let action = if exception.kind == ExceptionKind::Unmatched {
                ResolutionAction::Accept
            } else {
                ResolutionAction::Dismiss
            };
            StrayEvent::ExceptionResolved(ExceptionResolved {
                exception: exception.id.clone(),
                kind: exception.kind,
                action,
                by: person.map_or(Resolver::Events, |decision| decision.by.clone()),
                order_no: person.map(|_| order_no.clone()),
                note: person.and_then(|decision| decision.note.clone()),
            })
        })
        .collect();
    events.push(StrayEvent::StrayTakenUp(StrayTakenUp {
        payment: money.payment.clone(),
        order_no: order_no.clone(),
    }));
    events
}

/// The stray, where it is still one; an empty one where nothing came yet.
fn unclaimed(stray: &Stray, payment: &PaymentRef) -> Result<StrayMoney, StrayRejection> {
    match stray {
        Stray::Unheard => Ok(StrayMoney::unheard(payment.clone())),
        Stray::Heard(money) => match &money.claim {
            Claim::Unclaimed => Ok(money.clone()),
            Claim::TakenUp(order_no) => Err(StrayRejection::TakenUp(order_no.clone())),
        },
        Stray::Corrupt(_) => Err(StrayRejection::Corrupt),
    }
}

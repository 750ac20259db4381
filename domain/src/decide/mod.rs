//! Decides what a command makes of an order: one function for each, all refusals first, in the order
//! in which they are written, then only effects. `Ok` of nothing means that it is already so.

mod conclude;
mod draft;
mod place;
mod refund;
mod resolve;
mod shipment;
mod start;

pub(crate) use draft::Draft;

use crate::command::{Command, Rejection};
use crate::event::OrderEvent;
use crate::observe;
use crate::order::{Order, PlacedOrder};

/// What `command` makes of the order.
///
/// # Errors
///
/// A caller who asks for what may not be is told why. A gateway's fact is never refused: `Observe`,
/// `ObserveReturn`, `ObserveRefundHint` and `TakeUpStray` fail only where the order is not the one to
/// speak to ([`Rejection::NoSuchOrder`], [`Rejection::NoSuchPayment`]: the stray's stream is) or cannot
/// be folded ([`Rejection::OrderCorrupt`]: the account's stream is, with `CorruptOrderMessaged`).
pub fn decide(order: &Order, command: Command) -> Result<Vec<OrderEvent>, Rejection> {
    match command {
        Command::Place(command) => place::place(order, command),
        Command::StartPayment(command) => start::start_payment(placed(order)?, command),
        Command::OfferPayment(command) => start::offer_payment(placed(order)?, command),
        Command::FailPaymentStart(command) => start::fail_payment_start(placed(order)?, command),
        Command::Observe(command) => observe::observe(placed(order)?, &command),
        Command::ObserveReturn(command) => observe::observe_return(placed(order)?, command),
        Command::ObserveRefundHint(command) => {
            observe::observe_refund_hint(placed(order)?, command)
        }
        Command::TakeUpStray(command) => observe::take_up_stray(placed(order)?, &command),
        Command::Cancel(command) => conclude::cancel(placed(order)?, &command),
        Command::Expire(command) => conclude::expire(placed(order)?, &command),
        Command::RequestRefund(command) => refund::request_refund(placed(order)?, command),
        Command::SubmitRefund(command) => refund::submit_refund(placed(order)?, &command),
        Command::RetryRefund(command) => refund::retry_refund(placed(order)?, &command),
        Command::DispatchShipment(command) => shipment::dispatch(placed(order)?, command),
        Command::DeliverShipment => shipment::deliver(placed(order)?),
        Command::HoldShipment(command) => shipment::hold(placed(order)?, command),
        Command::ReleaseShipment => shipment::release(placed(order)?),
        Command::ResolveException(command) => resolve::resolve_exception(placed(order)?, command),
    }
}

/// The order, where there is one that can be read.
fn placed(order: &Order) -> Result<&PlacedOrder, Rejection> {
    match order {
        Order::Unplaced => Err(Rejection::NoSuchOrder),
        Order::Placed(order) => Ok(order),
        Order::Corrupt(_) => Err(Rejection::OrderCorrupt),
    }
}

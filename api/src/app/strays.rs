//! Money for numbers that no order has claimed, and the orders that come for it.
//!
//! The message is stored in its stray's stream, then the claim is looked for again; the claim is
//! made, then the stray's stream is read. So whichever comes second sees the first, and either may
//! take the stray up: first the stray's stream says which order has it, so that nobody else decides
//! on it any more, then the order hears the facts. What a crash leaves in between, the jobs finish.

use payfold_domain::command::{Command, ObserveRefundHint, Rejection, TakeUpStray};
use payfold_domain::order::Order;
use payfold_domain::stray::{Stray, StrayCommand, StrayRejection, decide_stray};
use payfold_domain::{OrderNo, PaymentRef, decide};

use super::accounts::Account;
use super::aggregate::Aggregate;
use super::handle::Ground;
use super::observe::Said;
use super::{App, AppError};

impl App {
    pub(crate) async fn observe_stray(
        &self,
        account: &Account,
        said: Said,
        ground: Ground<'_>,
    ) -> Result<(), AppError> {
        let payment = said.payment().clone();
        let stored = self
            .change::<Stray, StrayFailure>(&payment, ground, |stray, taken| {
                let command = match said.clone() {
                    Said::Facts(observation) => {
                        StrayCommand::Observe(self.observe_command(account, observation, taken))
                    }
                    Said::Hint(hint) => StrayCommand::ObserveRefundHint(ObserveRefundHint { hint }),
                };
                Ok(decide_stray(stray, command)?)
            })
            .await;
        match stored {
            Ok(_) => match self.order_of(&payment).await? {
                Some(order_no) => self.take_up_claimed(account, &payment, &order_no).await,
                None => Ok(()),
            },
            Err(StrayFailure::TakenUp(order_no)) => {
                self.take_up_claimed(account, &payment, &order_no).await?;
                self.observe_at_order(account, &order_no, said, ground)
                    .await
            }
            Err(StrayFailure::App(error)) => Err(error),
        }
    }

    /// An order that has claimed a number takes up what is known of it already.
    pub(crate) async fn take_up_claimed(
        &self,
        account: &Account,
        payment: &PaymentRef,
        order_no: &OrderNo,
    ) -> Result<(), AppError> {
        if self.store.head(&Stray::stream(payment)).await?.version == 0 {
            return Ok(());
        }
        let taken_up = self
            .change::<Stray, StrayFailure>(payment, Ground::Nothing, |stray, _| {
                Ok(decide_stray(
                    stray,
                    StrayCommand::TakeUp {
                        payment: payment.clone(),
                        order_no: order_no.clone(),
                    },
                )?)
            })
            .await;
        match taken_up {
            Ok(changed) => {
                self.hear_stray(account, payment, order_no, &changed.folded.state)
                    .await
            }
            // Another order has it by a person's decision; this one is told nothing.
            Err(StrayFailure::TakenUp(_)) => Ok(()),
            Err(StrayFailure::App(error)) => Err(error),
        }
    }

    /// The order hears what its stray knows, on the ground on which the stray was taken up.
    pub(crate) async fn hear_stray(
        &self,
        account: &Account,
        payment: &PaymentRef,
        order_no: &OrderNo,
        stray: &Stray,
    ) -> Result<(), AppError> {
        let stream = Stray::stream(payment);
        let Stray::Heard(money) = stray else {
            return Ok(());
        };
        let command = TakeUpStray {
            observation: money.observation(),
            basis: money.take_up_basis(),
            capability: account.capability,
            policy: self.settings.policy,
            now: self.world.now(),
        };
        self.change::<Order, AppError>(order_no, Ground::Stray(&stream), |order, _| {
            Ok(decide(order, Command::TakeUpStray(command.clone()))?)
        })
        .await
        .map(|_| ())
    }
}

/// Why a stray's stream could not take a command.
#[derive(Debug)]
pub(crate) enum StrayFailure {
    /// An order has it.
    TakenUp(OrderNo),
    /// Anything else.
    App(AppError),
}

impl StrayFailure {
    /// As a caller is told it.
    pub(crate) fn into_app(self) -> AppError {
        match self {
            Self::TakenUp(_) => Rejection::NoSuchException.into(),
            Self::App(error) => error,
        }
    }
}

impl From<StrayRejection> for StrayFailure {
    fn from(rejection: StrayRejection) -> Self {
        match rejection {
            StrayRejection::TakenUp(order_no) => Self::TakenUp(order_no),
            StrayRejection::Corrupt => Self::App(Rejection::OrderCorrupt.into()),
            StrayRejection::Refused(rejection) => Self::App(rejection.into()),
        }
    }
}

impl From<AppError> for StrayFailure {
    fn from(error: AppError) -> Self {
        Self::App(error)
    }
}

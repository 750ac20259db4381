//! Money for numbers that no order has claimed, and the orders that come for it.
//!
//! The message is stored in its stray's stream, then the claim is looked for again; the claim is
//! made, then the stray's stream is read. So whichever comes second sees the first, and either may
//! take the stray up: first the stray's stream says which order has it, so that nobody else decides
//! on it any more, then the order hears the facts. What a crash leaves in between, the jobs finish.

use payfold_domain::command::{
    Command, Foreign, ObserveRefundHint, Rejection, TakeUpBasis, TakeUpStray,
};
use payfold_domain::order::{Order, Refund};
use payfold_domain::stray::{Stray, StrayCommand, StrayRejection, decide_stray};
use payfold_domain::{OrderNo, PaymentRef, decide};
use payfold_store::{Claim, Position, StreamName};

use super::accounts::Account;
use super::aggregate::Aggregate;
use super::handle::Ground;
use super::observe::{Said, foreign};
use super::{App, AppError};

fn refunds(stray: &Stray) -> &[Refund] {
    match stray {
        Stray::Heard(money) => &money.refunds,
        Stray::Unheard | Stray::Corrupt(_) => &[],
    }
}

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
                if said.is_outdated(refunds(stray)) {
                    return Ok(Vec::new());
                }
                let command = match said.clone() {
                    Said::Facts(observation) | Said::Refusal(observation, _) => {
                        StrayCommand::Observe(self.observe_command(account, observation, taken))
                    }
                    Said::Hint(hint) => StrayCommand::ObserveRefundHint(ObserveRefundHint { hint }),
                };
                Ok(decide_stray(stray, command)?)
            })
            .await;
        match stored {
            Ok(_) => {
                if let Some(order_no) = self.order_of(&payment).await? {
                    self.take_up_claimed(&payment, &order_no).await?;
                }
                Ok(())
            }
            Err(StrayFailure::TakenUp(order_no)) => {
                self.take_up_claimed(&payment, &order_no).await?;
                self.observe_at_order(account, &order_no, said, ground)
                    .await
            }
            Err(StrayFailure::Corrupt) => self.keep_untold(account, None, &said, ground).await,
            Err(StrayFailure::App(error)) => Err(error),
        }
    }

    /// An order that has claimed a number takes up what is known of it already.
    pub(crate) async fn take_up_claimed(
        &self,
        payment: &PaymentRef,
        order_no: &OrderNo,
    ) -> Result<TakeUp, AppError> {
        if self.store.head(&Stray::stream(payment)).await?.version == 0 {
            return Ok(TakeUp::Nothing);
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
                self.hear_stray(payment, order_no, &changed.folded.state)
                    .await?;
                Ok(TakeUp::Done)
            }
            // Another order has it by a person's decision; this one is told nothing.
            Err(StrayFailure::TakenUp(_)) => Ok(TakeUp::Done),
            Err(StrayFailure::Corrupt) => Ok(TakeUp::Unreadable),
            Err(StrayFailure::App(error)) => Err(error),
        }
    }

    /// The order hears what its stray knows, on the ground on which the stray was taken up. Where
    /// another order has claimed the number meanwhile, the money is that one's, for all that the
    /// gateway says of the number is told to it.
    pub(crate) async fn hear_stray(
        &self,
        payment: &PaymentRef,
        order_no: &OrderNo,
        stray: &Stray,
    ) -> Result<Heard, AppError> {
        let heard = |order_no: &OrderNo, position| Heard {
            order_no: order_no.clone(),
            position,
        };
        let Stray::Heard(money) = stray else {
            return Ok(heard(order_no, Position(0)));
        };
        let told = |basis| TakeUpStray {
            observation: money.observation(),
            foreign: Foreign::default(),
            basis,
            capability: self.capability_at(&payment.account),
            policy: self.settings.policy,
            now: self.world.now(),
        };
        let stream = Stray::stream(payment);
        let command = told(money.take_up_basis());
        match self.tell_of_stray(order_no, &stream, command).await {
            Ok(position) => Ok(heard(order_no, position)),
            Err(StrayFailure::TakenUp(other)) => {
                let command = told(TakeUpBasis::Claimed);
                let position = self.tell_of_stray(&other, &stream, command).await;
                Ok(heard(&other, position.map_err(StrayFailure::into_app)?))
            }
            Err(failure @ (StrayFailure::Corrupt | StrayFailure::App(_))) => {
                Err(failure.into_app())
            }
        }
    }

    /// Tells an order what its stray knows, unless another order has the number. Answers with the
    /// position of the order's last event.
    async fn tell_of_stray(
        &self,
        order_no: &OrderNo,
        stray: &StreamName,
        command: TakeUpStray,
    ) -> Result<Position, StrayFailure> {
        let number = Claim::Payment(command.observation.payment.clone());
        self.change::<Order, StrayFailure>(order_no, Ground::Stray(stray), |order, taken| {
            if let Some(StreamName::Order(other)) = taken.owner_of(&number) {
                return Err(StrayFailure::TakenUp(other.clone()));
            }
            let command = Command::TakeUpStray(TakeUpStray {
                foreign: foreign(taken),
                ..command.clone()
            });
            decide(order, command).map_err(|rejection| StrayFailure::App(rejection.into()))
        })
        .await
        .map(|changed| changed.folded.position)
    }
}

/// An order that has heard of its stray.
#[derive(Debug, Clone)]
pub(crate) struct Heard {
    /// The order.
    pub(crate) order_no: OrderNo,
    /// The position of its last event, where it was told anything.
    pub(crate) position: Position,
}

/// What there was of a number when an order claimed it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TakeUp {
    /// Nothing.
    Nothing,
    /// Something, which an order has heard of by now.
    Done,
    /// Something that cannot be read. It stays a stray, and keeps its money, until it can be.
    Unreadable,
}

/// Why a stray's stream could not take a command.
#[derive(Debug)]
pub(crate) enum StrayFailure {
    /// An order has it.
    TakenUp(OrderNo),
    /// Its events cannot be folded.
    Corrupt,
    /// Anything else.
    App(AppError),
}

impl StrayFailure {
    /// As a caller is told it.
    pub(crate) fn into_app(self) -> AppError {
        match self {
            Self::TakenUp(_) => Rejection::NoSuchException.into(),
            Self::Corrupt => Rejection::OrderCorrupt.into(),
            Self::App(error) => error,
        }
    }
}

impl From<StrayRejection> for StrayFailure {
    fn from(rejection: StrayRejection) -> Self {
        match rejection {
            StrayRejection::TakenUp(order_no) => Self::TakenUp(order_no),
            StrayRejection::Corrupt => Self::Corrupt,
            StrayRejection::Refused(rejection) => Self::App(rejection.into()),
        }
    }
}

impl From<AppError> for StrayFailure {
    fn from(error: AppError) -> Self {
        Self::App(error)
    }
}

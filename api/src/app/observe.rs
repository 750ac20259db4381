//! From a gateway's message to events: verify, translate, find whose it is, decide, store, answer.

use std::sync::Arc;

use bytes::Bytes;
use http::HeaderMap;
use payfold_domain::account::{Account as AccountState, AccountCommand, decide_account};
use payfold_domain::command::{Command, Foreign, Observe, ObserveRefundHint, Rejection};
use payfold_domain::event::UnknownMessageReceived;
use payfold_domain::order::{Order, Refund};
use payfold_domain::{
    Authentic, Fact, Message, Observation, OrderNo, PaymentRef, RefundHint, Source, decide,
};
use payfold_store::{Claim, StoreError, StreamName};

use super::accounts::{Account, Fate, NotifyAnswer};
use super::exceptions::AccountFailure;
use super::handle::{Changed, Ground, Taken};
use super::strays::TakeUp;
use super::{App, AppError};

/// What a gateway says of one payment, in whichever way it proves it.
#[derive(Debug, Clone)]
pub(crate) enum Said {
    /// Facts.
    Facts(Observation),
    /// A claim that a query has to confirm.
    Hint(RefundHint),
    /// What the refusal of a call for a refund means, and the refund as it stood before the call.
    Refusal(Observation, Box<Refund>),
}

impl Said {
    pub(crate) fn payment(&self) -> &PaymentRef {
        match self {
            Self::Facts(observation) | Self::Refusal(observation, _) => &observation.payment,
            Self::Hint(hint) => &hint.payment,
        }
    }

    /// By which way it came.
    fn source(&self) -> Source {
        match self {
            Self::Facts(observation) | Self::Refusal(observation, _) => observation.source,
            Self::Hint(_) => Source::Notify,
        }
    }

    /// The money that it states, where it does.
    fn receipt(&self) -> Option<&payfold_domain::Receipt> {
        match self {
            Self::Facts(observation) => observation.facts.iter().find_map(|fact| match fact {
                Fact::Paid(receipt) => Some(receipt),
                Fact::NotPaidYet | Fact::Refund(_) | Fact::FinallyUnpaid | Fact::NoMoreRefunds => {
                    None
                }
            }),
            Self::Hint(_) | Self::Refusal(..) => None,
        }
    }

    /// Whether this is the refusal of a call, and the refund has come further or is asked for anew
    /// since: another node's call may have gone through meanwhile.
    pub(crate) fn is_outdated<'a>(&self, refunds: impl IntoIterator<Item = &'a Refund>) -> bool {
        let Self::Refusal(_, before) = self else {
            return false;
        };
        let stands =
            |refund: &Refund| refund.status == before.status && refund.attempt == before.attempt;
        !refunds
            .into_iter()
            .any(|refund| refund.refund_no == before.refund_no && stands(refund))
    }
}

/// The refunds of a payment, where its order can be read.
fn refunds<'a>(order: &'a Order, payment: &PaymentRef) -> &'a [Refund] {
    match order {
        Order::Placed(order) => order
            .payment(payment)
            .map_or(&[], |payment| &payment.refunds),
        Order::Unplaced | Order::Corrupt(_) => &[],
    }
}

impl App {
    /// Takes a notify in. An answer of success says that what the message says is durably stored.
    pub async fn notify(
        &self,
        account: &Arc<Account>,
        headers: &HeaderMap,
        body: Bytes,
    ) -> NotifyAnswer {
        let mut verified = account.verify(headers, &body, self.world.now());
        if let Err(refusal) = &verified
            && account.may_have_renewed(refusal)
            && self.brings_certificates(account).await
        {
            verified = account.verify(headers, &body, self.world.now());
        }
        let fate = match verified {
            Ok(authentic) => match self.take_in(account, authentic, body.clone()).await {
                Ok(()) => Fate::Accepted,
                Err(error) => {
                    tracing::error!(account = %account.name, %error, "an authentic notify was not stored");
                    Fate::Unavailable
                }
            },
            Err(refusal) => {
                tracing::warn!(account = %account.name, cause = refusal.label(), "a notify was refused");
                Fate::Refused(refusal)
            }
        };
        self.metrics.notify(&account.name, &fate);
        account.answer(&body, &fate)
    }

    /// Whether there are new certificates, one of which may be the one that signed a message.
    async fn brings_certificates(&self, account: &Arc<Account>) -> bool {
        match self.refresh_certificates(&account.name).await {
            Ok(refreshed) => refreshed,
            Err(error) => {
                tracing::warn!(account = %account.name, %error, "certificates could not be fetched");
                false
            }
        }
    }

    async fn take_in(
        &self,
        account: &Account,
        authentic: Authentic,
        body: Bytes,
    ) -> Result<(), AppError> {
        let Authentic {
            message,
            signed_headers,
            key,
        } = authentic;
        let proven = account.notify_evidence(signed_headers, key, body, self.world.now());
        self.observe(account, message, Ground::Message(&proven))
            .await
    }

    /// Stores what an authentic message says, where it belongs.
    pub(crate) async fn observe(
        &self,
        account: &Account,
        message: Message,
        ground: Ground<'_>,
    ) -> Result<(), AppError> {
        let said = match message {
            Message::Observation(observation) => Said::Facts(observation),
            Message::RefundHint(hint) => Said::Hint(hint),
            Message::Unknown(kind) => {
                let message = UnknownMessageReceived {
                    account: account.name.clone(),
                    kind,
                };
                let message = AccountCommand::ReceiveUnknownMessage(message);
                return self.tell_account(account, message, ground).await;
            }
        };
        self.observe_said(account, said, ground).await
    }

    /// Stores what is said of a payment, where it belongs.
    pub(crate) async fn observe_said(
        &self,
        account: &Account,
        said: Said,
        ground: Ground<'_>,
    ) -> Result<(), AppError> {
        match self.order_of(said.payment()).await? {
            Some(order_no) => {
                self.observe_at_order(account, &order_no, said, ground)
                    .await
            }
            None => self.observe_stray(account, said, ground).await,
        }
    }

    /// The order that a payment's number belongs to.
    pub(crate) async fn order_of(&self, payment: &PaymentRef) -> Result<Option<OrderNo>, AppError> {
        if let Some(order_no) = self.owners.get(payment) {
            return Ok(Some(order_no));
        }
        match self.store.owner(&Claim::Payment(payment.clone())).await? {
            None => Ok(None),
            Some(StreamName::Order(order_no)) => {
                self.owners.put(payment, &order_no);
                Ok(Some(order_no))
            }
            Some(other) => Err(AppError::Store(StoreError::Damaged {
                place: format!(
                    "the claim of {} in {}",
                    payment.out_trade_no, payment.account
                ),
                problem: format!("it belongs to {other}, which is no order"),
            })),
        }
    }

    /// Stores what is said at the order that it is about. Money that a stray of the number holds by now
    /// is taken up first: it is the order's, and contradicts nothing. What cannot be told to an order
    /// whose events do not fold is kept in the account's stream, so that the gateway does not send it
    /// for ever.
    pub(crate) async fn observe_at_order(
        &self,
        account: &Account,
        order_no: &OrderNo,
        said: Said,
        ground: Ground<'_>,
    ) -> Result<(), AppError> {
        let payment = said.payment();
        let own_stray = StreamName::Stray(payment.clone());
        let mut observed = self
            .tell_order(account, order_no, &said, ground, Some(&own_stray))
            .await;
        if let Err(Untold::StrayFirst) = observed {
            if self.take_up_claimed(payment, order_no).await? == TakeUp::Unreadable {
                let order_no = Some(order_no.clone());
                return self.keep_untold(account, order_no, &said, ground).await;
            }
            // What is the stray's even now, another order has by a person's decision.
            observed = self
                .tell_order(account, order_no, &said, ground, None)
                .await;
        }
        match observed {
            Ok(_changed) => Ok(()),
            Err(Untold::App(AppError::Rejected(Rejection::OrderCorrupt))) => {
                let order_no = Some(order_no.clone());
                self.keep_untold(account, order_no, &said, ground).await
            }
            Err(Untold::App(error)) => Err(error),
            Err(Untold::StrayFirst) => Err(AppError::Contended),
        }
    }

    /// Keeps in the account's stream what an order, or a number that none has claimed, cannot be told
    /// because its events do not fold.
    pub(crate) async fn keep_untold(
        &self,
        account: &Account,
        order_no: Option<OrderNo>,
        said: &Said,
        ground: Ground<'_>,
    ) -> Result<(), AppError> {
        let message = AccountCommand::MessageCorruptOrder {
            payment: said.payment().clone(),
            order_no,
            receipt: said.receipt().cloned(),
            source: said.source(),
        };
        self.tell_account(account, message, ground).await
    }

    /// Tells an order, unless `own_stray` turns out to have what is told.
    async fn tell_order(
        &self,
        account: &Account,
        order_no: &OrderNo,
        said: &Said,
        ground: Ground<'_>,
        own_stray: Option<&StreamName>,
    ) -> Result<Changed<Order>, Untold> {
        self.change::<Order, Untold>(order_no, ground, |order, taken| {
            if own_stray.is_some_and(|stray| taken.is_owned_by(stray)) {
                return Err(Untold::StrayFirst);
            }
            if said.is_outdated(refunds(order, said.payment())) {
                return Ok(Vec::new());
            }
            let command = match said.clone() {
                Said::Facts(observation) | Said::Refusal(observation, _) => {
                    Command::Observe(self.observe_command(account, observation, taken))
                }
                Said::Hint(hint) => Command::ObserveRefundHint(ObserveRefundHint { hint }),
            };
            decide(order, command).map_err(|rejection| Untold::App(rejection.into()))
        })
        .await
    }

    pub(crate) fn observe_command(
        &self,
        account: &Account,
        observation: Observation,
        taken: &Taken,
    ) -> Observe {
        Observe {
            observation,
            foreign: foreign(taken),
            capability: account.capability,
            policy: self.settings.policy,
            now: self.world.now(),
        }
    }

    async fn tell_account(
        &self,
        account: &Account,
        message: AccountCommand,
        ground: Ground<'_>,
    ) -> Result<(), AppError> {
        self.change::<AccountState, AccountFailure>(&account.name, ground, |state, _| {
            Ok(decide_account(state, message.clone())?)
        })
        .await
        .map(|_| ())
        .map_err(AccountFailure::into_app)
    }
}

/// Why an order was not told.
enum Untold {
    /// A stray of the number has what is told; the order takes it up first.
    StrayFirst,
    /// Anything else.
    App(AppError),
}

impl From<AppError> for Untold {
    fn from(error: AppError) -> Self {
        Self::App(error)
    }
}

/// What turned out to belong to others.
pub(super) fn foreign(taken: &Taken) -> Foreign {
    let mut foreign = Foreign::default();
    for claim in taken.claims() {
        match claim {
            Claim::Transaction(_, transaction_id) => {
                foreign.transactions.push(transaction_id.clone());
            }
            Claim::Refund(_, refund_no) => foreign.refunds.push(refund_no.clone()),
            Claim::Payment(_) => {}
        }
    }
    foreign
}

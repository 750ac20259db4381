//! Money that needs a person: finding an exception's stream, and deciding it there.

use payfold_domain::account::{
    Account as AccountState, AccountCommand, AccountRejection, decide_account,
};
use payfold_domain::bill::{Bill, BillCommand, decide_bill};
use payfold_domain::command::{Command, Rejection, ResolveException};
use payfold_domain::exception::{ExceptionId, ResolutionAction, Resolver};
use payfold_domain::order::{OpenedException, Order, OrderStatus};
use payfold_domain::policy::Capability;
use payfold_domain::stray::{Stray, StrayCommand, decide_stray};
use payfold_domain::{AccountName, OrderNo, PaymentRef};
use payfold_projections::View;
use payfold_store::{Position, StreamName};

use super::aggregate::BillOf;
use super::gone::let_stay_gone;
use super::handle::{Changed, Ground, Made};
use super::strays::StrayFailure;
use super::{App, AppError};

/// A decision that a caller makes.
#[derive(Debug, Clone)]
pub struct ResolveRequest {
    /// What is decided.
    pub action: ResolutionAction,
    /// For unmatched money that is accepted: the order that takes it.
    pub order_no: Option<OrderNo>,
    /// A note.
    pub note: Option<String>,
    /// The name of the caller's key.
    pub key_name: String,
}

/// A decided exception.
#[derive(Debug, Clone)]
pub struct Resolved {
    /// Whether anything was written.
    pub made: Made,
    /// The stream that it lies in.
    pub stream: StreamName,
    /// The position of the last event of that stream, or of the order that takes its money, whichever
    /// came later.
    pub position: Position,
}

/// An exception as it shows outside.
#[derive(Debug, Clone)]
pub struct ShownException {
    /// The exception.
    pub exception: OpenedException,
    /// The order it is at, where it is at one.
    pub order_no: Option<OrderNo>,
    /// What may be decided about it now.
    pub actions: Vec<ResolutionAction>,
}

impl App {
    /// The exceptions of a stream as it stood at a position, with what may be decided about each.
    pub async fn exceptions_of(
        &self,
        stream: &StreamName,
        up_to: Position,
    ) -> Result<Vec<ShownException>, AppError> {
        match stream {
            StreamName::Order(order_no) => {
                let folded = self.fold::<Order>(order_no, up_to).await?;
                Ok(match folded.state {
                    Order::Placed(order) => order
                        .exceptions
                        .iter()
                        .map(|exception| ShownException {
                            actions: order
                                .offered_actions(exception, self.capability_of(exception)),
                            exception: exception.clone(),
                            order_no: Some(order_no.clone()),
                        })
                        .collect(),
                    Order::Unplaced | Order::Corrupt(_) => Vec::new(),
                })
            }
            StreamName::Stray(payment) => {
                let folded = self.fold::<Stray>(payment, up_to).await?;
                Ok(match folded.state {
                    Stray::Heard(money) => money
                        .exceptions
                        .iter()
                        .map(|exception| ShownException {
                            actions: money
                                .offered_actions(exception, self.capability_of(exception)),
                            exception: exception.clone(),
                            order_no: None,
                        })
                        .collect(),
                    Stray::Unheard | Stray::Corrupt(_) => Vec::new(),
                })
            }
            StreamName::Account(account) => {
                let folded = self.fold::<AccountState>(account, up_to).await?;
                self.all_dismissible(folded.state.exceptions).await
            }
            StreamName::Bill { account, date } => {
                let bill = BillOf {
                    account: account.clone(),
                    date: date.clone(),
                };
                let folded = self.fold::<Bill>(&bill, up_to).await?;
                self.all_dismissible(folded.state.exceptions).await
            }
            StreamName::Seal => Ok(Vec::new()),
        }
    }

    /// Exceptions that lie with an account or a bill, beside the orders that they are about.
    async fn all_dismissible(
        &self,
        exceptions: Vec<OpenedException>,
    ) -> Result<Vec<ShownException>, AppError> {
        let mut shown = Vec::with_capacity(exceptions.len());
        for exception in exceptions {
            shown.push(self.dismissible(exception).await?);
        }
        Ok(shown)
    }

    async fn dismissible(&self, exception: OpenedException) -> Result<ShownException, AppError> {
        let actions = match exception.resolution {
            None => vec![ResolutionAction::Dismiss],
            Some(_) => Vec::new(),
        };
        Ok(ShownException {
            order_no: self.order_of(&exception.payment).await?,
            exception,
            actions,
        })
    }

    /// Decides an exception.
    pub async fn resolve_exception(
        &self,
        id: &ExceptionId,
        request: ResolveRequest,
    ) -> Result<Resolved, AppError> {
        let stream = self
            .stream_of(id)
            .await?
            .ok_or(Rejection::NoSuchException)?;
        match &stream {
            StreamName::Order(order_no) => {
                let account = self.account_of(&stream, id).await?;
                let command = self.resolve_command(id, request, account);
                let written = self
                    .command(order_no, Command::ResolveException(command))
                    .await?;
                Ok(Resolved {
                    made: written.made,
                    position: written.order.position,
                    stream,
                })
            }
            StreamName::Stray(payment) => {
                let payment = payment.clone();
                self.resolve_stray(id, request, &payment, stream).await
            }
            StreamName::Account(account) => {
                let command = self.resolve_command(id, request, Some(account.clone()));
                let changed = self
                    .change::<AccountState, AccountFailure>(account, Ground::Nothing, |state, _| {
                        let command = AccountCommand::ResolveException(command.clone());
                        Ok(decide_account(state, command)?)
                    })
                    .await
                    .map_err(AccountFailure::into_app)?;
                Ok(Resolved {
                    made: changed.made,
                    position: changed.folded.position,
                    stream,
                })
            }
            StreamName::Bill { account, date } => {
                let command = self.resolve_command(id, request, Some(account.clone()));
                let bill = BillOf {
                    account: account.clone(),
                    date: date.clone(),
                };
                let changed = self
                    .change_bill(&bill, BillCommand::ResolveException(command))
                    .await?;
                Ok(Resolved {
                    made: changed.made,
                    position: changed.folded.position,
                    stream,
                })
            }
            StreamName::Seal => Err(Rejection::NoSuchException.into()),
        }
    }

    /// Decides on a bill's stream.
    pub(crate) async fn change_bill(
        &self,
        bill: &BillOf,
        command: BillCommand,
    ) -> Result<Changed<Bill>, AppError> {
        self.change::<Bill, AppError>(bill, Ground::Nothing, |state, _| {
            Ok(decide_bill(state, command.clone())?)
        })
        .await
    }

    /// Unmatched money that an order takes is first given away by its own stream, so that nobody else
    /// decides on it; therefore the order is looked at before.
    async fn resolve_stray(
        &self,
        id: &ExceptionId,
        request: ResolveRequest,
        payment: &PaymentRef,
        stream: StreamName,
    ) -> Result<Resolved, AppError> {
        let taker = match (request.action, &request.order_no) {
            (ResolutionAction::Accept, Some(order_no)) => {
                if self.is_open(payment, id).await? {
                    self.may_take(order_no).await?;
                    if self.accounts.get(&payment.account).is_none() {
                        let_stay_gone(&*self.store, &payment.account).await?;
                    }
                }
                Some(order_no.clone())
            }
            _ => None,
        };
        let command = self.resolve_command(id, request, Some(payment.account.clone()));
        let changed = self
            .change::<Stray, StrayFailure>(payment, Ground::Nothing, |stray, _| {
                Ok(decide_stray(
                    stray,
                    StrayCommand::ResolveException(command.clone()),
                )?)
            })
            .await
            .map_err(StrayFailure::into_app)?;
        let mut position = changed.folded.position;
        if let Some(order_no) = taker {
            let state = &changed.folded.state;
            let heard = self.hear_stray(payment, &order_no, state).await?;
            if heard.order_no != order_no {
                return Err(AppError::NumberTaken);
            }
            position = position.max(heard.position);
        }
        Ok(Resolved {
            made: changed.made,
            position,
            stream,
        })
    }

    /// Whether nobody has decided yet: who repeats a decision is not asked about the order again.
    async fn is_open(&self, payment: &PaymentRef, id: &ExceptionId) -> Result<bool, AppError> {
        let exceptions = match self.fold_now::<Stray>(payment).await?.state {
            Stray::Heard(money) => money.exceptions,
            Stray::Unheard | Stray::Corrupt(_) => Vec::new(),
        };
        let mut exceptions = exceptions.iter();
        Ok(exceptions.any(|exception| exception.id == *id && exception.resolution.is_none()))
    }

    async fn may_take(&self, order_no: &OrderNo) -> Result<(), AppError> {
        match self.fold_now::<Order>(order_no).await?.state {
            Order::Unplaced => Err(Rejection::NoSuchOrder.into()),
            Order::Corrupt(_) => Err(Rejection::OrderCorrupt.into()),
            Order::Placed(order) if order.status == OrderStatus::Paid => {
                Err(Rejection::OrderPaid.into())
            }
            Order::Placed(_) => Ok(()),
        }
    }

    /// The stream that an exception lies in, once the view has seen everything that is stored now.
    async fn stream_of(&self, id: &ExceptionId) -> Result<Option<StreamName>, AppError> {
        let tip = *self.store.tip().borrow();
        self.view_reached(View::Exceptions, tip).await?;
        let found = self.views.exceptions.find(id)?.value;
        Ok(found.into_iter().next().map(|row| row.stream))
    }

    async fn account_of(
        &self,
        stream: &StreamName,
        id: &ExceptionId,
    ) -> Result<Option<AccountName>, AppError> {
        let shown = self.exceptions_of(stream, Position(u64::MAX)).await?;
        let exception = shown.into_iter().find(|shown| shown.exception.id == *id);
        Ok(exception.map(|shown| shown.exception.payment.account))
    }

    fn resolve_command(
        &self,
        id: &ExceptionId,
        request: ResolveRequest,
        account: Option<AccountName>,
    ) -> ResolveException {
        let account = account.and_then(|name| self.accounts.get(&name));
        ResolveException {
            exception: id.clone(),
            action: request.action,
            order_no: request.order_no,
            by: Resolver::Key(request.key_name),
            note: request.note,
            capability: account.map_or(Capability::ReceivesOnly, |account| account.capability),
        }
    }

    /// What the account of an exception can do; an account that is gone can do nothing.
    pub(crate) fn capability_of(&self, exception: &OpenedException) -> Capability {
        self.capability_at(&exception.payment.account)
    }
}

/// Why an account's stream could not take a decision.
pub(crate) enum AccountFailure {
    Rejected(AccountRejection),
    App(AppError),
}

impl AccountFailure {
    pub(crate) fn into_app(self) -> AppError {
        match self {
            Self::Rejected(AccountRejection::Refused(rejection)) => rejection.into(),
            Self::Rejected(AccountRejection::OtherIdentity { .. }) => {
                Rejection::NoSuchException.into()
            }
            Self::App(error) => error,
        }
    }
}

impl From<AccountRejection> for AccountFailure {
    fn from(rejection: AccountRejection) -> Self {
        Self::Rejected(rejection)
    }
}

impl From<AppError> for AccountFailure {
    fn from(error: AppError) -> Self {
        Self::App(error)
    }
}

//! Who each account is at its gateway, recorded by the first start that knew it. Another identity
//! under the same name would let one shop's messages pay another's orders.

use std::collections::BTreeSet;

use payfold_domain::account::{
    Account as AccountState, AccountCommand, AccountRejection, decide_account,
};
use payfold_domain::event::AccountIdentity;
use payfold_domain::{AccountName, AppId, InvalidName, Timestamp};
use payfold_projections::Day;
use payfold_store::{Position, Store};

use super::accounts::Account;
use super::aggregate::Aggregate;
use super::gone::accounts_gone;
use super::handle::{Ground, Taken, folded};
use super::{App, AppError};

/// Why the configured accounts do not go with this store.
#[derive(Debug, thiserror::Error)]
pub enum IdentityProblem {
    /// The account is another one than the store has recorded.
    #[error(transparent)]
    Rejected(#[from] AccountRejection),
    /// The configuration names an account no more that has payments younger than a year, which may
    /// still be refunded or told of.
    #[error(
        "account {0} is gone from the configuration, and it has payments younger than a year; keep it with retired = true"
    )]
    Gone(AccountName),
    /// The application's id is none.
    #[error(transparent)]
    Name(#[from] InvalidName),
    /// The store could not answer.
    #[error(transparent)]
    App(#[from] AppError),
}

impl App {
    /// Records the identity of every account, or finds that it is the recorded one. All problems are
    /// told at once.
    pub async fn record_identities(&self) -> Result<(), Vec<IdentityProblem>> {
        let mut problems = Vec::new();
        for account in self.accounts.all().values() {
            if let Err(problem) = self.record_identity(account).await {
                problems.push(problem);
            }
        }
        let accounts = self.accounts.all();
        let configured = accounts.keys().collect();
        problems.extend(gone(&*self.store, configured, self.world.now()).await);
        if problems.is_empty() {
            Ok(())
        } else {
            Err(problems)
        }
    }

    /// The day of the start that first knew the account: before it there is nothing to compare. The
    /// account's state is folded by every start anyway, so its stream is not read for this.
    pub(crate) async fn recorded_on(&self, account: &AccountName) -> Result<Option<Day>, AppError> {
        let nothing = |_: &AccountState, _: &Taken| Ok(Vec::new());
        let read = self.change::<AccountState, AppError>(account, Ground::Nothing, nothing);
        Ok(read.await?.folded.state.recorded_at.map(Day::of))
    }

    async fn record_identity(&self, account: &Account) -> Result<(), IdentityProblem> {
        let identity = identity_of(account)?;
        self.change::<AccountState, IdentityProblem>(&account.name, Ground::Nothing, |state, _| {
            Ok(decide_account(
                state,
                AccountCommand::Record(identity.clone()),
            )?)
        })
        .await
        .map(|_| ())
    }
}

/// Holds the configured accounts against those that a store has recorded, and records nothing. All
/// problems are told.
pub async fn compare_identities(
    store: &dyn Store,
    accounts: &[Account],
    now: Timestamp,
) -> Vec<IdentityProblem> {
    let mut problems = Vec::new();
    for account in accounts {
        if let Err(problem) = compare_identity(store, account).await {
            problems.push(problem);
        }
    }
    let configured = accounts.iter().map(|account| &account.name).collect();
    problems.extend(gone(store, configured, now).await);
    problems
}

async fn gone(
    store: &dyn Store,
    configured: BTreeSet<&AccountName>,
    now: Timestamp,
) -> Vec<IdentityProblem> {
    match accounts_gone(store, &configured, now).await {
        Ok(gone) => gone.into_iter().map(IdentityProblem::Gone).collect(),
        Err(problem) => vec![problem],
    }
}

async fn compare_identity(store: &dyn Store, account: &Account) -> Result<(), IdentityProblem> {
    let stream = AccountState::stream(&account.name);
    let recorded = store.load(&stream, 0).await.map_err(AppError::from)?;
    let known = folded::<AccountState>(&recorded, Position(u64::MAX)).state;
    let command = AccountCommand::Record(identity_of(account)?);
    Ok(decide_account(&known, command).map(drop)?)
}

fn identity_of(account: &Account) -> Result<AccountIdentity, InvalidName> {
    let (gateway, merchant_id, app_id) = account.identity();
    Ok(AccountIdentity {
        account: account.name.clone(),
        gateway,
        merchant_id: merchant_id.to_owned(),
        app_id: app_id.map(AppId::new).transpose()?,
    })
}

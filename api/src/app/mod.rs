//! The application: what callers ask for and what gateways say becomes commands; what is decided is
//! stored before anybody is told so. It speaks no HTTP and reads no file; `http` and `cli` do.

mod accounts;
mod action;
mod aggregate;
mod bills;
mod calls;
mod error;
mod exceptions;
mod gone;
mod handle;
mod identity;
mod jobs;
mod lanes;
mod metrics;
mod observe;
mod orders;
mod owners;
mod payments;
mod refunds;
mod returns;
mod settings;
mod shipments;
mod strays;
mod tokens;
mod unwanted;
mod upkeep;
mod waiters;

use std::sync::Arc;
use std::time::Duration;

use payfold_domain::account::Account as AccountState;
use payfold_domain::bill::Bill;
use payfold_domain::order::Order;
use payfold_domain::policy::Capability;
use payfold_domain::stray::Stray;
use payfold_domain::{AccountName, OrderNo, PaymentRef};
use payfold_projections::{RunnerGone, View, Views};
use payfold_store::{Position, Store};

pub use accounts::{Account, Accounts, GatewayAccount, NotifyAnswer};
pub use action::{Action, Freshness, SdkParams};
pub use aggregate::Folded;
pub use bills::{AskedBill, BillError, BillFile, BillReport};
pub use error::AppError;
pub use exceptions::{ResolveRequest, Resolved, ShownException};
pub use handle::Made;
pub use identity::{IdentityProblem, compare_identities};
pub use metrics::Metrics;
pub use orders::{PlaceRequest, Written};
pub use payments::StartRequest;
pub use returns::Returned;
pub use settings::{ApiKey, ApiKeys, MetricsAccess, Scope, Settings};
pub use tokens::Tokens;
pub use upkeep::Progress;

pub use crate::control::Mode;
use crate::world::World;
use aggregate::BillOf;
use calls::{Fetched, LinesOut, Recent};
use lanes::Lanes;
use owners::Owners;
use unwanted::Unwanted;
use waiters::Waiters;

/// How long a caller who asks for it waits for a view that is behind.
const VIEW_PATIENCE: Duration = Duration::from_secs(3);

/// The application.
pub struct App {
    /// Time, randomness, connections and tasks.
    pub world: World,
    /// The events.
    pub store: Arc<dyn Store>,
    /// The views.
    pub views: Views,
    /// What the configuration settles.
    pub settings: Settings,
    /// The accounts at the gateways.
    pub accounts: Accounts,
    /// Tokens for buyers.
    pub tokens: Tokens,
    /// What is counted.
    pub metrics: Metrics,
    orders: Lanes<OrderNo, Arc<Folded<Order>>>,
    strays: Lanes<PaymentRef, Arc<Folded<Stray>>>,
    account_streams: Lanes<AccountName, Arc<Folded<AccountState>>>,
    bill_streams: Lanes<BillOf, Arc<Folded<Bill>>>,
    /// Payments that are being started at their gateways, one call at a time for each.
    starts: Lanes<PaymentRef, ()>,
    /// Bills that are being imported, one at a time for each account.
    imports: Lanes<AccountName, ()>,
    owners: Owners,
    waiters: Waiters,
    lines_out: LinesOut,
    certificates_fetched: Fetched,
    recently_asked: Recent,
    unwanted: Unwanted,
}

impl App {
    /// The application over a store and its views.
    ///
    /// # Errors
    ///
    /// Where the store cannot be asked for the secret that tokens are signed by.
    pub async fn start(
        world: World,
        store: Arc<dyn Store>,
        views: Views,
        settings: Settings,
        accounts: Vec<Account>,
    ) -> Result<Arc<Self>, AppError> {
        let tokens = Tokens::load(&*store, &world).await?;
        let app = Arc::new(Self {
            world,
            store,
            views,
            settings,
            accounts: Accounts::new(accounts),
            tokens,
            metrics: Metrics::new(),
            orders: Lanes::new(),
            strays: Lanes::new(),
            account_streams: Lanes::new(),
            bill_streams: Lanes::new(),
            starts: Lanes::new(),
            imports: Lanes::new(),
            owners: Owners::default(),
            waiters: Waiters::new(),
            lines_out: LinesOut::default(),
            certificates_fetched: Fetched::default(),
            recently_asked: Recent::default(),
            unwanted: Unwanted::default(),
        });
        app.recall_all_certificates().await;
        Ok(app)
    }

    /// Waits until a view has come as far as a position, at most 3 s.
    pub async fn view_reached(&self, view: View, position: Position) -> Result<(), AppError> {
        let reached = self.views.reached(view, position);
        match tokio::time::timeout(VIEW_PATIENCE, reached).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(RunnerGone)) | Err(_) => Err(AppError::ViewBehind),
        }
    }

    /// What is counted, as the text that Prometheus reads.
    pub fn counted(&self) -> Result<String, std::fmt::Error> {
        self.metrics.encode(&self.lines_out)
    }

    /// The account of that name.
    pub fn account(&self, name: &AccountName) -> Result<Arc<Account>, AppError> {
        self.accounts.get(name).ok_or(AppError::UnknownAccount)
    }

    /// What can be done at an account; of one that is gone what came is known, and no more.
    pub(crate) fn capability_at(&self, name: &AccountName) -> Capability {
        let account = self.accounts.get(name);
        account.map_or(Capability::ReceivesOnly, |account| account.capability)
    }
}

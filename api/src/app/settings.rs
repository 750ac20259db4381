//! What the configuration settles for the application, already checked.

use std::sync::{Arc, PoisonError, RwLock};

use payfold_domain::AccountName;
use payfold_domain::policy::Policy;

/// What an API key may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// Read orders, shipments, reports, exceptions and accounts.
    OrdersRead,
    /// Place and cancel orders, start payments.
    OrdersWrite,
    /// Ask for refunds.
    RefundsWrite,
    /// Ship.
    ShipmentsWrite,
    /// Read the feed.
    EventsRead,
    /// Decide exceptions.
    ExceptionsResolve,
    /// Read metrics and evidence.
    Admin,
}

impl Scope {
    /// Every scope, in the order of the contract.
    pub const ALL: [Self; 7] = [
        Self::OrdersRead,
        Self::OrdersWrite,
        Self::RefundsWrite,
        Self::ShipmentsWrite,
        Self::EventsRead,
        Self::ExceptionsResolve,
        Self::Admin,
    ];

    /// The scope's name in the configuration.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::OrdersRead => "orders:read",
            Self::OrdersWrite => "orders:write",
            Self::RefundsWrite => "refunds:write",
            Self::ShipmentsWrite => "shipments:write",
            Self::EventsRead => "events:read",
            Self::ExceptionsResolve => "exceptions:resolve",
            Self::Admin => "admin",
        }
    }

    /// The scope of that name, if there is one.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.as_str() == name)
    }
}

/// An API key, by its hash.
#[derive(Debug, Clone)]
pub struct ApiKey {
    /// Its name, `[a-z0-9_]`; it stands in what the key's holder decides.
    pub name: String,
    /// SHA-256 of the key.
    pub sha256: [u8; 32],
    /// What it may do.
    pub scopes: Vec<Scope>,
}

/// The API keys, exchanged as a whole when keys are read again.
#[derive(Debug, Clone)]
pub struct ApiKeys(Arc<RwLock<Arc<[ApiKey]>>>);

impl ApiKeys {
    /// These keys.
    pub fn new(keys: Vec<ApiKey>) -> Self {
        Self(Arc::new(RwLock::new(keys.into())))
    }

    /// All keys.
    pub fn all(&self) -> Arc<[ApiKey]> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Takes the keys of `others` instead, for what comes from now on.
    pub fn replace(&self, others: &Self) {
        let keys = others.all();
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = keys;
    }
}

/// What the configuration settles for the application.
#[derive(Debug, Clone)]
pub struct Settings {
    /// What gateways and buyers can reach, without a slash at the end.
    pub public_url: String,
    /// Who may call.
    pub api_keys: ApiKeys,
    /// Origins whose pages may call from a browser.
    pub cors_origins: Vec<String>,
    /// Origins that a buyer may be sent back to; `public_url`'s own where none is listed.
    pub return_origins: Vec<String>,
    /// Where `/metrics` may be read.
    pub metrics: MetricsAccess,
    /// An order's life where it names none, in seconds.
    pub expires_after_secs: i64,
    /// What becomes of money that is not as expected.
    pub policy: Policy,
}

impl Settings {
    /// Where a gateway tells of an account's payments.
    pub fn notify_url(&self, account: &AccountName) -> String {
        format!("{}/notify/{account}", self.public_url)
    }

    /// Where a gateway sends an account's buyers back to.
    pub fn return_url(&self, account: &AccountName) -> String {
        format!("{}/return/{account}", self.public_url)
    }
}

/// Where `/metrics` may be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MetricsAccess {
    /// On the main listener, by a key with `admin`.
    ByAdminKey,
    /// On a listener of its own, without a key.
    OwnListener,
}

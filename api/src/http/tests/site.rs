//! A site to ask: the application in a world of its own, with the keys `shop` and `reader`.

use std::future::ready;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use http::{HeaderMap, Request, StatusCode};
use payfold_domain::Timestamp;
use payfold_domain::policy::Policy;
use payfold_projections::{Place, Runner, follow};
use payfold_sqlite::SqliteStore;
use payfold_store::Store;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tower::ServiceExt;
use uuid::Uuid;

use crate::app::{Account, ApiKey, ApiKeys, App, MetricsAccess, Scope, Settings};
use crate::http::{Site, main, public};
use crate::world::{Answering, Clock, Entropy, HttpError, Outbound, Tasks, World};

/// A key with every scope.
pub(in crate::http) const SHOP: &str = "shop-key";

/// A key that only reads orders.
pub(in crate::http) const READER: &str = "reader-key";

/// The time when a site starts.
pub(in crate::http) fn now() -> Timestamp {
    Timestamp::from_secs(1_767_225_600)
}

pub(in crate::http) struct TestSite {
    pub(in crate::http) app: Arc<App>,
    pub(in crate::http) clock: Arc<SetClock>,
    pub(in crate::http) site: Site,
    pub(in crate::http) main: Router,
    pub(in crate::http) public: Router,
}

/// An answer, read whole.
pub(in crate::http) struct Answer {
    pub(in crate::http) status: StatusCode,
    pub(in crate::http) headers: HeaderMap,
    pub(in crate::http) json: Value,
}

/// A clock that stands still until a test moves it.
pub(in crate::http) struct SetClock(Mutex<Timestamp>);

impl SetClock {
    /// A clock that stands at the time when a site starts.
    pub(in crate::http) fn new() -> Arc<Self> {
        Arc::new(Self(Mutex::new(now())))
    }

    pub(in crate::http) fn set(&self, time: Timestamp) {
        *self.0.lock().unwrap() = time;
    }
}

impl Clock for SetClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }
}

/// Bytes that nobody has to guess here, and that never repeat.
struct Counted(AtomicU64);

impl Entropy for Counted {
    fn fill(&self, bytes: &mut [u8]) {
        let count = self.0.fetch_add(1, Ordering::Relaxed);
        bytes
            .iter_mut()
            .zip(count.to_le_bytes().iter().cycle())
            .for_each(|(to, from)| *to = *from);
    }
}

/// A network without anybody.
pub(in crate::http) struct Nobody;

impl Outbound for Nobody {
    fn send(&self, request: Request<Bytes>) -> Answering<'_> {
        let host = request.uri().host().unwrap_or_default().to_owned();
        Box::pin(ready(Err(HttpError::TimedOut { host })))
    }
}

impl TestSite {
    /// A site without accounts, at which everything unexpected waits for a person.
    pub(in crate::http) async fn start() -> Self {
        Self::start_with(Policy::HOLD, Vec::new()).await
    }

    pub(in crate::http) async fn start_with(policy: Policy, accounts: Vec<Account>) -> Self {
        Self::start_beside(policy, accounts, SetClock::new(), Arc::new(Nobody)).await
    }

    /// A site with a network of its own.
    pub(in crate::http) async fn start_beside(
        policy: Policy,
        accounts: Vec<Account>,
        clock: Arc<SetClock>,
        http: Arc<dyn Outbound>,
    ) -> Self {
        let store = Arc::new(SqliteStore::in_memory(Uuid::from_u128(7)).unwrap());
        Self::start_over(policy, accounts, clock, http, store).await
    }

    /// A site over a store of its own.
    pub(in crate::http) async fn start_over(
        policy: Policy,
        accounts: Vec<Account>,
        clock: Arc<SetClock>,
        http: Arc<dyn Outbound>,
        store: Arc<SqliteStore>,
    ) -> Self {
        let told: Arc<dyn Clock> = clock.clone();
        let world = World {
            clock: told,
            entropy: Arc::new(Counted(AtomicU64::new(1))),
            http,
            tasks: Tasks::new(2),
        };
        let (mut runner, views) = Runner::open(Place::in_memory(), store.id()).unwrap();
        let (tasks, followed) = (world.tasks.clone(), Arc::clone(&store));
        world.tasks.spawn(async move {
            follow(&*followed, &mut runner, tasks.stopping(), || ready(()))
                .await
                .unwrap();
        });
        let app = App::start(world, store, views, settings(policy), accounts)
            .await
            .unwrap();
        let site = crate::http::site(&app);
        let (main, public) = (main(&site), public(&site));
        Self {
            app,
            clock,
            site,
            main,
            public,
        }
    }

    /// Asks with a key, and reads the whole answer.
    pub(in crate::http) async fn ask(
        &self,
        key: &str,
        method: &str,
        path: &str,
        body: Value,
    ) -> Answer {
        let body = if body.is_null() {
            Body::empty()
        } else {
            Body::from(body.to_string())
        };
        let request = Request::builder().method(method).uri(path);
        let request = request.header("authorization", format!("Bearer {key}"));
        self.send(request.body(body).unwrap()).await
    }

    /// Sends a request, and reads the whole answer.
    pub(in crate::http) async fn send(&self, request: Request<Body>) -> Answer {
        Answer::read(self.main.clone().oneshot(request).await.unwrap()).await
    }

    /// Places an order.
    pub(in crate::http) async fn place(&self, order_no: &str) -> Answer {
        self.ask(SHOP, "PUT", &format!("/v1/orders/{order_no}"), order(8800))
            .await
    }
}

impl Answer {
    pub(in crate::http) async fn read(response: Response) -> Self {
        let (parts, body) = response.into_parts();
        let bytes = axum::body::to_bytes(body, 1 << 20).await.unwrap();
        let json = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
        Self {
            status: parts.status,
            headers: parts.headers,
            json,
        }
    }

    pub(in crate::http) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }
}

/// An order's content.
pub(in crate::http) fn order(minor: i64) -> Value {
    json!({
        "amount": { "currency": "CNY", "minor": minor },
        "subject": "Tea",
        "fulfilment": "ship",
        "metadata": { "cart": 7 },
    })
}

fn settings(policy: Policy) -> Settings {
    let key = |name: &str, secret: &str, scopes: &[Scope]| ApiKey {
        name: name.to_owned(),
        sha256: Sha256::digest(secret.as_bytes()).into(),
        scopes: scopes.to_vec(),
    };
    Settings {
        public_url: "https://pay.example".to_owned(),
        api_keys: ApiKeys::new(vec![
            key("shop", SHOP, &Scope::ALL),
            key("reader", READER, &[Scope::OrdersRead]),
        ]),
        cors_origins: vec!["https://shop.example".to_owned()],
        return_origins: Vec::new(),
        metrics: MetricsAccess::ByAdminKey,
        expires_after_secs: 7200,
        policy,
    }
}

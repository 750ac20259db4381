//! The ports as a node holds them: the real store and the real gateways, each behind a stretch of
//! time and its luck. A process that has ended hears nothing from them any more, and so can do
//! nothing any more.

use std::future::{Future, pending};
use std::hash::Hash;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use bytes::Bytes;
use http_body_util::BodyExt as _;
use payfold::world::{Answering, Clock as _, HttpError, Outbound};
use payfold_sqlite::SqliteStore;
use payfold_store::{
    Append, Cell, CellOutcome, Claim, Hash as Commitment, Head, Outcome, Page, Pending, Position,
    Recorded, Scope, Store, StoreError, StoredEvidence, StreamName, Tip,
};
use tokio::sync::Notify;
use tower::ServiceExt as _;
use uuid::Uuid;

use crate::asked::Calls;
use crate::luck::{Fate, Luck};
use crate::next_day::Bills;
use crate::node::VirtualClock;
use crate::schedule::Edge;
use crate::stored::Stored;

/// How long a node waits for a gateway.
const DEADLINE: Duration = Duration::from_secs(15);

/// Whether a process lives.
#[derive(Default)]
pub(crate) struct Life {
    /// Which node's, and which process of it.
    pub(crate) id: (usize, u64),
    over: AtomicBool,
    ended: Notify,
    down_ms: AtomicU64,
}

impl Life {
    pub(crate) fn of(node: usize, process: u64) -> Self {
        Self {
            id: (node, process),
            ..Self::default()
        }
    }

    pub(crate) fn end(&self, down_ms: u64) {
        if !self.over.swap(true, Ordering::Relaxed) {
            self.down_ms.store(down_ms, Ordering::Relaxed);
            self.ended.notify_waiters();
        }
    }

    /// How long nobody starts it again.
    pub(crate) fn down(&self) -> Duration {
        Duration::from_millis(self.down_ms.load(Ordering::Relaxed))
    }

    pub(crate) fn is_over(&self) -> bool {
        self.over.load(Ordering::Relaxed)
    }

    pub(crate) async fn ended(&self) {
        let ended = self.ended.notified();
        if !self.is_over() {
            ended.await;
        }
    }

    /// Goes on in a process that lives, and never in one that has ended.
    async fn goes_on(&self) {
        if self.is_over() {
            pending::<()>().await;
        }
    }
}

/// The store, as one process reaches it.
pub(crate) struct NodeStore {
    pub(crate) inner: Arc<SqliteStore>,
    pub(crate) luck: Arc<Luck>,
    pub(crate) life: Arc<Life>,
    pub(crate) stored: Arc<Stored>,
    pub(crate) clock: VirtualClock,
}

impl NodeStore {
    fn read<'a, T: Send + 'a>(
        &'a self,
        about: impl Hash + Send + 'a,
        answer: impl Future<Output = Result<T, StoreError>> + Send + 'a,
    ) -> Pending<'a, T> {
        Box::pin(async move {
            self.luck.short_pause((self.life.id, about)).await;
            self.life.goes_on().await;
            let answer = answer.await;
            self.life.goes_on().await;
            answer
        })
    }

    fn write<'a, T: Send + 'a>(
        &'a self,
        about: impl Hash + Clone + Send + 'a,
        conflict: impl FnOnce() -> Option<T> + Send + 'a,
        answer: impl Future<Output = Result<T, StoreError>> + Send + 'a,
    ) -> Pending<'a, T> {
        Box::pin(async move {
            let about = (self.life.id, about);
            self.luck.pause(about.clone()).await;
            self.life.goes_on().await;
            let fate = self.luck.of_write();
            self.luck.troubles.write(fate);
            match fate {
                Fate::Well
                | Fate::Twice
                | Fate::Lost(Edge::After)
                | Fate::Crash(Edge::After, _) => {}
                Fate::Slow(ms) => tokio::time::sleep(Duration::from_millis(ms)).await,
                Fate::Lost(Edge::Before) => return Err(away()),
                Fate::Crash(Edge::Before, down_ms) => self.life.end(down_ms),
                Fate::Conflict => {
                    if let Some(conflict) = conflict() {
                        return Ok(conflict);
                    }
                }
            }
            self.life.goes_on().await;
            let answer = answer.await;
            self.luck.pause(about).await;
            match fate {
                Fate::Lost(Edge::After) => return Err(away()),
                Fate::Crash(Edge::After, down_ms) => self.life.end(down_ms),
                _ => {}
            }
            self.life.goes_on().await;
            answer
        })
    }
}

fn away() -> StoreError {
    StoreError::Unavailable("as if the disk were away".to_owned())
}

impl Store for NodeStore {
    fn id(&self) -> Uuid {
        self.inner.id()
    }

    fn append(&self, append: Append) -> Pending<'_, Outcome> {
        let actual = append.expected + 1;
        let about = ("append", append.stream.clone(), append.expected);
        let storing = async {
            let outcome = self.inner.append(append).await;
            if let Ok(Outcome::Appended { position, .. }) = &outcome {
                self.stored.note(*position, self.clock.now());
            }
            outcome
        };
        self.write(
            about,
            move || Some(Outcome::VersionConflict { actual }),
            storing,
        )
    }

    fn load<'a>(&'a self, stream: &'a StreamName, after: u64) -> Pending<'a, Vec<Recorded>> {
        self.read(
            ("load", stream.clone(), after),
            self.inner.load(stream, after),
        )
    }

    fn head<'a>(&'a self, stream: &'a StreamName) -> Pending<'a, Head> {
        self.read(("head", stream.clone()), self.inner.head(stream))
    }

    fn owner<'a>(&'a self, claim: &'a Claim) -> Pending<'a, Option<StreamName>> {
        self.read(("owner", claim.clone()), self.inner.owner(claim))
    }

    fn read(&self, after: Position, limit: usize, scope: Scope) -> Pending<'_, Page> {
        self.read(("read", after, limit), self.inner.read(after, limit, scope))
    }

    fn at(&self, position: Position) -> Pending<'_, Option<Recorded>> {
        self.read(("at", position), self.inner.at(position))
    }

    fn claims<'a>(
        &'a self,
        after: Option<&'a Claim>,
        limit: usize,
    ) -> Pending<'a, Vec<(Claim, StreamName)>> {
        self.read("claims", self.inner.claims(after, limit))
    }

    fn heads<'a>(
        &'a self,
        after: Option<&'a StreamName>,
        limit: usize,
    ) -> Pending<'a, Vec<(StreamName, Head)>> {
        self.read("heads", self.inner.heads(after, limit))
    }

    fn evidence(
        &self,
        position: Position,
        commitment: Commitment,
    ) -> Pending<'_, Option<StoredEvidence>> {
        self.read(
            ("evidence", position),
            self.inner.evidence(position, commitment),
        )
    }

    fn read_evidence(
        &self,
        after: Position,
        limit: usize,
    ) -> Pending<'_, Vec<(Position, StoredEvidence)>> {
        self.read(
            ("read_evidence", after),
            self.inner.read_evidence(after, limit),
        )
    }

    fn tip(&self) -> Tip {
        self.inner.tip()
    }

    fn cell<'a>(&'a self, name: &'a str) -> Pending<'a, Option<Cell>> {
        self.read(("cell", name), self.inner.cell(name))
    }

    fn set_cell<'a>(
        &'a self,
        name: &'a str,
        expected: u64,
        value: Bytes,
    ) -> Pending<'a, CellOutcome> {
        self.write(
            ("set_cell", name),
            || None,
            self.inner.set_cell(name, expected, value),
        )
    }

    fn probe(&self) -> Pending<'_, ()> {
        self.write("probe", || None, self.inner.probe())
    }
}

/// The gateways, as one process reaches them.
pub(crate) struct NodeOutbound {
    pub(crate) gateways: Router,
    pub(crate) luck: Arc<Luck>,
    pub(crate) life: Arc<Life>,
    pub(crate) bills: Bills,
    pub(crate) calls: Arc<Calls>,
    pub(crate) clock: VirtualClock,
}

impl NodeOutbound {
    async fn ask(&self, request: http::Request<Bytes>) -> http::Response<Bytes> {
        let (parts, body) = request.into_parts();
        let request = http::Request::from_parts(parts, Body::from(body));
        let answer = self.gateways.clone().oneshot(request).await.unwrap();
        let (parts, body) = answer.into_parts();
        http::Response::from_parts(parts, body.collect().await.unwrap().to_bytes())
    }

    async fn exchange(&self, request: http::Request<Bytes>) -> http::Response<Bytes> {
        let path = request.uri().path().to_owned();
        let about = (self.life.id, "call", path.clone());
        let (now, by) = (self.clock.now(), self.life.id);
        self.calls.keep(now, by, request.uri(), request.body());
        let call = self.luck.troubles.call();
        self.luck.pause(about.clone()).await;
        self.life.goes_on().await;
        let fate = self.luck.of_call();
        match fate {
            Fate::Lost(Edge::Before) => pending().await,
            Fate::Crash(Edge::Before, down_ms) => self.life.end(down_ms),
            Fate::Slow(ms) => tokio::time::sleep(Duration::from_millis(ms)).await,
            _ => {}
        }
        self.life.goes_on().await;
        let answer = self.ask(request).await;
        self.luck.pause(about).await;
        match fate {
            Fate::Lost(Edge::After) => pending().await,
            Fate::Crash(Edge::After, down_ms) => self.life.end(down_ms),
            _ => {}
        }
        self.life.goes_on().await;
        call.answered(answer.status());
        self.bills.keep(&path, &answer);
        answer
    }
}

impl Outbound for NodeOutbound {
    fn send(&self, request: http::Request<Bytes>) -> Answering<'_> {
        Box::pin(async move {
            let host = request.uri().host().unwrap_or_default().to_owned();
            let exchanged = tokio::time::timeout(DEADLINE, self.exchange(request)).await;
            if exchanged.is_err() {
                self.life.goes_on().await;
            }
            exchanged.map_err(|_elapsed| HttpError::TimedOut { host })
        })
    }
}

//! Everything through which the application touches the world: time, randomness, connections and
//! tasks. It is made once in `main`, and once in each test that wants another.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use payfold_domain::Timestamp;
use tokio::sync::{Semaphore, watch};
use uuid::Uuid;

/// Tells the time.
pub trait Clock: Send + Sync {
    /// The time now.
    fn now(&self) -> Timestamp;
}

/// Makes randomness.
pub trait Entropy: Send + Sync {
    /// Fills with bytes that nobody can guess.
    fn fill(&self, bytes: &mut [u8]);
}

/// Why a request got no answer; what became of it at the other side is unknown.
#[derive(Debug, Clone, thiserror::Error)]
pub enum HttpError {
    /// No answer within the deadline.
    #[error("no answer from {host} within the deadline")]
    TimedOut {
        /// The host asked.
        host: String,
    },
    /// No connection, or it broke.
    #[error("the connection to {host} failed: {problem}")]
    Failed {
        /// The host asked.
        host: String,
        /// What happened.
        problem: String,
    },
    /// The answer is longer than its bound.
    #[error("the answer of {host} is longer than {limit} bytes")]
    TooLong {
        /// The host asked.
        host: String,
        /// The bound.
        limit: usize,
    },
}

/// An answer that is on its way.
pub type Answering<'a> =
    Pin<Box<dyn Future<Output = Result<http::Response<Bytes>, HttpError>> + Send + 'a>>;

/// Opens connections.
pub trait Outbound: Send + Sync {
    /// Sends these exact bytes, and waits for the whole answer, bounded in time and size.
    fn send(&self, request: http::Request<Bytes>) -> Answering<'_>;

    /// Sends these exact bytes, and waits for an answer of at most so many bytes, as long as its caller
    /// waits.
    fn download(&self, request: http::Request<Bytes>, _most_bytes: usize) -> Answering<'_> {
        self.send(request)
    }
}

/// The world, as the application sees it.
#[derive(Clone)]
pub struct World {
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Makes randomness.
    pub entropy: Arc<dyn Entropy>,
    /// Opens connections.
    pub http: Arc<dyn Outbound>,
    /// Starts and stops tasks.
    pub tasks: Tasks,
}

impl World {
    /// The time now.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// A random id, such as a receipt for one request.
    pub fn id(&self) -> Uuid {
        let mut bytes = [0; 16];
        self.entropy.fill(&mut bytes);
        uuid::Builder::from_random_bytes(bytes).into_uuid()
    }

    /// Thirty-two random bytes, such as a salt.
    pub fn salt(&self) -> [u8; 32] {
        let mut bytes = [0; 32];
        self.entropy.fill(&mut bytes);
        bytes
    }
}

/// Starts tasks, tells them to stop, and waits until they have.
#[derive(Clone)]
pub struct Tasks {
    stop: Arc<watch::Sender<Phase>>,
    blocking: Blocking,
}

/// Where work that blocks is done.
#[derive(Clone)]
enum Blocking {
    /// On threads of its own, so many at a time.
    Apart(Arc<Semaphore>),
    /// On the caller's thread.
    InPlace,
}

/// Whether the program runs or winds down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Take on work.
    Running,
    /// Finish what is in flight; streams and waits end at once.
    Stopping,
}

/// A blocking piece of work that ended without its answer: it panicked, or the program stops.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a blocking piece of work ended without an answer")]
pub struct WorkLost;

impl Tasks {
    /// Tasks of which at most `blocking` block a thread at a time.
    pub fn new(blocking: usize) -> Self {
        Self::with(Blocking::Apart(Arc::new(Semaphore::new(blocking))))
    }

    /// Tasks that all run on the caller's thread, so that a world in which nothing is left to chance
    /// runs the same each time.
    pub fn on_one_thread() -> Self {
        Self::with(Blocking::InPlace)
    }

    fn with(blocking: Blocking) -> Self {
        Self {
            stop: Arc::new(watch::channel(Phase::Running).0),
            blocking,
        }
    }

    /// Starts a task. It must end by itself once [`Tasks::stopping`] resolves.
    #[expect(clippy::disallowed_methods, reason = "the one place that starts tasks")]
    pub fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        // A receiver lives as long as the task, so that `stop` can wait until all are gone.
        let alive = self.stop.subscribe();
        tokio::spawn(async move {
            task.await;
            drop(alive);
        });
    }

    /// Starts a task that computes for long stretches, on a thread of its own. It must end by itself
    /// once [`Tasks::stopping`] resolves.
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that starts such tasks"
    )]
    pub fn spawn_apart(&self, task: impl Future<Output = ()> + Send + 'static) {
        let alive = self.stop.subscribe();
        let runtime = tokio::runtime::Handle::current();
        tokio::task::spawn_blocking(move || {
            runtime.block_on(task);
            drop(alive);
        });
    }

    /// Runs a piece of work that blocks or computes for long, off the async threads.
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that blocks threads"
    )]
    pub async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, WorkLost> {
        let threads = match &self.blocking {
            Blocking::Apart(threads) => threads,
            Blocking::InPlace => return Ok(work()),
        };
        let Ok(_permit) = threads.acquire().await else {
            return Err(WorkLost);
        };
        tokio::task::spawn_blocking(work)
            .await
            .map_err(|_panicked_or_stopped| WorkLost)
    }

    /// Whether the program winds down.
    pub fn phase(&self) -> Phase {
        *self.stop.borrow()
    }

    /// Resolves once the program winds down.
    pub async fn stopping(&self) {
        let mut phase = self.stop.subscribe();
        // The sender lives in `self`, so waiting cannot fail.
        while *phase.borrow_and_update() == Phase::Running {
            if phase.changed().await.is_err() {
                return;
            }
        }
    }

    /// Tells every task to stop, and waits for them, `patience` at most. Says whether all ended.
    pub async fn stop(&self, patience: Duration) -> bool {
        self.stop.send_replace(Phase::Stopping);
        tokio::time::timeout(patience, self.stop.closed())
            .await
            .is_ok()
    }
}

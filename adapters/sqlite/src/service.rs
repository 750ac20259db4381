//! The store in service: the writer on a thread of its own behind the queue, the checkpointer beside it.

use std::path::PathBuf;
use std::sync::Arc;

use payfold_store::StoreError;

use crate::checkpointer::Checkpoints;
use crate::error::OpenError;
use crate::lock::FolderLock;
use crate::options::{Options, Spawn};
use crate::queue::{Asked, Queue, Reply, Work};
use crate::writer::Writer;

/// Closed when it is dropped.
pub(crate) struct Service {
    queue: Arc<Queue>,
}

impl Service {
    pub(crate) fn start(
        file: PathBuf,
        writer: Writer,
        lock: FolderLock,
        options: Options,
        spawn: Spawn<'_>,
    ) -> Result<Self, OpenError> {
        let queue = Arc::new(Queue::new(options));
        let checkpoints = Arc::new(Checkpoints::default());
        let lock = Arc::new(lock);
        let thread = |name| move |source| OpenError::Thread { name, source };
        let turn = Turn {
            queue: Arc::clone(&queue),
            checkpoints: Arc::clone(&checkpoints),
            writer,
            _lock: Arc::clone(&lock),
        };
        spawn("store-writer", Box::new(move || turn.run())).map_err(thread("store-writer"))?;
        // Made now, so that the writer is stopped where the second thread does not start.
        let service = Self { queue };
        let copying = move || {
            checkpoints.run(&file);
            drop(lock);
        };
        spawn("store-checkpointer", Box::new(copying)).map_err(thread("store-checkpointer"))?;
        Ok(service)
    }

    /// Sends a request to the writer and waits for what became of it.
    pub(crate) async fn ask<Q, A>(
        &self,
        request: Q,
        work: impl FnOnce(Asked<Q, A>) -> Work,
    ) -> Result<A, StoreError> {
        let (asked, reply): (_, Reply<A>) = Asked::new(request);
        self.queue.put(work(asked))?;
        reply.await.unwrap_or_else(|_gone| {
            Err(StoreError::Unavailable(
                "the writer stopped before it answered".to_owned(),
            ))
        })
    }

    /// Finishes what is queued, and waits for that.
    pub(crate) fn close(&self) {
        self.queue.close();
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.close();
    }
}

/// The writer's thread. Dropped, however it ends, it lets nobody wait for it.
struct Turn {
    queue: Arc<Queue>,
    checkpoints: Arc<Checkpoints>,
    writer: Writer,
    _lock: Arc<FolderLock>,
}

impl Turn {
    fn run(mut self) {
        while let Some(group) = self.queue.take() {
            self.commit(group);
        }
    }

    fn commit(&mut self, mut group: Vec<Work>) {
        let result = self
            .writer
            .transact(|changes| group.iter_mut().try_for_each(|work| work.perform(changes)));
        let failure = result.err().map(|error| {
            tracing::error!(%error, requests = group.len(), "the store could not commit");
            match error {
                StoreError::Unavailable(problem) => problem,
                error @ (StoreError::Overloaded | StoreError::Damaged { .. }) => error.to_string(),
            }
        });
        for work in group {
            work.reply(failure.as_deref());
        }
        self.checkpoints.wake();
        self.writer.shorten_log();
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.checkpoints.stop();
        self.queue.end();
    }
}

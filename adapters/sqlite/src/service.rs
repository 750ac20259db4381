//! The store in service: the writer on a thread of its own behind the queue, the checkpointer beside it.

use std::convert::Infallible;
use std::path::PathBuf;
use std::sync::mpsc::{self, Receiver, RecvError, Sender};
use std::sync::{Arc, Mutex, PoisonError};

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
    /// Says that it is disconnected once every thread is gone.
    threads: Mutex<Receiver<Infallible>>,
    _lock: FolderLock,
}

impl Service {
    pub(crate) fn start(
        file: PathBuf,
        writer: Writer,
        lock: FolderLock,
        options: Options,
        spawn: Spawn<'_>,
    ) -> Result<Self, OpenError> {
        let checkpoints = Arc::new(Checkpoints::default());
        let (running, threads) = mpsc::channel();
        let service = Self {
            queue: Arc::new(Queue::new(options)),
            threads: Mutex::new(threads),
            _lock: lock,
        };
        let turn = Turn {
            writer,
            queue: Arc::clone(&service.queue),
            checkpoints: Arc::clone(&checkpoints),
            _running: running.clone(),
        };
        let copying = move || {
            checkpoints.run(&file);
            drop(running);
        };
        let threads: [(_, Box<dyn FnOnce() + Send>); 2] = [
            ("store-writer", Box::new(move || turn.run())),
            ("store-checkpointer", Box::new(copying)),
        ];
        for (name, run) in threads {
            spawn(name, run).map_err(|source| OpenError::Thread { name, source })?;
        }
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
        let threads = self.threads.lock().unwrap_or_else(PoisonError::into_inner);
        // Nothing is ever sent: this returns when the last thread has let go of its end.
        let Err(RecvError) = threads.recv();
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.close();
    }
}

/// The writer's thread. Dropped, however it ends, it lets nobody wait for it.
struct Turn {
    writer: Writer,
    queue: Arc<Queue>,
    checkpoints: Arc<Checkpoints>,
    /// Let go of last.
    _running: Sender<Infallible>,
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
        self.writer.announce();
        self.checkpoints.wake();
        self.writer.shorten_log();
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.checkpoints.stop();
        self.queue.abandon();
    }
}

//! Between the callers and the writer's thread: what waits, bounded in requests and bytes, and taken in
//! groups.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use payfold_store::{Append, CellOutcome, Outcome, StoreError};
use tokio::sync::oneshot;

use crate::options::Options;
use crate::writing::{CellWrite, Changes};

/// How many requests share one transaction.
const GROUP_REQUESTS: usize = 256;
/// How many bytes of requests share one transaction; one larger request goes alone.
const GROUP_BYTES: usize = 1 << 20;
/// What an event costs beside its bytes.
const EVENT_BYTES: usize = 256;

/// A request that waits, with what became of it once the writer has been there.
pub(crate) struct Asked<Q, A> {
    request: Q,
    answer: Option<A>,
    reply: oneshot::Sender<Result<A, StoreError>>,
}

/// Everything that the writer does.
pub(crate) enum Work {
    Append(Box<Asked<Append, Outcome>>),
    Cell(Asked<CellWrite, CellOutcome>),
    Probe(Asked<(), ()>),
}

/// The answer to come.
pub(crate) type Reply<A> = oneshot::Receiver<Result<A, StoreError>>;

pub(crate) struct Queue {
    options: Options,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<Work>,
    bytes: usize,
    phase: Phase,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Phase {
    #[default]
    Open,
    Closed,
}

impl Queue {
    pub(crate) fn new(options: Options) -> Self {
        Self {
            options,
            state: Mutex::default(),
            changed: Condvar::new(),
        }
    }

    /// Puts a request at the end, unless the queue is full or closed.
    pub(crate) fn put(&self, work: Work) -> Result<(), StoreError> {
        let bytes = work.bytes();
        let mut state = self.lock();
        if state.phase != Phase::Open {
            return Err(StoreError::Unavailable("the store is closed".to_owned()));
        }
        let full = state.waiting.len() >= self.options.queue_requests
            || state.bytes.saturating_add(bytes) > self.options.queue_bytes;
        if full && !state.waiting.is_empty() {
            return Err(StoreError::Overloaded);
        }
        state.bytes = state.bytes.saturating_add(bytes);
        state.waiting.push_back(work);
        drop(state);
        self.changed.notify_one();
        Ok(())
    }

    /// Waits for work and takes all of it, up to one group; nothing once the queue is closed and empty.
    pub(crate) fn take(&self) -> Option<Vec<Work>> {
        let mut state = self.lock();
        while state.waiting.is_empty() {
            if state.phase != Phase::Open {
                return None;
            }
            state = self
                .changed
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
        let mut group = Vec::new();
        let mut group_bytes = 0_usize;
        while group.len() < GROUP_REQUESTS {
            let Some(bytes) = state.waiting.front().map(Work::bytes) else {
                break;
            };
            group_bytes = group_bytes.saturating_add(bytes);
            if group_bytes > GROUP_BYTES && !group.is_empty() {
                break;
            }
            state.bytes = state.bytes.saturating_sub(bytes);
            group.extend(state.waiting.pop_front());
        }
        Some(group)
    }

    /// Takes nothing more; what is there is still to be taken.
    pub(crate) fn close(&self) {
        self.lock().phase = Phase::Closed;
        self.changed.notify_one();
    }

    /// The writer is gone: whoever waits for it learns that now.
    pub(crate) fn abandon(&self) {
        let mut state = self.lock();
        state.phase = Phase::Closed;
        state.waiting.clear();
        state.bytes = 0;
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<Q, A> Asked<Q, A> {
    pub(crate) fn new(request: Q) -> (Self, Reply<A>) {
        let (reply, answer) = oneshot::channel();
        let asked = Self {
            request,
            answer: None,
            reply,
        };
        (asked, answer)
    }

    fn reply(self, failure: Option<&str>) {
        let result = match (failure, self.answer) {
            (None, Some(answer)) => Ok(answer),
            (None, None) => Err(StoreError::Unavailable("it was not tried".to_owned())),
            (Some(problem), _) => Err(StoreError::Unavailable(problem.to_owned())),
        };
        // Whoever asked may have gone away; what was stored stays stored.
        drop(self.reply.send(result));
    }
}

impl Work {
    /// Does it within the transaction; the answer counts once that is committed.
    pub(crate) fn perform(&mut self, changes: &mut Changes<'_>) -> Result<(), StoreError> {
        match self {
            Self::Append(asked) => asked.answer = Some(changes.append(&asked.request)?),
            Self::Cell(asked) => asked.answer = Some(changes.set_cell(&asked.request)?),
            Self::Probe(asked) => asked.answer = Some(changes.probe()?),
        }
        Ok(())
    }

    /// Tells whoever asked.
    pub(crate) fn reply(self, failure: Option<&str>) {
        match self {
            Self::Append(asked) => asked.reply(failure),
            Self::Cell(asked) => asked.reply(failure),
            Self::Probe(asked) => asked.reply(failure),
        }
    }

    fn bytes(&self) -> usize {
        match self {
            Self::Append(asked) => {
                let append = &asked.request;
                let evidence = append.evidence.as_ref();
                let events = append.events.iter().map(|event| {
                    let private = event.private.as_ref();
                    EVENT_BYTES + event.data.len() + private.map_or(0, |part| part.bytes.len())
                });
                events.sum::<usize>() + evidence.map_or(0, |kept| kept.message.bytes.len())
            }
            Self::Cell(asked) => asked.request.name.len() + asked.request.value.len(),
            Self::Probe(_) => 0,
        }
    }
}

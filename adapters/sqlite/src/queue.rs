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

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn cell(bytes: usize) -> (Work, Reply<CellOutcome>) {
        let (asked, reply) = Asked::new(CellWrite {
            name: "cell".to_owned(),
            expected: 0,
            value: Bytes::from(vec![b'x'; bytes]),
        });
        (Work::Cell(asked), reply)
    }

    fn queue(queue_requests: usize, queue_bytes: usize) -> Queue {
        Queue::new(Options {
            queue_requests,
            queue_bytes,
            readers: 1,
        })
    }

    #[test]
    fn past_its_bounds_it_says_that_it_is_overloaded() {
        let by_requests = queue(2, usize::MAX);
        let by_bytes = queue(usize::MAX, 2_500);
        for full in [by_requests, by_bytes] {
            full.put(cell(1_000).0).unwrap();
            full.put(cell(1_000).0).unwrap();
            let refused = full.put(cell(1_000).0);
            assert!(matches!(refused, Err(StoreError::Overloaded)));
            assert_eq!(full.take().unwrap().len(), 2);
            full.put(cell(1_000).0).unwrap();
        }
    }

    #[test]
    fn one_request_larger_than_the_bound_is_taken_when_nothing_waits() {
        let queue = queue(8, 100);
        queue.put(cell(1_000).0).unwrap();
        assert!(matches!(queue.put(cell(1).0), Err(StoreError::Overloaded)));
        assert_eq!(queue.take().unwrap().len(), 1);
    }

    #[test]
    fn a_group_is_bounded_in_requests_and_in_bytes() {
        let queue = queue(usize::MAX, usize::MAX);
        for _ in 0..300 {
            queue.put(cell(1).0).unwrap();
        }
        assert_eq!(queue.take().unwrap().len(), 256);
        assert_eq!(queue.take().unwrap().len(), 44);
        for _ in 0..3 {
            queue.put(cell(600_000).0).unwrap();
        }
        queue.put(cell(2_000_000).0).unwrap();
        let groups: Vec<usize> = (0..4).map(|_| queue.take().unwrap().len()).collect();
        assert_eq!(groups, [1, 1, 1, 1]);
    }

    #[test]
    fn closed_it_gives_what_it_has_and_takes_no_more() {
        let queue = queue(8, usize::MAX);
        queue.put(cell(1).0).unwrap();
        queue.close();
        assert!(matches!(
            queue.put(cell(1).0),
            Err(StoreError::Unavailable(_))
        ));
        assert_eq!(queue.take().unwrap().len(), 1);
        assert!(queue.take().is_none());
    }

    #[test]
    fn nobody_waits_for_a_writer_that_is_gone() {
        let queue = queue(8, usize::MAX);
        let (work, mut reply) = cell(1);
        queue.put(work).unwrap();
        queue.abandon();
        assert!(reply.try_recv().is_err());
        assert!(queue.put(cell(1).0).is_err());
    }
}

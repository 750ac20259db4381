//! When something was wrong, for the promises that are made in seconds: they are made of a world in
//! which the gateway answers, the store writes and the nodes run. So whatever goes wrong starts the
//! clock of such a promise again when it is over. What was only slow within reason is no trouble.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use payfold::world::Clock as _;
use payfold_domain::Timestamp;

use crate::luck::Fate;
use crate::node::VirtualClock;
use crate::schedule::Edge;

/// A call of a gateway that takes longer is a trouble.
const SLOW: Duration = Duration::from_secs(2);

/// Somebody who waits three seconds may not hear of a call that takes longer, trouble or not.
const UNHURRIED: Duration = Duration::from_millis(500);

/// From so many calls without an answer on a node may leave the gateway alone, and so long.
const FAILURES: u64 = 5;
const LEFT_ALONE: Duration = Duration::from_secs(30);

/// What went wrong in one world, and when.
pub(crate) struct Troubles {
    clock: VirtualClock,
    known: Mutex<Vec<Trouble>>,
    unhurried: Mutex<Vec<Trouble>>,
    calls_failed: AtomicU64,
}

/// One of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Trouble {
    pub(crate) from: Timestamp,
    pub(crate) until: Timestamp,
}

/// A call of a gateway. Whoever gives it up lets it fall.
pub(crate) struct Call<'a> {
    troubles: &'a Troubles,
    since: Timestamp,
    outcome: Outcome,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Answered,
    Failed,
}

impl Troubles {
    pub(crate) fn none(clock: VirtualClock) -> Self {
        Self {
            clock,
            known: Mutex::default(),
            unhurried: Mutex::default(),
            calls_failed: AtomicU64::new(0),
        }
    }

    /// Something was wrong since then, and is well now.
    pub(crate) fn over(&self, since: Timestamp) {
        self.note(since, self.clock.now());
    }

    /// A write goes wrong. Where the process ends with it, its being down is the trouble.
    pub(crate) fn write(&self, fate: Fate) {
        let now = self.clock.now();
        match fate {
            Fate::Slow(ms) => self.note(now, later(now, Duration::from_millis(ms))),
            Fate::Lost(Edge::Before | Edge::After) | Fate::Conflict => self.note(now, now),
            Fate::Well | Fate::Twice | Fate::Crash(..) => {}
        }
    }

    /// A call of a gateway begins.
    pub(crate) fn call(&self) -> Call<'_> {
        Call {
            troubles: self,
            since: self.clock.now(),
            outcome: Outcome::Failed,
        }
    }

    fn call_failed(&self, since: Timestamp) {
        let failed = self.calls_failed.fetch_add(1, Ordering::Relaxed) + 1;
        let now = self.clock.now();
        let left_alone = if failed < FAILURES {
            Duration::ZERO
        } else {
            LEFT_ALONE
        };
        self.note(since, later(now, left_alone));
    }

    fn note(&self, from: Timestamp, until: Timestamp) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.push(Trouble { from, until });
    }

    /// The calls of gateways that took a while.
    pub(crate) fn unhurried(&self) -> Vec<Trouble> {
        let unhurried = self
            .unhurried
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        unhurried.clone()
    }

    /// All of them, in the order in which they began.
    pub(crate) fn in_order(&self) -> Vec<Trouble> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let mut known = known.clone();
        known.sort_unstable();
        known
    }
}

impl Call<'_> {
    /// An answer came.
    pub(crate) fn answered(mut self, status: http::StatusCode) {
        if !status.is_server_error() {
            self.outcome = Outcome::Answered;
        }
    }
}

impl Drop for Call<'_> {
    fn drop(&mut self) {
        let (from, until) = (self.since, self.troubles.clock.now());
        if later(from, UNHURRIED) < until {
            let unhurried = &self.troubles.unhurried;
            let mut unhurried = unhurried.lock().unwrap_or_else(PoisonError::into_inner);
            unhurried.push(Trouble { from, until });
        }
        let slow = later(from, SLOW) < until;
        if slow || self.outcome == Outcome::Failed {
            self.troubles.call_failed(self.since);
        }
    }
}

pub(crate) fn later(at: Timestamp, by: Duration) -> Timestamp {
    Timestamp::from_micros(at.as_micros() + i64::try_from(by.as_micros()).unwrap())
}

pub(crate) fn earlier(at: Timestamp, by: Duration) -> Timestamp {
    Timestamp::from_micros(at.as_micros() - i64::try_from(by.as_micros()).unwrap())
}

/// Until when something has to be done that is promised within a time after `since`.
pub(crate) fn deadline(troubles: &[Trouble], since: Timestamp, within: Duration) -> Timestamp {
    let mut deadline = later(since, within);
    for trouble in troubles {
        if trouble.from <= deadline {
            deadline = deadline.max(later(trouble.until, within));
        }
    }
    deadline
}

/// Whether anything was wrong between two instants.
pub(crate) fn any_between(troubles: &[Trouble], from: Timestamp, until: Timestamp) -> bool {
    let mut troubles = troubles.iter();
    troubles.any(|trouble| trouble.from <= until && from <= trouble.until)
}

//! Good and bad luck: how long each call of a port takes, and which of them go wrong. Everything is
//! counted from the beginning of a schedule, so that a fault finds its call again.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher as _};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::draw::Draw;
use crate::node::VirtualClock;
use crate::schedule::{Edge, Fault};
use crate::trouble::Troubles;

/// How long a call takes at most once nothing goes wrong any more, in milliseconds.
const CALM_LATENCY_MS: u64 = 20;

/// The luck of one schedule.
pub(crate) struct Luck {
    seed: u64,
    /// How often each thing was asked.
    asked: Mutex<BTreeMap<u64, u64>>,
    latency_ms: u64,
    faults: Vec<Fault>,
    writes: AtomicU64,
    calls: AtomicU64,
    notifies: AtomicU64,
    /// Over once nothing goes wrong any more.
    calm: AtomicBool,
    /// What went wrong, and when.
    pub(crate) troubles: Troubles,
}

/// What befalls one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    Well,
    Slow(u64),
    /// Nobody hears an answer.
    Lost(Edge),
    /// The store says that another was faster.
    Conflict,
    /// The process ends.
    Crash(Edge, u64),
    /// It is done twice at once.
    Twice,
}

impl Luck {
    pub(crate) fn new(
        seed: u64,
        latency_ms: u64,
        faults: Vec<Fault>,
        clock: VirtualClock,
    ) -> Arc<Self> {
        Arc::new(Self {
            seed,
            asked: Mutex::default(),
            latency_ms,
            faults,
            writes: AtomicU64::new(0),
            calls: AtomicU64::new(0),
            notifies: AtomicU64::new(0),
            calm: AtomicBool::new(false),
            troubles: Troubles::none(clock),
        })
    }

    /// Nothing goes wrong from now on.
    pub(crate) fn calm_down(&self) {
        self.calm.store(true, Ordering::Relaxed);
    }

    /// The time that a call takes: mostly none, sometimes long. Calls are told apart by what they are
    /// about, so that a step that is left out changes nothing for the others.
    pub(crate) async fn pause(&self, about: impl Hash) {
        let latency_ms = self.latency_ms();
        let mut draw = self.draw_about(about);
        self.rest(match draw.below(16) {
            0..=7 => 0,
            8..=14 => draw.below(latency_ms + 1),
            _ => draw.below(latency_ms * 4 + 1),
        })
        .await;
    }

    /// The time that a reading takes; most are instant.
    pub(crate) async fn short_pause(&self, about: impl Hash) {
        let latency_ms = self.latency_ms();
        let mut draw = self.draw_about(about);
        self.rest(match draw.below(8) {
            0 => draw.below(latency_ms + 1),
            _ => 0,
        })
        .await;
    }

    async fn rest(&self, ms: u64) {
        if ms > 0 {
            tokio::time::sleep(Duration::from_millis(ms)).await;
        }
    }

    /// Chance for one call, by what it is about and how often that was asked before.
    fn draw_about(&self, about: impl Hash) -> Draw {
        let mut hasher = DefaultHasher::new();
        (self.seed, about).hash(&mut hasher);
        let about = hasher.finish();
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        let times = asked.entry(about).or_insert(0);
        *times += 1;
        Draw::new(about.wrapping_add(*times))
    }

    fn latency_ms(&self) -> u64 {
        if self.is_calm() {
            self.latency_ms.min(CALM_LATENCY_MS)
        } else {
            self.latency_ms
        }
    }

    fn is_calm(&self) -> bool {
        self.calm.load(Ordering::Relaxed)
    }

    pub(crate) fn of_write(&self) -> Fate {
        self.fate(&self.writes, |fault, now| match fault {
            Fault::CrashAtWrite { nth, edge, down_ms } if nth == now => {
                Some(Fate::Crash(edge, down_ms))
            }
            Fault::WriteFails { nth, edge } if nth == now => Some(Fate::Lost(edge)),
            Fault::WriteConflicts { nth } if nth == now => Some(Fate::Conflict),
            Fault::WriteSlow { nth, for_ms } if nth == now => Some(Fate::Slow(for_ms)),
            _ => None,
        })
    }

    pub(crate) fn of_call(&self) -> Fate {
        self.fate(&self.calls, |fault, now| match fault {
            Fault::CallLost { nth, edge } if nth == now => Some(Fate::Lost(edge)),
            Fault::CallSlow { nth, for_ms } if nth == now => Some(Fate::Slow(for_ms)),
            Fault::CrashAtCall { nth, edge, down_ms } if nth == now => {
                Some(Fate::Crash(edge, down_ms))
            }
            _ => None,
        })
    }

    pub(crate) fn of_notify(&self) -> Fate {
        self.fate(&self.notifies, |fault, now| match fault {
            Fault::NotifyLost { nth, edge } if nth == now => Some(Fate::Lost(edge)),
            Fault::NotifyTwice { nth } if nth == now => Some(Fate::Twice),
            Fault::NotifyLate { nth, for_ms } if nth == now => Some(Fate::Slow(for_ms)),
            _ => None,
        })
    }

    fn fate(&self, count: &AtomicU64, of: impl Fn(Fault, u64) -> Option<Fate>) -> Fate {
        let now = count.fetch_add(1, Ordering::Relaxed) + 1;
        if self.is_calm() {
            return Fate::Well;
        }
        let mut fates = self.faults.iter().filter_map(|fault| of(*fault, now));
        fates.next().unwrap_or(Fate::Well)
    }
}

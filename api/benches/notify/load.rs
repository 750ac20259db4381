//! Many requests over a number of connections, one after the other on each, and how long each took.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crate::http::{Answer, Connection, Request};

/// How long requests took.
pub(crate) struct Measured {
    whole: Duration,
    /// Sorted.
    each: Vec<Duration>,
}

/// Sends every request once, and makes sure that every answer is as it should be.
pub(crate) fn send(
    address: SocketAddr,
    connections: usize,
    requests: &[Request],
    as_it_should_be: impl Fn(&Answer) -> bool + Sync,
) -> Measured {
    let next = AtomicUsize::new(0);
    let begun = now();
    let client = || {
        let mut connection = Connection::open(address).unwrap();
        let mut took = Vec::new();
        while let Some(request) = requests.get(next.fetch_add(1, Ordering::Relaxed)) {
            let begun = now();
            let answer = connection.ask(request).unwrap();
            took.push(begun.elapsed());
            assert!(
                as_it_should_be(&answer),
                "{} {}",
                answer.status,
                String::from_utf8_lossy(&answer.body)
            );
        }
        took
    };
    let mut each: Vec<Duration> = std::thread::scope(|scope| {
        let clients: Vec<_> = (0..connections).map(|_| scope.spawn(client)).collect();
        clients
            .into_iter()
            .flat_map(|client| client.join().unwrap())
            .collect()
    });
    let whole = begun.elapsed();
    each.sort();
    Measured { whole, each }
}

impl Measured {
    /// Of single steps, one after the other.
    pub(crate) fn of(steps: usize, mut step: impl FnMut()) -> Self {
        let begun = now();
        let mut each: Vec<Duration> = (0..steps)
            .map(|_| {
                let begun = now();
                step();
                begun.elapsed()
            })
            .collect();
        let whole = begun.elapsed();
        each.sort();
        Self { whole, each }
    }

    pub(crate) fn per_second(&self) -> f64 {
        let count = u32::try_from(self.each.len()).unwrap();
        f64::from(count) / self.whole.as_secs_f64()
    }

    /// The time within which this share of them was done, from 0 to 1, in milliseconds.
    pub(crate) fn quantile_ms(&self, share: f64) -> f64 {
        let last = self.each.len() - 1;
        let at = (0..=last).find(|at| position(*at, last) >= share).unwrap();
        self.each.get(at).unwrap().as_secs_f64() * 1_000.0
    }
}

fn position(at: usize, last: usize) -> f64 {
    let number = |count: usize| f64::from(u32::try_from(count).unwrap());
    number(at) / number(last.max(1))
}

/// The time, to measure by.
pub(crate) fn now() -> Instant {
    #[expect(clippy::disallowed_methods, reason = "a benchmark measures real time")]
    Instant::now()
}

//! Schedules: whole flows through the real application, the real store and the simulated gateways,
//! with everything that may go wrong between any two steps, played out of a seed. After each one
//! everything that payfold promises is held against what is left. It draws, plays, judges and
//! shrinks. What is promised stands in `rules`, `shipped` and `decided` (orders and their money, beside
//! the second fold of `tally`), in `answered`, `shown` and `times` (what callers are told, and when), in `asked`,
//! `taken`, `books` and `bills` (the gateways), and in `seen` (views and feed).
#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::as_conversions,
    clippy::wildcard_enum_match_arm,
    reason = "it finds faults by failing, and prints what it found"
)]

mod aftermath;
mod answered;
mod ask;
mod asked;
mod bills;
mod books;
mod decided;
mod draw;
mod luck;
mod next_day;
mod node;
mod plan;
mod ports;
mod post;
mod reader;
mod rules;
mod schedule;
mod seen;
mod shipped;
mod shop;
mod shown;
mod shrink;
mod stage;
mod stored;
mod taken;
mod tally;
#[cfg(test)]
mod tests;
mod times;
mod trouble;

use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};

use clap::Parser;

use crate::aftermath::Violation;
use crate::schedule::Schedule;
use crate::stage::Played;

/// Plays schedules and says which of them break a promise.
#[derive(Debug, Parser)]
struct Arguments {
    /// The first schedule's seed
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How many schedules to play, one seed after another
    #[arg(long, default_value_t = 1_000)]
    count: u64,
    /// On how many threads
    #[arg(long, default_value_t = threads())]
    threads: usize,
    /// How many failing schedules to look for before it ends
    #[arg(long, default_value_t = 1)]
    failures: u64,
}

fn threads() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    stage::keep_panics();
    let work = Work {
        next: AtomicU64::new(0),
        played: AtomicU64::new(0),
        events: AtomicU64::new(0),
        failed: AtomicU64::new(0),
        fingerprint: AtomicU64::new(0),
        arguments: &arguments,
    };
    std::thread::scope(|scope| {
        for _ in 0..arguments.threads.max(1) {
            scope.spawn(|| work.on_one_thread());
        }
    });
    let (played, events) = (work.played.into_inner(), work.events.into_inner());
    let failed = work.failed.into_inner();
    let fingerprint = work.fingerprint.into_inner();
    println!("{played} schedules, {events} events (fingerprint {fingerprint:016x})");
    println!("{failed} that break a promise");
    if failed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// What all threads share.
struct Work<'a> {
    next: AtomicU64,
    played: AtomicU64,
    events: AtomicU64,
    failed: AtomicU64,
    /// Over what all schedules left: a run of the same ones has the same.
    fingerprint: AtomicU64,
    arguments: &'a Arguments,
}

impl Work<'_> {
    fn on_one_thread(&self) {
        let equipment = stage::Equipment::make();
        loop {
            let place = self.next.fetch_add(1, Ordering::Relaxed);
            let enough = self.failed.load(Ordering::Relaxed) >= self.arguments.failures;
            if place >= self.arguments.count || enough {
                return;
            }
            let schedule = plan::schedule(self.arguments.seed.wrapping_add(place));
            let played = stage::play(&schedule, &equipment);
            self.played.fetch_add(1, Ordering::Relaxed);
            self.events
                .fetch_add(played.events as u64, Ordering::Relaxed);
            self.fingerprint.fetch_add(played.trace, Ordering::Relaxed);
            if !played.violations.is_empty() {
                self.failed.fetch_add(1, Ordering::Relaxed);
                let shortest = shrink::shrink(schedule.clone(), &equipment);
                println!("{}", report(&schedule, &played.violations, &shortest));
            }
        }
    }
}

/// What a failing schedule looks like to whoever has to mend it.
fn report(
    whole: &Schedule,
    violations: &[Violation],
    (shortest, played): &(Schedule, Played),
) -> String {
    let told = |violations: &[Violation]| {
        let lines = violations
            .iter()
            .map(|violation| format!("  broken: {}: {}\n", violation.rule, violation.what));
        lines.collect::<String>()
    };
    format!(
        "seed {} breaks a promise; play it again with --seed {} --count 1\n{}\
         the shortest schedule that does ({} of {} steps, {} of {} faults):\n{shortest}\
         what happened:\n  {}\n{}",
        whole.seed,
        whole.seed,
        told(violations),
        shortest.steps.len(),
        whole.steps.len(),
        shortest.faults.len(),
        whole.faults.len(),
        played.story.join("\n  "),
        told(&played.violations),
    )
}

//! A few dozen schedules, and what the harness promises of itself.

use crate::{plan, stage};

const SCHEDULES: u64 = 48;

#[test]
fn no_schedule_breaks_a_promise() {
    let equipment = stage::Equipment::make();
    for seed in 1..=SCHEDULES {
        let schedule = plan::schedule(seed);
        let played = stage::play(&schedule, &equipment);
        assert_eq!(played.violations, [], "{schedule}");
        assert!(played.events > 0);
    }
}

#[test]
fn a_schedule_played_again_leaves_exactly_the_same() {
    let equipment = stage::Equipment::make();
    for seed in 1..=SCHEDULES / 4 {
        let schedule = plan::schedule(seed);
        let (first, again) = (
            stage::play(&schedule, &equipment),
            stage::play(&schedule, &equipment),
        );
        assert_eq!(first.trace, again.trace, "{schedule}");
    }
}

//! A few dozen schedules, and what the harness promises of itself.

use payfold_domain::policy::{LatePolicy, Policy, ReturnPolicy};

use crate::schedule::{Act, Afterwards, Notifies, Pay, Schedule, Setting, Signer, Step};
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

/// The order called it a contradiction that its own stray had the money, and never took it.
#[test]
fn a_second_notify_between_a_stray_and_its_order_hides_no_money() {
    let pay = Pay {
        number: 1,
        order: 0,
        method: "external",
    };
    let place = Act::Place {
        order: 0,
        minor: 8_800,
        fulfilment: "ship",
        life_s: 300,
    };
    let paid = Act::Pay {
        pay,
        minor: Some(8_800),
        via: "v2-hmac",
    };
    let resent = Act::Resend { pay, via: "v2" };
    let steps = [
        (2_603, place),
        (5_697, paid),
        (5_697, resent),
        (6_197, Act::Dispatch { order: 0 }),
        (6_739, Act::Start(pay)),
    ];
    let schedule = Schedule {
        seed: 106_356,
        setting: Setting {
            nodes: 1,
            latency_ms: 2_000,
            policy: Policy {
                late_cancelled: LatePolicy::Refund,
                double: ReturnPolicy::Refund,
                ..Policy::HOLD
            },
            signer: Signer::AwsLc,
            notifies: Notifies::Arrive,
            afterwards: Afterwards::Briefly,
        },
        steps: steps.map(|(at_ms, act)| Step { at_ms, act }).to_vec(),
        faults: Vec::new(),
    };
    let played = stage::play(&schedule, &stage::Equipment::make());
    assert_eq!(played.violations, [], "{:#?}", played.story);
}

//! A few dozen schedules, and what the harness promises of itself.

use payfold_domain::policy::{Policy, ReturnPolicy};

use crate::schedule::{
    Act, Afterwards, Beginning, Edge, Fault, Notifies, Pay, Schedule, Setting, Signer, Step,
};
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
    let pay = external(1);
    let setting = Setting {
        latency_ms: 2_000,
        ..setting()
    };
    let steps = vec![
        (2_603, place(0, 8_800)),
        (5_697, paid(pay, "v2-hmac")),
        (5_697, Act::Resend { pay, via: "v2" }),
        (6_197, Act::Dispatch { order: 0 }),
        (6_739, Act::Start(pay)),
    ];
    holds(106_356, setting, steps);
}

/// Neither the order that claimed the number nor the one that a person gave the money to had it.
#[test]
fn money_given_to_one_order_while_another_claims_its_number_arrives() {
    let pay = external(2);
    let setting = Setting {
        nodes: 2,
        latency_ms: 200,
        ..setting()
    };
    let steps = vec![
        (2_141, place(1, 1)),
        (2_151, place(0, 8_800)),
        (2_269, paid(pay, "v3")),
        (2_389, place(2, 1)),
        (
            4_984,
            Act::Resolve {
                order: 2,
                action: "accept",
            },
        ),
        (5_087, Act::Start(pay)),
    ];
    holds(115_886, setting, steps);
}

/// The money that paid the order went back, and not the second one that came by the same number.
#[test]
fn of_two_payments_by_one_number_the_second_goes_back() {
    let pay = Pay {
        number: 3,
        order: 0,
        method: "alipay.qr",
    };
    let setting = Setting {
        latency_ms: 200,
        policy: Policy {
            double: ReturnPolicy::Refund,
            ..Policy::HOLD
        },
        ..setting()
    };
    let asked = Act::Pay {
        pay,
        minor: None,
        via: "v3",
    };
    let steps = vec![
        (1_808, place(0, 100)),
        (8_331, Act::Start(pay)),
        (21_068, asked),
        (21_076, Act::PayAgain(pay)),
    ];
    holds(76, setting, steps);
}

/// The shop had asked a moment before the money came, and the buyer's question was never asked.
#[test]
fn a_buyer_who_returns_right_after_somebody_asked_hears_of_his_money() {
    let pay = external(1);
    let setting = Setting {
        notifies: Notifies::AllLost,
        ..setting()
    };
    let steps = vec![
        (2_498, place(0, 8_800)),
        (2_810, Act::Start(pay)),
        (12_756, Act::Wait { order: 0 }),
        (14_132, paid(pay, "v2")),
        (14_200, Act::Return(pay)),
    ];
    holds(11, setting, steps);
}

/// A node that had placed the order did not know the payment that another had started, and refused
/// notifies and answers about it.
#[test]
fn money_of_a_payment_that_another_node_started_is_taken_in_at_once() {
    let pay = Pay {
        number: 2,
        order: 1,
        method: "wechatpay.native",
    };
    let setting = Setting {
        nodes: 2,
        ..setting()
    };
    let asked = Act::Pay {
        pay,
        minor: None,
        via: "v2-hmac",
    };
    let steps = vec![
        (2_129, place(1, 1)),
        (2_289, Act::Start(pay)),
        (8_648, asked),
        (15_971, Act::Wait { order: 1 }),
    ];
    holds(2_748, setting, steps);
}

/// Alipay's sum told of it while a refund of ours was under way, and again when that had succeeded.
#[test]
fn a_refund_that_was_told_in_two_parts_differs_in_nothing_from_its_row() {
    let pay = Pay {
        number: 1,
        order: 0,
        method: "alipay.page",
    };
    let setting = Setting {
        afterwards: Afterwards::NextDay,
        ..setting()
    };
    let asked = Act::Pay {
        pay,
        minor: None,
        via: "v3",
    };
    let steps = vec![
        (1_221, place(0, 8_800)),
        (1_421, Act::Start(pay)),
        (10_534, asked),
        (
            19_268,
            Act::Refund {
                pay,
                refund: 1,
                minor: 1,
            },
        ),
        (
            19_430,
            Act::RefundAtGateway {
                pay,
                minor: 4_401,
                via: "v3",
            },
        ),
    ];
    holds(6_797, setting, steps);
}

/// The process ended 4 ms after its last event, when all nodes had been seen to be up, and nobody was
/// there to tell the reader of it (seed 5021039).
#[test]
fn a_process_that_ends_after_the_last_step_is_waited_for_before_its_reader_is_judged() {
    let (first, second) = (
        external(1),
        Pay {
            order: 1,
            ..external(3)
        },
    );
    let setting = Setting {
        latency_ms: 2_000,
        ..setting()
    };
    let steps = vec![
        (1_000, place(0, 8_800)),
        (1_000, place(1, 8_800)),
        (20_000, Act::Start(first)),
        (20_000, Act::Start(second)),
        (40_000, paid(first, "v3")),
        (40_000, paid(second, "v3")),
        (42_000, Act::CloseAtGateway(first)),
    ];
    let faults = vec![
        Fault::CrashAtWrite {
            nth: 8,
            edge: Edge::After,
            down_ms: 300_000,
        },
        Fault::WriteSlow {
            nth: 9,
            for_ms: 608,
        },
    ];
    holds_with(30, setting, steps, faults);
}

/// A payment is being started while its order is cancelled: its gateway did not know it when it was
/// asked, and has offered it since.
#[test]
fn an_order_is_not_cancelled_on_an_answer_that_is_older_than_the_payments_offer() {
    let pay = jsapi(1);
    let setting = Setting {
        latency_ms: 20,
        beginning: Beginning::InService,
        ..setting()
    };
    let steps = vec![
        (473, place(0, 100)),
        (701, Act::Start(pay)),
        (8_271, Act::Cancel { order: 0 }),
        (19_775, paid(pay, "v2-hmac")),
    ];
    let slow = Fault::WriteSlow {
        nth: 6,
        for_ms: 8_029,
    };
    holds_with(1_023_949, setting, steps, vec![slow]);
}

/// The gateway knows a payment, though its answer was lost; it refuses the same start when the order has
/// less than a minute left. Money may come by it all the same.
#[test]
fn an_order_is_not_cancelled_beside_what_its_gateway_took_before_it_refused_it() {
    let pay = jsapi(1);
    let setting = Setting {
        latency_ms: 20,
        beginning: Beginning::InService,
        ..setting()
    };
    let short = Act::Place {
        order: 0,
        minor: 8_800,
        fulfilment: "ship",
        life_s: 61,
    };
    let tampered = Act::Trouble {
        fault: "tamper",
        pay,
        times: 3,
        seconds: 11,
    };
    let steps = vec![
        (473, short),
        (701, Act::Start(pay)),
        (9_395, tampered),
        (21_663, paid(pay, "v3")),
        (26_153, Act::Cancel { order: 0 }),
    ];
    let lost = Fault::CallLost {
        nth: 1,
        edge: Edge::After,
    };
    holds_with(600_079_720, setting, steps, vec![lost]);
}

/// Two nodes ask for the same refund: one is refused, and hears of it after the other's success.
#[test]
fn a_refund_that_succeeded_is_not_stuck_by_an_older_refusal() {
    let pay = jsapi(3);
    let setting = Setting {
        nodes: 2,
        latency_ms: 2_000,
        beginning: Beginning::InService,
        ..setting()
    };
    let refused = Act::Trouble {
        fault: "refund-refused",
        pay,
        times: 1,
        seconds: 47,
    };
    let resolve = Act::Resolve {
        order: 0,
        action: "refund",
    };
    let steps = vec![
        (5_860, refused),
        (20_435, paid(pay, "v3")),
        (50_636, resolve),
    ];
    holds_with(1_026_906, setting, steps, Vec::new());
}

fn jsapi(number: u8) -> Pay {
    Pay {
        number,
        order: 0,
        method: "wechatpay.jsapi",
    }
}

fn external(number: u8) -> Pay {
    Pay {
        number,
        order: 0,
        method: "external",
    }
}

fn place(order: u8, minor: u64) -> Act {
    Act::Place {
        order,
        minor,
        fulfilment: "ship",
        life_s: 300,
    }
}

fn paid(pay: Pay, via: &'static str) -> Act {
    Act::Pay {
        pay,
        minor: Some(8_800),
        via,
    }
}

fn setting() -> Setting {
    Setting {
        nodes: 1,
        latency_ms: 2,
        policy: Policy::HOLD,
        signer: Signer::AwsLc,
        beginning: Beginning::New,
        notifies: Notifies::Arrive,
        afterwards: Afterwards::Briefly,
    }
}

fn holds(seed: u64, setting: Setting, steps: Vec<(u64, Act)>) {
    holds_with(seed, setting, steps, Vec::new());
}

fn holds_with(seed: u64, setting: Setting, steps: Vec<(u64, Act)>, faults: Vec<Fault>) {
    let steps = steps.into_iter().map(|(at_ms, act)| Step { at_ms, act });
    let schedule = Schedule {
        seed,
        setting,
        steps: steps.collect(),
        faults,
    };
    let played = stage::play(&schedule, &stage::Equipment::make());
    assert_eq!(played.violations, [], "{:#?}", played.story);
}

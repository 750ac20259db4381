//! What money becomes: the order's, late, double, mismatched, contradicted.

use payfold_domain::command::{Command, Observe, StartPayment, TakeUpBasis};
use payfold_domain::event::{Basis, OrderEvent, Staleness};
use payfold_domain::exception::{ExceptionKind, ResolutionAction, Resolver};
use payfold_domain::order::{Disposition, OrderStatus, PaymentStatus, ShipmentStatus};
use payfold_domain::policy::{Capability, LatePolicy, Policy, ReturnPolicy};
use payfold_domain::{Application, Currency, Fact, Money, Receipt, Source};

use crate::story::say::{self, P1, P2, PRICE};
use crate::story::{self, Story};

#[test]
fn money_as_asked_pays_the_order_and_asks_for_its_shipment_once() {
    let mut story = story::open();
    let names = story.names(say::notify(P1, [say::paid("T1", PRICE)]));
    assert_eq!(names, ["PaymentConfirmed", "ShipmentRequested"]);
    assert_eq!(story.status(), OrderStatus::Paid);
    assert_eq!(story.payment_status(P1), PaymentStatus::Paid);
    assert_eq!(story.sums(), [PRICE, 0, 0, 0]);
}

#[test]
fn money_overrides_a_wish_to_cancel() {
    let mut story = story::open().given(say::cancel([]));
    story
        .when(say::notify(P1, [say::paid("T1", PRICE)]))
        .unwrap();
    assert_eq!(story.status(), OrderStatus::Paid);
}

#[test]
fn one_message_that_proves_several_facts_makes_all_their_events() {
    let facts = [
        say::paid("T1", PRICE),
        say::running_total(Some("back-1"), 1000),
        Fact::NoMoreRefunds,
    ];
    let mut story = story::open();
    assert_eq!(
        story.names(say::notify(P1, facts.clone())),
        [
            "PaymentConfirmed",
            "ShipmentRequested",
            "ExternalRefundObserved",
            "PaymentFinished",
            "ShipmentHeld"
        ]
    );
    assert_eq!(
        story.names(say::notify(P1, facts)),
        ["DuplicateNotifyIgnored"]
    );
}

#[test]
fn a_refund_that_names_no_money_is_of_the_money_its_message_speaks_of() {
    let mut story = story::paid();
    let second = [say::paid("T2", PRICE), say::running_total(None, PRICE)];
    assert_eq!(
        story.names(say::notify(P1, second)),
        [
            "DoublePaymentReceived",
            "ExternalRefundObserved",
            "ExceptionResolved"
        ]
    );
    assert_eq!(story.sums(), [PRICE, 0, 0, PRICE]);
}

#[test]
fn repeats_are_kept_thirty_two_times_for_a_notify_and_never_for_a_query() {
    let mut story = story::paid();
    for _ in 0..32 {
        let names = story.names(say::notify(P1, [say::paid("T1", PRICE)]));
        assert_eq!(names, ["DuplicateNotifyIgnored"]);
    }
    let again = [say::paid("T1", PRICE)];
    assert_eq!(story.when(say::notify(P1, again.clone())), Ok(Vec::new()));
    assert_eq!(story.when(say::query(P1, again)), Ok(Vec::new()));
}

#[test]
fn a_repeat_says_whether_it_was_older_news() {
    let staleness = |story: &mut Story, fact: Fact| match &story.when(say::notify(P1, [fact])) {
        Ok(events) => match events.as_slice() {
            [OrderEvent::DuplicateNotifyIgnored(event)] => event.staleness,
            other => panic!("{other:?}"),
        },
        Err(rejection) => panic!("{rejection:?}"),
    };
    let mut story = story::paid();
    assert_eq!(
        staleness(&mut story, say::paid("T1", PRICE)),
        Staleness::Repeat
    );
    assert_eq!(
        staleness(&mut story, Fact::NotPaidYet),
        Staleness::OlderNews
    );
    story
        .when(say::query(P1, [say::running_total(None, 2000)]))
        .unwrap();
    assert_eq!(
        staleness(&mut story, say::running_total(None, 1000)),
        Staleness::OlderNews
    );
    assert_eq!(
        staleness(&mut story, say::paid("T1", PRICE)),
        Staleness::OlderNews
    );
}

#[test]
fn only_the_named_application_is_as_asked_and_any_listed_one_where_none_was_named() {
    let named = || {
        Story::unplaced()
            .given(say::place())
            .given(Command::StartPayment(StartPayment {
                app_id: Some(say::app("2021")),
                ..say::starting(P1)
            }))
    };
    let through = |application| {
        say::notify(
            P1,
            [Fact::Paid(Receipt {
                application,
                ..say::receipt("T1", PRICE)
            })],
        )
    };
    let listed = |id| Application::Listed(say::app(id));
    let unlisted = Application::Unlisted(say::app("2021"));
    for (mut story, application, status) in [
        (named(), listed("2021"), OrderStatus::Paid),
        (named(), Application::Unstated, OrderStatus::Paid),
        (named(), listed("2022"), OrderStatus::Open),
        (named(), unlisted.clone(), OrderStatus::Open),
        (story::open(), listed("2022"), OrderStatus::Paid),
        (story::open(), Application::Unstated, OrderStatus::Paid),
        (story::open(), unlisted, OrderStatus::Open),
    ] {
        let shown = format!("{application:?}");
        story.when(through(application)).unwrap();
        assert_eq!(story.status(), status, "{shown}");
    }
}

#[test]
fn money_of_another_currency_is_not_as_asked() {
    let dollars = Receipt {
        amount: Money {
            minor: PRICE,
            currency: Currency::new("USD").unwrap(),
        },
        ..say::receipt("T1", PRICE)
    };
    let mut story = story::open();
    let names = story.names(say::notify(P1, [Fact::Paid(dollars.clone())]));
    assert_eq!(names, ["MismatchedPaymentReceived"]);
    // An order's sums are of its own currency.
    assert_eq!(story.payment_status(P1), PaymentStatus::Held);
    assert_eq!(story.sums(), [0; 4]);
    let order = story.placed();
    assert_eq!(order.received_minor(), 0);
    let received = order.exceptions[0].received.as_ref().unwrap();
    assert_eq!(received.amount, dollars.amount);
}

#[test]
fn held_money_waits_beside_an_order_that_other_money_may_still_pay() {
    let mut story = story::open();
    story.when(say::notify(P1, [say::paid("T1", 100)])).unwrap();
    assert_eq!(story.payment_status(P1), PaymentStatus::Held);
    assert_eq!(story.sums(), [0, 0, 100, 0]);
    story
        .when(say::notify(P1, [say::paid("T2", PRICE)]))
        .unwrap();
    assert_eq!(story.payment_status(P1), PaymentStatus::Paid);
    assert_eq!(story.sums(), [PRICE, 0, 100, 0]);
}

#[test]
fn each_policy_settles_its_money_in_the_same_append() {
    let late_refund = Policy {
        late_expired: LatePolicy::Refund,
        late_cancelled: LatePolicy::Refund,
        ..Policy::HOLD
    };
    let late_accept = Policy {
        late_cancelled: LatePolicy::Accept,
        ..Policy::HOLD
    };
    let returned = Policy {
        double: ReturnPolicy::Refund,
        mismatch: ReturnPolicy::Refund,
        ..Policy::HOLD
    };
    let refund = ["ExceptionResolved", "RefundRequested"];
    let accept = ["ExceptionResolved", "PaymentConfirmed", "ShipmentRequested"];
    let (late, double) = ("LatePaymentReceived", "DoublePaymentReceived");
    let mismatch = "MismatchedPaymentReceived";
    for (mut story, policy, minor, first, then) in [
        (story::cancelled(), late_accept, PRICE, late, &accept[..]),
        (story::expired(), late_accept, PRICE, late, &[]),
        (story::cancelled(), late_refund, PRICE, late, &refund),
        (story::expired(), late_refund, PRICE, late, &refund),
        (story::paid(), returned, PRICE, double, &refund),
        (story::open(), returned, 100, mismatch, &refund),
        (story::cancelled(), returned, 100, mismatch, &refund),
        (story::cancelled(), Policy::HOLD, PRICE, late, &[]),
    ] {
        let names = story.names(say::notify_by(policy, P1, say::paid("T2", minor)));
        assert_eq!(names.split_first(), Some((&first, then)), "{policy:?}");
    }
}

#[test]
fn money_that_a_policy_accepts_pays_the_order_under_its_exception() {
    let policy = Policy {
        late_expired: LatePolicy::Accept,
        ..Policy::HOLD
    };
    let mut story = story::expired();
    story
        .when(say::notify_by(policy, P1, say::paid("T1", PRICE)))
        .unwrap();
    let id = say::exception("T1", ExceptionKind::Late);
    assert_eq!(story.status(), OrderStatus::Paid);
    let money = story.placed().confirmed().unwrap();
    let basis = Basis::Accepted(id.clone());
    assert_eq!(money.disposition, Disposition::Confirmed(basis));
    let exception = story.placed().exception(&id).unwrap();
    let resolution = exception.resolution.as_ref().unwrap();
    assert_eq!(resolution.by, Resolver::Policy);
    assert_eq!(resolution.action, ResolutionAction::Accept);
}

#[test]
fn a_policy_that_would_refund_holds_where_no_refund_can_be_made() {
    let policy = Policy {
        double: ReturnPolicy::Refund,
        ..Policy::HOLD
    };
    let second = |capability| {
        Command::Observe(Observe {
            policy,
            capability,
            ..say::observing(P1, Source::Notify, [say::paid("T2", PRICE)])
        })
    };
    let finished = story::paid().given(say::query(P1, [Fact::NoMoreRefunds]));
    for (mut story, capability) in [
        (story::paid(), Capability::ReceivesOnly),
        (finished, Capability::Full),
    ] {
        assert_eq!(story.names(second(capability)), ["DoublePaymentReceived"]);
    }
    assert_eq!(story::paid().names(second(Capability::Retired)).len(), 3);
}

#[test]
fn a_transaction_of_another_payment_of_the_order_is_a_contradiction() {
    let mut story = story::paid().given(Command::StartPayment(StartPayment {
        method: payfold_domain::Method::External,
        ..say::starting(P2)
    }));
    let names = story.names(say::notify(P2, [say::paid("T1", PRICE)]));
    assert_eq!(names, ["ContradictionObserved"]);
}

#[test]
fn a_stray_that_the_order_claims_is_met_as_it_would_have_been_met_then() {
    let facts = [say::paid("T1", PRICE), say::running_total(None, 1000)];
    let claimed = || say::take_up(P1, TakeUpBasis::Claimed, facts.clone());
    let mut story = story::open();
    assert_eq!(
        story.names(claimed()),
        [
            "PaymentConfirmed",
            "ShipmentRequested",
            "ExternalRefundObserved",
            "ShipmentHeld"
        ]
    );
    assert_eq!(story.when(claimed()), Ok(Vec::new()));
}

#[test]
fn a_stray_that_a_person_accepts_pays_the_order_whatever_its_amount() {
    let exception = say::exception("T5", ExceptionKind::Unmatched);
    let accepted = || {
        let basis = TakeUpBasis::Accepted {
            exception: exception.clone(),
        };
        say::take_up("stray001", basis, [say::paid("T5", 100)])
    };
    let mut story = story::cancelled();
    assert_eq!(
        story.names(accepted()),
        ["PaymentStarted", "PaymentConfirmed", "ShipmentRequested"]
    );
    assert_eq!(story.sums(), [100, 0, 0, 0]);
    assert_eq!(story.when(accepted()), Ok(Vec::new()));
}

#[test]
fn a_stray_that_is_accepted_for_an_order_paid_meanwhile_is_a_second_payment() {
    let basis = TakeUpBasis::Accepted {
        exception: say::exception("T5", ExceptionKind::Unmatched),
    };
    let names = story::paid().names(say::take_up("stray001", basis, [say::paid("T5", 100)]));
    assert_eq!(names, ["PaymentStarted", "DoublePaymentReceived"]);
}

#[test]
fn money_that_its_own_message_says_went_back_is_neither_accepted_nor_sent_back_again() {
    for late in [LatePolicy::Accept, LatePolicy::Refund] {
        let facts = [say::paid("T1", PRICE), say::running_total(None, PRICE)];
        let mut story = story::cancelled();
        let names = story.names(Command::Observe(Observe {
            policy: Policy {
                late_cancelled: late,
                ..Policy::HOLD
            },
            ..say::observing(P1, Source::Notify, facts)
        }));
        assert_eq!(
            names,
            [
                "LatePaymentReceived",
                "ExternalRefundObserved",
                "ExceptionResolved"
            ],
            "{late:?}"
        );
        assert_eq!(story.status(), OrderStatus::Cancelled);
        assert_eq!(story.sums(), [0, 0, 0, PRICE]);
    }
}

#[test]
fn only_what_its_message_leaves_of_money_is_sent_back() {
    let facts = [say::paid("T1", PRICE), say::running_total(None, 1000)];
    let policy = Policy {
        late_cancelled: LatePolicy::Refund,
        ..Policy::HOLD
    };
    let story = story::cancelled().given(Command::Observe(Observe {
        policy,
        ..say::observing(P1, Source::Notify, facts)
    }));
    let payment = story.placed().payment(&say::payment(P1)).unwrap();
    assert_eq!(payment.refunds[0].amount, Money::cny(PRICE - 1000));
}

#[test]
fn money_that_its_message_says_cannot_go_back_is_held() {
    let facts = [say::paid("T1", PRICE), Fact::NoMoreRefunds];
    let policy = Policy {
        late_cancelled: LatePolicy::Refund,
        ..Policy::HOLD
    };
    let names = story::cancelled().names(Command::Observe(Observe {
        policy,
        ..say::observing(P1, Source::Notify, facts)
    }));
    assert_eq!(names, ["LatePaymentReceived", "PaymentFinished"]);
}

/// The gateways are asked for renminbi alone, so such money is sent back by nobody here.
#[test]
fn money_of_another_currency_waits_for_a_person_who_may_accept_it_and_is_then_shipped_for() {
    let dollars = Receipt {
        amount: Money {
            minor: PRICE,
            currency: Currency::new("USD").unwrap(),
        },
        ..say::receipt("T1", PRICE)
    };
    let refund = Policy {
        mismatch: ReturnPolicy::Refund,
        ..Policy::HOLD
    };
    let mut story = story::open();
    let told = say::notify_by(refund, P1, Fact::Paid(dollars));
    assert_eq!(story.names(told), ["MismatchedPaymentReceived"]);
    let id = say::exception("T1", ExceptionKind::Mismatch);
    let offered = |story: &Story| {
        let exception = story.placed().exception(&id).unwrap();
        story.placed().offered_actions(exception, Capability::Full)
    };
    assert_eq!(
        offered(&story),
        [ResolutionAction::Accept, ResolutionAction::Dismiss]
    );
    story
        .when(say::resolve(&id, ResolutionAction::Accept))
        .unwrap();
    assert_eq!(story.shipment_status(), ShipmentStatus::Requested);
}

#[test]
fn of_two_transactions_on_one_number_the_one_that_a_person_accepted_pays() {
    let basis = TakeUpBasis::Accepted {
        exception: say::exception("T2", ExceptionKind::Unmatched),
    };
    let facts = [
        say::paid("T1", PRICE),
        say::paid("T2", 100),
        say::gave_back("back-1", 40),
    ];
    let mut story = story::open();
    story.when(say::take_up(P2, basis, facts)).unwrap();
    let paying = story.placed().confirmed().unwrap();
    assert_eq!(paying.transaction_id, say::transaction("T2"));
    let other = story.placed().payment(&say::payment(P2)).unwrap();
    let other = other.transaction(&say::transaction("T1")).unwrap();
    assert!(matches!(other.disposition, Disposition::Held(_)));
}

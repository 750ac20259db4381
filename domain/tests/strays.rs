//! Money without an order.

use payfold_domain::command::{
    Command, Difference, Foreign, Observe, Rejection, ResolveException, SubmitRefund, TakeUpBasis,
};
use payfold_domain::event::StrayEvent;
use payfold_domain::exception::{ExceptionId, ExceptionKind, ResolutionAction, Resolver};
use payfold_domain::policy::{Capability, ReturnPolicy};
use payfold_domain::stray::{
    Stray, StrayCommand, StrayMoney, StrayRejection, decide_stray, evolve_stray,
};
use payfold_domain::{Fact, OrderNo, RefundState, Source};

use crate::story::say::{self, P1, PRICE};

struct Tale(Stray);

fn unheard() -> Tale {
    Tale(Stray::Unheard)
}

fn heard() -> Tale {
    let mut tale = unheard();
    tale.names(notify([say::paid("T1", PRICE)]));
    tale
}

impl Tale {
    fn when(&mut self, command: StrayCommand) -> Result<Vec<StrayEvent>, StrayRejection> {
        let events = decide_stray(&self.0, command)?;
        for event in &events {
            let before = std::mem::replace(&mut self.0, Stray::Unheard);
            self.0 = evolve_stray(before, event, say::NOW);
            assert!(!matches!(self.0, Stray::Corrupt(_)), "{:?}", self.0);
        }
        Ok(events)
    }

    fn names(&mut self, command: StrayCommand) -> Vec<&'static str> {
        self.when(command)
            .unwrap()
            .iter()
            .map(StrayEvent::name)
            .collect()
    }

    fn money(&self) -> &StrayMoney {
        match &self.0 {
            Stray::Heard(money) => money,
            other @ (Stray::Unheard | Stray::Corrupt(_)) => panic!("{other:?}"),
        }
    }
}

fn notify(facts: impl IntoIterator<Item = Fact>) -> StrayCommand {
    StrayCommand::Observe(say::observing(P1, Source::Notify, facts))
}

fn query(facts: impl IntoIterator<Item = Fact>) -> StrayCommand {
    StrayCommand::Observe(say::observing(P1, Source::Query, facts))
}

fn unmatched() -> ExceptionId {
    say::exception("T1", ExceptionKind::Unmatched)
}

fn resolve(action: ResolutionAction, order_no: Option<OrderNo>) -> StrayCommand {
    StrayCommand::ResolveException(ResolveException {
        order_no,
        ..say::resolving(&unmatched(), action)
    })
}

fn take_up() -> StrayCommand {
    StrayCommand::TakeUp {
        payment: say::payment(P1),
        order_no: say::order_no(),
    }
}

#[test]
fn money_for_a_number_that_no_order_has_claimed_waits_for_a_person() {
    let mut tale = unheard();
    let names = tale.names(notify([say::paid("T1", PRICE)]));
    assert_eq!(names, ["UnmatchedPaymentReceived"]);
    let exception = tale.money().exception(&unmatched()).unwrap();
    assert_eq!(
        tale.money().offered_actions(exception, Capability::Full),
        [
            ResolutionAction::Accept,
            ResolutionAction::Refund,
            ResolutionAction::Dismiss
        ]
    );
    let second = tale.names(notify([say::paid("T2", PRICE)]));
    assert_eq!(second, ["UnmatchedPaymentReceived"]);
}

#[test]
fn what_says_nothing_of_a_number_that_nobody_knows_is_only_counted() {
    for fact in [Fact::NotPaidYet, Fact::FinallyUnpaid, Fact::NoMoreRefunds] {
        assert_eq!(unheard().when(notify([fact])), Ok(Vec::new()));
    }
}

#[test]
fn repeats_of_unmatched_money_are_kept_thirty_two_times() {
    let mut tale = heard();
    for _ in 0..32 {
        let names = tale.names(notify([say::paid("T1", PRICE)]));
        assert_eq!(names, ["DuplicateNotifyIgnored"]);
    }
    assert_eq!(tale.when(notify([say::paid("T1", PRICE)])), Ok(Vec::new()));
    assert_eq!(tale.when(query([say::paid("T1", PRICE)])), Ok(Vec::new()));
}

#[test]
fn statements_about_unmatched_money_that_do_not_fit_are_contradictions() {
    let foreign = StrayCommand::Observe(Observe {
        foreign: Foreign {
            transactions: vec![say::transaction("T9")],
            ..Foreign::default()
        },
        ..say::observing(P1, Source::Notify, [say::paid("T9", PRICE)])
    });
    assert_eq!(unheard().names(foreign), ["ContradictionObserved"]);
    let with_refund = StrayCommand::Observe(Observe {
        foreign: Foreign {
            transactions: vec![say::transaction("T9")],
            ..Foreign::default()
        },
        ..say::observing(
            P1,
            Source::Notify,
            [say::paid("T9", PRICE), say::gave_back("back-1", 1000)],
        )
    });
    assert_eq!(unheard().names(with_refund), ["ContradictionObserved"]);
    for fact in [say::paid("T1", 100), Fact::FinallyUnpaid] {
        let mut tale = heard();
        assert_eq!(
            tale.names(notify([fact.clone()])),
            ["ContradictionObserved"]
        );
        assert_eq!(tale.names(notify([fact])), ["DuplicateNotifyIgnored"]);
    }
}

#[test]
fn a_refund_for_a_number_that_nobody_knows_is_kept_and_met_again_when_its_money_comes() {
    let mut tale = unheard();
    let refund = || notify([say::gave_back("back-1", 1000)]);
    assert_eq!(tale.names(refund()), ["UnmatchedRefundReceived"]);
    assert_eq!(tale.names(refund()), ["DuplicateNotifyIgnored"]);
    let names = tale.names(notify([say::paid("T1", PRICE)]));
    assert_eq!(
        names,
        [
            "UnmatchedPaymentReceived",
            "ExternalRefundObserved",
            "ExceptionResolved"
        ]
    );
    assert_eq!(tale.money().transactions[0].refunded_minor, 1000);
    // The refund is told of its money now, and waits for a person once.
    let open = tale.money().exceptions.iter();
    let open = open.filter(|exception| exception.resolution.is_none());
    let kinds: Vec<ExceptionKind> = open.map(|exception| exception.kind).collect();
    assert_eq!(
        kinds,
        [ExceptionKind::Unmatched, ExceptionKind::ExternalRefund]
    );
}

/// A person who gives a refund's number to an order has said nothing of money that nobody had seen then.
#[test]
fn who_accepts_a_refund_of_unknown_money_for_an_order_accepts_no_money_of_any_amount() {
    let mut tale = unheard();
    tale.names(notify([say::gave_back("back-1", 1)]));
    let about_the_refund = tale.money().exceptions[0].id.clone();
    let accept = StrayCommand::ResolveException(ResolveException {
        order_no: Some(say::order_no()),
        ..say::resolving(&about_the_refund, ResolutionAction::Accept)
    });
    let names = tale.names(accept);
    assert_eq!(names, ["ExceptionResolved", "StrayTakenUp"]);
    let basis = tale.money().take_up_basis();
    let mut facts = tale.money().observation().facts;
    facts.insert(0, say::paid("T1", 1));
    let mut story = crate::story::open();
    let names = story.names(say::take_up(P1, basis, facts));
    assert_eq!(
        names[..2],
        ["MismatchedPaymentReceived", "ExternalRefundObserved"]
    );
}

#[test]
fn unmatched_money_is_sent_back_like_an_orders() {
    let mut tale = heard();
    assert_eq!(
        tale.names(resolve(ResolutionAction::Refund, None)),
        ["ExceptionResolved", "RefundRequested"]
    );
    let again = resolve(ResolutionAction::Refund, None);
    assert_eq!(tale.when(again), Ok(Vec::new()));
    let no = tale.money().refunds[0].refund_no.clone();
    let submitted = StrayCommand::SubmitRefund(SubmitRefund {
        payment: say::payment(P1),
        refund_no: no.clone(),
    });
    assert_eq!(tale.names(submitted), ["RefundSubmitted"]);
    let failed = say::stands(no.as_str(), PRICE, RefundState::Failed);
    assert_eq!(tale.names(query([failed])), ["RefundFailed"]);
    let back = say::gave_back(no.as_str(), PRICE);
    let names = tale.names(query([back]));
    assert_eq!(names, ["RefundSucceeded", "ExceptionResolved"]);
}

#[test]
fn unmatched_money_is_accepted_only_for_an_order_and_goes_over_to_it() {
    let mut tale = heard();
    assert_eq!(
        tale.when(resolve(ResolutionAction::Accept, None)),
        Err(StrayRejection::Refused(Rejection::OrderNoMissing))
    );
    for action in [ResolutionAction::Refund, ResolutionAction::Dismiss] {
        assert_eq!(
            tale.when(resolve(action, Some(say::order_no()))),
            Err(StrayRejection::Refused(Rejection::OrderNoUnwanted))
        );
    }
    let accept = || resolve(ResolutionAction::Accept, Some(say::order_no()));
    assert_eq!(tale.names(accept()), ["ExceptionResolved", "StrayTakenUp"]);
    let exception = unmatched();
    let accepted = TakeUpBasis::Accepted { exception };
    assert_eq!(tale.money().take_up_basis(), accepted);
    assert_eq!(tale.when(accept()), Ok(Vec::new()));
    let elsewhere = OrderNo::new("order-2").unwrap();
    let conflict = Rejection::Conflict(vec![Difference {
        pointer: "/order_no",
        have: say::order_no().to_string(),
        got: elsewhere.to_string(),
    }]);
    assert_eq!(
        tale.when(resolve(ResolutionAction::Accept, Some(elsewhere))),
        Err(StrayRejection::Refused(conflict))
    );
}

/// Money that came and went back is no money for an order.
#[test]
fn what_is_told_of_money_that_went_back_is_accepted_for_itself_and_gives_nothing_to_an_order() {
    let mut tale = unheard();
    let back = say::running_total(Some("back-1"), PRICE);
    tale.when(notify([say::paid("T1", PRICE), back])).unwrap();
    let exceptions = tale.money().exceptions.iter();
    let mut told = exceptions.filter(|one| one.kind == ExceptionKind::ExternalRefund);
    let id = told.next().unwrap().id.clone();
    let accept = |order_no| {
        StrayCommand::ResolveException(ResolveException {
            order_no,
            ..say::resolving(&id, ResolutionAction::Accept)
        })
    };
    assert_eq!(
        tale.when(accept(Some(say::order_no()))),
        Err(Rejection::OrderNoUnwanted.into())
    );
    assert_eq!(tale.names(accept(None)), ["ExceptionResolved"]);
    assert_eq!(tale.money().take_up_basis(), TakeUpBasis::Claimed);
}

#[test]
fn an_order_that_claims_the_number_settles_it_and_hears_everything_from_then_on() {
    let mut tale = heard();
    assert_eq!(unheard().when(take_up()), Ok(Vec::new()));
    assert_eq!(tale.names(take_up()), ["ExceptionResolved", "StrayTakenUp"]);
    assert_eq!(tale.when(take_up()), Ok(Vec::new()));
    let resolution = tale
        .money()
        .exception(&unmatched())
        .unwrap()
        .resolution
        .clone();
    assert_eq!(resolution.map(|made| made.by), Some(Resolver::Events));
    assert_eq!(tale.money().take_up_basis(), TakeUpBasis::Claimed);
    let taken = Err(StrayRejection::TakenUp(say::order_no()));
    assert_eq!(tale.when(notify([say::paid("T2", PRICE)])), taken);
    let other = StrayCommand::TakeUp {
        payment: say::payment(P1),
        order_no: OrderNo::new("order-2").unwrap(),
    };
    assert_eq!(tale.when(other), taken);
}

#[test]
fn everything_a_stray_knows_goes_to_its_order() {
    let mut tale = heard();
    tale.names(notify([say::gave_back("back-1", 1000)]));
    let observation = tale.money().observation();
    assert_eq!(observation.payment, say::payment(P1));
    assert_eq!(observation.source, Source::Notify);
    assert_eq!(observation.facts[0], say::paid("T1", PRICE));
    let story =
        crate::story::open().given(say::take_up(P1, TakeUpBasis::Claimed, observation.facts));
    assert_eq!(story.sums(), [PRICE, 1000, 0, 0]);
}

#[test]
fn what_can_no_longer_be_given_back_is_not_offered_back_and_the_order_knows_it() {
    let mut tale = unheard();
    let finished = || notify([say::paid("T1", PRICE), Fact::NoMoreRefunds]);
    let received = ["UnmatchedPaymentReceived", "PaymentFinished"];
    assert_eq!(tale.names(finished()), received);
    assert_eq!(tale.names(finished()), ["DuplicateNotifyIgnored"]);
    let money = tale.money();
    let offered = money.offered_actions(&money.exceptions[0], Capability::Full);
    assert!(!offered.contains(&ResolutionAction::Refund), "{offered:?}");
    let facts = money.observation().facts;
    let taken_up = say::take_up(P1, TakeUpBasis::Claimed, facts);
    let mut story = crate::story::open().given(taken_up);
    assert_eq!(
        story.refusal(say::ask_refund(P1, "R1", 1)),
        Rejection::RefundsClosed
    );
}

#[test]
fn no_policy_gives_back_what_the_stray_knew_to_be_finished() {
    let mut tale = unheard();
    tale.names(notify([say::paid("T1", 100), Fact::NoMoreRefunds]));
    tale.names(notify([say::paid("T2", 200)]));
    let facts = tale.money().observation().facts;
    let Command::TakeUpStray(mut take_up) = say::take_up(P1, TakeUpBasis::Claimed, facts) else {
        panic!("it is told otherwise");
    };
    take_up.policy.mismatch = ReturnPolicy::Refund;
    let names = crate::story::open().names(Command::TakeUpStray(take_up));
    assert_eq!(
        names,
        [
            "MismatchedPaymentReceived",
            "PaymentFinished",
            "MismatchedPaymentReceived"
        ]
    );
}

#[test]
fn a_refund_that_was_decided_before_the_order_came_goes_on_as_the_orders_own() {
    let mut tale = heard();
    tale.names(resolve(ResolutionAction::Refund, None));
    let no = tale.money().refunds[0].refund_no.clone();
    let facts = tale.money().observation().facts;
    let mut story = crate::story::open();
    let taken_up = || say::take_up(P1, TakeUpBasis::Claimed, facts.clone());
    assert_eq!(
        story.names(taken_up()),
        [
            "PaymentConfirmed",
            "ShipmentRequested",
            "RefundRequested",
            "ShipmentHeld"
        ]
    );
    assert_eq!(story.when(taken_up()), Ok(Vec::new()));
    let back = say::gave_back(no.as_str(), PRICE);
    assert_eq!(
        story.names(say::query(P1, [back])),
        ["RefundSucceeded", "ShipmentCancelled"]
    );
}

#[test]
fn an_order_that_is_told_of_its_stray_again_believes_what_it_heard_of_the_refund_since() {
    let mut tale = heard();
    tale.names(resolve(ResolutionAction::Refund, None));
    let no = tale.money().refunds[0].refund_no.clone();
    let stands = |state| say::query(P1, [say::stands(no.as_str(), PRICE, state)]);
    for (then, since) in [
        (RefundState::Succeeded(None), RefundState::NeedsAction),
        (RefundState::NeedsAction, RefundState::Succeeded(None)),
        (RefundState::Failed, RefundState::Succeeded(None)),
    ] {
        let mut tale = Tale(tale.0.clone());
        tale.names(query([say::stands(no.as_str(), PRICE, then)]));
        let facts = tale.money().observation().facts;
        let taken_up = || say::take_up(P1, TakeUpBasis::Claimed, facts.clone());
        let mut story = crate::story::open().given(taken_up()).given(stands(since));
        assert_eq!(story.when(taken_up()), Ok(Vec::new()), "{then:?}");
    }
}

#[test]
fn a_refund_goes_over_to_the_order_though_others_left_too_little_for_it() {
    let mut tale = heard();
    tale.names(resolve(ResolutionAction::Refund, None));
    tale.names(notify([say::gave_back("back-1", 4000)]));
    let no = tale.money().refunds[0].refund_no.clone();
    let facts = tale.money().observation().facts;
    let mut story = crate::story::open().given(say::take_up(P1, TakeUpBasis::Claimed, facts));
    let refused = say::query(P1, [say::stands(no.as_str(), PRICE, RefundState::Failed)]);
    assert_eq!(story.names(refused)[0], "RefundFailed");
}

//! Money goes back: asked for here, or made in the gateway's own back office.

use payfold_domain::command::{Command, Rejection, RequestRefund, RetryRefund, StartPayment};
use payfold_domain::exception::{ExceptionId, ExceptionKind, ResolutionAction, Resolver};
use payfold_domain::order::{PaymentStatus, RefundStatus};
use payfold_domain::policy::Capability;
use payfold_domain::{AccountName, Fact, PaymentRef, RefundSize, RefundState, Source};

use crate::story::say::{self, P1, P2, PRICE};
use crate::story::{self, Story};

fn status(story: &Story, no: &str) -> RefundStatus {
    let payment = story.placed().payment(&say::payment(P1)).unwrap();
    payment.refund(&say::refund_no(no)).unwrap().status
}

fn open_kinds(story: &Story) -> Vec<ExceptionKind> {
    let exceptions = story.placed().exceptions.iter();
    let open = exceptions.filter(|exception| exception.resolution.is_none());
    open.map(|exception| exception.kind).collect()
}

#[test]
fn a_refund_is_asked_for_in_as_many_parts_as_wanted_and_never_for_more_than_was_brought() {
    let mut story = story::paid()
        .given(say::ask_refund(P1, "R1", 5000))
        .given(say::ask_refund(P1, "R2", 3000));
    let left = Rejection::RefundTooMuch { left_minor: 800 };
    assert_eq!(story.refusal(say::ask_refund(P1, "R3", 801)), left);
    assert_eq!(story.refusal(say::ask_refund(P1, "R3", 0)), left);
    assert!(story.when(say::ask_refund(P1, "R3", 800)).is_ok());
}

#[test]
fn what_failed_or_went_back_elsewhere_counts_for_what_is_left() {
    let mut story = story::paid()
        .given(say::ask_refund(P1, "R1", 5000))
        .given(say::query(
            P1,
            [say::stands("R1", 5000, RefundState::Failed)],
        ))
        .given(say::query(P1, [say::gave_back("back-1", 1000)]));
    let left = Rejection::RefundTooMuch { left_minor: 7800 };
    assert_eq!(story.refusal(say::ask_refund(P1, "R2", 7801)), left);
}

#[test]
fn of_an_open_payment_nothing_is_left() {
    let refusal = story::open().refusal(say::ask_refund(P1, "R1", 1));
    assert_eq!(refusal, Rejection::RefundTooMuch { left_minor: 0 });
}

#[test]
fn a_refund_asked_for_again_is_already_so_and_with_another_amount_conflicts() {
    let mut story = story::paid()
        .given(say::ask_refund(P1, "R1", 1000))
        .given(say::query(P1, [Fact::NoMoreRefunds]));
    assert_eq!(story.when(say::ask_refund(P1, "R1", 1000)), Ok(Vec::new()));
    let refusal = story.refusal(say::ask_refund(P1, "R1", 1001));
    assert!(matches!(refusal, Rejection::Conflict(_)));
}

#[test]
fn a_refund_number_is_unique_within_its_account() {
    let mut story = story::open()
        .given(say::start(P2))
        .given(say::notify(P1, [say::paid("T1", PRICE)]))
        .given(say::ask_refund(P1, "R1", 1000));
    let refusal = story.refusal(say::ask_refund(P2, "R1", 1000));
    assert!(matches!(refusal, Rejection::Conflict(_)));
}

#[test]
fn what_may_not_be_given_back_says_why_in_the_written_order() {
    let held = story::cancelled().given(say::notify(P1, [say::paid("T1", PRICE)]));
    let finished = story::paid().given(say::query(P1, [Fact::NoMoreRefunds]));
    for (mut story, refusal) in [
        (held, Rejection::Held),
        (finished, Rejection::RefundsClosed),
        (story::paid(), Rejection::AccountReceivesOnly),
    ] {
        let command = Command::RequestRefund(RequestRefund {
            capability: Capability::ReceivesOnly,
            ..say::asking_refund(P1, "R1", 99_999)
        });
        assert_eq!(story.refusal(command), refusal);
    }
}

#[test]
fn dismissed_money_stays_held_and_can_be_given_back_by_request() {
    let late = say::exception("T1", ExceptionKind::Late);
    let mut story = story::cancelled()
        .given(say::notify(P1, [say::paid("T1", PRICE)]))
        .given(say::resolve(&late, ResolutionAction::Dismiss));
    assert_eq!(story.payment_status(P1), PaymentStatus::Held);
    let names = story.names(say::ask_refund(P1, "R1", PRICE));
    assert_eq!(names, ["RefundRequested"]);
    story
        .when(say::query(P1, [say::gave_back("R1", PRICE)]))
        .unwrap();
    assert_eq!(story.payment_status(P1), PaymentStatus::Returned);
    assert_eq!(story.sums(), [0, 0, 0, PRICE]);
}

#[test]
fn money_that_was_dismissed_beside_what_the_payment_shows_can_be_given_back_too() {
    let double = say::exception("T2", ExceptionKind::Double);
    let mut story = story::paid()
        .given(say::notify(P1, [say::paid("T2", PRICE)]))
        .given(say::resolve(&double, ResolutionAction::Dismiss))
        .given(say::ask_refund(P1, "R1", PRICE));
    assert_eq!(
        story.refusal(say::ask_refund(P1, "R2", PRICE + 1)),
        Rejection::RefundTooMuch { left_minor: PRICE }
    );
    story.when(say::ask_refund(P1, "R2", PRICE)).unwrap();
    let payment = story.placed().payment(&say::payment(P1)).unwrap();
    let refunds = &payment.refunds;
    let of: Vec<&str> = refunds
        .iter()
        .map(|refund| refund.transaction_id.as_str())
        .collect();
    assert_eq!(of, ["T1", "T2"]);
    story
        .when(say::query(P1, [say::gave_back("R2", PRICE)]))
        .unwrap();
    assert_eq!(story.sums(), [PRICE, 0, 0, PRICE]);
}

#[test]
fn money_that_was_dismissed_can_be_given_back_though_other_money_waits_for_a_decision() {
    let late = |id| say::exception(id, ExceptionKind::Late);
    let mut story = story::cancelled()
        .given(say::notify(P1, [say::paid("T1", PRICE)]))
        .given(say::notify(P1, [say::paid("T2", PRICE)]))
        .given(say::resolve(&late("T2"), ResolutionAction::Dismiss));
    assert_eq!(
        story.refusal(say::ask_refund(P1, "R1", PRICE + 1)),
        Rejection::Held
    );
    story.when(say::ask_refund(P1, "R1", PRICE)).unwrap();
    let payment = story.placed().payment(&say::payment(P1)).unwrap();
    assert_eq!(payment.refunds[0].transaction_id, say::transaction("T2"));
    assert_eq!(
        story.refusal(say::ask_refund(P1, "R2", PRICE)),
        Rejection::Held
    );
}

#[test]
fn money_that_waits_for_a_decision_beside_what_the_payment_shows_is_not_asked_back() {
    let mut story = story::paid()
        .given(say::notify(P1, [say::paid("T2", PRICE)]))
        .given(say::ask_refund(P1, "R1", PRICE));
    assert_eq!(
        story.refusal(say::ask_refund(P1, "R2", PRICE)),
        Rejection::RefundTooMuch { left_minor: 0 }
    );
}

#[test]
fn refunds_of_one_number_at_two_accounts_have_nothing_to_do_with_each_other() {
    let at_another = || PaymentRef {
        account: AccountName::new("wx").unwrap(),
        ..say::payment(P1)
    };
    let observing = |facts: Vec<Fact>| {
        let mut observe = say::observing(P1, Source::Query, facts);
        observe.observation.payment = at_another();
        Command::Observe(observe)
    };
    let started = Command::StartPayment(StartPayment {
        payment: at_another(),
        ..say::starting(P1)
    });
    let asked = Command::RequestRefund(RequestRefund {
        payment: at_another(),
        ..say::asking_refund(P1, "R1", 1000)
    });
    let double = ExceptionId::derive(&at_another().account, "T2", ExceptionKind::Double);
    let mut story = story::open()
        .given(started)
        .given(say::notify(P1, [say::paid("T1", PRICE)]))
        .given(observing(vec![say::paid("T2", PRICE)]))
        .given(say::resolve(&double, ResolutionAction::Dismiss))
        .given(say::ask_refund(P1, "R1", 1000))
        .given(asked);
    let stuck = || say::stands("R1", 1000, RefundState::NeedsAction);
    story.when(say::query(P1, [stuck()])).unwrap();
    story.when(observing(vec![stuck()])).unwrap();
    story
        .when(observing(vec![say::gave_back("R1", 1000)]))
        .unwrap();
    assert_eq!(open_kinds(&story), [ExceptionKind::RefundNeedsAction]);
    assert_eq!(status(&story, "R1"), RefundStatus::NeedsAction);
}

#[test]
fn a_refund_is_submitted_once() {
    let mut story = story::paid().given(say::ask_refund(P1, "R1", 1000));
    assert_eq!(story.names(say::submit(P1, "R1")), ["RefundSubmitted"]);
    assert_eq!(story.when(say::submit(P1, "R1")), Ok(Vec::new()));
    assert_eq!(
        story.refusal(say::submit(P1, "R9")),
        Rejection::NoSuchRefund
    );
}

#[test]
fn a_refund_that_failed_and_fails_again_opens_a_new_exception_each_time() {
    let failed = || say::query(P1, [say::stands("R1", 1000, RefundState::Failed)]);
    let mut story = story::paid().given(say::ask_refund(P1, "R1", 1000));
    assert_eq!(story.names(failed()), ["RefundFailed"]);
    assert_eq!(
        story.names(say::retry(P1, "R1")),
        ["RefundRetried", "ExceptionResolved"]
    );
    assert_eq!(story.when(say::retry(P1, "R1")), Ok(Vec::new()));
    assert_eq!(story.names(failed()), ["RefundFailed"]);
    assert_eq!(story.placed().exceptions.len(), 2);
    assert_eq!(open_kinds(&story), [ExceptionKind::RefundFailed]);
}

#[test]
fn a_refused_refund_is_retried_only_while_its_amount_is_left() {
    let mut story = story::paid()
        .given(say::ask_refund(P1, "R1", 5000))
        .given(say::query(
            P1,
            [say::stands("R1", 5000, RefundState::Failed)],
        ))
        .given(say::ask_refund(P1, "R2", 5000));
    let refusal = story.refusal(say::retry(P1, "R1"));
    assert_eq!(refusal, Rejection::RefundTooMuch { left_minor: 3800 });
}

#[test]
fn an_account_that_only_receives_retries_nothing() {
    let mut story = story::paid()
        .given(say::ask_refund(P1, "R1", 5000))
        .given(say::query(
            P1,
            [say::stands("R1", 5000, RefundState::NeedsAction)],
        ));
    let refusal = story.refusal(Command::RetryRefund(RetryRefund {
        payment: say::payment(P1),
        refund_no: say::refund_no("R1"),
        capability: Capability::ReceivesOnly,
        by: Resolver::Policy,
    }));
    assert_eq!(refusal, Rejection::AccountReceivesOnly);
}

#[test]
fn a_success_after_a_failure_counts_and_ends_what_waited_for_a_person() {
    let mut story = story::paid()
        .given(say::ask_refund(P1, "R1", 1000))
        .given(say::query(
            P1,
            [say::stands("R1", 1000, RefundState::Failed)],
        ))
        .given(say::query(P1, [say::gave_back("R1", 1000)]));
    assert_eq!(status(&story, "R1"), RefundStatus::Succeeded);
    assert_eq!(story.sums(), [PRICE, 1000, 0, 0]);
    assert_eq!(open_kinds(&story), []);
    let stuck = [say::stands("R1", 1000, RefundState::NeedsAction)];
    assert_eq!(story.names(say::notify(P1, stuck)), ["RefundNeedsAction"]);
    assert_eq!(story.sums(), [PRICE, 0, 0, 0]);
}

#[test]
fn a_running_total_settles_our_refund_and_tells_what_the_back_office_gave_beside_it() {
    let mut story = story::paid().given(say::ask_refund(P1, "R1", 1000));
    let names = story.names(say::notify(P1, [say::running_total(Some("R1"), 1500)]));
    assert_eq!(
        names,
        ["RefundSucceeded", "ExternalRefundObserved", "ShipmentHeld"]
    );
    assert_eq!(story.sums(), [PRICE, 1500, 0, 0]);
}

#[test]
fn a_running_total_that_our_refunds_on_their_way_explain_opens_nothing() {
    let mut story = story::paid()
        .given(say::ask_refund(P1, "R1", 1000))
        .given(say::ask_refund(P1, "R2", 2000));
    let second = say::notify(P1, [say::running_total(Some("R2"), 3000)]);
    assert_eq!(story.names(second), ["RefundSucceeded"]);
    let first = say::notify(P1, [say::running_total(Some("R1"), 1000)]);
    assert_eq!(story.names(first), ["RefundSucceeded"]);
    assert_eq!(story.sums(), [PRICE, 3000, 0, 0]);
}

#[test]
fn a_number_that_is_not_ours_is_told_even_where_our_refunds_may_explain_its_total() {
    let mut story = story::paid().given(say::ask_refund(P1, "R1", 1000));
    let total = say::notify(P1, [say::running_total(Some("back-1"), 500)]);
    assert_eq!(
        story.names(total),
        ["ExternalRefundObserved", "ShipmentHeld"]
    );
    assert_eq!(story.sums(), [PRICE, 0, 0, 0]);
}

/// The total that told of both was explained by a refund of ours that was refused afterwards.
#[test]
fn a_number_that_is_not_ours_is_told_even_where_ours_make_up_its_total() {
    let mut story = story::paid()
        .given(say::ask_refund(P1, "R1", 1000))
        .given(say::ask_refund(P1, "R2", 1000));
    let ours = say::query(P1, [say::running_total(Some("R1"), 2000)]);
    assert_eq!(story.names(ours), ["RefundSucceeded"]);
    let refused = say::query(P1, [say::stands("R2", 1000, RefundState::Failed)]);
    assert_eq!(story.names(refused), ["RefundFailed"]);
    let late = || say::notify(P1, [say::running_total(Some("back-1"), 1000)]);
    assert_eq!(
        story.names(late()),
        ["ExternalRefundObserved", "ShipmentHeld"]
    );
    assert_eq!(story.names(late()), ["DuplicateNotifyIgnored"]);
    // The gateway's total of both gives its size, and settles what had none.
    let total = say::query(P1, [say::running_total(Some("R1"), 2000)]);
    assert_eq!(
        story.names(total)[..2],
        ["ExternalRefundObserved", "ExceptionResolved"]
    );
    assert_eq!(story.sums(), [PRICE, 2000, 0, 0]);
}

#[test]
fn that_there_was_some_refund_is_explained_by_one_of_ours() {
    let mut story = story::paid().given(say::ask_refund(P1, "R1", 1000));
    assert_eq!(
        story.when(say::query(P1, [say::some_refund()])),
        Ok(Vec::new())
    );
}

#[test]
fn a_refund_of_unknown_size_is_told_once_and_settled_when_its_size_comes() {
    let mut story = story::paid();
    let some = || say::query(P1, [say::some_refund()]);
    assert_eq!(
        story.names(some()),
        ["ExternalRefundObserved", "ShipmentHeld"]
    );
    assert_eq!(story.when(some()), Ok(Vec::new()));
    let exact = say::notify(P1, [say::gave_back("back-1", 1000)]);
    assert_eq!(
        story.names(exact),
        [
            "ExternalRefundObserved",
            "ExceptionResolved",
            "ShipmentHeld"
        ]
    );
    assert_eq!(open_kinds(&story), [ExceptionKind::ExternalRefund]);
    assert_eq!(story.when(some()), Ok(Vec::new()));
}

#[test]
fn a_back_office_refund_counts_once_by_its_number() {
    let mut story = story::paid().given(say::query(P1, [say::gave_back("back-1", 1000)]));
    let again = say::query(P1, [say::gave_back("back-1", 1000)]);
    assert_eq!(story.when(again), Ok(Vec::new()));
    let other = say::query(P1, [say::gave_back("back-2", 1000)]);
    assert_eq!(story.names(other)[0], "ExternalRefundObserved");
    assert_eq!(story.sums(), [PRICE, 2000, 0, 0]);
}

#[test]
fn more_given_back_than_came_in_is_a_contradiction_told_once() {
    let mut story = story::paid();
    for fact in [
        say::gave_back("back-1", PRICE + 1),
        say::running_total(None, PRICE + 1),
    ] {
        let events = story.names(say::query(P1, [fact]));
        assert!(events.is_empty() || events == ["ContradictionObserved"]);
    }
    assert_eq!(open_kinds(&story), [ExceptionKind::Contradiction]);
    assert_eq!(story.sums(), [PRICE, 0, 0, 0]);
}

#[test]
fn held_money_that_the_back_office_gives_back_in_part_stays_held_and_then_returns() {
    let mut story = story::cancelled().given(say::notify(P1, [say::paid("T1", PRICE)]));
    let part = say::query(P1, [say::running_total(None, 1000)]);
    assert_eq!(story.names(part), ["ExternalRefundObserved"]);
    assert_eq!(story.sums(), [0, 0, PRICE - 1000, 1000]);
    let rest = say::query(P1, [say::running_total(None, PRICE)]);
    assert_eq!(
        story.names(rest),
        ["ExternalRefundObserved", "ExceptionResolved"]
    );
    assert_eq!(story.sums(), [0, 0, 0, PRICE]);
    assert_eq!(story.payment_status(P1), PaymentStatus::Returned);
    let late = say::exception("T1", ExceptionKind::Late);
    let resolution = story.placed().exception(&late).unwrap().resolution.clone();
    assert_eq!(resolution.map(|made| made.by), Some(Resolver::Events));
}

#[test]
fn an_unsigned_claim_about_a_refund_moves_nothing_and_is_kept_thirty_two_times() {
    let mut story = story::paid().given(say::ask_refund(P1, "R1", PRICE));
    for _ in 0..32 {
        assert_eq!(story.names(say::hint(P1, "R1")), ["RefundHintReceived"]);
    }
    assert_eq!(story.when(say::hint(P1, "R1")), Ok(Vec::new()));
    assert_eq!(status(&story, "R1"), RefundStatus::Requested);
}

#[test]
fn no_more_refunds_is_stored_once_also_before_the_money_is_known() {
    let mut story = story::open();
    let facts = [say::paid("T1", PRICE), Fact::NoMoreRefunds];
    assert_eq!(
        story.names(say::notify(P1, facts.clone())),
        ["PaymentConfirmed", "ShipmentRequested", "PaymentFinished"]
    );
    assert_eq!(story.when(say::query(P1, facts)), Ok(Vec::new()));
}

#[test]
fn a_refund_of_unknown_size_of_money_that_its_message_proves_holds_the_shipment() {
    let external = Command::StartPayment(StartPayment {
        method: payfold_domain::Method::External,
        ..say::starting(P2)
    });
    let processing = say::refund(None, RefundSize::Unknown, RefundState::Processing);
    let mut story = story::open().given(external);
    let names = story.names(say::query(P2, [say::paid("T2", PRICE), processing]));
    assert_eq!(
        names,
        [
            "PaymentConfirmed",
            "ShipmentRequested",
            "ExternalRefundObserved",
            "ShipmentHeld"
        ]
    );
}

//! An order ends without being paid.

use payfold_domain::command::{Command, Rejection, StartPayment};
use payfold_domain::order::OrderStatus;
use payfold_domain::{Fact, Method};

use crate::story::say::{self, P1, P2, PRICE};
use crate::story::{self, Story};

#[test]
fn an_order_without_payments_is_cancelled_at_once() {
    let mut story = Story::unplaced().given(say::place());
    let names = story.names(say::cancel([]));
    assert_eq!(names, ["CancelRequested", "OrderCancelled"]);
    assert_eq!(story.when(say::cancel([])), Ok(Vec::new()));
}

#[test]
fn a_wish_to_cancel_is_kept_once_while_payments_are_open_and_ends_with_the_last_of_them() {
    let mut story = story::open().given(say::start(P2));
    assert_eq!(story.names(say::cancel([])), ["CancelRequested"]);
    assert_eq!(story.when(say::cancel([P1])), Ok(Vec::new()));
    story.when(say::query(P1, [Fact::FinallyUnpaid])).unwrap();
    assert_eq!(story.when(say::cancel([])), Ok(Vec::new()));
    assert_eq!(story.names(say::cancel([P2])), ["OrderCancelled"]);
}

#[test]
fn that_a_gateway_did_not_know_a_payment_counts_only_until_it_comes_further() {
    let starting = Story::unplaced().given(say::place()).given(say::start(P1));
    let offered = starting.clone().given(say::offer(P1));
    let heard = offered.clone().given(say::query(P1, [Fact::NotPaidYet]));
    for (mut story, was_offered, follows) in [
        (heard, true, vec!["CancelRequested"]),
        (starting, false, vec!["CancelRequested", "OrderCancelled"]),
        (offered.clone(), false, vec!["CancelRequested"]),
        (offered, true, vec!["CancelRequested", "OrderCancelled"]),
    ] {
        let names = story.names(say::cancel_after_asking(P1, was_offered));
        assert_eq!(names, follows);
    }
}

#[test]
fn a_payment_that_failed_to_start_or_whose_money_is_held_does_not_keep_an_order_open() {
    let failed = Story::unplaced()
        .given(say::place())
        .given(say::start(P1))
        .given(say::fail_start(P1));
    let held = story::open().given(say::notify(P1, [say::paid("T1", 100)]));
    for mut story in [failed, held] {
        let names = story.names(say::cancel([]));
        assert_eq!(names, ["CancelRequested", "OrderCancelled"]);
    }
}

#[test]
fn held_money_stays_held_when_its_order_is_cancelled() {
    let story = story::open()
        .given(say::notify(P1, [say::paid("T1", 100)]))
        .given(say::cancel([]));
    assert_eq!(story.status(), OrderStatus::Cancelled);
    assert_eq!(story.sums(), [0, 0, 100, 0]);
}

#[test]
fn what_is_paid_or_expired_cannot_be_cancelled() {
    assert_eq!(story::paid().refusal(say::cancel([])), Rejection::OrderPaid);
    let refusal = story::expired().refusal(say::cancel([]));
    assert_eq!(refusal, Rejection::OrderExpired);
}

#[test]
fn an_order_expires_at_its_end_where_no_payment_is_open() {
    let mut story = Story::unplaced().given(say::place());
    let before = say::EXPIRES_AT.plus_secs(-1);
    assert_eq!(story.when(say::expire(before)), Ok(Vec::new()));
    assert_eq!(story.names(say::expire(say::EXPIRES_AT)), ["OrderExpired"]);
    assert_eq!(story.when(say::expire(say::EXPIRES_AT)), Ok(Vec::new()));
}

#[test]
fn an_order_expires_once_its_payments_can_be_paid_no_more() {
    let early = Command::StartPayment(StartPayment {
        expires_at: Some(say::EXPIRES_AT.plus_secs(-300)),
        ..say::starting(P1)
    });
    let mut story = Story::unplaced().given(say::place()).given(early);
    let at = |secs| say::expire(say::EXPIRES_AT.plus_secs(secs));
    assert_eq!(story.when(at(299)), Ok(Vec::new()));
    assert_eq!(story.names(at(300)), ["OrderExpired"]);
}

#[test]
fn an_order_expires_at_the_latest_ten_minutes_after_its_end() {
    let external = Command::StartPayment(StartPayment {
        method: Method::External,
        expires_at: None,
        ..say::starting(P1)
    });
    let mut story = Story::unplaced().given(say::place()).given(external);
    let at = |secs| say::expire(say::EXPIRES_AT.plus_secs(secs));
    assert_eq!(story.when(at(599)), Ok(Vec::new()));
    assert_eq!(story.names(at(600)), ["OrderExpired"]);
}

#[test]
fn a_wish_to_cancel_that_came_first_ends_the_order_cancelled() {
    let mut story = story::open().given(say::cancel([]));
    let names = story.names(say::expire(say::EXPIRES_AT.plus_secs(600)));
    assert_eq!(names, ["OrderCancelled"]);
}

#[test]
fn what_is_over_does_not_expire() {
    for mut story in [story::paid(), story::cancelled()] {
        assert_eq!(story.when(say::expire(say::EXPIRES_AT)), Ok(Vec::new()));
    }
}

#[test]
fn an_order_is_open_by_its_events_and_not_by_the_clock() {
    let late = say::notify(P1, [say::paid("T1", PRICE)]);
    let Command::Observe(mut observe) = late else {
        panic!("a notify is observed");
    };
    observe.now = say::EXPIRES_AT.plus_secs(900);
    let mut story = story::open();
    story.when(Command::Observe(observe)).unwrap();
    assert_eq!(story.status(), OrderStatus::Paid);
}

//! Placing orders and starting payments.

use payfold_domain::command::{Command, OfferPayment, PlaceOrder, Rejection, StartPayment};
use payfold_domain::event::{Fulfilment, Offer};
use payfold_domain::order::PaymentStatus;
use payfold_domain::policy::Capability;
use payfold_domain::{Fact, Method, Money};

use crate::story::say::{self, P1, P2, PRICE};
use crate::story::{self, Story};

fn pointers(rejection: Rejection) -> Vec<&'static str> {
    match rejection {
        Rejection::Conflict(differences) => differences.iter().map(|one| one.pointer).collect(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_order_placed_again_is_already_so_and_keeps_its_first_end_and_metadata() {
    let mut story = Story::unplaced().given(say::place());
    let again = Command::Place(PlaceOrder {
        expires_at: say::EXPIRES_AT.plus_secs(60),
        metadata: Some("{}".to_owned()),
        ..say::placing()
    });
    assert_eq!(story.when(again), Ok(Vec::new()));
}

#[test]
fn an_order_placed_again_with_other_content_conflicts_field_by_field() {
    let other = PlaceOrder {
        amount: Money::cny(1),
        subject: "Coffee".to_owned(),
        fulfilment: Fulfilment::None,
        ..say::placing()
    };
    let mut story = Story::unplaced().given(say::place());
    let rejection = story.refusal(Command::Place(other));
    assert_eq!(
        pointers(rejection),
        ["/amount/minor", "/subject", "/fulfilment"]
    );
}

#[test]
fn nothing_is_asked_of_an_order_that_was_not_placed() {
    for command in [say::start(P1), say::cancel([]), Command::DeliverShipment] {
        assert_eq!(Story::unplaced().refusal(command), Rejection::NoSuchOrder);
    }
}

#[test]
fn a_payment_starts_with_its_intent_and_an_offer_that_needs_no_gateway_follows_at_once() {
    let signed = Command::StartPayment(StartPayment {
        method: Method::AlipayPage,
        offer: Some(Offer::Signed),
        ..say::starting(P1)
    });
    let mut story = Story::unplaced().given(say::place());
    assert_eq!(story.names(signed), ["PaymentStarted", "PaymentOffered"]);
    assert_eq!(story.payment_status(P1), PaymentStatus::Open);
    assert_eq!(story.names(say::start(P2)), ["PaymentStarted"]);
    assert_eq!(story.payment_status(P2), PaymentStatus::Starting);
}

#[test]
fn a_payment_started_again_is_already_so_whatever_the_order_became() {
    for mut story in [
        story::open(),
        story::paid(),
        story::cancelled(),
        story::expired(),
    ] {
        assert_eq!(story.when(say::start(P1)), Ok(Vec::new()));
    }
}

#[test]
fn a_payment_started_again_with_other_content_conflicts_before_anything_else_is_looked_at() {
    let other = Command::StartPayment(StartPayment {
        method: Method::AlipayWap,
        openid: Some("o1".to_owned()),
        return_url: Some("https://shop.example".to_owned()),
        client_ip: Some("192.0.2.1".to_owned()),
        capability: Capability::ReceivesOnly,
        ..say::starting(P1)
    });
    let rejection = story::cancelled().refusal(other);
    assert_eq!(pointers(rejection), ["/method", "/openid", "/return_url"]);
}

#[test]
fn an_account_that_cannot_start_refuses_before_the_orders_state_does() {
    for capability in [Capability::Retired, Capability::ReceivesOnly] {
        let command = Command::StartPayment(StartPayment {
            capability,
            ..say::starting(P2)
        });
        let refusal = story::paid().refusal(command);
        assert_eq!(refusal, Rejection::AccountReceivesOnly);
    }
}

#[test]
fn an_order_that_is_over_takes_no_new_payment() {
    for (mut story, refusal) in [
        (story::paid(), Rejection::OrderPaid),
        (story::cancelled(), Rejection::OrderCancelled),
        (
            story::open().given(say::cancel([])),
            Rejection::OrderCancelled,
        ),
        (story::expired(), Rejection::OrderExpired),
    ] {
        assert_eq!(story.refusal(say::start(P2)), refusal);
    }
}

#[test]
fn an_order_takes_no_new_payment_in_its_last_minute() {
    let at = |secs| {
        Command::StartPayment(StartPayment {
            now: say::EXPIRES_AT.plus_secs(secs),
            ..say::starting(P2)
        })
    };
    assert_eq!(story::open().refusal(at(-60)), Rejection::OrderExpired);
    assert!(story::open().when(at(-61)).is_ok());
}

#[test]
fn an_external_payment_is_accepted_whatever_the_orders_state_and_the_accounts_capability() {
    let external = Command::StartPayment(StartPayment {
        method: Method::External,
        expires_at: None,
        offer: Some(Offer::Elsewhere),
        capability: Capability::ReceivesOnly,
        now: say::EXPIRES_AT,
        ..say::starting(P2)
    });
    for mut story in [
        story::open(),
        story::paid(),
        story::cancelled(),
        story::expired(),
    ] {
        let names = story.names(external.clone());
        assert_eq!(names, ["PaymentStarted", "PaymentOffered"]);
    }
}

#[test]
fn a_start_that_the_gateway_refused_is_tried_again_by_the_same_request() {
    let mut story = Story::unplaced()
        .given(say::place())
        .given(say::start(P1))
        .given(say::fail_start(P1));
    assert_eq!(story.payment_status(P1), PaymentStatus::Failed);
    assert_eq!(story.names(say::start(P1)), ["PaymentStarted"]);
    assert_eq!(story.payment_status(P1), PaymentStatus::Starting);
    assert_eq!(story.names(say::offer(P1)), ["PaymentOffered"]);
    assert_eq!(story.payment_status(P1), PaymentStatus::Open);
}

#[test]
fn a_refusal_to_start_does_not_undo_what_the_buyer_can_pay() {
    assert_eq!(story::open().when(say::fail_start(P1)), Ok(Vec::new()));
}

#[test]
fn a_refusal_to_start_does_not_end_what_the_gateway_took_before() {
    let mut story = Story::unplaced()
        .given(say::place())
        .given(say::start(P1))
        .given(say::query(P1, [Fact::NotPaidYet]));
    assert_eq!(story.when(say::fail_start(P1)), Ok(Vec::new()));
    assert_eq!(story.payment_status(P1), PaymentStatus::Starting);
}

#[test]
fn an_offer_is_stored_once_and_a_fresh_one_replaces_it() {
    let mut story = story::open();
    assert_eq!(story.when(say::offer(P1)), Ok(Vec::new()));
    let fresh = Command::OfferPayment(OfferPayment {
        payment: say::payment(P1),
        offer: Offer::Code("https://qr.example/2".to_owned()),
        valid_until: None,
    });
    assert_eq!(story.names(fresh), ["PaymentOffered"]);
}

#[test]
fn an_offer_of_a_payment_that_has_ended_opens_nothing() {
    let mut story = story::open().given(say::query(P1, [Fact::FinallyUnpaid]));
    assert_eq!(story.when(say::offer(P1)), Ok(Vec::new()));
    assert_eq!(story.payment_status(P1), PaymentStatus::Closed);
}

#[test]
fn a_payment_that_failed_to_start_and_ends_is_closed() {
    let mut story = Story::unplaced()
        .given(say::place())
        .given(say::start(P1))
        .given(say::fail_start(P1));
    assert_eq!(
        story.names(say::query(P1, [Fact::FinallyUnpaid])),
        ["PaymentClosed"]
    );
    assert_eq!(story.payment_status(P1), PaymentStatus::Closed);
}

#[test]
fn returns_of_the_buyer_are_kept_thirty_two_times_and_move_nothing() {
    let mut story = story::open();
    for _ in 0..32 {
        assert_eq!(story.names(say::buyer_returns(P1)), ["ReturnObserved"]);
    }
    assert_eq!(story.when(say::buyer_returns(P1)), Ok(Vec::new()));
    assert_eq!(story.payment_status(P1), PaymentStatus::Open);
    assert_eq!(
        story.names(say::notify(P1, [Fact::NotPaidYet])),
        ["PaymentPending"]
    );
    assert_eq!(
        story.names(say::notify(P1, [Fact::NotPaidYet])),
        ["DuplicateNotifyIgnored"]
    );
}

#[test]
fn a_payment_that_the_order_never_started_is_told_apart() {
    for command in [
        say::offer(P2),
        say::notify(P2, [say::paid("T1", PRICE)]),
        say::buyer_returns(P2),
        say::ask_refund(P2, "R1", 1),
    ] {
        assert_eq!(story::open().refusal(command), Rejection::NoSuchPayment);
    }
}

#[test]
fn the_refusal_of_an_earlier_try_says_nothing_of_a_later_one() {
    let mut story = Story::unplaced().given(say::place()).given(say::start(P1));
    let earlier = say::fail_try(P1, say::NOW.plus_secs(-1));
    assert_eq!(story.when(earlier), Ok(Vec::new()));
    assert_eq!(story.names(say::fail_start(P1)), ["PaymentStartFailed"]);
}

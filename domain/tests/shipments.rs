//! What is paid is shipped, unless it is held.

use payfold_domain::command::{Command, PlaceOrder, Rejection};
use payfold_domain::event::{Fulfilment, Hold};
use payfold_domain::exception::{ExceptionId, ResolutionAction};
use payfold_domain::order::ShipmentStatus;
use payfold_domain::{Fact, RefundState};

use crate::story::say::{self, P1, PRICE};
use crate::story::{self, Story};

fn holds(story: &Story) -> Vec<Hold> {
    story.placed().shipment.as_ref().unwrap().holds.clone()
}

fn first_exception(story: &Story) -> ExceptionId {
    story.placed().exceptions[0].id.clone()
}

fn told(fact: Fact) -> Command {
    say::query(P1, [fact])
}

#[test]
fn nothing_ships_before_money_or_where_nothing_is_to_ship() {
    let service = Command::Place(PlaceOrder {
        fulfilment: Fulfilment::None,
        ..say::placing()
    });
    let mut paid_service = Story::unplaced()
        .given(service)
        .given(say::start(P1))
        .given(say::notify(P1, [say::paid("T1", PRICE)]));
    assert_eq!(paid_service.placed().shipment, None);
    for story in [&mut paid_service, &mut story::open()] {
        for command in [
            say::dispatch("1", "SF1"),
            say::hold(),
            Command::ReleaseShipment,
            Command::DeliverShipment,
        ] {
            assert_eq!(story.refusal(command), Rejection::ShipmentNotRequested);
        }
    }
}

#[test]
fn a_parcel_leaves_once_and_another_number_corrects_it_also_after_it_arrived() {
    let mut story = story::paid();
    assert_eq!(
        story.names(say::dispatch("1", "SF1")),
        ["ShipmentDispatched"]
    );
    assert_eq!(story.when(say::dispatch("1", "SF1")), Ok(Vec::new()));
    assert_eq!(
        story.names(say::dispatch("1", "SF2")),
        ["ShipmentDispatched"]
    );
    assert_eq!(story.names(Command::DeliverShipment), ["ShipmentDelivered"]);
    assert_eq!(story.when(Command::DeliverShipment), Ok(Vec::new()));
    assert_eq!(
        story.names(say::dispatch("1", "SF3")),
        ["ShipmentDispatched"]
    );
    assert_eq!(story.shipment_status(), ShipmentStatus::Delivered);
    let parcels = &story.placed().shipment.as_ref().unwrap().parcels;
    assert_eq!(parcels.len(), 1);
    assert_eq!(parcels[0].tracking_no, "SF3");
}

#[test]
fn a_further_parcel_after_arrival_is_on_its_way_again() {
    let mut story = story::paid()
        .given(say::dispatch("1", "SF1"))
        .given(Command::DeliverShipment);
    assert_eq!(
        story.names(say::dispatch("2", "SF2")),
        ["ShipmentDispatched"]
    );
    assert_eq!(story.shipment_status(), ShipmentStatus::Dispatched);
}

#[test]
fn what_has_not_left_has_not_arrived() {
    for mut story in [story::paid(), story::paid().given(say::hold())] {
        let refusal = story.refusal(Command::DeliverShipment);
        assert_eq!(refusal, Rejection::ShipmentNotDispatched);
    }
}

#[test]
fn a_person_holds_and_releases_before_the_shipment_has_left() {
    let mut story = story::paid();
    assert_eq!(story.names(say::hold()), ["ShipmentHeld"]);
    assert_eq!(story.when(say::hold()), Ok(Vec::new()));
    let refusal = story.refusal(say::dispatch("1", "SF1"));
    assert_eq!(refusal, Rejection::ShipmentHeld);
    assert_eq!(story.names(Command::ReleaseShipment), ["ShipmentReleased"]);
    assert_eq!(story.when(Command::ReleaseShipment), Ok(Vec::new()));
    story.when(say::dispatch("1", "SF1")).unwrap();
    assert_eq!(story.refusal(say::hold()), Rejection::ShipmentDispatched);
    let refusal = story.refusal(Command::ReleaseShipment);
    assert_eq!(refusal, Rejection::ShipmentDispatched);
}

#[test]
fn a_persons_release_ends_no_other_hold() {
    let mut story = story::paid()
        .given(say::ask_refund(P1, "R1", PRICE))
        .given(say::hold());
    assert_eq!(holds(&story), [Hold::Refunds, Hold::Person]);
    assert_eq!(story.names(Command::ReleaseShipment), ["ShipmentHeld"]);
    assert_eq!(holds(&story), [Hold::Refunds]);
}

#[test]
fn refunds_asked_for_here_in_part_hold_nothing() {
    let names = story::paid().names(say::ask_refund(P1, "R1", PRICE - 1));
    assert_eq!(names, ["RefundRequested"]);
}

#[test]
fn refunds_that_reach_what_was_paid_hold_the_shipment_and_cancel_it_when_all_have_succeeded() {
    let mut story = story::paid().given(say::ask_refund(P1, "R1", 1000));
    assert_eq!(
        story.names(say::ask_refund(P1, "R2", 7800)),
        ["RefundRequested", "ShipmentHeld"]
    );
    assert_eq!(
        story.names(told(say::gave_back("R2", 7800))),
        ["RefundSucceeded"]
    );
    assert_eq!(
        story.names(told(say::gave_back("R1", 1000))),
        ["RefundSucceeded", "ShipmentCancelled"]
    );
    for command in [
        say::dispatch("1", "SF1"),
        say::hold(),
        Command::DeliverShipment,
    ] {
        assert_eq!(story.refusal(command), Rejection::ShipmentCancelled);
    }
}

#[test]
fn a_refund_that_fails_releases_the_shipment_and_its_retry_holds_it_again() {
    let mut story = story::paid().given(say::ask_refund(P1, "R1", PRICE));
    assert_eq!(
        story.names(told(say::stands("R1", PRICE, RefundState::Failed))),
        ["RefundFailed", "ShipmentReleased"]
    );
    assert_eq!(
        story.names(say::retry(P1, "R1")),
        ["RefundRetried", "ExceptionResolved", "ShipmentHeld"]
    );
}

#[test]
fn a_refund_that_needs_action_stays_reserved_and_keeps_the_hold() {
    let mut story = story::paid().given(say::ask_refund(P1, "R1", PRICE));
    let stuck = told(say::stands("R1", PRICE, RefundState::NeedsAction));
    assert_eq!(story.names(stuck), ["RefundNeedsAction"]);
    assert_eq!(story.shipment_status(), ShipmentStatus::Held);
}

#[test]
fn a_back_office_refund_in_part_holds_until_its_exception_is_resolved() {
    for action in [ResolutionAction::Accept, ResolutionAction::Dismiss] {
        for fact in [say::gave_back("back-1", 1000), say::some_refund()] {
            let mut story = story::paid().given(told(fact));
            let exception = first_exception(&story);
            assert_eq!(holds(&story), [Hold::Exception(exception.clone())]);
            assert_eq!(
                story.names(say::resolve(&exception, action)),
                ["ExceptionResolved", "ShipmentReleased"]
            );
        }
    }
}

#[test]
fn a_full_back_office_refund_holds_and_the_persons_word_cancels_the_shipment() {
    let mut story = story::paid();
    let full = told(say::gave_back("back-1", PRICE));
    assert_eq!(
        story.names(full),
        ["ExternalRefundObserved", "ShipmentHeld"]
    );
    let exception = first_exception(&story);
    assert_eq!(
        holds(&story),
        [Hold::Refunds, Hold::Exception(exception.clone())]
    );
    assert_eq!(
        story.names(say::resolve(&exception, ResolutionAction::Accept)),
        ["ExceptionResolved", "ShipmentCancelled"]
    );
}

#[test]
fn each_hold_ends_with_its_own_reason_and_the_last_releases() {
    let mut story = story::paid()
        .given(say::hold())
        .given(told(say::gave_back("back-1", 1000)));
    let exception = first_exception(&story);
    assert_eq!(
        story.names(say::resolve(&exception, ResolutionAction::Accept)),
        ["ExceptionResolved", "ShipmentHeld"]
    );
    assert_eq!(holds(&story), [Hold::Person]);
    assert_eq!(story.names(Command::ReleaseShipment), ["ShipmentReleased"]);
}

#[test]
fn what_has_left_is_not_held_by_refunds() {
    let mut story = story::paid().given(say::dispatch("1", "SF1"));
    let names = story.names(say::ask_refund(P1, "R1", PRICE));
    assert_eq!(names, ["RefundRequested"]);
    assert_eq!(
        story.names(told(say::gave_back("R1", PRICE))),
        ["RefundSucceeded"]
    );
}

#[test]
fn refunds_of_money_beside_the_order_do_not_hold_its_shipment() {
    let mut story = story::paid().given(told(say::paid("T2", PRICE)));
    let id = say::exception("T2", payfold_domain::exception::ExceptionKind::Double);
    assert_eq!(
        story.names(say::resolve(&id, ResolutionAction::Refund)),
        ["ExceptionResolved", "RefundRequested"]
    );
    assert_eq!(story.shipment_status(), ShipmentStatus::Requested);
}

//! What a person may decide, and what follows.

use payfold_domain::command::{Command, Rejection, ResolveException};
use payfold_domain::exception::{ExceptionKind, ResolutionAction};
use payfold_domain::order::{OrderStatus, PaymentStatus};
use payfold_domain::policy::Capability;
use payfold_domain::{Fact, RefundState};

use crate::story::say::{self, P1, P2, PRICE};
use crate::story::{self, Story};

use ResolutionAction::{Accept, Dismiss, Refund, Retry};

/// An order that holds the money `T1` under an exception of that kind.
fn holding(kind: ExceptionKind) -> (Story, payfold_domain::exception::ExceptionId) {
    let (story, minor, id) = match kind {
        ExceptionKind::Double => (story::paid(), PRICE, "T2"),
        ExceptionKind::Mismatch => (story::open(), 100, "T1"),
        _ => (story::cancelled(), PRICE, "T1"),
    };
    let story = story.given(say::notify(P1, [say::paid(id, minor)]));
    (story, say::exception(id, kind))
}

fn offered(story: &Story, at: usize, capability: Capability) -> Vec<ResolutionAction> {
    let order = story.placed();
    order.offered_actions(&order.exceptions[at], capability)
}

#[test]
fn each_kind_offers_what_may_be_done() {
    let refunding = || story::paid().given(say::ask_refund(P1, "R1", 1000));
    let told = |fact| say::query(P1, [fact]);
    let (late, _) = holding(ExceptionKind::Late);
    let (mismatch, _) = holding(ExceptionKind::Mismatch);
    let (double, _) = holding(ExceptionKind::Double);
    let failed = say::stands("R1", 1000, RefundState::Failed);
    let stuck = say::stands("R1", 1000, RefundState::NeedsAction);
    for (story, expected) in [
        (late, &[Accept, Refund, Dismiss][..]),
        (mismatch, &[Accept, Refund, Dismiss]),
        (double, &[Refund, Dismiss]),
        (
            story::paid().given(told(say::gave_back("back-1", 1000))),
            &[Accept, Dismiss],
        ),
        (refunding().given(told(failed)), &[Retry, Dismiss]),
        (refunding().given(told(stuck)), &[Retry, Dismiss]),
        (story::paid().given(told(Fact::FinallyUnpaid)), &[Dismiss]),
    ] {
        assert_eq!(offered(&story, 0, Capability::Full), expected);
    }
}

#[test]
fn no_refund_is_offered_where_none_can_be_made() {
    let (story, _) = holding(ExceptionKind::Late);
    assert_eq!(
        offered(&story, 0, Capability::ReceivesOnly),
        [Accept, Dismiss]
    );
    assert_eq!(
        offered(&story, 0, Capability::Retired),
        [Accept, Refund, Dismiss]
    );
    let finished = story.given(say::query(P1, [Fact::NoMoreRefunds]));
    assert_eq!(offered(&finished, 0, Capability::Full), [Accept, Dismiss]);
}

#[test]
fn accepted_money_is_confirmed_money_whatever_its_amount() {
    let (mut story, id) = holding(ExceptionKind::Mismatch);
    assert_eq!(
        story.names(say::resolve(&id, Accept)),
        ["ExceptionResolved", "PaymentConfirmed", "ShipmentRequested"]
    );
    assert_eq!(story.sums(), [100, 0, 0, 0]);
    assert_eq!(story.status(), OrderStatus::Paid);
    assert_eq!(story.payment_status(P1), PaymentStatus::Paid);
}

#[test]
fn accepted_money_of_which_some_went_back_holds_the_shipment() {
    let (story, id) = holding(ExceptionKind::Late);
    let mut story = story.given(say::query(P1, [say::gave_back("back-1", 1000)]));
    assert_eq!(
        story.names(say::resolve(&id, Accept)),
        [
            "ExceptionResolved",
            "PaymentConfirmed",
            "ShipmentRequested",
            "ShipmentHeld"
        ]
    );
    assert_eq!(story.sums(), [PRICE, 1000, 0, 0]);
}

#[test]
fn money_is_not_accepted_for_an_order_that_other_money_has_paid() {
    let (story, id) = holding(ExceptionKind::Mismatch);
    let mut story = story
        .given(say::start(P2))
        .given(say::notify(P2, [say::paid("T2", PRICE)]));
    assert_eq!(
        story.refusal(say::resolve(&id, Accept)),
        Rejection::OrderPaid
    );
    assert_eq!(offered(&story, 0, Capability::Full), [Refund, Dismiss]);
}

#[test]
fn money_that_is_sent_back_is_asked_for_under_the_exceptions_number_and_returns() {
    let (mut story, id) = holding(ExceptionKind::Double);
    assert_eq!(
        story.names(say::resolve(&id, Refund)),
        ["ExceptionResolved", "RefundRequested"]
    );
    let payment = story.placed().payment(&say::payment(P1)).unwrap();
    let no = payment.refunds[0].refund_no.clone();
    assert_eq!(no.as_str(), format!("pf-{id}-1"));
    assert_eq!(story.sums(), [PRICE, 0, PRICE, 0]);
    let back = say::gave_back(no.as_str(), PRICE);
    assert_eq!(story.names(say::query(P1, [back])), ["RefundSucceeded"]);
    assert_eq!(story.sums(), [PRICE, 0, 0, PRICE]);
}

#[test]
fn only_what_is_left_of_held_money_is_sent_back() {
    let (story, id) = holding(ExceptionKind::Late);
    let story = story
        .given(say::query(P1, [say::gave_back("back-1", 1000)]))
        .given(say::resolve(&id, Refund));
    let payment = story.placed().payment(&say::payment(P1)).unwrap();
    assert_eq!(payment.refunds[0].amount.minor, PRICE - 1000);
}

#[test]
fn the_same_decision_again_is_already_so_and_another_conflicts() {
    let (story, id) = holding(ExceptionKind::Late);
    let mut story = story.given(say::resolve(&id, Dismiss));
    assert_eq!(story.when(say::resolve(&id, Dismiss)), Ok(Vec::new()));
    for other in [Accept, Refund, Retry] {
        let refusal = story.refusal(say::resolve(&id, other));
        assert!(matches!(refusal, Rejection::Conflict(_)), "{other:?}");
    }
}

#[test]
fn what_is_not_offered_is_refused_with_what_is() {
    let (mut story, id) = holding(ExceptionKind::Double);
    let offered = vec![Refund, Dismiss];
    assert_eq!(
        story.refusal(say::resolve(&id, Retry)),
        Rejection::ActionNotOffered { offered }
    );
    let offered = vec![Dismiss];
    let command = Command::ResolveException(ResolveException {
        capability: Capability::ReceivesOnly,
        ..say::resolving(&id, Refund)
    });
    assert_eq!(
        story.refusal(command),
        Rejection::ActionNotOffered { offered }
    );
    let unknown = say::exception("T9", ExceptionKind::Late);
    let refusal = story.refusal(say::resolve(&unknown, Dismiss));
    assert_eq!(refusal, Rejection::NoSuchException);
}

#[test]
fn a_refund_in_trouble_is_retried_by_its_exceptions_decision() {
    let stuck = say::stands("R1", 1000, RefundState::NeedsAction);
    let mut story = story::paid()
        .given(say::ask_refund(P1, "R1", 1000))
        .given(say::query(P1, [stuck]));
    let id = story.placed().exceptions[0].id.clone();
    assert_eq!(
        story.names(say::resolve(&id, Retry)),
        ["RefundRetried", "ExceptionResolved"]
    );
    assert_eq!(story.when(say::resolve(&id, Retry)), Ok(Vec::new()));
}

#[test]
fn money_whose_return_failed_can_be_asked_back_by_request() {
    let (story, id) = holding(ExceptionKind::Late);
    let story = story.given(say::resolve(&id, Refund));
    let no = format!("pf-{id}-1");
    let mut pending = story.clone();
    assert_eq!(
        pending.refusal(say::ask_refund(P1, "R1", PRICE)),
        Rejection::RefundTooMuch { left_minor: 0 }
    );
    let failed = say::stands(&no, PRICE, RefundState::Failed);
    let mut story = story.given(say::query(P1, [failed]));
    let names = story.names(say::ask_refund(P1, "R1", PRICE));
    assert_eq!(names, ["RefundRequested"]);
}

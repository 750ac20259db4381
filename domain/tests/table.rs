//! Every fact meets every state of an order, by every way: what it becomes.

use payfold_domain::command::{Command, Foreign, Observe};
use payfold_domain::order::RefundStatus;
use payfold_domain::{
    Application, Fact, Money, Receipt, RefundSize, RefundState, Source, Timestamp,
};

use crate::story::say::{self, P1, P2, PRICE};
use crate::story::{self, Story};

const PENDING: &str = "PaymentPending";
const CLOSED: &str = "PaymentClosed";
const FINISHED: &str = "PaymentFinished";
const SAME: &str = "DuplicateNotifyIgnored";
const CLASH: &str = "ContradictionObserved";
const CONFIRMED: &str = "PaymentConfirmed ShipmentRequested";
const DOUBLE: &str = "DoublePaymentReceived";
const LATE: &str = "LatePaymentReceived";
const OTHER: &str = "MismatchedPaymentReceived";
const BACK: &str = "ExternalRefundObserved";
const BACK_HELD: &str = "ExternalRefundObserved ShipmentHeld";

/// The states, in the order of the table's columns. Where money came by the payment, it is `T1`.
fn states() -> [(&'static str, Story); 10] {
    let other = [say::paid("T7", PRICE)];
    let less = [say::paid("T1", 7700)];
    let late = [say::paid("T1", PRICE)];
    [
        ("open", story::open()),
        ("cancelling", story::open().given(say::cancel([]))),
        (
            "closed",
            story::open().given(say::query(P1, [Fact::FinallyUnpaid])),
        ),
        ("paid by it", story::paid()),
        (
            "paid by another",
            story::open()
                .given(say::start(P2))
                .given(say::query(P2, other)),
        ),
        ("cancelled", story::cancelled()),
        ("expired", story::expired()),
        ("open, held", story::open().given(say::query(P1, less))),
        (
            "cancelled, held",
            story::cancelled().given(say::query(P1, late.clone())),
        ),
        (
            "cancelled, given back",
            story::cancelled()
                .given(say::query(P1, late))
                .given(say::query(P1, [say::gave_back("back-0", PRICE)])),
        ),
    ]
}

/// The facts, each with what it becomes in each state.
#[rustfmt::skip]
fn table() -> Vec<(&'static str, Vec<Fact>, [&'static str; 10])> {
    vec![
        ("T1 as asked", vec![say::paid("T1", PRICE)],
            [CONFIRMED, CONFIRMED, CONFIRMED, SAME, DOUBLE, LATE, LATE, CLASH, SAME, SAME]),
        ("T1 of another amount", vec![say::paid("T1", 8700)],
            [OTHER, OTHER, OTHER, CLASH, OTHER, OTHER, OTHER, CLASH, CLASH, CLASH]),
        ("T2 as asked", vec![say::paid("T2", PRICE)],
            [CONFIRMED, CONFIRMED, CONFIRMED, DOUBLE, DOUBLE, LATE, LATE, CONFIRMED, LATE, LATE]),
        ("T2 of another amount", vec![say::paid("T2", 8700)], [OTHER; 10]),
        ("T2 through an unlisted application", vec![unlisted("T2")], [OTHER; 10]),
        ("T9, another order's", vec![say::paid("T9", PRICE)], [CLASH; 10]),
        ("not paid yet", vec![Fact::NotPaidYet],
            [PENDING, PENDING, SAME, SAME, PENDING, PENDING, PENDING, SAME, SAME, SAME]),
        ("finally unpaid", vec![Fact::FinallyUnpaid],
            [CLOSED, CLOSED, SAME, CLASH, CLOSED, CLOSED, CLOSED, CLASH, CLASH, SAME]),
        ("no more refunds", vec![Fact::NoMoreRefunds], [FINISHED; 10]),
        ("a refund of the back office", vec![say::gave_back("back-1", 1000)],
            [CLASH, CLASH, CLASH, BACK_HELD, CLASH, CLASH, CLASH, BACK, BACK, CLASH]),
        ("a running total", vec![say::running_total(None, 1000)],
            [CLASH, CLASH, CLASH, BACK_HELD, CLASH, CLASH, CLASH, BACK, BACK, SAME]),
        ("some refund", vec![say::some_refund()],
            [SAME, SAME, SAME, BACK_HELD, SAME, SAME, SAME, BACK, BACK, SAME]),
        ("a refund of the back office, on its way",
            vec![say::stands("back-1", 1000, RefundState::Processing)], [SAME; 10]),
    ]
}

#[test]
fn every_fact_becomes_what_the_table_says_in_every_state_by_every_way() {
    for (fact, facts, expected) in table() {
        for ((state, story), expected) in states().into_iter().zip(expected) {
            for source in [Source::Notify, Source::Query, Source::Bill] {
                let expected = match source {
                    Source::Notify => expected,
                    Source::Query | Source::Bill => expected.trim_start_matches(SAME),
                };
                let names = story.clone().names(observed(source, facts.clone()));
                assert_eq!(names.join(" "), expected, "{fact}, {state}, {source:?}");
            }
        }
    }
}

#[test]
fn every_fact_is_no_news_the_second_time_in_every_state() {
    for (fact, facts, _) in table() {
        for (state, mut story) in states() {
            story.when(observed(Source::Query, facts.clone())).unwrap();
            let again = story.names(observed(Source::Notify, facts.clone()));
            assert_eq!(again, [SAME], "{fact}, {state}");
        }
    }
}

#[test]
fn every_word_on_a_refund_of_ours_moves_it_as_the_table_says() {
    let words = [
        RefundState::Processing,
        RefundState::Succeeded(None),
        RefundState::NeedsAction,
        RefundState::Failed,
    ];
    let submitted = "RefundSubmitted";
    let arrived = "RefundSucceeded";
    let settled = "RefundSucceeded ExceptionResolved";
    let stuck = "RefundNeedsAction";
    let refused = "RefundFailed";
    #[rustfmt::skip]
    let table = [
        (RefundStatus::Requested,   [submitted, arrived, stuck, refused]),
        (RefundStatus::Submitted,   [SAME,      arrived, stuck, refused]),
        (RefundStatus::NeedsAction, [SAME,      settled, SAME,  "RefundFailed ExceptionResolved"]),
        (RefundStatus::Succeeded,   [SAME,      SAME,    stuck, SAME]),
        (RefundStatus::Failed,      [SAME,      settled, SAME,  SAME]),
    ];
    for (status, expected) in table {
        for (word, expected) in words.into_iter().zip(expected) {
            let names = refunding(status).names(say::notify(P1, [say::stands("R1", 1000, word)]));
            assert_eq!(names.join(" "), expected, "{status:?}, {word:?}");
        }
    }
}

/// A paid order with the refund `R1` of 10.00, which stands so.
fn refunding(status: RefundStatus) -> Story {
    let story = story::paid().given(say::ask_refund(P1, "R1", 1000));
    let told = |state| say::query(P1, [say::stands("R1", 1000, state)]);
    match status {
        RefundStatus::Requested => story,
        RefundStatus::Submitted => story.given(told(RefundState::Processing)),
        RefundStatus::NeedsAction => story.given(told(RefundState::NeedsAction)),
        RefundStatus::Succeeded => story.given(told(RefundState::Succeeded(Some(
            Timestamp::from_secs(1_790_000_001),
        )))),
        RefundStatus::Failed => story.given(told(RefundState::Failed)),
    }
}

fn observed(source: Source, facts: Vec<Fact>) -> Command {
    Command::Observe(Observe {
        foreign: Foreign {
            transactions: vec![say::transaction("T9")],
            ..Foreign::default()
        },
        ..say::observing(P1, source, facts)
    })
}

fn unlisted(id: &str) -> Fact {
    Fact::Paid(Receipt {
        application: Application::Unlisted(say::app("2099")),
        ..say::receipt(id, PRICE)
    })
}

#[test]
fn a_refund_of_ours_of_another_amount_contradicts_what_was_asked() {
    for size in [
        RefundSize::Exactly(Money::cny(999)),
        RefundSize::RunningTotal(Money::cny(999)),
    ] {
        let fact = say::refund(Some("R1"), size, RefundState::Succeeded(None));
        for status in [RefundStatus::Requested, RefundStatus::Submitted] {
            let names = refunding(status).names(say::notify(P1, [fact.clone()]));
            assert_eq!(names, [CLASH, "RefundNeedsAction"], "{size:?} {status:?}");
        }
        for status in [RefundStatus::NeedsAction, RefundStatus::Failed] {
            let names = refunding(status).names(say::notify(P1, [fact.clone()]));
            assert_eq!(names, [CLASH], "{size:?} {status:?}");
        }
    }
}

//! Refunds from the gateway's own back office: running totals and refunds' own sizes come in any order,
//! late, twice or never, and no refund counts twice.

use payfold_domain::command::{Foreign, Observe, Rejection};
use payfold_domain::event::{ExternalRefundObserved, NumberOwner, OrderEvent};
use payfold_domain::exception::ExceptionKind;
use payfold_domain::{
    Fact, Method, Money, RefundFact, RefundNumber, RefundSize, RefundState, Source, evolve,
};
use proptest::prelude::*;

use crate::story::say::{self, NOW, P1, P2, PRICE};
use crate::story::{self, Story};

/// The refund of that number, so many minutes from now.
fn refund(no: &str, size: RefundSize, minutes: Option<i64>) -> Fact {
    Fact::Refund(RefundFact {
        transaction_id: Some(say::transaction("T1")),
        number: RefundNumber::Stated(say::refund_no(no)),
        size,
        state: RefundState::Succeeded(minutes.map(|minutes| NOW.plus_secs(60 * minutes))),
    })
}

fn total(no: &str, minor: i64, minutes: i64) -> Fact {
    refund(
        no,
        RefundSize::RunningTotal(Money::cny(minor)),
        Some(minutes),
    )
}

fn exactly(no: &str, minor: i64, minutes: Option<i64>) -> Fact {
    refund(no, RefundSize::Exactly(Money::cny(minor)), minutes)
}

fn refunded_minor(story: &Story) -> i64 {
    story.sums()[1]
}

fn open_exceptions(story: &Story) -> Vec<(Option<String>, i64)> {
    let exceptions = story.placed().exceptions.iter();
    exceptions
        .filter(|open| open.kind == ExceptionKind::ExternalRefund && open.resolution.is_none())
        .map(|open| {
            let number = open.refund_no.as_ref().map(|no| no.as_str().to_owned());
            (
                number,
                open.received
                    .as_ref()
                    .map_or(0, |received| received.amount.minor),
            )
        })
        .collect()
}

#[test]
fn a_refunds_own_size_does_not_count_what_a_later_ones_total_held_already() {
    let mut story = story::paid().given(say::notify(P1, [total("Z", 5000, 2)]));
    assert_eq!(
        story.names(say::notify(P1, [total("Y", 2000, 1)])),
        ["DuplicateNotifyIgnored"]
    );
    let asked = say::query(P1, [exactly("Y", 2000, Some(1))]);
    assert_eq!(story.names(asked)[0], "ExternalRefundObserved");
    assert_eq!(refunded_minor(&story), 5000);
    let asked = say::query(P1, [exactly("Z", 3000, Some(2))]);
    assert_eq!(
        story.names(asked)[..2],
        ["ExternalRefundObserved", "ExceptionResolved"]
    );
    assert_eq!(refunded_minor(&story), 5000);
    let known = [("Y", 2000), ("Z", 3000)].map(|(no, minor)| (Some(no.to_owned()), minor));
    assert_eq!(open_exceptions(&story), known);
}

#[test]
fn a_refund_after_the_newest_total_counts_beside_it() {
    let story = story::paid()
        .given(say::notify(P1, [total("Y", 2000, 1)]))
        .given(say::query(P1, [exactly("Z", 3000, Some(2))]));
    assert_eq!(refunded_minor(&story), 5000);
}

/// Our refund was on its way when the total came, and was refused later.
#[test]
fn a_refunds_own_size_makes_up_for_what_a_refused_one_of_ours_hid() {
    let mut story = story::paid()
        .given(say::ask_refund(P1, "R1", 1000))
        .given(say::notify(P1, [total("Y", 1300, 1)]))
        .given(say::query(
            P1,
            [say::stands("R1", 1000, RefundState::Failed)],
        ));
    assert_eq!(refunded_minor(&story), 300);
    let asked = || say::query(P1, [exactly("Y", 1300, Some(1))]);
    assert_eq!(
        story.names(asked())[..2],
        ["ExternalRefundObserved", "ExceptionResolved"]
    );
    assert_eq!(refunded_minor(&story), 1300);
    assert_eq!(story.when(asked()), Ok(Vec::new()));
    assert_eq!(open_exceptions(&story), [(Some("Y".to_owned()), 1300)]);
}

/// Another system's number can be outside the grammar of ours, and its total be covered by ours on the
/// way, which is then refused.
#[test]
fn a_total_under_another_systems_number_is_told_though_ours_on_the_way_may_explain_it() {
    let under_foreign = |minor| {
        Fact::Refund(RefundFact {
            transaction_id: Some(say::transaction("T1")),
            number: RefundNumber::Foreign,
            size: RefundSize::RunningTotal(Money::cny(minor)),
            state: RefundState::Succeeded(None),
        })
    };
    let mut story = story::paid().given(say::ask_refund(P1, "R1", PRICE));
    let names = story.names(say::notify(P1, [under_foreign(PRICE)]));
    assert_eq!(names, ["ExternalRefundObserved", "ShipmentHeld"]);
    assert_eq!(open_exceptions(&story), [(None, 0)]);
    let again = story.names(say::notify(P1, [under_foreign(PRICE)]));
    assert_eq!(again, ["DuplicateNotifyIgnored"]);
    let refused = say::query(P1, [say::stands("R1", PRICE, RefundState::Failed)]);
    assert_eq!(story.names(refused), ["RefundFailed", "ShipmentHeld"]);
    // Now the total can be nothing but the other system's.
    let names = story.names(say::query(P1, [say::running_total(None, PRICE)]));
    assert_eq!(names[..2], ["ExternalRefundObserved", "ExceptionResolved"]);
    assert_eq!(refunded_minor(&story), PRICE);
    let again = story.names(say::notify(P1, [under_foreign(PRICE)]));
    assert_eq!(again, ["DuplicateNotifyIgnored"]);

    let mut counted = story::paid().given(say::notify(P1, [under_foreign(1000)]));
    assert_eq!(refunded_minor(&counted), 1000);
    let again = counted.names(say::notify(P1, [under_foreign(1000)]));
    assert_eq!(again, ["DuplicateNotifyIgnored"]);
}

#[test]
fn what_a_refused_refund_of_ours_had_explained_of_a_total_is_counted_once_it_is_refused() {
    let mut story = story::paid()
        .given(say::ask_refund(P1, "R1", 1000))
        .given(say::ask_refund(P1, "R2", 200))
        .given(say::notify(P1, [total("R1", 1500, 1)]));
    assert_eq!(refunded_minor(&story), 1300);
    story
        .when(say::query(
            P1,
            [say::stands("R2", 200, RefundState::Failed)],
        ))
        .unwrap();
    let repeat = || say::notify(P1, [total("R1", 1500, 1)]);
    assert_eq!(story.names(repeat())[0], "ExternalRefundObserved");
    assert_eq!(refunded_minor(&story), 1500);
    assert_eq!(story.names(repeat()), ["DuplicateNotifyIgnored"]);
}

#[test]
fn a_number_that_the_back_office_used_cannot_be_asked_for_by_any_payment() {
    let mut story = story::open()
        .given(say::start(P2))
        .given(say::notify(P1, [say::paid("T1", PRICE)]))
        .given(say::notify(P1, [total("R1", 1000, 1)]));
    for payment in [P1, P2] {
        let refusal = story.refusal(say::ask_refund(payment, "R1", 1000));
        assert_eq!(refusal, Rejection::RefundNoTaken);
    }
}

#[test]
fn a_number_that_another_payment_has_is_told_and_not_claimed() {
    let observe = |refunds| {
        let facts = [total("1", 1000, 1)];
        payfold_domain::command::Command::Observe(Observe {
            foreign: Foreign {
                refunds,
                ..Foreign::default()
            },
            ..say::observing(P1, Source::Notify, facts)
        })
    };
    for (refunds, owner) in [
        (vec![say::refund_no("1")], NumberOwner::Another),
        (vec![say::refund_no("2")], NumberOwner::Payment),
    ] {
        let events = story::paid().when(observe(refunds)).unwrap();
        let OrderEvent::ExternalRefundObserved(event) = &events[0] else {
            panic!("{events:?}");
        };
        assert_eq!(event.number, owner);
    }
}

/// An older payfold did not store that WeChat Pay states each refund's own size.
#[test]
fn what_was_stored_of_wechat_pays_back_office_before_sizes_were_is_no_running_total() {
    let told = OrderEvent::ExternalRefundObserved(ExternalRefundObserved {
        payment: say::payment(P1),
        method: Method::WechatpayNative,
        transaction_id: say::transaction("T1"),
        refund_no: Some(say::refund_no("A")),
        amount: Some(Money::cny(300)),
        size: None,
        number: NumberOwner::Payment,
        refunded_at: NOW.plus_secs(120),
        exception: say::exception("T1", ExceptionKind::ExternalRefund),
    });
    let mut story = story::paid();
    story.order = evolve(story.order, &told, NOW);
    let again = say::query(P1, [exactly("A", 300, Some(2))]);
    assert_eq!(story.names(again), ["ShipmentHeld"]);
    let story = story.given(say::query(P1, [exactly("B", 200, Some(1))]));
    assert_eq!(refunded_minor(&story), 500);
}

/// What a gateway may say of its back office's refunds: some of it, in any order, some of it twice.
#[derive(Debug, Clone, Copy)]
enum Said {
    Total(usize),
    Exactly(usize, bool),
}

fn saying() -> impl Strategy<Value = (Vec<i64>, Vec<Said>)> {
    let amounts = prop::collection::vec(1..=PRICE / 5, 1..=5);
    amounts.prop_flat_map(|amounts| {
        let index = 0..amounts.len();
        let said = prop_oneof![
            index.clone().prop_map(Said::Total),
            (index, any::<bool>()).prop_map(|(index, timed)| Said::Exactly(index, timed)),
        ];
        (Just(amounts), prop::collection::vec(said, 0..12))
    })
}

fn fact(amounts: &[i64], said: Said) -> Fact {
    let minutes = |index: usize| i64::try_from(index).unwrap();
    match said {
        Said::Total(index) => {
            let so_far = amounts[..=index].iter().sum();
            total(&format!("B{index}"), so_far, minutes(index))
        }
        Said::Exactly(index, timed) => exactly(
            &format!("B{index}"),
            amounts[index],
            timed.then_some(minutes(index)),
        ),
    }
}

proptest! {
    #[test]
    fn no_refund_of_the_back_office_counts_twice_and_each_counts_once_its_size_is_known(
        (amounts, said) in saying()
    ) {
        let mut story = story::paid();
        let given_back: i64 = amounts.iter().sum();
        let mut at_least = 0;
        for said in said {
            story.when(say::notify(P1, [fact(&amounts, said)])).unwrap();
            let known = match said {
                Said::Total(index) => amounts[..=index].iter().sum(),
                Said::Exactly(index, _) => amounts[index],
            };
            at_least = at_least.max(known);
            prop_assert!((at_least..=given_back).contains(&refunded_minor(&story)));
        }
        for index in 0..amounts.len() {
            let asked = fact(&amounts, Said::Exactly(index, true));
            story.when(say::query(P1, [asked])).unwrap();
        }
        prop_assert_eq!(refunded_minor(&story), given_back);
        prop_assert!(story.events.iter().all(|event| event.name() != "ContradictionObserved"));
    }
}

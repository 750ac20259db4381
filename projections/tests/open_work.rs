//! What is due, and when it is due no more.

use payfold_domain::event::{
    Contradiction, ContradictionObserved, OrderEvent, PaymentClosed, PaymentStartFailed,
    RefundHintReceived, RefundNamed, RefundOrigin, RefundRequested, RefundSucceeded, StrayEvent,
    StrayTakenUp,
};
use payfold_domain::exception::ExceptionKind;
use payfold_domain::{Method, Money, RefundFact, RefundNumber, RefundSize, RefundState, Source};
use payfold_projections::{OpenRefundStage, OpenStage, Place, QuestionReason, Runner, Views};
use payfold_store::{Position, StreamName};

use crate::feed::{
    Feed, STORE, after_new_year, confirmed, exception, offered, order, payment, placed, refund_no,
    started, transaction, unmatched,
};

const START: Position = Position(0);
const DAY_S: i64 = 86_400;

/// The numbers of the open payments and how far they have come, `now` seconds after the new year.
fn open_payments(views: &Views, now: i64) -> Vec<(String, OpenStage)> {
    let open = views
        .open_work
        .open_payments(after_new_year(now), START, 100);
    let open = open.unwrap().value.into_iter();
    open.map(|open| (open.payment.out_trade_no.to_string(), open.stage))
        .collect()
}

#[test]
fn orders_are_due_once_their_time_has_run_out_and_not_after_they_ended() {
    let mut feed = Feed::default();
    for order_no in ["left", "paid", "cancelled", "expired", "corrupt"] {
        feed.order(order_no, 0, placed(order_no));
    }
    feed.order("paid", 1, confirmed("1", 1));
    feed.order("cancelled", 1, OrderEvent::OrderCancelled);
    feed.order("expired", 1, OrderEvent::OrderExpired);
    feed.unreadable(StreamName::Order(order("corrupt")), 1);
    let (_runner, views) = feed.folded();
    let due = |now, after: Option<&_>| {
        let due = views
            .open_work
            .orders_due_to_expire(after_new_year(now), after, 10);
        due.unwrap().value
    };
    assert!(due(7199, None).is_empty());
    let at_last = due(7200, None);
    assert_eq!(at_last.len(), 1);
    assert_eq!(at_last[0].order_no, order("left"));
    assert!(due(7200, at_last.first()).is_empty());
}

#[test]
fn a_wish_to_cancel_stands_until_the_order_ends() {
    let mut feed = Feed::default();
    for order_no in ["A", "B"] {
        feed.order(order_no, 0, placed(order_no));
        feed.order(order_no, 5, OrderEvent::CancelRequested);
    }
    feed.order("B", 6, OrderEvent::OrderCancelled);
    let (_runner, views) = feed.folded();
    let wishes = views.open_work.cancel_wishes(START, 10).unwrap().value;
    assert_eq!(wishes.len(), 1);
    assert_eq!(
        (&wishes[0].order_no, wishes[0].since),
        (&order("A"), after_new_year(5))
    );
}

#[test]
fn a_payment_is_open_from_its_intent_until_money_came_or_it_closed() {
    let mut feed = Feed::default();
    let closed = OrderEvent::PaymentClosed(PaymentClosed {
        payment: payment("closed"),
        method: Method::AlipayPage,
        source: Source::Query,
    });
    for number in ["starting", "open", "paid", "closed"] {
        feed.order("A", 0, started(number, Some(7200)));
    }
    for number in ["open", "paid", "closed"] {
        feed.order("A", 1, offered(number));
    }
    feed.order("A", 2, confirmed("paid", 2));
    feed.order("A", 2, closed);
    feed.order("A", 3, offered("closed"));
    let (_runner, views) = feed.folded();
    let expected = [("starting", OpenStage::Starting), ("open", OpenStage::Open)];
    assert_eq!(
        open_payments(&views, 10),
        expected.map(|(number, stage)| (number.to_owned(), stage))
    );
}

#[test]
fn a_payment_is_open_also_where_the_clock_stepped_back_after_it_was_started() {
    let mut feed = Feed::default();
    feed.order("A", 60, started("1", Some(7200)));
    let (_runner, views) = feed.folded();
    assert_eq!(
        open_payments(&views, 0),
        [("1".to_owned(), OpenStage::Starting)]
    );
}

#[test]
fn a_payment_that_the_gateway_refused_is_open_once_a_later_try_succeeds() {
    let mut feed = Feed::default();
    feed.order("A", 0, started("1", Some(7200)));
    feed.order("A", 0, refused("1"));
    let (_runner, views) = feed.folded();
    assert!(open_payments(&views, 1).is_empty());
    feed.order("A", 1, offered("1"));
    let (_runner, views) = feed.folded();
    assert_eq!(
        open_payments(&views, 1),
        [("1".to_owned(), OpenStage::Open)]
    );
}

#[test]
fn a_payment_that_is_open_anew_comes_again_to_who_has_read_further() {
    // Whether each event after the start offers it, and behind which the feed is cut.
    for (offers, cuts) in (0_u32..16).flat_map(|offers| (0_u32..16).map(move |cuts| (offers, cuts)))
    {
        let mut feed = Feed::default();
        let mut stands_at = feed.order("A", 0, started("1", Some(7200)));
        let mut is_failed = false;
        for at in 0..4 {
            if offers & (1 << at) == 0 {
                feed.order("A", 1, refused("1"));
                is_failed = true;
            } else {
                let offered_at = feed.order("A", 1, offered("1"));
                if is_failed {
                    stands_at = offered_at;
                }
                is_failed = false;
            }
        }
        let (mut runner, views) = Runner::open(Place::in_memory(), STORE).unwrap();
        let (mut after, mut stretch) = (START, Vec::new());
        for (at, recorded) in feed.recorded.iter().enumerate() {
            stretch.push(recorded.clone());
            if at == 4 || cuts & (1 << at) != 0 {
                runner.apply(after, &stretch, recorded.position).unwrap();
                (after, stretch) = (recorded.position, Vec::new());
            }
        }
        let open = views.open_work.open_payments(after_new_year(1), START, 10);
        let found: Vec<_> = open.unwrap().value.iter().map(|row| row.position).collect();
        let expected = if is_failed { vec![] } else { vec![stands_at] };
        assert_eq!(found, expected, "offers {offers:04b}, cuts {cuts:04b}");
    }
}

fn refused(number: &str) -> OrderEvent {
    OrderEvent::PaymentStartFailed(PaymentStartFailed {
        payment: payment(number),
        method: Method::AlipayPage,
        gateway_code: "BUSY".to_owned(),
        gateway_message: Some("later".to_owned()),
    })
}

#[test]
fn a_payment_is_watched_ten_minutes_past_its_expiry_and_no_longer() {
    let mut feed = Feed::default();
    feed.order("A", 0, started("ours", Some(7200)));
    feed.order("A", 0, started("external", None));
    let (_runner, views) = feed.folded();
    assert_eq!(open_payments(&views, 7799).len(), 2);
    assert_eq!(open_payments(&views, 7800).len(), 1);
    assert_eq!(open_payments(&views, 15 * DAY_S).len(), 1);
    assert!(open_payments(&views, 15 * DAY_S + 600).is_empty());
}

#[test]
fn a_refund_is_open_until_it_is_with_the_buyer() {
    let mut feed = Feed::default();
    let requested = OrderEvent::RefundRequested(RefundRequested {
        payment: payment("1"),
        method: Method::AlipayPage,
        transaction_id: transaction("1"),
        refund_no: refund_no("r"),
        amount: Money::cny(100),
        origin: RefundOrigin::Caller,
        reason: None,
    });
    let submitted = OrderEvent::RefundSubmitted(RefundNamed {
        payment: payment("1"),
        method: Method::AlipayPage,
        refund_no: refund_no("r"),
    });
    let succeeded = OrderEvent::RefundSucceeded(RefundSucceeded {
        payment: payment("1"),
        method: Method::AlipayPage,
        refund_no: refund_no("r"),
        amount: Money::cny(100),
        succeeded_at: after_new_year(3),
    });
    let mut stages = Vec::new();
    for (at, event) in (1..).zip([requested, submitted, succeeded]) {
        feed.order("A", at, event);
        let (_runner, views) = feed.folded();
        let open = views.open_work.open_refunds(START, 10).unwrap().value;
        stages.push(open.first().map(|open| (open.stage, open.since)));
    }
    let expected = [
        Some((OpenRefundStage::Requested, after_new_year(1))),
        Some((OpenRefundStage::Submitted, after_new_year(2))),
        None,
    ];
    assert_eq!(stages, expected);
}

fn hint() -> RefundHintReceived {
    RefundHintReceived {
        payment: payment("1"),
        method: Method::WechatpayNative,
        claimed: RefundFact {
            transaction_id: None,
            number: RefundNumber::Unstated,
            size: RefundSize::Unknown,
            state: RefundState::Processing,
        },
    }
}

#[test]
fn an_unsigned_claim_is_a_question_for_two_days() {
    let mut feed = Feed::default();
    feed.order("A", 0, OrderEvent::RefundHintReceived(hint()));
    let (_runner, views) = feed.folded();
    let questions = |now| {
        let open = views.open_work.questions(after_new_year(now), START, 10);
        open.unwrap().value
    };
    assert_eq!(questions(60)[0].reason, QuestionReason::RefundHint);
    assert_eq!(questions(60)[0].stream, StreamName::Order(order("A")));
    assert!(questions(2 * DAY_S).is_empty());
}

#[test]
fn a_contradiction_beside_an_unsigned_claim_leaves_the_claim_a_question() {
    let contradiction = || {
        OrderEvent::ContradictionObserved(ContradictionObserved {
            payment: payment("1"),
            method: Method::WechatpayNative,
            transaction_id: None,
            contradiction: Contradiction::ForeignTransaction,
            exception: exception("1", ExceptionKind::Contradiction),
        })
    };
    for cut in [0, 1] {
        let mut feed = Feed::default();
        feed.stray("1", 0, StrayEvent::RefundHintReceived(hint()));
        feed.order("A", 1, contradiction());
        let (mut runner, views) = Runner::open(Place::in_memory(), STORE).unwrap();
        let (first, second) = feed.recorded.split_at(cut);
        let mut after = START;
        for stretch in [first, second] {
            if let Some(last) = stretch.last() {
                runner.apply(after, stretch, last.position).unwrap();
                after = last.position;
            }
        }
        let asked = views.open_work.questions(after_new_year(60), START, 10);
        let asked = asked.unwrap().value;
        assert_eq!(asked.len(), 1);
        assert_eq!(asked[0].reason, QuestionReason::RefundHint);
        assert_eq!(asked[0].stream, StreamName::Stray(payment("1")));
        assert_eq!(asked[0].position, after);
    }
}

#[test]
fn unmatched_money_stands_until_both_streams_have_told_of_its_order() {
    let taken_up = || {
        StrayEvent::StrayTakenUp(StrayTakenUp {
            payment: payment("1"),
            order_no: order("A"),
        })
    };
    let stands = |feed: &Feed| {
        let (_runner, views) = feed.folded();
        let work = &views.open_work;
        let open = work.open_strays(START, 10).unwrap().value;
        let taken_up = work.strays_taken_up(START, 10).unwrap().value;
        (open.len(), taken_up.len())
    };
    // First the stray's stream, then the order's.
    let mut feed = Feed::default();
    feed.stray("1", 0, unmatched("1", 0));
    assert_eq!(stands(&feed), (1, 0));
    feed.stray("1", 1, taken_up());
    assert_eq!(stands(&feed), (0, 1));
    feed.order("A", 1, confirmed("1", 1));
    assert_eq!(stands(&feed), (0, 0));
    // First the order's, then the stray's.
    let mut feed = Feed::default();
    feed.stray("1", 0, unmatched("1", 0));
    feed.order("A", 1, confirmed("1", 1));
    assert_eq!(stands(&feed), (1, 0));
    feed.stray("1", 1, taken_up());
    assert_eq!(stands(&feed), (0, 0));
}

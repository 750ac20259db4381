//! However the feed is cut into stretches, and whenever the program stops, the views are the same.

use payfold_domain::event::{
    AccountEvent, BillDifference, BillDifferenceFound, BillEvent, BillImported, Contradiction,
    ContradictionObserved, DuplicateNotifyIgnored, Event, ExceptionResolved,
    ExternalRefundObserved, Hold, NumberOwner, OrderEvent, ParcelPlace, PaymentClosed,
    PaymentStartFailed, RefundHintReceived, RefundNamed, RefundOrigin, RefundRequested,
    RefundRetried, RefundSucceeded, RefundTroubled, ShipmentDispatched, ShipmentHeld, Staleness,
    StrayEvent, StrayTakenUp, UnknownMessageReceived,
};
use payfold_domain::exception::{ExceptionKind, ResolutionAction, Resolver};
use payfold_domain::{
    Currency, Method, Money, RefundFact, RefundNumber, RefundSize, RefundState, Source, Timestamp,
};
use payfold_projections::{Place, Runner, Views};
use payfold_store::{Position, StreamName};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::answers::{Answers, answers};
use crate::feed::{
    Feed, STORE, account, after_new_year, confirmed, exception, late, offered, order, payment,
    placed, refund_no, started, transaction, unmatched,
};

const DAY_S: i64 = 86_400;
const ORDERS: [&str; 3] = ["A", "B", "C"];

/// One event: which, of which order, about which number, and how long after the one before.
type Drawn = (u8, usize, usize, i64);

fn drawn() -> impl Strategy<Value = Drawn> {
    (
        0..32_u8,
        0..ORDERS.len(),
        0..4_usize,
        prop_oneof![0..60_i64, 0..4 * DAY_S],
    )
}

fn feed_of(drawn: &[Drawn]) -> Feed {
    let mut feed = Feed::default();
    for order_no in ORDERS {
        feed.order(order_no, 0, placed(order_no));
    }
    let mut at = 0;
    let mut opened = Vec::new();
    for (which, order, number, pause) in drawn {
        at += pause;
        let number = format!("{number}");
        let order_no = ORDERS[*order];
        match which {
            0 => {
                feed.unreadable(StreamName::Order(crate::feed::order(order_no)), at);
            }
            1 => {
                if let Some((stream, event)) = opened.pop() {
                    feed.push(stream, at, &event);
                }
            }
            2..=7 => {
                feed.stray(&number, at, stray_event(*which, order_no, &number, at));
                if *which == 2 {
                    opened.push(resolution(StreamName::Stray(payment(&number)), &number));
                }
            }
            8..=10 => {
                let (stream, event) = other_event(*which, &number, order_no);
                feed.push(stream, at, &event);
            }
            _ => {
                feed.order(order_no, at, order_event(*which, &number, at));
                if *which == 11 {
                    let stream = StreamName::Order(crate::feed::order(order_no));
                    opened.push(resolution(stream, &number));
                }
            }
        }
    }
    feed
}

fn resolution(stream: StreamName, number: &str) -> (StreamName, Event) {
    let of = |kind| ExceptionResolved {
        exception: exception(number, kind),
        kind,
        action: ResolutionAction::Dismiss,
        by: Resolver::Policy,
        order_no: None,
        note: None,
    };
    let event = if matches!(stream, StreamName::Stray(_)) {
        Event::Stray(StrayEvent::ExceptionResolved(of(ExceptionKind::Unmatched)))
    } else {
        Event::Order(OrderEvent::ExceptionResolved(of(ExceptionKind::Late)))
    };
    (stream, event)
}

fn stray_event(which: u8, order_no: &str, number: &str, at: i64) -> StrayEvent {
    match which {
        2 => unmatched(number, at),
        3 => StrayEvent::StrayTakenUp(StrayTakenUp {
            payment: payment(number),
            order_no: order(order_no),
        }),
        4 => StrayEvent::ExternalRefundObserved(external(number, at, None)),
        5 => StrayEvent::RefundSucceeded(succeeded(number, at)),
        6 => StrayEvent::DuplicateNotifyIgnored(duplicate(number)),
        _ => StrayEvent::ExternalRefundObserved(external(number, at, Some("back-office"))),
    }
}

fn other_event(which: u8, number: &str, order_no: &str) -> (StreamName, Event) {
    let date = format!("2026-01-0{}", number.len());
    let bill = StreamName::Bill {
        account: account(),
        date: date.clone(),
    };
    match which {
        8 => (
            bill,
            Event::Bill(BillEvent::BillImported(BillImported {
                account: account(),
                date,
                digest: [0; 32],
                payments: 1,
                paid_minor: 8800,
                refunds: 0,
                refunded_minor: 0,
                fee_minor: 52 + i64::try_from(order_no.len()).unwrap(),
                foreign: 0,
                currency: Currency::CNY,
                awaited: Vec::new(),
                carried: Vec::new(),
            })),
        ),
        9 => (
            bill,
            Event::Bill(BillEvent::BillDifferenceFound(BillDifferenceFound {
                payment: payment(number),
                transaction_id: None,
                refund_no: None,
                difference: BillDifference::MissingHere,
                here: None,
                there: Some(Money::cny(1)),
                exception: exception(number, ExceptionKind::Bill(BillDifference::MissingHere)),
            })),
        ),
        _ => (
            StreamName::Account(account()),
            Event::Account(AccountEvent::UnknownMessageReceived(
                UnknownMessageReceived {
                    account: account(),
                    kind: "something".to_owned(),
                },
            )),
        ),
    }
}

fn order_event(which: u8, number: &str, at: i64) -> OrderEvent {
    let named = || RefundNamed {
        payment: payment(number),
        method: Method::AlipayPage,
        refund_no: refund_no(number),
    };
    match which {
        11 => late(number, at),
        12 => started(number, Some(at + 7200)),
        13 => started(number, None),
        14 => offered(number),
        15 => OrderEvent::PaymentStartFailed(PaymentStartFailed {
            payment: payment(number),
            method: Method::AlipayPage,
            gateway_code: "BUSY".to_owned(),
            gateway_message: Some("later".to_owned()),
        }),
        16 => OrderEvent::PaymentClosed(PaymentClosed {
            payment: payment(number),
            method: Method::AlipayPage,
            source: Source::Query,
        }),
        17 => confirmed(number, at),
        18 => OrderEvent::CancelRequested,
        19 => OrderEvent::OrderCancelled,
        20 => OrderEvent::OrderExpired,
        21 => OrderEvent::RefundRequested(RefundRequested {
            payment: payment(number),
            method: Method::AlipayPage,
            transaction_id: transaction(number),
            refund_no: refund_no(number),
            amount: Money::cny(100),
            origin: RefundOrigin::Caller,
            reason: None,
        }),
        22 => OrderEvent::RefundSubmitted(named()),
        23 => OrderEvent::RefundNeedsAction(troubled(number, ExceptionKind::RefundNeedsAction)),
        24 => OrderEvent::RefundRetried(RefundRetried {
            payment: payment(number),
            method: Method::AlipayPage,
            refund_no: refund_no(number),
            attempt: 2,
        }),
        25 => OrderEvent::RefundSucceeded(succeeded(number, at)),
        26 => OrderEvent::ExternalRefundObserved(external(number, at, Some("back-office"))),
        27 => OrderEvent::RefundHintReceived(RefundHintReceived {
            payment: payment(number),
            method: Method::AlipayPage,
            claimed: RefundFact {
                transaction_id: None,
                number: RefundNumber::Unstated,
                size: RefundSize::Unknown,
                state: RefundState::Processing,
            },
        }),
        28 => OrderEvent::ContradictionObserved(ContradictionObserved {
            payment: payment(number),
            method: Method::AlipayPage,
            transaction_id: Some(transaction(number)),
            contradiction: Contradiction::ForeignTransaction,
            exception: exception(number, ExceptionKind::Contradiction),
        }),
        29 => OrderEvent::DuplicateNotifyIgnored(duplicate(number)),
        _ => shipment_event(which, number),
    }
}

fn shipment_event(which: u8, number: &str) -> OrderEvent {
    match (which, number) {
        (30, "0") => OrderEvent::ShipmentRequested,
        (30, "1") => OrderEvent::ShipmentHeld(ShipmentHeld {
            holds: vec![Hold::Person],
            reason: None,
        }),
        (30, "2") => OrderEvent::ShipmentReleased,
        (30, _) => OrderEvent::ShipmentCancelled,
        (_, "0" | "1") => OrderEvent::ShipmentDispatched(ShipmentDispatched {
            parcel: number.to_owned(),
            carrier: "SF".to_owned(),
            tracking_no: "1".to_owned(),
            place: ParcelPlace::MoreFollow,
        }),
        (_, _) => OrderEvent::ShipmentDelivered,
    }
}

fn external(number: &str, at: i64, refund: Option<&str>) -> ExternalRefundObserved {
    ExternalRefundObserved {
        payment: payment(number),
        method: Method::AlipayPage,
        transaction_id: transaction(number),
        refund_no: refund.map(refund_no),
        amount: Some(Money::cny(7)),
        size: None,
        number: NumberOwner::Payment,
        refunded_at: after_new_year(at),
        exception: exception(number, ExceptionKind::ExternalRefund),
    }
}

fn succeeded(number: &str, at: i64) -> RefundSucceeded {
    RefundSucceeded {
        payment: payment(number),
        method: Method::AlipayPage,
        refund_no: refund_no(number),
        amount: Money::cny(100),
        succeeded_at: after_new_year(at),
    }
}

fn troubled(number: &str, kind: ExceptionKind) -> RefundTroubled {
    RefundTroubled {
        payment: payment(number),
        method: Method::AlipayPage,
        refund_no: refund_no(number),
        exception: exception(number, kind),
    }
}

fn duplicate(number: &str) -> DuplicateNotifyIgnored {
    DuplicateNotifyIgnored {
        payment: payment(number),
        method: Method::AlipayPage,
        transaction_id: None,
        staleness: Staleness::Repeat,
    }
}

/// The time by which everything in the feed has happened.
fn end(feed: &Feed) -> Timestamp {
    feed.recorded.last().unwrap().time
}

fn open(place: &Place) -> (Runner, Views) {
    Runner::open(place.clone(), STORE).unwrap()
}

fn at_once(feed: &Feed) -> Answers {
    let (mut runner, views) = open(&Place::in_memory());
    runner
        .apply(Position::default(), &feed.recorded, feed.tip())
        .unwrap();
    answers(&views, end(feed))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn one_by_one_and_at_once_make_the_same_views(drawn in vec(drawn(), 0..80)) {
        let feed = feed_of(&drawn);
        let (mut runner, views) = open(&Place::in_memory());
        let mut after = Position::default();
        for recorded in &feed.recorded {
            runner.apply(after, std::slice::from_ref(recorded), recorded.position).unwrap();
            after = recorded.position;
        }
        prop_assert_eq!(answers(&views, end(&feed)), at_once(&feed));
    }

}

proptest! {
    // Each case opens files several times.
    #![proptest_config(ProptestConfig::with_cases(8))]

    #[test]
    fn stops_anywhere_and_stretches_given_twice_change_nothing(
        drawn in vec(drawn(), 0..60),
        cuts in vec(5..30_usize, 1..12),
    ) {
        let feed = feed_of(&drawn);
        let folder = tempfile::tempdir().unwrap();
        let place = Place::Folder(folder.path().to_owned());
        let (mut from, mut after) = (0, Position::default());
        for length in cuts.iter().cycle() {
            let (mut runner, _views) = open(&place);
            let to = (from + length).min(feed.recorded.len());
            let stretch = &feed.recorded[from..to];
            let read_to = stretch.last().map_or(after, |last| last.position);
            runner.apply(after, stretch, read_to).unwrap();
            runner.apply(after, stretch, read_to).unwrap();
            if to == feed.recorded.len() {
                break;
            }
            (from, after) = (to, read_to);
        }
        let (_runner, views) = open(&place);
        prop_assert_eq!(answers(&views, end(&feed)), at_once(&feed));
    }
}

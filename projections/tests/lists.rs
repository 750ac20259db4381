//! What the lists of orders, shipments and exceptions answer.

use payfold_domain::event::{
    AccountEvent, CorruptOrderMessaged, Event, ExceptionResolved, Hold, OrderEvent, ParcelPlace,
    ShipmentDispatched, ShipmentHeld, StrayEvent,
};
use payfold_domain::exception::{ExceptionKind, ResolutionAction, Resolver};
use payfold_domain::order::ShipmentStatus;
use payfold_projections::{
    ExceptionStatus, ListedOrder, ListedStatus, Listing, OrderFilter, View, Views,
};
use payfold_store::{Position, StreamName};

use crate::feed::{
    Feed, account, after_new_year, confirmed, exception, late, order, payment, placed, unmatched,
};

fn names(listing: &Listing<ListedOrder>) -> Vec<&str> {
    let items = listing.items.iter();
    items.map(|listed| listed.order_no.as_str()).collect()
}

fn orders(views: &Views, filter: &OrderFilter) -> Vec<String> {
    let listing = views.orders.list(filter, None, 100).unwrap();
    names(&listing).into_iter().map(str::to_owned).collect()
}

fn of_status(status: ListedStatus) -> OrderFilter {
    OrderFilter {
        status: Some(status),
        ..OrderFilter::default()
    }
}

#[test]
fn orders_are_listed_newest_first_page_by_page() {
    let mut feed = Feed::default();
    for number in 0..7 {
        feed.order(
            &format!("A-{number}"),
            number,
            placed(&format!("A-{number}")),
        );
    }
    let (_runner, views) = feed.folded();
    let (mut seen, mut after) = (Vec::new(), None);
    loop {
        let page = views
            .orders
            .list(&OrderFilter::default(), after, 3)
            .unwrap();
        assert_eq!(page.as_of.position, feed.tip());
        assert_eq!(page.as_of.hash, feed.recorded.last().unwrap().hash);
        seen.extend(names(&page).into_iter().map(str::to_owned));
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(seen, ["A-6", "A-5", "A-4", "A-3", "A-2", "A-1", "A-0"]);
}

#[test]
fn a_page_that_is_just_full_and_the_last_has_no_next() {
    let mut feed = Feed::default();
    for order_no in ["A", "B"] {
        feed.order(order_no, 0, placed(order_no));
    }
    let (_runner, views) = feed.folded();
    let page = views.orders.list(&OrderFilter::default(), None, 2).unwrap();
    assert_eq!((page.items.len(), page.next), (2, None));
}

#[test]
fn orders_are_listed_by_their_status() {
    let mut feed = Feed::default();
    for order_no in [
        "open",
        "paid",
        "cancelled",
        "expired",
        "accepted",
        "corrupt",
    ] {
        feed.order(order_no, 0, placed(order_no));
    }
    feed.order("paid", 1, confirmed("1", 1));
    feed.order("cancelled", 1, OrderEvent::OrderCancelled);
    feed.order("expired", 1, OrderEvent::OrderExpired);
    feed.order("accepted", 1, OrderEvent::OrderExpired);
    feed.order("accepted", 2, late("2", 2));
    feed.order("accepted", 2, confirmed("2", 2));
    feed.unreadable(StreamName::Order(order("corrupt")), 1);
    let (_runner, views) = feed.folded();
    let listed = |status| orders(&views, &of_status(status));
    assert_eq!(listed(ListedStatus::Open), ["open"]);
    assert_eq!(listed(ListedStatus::Paid), ["accepted", "paid"]);
    assert_eq!(listed(ListedStatus::Cancelled), ["cancelled"]);
    assert_eq!(listed(ListedStatus::Expired), ["expired"]);
    assert_eq!(listed(ListedStatus::Corrupt), ["corrupt"]);
}

#[test]
fn times_of_placing_are_from_inclusive_to_exclusive() {
    let mut feed = Feed::default();
    for at in [10, 20, 30] {
        feed.order(&format!("A-{at}"), at, placed(&format!("A-{at}")));
    }
    let (_runner, views) = feed.folded();
    let filter = OrderFilter {
        status: Some(ListedStatus::Open),
        created_from: Some(after_new_year(10)),
        created_to: Some(after_new_year(30)),
    };
    assert_eq!(orders(&views, &filter), ["A-20", "A-10"]);
}

#[test]
fn a_clock_that_stepped_back_loses_no_order_between_pages() {
    let mut feed = Feed::default();
    for (order_no, at) in [("A", 10), ("B", 30), ("C", 20), ("D", 20)] {
        feed.order(order_no, at, placed(order_no));
    }
    let (_runner, views) = feed.folded();
    let (mut seen, mut after) = (Vec::new(), None);
    for _ in 0..4 {
        let page = views
            .orders
            .list(&OrderFilter::default(), after, 1)
            .unwrap();
        seen.extend(names(&page).into_iter().map(str::to_owned));
        after = page.next;
    }
    assert_eq!(
        (seen, after),
        (["B", "D", "C", "A"].map(str::to_owned).into(), None)
    );
}

#[test]
fn an_event_that_cannot_be_read_stops_no_view_and_is_counted() {
    let mut feed = Feed::default();
    feed.order("A", 0, placed("A"));
    feed.unreadable(StreamName::Order(order("B")), 1);
    feed.order("A", 2, confirmed("1", 2));
    let (_runner, views) = feed.folded();
    for view in View::ALL {
        let standing = views.standing().of(view);
        assert_eq!((standing.position, standing.unreadable), (feed.tip(), 1));
    }
    assert_eq!(orders(&views, &of_status(ListedStatus::Corrupt)), ["B"]);
    assert_eq!(orders(&views, &of_status(ListedStatus::Paid)), ["A"]);
}

fn dispatched(parcel: &str) -> OrderEvent {
    OrderEvent::ShipmentDispatched(ShipmentDispatched {
        parcel: parcel.to_owned(),
        carrier: "SF".to_owned(),
        tracking_no: "SF1".to_owned(),
        place: ParcelPlace::MoreFollow,
    })
}

fn shipment_status(events: Vec<OrderEvent>) -> ShipmentStatus {
    let mut feed = Feed::default();
    for event in events {
        feed.order("A", 0, event);
    }
    let (_runner, views) = feed.folded();
    let listing = views.shipments.list(None, None, 10).unwrap();
    let [listed] = &listing.items[..] else {
        unreachable!("one shipment")
    };
    let found = views.shipments.list(Some(listed.status), None, 10).unwrap();
    assert_eq!(found.items, listing.items);
    listed.status
}

#[test]
fn a_shipment_stands_as_its_last_event_says() {
    let held = || {
        OrderEvent::ShipmentHeld(ShipmentHeld {
            holds: vec![Hold::Person],
            reason: None,
        })
    };
    let after = |events: Vec<OrderEvent>| {
        shipment_status([vec![OrderEvent::ShipmentRequested], events].concat())
    };
    assert_eq!(after(vec![]), ShipmentStatus::Requested);
    assert_eq!(after(vec![held()]), ShipmentStatus::Held);
    assert_eq!(
        after(vec![held(), OrderEvent::ShipmentReleased]),
        ShipmentStatus::Requested
    );
    assert_eq!(
        after(vec![held(), OrderEvent::ShipmentCancelled]),
        ShipmentStatus::Cancelled
    );
    assert_eq!(after(vec![dispatched("1")]), ShipmentStatus::Dispatched);
}

#[test]
fn a_parcel_corrected_after_delivery_leaves_the_shipment_delivered_and_a_new_one_does_not() {
    let delivered = vec![
        OrderEvent::ShipmentRequested,
        dispatched("1"),
        OrderEvent::ShipmentDelivered,
    ];
    let then = |event| shipment_status([delivered.clone(), vec![event]].concat());
    assert_eq!(then(dispatched("1")), ShipmentStatus::Delivered);
    assert_eq!(then(dispatched("2")), ShipmentStatus::Dispatched);
}

fn resolved(number: &str, kind: ExceptionKind) -> ExceptionResolved {
    ExceptionResolved {
        exception: exception(number, kind),
        kind,
        action: ResolutionAction::Dismiss,
        by: Resolver::Key("shop".to_owned()),
        order_no: None,
        note: None,
    }
}

#[test]
fn an_exception_is_open_until_its_stream_resolves_it() {
    let mut feed = Feed::default();
    feed.order("A", 0, placed("A"));
    let first = feed.order("A", 1, late("1", 1));
    let second = feed.stray("2", 2, unmatched("2", 2));
    let event = OrderEvent::ExceptionResolved(resolved("1", ExceptionKind::Late));
    let end = feed.order("A", 3, event);
    let (_runner, views) = feed.folded();

    let open = views
        .exceptions
        .list(Some(ExceptionStatus::Open), None, 10)
        .unwrap();
    assert_eq!(open.items.len(), 1);
    assert_eq!(open.items[0].stream, StreamName::Stray(payment("2")));
    assert_eq!(
        (open.items[0].opened, open.items[0].resolved),
        (second, None)
    );
    assert_eq!(views.exceptions.count_open().unwrap().value, 1);

    let all = views.exceptions.list(None, None, 10).unwrap();
    let opened: Vec<Position> = all.items.iter().map(|listed| listed.opened).collect();
    assert_eq!(opened, [second, first]);

    let id = exception("1", ExceptionKind::Late);
    let found = views.exceptions.find(&id).unwrap().value;
    assert_eq!(found.len(), 1);
    assert_eq!((&found[0].id, found[0].kind), (&id, ExceptionKind::Late));
    assert_eq!(found[0].resolved, Some(end));
}

#[test]
fn a_message_told_again_of_a_corrupt_order_opens_no_second_exception() {
    let mut feed = Feed::default();
    let messaged = Event::Account(AccountEvent::CorruptOrderMessaged(CorruptOrderMessaged {
        payment: payment("1"),
        order_no: Some(order("A")),
        receipt: None,
        exception: exception("1", ExceptionKind::Corrupt),
    }));
    let first = feed.push(StreamName::Account(account()), 0, &messaged);
    feed.push(StreamName::Account(account()), 1, &messaged);
    let (_runner, views) = feed.folded();
    let listed = views.exceptions.list(None, None, 10).unwrap().items;
    assert_eq!(listed.len(), 1);
    assert_eq!((listed[0].opened, listed[0].resolved), (first, None));
}

#[test]
fn an_exception_of_unmatched_money_resolves_when_an_order_takes_it_up() {
    let mut feed = Feed::default();
    feed.stray("1", 0, unmatched("1", 0));
    let event = StrayEvent::ExceptionResolved(resolved("1", ExceptionKind::Unmatched));
    feed.stray("1", 1, event);
    let (_runner, views) = feed.folded();
    assert_eq!(views.exceptions.count_open().unwrap().value, 0);
}

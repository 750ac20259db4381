//! What others see of the events: the reader of the feed, and the views.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use payfold_domain::Timestamp;
use payfold_domain::event::{Event, OrderEvent, StrayEvent};
use payfold_projections::{OrderFilter, Place, Runner, View, ViewError, Views, catch_up};
use payfold_store::{Position, Store as _};

use crate::aftermath::{Aftermath, Found, Happened, OrderStory};

const LISTED: &str = "what is listed and reported is what the orders say";

/// More rows than any view of a schedule has.
const ALL: usize = 1_000;

/// The reader was told every event, in order; what it was told again, it was told after it came again.
pub(crate) fn by_reader(aftermath: &Aftermath<'_>, found: &mut Found) {
    let rule = "a reader of the feed is told everything, in order";
    let places: BTreeMap<String, usize> = aftermath
        .feed
        .iter()
        .enumerate()
        .map(|(place, event)| (event.id.to_string(), place))
        .collect();
    let mut told = 0;
    for visit in &aftermath.record.told.visits {
        let mut next = None;
        for id in visit {
            let Some(place) = places.get(id).copied() else {
                found.note(rule, format!("{id} is no event"));
                return;
            };
            let fits = match next {
                None => place <= told,
                Some(next) => place == next,
            };
            if !fits {
                found.note(rule, format!("{place} after {told} ({next:?})"));
                return;
            }
            next = Some(place + 1);
            told = told.max(place + 1);
        }
    }
    found.unless(told == aftermath.feed.len(), rule, || {
        format!("{told} of {} events", aftermath.feed.len())
    });
}

/// Who wants some kinds of events alone is told all of them, in order.
pub(crate) fn by_kind(aftermath: &Aftermath<'_>, found: &mut Found) {
    let some = &aftermath.record.some;
    let feed = aftermath.feed.iter();
    let wanted = feed.filter(|event| some.kinds.contains(&&*event.kind));
    let wanted: Vec<String> = wanted.map(|event| event.id.to_string()).collect();
    found.unless(
        some.ids == wanted,
        "a reader of some kinds is told all of them, in order",
        || format!("{} of {}", some.ids.len(), wanted.len()),
    );
}

/// The shipments in the list and the report's sums beside the orders' own.
fn are_what_orders_say(aftermath: &Aftermath<'_>, views: &Views, found: &mut Found) {
    let listed = views.shipments.list(None, None, ALL).unwrap().items;
    let listed: BTreeMap<_, _> = listed
        .into_iter()
        .map(|row| (row.order_no.to_string(), row.status))
        .collect();
    let orders = aftermath.orders.values().map(OrderStory::now);
    let folded: BTreeMap<_, _> = orders
        .filter_map(|order| Some((order.order_no.to_string(), order.shipment.as_ref()?.status)))
        .collect();
    found.unless(listed == folded, LISTED, || {
        format!("shipments {listed:?} for {folded:?}")
    });
    let (start, end) = all_days();
    let report = views.daily_report.between(start, end).unwrap().value;
    let mut told = [0; 5];
    for row in report {
        let figures = [
            row.payments_started,
            row.payments_confirmed,
            row.paid_minor,
            row.refunded_minor,
            row.duplicates_ignored,
        ];
        told.iter_mut()
            .zip(figures)
            .for_each(|(sum, figure)| *sum += figure);
    }
    let counted = counted(aftermath);
    found.unless(told == counted, LISTED, || {
        format!("the report's sums are {told:?} for {counted:?}")
    });
}

/// Payments started and confirmed, what was paid and given back, and notifies that said nothing new.
fn counted(aftermath: &Aftermath<'_>) -> [i64; 5] {
    let mut counted = [0; 5];
    for Happened { event, .. } in &aftermath.events {
        match event {
            Event::Order(OrderEvent::PaymentStarted(_)) => counted[0] += 1,
            Event::Order(OrderEvent::PaymentConfirmed(confirmed)) => {
                counted[1] += 1;
                counted[2] += confirmed.money.receipt.amount.minor;
            }
            Event::Order(OrderEvent::DuplicateNotifyIgnored(_))
            | Event::Stray(StrayEvent::DuplicateNotifyIgnored(_)) => counted[4] += 1,
            _ => {}
        }
    }
    let tallies = aftermath
        .orders
        .values()
        .filter_map(|story| story.steps.last());
    let moneys = tallies.flat_map(|step| step.tally.moneys());
    counted[3] = moneys.map(|money| money.back).sum();
    let moneys = aftermath.unclaimed().flat_map(|stray| &stray.transactions);
    counted[3] += moneys.map(|money| money.refunded_minor).sum::<i64>();
    counted
}

fn all_days() -> (NaiveDate, NaiveDate) {
    let [start, end] = [2026, 2027].map(|year| NaiveDate::from_ymd_opt(year, 11, 1).unwrap());
    (start, end)
}

/// Every view is what the events say, and the same as one that is folded anew.
pub(crate) async fn in_views(
    aftermath: &Aftermath<'_>,
    (place, views): (&Place, &Views),
    found: &mut Found,
) {
    let rule = "every view is a fold of the same events";
    let (mut runner, anew) = Runner::open(place.clone(), aftermath.store.id()).unwrap();
    catch_up(aftermath.store, &mut runner).await.unwrap();
    let now = aftermath.record.now;
    let [served, anew] = [views, &anew].map(|views| shown(views, now).unwrap());
    for (served, anew) in served.iter().zip(&anew) {
        found.unless(served == anew, rule, || {
            format!("{served} instead of {anew}")
        });
    }
    let listed = views
        .orders
        .list(&OrderFilter::default(), None, ALL)
        .unwrap();
    let listed: BTreeMap<_, _> = listed
        .items
        .iter()
        .map(|row| (row.order_no.to_string(), row.status.as_str()))
        .collect();
    let folded: BTreeMap<_, _> = aftermath
        .orders
        .iter()
        .map(|(order_no, story)| (order_no.to_string(), story.now().status.as_str()))
        .collect();
    found.unless(listed == folded, rule, || {
        format!("{listed:?} for {folded:?}")
    });
    are_what_orders_say(aftermath, views, found);
    let open = views.exceptions.count_open().unwrap().value;
    let orders = aftermath
        .orders
        .values()
        .map(|story| &story.now().exceptions);
    let strays = aftermath.strays.values().map(|stray| &stray.exceptions);
    let bills = aftermath.bills.values().map(|bill| &bill.exceptions);
    let folded = orders
        .chain(strays)
        .chain(bills)
        .flatten()
        .filter(|exception| exception.resolution.is_none())
        .count();
    found.unless(open == folded as u64, rule, || {
        format!("{open} exceptions open for {folded}")
    });
    let tip = *aftermath.store.tip().borrow();
    for view in View::ALL {
        let reached = views.standing().of(view).position;
        found.unless(reached == tip, "the views catch up", || {
            format!("{view:?} at {reached:?} of {tip:?}")
        });
    }
}

/// What every view shows, as text, without how far it has come.
fn shown(views: &Views, now: Timestamp) -> Result<Vec<String>, ViewError> {
    let later = now.plus_secs(40_000_000);
    let (day, end) = all_days();
    let (start, work) = (Position(0), &views.open_work);
    Ok(vec![
        format!(
            "{:?}",
            views.orders.list(&OrderFilter::default(), None, ALL)?.items
        ),
        format!("{:?}", views.shipments.list(None, None, ALL)?.items),
        format!("{:?}", views.exceptions.list(None, None, ALL)?.items),
        format!("{:?}", views.daily_report.between(day, end)?.value),
        format!("{:?}", work.orders_due_to_expire(later, None, ALL)?.value),
        format!("{:?}", work.cancel_wishes(start, ALL)?.value),
        format!("{:?}", work.open_payments(now, start, ALL)?.value),
        format!("{:?}", work.questions(now, start, ALL)?.value),
        format!("{:?}", work.open_refunds(start, ALL)?.value),
        format!("{:?}", work.open_strays(start, ALL)?.value),
        format!("{:?}", work.strays_taken_up(start, ALL)?.value),
    ])
}

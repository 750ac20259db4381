//! What others see of the events: the reader of the feed, and the views.

use std::collections::BTreeMap;

use payfold_projections::{OrderFilter, Place, Runner, View, ViewError, Views, catch_up};
use payfold_store::{Position, Store as _};

use crate::aftermath::{Aftermath, Found};

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

/// Every view is what the events say, and the same as one that is folded anew.
pub(crate) async fn in_views(
    aftermath: &Aftermath<'_>,
    (place, views): (&Place, &Views),
    found: &mut Found,
) {
    let rule = "every view is a fold of the same events";
    let (mut runner, anew) = Runner::open(place.clone(), aftermath.store.id()).unwrap();
    catch_up(aftermath.store, &mut runner).await.unwrap();
    let (served, anew) = (shown(views).unwrap(), shown(&anew).unwrap());
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
fn shown(views: &Views) -> Result<Vec<String>, ViewError> {
    let now = payfold_domain::Timestamp::from_secs(crate::node::START_SECS + 40_000_000);
    let day = chrono::NaiveDate::from_ymd_opt(2026, 11, 1).unwrap();
    let end = chrono::NaiveDate::from_ymd_opt(2027, 11, 1).unwrap();
    let (start, work) = (Position(0), &views.open_work);
    Ok(vec![
        format!(
            "{:?}",
            views.orders.list(&OrderFilter::default(), None, ALL)?.items
        ),
        format!("{:?}", views.shipments.list(None, None, ALL)?.items),
        format!("{:?}", views.exceptions.list(None, None, ALL)?.items),
        format!("{:?}", views.daily_report.between(day, end)?.value),
        format!("{:?}", work.orders_due_to_expire(now, None, ALL)?.value),
        format!("{:?}", work.cancel_wishes(start, ALL)?.value),
        format!("{:?}", work.open_refunds(start, ALL)?.value),
        format!("{:?}", work.open_strays(start, ALL)?.value),
        format!("{:?}", work.strays_taken_up(start, ALL)?.value),
    ])
}

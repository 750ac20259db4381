//! What is left when a schedule is over, read from every side: the events, the views, the gateways'
//! books, what the reader was told, what callers were promised.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use payfold_domain::event::{Event, OrderEvent};
use payfold_domain::order::{Order, PlacedOrder};
use payfold_domain::stray::{Stray, StrayMoney, evolve_stray};
use payfold_domain::{OrderNo, PaymentRef, Timestamp, evolve};
use payfold_projections::Views;
use payfold_sqlite::SqliteStore;
use payfold_store::{Position, Recorded, Scope, Store, StreamName, decode};
use serde_json::Value;

use crate::node::START_SECS;
use crate::reader::Told;
use crate::shop::Said;
use crate::{books, rules, seen};

/// Something that must never be, and is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Violation {
    /// The promise.
    pub(crate) rule: &'static str,
    /// How it was broken.
    pub(crate) what: String,
}

/// Everything that is left.
pub(crate) struct Aftermath<'a> {
    pub(crate) store: &'a SqliteStore,
    pub(crate) feed: Vec<Recorded>,
    pub(crate) orders: BTreeMap<OrderNo, OrderStory>,
    pub(crate) strays: BTreeMap<PaymentRef, StrayMoney>,
    pub(crate) trades: Vec<Value>,
    pub(crate) told: Told,
    pub(crate) said: Said,
    /// When it was read.
    pub(crate) now: Timestamp,
    promises: Vec<String>,
    unreadable: Vec<String>,
}

/// An order, and how it came to be so.
#[derive(Default)]
pub(crate) struct OrderStory {
    /// The order after each of its events.
    pub(crate) steps: Vec<(OrderEvent, PlacedOrder)>,
}

impl OrderStory {
    pub(crate) fn now(&self) -> &PlacedOrder {
        &self.steps.last().unwrap().1
    }
}

impl<'a> Aftermath<'a> {
    pub(crate) async fn read(
        store: &'a SqliteStore,
        books: &Value,
        told: Told,
        said: Said,
        promises: Vec<String>,
        now: Timestamp,
    ) -> Self {
        let page = store.read(Position(0), 100_000, Scope::Public).await;
        let mut aftermath = Self {
            store,
            feed: page.unwrap().events,
            orders: BTreeMap::new(),
            strays: BTreeMap::new(),
            trades: books["items"].as_array().unwrap().clone(),
            told,
            said,
            now,
            promises,
            unreadable: Vec::new(),
        };
        aftermath.fold();
        aftermath
    }

    /// Folds every stream by the domain's own word, step by step.
    fn fold(&mut self) {
        let mut orders: BTreeMap<OrderNo, Order> = BTreeMap::new();
        let mut strays: BTreeMap<PaymentRef, Stray> = BTreeMap::new();
        for recorded in &self.feed {
            match (&recorded.stream, decode(recorded)) {
                (StreamName::Order(order_no), Ok(Event::Order(event))) => {
                    let before = orders.remove(order_no).unwrap_or(Order::Unplaced);
                    let after = evolve(before, &event, recorded.time);
                    if let Order::Placed(placed) = &after {
                        let story = self.orders.entry(order_no.clone()).or_default();
                        story.steps.push((event, placed.clone()));
                    } else {
                        let what = format!("{order_no}: {after:?} at {}", recorded.version);
                        self.unreadable.push(what);
                    }
                    orders.insert(order_no.clone(), after);
                }
                (StreamName::Stray(payment), Ok(Event::Stray(event))) => {
                    let before = strays.remove(payment).unwrap_or(Stray::Unheard);
                    let after = evolve_stray(before, &event, recorded.time);
                    if let Stray::Corrupt(_) = after {
                        self.unreadable.push(format!("{payment:?}: {after:?}"));
                    }
                    strays.insert(payment.clone(), after);
                }
                (_, Ok(_)) => {}
                (stream, Err(error)) => self.unreadable.push(format!("{stream}: {error}")),
            }
        }
        for (payment, stray) in strays {
            if let Stray::Heard(money) = stray {
                self.strays.insert(payment, money);
            }
        }
    }

    /// How many events there are.
    pub(crate) fn count(&self) -> usize {
        self.feed.len()
    }

    /// A hash over everything that happened.
    pub(crate) fn trace(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        for event in &self.feed {
            (event.position.0, event.time.as_micros(), event.hash).hash(&mut hasher);
        }
        self.told.visits.hash(&mut hasher);
        hasher.finish()
    }

    /// What happened, an event a line.
    pub(crate) fn story(&self) -> Vec<String> {
        let told = |event: &Recorded| {
            let micros = event.time.as_micros() - START_SECS * 1_000_000;
            format!(
                "{:>9.3} s  {} {}",
                micros as f64 / 1e6,
                event.stream,
                event.kind
            )
        };
        self.feed.iter().map(told).collect()
    }

    /// Everything that is broken.
    pub(crate) async fn judge(&self, views: &Views) -> Vec<Violation> {
        let mut found = Found::default();
        for what in &self.unreadable {
            found.note(
                "every event can be read, and fits the state it meets",
                what.clone(),
            );
        }
        for what in &self.promises {
            found.note("what was acknowledged is stored", what.clone());
        }
        for what in &self.said.scandals {
            found.note("nobody gets an answer of 500", what.clone());
        }
        for story in self.orders.values() {
            rules::hold(story, &mut found);
        }
        rules::hold_together(self, &mut found);
        rules::come_to_an_end(self, &mut found);
        books::agree(self, &mut found);
        seen::by_reader(self, &mut found);
        seen::in_views(self, views, &mut found).await;
        if let Err(error) = payfold_store::audit(self.store, None).await {
            found.note("the audit finds everything whole", error.to_string());
        }
        found.0
    }
}

/// What was found so far.
#[derive(Default)]
pub(crate) struct Found(Vec<Violation>);

impl Found {
    pub(crate) fn note(&mut self, rule: &'static str, what: impl Into<String>) {
        let what = what.into();
        self.0.push(Violation { rule, what });
    }

    pub(crate) fn unless(&mut self, held: bool, rule: &'static str, what: impl FnOnce() -> String) {
        if !held {
            self.note(rule, what());
        }
    }
}

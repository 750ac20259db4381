//! What is left when a schedule is over, read from every side: the events, the views, the gateways'
//! books, what the reader was told, what callers were promised.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use payfold_domain::bill::{Bill, evolve_bill};
use payfold_domain::event::{Event, OrderEvent, RefundRequested, StrayEvent};
use payfold_domain::order::{Order, OrderStatus, Payment, PlacedOrder};
use payfold_domain::stray::{Claim, Stray, StrayMoney, evolve_stray};
use payfold_domain::{OrderNo, PaymentRef, RefundNo, Timestamp, evolve};
use payfold_projections::{Direction, Place, Views, moved_in};
use payfold_sqlite::SqliteStore;
use payfold_store::{Position, Recorded, Scope, Store, StreamName, decode};
use serde_json::Value;

use crate::ask::Said;
use crate::asked::Wish;
use crate::node::START_SECS;
use crate::post::TurnedAway;
use crate::reader::{SomeEvents, Told};
use crate::schedule::{Notifies, Schedule, order_no};
use crate::tally::Tally;
use crate::times::Settled;
use crate::trouble::Trouble;
use crate::{answered, asked, bills, books, decided, rules, seen, shipped, shown, taken, times};

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
    /// What of it could be read.
    pub(crate) events: Vec<Happened>,
    pub(crate) orders: BTreeMap<OrderNo, OrderStory>,
    pub(crate) strays: BTreeMap<PaymentRef, StrayMoney>,
    pub(crate) bills: BTreeMap<String, Bill>,
    pub(crate) trades: Vec<Value>,
    /// When the money of each transaction became known.
    known: BTreeMap<String, Timestamp>,
    pub(crate) record: Record<'a>,
    unreadable: Vec<String>,
}

/// What was written down while the schedule was played.
pub(crate) struct Record<'a> {
    pub(crate) schedule: &'a Schedule,
    /// What the reader of the feed was told.
    pub(crate) told: Told,
    /// When each append was stored, by where its last event stands.
    pub(crate) stored: BTreeMap<Position, Timestamp>,
    /// What a reader was told who wanted some kinds of events alone.
    pub(crate) some: SomeEvents,
    pub(crate) said: Said,
    /// Answers of success whose message was not stored.
    pub(crate) promises: Vec<String>,
    pub(crate) turned_away: Vec<TurnedAway>,
    /// What the gateways were asked to do.
    pub(crate) wishes: Vec<Wish>,
    pub(crate) troubles: Vec<Trouble>,
    /// The calls of gateways that took a while.
    pub(crate) unhurried: Vec<Trouble>,
    /// The gateways' books when every refund had come to its end there.
    pub(crate) settled: Settled,
    /// What was wrong when the day's bills were brought again, where the next day came.
    pub(crate) imported_again: Option<Vec<String>>,
    /// Whether starts that were cut off were asked for again.
    pub(crate) asked_again: bool,
    /// When everything ended.
    pub(crate) now: Timestamp,
}

/// An order, and how it came to be so.
#[derive(Default)]
pub(crate) struct OrderStory {
    /// In order.
    pub(crate) steps: Vec<OrderStep>,
}

/// An order after one of its events.
pub(crate) struct OrderStep {
    pub(crate) at: Timestamp,
    pub(crate) append: Append,
    pub(crate) event: OrderEvent,
    pub(crate) order: PlacedOrder,
    pub(crate) tally: Tally,
}

/// An event that could be read.
pub(crate) struct Happened {
    pub(crate) stream: StreamName,
    pub(crate) at: Timestamp,
    pub(crate) append: Append,
    pub(crate) event: Event,
}

/// The payment that a message spoke of which said nothing new, or proves nothing.
pub(crate) fn repeated(event: &Event) -> Option<&PaymentRef> {
    match event {
        Event::Order(OrderEvent::DuplicateNotifyIgnored(event))
        | Event::Stray(StrayEvent::DuplicateNotifyIgnored(event)) => Some(&event.payment),
        Event::Order(OrderEvent::RefundHintReceived(event))
        | Event::Stray(StrayEvent::RefundHintReceived(event)) => Some(&event.payment),
        _ => None,
    }
}

impl Happened {
    /// The refund that is asked for.
    pub(crate) fn refund_asked(&self) -> Option<&RefundRequested> {
        match &self.event {
            Event::Order(OrderEvent::RefundRequested(asked))
            | Event::Stray(StrayEvent::RefundRequested(asked)) => Some(asked),
            _ => None,
        }
    }
}

/// What was decided at once and stored at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Append {
    /// Where its last event stands.
    last: Position,
    pub(crate) stored_at: Timestamp,
}

impl OrderStory {
    fn take(&mut self, at: Timestamp, append: Append, event: &OrderEvent, order: &PlacedOrder) {
        let last = self.steps.last();
        let tally = last.map(|step| &step.tally).cloned().unwrap_or_default();
        self.steps.push(OrderStep {
            at,
            append,
            event: event.clone(),
            order: order.clone(),
            tally: tally.after(event),
        });
    }

    pub(crate) fn now(&self) -> &PlacedOrder {
        &self.steps.last().unwrap().order
    }

    /// What was decided at once, one after the other.
    pub(crate) fn appends(&self) -> impl Iterator<Item = &[OrderStep]> {
        self.steps.chunk_by(|one, next| one.append == next.append)
    }

    /// Everything that somebody may have seen of it between two instants.
    pub(crate) fn between(&self, from: Timestamp, until: Timestamp) -> &[OrderStep] {
        let steps = &self.steps;
        let first = steps.partition_point(|step| step.append.stored_at < from);
        let end = steps.partition_point(|step| step.append.stored_at <= until);
        &steps[first.saturating_sub(1)..end]
    }

    /// Whether it is the order of that number in the schedule.
    pub(crate) fn is_of(&self, order: u8) -> bool {
        self.now().order_no.as_str() == order_no(order)
    }

    /// How it stood then.
    pub(crate) fn as_of(&self, at: Timestamp) -> Option<&PlacedOrder> {
        let mut before = self.steps.iter().rev().filter(|step| step.at <= at);
        before.next().map(|step| &step.order)
    }

    /// The step after which it was no longer open.
    pub(crate) fn end(&self) -> Option<&OrderStep> {
        let mut steps = self.steps.iter();
        steps.find(|step| step.order.status != OrderStatus::Open)
    }

    /// When it was no longer open.
    pub(crate) fn ended_at(&self) -> Option<Timestamp> {
        self.end().map(|step| step.at)
    }

    /// When a refund came to stand as it does.
    pub(crate) fn refund_stands_since(
        &self,
        payment: &PaymentRef,
        refund_no: &RefundNo,
    ) -> Timestamp {
        let (mut stands, mut since) = (None, self.steps[0].at);
        for step in &self.steps {
            let payment = step.order.payment(payment);
            let refund = payment.and_then(|payment| payment.refund(refund_no));
            let now = refund.map(|refund| (refund.status, refund.attempt));
            if now != stands {
                (stands, since) = (now, step.at);
            }
        }
        since
    }
}

impl<'a> Aftermath<'a> {
    pub(crate) async fn read(store: &'a SqliteStore, books: &Value, record: Record<'a>) -> Self {
        let page = store.read(Position(0), 100_000, Scope::Public).await;
        let mut aftermath = Self {
            store,
            feed: page.unwrap().events,
            events: Vec::new(),
            orders: BTreeMap::new(),
            strays: BTreeMap::new(),
            bills: BTreeMap::new(),
            trades: books["items"].as_array().unwrap().clone(),
            known: BTreeMap::new(),
            record,
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
            match decode(recorded) {
                Ok(event) => self.events.push(Happened {
                    stream: recorded.stream.clone(),
                    at: recorded.time,
                    append: self.append_of(recorded),
                    event,
                }),
                Err(error) => self
                    .unreadable
                    .push(format!("{}: {error}", recorded.stream)),
            }
        }
        for Happened {
            stream,
            at,
            append,
            event,
        } in &self.events
        {
            if let Some(moved) = moved_in(event, *at)
                && let Direction::In | Direction::InElsewhere | Direction::InUnstated =
                    moved.direction
                && let Some(transaction_id) = moved.transaction_id
            {
                let known = self.known.entry(transaction_id.to_string());
                known.or_insert(*at);
            }
            match (stream, event) {
                (StreamName::Order(order_no), Event::Order(event)) => {
                    let before = orders.remove(order_no).unwrap_or(Order::Unplaced);
                    let after = evolve(before, event, *at);
                    if let Order::Placed(placed) = &after {
                        let story = self.orders.entry(order_no.clone()).or_default();
                        story.take(*at, *append, event, placed);
                    } else {
                        let what = format!("{order_no}: {after:?}");
                        self.unreadable.push(what);
                    }
                    orders.insert(order_no.clone(), after);
                }
                (StreamName::Stray(payment), Event::Stray(event)) => {
                    let before = strays.remove(payment).unwrap_or(Stray::Unheard);
                    let after = evolve_stray(before, event, *at);
                    if let Stray::Corrupt(_) = after {
                        self.unreadable.push(format!("{payment:?}: {after:?}"));
                    }
                    strays.insert(payment.clone(), after);
                }
                (StreamName::Bill { .. }, Event::Bill(event)) => {
                    let bill = self.bills.entry(stream.to_string()).or_default();
                    *bill = evolve_bill(std::mem::take(bill), event, *at);
                }
                _ => {}
            }
        }
        for (payment, stray) in strays {
            if let Stray::Heard(money) = stray {
                self.strays.insert(payment, money);
            }
        }
    }

    fn append_of(&self, recorded: &Recorded) -> Append {
        let mut behind = self.record.stored.range(recorded.position..);
        let (last, stored_at) = behind.next().unwrap();
        Append {
            last: *last,
            stored_at: *stored_at,
        }
    }

    /// What was decided at once, in whichever stream.
    pub(crate) fn appends(&self) -> impl Iterator<Item = &[Happened]> {
        self.events.chunk_by(|one, next| one.append == next.append)
    }

    /// Money that no order has taken up.
    pub(crate) fn unclaimed(&self) -> impl Iterator<Item = &StrayMoney> {
        let strays = self.strays.values();
        strays.filter(|stray| stray.claim == Claim::Unclaimed)
    }

    /// When the money of a transaction became known, if it did.
    pub(crate) fn known_at(&self, transaction_id: &str) -> Option<Timestamp> {
        self.known.get(transaction_id).copied()
    }

    /// Whether nobody has told of some refunds yet.
    pub(crate) fn may_miss_refunds(&self) -> bool {
        let lost = self.record.schedule.setting.notifies == Notifies::AllLost;
        lost && self.record.imported_again.is_none()
    }

    /// The order that a trade's number belongs to, and its payment.
    pub(crate) fn payment_of(&self, trade: &Value) -> Option<(&OrderStory, &Payment)> {
        let account = match trade["gateway"].as_str()? {
            "alipay" => "ali",
            _ => "wx",
        };
        let number = trade["out_trade_no"].as_str()?;
        self.orders.values().find_map(|story| {
            let mut payments = story.now().payments.iter();
            let payment = payments.find(|payment| {
                let PaymentRef {
                    account: at,
                    out_trade_no,
                } = &payment.payment;
                at.as_str() == account && out_trade_no.as_str() == number
            });
            payment.map(|payment| (story, payment))
        })
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
        self.record.told.visits.hash(&mut hasher);
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
    pub(crate) async fn judge(&self, views: (&Place, &Views)) -> Vec<Violation> {
        let mut found = Found::default();
        for what in &self.unreadable {
            found.note(
                "every event can be read, and fits the state it meets",
                what.clone(),
            );
        }
        for what in &self.record.promises {
            found.note("what was acknowledged is stored", what.clone());
        }
        for what in &self.record.said.scandals {
            found.note(
                "nobody gets an answer that is never to be given",
                what.clone(),
            );
        }
        for story in self.orders.values() {
            rules::hold(story, &mut found);
            shipped::hold(story, &mut found);
        }
        decided::hold(self, &mut found);
        answered::hold(self, &mut found);
        shown::hold(self, &mut found);
        asked::hold(self, &mut found);
        rules::hold_together(self, &mut found);
        rules::come_to_an_end(self, &mut found);
        times::hold(self, &mut found);
        books::agree(self, &mut found);
        bills::hold(self, &mut found);
        taken::hold(self, &mut found);
        seen::by_reader(self, &mut found);
        seen::by_kind(self, &mut found);
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

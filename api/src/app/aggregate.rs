//! The streams that the application decides on, seen alike: how each is named, folded and kept.

use std::hash::Hash;
use std::sync::Arc;

use payfold_domain::account::{Account, evolve_account};
use payfold_domain::bill::{Bill, evolve_bill};
use payfold_domain::event::{AccountEvent, BillEvent, Event, OrderEvent, StrayEvent};
use payfold_domain::order::{Corruption, Order};
use payfold_domain::stray::{Stray, evolve_stray};
use payfold_domain::{AccountName, OrderNo, PaymentRef, Timestamp, evolve};
use payfold_store::{Head, Position, StreamName};

use super::App;
use super::lanes::Lanes;

/// A stream's state, and the event it stands at.
#[derive(Debug, Clone)]
pub struct Folded<A> {
    /// The state.
    pub state: A,
    /// The stream's end.
    pub head: Head,
    /// The position of the stream's last event; the start where it has none.
    pub position: Position,
}

/// A kind of stream that commands are decided on.
pub(crate) trait Aggregate: Clone + Send + Sync + Sized + 'static {
    /// What names one stream of the kind.
    type Key: Clone + Eq + Hash + Send + Sync;
    /// Its events.
    type Event: Send + Sync;

    /// The state before the first event.
    fn initial() -> Self;
    /// The state after one more event.
    fn evolve(self, event: &Self::Event, at: Timestamp) -> Self;
    /// The state after an event that cannot be read.
    fn unreadable(self) -> Self;
    /// An event of any stream, as one of this kind's, if it is one.
    fn narrow(event: Event) -> Option<Self::Event>;
    /// One of this kind's events, as one of any stream.
    fn widen(event: &Self::Event) -> Event;
    /// The stream of that name.
    fn stream(key: &Self::Key) -> StreamName;
    /// Where the kind's states are kept.
    fn lanes(app: &App) -> &Lanes<Self::Key, Arc<Folded<Self>>>;
    /// What follows in this process from events that were just stored, and the state after them: whoever
    /// waits for the stream is told.
    fn changed(app: &App, key: &Self::Key, events: &[Self::Event], state: &Self);
}

impl Aggregate for Order {
    type Key = OrderNo;
    type Event = OrderEvent;

    fn initial() -> Self {
        Self::Unplaced
    }

    fn evolve(self, event: &OrderEvent, at: Timestamp) -> Self {
        evolve(self, event, at)
    }

    fn unreadable(self) -> Self {
        Self::Corrupt(match self {
            Self::Unplaced => unreadable(None),
            Self::Placed(order) => unreadable(Some(order.order_no)),
            Self::Corrupt(corruption) => corruption,
        })
    }

    fn narrow(event: Event) -> Option<OrderEvent> {
        match event {
            Event::Order(event) => Some(event),
            Event::Stray(_) | Event::Account(_) | Event::Bill(_) => None,
        }
    }

    fn widen(event: &OrderEvent) -> Event {
        Event::Order(event.clone())
    }

    fn stream(key: &OrderNo) -> StreamName {
        StreamName::Order(key.clone())
    }

    fn lanes(app: &App) -> &Lanes<OrderNo, Arc<Folded<Self>>> {
        &app.orders
    }

    fn changed(app: &App, order_no: &OrderNo, events: &[OrderEvent], order: &Self) {
        app.waiters.bell(order_no).notify_waiters();
        app.note_unwanted(events, order);
    }
}

impl Aggregate for Stray {
    type Key = PaymentRef;
    type Event = StrayEvent;

    fn initial() -> Self {
        Self::Unheard
    }

    fn evolve(self, event: &StrayEvent, at: Timestamp) -> Self {
        evolve_stray(self, event, at)
    }

    fn unreadable(self) -> Self {
        Self::Corrupt(match self {
            Self::Unheard | Self::Heard(_) => unreadable(None),
            Self::Corrupt(corruption) => corruption,
        })
    }

    fn narrow(event: Event) -> Option<StrayEvent> {
        match event {
            Event::Stray(event) => Some(event),
            Event::Order(_) | Event::Account(_) | Event::Bill(_) => None,
        }
    }

    fn widen(event: &StrayEvent) -> Event {
        Event::Stray(event.clone())
    }

    fn stream(key: &PaymentRef) -> StreamName {
        StreamName::Stray(key.clone())
    }

    fn lanes(app: &App) -> &Lanes<PaymentRef, Arc<Folded<Self>>> {
        &app.strays
    }

    fn changed(_app: &App, _key: &PaymentRef, _events: &[StrayEvent], _state: &Self) {}
}

impl Aggregate for Account {
    type Key = AccountName;
    type Event = AccountEvent;

    fn initial() -> Self {
        Self::default()
    }

    fn evolve(self, event: &AccountEvent, at: Timestamp) -> Self {
        evolve_account(self, event, at)
    }

    /// An account's stream is a list of messages; one that cannot be read leaves the others as they are.
    fn unreadable(self) -> Self {
        self
    }

    fn narrow(event: Event) -> Option<AccountEvent> {
        match event {
            Event::Account(event) => Some(event),
            Event::Order(_) | Event::Stray(_) | Event::Bill(_) => None,
        }
    }

    fn widen(event: &AccountEvent) -> Event {
        Event::Account(event.clone())
    }

    fn stream(key: &AccountName) -> StreamName {
        StreamName::Account(key.clone())
    }

    fn lanes(app: &App) -> &Lanes<AccountName, Arc<Folded<Self>>> {
        &app.account_streams
    }

    fn changed(_app: &App, _key: &AccountName, _events: &[AccountEvent], _state: &Self) {}
}

/// The bill of an account's day.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct BillOf {
    /// The account.
    pub(crate) account: AccountName,
    /// The day, `YYYY-MM-DD` in Asia/Shanghai.
    pub(crate) date: String,
}

impl Aggregate for Bill {
    type Key = BillOf;
    type Event = BillEvent;

    fn initial() -> Self {
        Self::default()
    }

    fn evolve(self, event: &BillEvent, at: Timestamp) -> Self {
        evolve_bill(self, event, at)
    }

    /// A bill's stream is a list of differences; one that cannot be read leaves the others as they are.
    fn unreadable(self) -> Self {
        self
    }

    fn narrow(event: Event) -> Option<BillEvent> {
        match event {
            Event::Bill(event) => Some(event),
            Event::Order(_) | Event::Stray(_) | Event::Account(_) => None,
        }
    }

    fn widen(event: &BillEvent) -> Event {
        Event::Bill(event.clone())
    }

    fn stream(key: &BillOf) -> StreamName {
        StreamName::Bill {
            account: key.account.clone(),
            date: key.date.clone(),
        }
    }

    fn lanes(app: &App) -> &Lanes<BillOf, Arc<Folded<Self>>> {
        &app.bill_streams
    }

    fn changed(_app: &App, _key: &BillOf, _events: &[BillEvent], _state: &Self) {}
}

fn unreadable(order_no: Option<OrderNo>) -> Corruption {
    Corruption {
        order_no,
        state: "any",
        event: "unreadable",
    }
}

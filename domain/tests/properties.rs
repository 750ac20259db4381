//! What holds after every command of every story.

use std::collections::HashSet;

use payfold_domain::command::{Command, Conclude, Foreign, Observe, TakeUpBasis};
use payfold_domain::event::{Basis, OrderEvent};
use payfold_domain::exception::{ExceptionKind, ResolutionAction};
use payfold_domain::order::{
    Disposition, Order, OrderStatus, PlacedOrder, ShipmentStatus, Transaction,
};
use payfold_domain::policy::{Capability, LatePolicy, Policy, ReturnPolicy};
use payfold_domain::{
    Application, Fact, Money, Receipt, RefundSize, RefundState, Source, TransactionId, decide,
};
use proptest::prelude::*;
use proptest::sample::select;

use crate::story::Story;
use crate::story::say::{self, P1, P2, PRICE};

/// A command, or one that needs the story to name what it is about.
#[derive(Debug, Clone)]
enum Step {
    Told(Command),
    Resolve(usize, ResolutionAction, Capability),
    RefundOurs(usize, RefundState),
}

impl Step {
    fn command(&self, story: &Story) -> Option<Command> {
        let Order::Placed(order) = &story.order else {
            return match self {
                Self::Told(command) => Some(command.clone()),
                Self::Resolve(..) | Self::RefundOurs(..) => None,
            };
        };
        match self {
            Self::Told(command) => Some(command.clone()),
            Self::Resolve(at, action, capability) => {
                let exception = order.exceptions.get(at % order.exceptions.len().max(1))?;
                let mut command = say::resolving(&exception.id, *action);
                command.capability = *capability;
                Some(Command::ResolveException(command))
            }
            Self::RefundOurs(at, state) => {
                let mut ours = order.payments.iter().flat_map(|payment| {
                    let payment_no = payment.payment.out_trade_no.as_str();
                    payment
                        .refunds
                        .iter()
                        .map(move |refund| (payment_no, refund))
                });
                let count = ours.clone().count().max(1);
                let (payment_no, refund) = ours.nth(at % count)?;
                let no = refund.refund_no.as_str();
                let fact = say::stands(no, refund.amount.minor, *state);
                Some(say::query(payment_no, [fact]))
            }
        }
    }
}

fn minor() -> impl Strategy<Value = i64> {
    select(vec![1000, 4400, 7800, 8700, PRICE])
}

fn payment() -> impl Strategy<Value = &'static str> {
    select(vec![P1, P2])
}

fn capability() -> impl Strategy<Value = Capability> {
    select(vec![
        Capability::Full,
        Capability::Retired,
        Capability::ReceivesOnly,
    ])
}

fn policy() -> impl Strategy<Value = Policy> {
    let late = || {
        select(vec![
            LatePolicy::Accept,
            LatePolicy::Hold,
            LatePolicy::Refund,
        ])
    };
    let returned = || select(vec![ReturnPolicy::Hold, ReturnPolicy::Refund]);
    (late(), late(), returned(), returned()).prop_map(
        |(late_expired, late_cancelled, double, mismatch)| Policy {
            late_expired,
            late_cancelled,
            double,
            mismatch,
        },
    )
}

fn state() -> impl Strategy<Value = RefundState> {
    select(vec![
        RefundState::Processing,
        RefundState::Succeeded(None),
        RefundState::NeedsAction,
        RefundState::Failed,
    ])
}

/// What one message may prove, in the order payment, refund, closing.
fn facts() -> impl Strategy<Value = Vec<Fact>> {
    let money = (select(vec!["T1", "T2", "T3", "T4"]), minor(), 0..8_u8).prop_map(
        |(id, minor, application)| {
            Fact::Paid(Receipt {
                application: match application {
                    0 => Application::Unlisted(say::app("2099")),
                    1 => Application::Unstated,
                    _ => Application::Listed(say::app("2021")),
                },
                ..say::receipt(id, if application > 3 { PRICE } else { minor })
            })
        },
    );
    let number = select(vec![None, Some("R1"), Some("R2"), Some("R3"), Some("X1")]);
    let size = prop_oneof![
        minor().prop_map(|minor| RefundSize::Exactly(Money::cny(minor))),
        minor().prop_map(|minor| RefundSize::RunningTotal(Money::cny(minor))),
        Just(RefundSize::Unknown),
    ];
    let refund = (number, size, state()).prop_map(|(no, size, state)| say::refund(no, size, state));
    let closing = select(vec![
        Fact::NotPaidYet,
        Fact::FinallyUnpaid,
        Fact::NoMoreRefunds,
    ]);
    (
        prop::option::weighted(0.7, money),
        prop::option::weighted(0.5, refund),
        prop::option::weighted(0.2, closing),
    )
        .prop_map(|(money, refund, closing)| {
            money.into_iter().chain(refund).chain(closing).collect()
        })
}

fn observe() -> impl Strategy<Value = Command> {
    let source = select(vec![Source::Notify, Source::Query, Source::Bill]);
    (
        payment(),
        source,
        facts(),
        policy(),
        capability(),
        any::<bool>(),
    )
        .prop_map(|(payment, source, facts, policy, capability, foreign)| {
            Command::Observe(Observe {
                foreign: if foreign {
                    Foreign {
                        transactions: vec![say::transaction("T4")],
                        refunds: vec![say::refund_no("back-1")],
                    }
                } else {
                    Foreign::default()
                },
                policy,
                capability,
                ..say::observing(payment, source, facts)
            })
        })
}

fn take_up() -> impl Strategy<Value = Command> {
    let accepted = say::exception("T3", ExceptionKind::Unmatched);
    let basis = select(vec![
        TakeUpBasis::Claimed,
        TakeUpBasis::Accepted {
            exception: accepted,
        },
    ]);
    (payment(), basis, facts())
        .prop_map(|(payment, basis, facts)| say::take_up(payment, basis, facts))
}

fn conclude() -> impl Strategy<Value = Command> {
    let excused = prop::collection::vec(payment(), 0..3);
    (excused, 0_i64..9000, any::<bool>()).prop_map(|(excused, later, cancel)| {
        let conclude = Conclude {
            now: say::NOW.plus_secs(later),
            ..say::concluding(excused, say::NOW)
        };
        if cancel {
            Command::Cancel(conclude)
        } else {
            Command::Expire(conclude)
        }
    })
}

fn refund() -> impl Strategy<Value = Command> {
    let number = || select(vec!["R1", "R2", "R3"]);
    prop_oneof![
        (payment(), number(), minor())
            .prop_map(|(payment, no, minor)| { say::ask_refund(payment, no, minor) }),
        (payment(), number()).prop_map(|(payment, no)| say::submit(payment, no)),
        (payment(), number()).prop_map(|(payment, no)| say::retry(payment, no)),
    ]
}

fn shop() -> impl Strategy<Value = Command> {
    prop_oneof![
        Just(say::place()),
        payment().prop_map(say::start),
        payment().prop_map(say::offer),
        payment().prop_map(say::fail_start),
        payment().prop_map(say::buyer_returns),
        payment().prop_map(|payment| say::hint(payment, "R1")),
        select(vec!["1", "2"]).prop_map(|parcel| say::dispatch(parcel, "SF1")),
        Just(Command::DeliverShipment),
        Just(say::hold()),
        Just(Command::ReleaseShipment),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => observe().prop_map(Step::Told),
        1 => take_up().prop_map(Step::Told),
        1 => conclude().prop_map(Step::Told),
        3 => refund().prop_map(Step::Told),
        4 => shop().prop_map(Step::Told),
        2 => (any::<usize>(), select(ResolutionAction::ALL.to_vec()), capability())
            .prop_map(|(at, action, capability)| Step::Resolve(at, action, capability)),
        3 => (any::<usize>(), state()).prop_map(|(at, state)| Step::RefundOurs(at, state)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1024))]

    #[test]
    fn every_story_keeps_every_promise(steps in prop::collection::vec(step(), 1..40)) {
        let mut story = Story::unplaced()
            .given(say::place())
            .given(say::start(P1))
            .given(say::start(P2));
        for step in steps {
            let Some(command) = step.command(&story) else { continue };
            let before = story.clone();
            // `when` itself holds that every decided event fits the state that it meets.
            let decided = story.when(command.clone());
            if is_of_a_gateway(&command) {
                prop_assert!(decided.is_ok(), "a gateway's fact was refused: {decided:?}");
            }
            if let Ok(events) = &decided {
                dispatches_only_what_may_leave(before.placed(), events);
                refunds_asked_for_never_exceed(&command, events, story.placed());
                is_no_news_again(&story, command);
            }
            money_adds_up(story.placed());
            paid_is_never_undone(before.placed(), story.placed());
            ships_once_and_after_money(&story.events);
            receives_each_transaction_once(&story.events);
            knows_every_exception(story.placed());
        }
        prop_assert_eq!(story.retold(), story.order);
    }
}

fn is_of_a_gateway(command: &Command) -> bool {
    matches!(
        command,
        Command::Observe(_)
            | Command::ObserveReturn(_)
            | Command::ObserveRefundHint(_)
            | Command::TakeUpStray(_)
    )
}

/// The same command again leaves at most a note that it came again.
fn is_no_news_again(story: &Story, command: Command) {
    let again = decide(&story.order, command);
    let notes = [
        "DuplicateNotifyIgnored",
        "ReturnObserved",
        "RefundHintReceived",
    ];
    for event in again.iter().flatten() {
        assert!(notes.contains(&event.name()), "again: {event:?}");
    }
}

fn money_adds_up(order: &PlacedOrder) {
    let (paid, refunded) = (order.paid_minor(), order.refunded_minor());
    let (held, returned) = (order.held_minor(), order.returned_minor());
    assert_eq!(order.received_minor(), paid + held + returned);
    assert!(held >= 0 && returned >= 0 && refunded >= 0 && refunded <= paid);
    assert_eq!(
        order.confirmed().is_some(),
        order.status == OrderStatus::Paid
    );
}

fn paid_is_never_undone(before: &PlacedOrder, after: &PlacedOrder) {
    if let Some(money) = before.confirmed() {
        assert_eq!(after.status, OrderStatus::Paid);
        let still = after.confirmed().map(|money| &money.transaction_id);
        assert_eq!(still, Some(&money.transaction_id));
    }
}

/// What is asked back is within what the money brought, whenever it is asked; and never more is known to
/// be given back.
fn refunds_asked_for_never_exceed(command: &Command, events: &[OrderEvent], after: &PlacedOrder) {
    let asked_here = !matches!(command, Command::TakeUpStray(_));
    for event in events {
        if let (OrderEvent::RefundRequested(event), true) = (event, asked_here) {
            let payment = after.payment(&event.payment).unwrap();
            let money = payment.transaction(&event.transaction_id).unwrap();
            let reserved = payment.refunds.iter().filter(|refund| {
                refund.transaction_id == event.transaction_id && refund.is_reserved()
            });
            let asked: i64 = reserved.map(|refund| refund.amount.minor).sum();
            assert!(asked + money.external_minor <= money.amount.minor);
        }
    }
    for (_, money) in transactions(after) {
        assert!(money.refunded_minor <= money.amount.minor);
    }
}

fn ships_once_and_after_money(events: &[OrderEvent]) {
    let at = |name: &str| {
        let named = events
            .iter()
            .enumerate()
            .filter(|(_, event)| event.name() == name);
        named.map(|(at, _)| at).collect::<Vec<_>>()
    };
    let (confirmed, requested) = (at("PaymentConfirmed"), at("ShipmentRequested"));
    assert!(confirmed.len() <= 1 && requested.len() <= 1);
    if let Some(requested) = requested.first() {
        assert!(
            confirmed
                .first()
                .is_some_and(|confirmed| confirmed < requested)
        );
    }
}

fn dispatches_only_what_may_leave(before: &PlacedOrder, events: &[OrderEvent]) {
    if events
        .iter()
        .any(|event| event.name() == "ShipmentDispatched")
    {
        let status = before.shipment.as_ref().unwrap().status;
        assert!(!matches!(
            status,
            ShipmentStatus::Held | ShipmentStatus::Cancelled
        ));
    }
    if let Some(shipment) = &before.shipment {
        assert_eq!(
            shipment.status == ShipmentStatus::Held,
            !shipment.holds.is_empty()
        );
    }
}

fn receives_each_transaction_once(events: &[OrderEvent]) {
    let mut received: HashSet<&TransactionId> = HashSet::new();
    let mut held: HashSet<&TransactionId> = HashSet::new();
    for event in events {
        let money = match event {
            OrderEvent::PaymentConfirmed(event) => {
                let id = &event.money.receipt.transaction_id;
                if matches!(event.basis, Basis::Accepted(_)) && held.remove(id) {
                    continue;
                }
                id
            }
            OrderEvent::LatePaymentReceived(event) | OrderEvent::DoublePaymentReceived(event) => {
                &event.money.receipt.transaction_id
            }
            OrderEvent::MismatchedPaymentReceived(event) => &event.money.receipt.transaction_id,
            _ => continue,
        };
        held.insert(money);
        assert!(received.insert(money), "{money} was received twice");
    }
}

fn knows_every_exception(order: &PlacedOrder) {
    let ids: HashSet<_> = order
        .exceptions
        .iter()
        .map(|exception| &exception.id)
        .collect();
    assert_eq!(ids.len(), order.exceptions.len());
    for (_, money) in transactions(order) {
        if let Disposition::Held(exception) | Disposition::Returned(exception) = &money.disposition
        {
            assert!(ids.contains(exception));
        }
    }
}

fn transactions(
    order: &PlacedOrder,
) -> impl Iterator<Item = (&payfold_domain::order::Payment, &Transaction)> {
    order.payments.iter().flat_map(|payment| {
        payment
            .transactions
            .iter()
            .map(move |money| (payment, money))
    })
}

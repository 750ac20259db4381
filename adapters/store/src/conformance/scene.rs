//! What the cases play with: an account, orders, payments, and appends made as the service makes them.

use bytes::Bytes;
use payfold_domain::event::{
    Basis, Event, Fulfilment, MoneyReceived, OrderEvent, OrderPlaced, PaymentConfirmed,
    PaymentStarted, StrayEvent, UnexpectedMoney,
};
use payfold_domain::exception::{ExceptionId, ExceptionKind};
use payfold_domain::{
    AccountName, Application, KeyFingerprint, Method, Money, OrderNo, OutTradeNo, PaymentRef,
    Receipt, Source, Timestamp, TransactionId,
};
use uuid::Uuid;

use crate::evidence::{Channel, EvidenceMessage};
use crate::port::{Append, EvidenceKey, Head, Outcome, Position, Recorded, Scope, Store};
use crate::prepare::{Decision, prepare};
use crate::stream::{Claim, StreamName};

pub(super) fn order_stream(number: usize) -> StreamName {
    StreamName::Order(order_no(number))
}

pub(super) fn stray_stream(payment: &PaymentRef) -> StreamName {
    StreamName::Stray(payment.clone())
}

fn order_no(number: usize) -> OrderNo {
    OrderNo::new(&format!("O-{number:05}")).unwrap()
}

fn account() -> AccountName {
    AccountName::new("ali").unwrap()
}

pub(super) fn payment(number: usize) -> PaymentRef {
    PaymentRef {
        account: account(),
        out_trade_no: OutTradeNo::new(&format!("P{number:06}")).unwrap(),
    }
}

fn transaction(number: usize) -> TransactionId {
    TransactionId::from_gateway(&format!("20261125{number:08}")).unwrap()
}

pub(super) fn transaction_claim(number: usize) -> Claim {
    Claim::Transaction(account(), transaction(number))
}

pub(super) fn placed(number: usize) -> Event {
    Event::Order(OrderEvent::OrderPlaced(OrderPlaced {
        order_no: order_no(number),
        amount: Money::cny(8800),
        fulfilment: Fulfilment::Ship,
        expires_at: time().plus_secs(7200),
        subject: Some("tea for two".to_owned()),
        metadata: None,
    }))
}

pub(super) fn started(payment: PaymentRef) -> Event {
    Event::Order(OrderEvent::PaymentStarted(PaymentStarted {
        payment,
        method: Method::External,
        asked: Money::cny(8800),
        app_id: None,
        expires_at: None,
        return_url: None,
        openid: None,
        client_ip: None,
    }))
}

fn money(payment: PaymentRef, number: usize) -> MoneyReceived {
    MoneyReceived {
        payment,
        method: Method::External,
        receipt: Receipt {
            transaction_id: transaction(number),
            amount: Money::cny(8800),
            application: Application::Unstated,
            paid_at: time(),
        },
        source: Source::Notify,
    }
}

pub(super) fn confirmed(payment: PaymentRef, number: usize) -> Event {
    Event::Order(OrderEvent::PaymentConfirmed(PaymentConfirmed {
        money: money(payment, number),
        basis: Basis::AsAsked,
    }))
}

pub(super) fn unmatched(payment: PaymentRef, number: usize) -> Event {
    let transaction_id = transaction(number);
    let exception = ExceptionId::derive(
        &payment.account,
        transaction_id.as_str(),
        ExceptionKind::Unmatched,
    );
    Event::Stray(StrayEvent::UnmatchedPaymentReceived(UnexpectedMoney {
        money: money(payment, number),
        exception,
    }))
}

fn time() -> Timestamp {
    Timestamp::from_secs(1_795_571_999)
}

/// A decision's append at the stream's end as it is now; `receipt` makes its ids and salts.
pub(super) async fn append_now(
    store: &dyn Store,
    stream: &StreamName,
    receipt: u128,
    events: &[Event],
) -> Append {
    let head = store.head(stream).await.unwrap();
    append_at(head, stream, receipt, events)
}

/// A decision's append at that end of the stream.
pub(super) fn append_at(
    head: Head,
    stream: &StreamName,
    receipt: u128,
    events: &[Event],
) -> Append {
    let decision = Decision {
        stream,
        head,
        receipt: Uuid::from_u128(receipt),
        time: time(),
        events,
        evidence: None,
        taken_up: None,
    };
    prepare(decision, &mut salts(receipt)).unwrap()
}

/// The same, resting on a message, and taking a stray up where one is named.
pub(super) fn append_with(
    head: Head,
    stream: &StreamName,
    receipt: u128,
    events: &[Event],
    taken_up: Option<&StreamName>,
) -> Append {
    let message = EvidenceMessage {
        channel: Channel::AlipayNotify,
        account: account(),
        received_at: time(),
        headers: Vec::new(),
        body: Bytes::from(format!("notify_id={receipt}")),
    };
    let decision = Decision {
        stream,
        head,
        receipt: Uuid::from_u128(receipt),
        time: time(),
        events,
        evidence: Some((&message, key())),
        taken_up,
    };
    prepare(decision, &mut salts(receipt)).unwrap()
}

pub(super) fn key() -> EvidenceKey {
    EvidenceKey {
        fingerprint: KeyFingerprint([9; 32]),
        spki_der: Some(Bytes::from_static(b"the key's DER")),
    }
}

fn salts(receipt: u128) -> impl FnMut() -> [u8; 32] {
    let mut calls = 0_u128;
    move || {
        calls += 1;
        let mut salt = [0; 32];
        let (receipts, rest) = salt.split_at_mut(16);
        receipts.copy_from_slice(&receipt.to_be_bytes());
        rest.copy_from_slice(&calls.to_be_bytes());
        salt
    }
}

/// The outcome's position and head; anything but an append fails the case.
#[track_caller]
pub(super) fn stored(outcome: &Outcome) -> (Position, Head) {
    let appended = match outcome {
        Outcome::Appended { position, head } => Some((*position, *head)),
        Outcome::VersionConflict { .. } | Outcome::ClaimConflict { .. } => None,
    };
    assert!(appended.is_some(), "expected an append, found {outcome:?}");
    appended.unwrap_or_default()
}

/// Everything that the store's feed shows, read in pages of that size.
pub(super) async fn feed(store: &dyn Store, page: usize, scope: Scope) -> Vec<Recorded> {
    let mut events = Vec::new();
    let mut after = Position(0);
    loop {
        let read = store.read(after, page, scope).await.unwrap();
        if read.read_to == after {
            return events;
        }
        assert!(read.events.len() <= page, "a page is longer than asked");
        after = read.read_to;
        events.extend(read.events);
    }
}

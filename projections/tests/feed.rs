//! A feed to fold: domain events, encoded as a store would have them.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;
use payfold_domain::event::{
    Event, Fulfilment, MoneyReceived, Offer, OrderEvent, OrderPlaced, PaymentConfirmed,
    PaymentOffered, PaymentStarted, StrayEvent, UnexpectedMoney,
};
use payfold_domain::exception::{ExceptionId, ExceptionKind};
use payfold_domain::{
    AccountName, AppId, Application, Method, Money, OrderNo, OutTradeNo, PaymentRef, Receipt,
    RefundNo, Source, Timestamp, TransactionId,
};
use payfold_projections::{Place, Runner, Views};
use payfold_store::{Position, Recorded, StreamName};
use uuid::Uuid;

pub(crate) const STORE: Uuid = Uuid::from_u128(7);

/// 2026-01-01T00:00:00Z, eight in the morning in Shanghai.
pub(crate) const NEW_YEAR_S: i64 = 1_767_225_600;

/// A feed that grows.
#[derive(Default)]
pub(crate) struct Feed {
    pub(crate) recorded: Vec<Recorded>,
    versions: HashMap<StreamName, u64>,
}

impl Feed {
    /// An order's event, `at` seconds after the new year.
    pub(crate) fn order(&mut self, order_no: &str, at: i64, event: OrderEvent) -> Position {
        self.push(StreamName::Order(order(order_no)), at, &Event::Order(event))
    }

    /// A stray's event.
    pub(crate) fn stray(&mut self, number: &str, at: i64, event: StrayEvent) -> Position {
        self.push(StreamName::Stray(payment(number)), at, &Event::Stray(event))
    }

    pub(crate) fn push(&mut self, stream: StreamName, at: i64, event: &Event) -> Position {
        let encoded = payfold_store::encode(event).unwrap();
        self.record(stream, at, encoded.kind, encoded.schema, encoded.data)
    }

    /// An event that no binary can read.
    pub(crate) fn unreadable(&mut self, stream: StreamName, at: i64) -> Position {
        self.record(stream, at, "NobodyKnows", 1, Bytes::from_static(b"{}"))
    }

    fn record(
        &mut self,
        stream: StreamName,
        at: i64,
        kind: &str,
        schema: u16,
        data: Bytes,
    ) -> Position {
        let version = self.versions.entry(stream.clone()).or_default();
        *version += 1;
        // Positions have gaps.
        let position = Position(3 * u64::try_from(self.recorded.len()).unwrap() + 3);
        let mut hash = [0; 32];
        hash[..8].copy_from_slice(&position.0.to_be_bytes());
        self.recorded.push(Recorded {
            position,
            stream,
            version: *version,
            id: Uuid::from_u128(u128::from(position.0)),
            kind: Arc::from(kind),
            schema,
            time: after_new_year(at),
            data,
            private: None,
            evidence: None,
            hash,
        });
        position
    }

    /// The views of it, in memory.
    pub(crate) fn folded(&self) -> (Runner, Views) {
        let (mut runner, views) = Runner::open(Place::in_memory(), STORE).unwrap();
        runner
            .apply(Position::default(), &self.recorded, self.tip())
            .unwrap();
        (runner, views)
    }

    /// Where the feed ends.
    pub(crate) fn tip(&self) -> Position {
        self.recorded
            .last()
            .map_or(Position::default(), |last| last.position)
    }
}

pub(crate) fn after_new_year(secs: i64) -> Timestamp {
    Timestamp::from_secs(NEW_YEAR_S + secs)
}

pub(crate) fn order(order_no: &str) -> OrderNo {
    OrderNo::new(order_no).unwrap()
}

pub(crate) fn account() -> AccountName {
    AccountName::new("ali").unwrap()
}

pub(crate) fn payment(number: &str) -> PaymentRef {
    PaymentRef {
        account: account(),
        out_trade_no: OutTradeNo::from_gateway(number).unwrap(),
    }
}

pub(crate) fn refund_no(number: &str) -> RefundNo {
    RefundNo::from_gateway(number).unwrap()
}

pub(crate) fn transaction(number: &str) -> TransactionId {
    TransactionId::from_gateway(&format!("t-{number}")).unwrap()
}

pub(crate) fn exception(number: &str, kind: ExceptionKind) -> ExceptionId {
    ExceptionId::derive(&account(), number, kind)
}

pub(crate) fn placed(order_no: &str) -> OrderEvent {
    OrderEvent::OrderPlaced(OrderPlaced {
        order_no: order(order_no),
        amount: Money::cny(8800),
        fulfilment: Fulfilment::Ship,
        expires_at: after_new_year(7200),
        subject: None,
        metadata: None,
    })
}

pub(crate) fn started(number: &str, expires_at: Option<i64>) -> OrderEvent {
    OrderEvent::PaymentStarted(PaymentStarted {
        payment: payment(number),
        method: Method::AlipayPage,
        asked: Money::cny(8800),
        app_id: None,
        expires_at: expires_at.map(after_new_year),
        return_url: None,
        openid: None,
        client_ip: None,
    })
}

pub(crate) fn offered(number: &str) -> OrderEvent {
    OrderEvent::PaymentOffered(PaymentOffered {
        payment: payment(number),
        method: Method::AlipayPage,
        offer: Offer::Signed,
        valid_until: None,
    })
}

/// Money that came by a payment, `at` seconds after the new year by the gateway's clock.
pub(crate) fn money(number: &str, method: Method, at: i64) -> MoneyReceived {
    MoneyReceived {
        payment: payment(number),
        method,
        receipt: Receipt {
            transaction_id: transaction(number),
            amount: Money::cny(8800),
            application: Application::Listed(AppId::new("app").unwrap()),
            paid_at: after_new_year(at),
        },
        source: Source::Notify,
    }
}

pub(crate) fn confirmed(number: &str, at: i64) -> OrderEvent {
    OrderEvent::PaymentConfirmed(PaymentConfirmed {
        money: money(number, Method::AlipayPage, at),
        basis: payfold_domain::event::Basis::AsAsked,
    })
}

pub(crate) fn late(number: &str, at: i64) -> OrderEvent {
    OrderEvent::LatePaymentReceived(UnexpectedMoney {
        money: money(number, Method::AlipayPage, at),
        exception: exception(number, ExceptionKind::Late),
    })
}

pub(crate) fn unmatched(number: &str, at: i64) -> StrayEvent {
    StrayEvent::UnmatchedPaymentReceived(UnexpectedMoney {
        money: money(number, Method::Unknown, at),
        exception: exception(number, ExceptionKind::Unmatched),
    })
}

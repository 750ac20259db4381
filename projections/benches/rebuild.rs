//! How fast the views are built from the events: orders that are placed, started, offered, paid and
//! shipped, many at a time, as a shop's day makes them.
#![expect(clippy::unwrap_used, reason = "a measurement fails by panicking")]

use std::sync::Arc;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use payfold_domain::event::{
    Basis, Event, Fulfilment, MoneyReceived, Offer, OrderEvent, OrderPlaced, PaymentConfirmed,
    PaymentOffered, PaymentStarted,
};
use payfold_domain::{
    AccountName, AppId, Application, Method, Money, OrderNo, OutTradeNo, PaymentRef, Receipt,
    Source, Timestamp, TransactionId,
};
use payfold_projections::{Place, Runner};
use payfold_store::{Position, Recorded, StreamName};
use uuid::Uuid;

const ORDERS: usize = 40_000;
/// How many orders are under way at a time.
const UNDER_WAY: usize = 2_000;
const STRETCH: usize = 8_192;
const NEW_YEAR_US: i64 = 1_767_225_600_000_000;

fn order_events(number: usize) -> Vec<OrderEvent> {
    let payment = PaymentRef {
        account: AccountName::new("ali").unwrap(),
        out_trade_no: OutTradeNo::new(&format!("P{number:08}")).unwrap(),
    };
    let method = Method::AlipayPage;
    let placed_at = Timestamp::from_micros(NEW_YEAR_US);
    vec![
        OrderEvent::OrderPlaced(OrderPlaced {
            order_no: OrderNo::new(&format!("A-{number:08}")).unwrap(),
            amount: Money::cny(8800),
            fulfilment: Fulfilment::Ship,
            expires_at: placed_at.plus_secs(7200),
            subject: None,
            metadata: None,
        }),
        OrderEvent::PaymentStarted(PaymentStarted {
            payment: payment.clone(),
            method,
            asked: Money::cny(8800),
            app_id: Some(AppId::new("2021000000000000").unwrap()),
            expires_at: Some(placed_at.plus_secs(7200)),
            return_url: None,
            openid: None,
            client_ip: None,
        }),
        OrderEvent::PaymentOffered(PaymentOffered {
            payment: payment.clone(),
            method,
            offer: Offer::Signed,
            valid_until: None,
        }),
        OrderEvent::PaymentConfirmed(PaymentConfirmed {
            money: MoneyReceived {
                payment,
                method,
                receipt: Receipt {
                    transaction_id: TransactionId::from_gateway(&format!("2026{number:020}"))
                        .unwrap(),
                    amount: Money::cny(8800),
                    application: Application::Listed(AppId::new("2021000000000000").unwrap()),
                    paid_at: placed_at,
                },
                source: Source::Notify,
            },
            basis: Basis::AsAsked,
        }),
        OrderEvent::ShipmentRequested,
    ]
}

/// The feed: of each group of orders first all are placed, then all are started, and so on.
fn feed() -> Vec<Recorded> {
    let mut recorded: Vec<Recorded> = Vec::new();
    for first in (0..ORDERS).step_by(UNDER_WAY) {
        let orders: Vec<_> = (first..first + UNDER_WAY).map(order_events).collect();
        for step in 0..5 {
            for (number, events) in (first..).zip(&orders) {
                let event = events.get(step).unwrap().clone();
                let encoded = payfold_store::encode(&Event::Order(event)).unwrap();
                let position = u64::try_from(recorded.len()).unwrap() + 1;
                recorded.push(Recorded {
                    position: Position(position),
                    stream: StreamName::Order(OrderNo::new(&format!("A-{number:08}")).unwrap()),
                    version: u64::try_from(step).unwrap() + 1,
                    id: Uuid::from_u128(u128::from(position)),
                    kind: Arc::from(encoded.kind),
                    schema: encoded.schema,
                    time: Timestamp::from_micros(NEW_YEAR_US + i64::try_from(position).unwrap()),
                    data: encoded.data,
                    private: None,
                    evidence: None,
                    hash: [0; 32],
                });
            }
        }
    }
    recorded
}

fn build(feed: &[Recorded], runner: &mut Runner, stretch: usize) {
    let mut after = Position::default();
    for stretch in feed.chunks(stretch) {
        let read_to = stretch.last().unwrap().position;
        runner.apply(after, stretch, read_to).unwrap();
        after = read_to;
    }
}

fn rebuild(criterion: &mut Criterion) {
    let feed = feed();
    let mut group = criterion.benchmark_group("views");
    group.sample_size(10);
    group.throughput(Throughput::Elements(u64::try_from(feed.len()).unwrap()));
    // As fast as can be, and as under load, where a stretch is what came within 50 ms.
    for (name, stretch) in [("rebuild", STRETCH), ("follow 15,000/s", 750)] {
        group.bench_function(name, |bencher| {
            bencher.iter_batched_ref(
                || {
                    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
                    let place = Place::Folder(folder.path().to_owned());
                    let (runner, views) = Runner::open(place, Uuid::from_u128(1)).unwrap();
                    (folder, runner, views)
                },
                |(_folder, runner, _views)| build(&feed, runner, stretch),
                BatchSize::PerIteration,
            );
        });
    }
    group.finish();
}

criterion_group!(benches, rebuild);
criterion_main!(benches);

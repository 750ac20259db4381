//! What the embedded store takes and gives: appends in groups, loads of one order, the total order.
//!
//! An event is 600 B of data beside 1.2 kB of evidence, four to an order, as a notify makes it.
#![expect(clippy::unwrap_used, reason = "a measurement fails by panicking")]

use std::hint::black_box;

use bytes::Bytes;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use futures_util::future::join_all;
use payfold_domain::{AccountName, KeyFingerprint, OrderNo, OutTradeNo, PaymentRef, Timestamp};
use payfold_sqlite::{Options, SqliteStore};
use payfold_store::{
    Append, Claim, ClaimRequest, Committed, EvidenceKey, NewEvent, NewEvidence, Outcome, Position,
    Scope, Store, StreamName,
};
use tempfile::TempDir;
use tokio::runtime::Runtime;
use uuid::Uuid;

const EVENTS_AN_ORDER: u64 = 4;
/// Prime, so that orders written one after the other do not lie beside each other.
const STEP: u64 = 7_919;

/// The nth append of a shop whose orders get one event after the other.
fn append(number: u64) -> Append {
    let (order, expected) = (number / EVENTS_AN_ORDER, number % EVENTS_AN_ORDER);
    let claim = (expected == 0).then(|| ClaimRequest {
        claim: Claim::Payment(PaymentRef {
            account: AccountName::new("ali").unwrap(),
            out_trade_no: OutTradeNo::from_gateway(&format!("P{order}")).unwrap(),
        }),
        take_from: None,
    });
    let committed = |bytes: usize| Committed {
        commitment: [1; 32],
        salt: [2; 32],
        bytes: Bytes::from(vec![b'x'; bytes]),
    };
    Append {
        stream: stream(order),
        expected,
        time: Timestamp::from_micros(1_700_000_000_000_000),
        events: vec![NewEvent {
            id: Uuid::from_u64_pair(order, expected),
            kind: "PaymentConfirmed",
            schema: 1,
            data: Bytes::from(vec![b'x'; 600]),
            private: None,
            evidence: Some([1; 32]),
            hash: [3; 32],
        }],
        claims: claim.into_iter().collect(),
        evidence: Some(NewEvidence {
            message: committed(1_200),
            key: EvidenceKey {
                fingerprint: KeyFingerprint([4; 32]),
                spki_der: Some(Bytes::from_static(&[5; 294])),
            },
        }),
    }
}

fn stream(order: u64) -> StreamName {
    StreamName::Order(OrderNo::new(&format!("A-{order}")).unwrap())
}

struct Scene {
    runtime: Runtime,
    _folder: TempDir,
    store: SqliteStore,
    appended: u64,
}

impl Scene {
    fn new() -> Self {
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        #[expect(
            clippy::disallowed_methods,
            reason = "the store ends its threads when it is closed"
        )]
        let spawn = |name: &'static str, run: Box<dyn FnOnce() + Send>| {
            let thread = std::thread::Builder::new().name(name.to_owned());
            thread.spawn(run).map(drop)
        };
        let store = SqliteStore::open(
            folder.path(),
            Uuid::from_u128(1),
            Options::default(),
            &spawn,
        )
        .unwrap();
        Self {
            runtime: tokio::runtime::Builder::new_current_thread()
                .build()
                .unwrap(),
            _folder: folder,
            store,
            appended: 0,
        }
    }

    /// So many appends at once, and waits for all of them.
    fn group(&mut self, size: u64) {
        let appends = (self.appended..self.appended + size).map(append);
        let appended = join_all(appends.map(|append| self.store.append(append)));
        for outcome in self.runtime.block_on(appended) {
            assert!(matches!(outcome.unwrap(), Outcome::Appended { .. }));
        }
        self.appended += size;
    }

    fn fill(&mut self, orders: u64) {
        while self.appended < orders * EVENTS_AN_ORDER {
            self.group(256);
        }
    }
}

fn appends(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("append");
    for size in [1, 8, 64, 256] {
        let mut scene = Scene::new();
        group.throughput(Throughput::Elements(size));
        group.bench_with_input(BenchmarkId::from_parameter(size), &size, |bencher, size| {
            bencher.iter(|| scene.group(*size));
        });
    }
    group.finish();
}

fn loads(criterion: &mut Criterion) {
    let mut scene = Scene::new();
    let mut group = criterion.benchmark_group("load");
    for orders in [1_000, 100_000] {
        scene.fill(orders);
        let mut order = 0;
        group.bench_function(BenchmarkId::from_parameter(orders), |bencher| {
            bencher.iter(|| {
                order = (order + STEP) % orders;
                let name = stream(order);
                let events = scene.runtime.block_on(scene.store.load(&name, 0)).unwrap();
                assert_eq!(black_box(events).len(), 4);
            });
        });
    }
    group.finish();
    scan(criterion, &scene);
}

fn scan(criterion: &mut Criterion, scene: &Scene) {
    const PAGE: u64 = 500;
    let mut group = criterion.benchmark_group("read");
    group.throughput(Throughput::Elements(PAGE));
    for (name, scope) in [("public", Scope::Public), ("everything", Scope::Everything)] {
        let mut after = Position(0);
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                let page = scene.store.read(after, 500, scope);
                let page = black_box(scene.runtime.block_on(page).unwrap());
                assert_eq!(page.events.len(), 500);
                after = page.read_to;
                if after.0 + PAGE > scene.appended {
                    after = Position(0);
                }
            });
        });
    }
    group.finish();
}

criterion_group!(store, appends, loads);
criterion_main!(store);

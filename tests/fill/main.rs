//! Fills a store with orders, to measure what a large one costs:
//! `cargo run --release --example fill -- --data FOLDER --orders 1000000`. Each has what an ordinary one
//! has: placed, started, paid by a notify that is kept as evidence, and shipped to nobody. No gateway
//! signed the notifies, so an audit of the evidence finds that. With `--open-secs`, nothing is paid.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "it ends where it fails, and says how far it came"
)]

use std::path::PathBuf;

use bytes::Bytes;
use clap::Parser;
use futures_util::{StreamExt as _, stream};
use payfold_domain::event::{
    Basis, Event, Fulfilment, MoneyReceived, OrderEvent, OrderPlaced, PaymentConfirmed,
    PaymentStarted,
};
use payfold_domain::{
    AccountName, AppId, Application, KeyFingerprint, Method, Money, OrderNo, OutTradeNo,
    PaymentRef, Receipt, Source, Timestamp, TransactionId,
};
use payfold_sqlite::{Options, SqliteStore};
use payfold_store::{
    Channel, Decision, EvidenceKey, EvidenceMessage, Head, Outcome, Store as _, StreamName, prepare,
};
use uuid::Uuid;

/// How many orders are on their way to the store at a time.
const AT_ONCE: usize = 1_000;

/// When the first was paid: the beginning of 2026 in Beijing, in seconds since 1970.
const FIRST_SECS: i64 = 1_767_196_800;

/// Fills a store with orders.
#[derive(Debug, Parser)]
struct Arguments {
    /// The store's folder, which is made
    #[arg(long)]
    data: PathBuf,
    /// How many orders, one a second
    #[arg(long, default_value_t = 1_000_000)]
    orders: u32,
    /// The Alipay account that they are paid in
    #[arg(long, default_value = "alipay")]
    account: String,
    /// Leaves them open, and spreads their beginnings over so many seconds before now
    #[arg(long)]
    open_secs: Option<u32>,
}

/// When each order began, and whether it is left open.
#[derive(Clone, Copy)]
enum Kind {
    Paid,
    Open { first: Timestamp, step_micros: i64 },
}

impl Kind {
    fn of(arguments: &Arguments) -> Self {
        let Some(secs) = arguments.open_secs else {
            return Self::Paid;
        };
        #[expect(clippy::disallowed_methods, reason = "the service's own clock")]
        let now = std::time::SystemTime::now();
        let now = now.duration_since(std::time::UNIX_EPOCH).unwrap();
        let first = i64::try_from(now.as_secs()).unwrap() - i64::from(secs);
        Self::Open {
            first: Timestamp::from_secs(first),
            step_micros: i64::from(secs) * 1_000_000 / i64::from(arguments.orders),
        }
    }

    fn began(self, number: u32) -> Timestamp {
        match self {
            Self::Paid => Timestamp::from_secs(FIRST_SECS + i64::from(number)),
            Self::Open { first, step_micros } => {
                let after = step_micros * i64::from(number);
                Timestamp::from_micros(first.as_micros() + after)
            }
        }
    }
}

#[tokio::main]
async fn main() {
    let arguments = Arguments::parse();
    let account = AccountName::new(&arguments.account).unwrap();
    #[expect(clippy::disallowed_methods, reason = "the store's own threads")]
    let spawn = |_: &'static str, work: Box<dyn FnOnce() + Send>| {
        std::thread::Builder::new().spawn(work).map(drop)
    };
    let id = Uuid::from_u128(0x7061_7966);
    let store = SqliteStore::open(&arguments.data, id, Options::default(), &spawn).unwrap();
    let kind = Kind::of(&arguments);
    stream::iter(0..arguments.orders)
        .map(|number| put(&store, &account, kind, number))
        .buffer_unordered(AT_ONCE)
        .collect::<()>()
        .await;
    let tip = *store.tip().borrow();
    store.close();
    println!("{} orders, {} events", arguments.orders, tip.0);
}

async fn put(store: &SqliteStore, account: &AccountName, kind: Kind, number: u32) {
    let stream = StreamName::Order(OrderNo::new(&format!("F{number:010}")).unwrap());
    let at = kind.began(number);
    let message = EvidenceMessage {
        channel: Channel::AlipayNotify,
        account: account.clone(),
        received_at: at,
        headers: Vec::new(),
        body: Bytes::from(vec![b'x'; 1_100]),
    };
    let key = EvidenceKey {
        fingerprint: KeyFingerprint([7; 32]),
        spki_der: None,
    };
    let [placed, started, confirmed] = story(account, number, at);
    let (events, evidence) = match kind {
        Kind::Paid => (vec![placed, started, confirmed], Some((&message, key))),
        Kind::Open { .. } => (vec![placed, started], None),
    };
    let decision = Decision {
        stream: &stream,
        head: Head::default(),
        receipt: Uuid::from_u128(u128::from(number)),
        time: at,
        events: &events,
        evidence,
        taken_up: None,
    };
    let append = prepare(decision, &mut || [7; 32]).unwrap();
    let stored = store.append(append).await.unwrap();
    assert!(matches!(stored, Outcome::Appended { .. }), "{stored:?}");
}

fn story(account: &AccountName, number: u32, at: Timestamp) -> [Event; 3] {
    let payment = PaymentRef {
        account: account.clone(),
        out_trade_no: OutTradeNo::new(&format!("F{number:010}")).unwrap(),
    };
    let amount = Money::cny(8_800);
    let placed = OrderPlaced {
        order_no: OrderNo::new(&format!("F{number:010}")).unwrap(),
        amount,
        fulfilment: Fulfilment::None,
        expires_at: at.plus_secs(7_200),
        subject: Some("Tea".to_owned()),
        metadata: None,
    };
    let started = PaymentStarted {
        payment: payment.clone(),
        method: Method::External,
        asked: amount,
        app_id: None,
        expires_at: None,
        return_url: None,
        openid: None,
        client_ip: None,
    };
    let receipt = Receipt {
        transaction_id: TransactionId::from_gateway(&format!("2026010122001{number:015}")).unwrap(),
        amount,
        application: Application::Listed(AppId::new("2021000000000000").unwrap()),
        paid_at: at,
    };
    let money = MoneyReceived {
        payment,
        method: Method::External,
        receipt,
        source: Source::Notify,
    };
    [
        OrderEvent::OrderPlaced(placed),
        OrderEvent::PaymentStarted(started),
        OrderEvent::PaymentConfirmed(PaymentConfirmed {
            money,
            basis: Basis::AsAsked,
        }),
    ]
    .map(Event::Order)
}

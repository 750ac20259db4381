//! Stores, streams and appends for the tests here.

use std::path::Path;

use bytes::Bytes;
use payfold_domain::{AccountName, KeyFingerprint, OrderNo, OutTradeNo, PaymentRef, Timestamp};
use payfold_sqlite::{OpenError, Options, SqliteStore};
use payfold_store::{
    Append, Claim, ClaimRequest, Committed, EvidenceKey, Hash, NewEvent, NewEvidence, StreamName,
};
use uuid::Uuid;

pub(crate) const STORE_ID: Uuid = Uuid::from_u128(7);

#[expect(
    clippy::disallowed_methods,
    reason = "the store ends its threads when it is closed"
)]
pub(crate) fn spawn(
    name: &'static str,
    run: Box<dyn FnOnce() + Send + 'static>,
) -> std::io::Result<()> {
    std::thread::Builder::new()
        .name(name.to_owned())
        .spawn(run)
        .map(drop)
}

pub(crate) fn open(folder: &Path) -> Result<SqliteStore, OpenError> {
    SqliteStore::open(folder, STORE_ID, Options::default(), &spawn)
}

pub(crate) fn order(number: u64) -> StreamName {
    StreamName::Order(OrderNo::new(&format!("A-{number}")).unwrap())
}

fn payment(number: u64) -> PaymentRef {
    PaymentRef {
        account: AccountName::new("ali").unwrap(),
        out_trade_no: OutTradeNo::from_gateway(&format!("PAY{number}")).unwrap(),
    }
}

pub(crate) fn claim(number: u64) -> Claim {
    Claim::Payment(payment(number))
}

fn id(stream: &StreamName, version: u64, receipt: u64) -> Uuid {
    let name = format!("{receipt} {stream} {version}");
    Uuid::new_v5(&STORE_ID, name.as_bytes())
}

/// One event a version, of a receipt of its own, so that the same arguments make the same append.
pub(crate) fn append(stream: &StreamName, expected: u64, events: u64, receipt: u64) -> Append {
    let event = |version| NewEvent {
        id: id(stream, version, receipt),
        kind: "PaymentConfirmed",
        schema: 1,
        data: Bytes::from(format!("{{\"version\":{version},\"receipt\":{receipt}}}")),
        private: None,
        evidence: None,
        hash: hash(stream, version, receipt),
    };
    Append {
        stream: stream.clone(),
        expected,
        time: Timestamp::from_micros(1_700_000_000_000_000),
        events: (expected + 1..=expected + events).map(event).collect(),
        claims: Vec::new(),
        evidence: None,
    }
}

/// Some 32 bytes that differ for each event; the engine looks at none of them.
fn hash(stream: &StreamName, version: u64, receipt: u64) -> Hash {
    let id = id(stream, version, receipt);
    let mut hash = [0; 32];
    hash[..16].copy_from_slice(id.as_bytes());
    hash[16..].copy_from_slice(id.as_bytes());
    hash
}

pub(crate) fn claiming(mut append: Append, claim: Claim) -> Append {
    append.claims.push(ClaimRequest {
        claim,
        take_from: None,
    });
    append
}

/// With a private part at the first event, and a message that all of them rest on.
pub(crate) fn resting_on(mut append: Append, message: &'static [u8]) -> Append {
    let committed = |bytes: &'static [u8], commitment| Committed {
        commitment: [commitment; 32],
        salt: [9; 32],
        bytes: Bytes::from_static(bytes),
    };
    for event in &mut append.events {
        event.evidence = Some([1; 32]);
    }
    append.events[0].private = Some(committed(b"{\"buyer\":\"x\"}", 2));
    append.evidence = Some(NewEvidence {
        message: committed(message, 1),
        key: EvidenceKey {
            fingerprint: KeyFingerprint([3; 32]),
            spki_der: Some(Bytes::from_static(b"spki")),
        },
    });
    append
}

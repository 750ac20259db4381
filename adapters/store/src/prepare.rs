//! What was decided, made ready to be stored: events encoded, committed and chained from the loaded
//! head, with ids that are the same however often the same decision is sent, and the claims that the
//! events make.

use bytes::Bytes;
use payfold_domain::Timestamp;
use payfold_domain::event::Event;
use uuid::Uuid;

use crate::chain::{Link, commit};
use crate::claims::claims_of;
use crate::codec::{EncodeError, Encoded, encode};
use crate::evidence::EvidenceMessage;
use crate::port::{
    Append, ClaimRequest, Committed, EvidenceKey, Hash, Head, NewEvent, NewEvidence,
};
use crate::stream::StreamName;

/// One decision about one stream.
#[derive(Debug)]
pub struct Decision<'a> {
    /// The stream.
    pub stream: &'a StreamName,
    /// Its end as it was when the decision was made.
    pub head: Head,
    /// Random for each request taken in, fixed for each step of a job; see [`event_id`].
    pub receipt: Uuid,
    /// The events' own time.
    pub time: Timestamp,
    /// What was decided, at least one event.
    pub events: &'a [Event],
    /// The raw message that it rests on, and the key that verified it.
    pub evidence: Option<(&'a EvidenceMessage, EvidenceKey)>,
    /// The stray's stream that the order takes up with these events: its claims go over to the order.
    pub taken_up: Option<&'a StreamName>,
}

/// Makes a decision ready to be stored. `salts` gives 32 fresh random bytes at each call, for each
/// private part and for the evidence.
pub fn prepare(
    decision: Decision<'_>,
    salts: &mut dyn FnMut() -> [u8; 32],
) -> Result<Append, EncodeError> {
    let evidence = decision.evidence.map(|(message, key)| NewEvidence {
        message: committed(message.encode(), salts),
        key,
    });
    let mut chained = Chained {
        name: decision.stream.to_string(),
        head: decision.head,
        receipt: decision.receipt,
        time: decision.time,
        evidence: evidence.as_ref().map(|kept| kept.message.commitment),
        events: Vec::with_capacity(decision.events.len()),
    };
    for event in decision.events {
        chained.push(encode(event)?, decision.head.version, salts);
    }
    Ok(Append {
        claims: claims(decision.events, decision.taken_up),
        stream: decision.stream.clone(),
        expected: decision.head.version,
        time: decision.time,
        events: chained.events,
        evidence,
    })
}

/// The append of one event that no decision of the domain makes.
pub(crate) fn prepare_bare(
    stream: &StreamName,
    head: Head,
    receipt: Uuid,
    time: Timestamp,
    encoded: Encoded,
) -> Append {
    let mut chained = Chained {
        name: stream.to_string(),
        head,
        receipt,
        time,
        evidence: None,
        events: Vec::with_capacity(1),
    };
    chained.push(encoded, head.version, &mut || [0; 32]);
    Append {
        stream: stream.clone(),
        expected: head.version,
        time,
        events: chained.events,
        claims: Vec::new(),
        evidence: None,
    }
}

/// The id of an append's event: UUIDv5 in the receipt's namespace over the expected version and the
/// event's index in the append, both as 8 bytes big-endian, and the stream's name. So the same
/// decision sent again stores nothing twice, the second delivery of one message is still an event of
/// its own, and a request that writes to two streams gives no id twice.
pub fn event_id(receipt: Uuid, expected: u64, index: u64, stream: &str) -> Uuid {
    let mut name = Vec::with_capacity(16 + stream.len());
    name.extend_from_slice(&expected.to_be_bytes());
    name.extend_from_slice(&index.to_be_bytes());
    name.extend_from_slice(stream.as_bytes());
    Uuid::new_v5(&receipt, &name)
}

/// Events chained one behind the other.
struct Chained {
    name: String,
    head: Head,
    receipt: Uuid,
    time: Timestamp,
    evidence: Option<Hash>,
    events: Vec<NewEvent>,
}

impl Chained {
    fn push(&mut self, encoded: Encoded, expected: u64, salts: &mut dyn FnMut() -> [u8; 32]) {
        let private = encoded.private.map(|bytes| committed(bytes, salts));
        let link = Link {
            stream: &self.name,
            version: self.head.version + 1,
            id: event_id(
                self.receipt,
                expected,
                self.head.version - expected,
                &self.name,
            ),
            kind: encoded.kind,
            schema: encoded.schema,
            time: self.time,
            data: &encoded.data,
            private: private.as_ref().map(|part| &part.commitment),
            evidence: self.evidence.as_ref(),
        };
        let hash = link.hash(&self.head.hash);
        self.head = Head {
            version: link.version,
            hash,
        };
        self.events.push(NewEvent {
            id: link.id,
            kind: encoded.kind,
            schema: encoded.schema,
            data: encoded.data,
            private,
            evidence: self.evidence,
            hash,
        });
    }
}

fn committed(bytes: Bytes, salts: &mut dyn FnMut() -> [u8; 32]) -> Committed {
    let salt = salts();
    Committed {
        commitment: commit(&salt, &bytes),
        salt,
        bytes,
    }
}

/// The claims that the events make, each once.
fn claims(events: &[Event], taken_up: Option<&StreamName>) -> Vec<ClaimRequest> {
    let mut requests: Vec<ClaimRequest> = Vec::new();
    for claim in events.iter().flat_map(claims_of) {
        if !requests.iter().any(|request| request.claim == claim) {
            requests.push(ClaimRequest {
                claim,
                take_from: taken_up.cloned(),
            });
        }
    }
    requests
}

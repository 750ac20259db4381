//! The audit: one walk over the whole store, through the port, that verifies every event's chain and
//! commitments, every claim and every seal.
//!
//! It has two halves, which may run on a thread each: one reads ahead and opens what each event
//! commits to, the other keeps what must be remembered of the events before and reads what they
//! claim. What is told is the first flaw by position, and of flaws of one event the first in this
//! order: its sequence, its chain, its private part, its message, its claims or its seal.
//!
//! It may run beside a service that goes on writing: it ends at the position that was the newest when
//! it began. Its memory holds some 120 bytes for each stream (the ends of its chain), 60 for each
//! claim and 40 for each event since the last seal; everything else is the few pages that are read
//! ahead.

mod ahead;
mod alone;
mod claims;
mod heads;
mod ledgers;
mod seals;
mod walk;

use std::fmt;

use payfold_domain::Timestamp;
use sha2::{Digest, Sha256};
use tokio::sync::mpsc;

use self::ahead::Ahead;
use self::ledgers::Ledgers;
use crate::evidence::EvidenceMessage;
use crate::port::{EvidenceKey, Hash, Position, Recorded, Store, StoreError};
use crate::stream::{Claim, StreamName};

/// How many pages may wait between the halves.
const PAGES_AHEAD: usize = 4;

/// Verifies a stored message's signature again; says what is wrong.
pub type VerifyAgain<'a> =
    &'a mut (dyn FnMut(&EvidenceMessage, &EvidenceKey) -> Result<(), String> + Send);

/// What an audit found whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Audited {
    /// How many events, seals among them.
    pub events: u64,
    /// How many kept messages.
    pub evidence: u64,
    /// How many claims.
    pub claims: u64,
    /// The position of the last event.
    pub through: Position,
    /// The last seal.
    pub last_seal: Option<LastSeal>,
    /// How many events came after it; they are covered by their chains alone.
    pub since: u64,
}

/// The last seal that an audit met.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LastSeal {
    /// Which one it is.
    pub ordinal: u64,
    /// When it was made.
    pub at: Timestamp,
    /// The position of the last event that it covers.
    pub through: Position,
}

/// Why an audit ended before the end.
#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    /// The first thing that is broken.
    #[error("stream {stream}, version {version}, position {}: {flaw}", .position.0)]
    Broken {
        /// The stream's name.
        stream: String,
        /// The event's place in it; 0 where no event is at fault.
        version: u64,
        /// The event's position; 0 where no event is at fault.
        position: Position,
        /// What is wrong there.
        flaw: Flaw,
    },
    /// The store could not answer.
    #[error("auditing: {0}")]
    Store(#[from] StoreError),
}

/// What may be wrong with a stored event, or with what stands beside it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Flaw {
    /// An event of the stream is missing, or there twice.
    #[error("version {expected} should come next in this stream")]
    OutOfSequence {
        /// The version that should be here.
        expected: u64,
    },
    /// The event is not what was stored, or not behind what it was stored behind.
    #[error("the event's hash does not follow from its content and the event before it")]
    Chain,
    /// The private part is not what was committed to.
    #[error("the private part is not the one that the event commits to")]
    PrivatePart,
    /// The kept message is not what was committed to.
    #[error("the kept message is not the one that the event commits to")]
    Evidence,
    /// The event rests on a message that is not kept.
    #[error("the event rests on a message that is not there")]
    EvidenceMissing,
    /// A message is kept beside an event that does not rest on it.
    #[error("a message is kept that no event rests on")]
    EvidenceUnnamed,
    /// The kept message did not verify again.
    #[error("the kept message does not verify again: {0}")]
    EvidenceRefused(String),
    /// An event that claims something, or a seal, cannot be read.
    #[error("the event cannot be read: {0}")]
    Unreadable(String),
    /// An event says a claim that the store has not, or has for another stream.
    #[error("{} should belong to this stream, and {}", claim, belongs(.owner.as_ref()))]
    ClaimElsewhere {
        /// The claim.
        claim: Claim,
        /// Whose it is.
        owner: Option<StreamName>,
    },
    /// The store has a claim for this stream that no event of it says.
    #[error("{0} belongs to this stream, and no event of it says so")]
    ClaimUnsaid(Claim),
    /// The store says that the stream ends otherwise than its events do.
    #[error("the store says that this stream ends here, and its events end with version {found}")]
    Head {
        /// The last event's version.
        found: u64,
    },
    /// A seal is not the next one.
    #[error("seal {expected} should come next")]
    SealOrdinal {
        /// The ordinal that should be here.
        expected: u64,
    },
    /// A seal does not cover what is there.
    #[error(
        "the seal covers {sealed} events with another tree hash than the {found} that are there"
    )]
    Seal {
        /// How many it says.
        sealed: u64,
        /// How many there are.
        found: u64,
    },
}

fn belongs(owner: Option<&StreamName>) -> String {
    owner.map_or_else(
        || "belongs to none".to_owned(),
        |owner| format!("belongs to {owner}"),
    )
}

impl fmt::Display for Audited {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            events, through, ..
        } = self;
        write!(f, "{events} events whole, up to position {}; ", through.0)?;
        match &self.last_seal {
            Some(seal) => {
                let at = crate::instant::write(seal.at).unwrap_or_default();
                write!(
                    f,
                    "last seal {} of {at}, {} events since",
                    seal.ordinal, self.since
                )
            }
            None => write!(f, "no seal, {} events since", self.since),
        }
    }
}

/// A name in 16 bytes: the beginning of its SHA-256.
type Digest16 = [u8; 16];

/// The digest of a stream's name.
fn digest(name: &str) -> Digest16 {
    beginning(Sha256::digest(name.as_bytes()).into())
}

fn beginning(hash: Hash) -> Digest16 {
    std::array::from_fn(|at| hash.get(at).copied().unwrap_or_default())
}

/// Verifies the whole store, and each kept message again where `verify_again` is given.
pub async fn audit<'a>(
    store: &'a dyn Store,
    verify_again: Option<VerifyAgain<'a>>,
) -> Result<Audited, AuditError> {
    let (ahead, ledgers) = audit_halves(store, verify_again);
    let ((), audited) = tokio::join!(ahead, ledgers);
    audited
}

/// The two halves of an [`audit`], for a caller who has two threads: the first reads, the second ends
/// with the result. Each waits for the other, so both must run; when one ends early, so does the other.
pub fn audit_halves<'a>(
    store: &'a dyn Store,
    verify_again: Option<VerifyAgain<'a>>,
) -> (
    impl Future<Output = ()> + Send + 'a,
    impl Future<Output = Result<Audited, AuditError>> + Send + 'a,
) {
    let (given, taken) = mpsc::channel(PAGES_AHEAD);
    let ahead = Ahead::new(store, verify_again).give(given);
    (ahead, Ledgers::new(store).take(taken))
}

fn broken(event: &Recorded, flaw: Flaw) -> AuditError {
    AuditError::Broken {
        stream: event.stream.to_string(),
        version: event.version,
        position: event.position,
        flaw,
    }
}

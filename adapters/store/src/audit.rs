//! The audit: one walk over the whole store, through the port, that verifies every event's chain and
//! commitments, every claim and every seal.
//!
//! It may run beside a service that goes on writing: it ends at the position that was the newest when
//! it began. Its memory holds some 120 bytes for each stream (the ends of its chain) and 60 for each
//! claim; everything else is a page at a time.

mod claims;
mod heads;
mod seals;
mod walk;

use std::collections::HashMap;
use std::fmt;

use payfold_domain::Timestamp;
use sha2::{Digest, Sha256};

use self::claims::ClaimLedger;
use self::seals::SealLedger;
use self::walk::{Batch, Walk};
use crate::chain::{Link, commit};
use crate::claims::{claims_of, may_claim};
use crate::codec::{decode, decode_seal};
use crate::evidence::EvidenceMessage;
use crate::port::{EvidenceKey, Hash, Head, Position, Recorded, Store, StoreError, StoredEvidence};
use crate::stream::{Claim, StreamName};

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
    let [first, _] = halves(Sha256::digest(name.as_bytes()).into());
    first
}

fn halves(hash: Hash) -> [Digest16; 2] {
    let mut halves = [[0; 16]; 2];
    for (half, bytes) in halves.iter_mut().zip(hash.chunks_exact(16)) {
        half.copy_from_slice(bytes);
    }
    halves
}

/// Verifies the whole store, and each kept message again where `verify_again` is given.
pub async fn audit(
    store: &dyn Store,
    verify_again: Option<VerifyAgain<'_>>,
) -> Result<Audited, AuditError> {
    let claims = ClaimLedger::read(store).await?;
    let mut auditor = Auditor {
        tails: HashMap::new(),
        claims,
        seals: SealLedger::default(),
        verify_again,
        events: 0,
        evidence: 0,
        through: Position(0),
    };
    let mut walk = Walk::new(store);
    let mut batch = walk.next().await?;
    while let Some(current) = batch {
        // The next page is read while this one is verified.
        let (next, verified) = tokio::join!(walk.next(), async { auditor.verify(&current) });
        let asked = verified?;
        auditor.claims.settle(store, asked).await?;
        batch = next?;
    }
    auditor.claims.all_said(store).await?;
    heads::compare(store, &auditor.tails).await?;
    let (last_seal, since) = auditor.seals.end();
    Ok(Audited {
        events: auditor.events,
        evidence: auditor.evidence,
        claims: auditor.claims.len(),
        through: auditor.through,
        last_seal,
        since,
    })
}

/// The end of a stream's chain, as far as the walk has come.
#[derive(Default)]
struct Tail {
    head: Head,
    /// The beginning of the last event's commitment to its evidence.
    evidence: Option<Digest16>,
}

struct Auditor<'a> {
    tails: HashMap<Digest16, Tail>,
    claims: ClaimLedger,
    seals: SealLedger,
    verify_again: Option<VerifyAgain<'a>>,
    events: u64,
    evidence: u64,
    through: Position,
}

impl Auditor<'_> {
    /// Verifies a batch; gives the claims whose owner must be asked for again.
    fn verify(&mut self, batch: &Batch) -> Result<Vec<claims::Asked>, AuditError> {
        let mut evidence = batch.evidence.iter().peekable();
        let mut asked = Vec::new();
        for event in &batch.events {
            let name = event.stream.to_string();
            let stream = digest(&name);
            let beside = evidence.next_if(|(position, _)| *position == event.position);
            let verified = self
                .link(event, (&name, stream), beside.map(|(_, kept)| kept))
                .and_then(|()| self.meaning(event, stream, &mut asked));
            verified.map_err(|flaw| broken(event, flaw))?;
            if let Some((position, _)) = evidence.peek()
                && *position <= event.position
            {
                return Err(broken(event, Flaw::EvidenceUnnamed));
            }
            self.events += 1;
            self.through = event.position;
        }
        Ok(asked)
    }

    /// The event's place in its chain, and its commitments.
    fn link(
        &mut self,
        event: &Recorded,
        (name, stream): (&str, Digest16),
        beside: Option<&StoredEvidence>,
    ) -> Result<(), Flaw> {
        let tail = self.tails.entry(stream).or_default();
        let expected = tail.head.version + 1;
        if event.version != expected {
            return Err(Flaw::OutOfSequence { expected });
        }
        if Link::of(event, name).hash(&tail.head.hash) != event.hash {
            return Err(Flaw::Chain);
        }
        let opening = event
            .private
            .as_ref()
            .map(|kept| (kept.commitment, &kept.opening));
        if let Some((commitment, Some((salt, bytes)))) = opening
            && commit(salt, bytes) != commitment
        {
            return Err(Flaw::PrivatePart);
        }
        let named = event.evidence.map(|commitment| {
            let [first, _] = halves(commitment);
            first
        });
        match (event.evidence, beside) {
            (Some(commitment), Some(kept)) if kept.message.commitment == commitment => {
                self.evidence += 1;
                open(kept, self.verify_again.as_mut())?;
            }
            (_, Some(_)) => return Err(Flaw::EvidenceUnnamed),
            // Evidence lies beside the first event of its append; the others name it.
            (Some(_), None) if tail.evidence != named => return Err(Flaw::EvidenceMissing),
            (Some(_) | None, None) => {}
        }
        *tail = Tail {
            head: Head {
                version: event.version,
                hash: event.hash,
            },
            evidence: named,
        };
        Ok(())
    }

    /// What the event says of claims and of earlier events.
    fn meaning(
        &mut self,
        event: &Recorded,
        stream: Digest16,
        asked: &mut Vec<claims::Asked>,
    ) -> Result<(), Flaw> {
        if event.stream == StreamName::Seal {
            let sealed = decode_seal(event).map_err(|error| Flaw::Unreadable(error.to_string()))?;
            return self.seals.check(&sealed, event.time);
        }
        self.seals.push(event.position, event.hash);
        if !may_claim(&event.kind) {
            return Ok(());
        }
        let decoded = decode(event).map_err(|error| Flaw::Unreadable(error.to_string()))?;
        for claim in claims_of(&decoded) {
            asked.extend(self.claims.said(claim, event, stream)?);
        }
        Ok(())
    }
}

/// The kept message is the one that was committed to, and verifies again where that is asked for.
fn open(kept: &StoredEvidence, verify_again: Option<&mut VerifyAgain<'_>>) -> Result<(), Flaw> {
    let Some((salt, bytes)) = &kept.message.opening else {
        return Ok(());
    };
    if commit(salt, bytes) != kept.message.commitment {
        return Err(Flaw::Evidence);
    }
    if let Some(verify_again) = verify_again {
        let message = EvidenceMessage::decode(bytes)
            .map_err(|error| Flaw::EvidenceRefused(error.to_string()))?;
        verify_again(&message, &kept.key).map_err(Flaw::EvidenceRefused)?;
    }
    Ok(())
}

fn broken(event: &Recorded, flaw: Flaw) -> AuditError {
    AuditError::Broken {
        stream: event.stream.to_string(),
        version: event.version,
        position: event.position,
        flaw,
    }
}

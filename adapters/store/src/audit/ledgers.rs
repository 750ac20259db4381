//! The half of an audit that remembers: the end of each stream's chain, whose each claim is, and what
//! no seal has covered yet. It ends with the first flaw, or with what was found whole.

use std::collections::HashMap;

use tokio::sync::mpsc;

use super::ahead::Part;
use super::alone::{Beside, Examined};
use super::claims::ClaimLedger;
use super::seals::SealLedger;
use super::{AuditError, Audited, Digest16, Flaw, beginning, broken, heads};
use crate::chain::Link;
use crate::claims::{claims_of, may_claim};
use crate::codec::{DecodeError, decode, decode_seal};
use crate::port::{Head, Position, Recorded, Store, StoreError};
use crate::stream::StreamName;

/// The end of a stream's chain, as far as the audit has come.
#[derive(Default)]
pub(super) struct Tail {
    pub(super) head: Head,
    /// The beginning of the last event's commitment to its evidence.
    evidence: Option<Digest16>,
}

pub(super) struct Ledgers<'a> {
    store: &'a dyn Store,
    tails: HashMap<Digest16, Tail>,
    claims: ClaimLedger,
    seals: SealLedger,
    events: u64,
    evidence: u64,
    through: Position,
}

impl<'a> Ledgers<'a> {
    pub(super) fn new(store: &'a dyn Store) -> Self {
        Self {
            store,
            tails: HashMap::new(),
            claims: ClaimLedger::default(),
            seals: SealLedger::default(),
            events: 0,
            evidence: 0,
            through: Position(0),
        }
    }

    /// Takes one part after the other, to the end or the first flaw.
    pub(super) async fn take(
        mut self,
        mut taken: mpsc::Receiver<Result<Part, StoreError>>,
    ) -> Result<Audited, AuditError> {
        while let Some(part) = taken.recv().await {
            match part? {
                Part::Claims(page) => self.claims.read(page),
                Part::Events(page) => self.verify(&page).await?,
                Part::EventsEnd => self.claims.all_said(self.store).await?,
                Part::Heads(page) => heads::compare(self.store, &self.tails, &page).await?,
                Part::HeadsEnd => return Ok(self.end()),
            }
        }
        let unfinished = "reading it for the audit ended early".to_owned();
        Err(StoreError::Unavailable(unfinished).into())
    }

    async fn verify(&mut self, page: &[Examined]) -> Result<(), AuditError> {
        for examined in page {
            let event = &examined.event;
            self.link(examined).map_err(|flaw| broken(event, flaw))?;
            self.meaning(event, examined.named.digest).await?;
            if examined.unnamed {
                return Err(broken(event, Flaw::EvidenceUnnamed));
            }
            self.events += 1;
            self.through = event.position;
        }
        Ok(())
    }

    /// The event's place in its chain, and its commitments.
    fn link(&mut self, examined: &Examined) -> Result<(), Flaw> {
        let Examined { event, named, .. } = examined;
        let tail = self.tails.entry(named.digest).or_default();
        let expected = tail.head.version + 1;
        if event.version != expected {
            return Err(Flaw::OutOfSequence { expected });
        }
        if Link::of(event, &named.name).hash(&tail.head.hash) != event.hash {
            return Err(Flaw::Chain);
        }
        let evidence = event.evidence.map(beginning);
        match examined.beside.clone()? {
            Beside::Message => self.evidence += 1,
            // Evidence lies beside the first event of its append; the others name it.
            Beside::Nothing if evidence.is_some() && evidence != tail.evidence => {
                return Err(Flaw::EvidenceMissing);
            }
            Beside::Nothing => {}
        }
        *tail = Tail {
            head: Head {
                version: event.version,
                hash: event.hash,
            },
            evidence,
        };
        Ok(())
    }

    /// What the event says of claims and of earlier events.
    async fn meaning(&mut self, event: &Recorded, stream: Digest16) -> Result<(), AuditError> {
        let flawed = |flaw| broken(event, flaw);
        let unreadable = |error: DecodeError| flawed(Flaw::Unreadable(error.to_string()));
        if event.stream == StreamName::Seal {
            let sealed = decode_seal(event).map_err(unreadable)?;
            return self.seals.check(&sealed, event.time).map_err(flawed);
        }
        self.seals.push(event.position, event.hash);
        if may_claim(&event.kind) {
            for claim in claims_of(&decode(event).map_err(unreadable)?) {
                self.claims.said(self.store, claim, event, stream).await?;
            }
        }
        Ok(())
    }

    fn end(&self) -> Audited {
        let (last_seal, since) = self.seals.end();
        Audited {
            events: self.events,
            evidence: self.evidence,
            claims: self.claims.len(),
            through: self.through,
            last_seal,
            since,
        }
    }
}

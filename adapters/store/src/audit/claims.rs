//! Claims against what the events say, both ways. The claims are read first: each of them must then
//! be said by an event of its stream, and what an event says must be among them, or have been made or
//! taken over since, which the store is asked about.

use std::collections::HashMap;

use sha2::{Digest, Sha256};

use super::{AuditError, Digest16, Flaw, beginning, broken, digest};
use crate::port::{Position, Recorded, Store};
use crate::stream::{Claim, StreamName};

/// How many claims are read at once.
const PAGE: usize = 1000;

/// Every claim and its owner, by their digests.
#[derive(Default)]
pub(super) struct ClaimLedger {
    owners: HashMap<Digest16, Owner>,
}

/// A claim as the store has it.
pub(super) struct Claimed {
    claim: Digest16,
    owner: Owner,
}

struct Owner {
    stream: Digest16,
    kind: OwnerKind,
    said: Said,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum OwnerKind {
    Order,
    Other,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Said {
    NotYet,
    ByItsStream,
}

impl ClaimLedger {
    pub(super) fn read(&mut self, page: Vec<Claimed>) {
        let owners = page
            .into_iter()
            .map(|Claimed { claim, owner }| (claim, owner));
        self.owners.extend(owners);
    }

    pub(super) fn len(&self) -> u64 {
        u64::try_from(self.owners.len()).unwrap_or(u64::MAX)
    }

    /// An event says a claim. Where it does not stand as it was read, the store is asked whose it is
    /// now.
    pub(super) async fn said(
        &mut self,
        store: &dyn Store,
        claim: Claim,
        event: &Recorded,
        stream: Digest16,
    ) -> Result<(), AuditError> {
        let stray = matches!(event.stream, StreamName::Stray(_));
        let digest = claim_digest(&claim);
        match self.owners.get_mut(&digest) {
            Some(owner) if owner.stream == stream => {
                owner.said = Said::ByItsStream;
                return Ok(());
            }
            // An order has taken the stray up, and says so itself.
            Some(owner) if stray && owner.kind == OwnerKind::Order => return Ok(()),
            Some(_) | None => {}
        }
        match store.owner(&claim).await? {
            Some(owner) if owner == event.stream => {
                let owner = Owner::of(&owner, Said::ByItsStream);
                self.owners.insert(digest, owner);
                Ok(())
            }
            Some(StreamName::Order(_)) if stray => Ok(()),
            owner => Err(broken(event, Flaw::ClaimElsewhere { claim, owner })),
        }
    }

    /// Every claim has been said by an event of its stream.
    pub(super) async fn all_said(&self, store: &dyn Store) -> Result<(), AuditError> {
        if self
            .owners
            .values()
            .all(|owner| owner.said == Said::ByItsStream)
        {
            return Ok(());
        }
        // Only digests are kept: the claim's name is read again.
        let mut after: Option<Claim> = None;
        loop {
            let page = store.claims(after.as_ref(), PAGE).await?;
            for (claim, stream) in &page {
                let owner = self.owners.get(&claim_digest(claim));
                if owner.is_some_and(|owner| owner.said == Said::NotYet) {
                    return Err(AuditError::Broken {
                        stream: stream.to_string(),
                        version: 0,
                        position: Position(0),
                        flaw: Flaw::ClaimUnsaid(claim.clone()),
                    });
                }
            }
            match page.into_iter().last() {
                Some((claim, _)) => after = Some(claim),
                None => return Ok(()),
            }
        }
    }
}

impl Claimed {
    pub(super) fn new(claim: &Claim, stream: &StreamName) -> Self {
        Self {
            claim: claim_digest(claim),
            owner: Owner::of(stream, Said::NotYet),
        }
    }
}

impl Owner {
    fn of(stream: &StreamName, said: Said) -> Self {
        Self {
            stream: digest(&stream.to_string()),
            kind: match stream {
                StreamName::Order(_) => OwnerKind::Order,
                StreamName::Stray(_)
                | StreamName::Account(_)
                | StreamName::Bill { .. }
                | StreamName::Seal => OwnerKind::Other,
            },
            said,
        }
    }
}

fn claim_digest(claim: &Claim) -> Digest16 {
    let (kind, account, name) = match claim {
        Claim::Payment(payment) => (b'p', &payment.account, payment.out_trade_no.as_str()),
        Claim::Transaction(account, id) => (b't', account, id.as_str()),
        Claim::Refund(account, number) => (b'r', account, number.as_str()),
    };
    let hash = Sha256::new()
        .chain_update([kind])
        .chain_update(account.as_str())
        .chain_update([0])
        .chain_update(name)
        .finalize();
    beginning(hash.into())
}

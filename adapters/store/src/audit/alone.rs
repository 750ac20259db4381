//! What can be said of an event by itself, with no memory of the events before it: whether its private
//! part and its message are those that it commits to.

use std::sync::Arc;

use super::walk::Batch;
use super::{Digest16, Flaw, VerifyAgain, digest};
use crate::chain::commit;
use crate::evidence::EvidenceMessage;
use crate::port::{Recorded, StoredEvidence};
use crate::stream::StreamName;

/// An event and what was found. A flaw waits here for its turn: the event may break its chain, and
/// that comes first.
pub(super) struct Examined {
    pub(super) event: Recorded,
    /// The same for events of one stream that follow each other.
    pub(super) named: Arc<Named>,
    pub(super) beside: Result<Beside, Flaw>,
    /// Whether a message lies before the next event that belongs to no event.
    pub(super) unnamed: bool,
}

/// A stream's name as text, and its digest.
pub(super) struct Named {
    pub(super) name: String,
    pub(super) digest: Digest16,
}

/// What lies beside an event.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Beside {
    /// The message that it names.
    Message,
    Nothing,
}

/// Examines each event of a batch.
pub(super) fn examine(
    batch: Batch,
    mut verify_again: Option<&mut VerifyAgain<'_>>,
) -> Vec<Examined> {
    let mut evidence = batch.evidence.iter().peekable();
    let mut page: Vec<Examined> = Vec::with_capacity(batch.events.len());
    for event in batch.events {
        let beside = evidence.next_if(|(position, _)| *position == event.position);
        let beside = beside.map(|(_, kept)| kept);
        page.push(Examined {
            named: match page.last() {
                Some(before) if before.event.stream == event.stream => Arc::clone(&before.named),
                Some(_) | None => Named::new(&event.stream),
            },
            beside: commitments(&event, beside, verify_again.as_deref_mut()),
            unnamed: evidence
                .peek()
                .is_some_and(|(position, _)| *position <= event.position),
            event,
        });
    }
    page
}

impl Named {
    fn new(stream: &StreamName) -> Arc<Self> {
        let name = stream.to_string();
        Arc::new(Self {
            digest: digest(&name),
            name,
        })
    }
}

/// The private part and the message are those that the event commits to.
fn commitments(
    event: &Recorded,
    beside: Option<&StoredEvidence>,
    verify_again: Option<&mut VerifyAgain<'_>>,
) -> Result<Beside, Flaw> {
    if let Some(kept) = &event.private
        && let Some((salt, bytes)) = &kept.opening
        && commit(salt, bytes) != kept.commitment
    {
        return Err(Flaw::PrivatePart);
    }
    match (event.evidence, beside) {
        (Some(commitment), Some(kept)) if kept.message.commitment == commitment => {
            open(kept, verify_again)?;
            Ok(Beside::Message)
        }
        (_, Some(_)) => Err(Flaw::EvidenceUnnamed),
        (_, None) => Ok(Beside::Nothing),
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

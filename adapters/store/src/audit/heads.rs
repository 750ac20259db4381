//! Where the store says that each stream ends, held against the events that are there: a cut tail that
//! no seal covers shows here.

use std::collections::HashMap;

use super::ledgers::Tail;
use super::{AuditError, Digest16, Flaw};
use crate::port::{Head, Position, Store, StoreError};
use crate::stream::StreamName;

/// Compares a page of streams' ends. A stream that was written on while the audit ran ends later than
/// the walk saw, with events that are there.
pub(super) async fn compare(
    store: &dyn Store,
    tails: &HashMap<Digest16, Tail>,
    page: &[(Digest16, StreamName, Head)],
) -> Result<(), AuditError> {
    for (digest, stream, head) in page {
        let found = tails.get(digest).map(|tail| tail.head).unwrap_or_default();
        if *head != found && !written_since(store, stream, *head, found).await? {
            return Err(AuditError::Broken {
                stream: stream.to_string(),
                version: head.version,
                position: Position(0),
                flaw: Flaw::Head {
                    found: found.version,
                },
            });
        }
    }
    Ok(())
}

async fn written_since(
    store: &dyn Store,
    stream: &StreamName,
    head: Head,
    found: Head,
) -> Result<bool, StoreError> {
    let since = store.load(stream, found.version).await?;
    Ok(since
        .iter()
        .any(|event| event.version == head.version && event.hash == head.hash))
}

//! The half of an audit that reads: every claim, then every event with what can be said of it by
//! itself, then the end of every stream. It goes as far ahead as the ledgers let it.

use tokio::sync::mpsc;

use super::alone::{Examined, examine};
use super::claims::Claimed;
use super::walk::Walk;
use super::{Digest16, VerifyAgain, digest};
use crate::port::{Head, Store, StoreError};
use crate::stream::{Claim, StreamName};

/// How many claims or streams are read at once.
const PAGE: usize = 1000;

/// What the ledgers are given, in this order.
pub(super) enum Part {
    Claims(Vec<Claimed>),
    Events(Vec<Examined>),
    EventsEnd,
    Heads(Vec<(Digest16, StreamName, Head)>),
    HeadsEnd,
}

pub(super) struct Ahead<'a> {
    store: &'a dyn Store,
    verify_again: Option<VerifyAgain<'a>>,
    next: Next<'a>,
}

/// What is read next, and after which.
enum Next<'a> {
    Claims(Option<Claim>),
    Events(Walk<'a>),
    Heads(Option<StreamName>),
}

impl<'a> Ahead<'a> {
    pub(super) fn new(store: &'a dyn Store, verify_again: Option<VerifyAgain<'a>>) -> Self {
        Self {
            store,
            verify_again,
            next: Next::Claims(None),
        }
    }

    /// Gives one part after the other, until all are given, one cannot be read, or the ledgers take no
    /// more because something is broken.
    pub(super) async fn give(mut self, given: mpsc::Sender<Result<Part, StoreError>>) {
        loop {
            let part = self.part().await;
            let last = matches!(part, Ok(Part::HeadsEnd) | Err(_));
            if given.send(part).await.is_err() || last {
                return;
            }
        }
    }

    async fn part(&mut self) -> Result<Part, StoreError> {
        match &mut self.next {
            Next::Claims(after) => {
                let page = self.store.claims(after.as_ref(), PAGE).await?;
                match page.last() {
                    Some((claim, _)) => *after = Some(claim.clone()),
                    // What was the newest event is asked only now, so that each claim's event is
                    // met.
                    None => self.next = Next::Events(Walk::new(self.store)),
                }
                let claimed = page
                    .iter()
                    .map(|(claim, stream)| Claimed::new(claim, stream));
                Ok(Part::Claims(claimed.collect()))
            }
            Next::Events(walk) => match walk.next().await? {
                Some(batch) => Ok(Part::Events(examine(batch, self.verify_again.as_mut()))),
                None => {
                    self.next = Next::Heads(None);
                    Ok(Part::EventsEnd)
                }
            },
            Next::Heads(after) => {
                let page = self.store.heads(after.as_ref(), PAGE).await?;
                match page.last() {
                    Some((stream, _)) => *after = Some(stream.clone()),
                    None => return Ok(Part::HeadsEnd),
                }
                let digested = page
                    .into_iter()
                    .map(|(stream, head)| (digest(&stream.to_string()), stream, head));
                Ok(Part::Heads(digested.collect()))
            }
        }
    }
}

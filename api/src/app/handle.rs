//! The one way by which anything is written: enter the stream's lane, fold, decide, append, answer.
//! A conflict is decided again, until a deadline; nothing else is.

use std::sync::Arc;

use payfold_domain::Timestamp;
use payfold_domain::event::Event;
use payfold_store::{
    Append, Claim, Decision, EvidenceKey, EvidenceMessage, Head, Outcome, Position, Recorded,
    StreamName, decode, prepare,
};
use uuid::Uuid;

use super::aggregate::{Aggregate, Folded};
use super::{App, AppError};

/// How long a command is decided again while other nodes are faster, in seconds.
const DEADLINE_SECS: i64 = 2;

/// Whether a command wrote anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Made {
    /// It did.
    New,
    /// It was already so.
    There,
}

/// Where a state comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Origin {
    /// The last command left it.
    Kept,
    /// The stream was read.
    Read,
}

/// What came of a command.
#[derive(Debug, Clone)]
pub(crate) struct Changed<A> {
    /// Whether anything was written.
    pub(crate) made: Made,
    /// The stream after it.
    pub(crate) folded: Arc<Folded<A>>,
}

/// Claims that a decision asked for and that belong to other streams.
#[derive(Debug, Default)]
pub(crate) struct Taken(Vec<(Claim, StreamName)>);

impl Taken {
    /// The claims.
    pub(crate) fn claims(&self) -> impl Iterator<Item = &Claim> {
        self.0.iter().map(|(claim, _)| claim)
    }

    /// Whose that claim is, if it is among them.
    pub(crate) fn owner_of(&self, claim: &Claim) -> Option<&StreamName> {
        let mut claims = self.0.iter();
        claims
            .find(|(taken, _)| taken == claim)
            .map(|(_, owner)| owner)
    }

    /// Whether one of them belongs to that stream.
    pub(crate) fn is_owned_by(&self, stream: &StreamName) -> bool {
        self.0.iter().any(|(_, owner)| owner == stream)
    }
}

/// A raw message, and the key that verified it.
#[derive(Debug, Clone)]
pub(crate) struct Proven {
    /// The message.
    pub(crate) message: EvidenceMessage,
    /// The key.
    pub(crate) key: EvidenceKey,
}

/// What a decision rests on beside the stream itself.
#[derive(Clone, Copy)]
pub(crate) enum Ground<'a> {
    /// A caller's word, or the clock.
    Nothing,
    /// A raw message.
    Message(&'a Proven),
    /// The stray that the order takes up; its claims go over to the order.
    Stray(&'a StreamName),
}

impl App {
    /// Decides on a stream and stores what was decided, durably, before it answers.
    ///
    /// `decide` is called again after a conflict, with the claims that turned out to belong to others;
    /// what it refuses for its own reasons comes back as its own error.
    pub(crate) async fn change<A, E>(
        &self,
        key: &A::Key,
        ground: Ground<'_>,
        mut decide: impl FnMut(&A, &Taken) -> Result<Vec<A::Event>, E>,
    ) -> Result<Changed<A>, E>
    where
        A: Aggregate,
        E: From<AppError>,
    {
        let receipt = self.world.id();
        let deadline = self.world.now().plus_secs(DEADLINE_SECS);
        let mut taken = Taken::default();
        let mut lane = A::lanes(self).enter(key).await;
        loop {
            let (folded, origin) = match lane.take(key) {
                Some(folded) => (folded, Origin::Kept),
                None => (Arc::new(self.fold_now::<A>(key).await?), Origin::Read),
            };
            let decided = decide(&folded.state, &taken);
            let writes = decided.as_ref().is_ok_and(|events| !events.is_empty());
            // No version is expected where nothing is written: another node may have gone on since.
            if !writes && origin == Origin::Kept && !self.is_at_its_end(key, &folded).await? {
                continue;
            }
            let events = match decided {
                Ok(events) => events,
                Err(refused) => {
                    lane.keep(key, folded);
                    return Err(refused);
                }
            };
            if events.is_empty() {
                lane.keep(key, Arc::clone(&folded));
                return Ok(Changed {
                    made: Made::There,
                    folded,
                });
            }
            let now = self.world.now();
            let wire: Vec<Event> = events.iter().map(A::widen).collect();
            let append = self.prepare(&A::stream(key), &folded, receipt, now, &wire, ground)?;
            match self.store.append(append).await.map_err(AppError::from)? {
                Outcome::Appended { position, head } => {
                    let state = Arc::unwrap_or_clone(folded).state;
                    let folded = Arc::new(Folded {
                        state: events
                            .iter()
                            .fold(state, |state, event| state.evolve(event, now)),
                        head,
                        position,
                    });
                    lane.keep(key, Arc::clone(&folded));
                    A::changed(self, key, &events, &folded.state);
                    return Ok(Changed {
                        made: Made::New,
                        folded,
                    });
                }
                Outcome::VersionConflict { .. } => {}
                Outcome::ClaimConflict { claim, owner } => {
                    taken.0.push((claim, owner));
                    lane.keep(key, folded);
                }
            }
            if self.world.now() > deadline {
                return Err(AppError::Contended.into());
            }
        }
    }

    /// Whether a stream is still as it was folded.
    async fn is_at_its_end<A: Aggregate>(
        &self,
        key: &A::Key,
        folded: &Folded<A>,
    ) -> Result<bool, AppError> {
        let head = self.store.head(&A::stream(key)).await?;
        Ok(head.version == folded.head.version)
    }

    fn prepare<A>(
        &self,
        stream: &StreamName,
        folded: &Folded<A>,
        receipt: Uuid,
        time: Timestamp,
        events: &[Event],
        ground: Ground<'_>,
    ) -> Result<Append, AppError> {
        let (evidence, taken_up) = match ground {
            Ground::Nothing => (None, None),
            Ground::Message(proven) => (Some((&proven.message, proven.key.clone())), None),
            Ground::Stray(stray) => (None, Some(stray)),
        };
        let head = folded.head;
        let decision = Decision {
            stream,
            head,
            receipt,
            time,
            events,
            evidence,
            taken_up,
        };
        Ok(prepare(decision, &mut || self.world.salt())?)
    }

    /// Folds a stream from all of its events.
    pub(crate) async fn fold_now<A: Aggregate>(&self, key: &A::Key) -> Result<Folded<A>, AppError> {
        self.fold(key, Position(u64::MAX)).await
    }

    /// Folds a stream from its events, no further than a position.
    pub(crate) async fn fold<A: Aggregate>(
        &self,
        key: &A::Key,
        up_to: Position,
    ) -> Result<Folded<A>, AppError> {
        let recorded = self.store.load(&A::stream(key), 0).await?;
        Ok(folded(&recorded, up_to))
    }
}

/// Folds a stream from its events, in order, no further than a position.
pub(super) fn folded<A: Aggregate>(recorded: &[Recorded], up_to: Position) -> Folded<A> {
    let nothing = Folded {
        state: A::initial(),
        head: Head::default(),
        position: Position(0),
    };
    recorded
        .iter()
        .take_while(|event| event.position <= up_to)
        .fold(nothing, fold_one)
}

fn fold_one<A: Aggregate>(folded: Folded<A>, recorded: &Recorded) -> Folded<A> {
    let state = match decode(recorded).ok().and_then(A::narrow) {
        Some(event) => folded.state.evolve(&event, recorded.time),
        None => folded.state.unreadable(),
    };
    Folded {
        state,
        head: Head {
            version: recorded.version,
            hash: recorded.hash,
        },
        position: recorded.position,
    }
}

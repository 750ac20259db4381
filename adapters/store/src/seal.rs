//! Seals: tree hashes over everything that was stored since the last one, appended to the stream
//! `seal`, so that a dropped stream or a cut tail shows. What came after the last seal is covered by
//! its streams' chains alone.
//!
//! No clock and no task in here: whoever drives a [`Sealer`] asks it when it is due.

use payfold_domain::Timestamp;
use uuid::Uuid;

use crate::codec::{DecodeError, EncodeError, decode_seal, encode_seal};
use crate::port::{Append, Hash, Head, Outcome, Position, Scope, Store, StoreError};
use crate::prepare::prepare_bare;
use crate::stream::StreamName;
use crate::tree::TreeHash;

/// A seal is due when that many events are unsealed, or any for [`SEAL_AFTER_SECS`].
pub const SEAL_AFTER_EVENTS: u64 = 10_000;

/// See [`SEAL_AFTER_EVENTS`].
pub const SEAL_AFTER_SECS: i64 = 60;

/// How many events are read at once.
const PAGE: usize = 500;

/// The event of the stream `seal`: what was in the store when it was sealed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sealed {
    /// Which seal this is, from 1.
    pub ordinal: u64,
    /// How many events it covers: those since the last seal's `through`, seals themselves left out.
    pub count: u64,
    /// The RFC 6962 tree hash of their hashes, in the order of the feed.
    pub tree: Hash,
    /// The position of the last one.
    pub through: Position,
}

impl Sealed {
    /// The event's name.
    pub const KIND: &'static str = "Sealed";
}

/// Why a seal could not be made.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    /// The store could not answer.
    #[error("sealing: {0}")]
    Store(#[from] StoreError),
    /// The last seal cannot be read.
    #[error("sealing: {0}")]
    LastSeal(#[from] DecodeError),
    /// The seal cannot be written.
    #[error("sealing: {0}")]
    NewSeal(#[from] EncodeError),
}

/// Reads a store like a view and seals what it has read.
#[derive(Debug)]
pub struct Sealer {
    head: Head,
    ordinal: u64,
    read_to: Position,
    through: Position,
    tree: TreeHash,
    last_sealed_at: Timestamp,
    /// A seal whose outcome is not known; it goes out again as it is.
    sent: Option<(Sealed, Append)>,
}

impl Sealer {
    /// Goes on where the store's last seal ended.
    pub async fn open(store: &dyn Store, now: Timestamp) -> Result<Self, SealError> {
        let head = store.head(&StreamName::Seal).await?;
        let behind = head.version.saturating_sub(1);
        let last = match store.load(&StreamName::Seal, behind).await?.last() {
            Some(recorded) => Some(decode_seal(recorded)?),
            None => None,
        };
        let through = last.as_ref().map_or(Position(0), |sealed| sealed.through);
        Ok(Self {
            head,
            ordinal: last.map_or(0, |sealed| sealed.ordinal),
            read_to: through,
            through,
            tree: TreeHash::default(),
            last_sealed_at: now,
            sent: None,
        })
    }

    /// Reads what is new, up to as much as one seal covers.
    pub async fn read(&mut self, store: &dyn Store) -> Result<(), SealError> {
        while self.sent.is_none() && self.tree.leaves() < SEAL_AFTER_EVENTS {
            let page = store.read(self.read_to, PAGE, Scope::Everything).await?;
            if page.read_to == self.read_to {
                break;
            }
            self.read_to = page.read_to;
            for event in page.events {
                if event.stream != StreamName::Seal {
                    self.tree.push(&event.hash);
                    self.through = event.position;
                }
            }
        }
        Ok(())
    }

    /// Whether what was read should be sealed now. At a stop, [`Sealer::seal`] without asking.
    pub fn due(&self, now: Timestamp) -> bool {
        let waited = now >= self.last_sealed_at.plus_secs(SEAL_AFTER_SECS);
        self.sent.is_some()
            || self.tree.leaves() >= SEAL_AFTER_EVENTS
            || (waited && self.tree.leaves() > 0)
    }

    /// Seals what was read; `None` where nothing was, or where another node sealed it first. After an
    /// error, called again, it sends the same seal again.
    pub async fn seal(
        &mut self,
        store: &dyn Store,
        now: Timestamp,
    ) -> Result<Option<Sealed>, SealError> {
        let (sealed, append) = match self.sent.take() {
            Some(sent) => sent,
            None if self.tree.leaves() == 0 => return Ok(None),
            None => self.make(store.id(), now)?,
        };
        self.sent = Some((sealed.clone(), append.clone()));
        match store.append(append).await? {
            Outcome::Appended { head, .. } => {
                self.head = head;
                self.ordinal = sealed.ordinal;
                self.tree = TreeHash::default();
                self.last_sealed_at = now;
                self.sent = None;
                Ok(Some(sealed))
            }
            Outcome::VersionConflict { .. } | Outcome::ClaimConflict { .. } => {
                *self = Self::open(store, now).await?;
                Ok(None)
            }
        }
    }

    /// The seal over what was read. Its receipt follows from its content, so that another node's seal
    /// at the same version has another id.
    fn make(&self, store: Uuid, now: Timestamp) -> Result<(Sealed, Append), EncodeError> {
        let sealed = Sealed {
            ordinal: self.ordinal + 1,
            count: self.tree.leaves(),
            tree: self.tree.root(),
            through: self.through,
        };
        let receipt = Uuid::new_v5(&store, &sealed.tree);
        let encoded = encode_seal(&sealed)?;
        let append = prepare_bare(&StreamName::Seal, self.head, receipt, now, encoded);
        Ok((sealed, append))
    }
}

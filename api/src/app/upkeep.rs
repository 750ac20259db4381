//! Long work that an operator asks for: views built again, stored messages translated again. It says
//! how far it has come.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::future::try_join_all;
use payfold_domain::Message;
use payfold_domain::order::Order;
use payfold_domain::stray::Stray;
use payfold_projections::View;
use payfold_store::{Cursor, EvidenceMessage, Hash, Position, StoredEvidence};
use sha2::{Digest, Sha256};
use tokio::sync::mpsc;

use super::handle::{Ground, Proven};
use super::{App, AppError};
use crate::control::Mode;

/// How often progress is told.
const PROGRESS: Duration = Duration::from_millis(500);

/// How many messages are read at a time.
const PAGE: usize = 256;

/// Events of messages that could not be told to any order when they came.
const NOT_UNDERSTOOD: [&str; 2] = ["UnknownMessageReceived", "CorruptOrderMessaged"];

/// Where long work tells how far it has come. A reader that is slow misses lines, not the work.
pub struct Progress(mpsc::Sender<String>);

impl Progress {
    /// Progress, and its reader.
    pub fn channel() -> (Self, mpsc::Receiver<String>) {
        let (sender, receiver) = mpsc::channel(16);
        (Self(sender), receiver)
    }

    pub(super) fn tell(&self, line: String) {
        drop(self.0.try_send(line));
    }
}

impl App {
    /// Builds views again (all where none is named) while the old ones answer.
    pub async fn rebuild(&self, views: &[View], progress: &Progress) -> Result<String, AppError> {
        let all = View::ALL;
        let views = if views.is_empty() { &all } else { views };
        // All at once, so that each event is read and decoded once for all of them.
        let building = try_join_all(views.iter().map(|view| self.views.rebuild(*view)));
        let telling = async {
            loop {
                tokio::time::sleep(PROGRESS).await;
                let standing = self.views.standing();
                let tip = self.store.tip().borrow().0;
                for view in views {
                    if let Some(come) = standing.of(*view).building {
                        progress.tell(format!("{}: {} of {tip}", view.as_str(), come.0));
                    }
                }
            }
        };
        tokio::select! {
            biased;
            built = building => { built.map_err(|_gone| AppError::ViewBehind)?; }
            () = telling => {}
        }
        Ok(format!("{} views built again", views.len()))
    }

    /// Translates the stored messages after a cursor again, and applies those that were not
    /// understood when they came, unless a reread before this one has applied them.
    pub async fn reread(
        &self,
        since: &str,
        mode: Mode,
        progress: &Progress,
    ) -> Result<String, AppError> {
        let cursor = Cursor::parse(since).map_err(AppError::Cursor)?;
        let mut after = cursor
            .locate(&*self.store)
            .await
            .map_err(AppError::Cursor)?;
        let (mut read, mut waiting) = (0_u64, Waiting::default());
        // What comes meanwhile is understood already, and what is applied is stored once more.
        let end = *self.store.tip().borrow();
        loop {
            let mut page = self.store.read_evidence(after, PAGE).await?;
            page.retain(|(position, _)| *position <= end);
            let Some((last, _)) = page.last() else { break };
            after = *last;
            for (position, stored) in page {
                read += 1;
                self.sort(position, &stored, &mut waiting).await?;
            }
            progress.tell(format!("{read} messages read, up to position {}", after.0));
        }
        let mut understood = 0_u64;
        for (position, commitment) in waiting.in_order() {
            let stored = self.store.evidence(position, commitment).await?;
            if let Some(proven) = stored.map(proven).transpose()?.flatten() {
                understood += u64::from(self.understand(&proven, mode, progress).await?);
            }
        }
        let done = match mode {
            Mode::Apply => "applied",
            Mode::DryRun => "would be applied",
        };
        Ok(format!("{read} messages read, {understood} {done}"))
    }

    /// Notes the message where it was not understood when it came, and forgets it where it stands a
    /// second time, beside what it was understood to mean since.
    async fn sort(
        &self,
        position: Position,
        stored: &StoredEvidence,
        waiting: &mut Waiting,
    ) -> Result<(), AppError> {
        let Some(event) = self.store.at(position).await? else {
            return Ok(());
        };
        let Some((_, bytes)) = &stored.message.opening else {
            return Ok(());
        };
        if NOT_UNDERSTOOD.contains(&&*event.kind) {
            waiting.note(bytes, position, stored.message.commitment);
        } else {
            waiting.forget(bytes);
        }
        Ok(())
    }

    /// Applies a message, if this binary understands it; says whether it does.
    async fn understand(
        &self,
        proven: &Proven,
        mode: Mode,
        progress: &Progress,
    ) -> Result<bool, AppError> {
        let Some(account) = self.accounts.get(&proven.message.account) else {
            return Ok(false);
        };
        let Ok(message) = account.reread(&proven.message) else {
            return Ok(false);
        };
        let payment = match &message {
            Message::Unknown(_) => return Ok(false),
            Message::Observation(observation) => observation.payment.clone(),
            Message::RefundHint(hint) => hint.payment.clone(),
        };
        if let Stray::Corrupt(_) = self.fold_now::<Stray>(&payment).await?.state {
            return Ok(false);
        }
        if let Some(order_no) = self.order_of(&payment).await?
            && let Order::Corrupt(_) = self.fold_now::<Order>(&order_no).await?.state
        {
            return Ok(false);
        }
        progress.tell(format!("{} of {}", payment.out_trade_no, payment.account));
        match mode {
            Mode::Apply => {
                self.observe(&account, message, Ground::Message(proven))
                    .await?
            }
            Mode::DryRun => {}
        }
        Ok(true)
    }
}

/// Messages that were not understood when they came, by the SHA-256 of what is stored of each: the
/// commitment to it is salted anew wherever it stands.
#[derive(Default)]
struct Waiting(BTreeMap<[u8; 32], (Position, Hash)>);

impl Waiting {
    fn note(&mut self, bytes: &[u8], position: Position, commitment: Hash) {
        let digest = Sha256::digest(bytes).into();
        self.0.insert(digest, (position, commitment));
    }

    fn forget(&mut self, bytes: &[u8]) {
        if !self.0.is_empty() {
            let digest: [u8; 32] = Sha256::digest(bytes).into();
            self.0.remove(&digest);
        }
    }

    /// Where they are kept, in the order in which they came.
    fn in_order(self) -> Vec<(Position, Hash)> {
        let mut kept: Vec<(Position, Hash)> = self.0.into_values().collect();
        kept.sort_unstable();
        kept
    }
}

/// The message, unless it was dropped.
fn proven(stored: StoredEvidence) -> Result<Option<Proven>, AppError> {
    let Some((_, bytes)) = stored.message.opening else {
        return Ok(None);
    };
    let message = EvidenceMessage::decode(&bytes).map_err(AppError::Evidence)?;
    Ok(Some(Proven {
        message,
        key: stored.key,
    }))
}

//! Reads the feed for the runner, as a future that its caller drives and ends. It waits for nothing but
//! the store's tip, wishes to rebuild, and what the caller paces it with.

use std::convert::Infallible;
use std::future::Future;

use payfold_store::{Position, Scope, Store, StoreError};

use crate::error::ViewError;
use crate::runner::Runner;

/// How many events are folded at once at most: enough to share a commit's cost when a view is behind,
/// and some tens of milliseconds of work.
const STRETCH_EVENTS: usize = 8192;

/// Why the views cannot be kept up now. What was folded stays; calling again goes on from there.
#[derive(Debug, thiserror::Error)]
pub enum FollowError {
    /// The feed cannot be read.
    #[error("reading the feed for the views: {0}")]
    Store(#[from] StoreError),
    /// A view cannot be written.
    #[error(transparent)]
    View(#[from] ViewError),
    /// The store is closed: its tip moves no more.
    #[error("reading the feed for the views: the store is closed")]
    StoreClosed,
}

/// Keeps the views up with the feed until `stop` resolves. An event that comes after a quiet time is
/// folded at once; after each time that the views have caught up, `pause` is awaited, so that under
/// load many events share a commit.
pub async fn follow<Pause: Future<Output = ()>>(
    store: &dyn Store,
    runner: &mut Runner,
    stop: impl Future<Output = ()>,
    pause: impl FnMut() -> Pause,
) -> Result<(), FollowError> {
    // Folding itself is synchronous, so stopping never leaves it half done.
    tokio::select! {
        biased;
        () = stop => Ok(()),
        ended = follow_on(store, runner, pause) => match ended {
            Ok(never) => match never {},
            Err(error) => Err(error),
        },
    }
}

async fn follow_on<Pause: Future<Output = ()>>(
    store: &dyn Store,
    runner: &mut Runner,
    mut pause: impl FnMut() -> Pause,
) -> Result<Infallible, FollowError> {
    verify(store, runner).await?;
    let wishes = runner.wishes();
    let mut tip = store.tip();
    loop {
        let newest = *tip.borrow_and_update();
        match runner.next_read(newest)? {
            Some(after) => {
                let reached = step(store, runner, after, newest).await?;
                if reached >= newest || reached <= after {
                    pause().await;
                }
            }
            None => {
                tokio::select! {
                    biased;
                    changed = tip.changed() => changed.map_err(|_sender_dropped| FollowError::StoreClosed)?,
                    () = wishes.added() => {}
                }
            }
        }
    }
}

/// Brings every view to where the feed ends now, rebuilds that were begun among them.
pub async fn catch_up(store: &dyn Store, runner: &mut Runner) -> Result<(), FollowError> {
    verify(store, runner).await?;
    let newest = *store.tip().borrow();
    while let Some(after) = runner.next_read(newest)? {
        if step(store, runner, after, newest).await? <= after {
            return Ok(());
        }
    }
    Ok(())
}

/// Reads and folds a stretch of the feed that ends no later than it must to reach `newest`; answers with
/// where it ended. A store may end its pages early, so several make a stretch.
async fn step(
    store: &dyn Store,
    runner: &mut Runner,
    after: Position,
    newest: Position,
) -> Result<Position, FollowError> {
    let mut stretch = store.read(after, STRETCH_EVENTS, Scope::Public).await?;
    while stretch.read_to < newest && stretch.events.len() < STRETCH_EVENTS {
        let limit = STRETCH_EVENTS - stretch.events.len();
        let page = store.read(stretch.read_to, limit, Scope::Public).await?;
        if page.read_to <= stretch.read_to {
            break;
        }
        stretch.events.extend(page.events);
        stretch.read_to = page.read_to;
    }
    runner.apply(after, &stretch.events, stretch.read_to)?;
    Ok(stretch.read_to)
}

/// Holds each view against the store: one that has come further than the store, or knows another event
/// where it stands, is of another history, and begins anew.
async fn verify(store: &dyn Store, runner: &mut Runner) -> Result<(), FollowError> {
    let newest = *store.tip().borrow();
    for (view, checkpoint) in runner.checkpoints() {
        let last = checkpoint.last;
        let fits = if checkpoint.position > newest {
            false
        } else if last.as_of.position == Position::default() {
            true
        } else {
            let stored = store.at(last.as_of.position).await?;
            stored.is_some_and(|stored| stored.id == last.id)
        };
        if !fits {
            tracing::warn!(
                view = view.as_str(),
                position = checkpoint.position.0,
                "a view is of another history than the store; it is built again"
            );
            runner.discard(view)?;
        }
    }
    Ok(())
}

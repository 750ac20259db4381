//! The ring: recent events as they go to the readers of the open feed, encoded once. One task reads
//! the store; a reader that has fallen behind the ring reads the store itself until it has caught up.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use payfold_store::{Cursor, Page, Position, Recorded, Scope, StoreError, cloud_event};
use tokio::sync::{Notify, watch};

use super::Wanted;
use crate::app::App;

/// The most events in the ring.
const MOST_EVENTS: usize = 4_096;

/// The most bytes in the ring.
const MOST_BYTES: usize = 4 * 1024 * 1024;

/// How many events are read at a time.
const STRETCH: usize = 512;

/// How long the ring waits when the store cannot be read.
const RETRY: Duration = Duration::from_millis(500);

/// An event as its readers get it.
#[derive(Debug, Clone)]
struct Encoded {
    position: Position,
    kind: Arc<str>,
    /// `id: …` and `data: …` lines, and the empty line that ends them.
    frame: Bytes,
}

/// A stretch of the feed, for one reader.
#[derive(Debug)]
pub(super) struct Stretch {
    /// The wanted events' lines.
    pub(super) frames: Vec<Bytes>,
    /// The last event looked at.
    pub(super) read_to: Position,
    /// The last wanted one, where there is one.
    pub(super) last_shown: Option<Position>,
}

/// Recent events, and how far they go.
pub(crate) struct Ring {
    kept: Mutex<Kept>,
    /// The last position looked at by the one task.
    read_to: watch::Sender<Position>,
    /// Rung by each reader who comes.
    came: Notify,
}

struct Kept {
    events: VecDeque<Encoded>,
    bytes: usize,
    /// Every event behind this one, up to `read_to`, is in the ring.
    floor: Position,
    read_to: Position,
}

impl Ring {
    /// A ring that begins at the feed's end.
    pub(crate) fn new(end: Position) -> Arc<Self> {
        let kept = Kept {
            events: VecDeque::new(),
            bytes: 0,
            floor: end,
            read_to: end,
        };
        Arc::new(Self {
            kept: Mutex::new(kept),
            read_to: watch::channel(end).0,
            came: Notify::new(),
        })
    }

    /// Keeps the ring up with the store until the program stops.
    pub(crate) async fn follow(self: Arc<Self>, app: Arc<App>) {
        let mut tip = app.store.tip();
        loop {
            let on = async {
                if self.read_to.receiver_count() == 0 {
                    self.came.notified().await;
                    self.skip_to(*tip.borrow_and_update());
                    return true;
                }
                let read_to = *self.read_to.borrow();
                if *tip.borrow_and_update() > read_to {
                    self.read_on(&app, read_to).await;
                    return true;
                }
                tip.changed().await.is_ok()
            };
            tokio::select! {
                biased;
                () = app.world.tasks.stopping() => return,
                store_lives = on => if !store_lives { return },
            }
        }
    }

    async fn read_on(&self, app: &App, read_to: Position) {
        let page = app.store.read(read_to, STRETCH, Scope::Public).await;
        match page.and_then(|page| Ok((encode(app, &page)?, page.read_to))) {
            Ok((encoded, read_to)) => self.take(encoded, read_to),
            Err(error) => {
                tracing::error!(%error, "the feed could not be read on");
                tokio::time::sleep(RETRY).await;
            }
        }
    }

    /// Where nobody reads, nothing is read or encoded: whoever comes begins with the store.
    fn skip_to(&self, end: Position) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        *kept = Kept {
            events: VecDeque::new(),
            bytes: 0,
            floor: end,
            read_to: end,
        };
        self.read_to.send_replace(end);
    }

    fn take(&self, encoded: Vec<Encoded>, read_to: Position) {
        {
            let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
            for event in encoded {
                kept.bytes += event.frame.len();
                kept.events.push_back(event);
            }
            while kept.events.len() > MOST_EVENTS || kept.bytes > MOST_BYTES {
                let Some(oldest) = kept.events.pop_front() else {
                    break;
                };
                kept.bytes -= oldest.frame.len();
                kept.floor = oldest.position;
            }
            kept.read_to = read_to;
        }
        self.read_to.send_replace(read_to);
    }

    /// Wakes whenever the feed has gone on.
    pub(super) fn watch(&self) -> watch::Receiver<Position> {
        let watch = self.read_to.subscribe();
        self.came.notify_one();
        watch
    }

    /// What comes behind a position: out of the ring, or where that does not go back so far out of
    /// the store.
    pub(super) async fn behind(
        &self,
        app: &App,
        position: Position,
        wanted: &Wanted,
    ) -> Result<Stretch, StoreError> {
        if let Some(stretch) = self.recent(position, wanted) {
            return Ok(stretch);
        }
        let page = app.store.read(position, STRETCH, Scope::Public).await?;
        let encoded = encode(app, &page)?;
        Ok(stretch(encoded.iter(), page.read_to, wanted))
    }

    fn recent(&self, position: Position, wanted: &Wanted) -> Option<Stretch> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if position < kept.floor || position > kept.read_to {
            return None;
        }
        let from = kept
            .events
            .partition_point(|event| event.position <= position);
        let behind = kept.events.range(from..);
        let more = behind.len() > STRETCH;
        let events = behind.take(STRETCH);
        let last = kept.events.get(from + STRETCH - 1).filter(|_| more);
        let read_to = last.map_or(kept.read_to, |last| last.position);
        Some(stretch(events, read_to, wanted))
    }
}

fn stretch<'a>(
    events: impl Iterator<Item = &'a Encoded>,
    read_to: Position,
    wanted: &Wanted,
) -> Stretch {
    let mut stretch = Stretch {
        frames: Vec::new(),
        read_to,
        last_shown: None,
    };
    for event in events.filter(|event| wanted.wants(&event.kind)) {
        stretch.frames.push(event.frame.clone());
        stretch.last_shown = Some(event.position);
    }
    stretch
}

fn encode(app: &App, page: &Page) -> Result<Vec<Encoded>, StoreError> {
    page.events
        .iter()
        .map(|event| encode_one(app, event))
        .collect()
}

fn encode_one(app: &App, event: &Recorded) -> Result<Encoded, StoreError> {
    let cursor = Cursor::behind(app.store.id(), event).to_string();
    let json = cloud_event(event, &app.settings.public_url, &cursor)?;
    let mut frame = Vec::with_capacity(json.len() + cursor.len() + 16);
    frame.extend_from_slice(b"id: ");
    frame.extend_from_slice(cursor.as_bytes());
    frame.extend_from_slice(b"\ndata: ");
    frame.extend_from_slice(&json);
    frame.extend_from_slice(b"\n\n");
    Ok(Encoded {
        position: event.position,
        kind: Arc::clone(&event.kind),
        frame: frame.into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(position: u64, kind: &str) -> Encoded {
        let frame = Bytes::from(format!("id: {position}\ndata: {{}}\n\n"));
        Encoded {
            position: Position(position),
            kind: kind.into(),
            frame,
        }
    }

    #[test]
    fn a_reader_sees_everything_behind_its_position_and_nothing_twice() {
        let ring = Ring::new(Position(10));
        ring.take(vec![event(12, "A"), event(15, "B")], Position(16));
        let seen = ring.recent(Position(10), &Wanted::All).unwrap();
        assert_eq!((seen.frames.len(), seen.read_to), (2, Position(16)));
        let seen = ring.recent(Position(12), &Wanted::All).unwrap();
        assert_eq!(seen.frames.len(), 1);
        assert!(
            ring.recent(Position(16), &Wanted::All)
                .unwrap()
                .frames
                .is_empty()
        );
    }

    #[test]
    fn a_filter_leaves_out_and_still_goes_on() {
        let ring = Ring::new(Position(0));
        ring.take(
            vec![event(1, "A"), event(2, "B"), event(3, "B")],
            Position(3),
        );
        let wanted = Wanted::Named(["A".to_owned()].into());
        let seen = ring.recent(Position(0), &wanted).unwrap();
        assert_eq!(seen.last_shown, Some(Position(1)));
        assert_eq!(seen.read_to, Position(3));
    }

    #[test]
    fn whoever_is_behind_the_ring_is_sent_to_the_store() {
        let ring = Ring::new(Position(0));
        for position in 1..=5_000 {
            ring.take(vec![event(position, "A")], Position(position));
        }
        assert!(ring.recent(Position(0), &Wanted::All).is_none());
        let floor = 5_000 - u64::try_from(MOST_EVENTS).unwrap();
        let seen = ring.recent(Position(floor), &Wanted::All).unwrap();
        assert_eq!(seen.frames.len(), STRETCH);
        assert_eq!(seen.read_to, seen.last_shown.unwrap());
        assert!(ring.recent(Position(floor - 1), &Wanted::All).is_none());
    }
}

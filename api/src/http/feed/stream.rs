//! The feed kept open (`text/event-stream`): each reader has a position of its own, is written to at
//! most every 25 ms, and is never skipped anything. It ends at once when the program stops.

use std::future::ready;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use bytes::{Bytes, BytesMut};
use futures_util::stream::{Stream, StreamExt, once, unfold};
use http::{HeaderValue, StatusCode, header};
use payfold_store::{Cursor, Position, StoreError};
use tokio::sync::watch;
use tokio::time::{Sleep, sleep};

use super::Wanted;
use super::ring::Ring;
use crate::app::App;
use crate::http::Site;
use crate::http::traffic::ReaderCounted;

/// The shortest time between two writes to one reader.
const PACE: Duration = Duration::from_millis(25);

/// How long a reader hears nothing, at most.
const SILENCE: Duration = Duration::from_secs(15);

/// A reader of the open feed.
struct Reader {
    app: Arc<App>,
    ring: Arc<Ring>,
    gone_on: watch::Receiver<Position>,
    wanted: Wanted,
    /// The last event looked at for this reader.
    position: Position,
    /// The last position that the reader has been told.
    told: Position,
    /// Over once the reader may be written to again.
    pace: Pin<Box<Sleep>>,
    /// Counted as long as it reads.
    _counted: ReaderCounted,
}

/// Opens the feed behind a position.
pub(super) fn open_stream(site: &Site, position: Position, wanted: Wanted) -> Response {
    let reader = Reader::new(site, position, wanted);
    let headers = [
        (
            header::CONTENT_TYPE,
            HeaderValue::from_static("text/event-stream"),
        ),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    // A first line, so that the reader knows at once that it is heard.
    let heard = once(ready(Ok(Bytes::from_static(b": heard\n\n"))));
    let body = Body::from_stream(heard.chain(chunks(reader)));
    (StatusCode::OK, headers, body).into_response()
}

fn chunks(reader: Reader) -> impl Stream<Item = Result<Bytes, StoreError>> {
    unfold(Some(reader), async |reader| {
        let mut reader = reader?;
        let tasks = reader.app.world.tasks.clone();
        tokio::select! {
            biased;
            () = tasks.stopping() => None,
            chunk = reader.next_chunk() => match chunk {
                Ok(chunk) => Some((Ok(chunk), Some(reader))),
                // The reader comes again with its last id, and misses nothing.
                Err(error) => Some((Err(error), None)),
            },
        }
    })
}

impl Reader {
    fn new(site: &Site, position: Position, wanted: Wanted) -> Self {
        Self {
            app: Arc::clone(&site.app),
            ring: Arc::clone(&site.ring),
            gone_on: site.ring.watch(),
            wanted,
            position,
            told: position,
            pace: Box::pin(sleep(PACE)),
            _counted: Arc::clone(&site.traffic).reader(),
        }
    }

    async fn next_chunk(&mut self) -> Result<Bytes, StoreError> {
        let mut silence = pin!(sleep(SILENCE));
        self.pace.as_mut().await;
        loop {
            self.gone_on.mark_unchanged();
            let stretch = self
                .ring
                .behind(&self.app, self.position, &self.wanted)
                .await?;
            let more = stretch.read_to > self.position;
            self.position = stretch.read_to.max(self.position);
            if let Some(shown) = stretch.last_shown {
                self.told = shown;
                self.pace.set(sleep(PACE));
                return Ok(joined(&stretch.frames));
            }
            if silence.is_elapsed() {
                return self.sign_of_life().await;
            }
            if !more {
                tokio::select! {
                    biased;
                    _changed = self.gone_on.changed() => sleep(PACE).await,
                    () = silence.as_mut() => {}
                }
            }
        }
    }

    /// A comment; and where events were left out, an `id` without data, so that the reader comes back
    /// behind them.
    async fn sign_of_life(&mut self) -> Result<Bytes, StoreError> {
        if self.told == self.position {
            return Ok(Bytes::from_static(b": alive\n\n"));
        }
        let event = self.app.store.at(self.position).await?;
        self.told = self.position;
        Ok(event.map_or(Bytes::from_static(b": alive\n\n"), |event| {
            let cursor = Cursor::behind(self.app.store.id(), &event);
            Bytes::from(format!(": alive\nid: {cursor}\n\n"))
        }))
    }
}

fn joined(frames: &[Bytes]) -> Bytes {
    let mut whole = BytesMut::with_capacity(frames.iter().map(Bytes::len).sum());
    for frame in frames {
        whole.extend_from_slice(frame);
    }
    whole.freeze()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::tests::site::TestSite;

    #[tokio::test]
    async fn a_sign_of_life_tells_where_the_reader_stands_once_events_were_left_out() {
        let test = TestSite::start().await;
        let placed = test.place("A-1").await;
        let mut reader = Reader::new(&test.site, Position(0), Wanted::All);
        reader.position = *test.app.store.tip().borrow();
        let cursor = placed.header("payfold-as-of");
        let sign = reader.sign_of_life().await.unwrap();
        assert_eq!(sign, Bytes::from(format!(": alive\nid: {cursor}\n\n")));
        assert_eq!(reader.sign_of_life().await.unwrap(), ": alive\n\n");
    }
}

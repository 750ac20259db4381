//! Events as the views take them: decoded once, for all of them. What an event means to a view is the
//! view's own.

use payfold_domain::Timestamp;
use payfold_domain::event::Event;
use payfold_store::{Position, Recorded, StreamName};

/// An event of the feed.
pub(crate) struct Fed<'a> {
    /// Its place in the total order.
    pub(crate) position: Position,
    /// Its own time.
    pub(crate) time: Timestamp,
    /// Its stream.
    pub(crate) stream: &'a StreamName,
    /// What it says.
    pub(crate) said: Said,
}

/// What a stored event says.
pub(crate) enum Said {
    /// It could be decoded.
    Event(Event),
    /// This binary cannot decode it. Views pass it, lest one event stop them for ever; an order that
    /// it belongs to shows as corrupt.
    Unreadable,
}

/// Decodes a page. What cannot be decoded is told to the operator here, once.
pub(crate) fn decode(recorded: &[Recorded]) -> Vec<Fed<'_>> {
    recorded
        .iter()
        .map(|recorded| Fed {
            position: recorded.position,
            time: recorded.time,
            stream: &recorded.stream,
            said: match payfold_store::decode(recorded) {
                Ok(event) => Said::Event(event),
                Err(error) => {
                    tracing::error!(
                        stream = %recorded.stream,
                        version = recorded.version,
                        position = recorded.position.0,
                        %error,
                        "an event cannot be read; the views pass it"
                    );
                    Said::Unreadable
                }
            },
        })
        .collect()
}

//! Whose turn it is on a connection: the client's, who has a request to send to its end, or ours, who
//! owe an answer to a whole one. A stop waits for what is ours, and hardly for what is the client's.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::{Body, Frame, Incoming, SizeHint};

/// Whose turn it is, shared by a connection's bytes and its requests.
#[derive(Clone)]
pub(super) struct Turn(Arc<AtomicBool>);

impl Turn {
    /// A connection begins with the client's words.
    pub(super) fn new() -> Self {
        Self(Arc::new(AtomicBool::new(false)))
    }

    /// The client has begun to say something, or goes on.
    pub(super) fn is_the_clients(&self) {
        self.0.store(false, Ordering::Relaxed);
    }

    fn is_ours(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether the client is owed an answer to a whole request.
    pub(super) fn owes_an_answer(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// A request's body; once nobody waits for more of it, the turn is ours.
pub(super) struct Heard {
    body: Incoming,
    turn: Turn,
}

impl Heard {
    pub(super) fn new(body: Incoming, turn: Turn) -> Self {
        if body.is_end_stream() {
            turn.is_ours();
        }
        Self { body, turn }
    }
}

impl Drop for Heard {
    fn drop(&mut self) {
        self.turn.is_ours();
    }
}

impl Body for Heard {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

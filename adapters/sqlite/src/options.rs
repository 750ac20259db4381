//! What a caller may choose about a store, and how it lends the store its threads.

use std::io;

/// How the store starts its threads: a name, and what to run until it returns. The store ends each of
/// them when it is closed or dropped.
pub type Spawn<'a> =
    &'a (dyn Fn(&'static str, Box<dyn FnOnce() + Send + 'static>) -> io::Result<()> + 'a);

/// The bounds that a store keeps; [`Options::default`] is made for a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// How many requests may wait for the writer; past it the store says that it is overloaded.
    pub queue_requests: usize,
    /// How many bytes of requests may wait for the writer.
    pub queue_bytes: usize,
    /// How many connections for reading stay open between reads.
    pub readers: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            queue_requests: 4_096,
            queue_bytes: 8 << 20,
            readers: 4,
        }
    }
}

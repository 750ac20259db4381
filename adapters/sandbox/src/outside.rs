//! What the sandbox needs of the world around it: time, randomness, a way to call a shop, and a way
//! to wait. It reads and starts nothing by itself, so that a test may hold all of it.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use chrono::{DateTime, Utc};

/// Tells the time.
pub type Clock = Arc<dyn Fn() -> DateTime<Utc> + Send + Sync>;

/// Fills a buffer with random bytes.
pub type Entropy = Arc<dyn Fn(&mut [u8]) + Send + Sync>;

/// Waits for a stretch of time.
pub type Wait = Arc<dyn Fn(Duration) -> Pending<'static, ()> + Send + Sync>;

/// Something that is on its way.
pub type Pending<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// The world, as the sandbox sees it.
#[derive(Clone)]
pub struct Outside {
    /// Tells the time.
    pub clock: Clock,
    /// Makes randomness.
    pub entropy: Entropy,
    /// Calls a shop's notify address, and payfold for the demo shop.
    pub outbound: Arc<dyn Outbound>,
    /// Waits; asked only while a fault makes the gateways slow.
    pub wait: Wait,
}

/// Opens connections to a shop.
pub trait Outbound: Send + Sync {
    /// Sends a request and waits for the whole answer, no longer than the call's deadline. A
    /// redirect is an answer like any other and is not followed.
    fn send(&self, call: Call) -> Pending<'_, Result<Answer, Unreached>>;
}

/// A request of the sandbox to a shop.
#[derive(Debug, Clone)]
pub struct Call {
    /// `GET`, `PUT` or `POST`.
    pub method: http::Method,
    /// The whole address.
    pub url: String,
    /// Headers, in order. Each name occurs once.
    pub headers: Vec<(&'static str, String)>,
    /// The exact bytes to send.
    pub body: Bytes,
    /// How long the answer may take.
    pub deadline: Duration,
}

/// What a shop answered.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// The body; the caller may cut it after 64 KiB.
    pub body: Bytes,
}

/// A shop that gave no answer in time.
#[derive(Debug, Clone, thiserror::Error)]
#[error("no answer from {url}: {problem}")]
pub struct Unreached {
    /// The address called.
    pub url: String,
    /// What happened.
    pub problem: String,
}

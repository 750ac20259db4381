//! What Alipay is told after a notify 「异步通知说明」. Whether a message is taken is decided elsewhere.

/// An answer to a notify. Anything but 200 and the seven bytes `success` makes Alipay send it again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotifyAnswer {
    /// The HTTP status.
    pub status: u16,
    /// The `Content-Type`.
    pub content_type: &'static str,
    /// The body.
    pub body: &'static str,
}

impl NotifyAnswer {
    /// The message is durably stored.
    pub const ACCEPTED: Self = Self::plain(200, "success");
    /// The message is refused.
    pub const REFUSED: Self = Self::plain(400, "fail");
    /// The message is authentic and could not be stored now.
    pub const UNAVAILABLE: Self = Self::plain(503, "fail");

    const fn plain(status: u16, body: &'static str) -> Self {
        Self {
            status,
            content_type: "text/plain",
            body,
        }
    }
}

//! What the shop's configuration says about money that is not as expected, and what an account can do.

/// What becomes of money that comes after an order was cancelled or had expired.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LatePolicy {
    /// The order is paid by it.
    Accept,
    /// It waits for a person.
    Hold,
    /// It goes back.
    Refund,
}

/// What becomes of money that can never be the order's without a person's word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReturnPolicy {
    /// It waits for a person.
    Hold,
    /// It goes back.
    Refund,
}

/// The configured policies (`[policy]`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// For money after the order had expired.
    pub late_expired: LatePolicy,
    /// For money after the order was cancelled.
    pub late_cancelled: LatePolicy,
    /// For a second payment of a paid order.
    pub double: ReturnPolicy,
    /// For another amount, currency or application than asked.
    pub mismatch: ReturnPolicy,
}

impl Policy {
    /// Everything unexpected waits for a person.
    pub const HOLD: Self = Self {
        late_expired: LatePolicy::Hold,
        late_cancelled: LatePolicy::Hold,
        double: ReturnPolicy::Hold,
        mismatch: ReturnPolicy::Hold,
    };
}

/// What an account can do at its gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Capability {
    /// It starts payments, asks, closes and refunds.
    Full,
    /// It still refunds and asks, but starts nothing (`retired = true`).
    Retired,
    /// It has no private key: it only receives.
    ReceivesOnly,
}

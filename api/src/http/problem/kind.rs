//! The names of problems, with the status and the title of each. They are never used for anything else.

use http::StatusCode;

/// What went wrong, by the name that callers match on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Malformed,
    Unauthorized,
    Forbidden,
    NotFound,
    MethodNotAllowed,
    TooLarge,
    CursorUnknown,
    Invalid,
    Conflict,
    OrderPaid,
    OrderCancelled,
    OrderExpired,
    OrderCorrupt,
    Held,
    RefundTooMuch,
    RefundsClosed,
    ShipmentNotRequested,
    ShipmentHeld,
    ShipmentCancelled,
    ShipmentDispatched,
    ShipmentNotDispatched,
    AccountReceivesOnly,
    GatewayRefused,
    Overloaded,
    Behind,
    GatewayUnknown,
}

impl Kind {
    /// Every kind, in the order of the contract.
    pub(crate) const ALL: [Self; 26] = [
        Self::Malformed,
        Self::Unauthorized,
        Self::Forbidden,
        Self::NotFound,
        Self::MethodNotAllowed,
        Self::TooLarge,
        Self::CursorUnknown,
        Self::Invalid,
        Self::Conflict,
        Self::OrderPaid,
        Self::OrderCancelled,
        Self::OrderExpired,
        Self::OrderCorrupt,
        Self::Held,
        Self::RefundTooMuch,
        Self::RefundsClosed,
        Self::ShipmentNotRequested,
        Self::ShipmentHeld,
        Self::ShipmentCancelled,
        Self::ShipmentDispatched,
        Self::ShipmentNotDispatched,
        Self::AccountReceivesOnly,
        Self::GatewayRefused,
        Self::Overloaded,
        Self::Behind,
        Self::GatewayUnknown,
    ];

    /// The status, the last part of `type`, and the title.
    pub(crate) fn told(self) -> (StatusCode, &'static str, &'static str) {
        use StatusCode as S;
        match self {
            Self::Malformed => (S::BAD_REQUEST, "malformed", "The body is not JSON"),
            Self::Unauthorized => (S::UNAUTHORIZED, "unauthorized", "Nobody known is calling"),
            Self::Forbidden => (S::FORBIDDEN, "forbidden", "The caller may not do this"),
            Self::NotFound => (S::NOT_FOUND, "not-found", "There is no such thing"),
            Self::MethodNotAllowed => (
                S::METHOD_NOT_ALLOWED,
                "method-not-allowed",
                "The route has no such method",
            ),
            Self::TooLarge => (S::PAYLOAD_TOO_LARGE, "too-large", "The body is too large"),
            Self::CursorUnknown => (
                S::GONE,
                "cursor-unknown",
                "This store did not make the cursor",
            ),
            Self::Invalid => (
                S::UNPROCESSABLE_ENTITY,
                "invalid",
                "The request is not valid",
            ),
            Self::Conflict => (S::CONFLICT, "conflict", "It is there with other content"),
            Self::OrderPaid => (S::CONFLICT, "order-paid", "The order is paid"),
            Self::OrderCancelled => (S::CONFLICT, "order-cancelled", "The order was cancelled"),
            Self::OrderExpired => (S::CONFLICT, "order-expired", "The order has expired"),
            Self::OrderCorrupt => (
                S::CONFLICT,
                "order-corrupt",
                "The order's events cannot be read",
            ),
            Self::Held => (S::CONFLICT, "held", "The money waits for a decision"),
            Self::RefundTooMuch => (
                S::CONFLICT,
                "refund-too-much",
                "More than is left to give back",
            ),
            Self::RefundsClosed => (
                S::CONFLICT,
                "refunds-closed",
                "The gateway takes no more refunds of the payment",
            ),
            Self::ShipmentNotRequested => (
                S::CONFLICT,
                "shipment-not-requested",
                "No shipment is asked for",
            ),
            Self::ShipmentHeld => (S::CONFLICT, "shipment-held", "The shipment is held"),
            Self::ShipmentCancelled => (
                S::CONFLICT,
                "shipment-cancelled",
                "The shipment was cancelled",
            ),
            Self::ShipmentDispatched => {
                (S::CONFLICT, "shipment-dispatched", "The shipment has left")
            }
            Self::ShipmentNotDispatched => (
                S::CONFLICT,
                "shipment-not-dispatched",
                "The shipment has not left",
            ),
            Self::AccountReceivesOnly => (
                S::CONFLICT,
                "account-receives-only",
                "The account only receives",
            ),
            Self::GatewayRefused => (S::BAD_GATEWAY, "gateway-refused", "The gateway refused"),
            Self::Overloaded => (
                S::SERVICE_UNAVAILABLE,
                "overloaded",
                "It cannot be done now; try again",
            ),
            Self::Behind => (
                S::SERVICE_UNAVAILABLE,
                "behind",
                "The view has not come that far",
            ),
            Self::GatewayUnknown => (
                S::GATEWAY_TIMEOUT,
                "gateway-unknown",
                "What the gateway made of it is not known",
            ),
        }
    }
}

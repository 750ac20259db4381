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

    /// The last part of the problem's `type`.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::Unauthorized => "unauthorized",
            Self::Forbidden => "forbidden",
            Self::NotFound => "not-found",
            Self::MethodNotAllowed => "method-not-allowed",
            Self::TooLarge => "too-large",
            Self::CursorUnknown => "cursor-unknown",
            Self::Invalid => "invalid",
            Self::Conflict => "conflict",
            Self::OrderPaid => "order-paid",
            Self::OrderCancelled => "order-cancelled",
            Self::OrderExpired => "order-expired",
            Self::OrderCorrupt => "order-corrupt",
            Self::Held => "held",
            Self::RefundTooMuch => "refund-too-much",
            Self::RefundsClosed => "refunds-closed",
            Self::ShipmentNotRequested => "shipment-not-requested",
            Self::ShipmentHeld => "shipment-held",
            Self::ShipmentCancelled => "shipment-cancelled",
            Self::ShipmentDispatched => "shipment-dispatched",
            Self::ShipmentNotDispatched => "shipment-not-dispatched",
            Self::AccountReceivesOnly => "account-receives-only",
            Self::GatewayRefused => "gateway-refused",
            Self::Overloaded => "overloaded",
            Self::Behind => "behind",
            Self::GatewayUnknown => "gateway-unknown",
        }
    }

    /// The problem's title.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Malformed => "The body is not JSON",
            Self::Unauthorized => "Nobody known is calling",
            Self::Forbidden => "The caller may not do this",
            Self::NotFound => "There is no such thing",
            Self::MethodNotAllowed => "The route has no such method",
            Self::TooLarge => "The body is too large",
            Self::CursorUnknown => "This store did not make the cursor",
            Self::Invalid => "The request is not valid",
            Self::Conflict => "It is there with other content",
            Self::OrderPaid => "The order is paid",
            Self::OrderCancelled => "The order was cancelled",
            Self::OrderExpired => "The order has expired",
            Self::OrderCorrupt => "The order's events cannot be read",
            Self::Held => "The money waits for a decision",
            Self::RefundTooMuch => "More than is left to give back",
            Self::RefundsClosed => "The gateway takes no more refunds of the payment",
            Self::ShipmentNotRequested => "No shipment is asked for",
            Self::ShipmentHeld => "The shipment is held",
            Self::ShipmentCancelled => "The shipment was cancelled",
            Self::ShipmentDispatched => "The shipment has left",
            Self::ShipmentNotDispatched => "The shipment has not left",
            Self::AccountReceivesOnly => "The account only receives",
            Self::GatewayRefused => "The gateway refused",
            Self::Overloaded => "It cannot be done now; try again",
            Self::Behind => "The view has not come that far",
            Self::GatewayUnknown => "What the gateway made of it is not known",
        }
    }

    /// The status of an answer with the problem.
    pub(crate) fn status(self) -> StatusCode {
        match self {
            Self::Malformed => StatusCode::BAD_REQUEST,
            Self::Unauthorized => StatusCode::UNAUTHORIZED,
            Self::Forbidden => StatusCode::FORBIDDEN,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::CursorUnknown => StatusCode::GONE,
            Self::Invalid => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Conflict
            | Self::OrderPaid
            | Self::OrderCancelled
            | Self::OrderExpired
            | Self::OrderCorrupt
            | Self::Held
            | Self::RefundTooMuch
            | Self::RefundsClosed
            | Self::ShipmentNotRequested
            | Self::ShipmentHeld
            | Self::ShipmentCancelled
            | Self::ShipmentDispatched
            | Self::ShipmentNotDispatched
            | Self::AccountReceivesOnly => StatusCode::CONFLICT,
            Self::GatewayRefused => StatusCode::BAD_GATEWAY,
            Self::Overloaded | Self::Behind => StatusCode::SERVICE_UNAVAILABLE,
            Self::GatewayUnknown => StatusCode::GATEWAY_TIMEOUT,
        }
    }
}

//! The table of the routes.

use super::route::{Access, Answer, Body, Content, OPEN, PAGE, Route, ok, written};
use crate::app::Scope;
use crate::http::problem::Kind;

const ORDER: &[Content] = &[Content::Json("Order")];
const PAYMENT: &[Content] = &[Content::Json("Payment")];
const REFUND: &[Content] = &[Content::Json("Refund")];
const SHIPMENT: &[Content] = &[Content::Json("Shipment")];
const HTML: &[Content] = &[Content::Text("text/html")];

const PAYMENT_PATH: &str = "/v1/orders/{order_no}/payments/{account}/{out_trade_no}";
const REFUND_PATH: &str =
    "/v1/orders/{order_no}/payments/{account}/{out_trade_no}/refunds/{refund_no}";
const RETRY_PATH: &str =
    "/v1/orders/{order_no}/payments/{account}/{out_trade_no}/refunds/{refund_no}/retry";

const READ: Access = Access::Scope(Scope::OrdersRead);
const WRITE: Access = Access::Scope(Scope::OrdersWrite);
const SHIP: Access = Access::Scope(Scope::ShipmentsWrite);
const REFUNDS: Access = Access::Scope(Scope::RefundsWrite);

const SHIPMENT_PROBLEMS: &[Kind] = &[
    Kind::NotFound,
    Kind::OrderCorrupt,
    Kind::ShipmentNotRequested,
    Kind::ShipmentHeld,
    Kind::ShipmentCancelled,
    Kind::ShipmentDispatched,
    Kind::ShipmentNotDispatched,
];

/// Every route.
pub(super) const ROUTES: &[Route] = &[
    Route {
        method: "put",
        path: "/v1/orders/{order_no}",
        id: "place_order",
        about: "Place an order.",
        access: WRITE,
        body: Some(Body::Json("PlaceOrder")),
        answers: &[written(201, ORDER), written(200, ORDER)],
        problems: &[Kind::Conflict, Kind::OrderCorrupt],
        ..OPEN
    },
    Route {
        path: "/v1/orders/{order_no}",
        id: "read_order",
        about: "Read an order: now, once it has changed (`wait`), or as it stood (`at`).",
        access: Access::OrderReaders,
        parameters: &["wait", "at", "if_none_match"],
        answers: &[
            Answer {
                status: 200,
                about: "The order; of a read token's holder what that token shows.",
                contents: &[Content::Json("OrderOrRestricted")],
                headers: &["ETag"],
            },
            Answer {
                status: 304,
                about: "It has not changed.",
                contents: &[],
                headers: &["ETag"],
            },
        ],
        problems: &[Kind::NotFound, Kind::CursorUnknown, Kind::OrderCorrupt],
        ..OPEN
    },
    Route {
        path: "/v1/orders",
        id: "list_orders",
        about: "List orders, the newest first.",
        access: READ,
        parameters: &[
            "limit",
            "after",
            "order_status",
            "created_from",
            "created_to",
        ],
        answers: &[ok(&[Content::Json("OrderPage")], PAGE)],
        ..OPEN
    },
    Route {
        path: "/v1/orders/{order_no}/events",
        id: "list_order_events",
        about: "List what happened to an order; `evidence` needs the scope `admin`.",
        access: READ,
        parameters: &["limit", "after", "evidence"],
        answers: &[ok(
            &[Content::Json("EventPage")],
            "The order's events, in order.",
        )],
        problems: &[Kind::NotFound, Kind::OrderCorrupt],
        ..OPEN
    },
    Route {
        method: "post",
        path: "/v1/orders/{order_no}/cancel",
        id: "cancel_order",
        about: "Cancel an order, once its open payments are closed.",
        access: WRITE,
        body: Some(Body::JsonIfAny("Nothing")),
        answers: &[written(200, ORDER)],
        problems: &[
            Kind::NotFound,
            Kind::OrderPaid,
            Kind::OrderExpired,
            Kind::OrderCorrupt,
        ],
        ..OPEN
    },
    Route {
        method: "put",
        path: PAYMENT_PATH,
        id: "start_payment",
        about: "Start a payment of the order's amount.",
        access: WRITE,
        body: Some(Body::Json("StartPayment")),
        answers: &[written(201, PAYMENT), written(200, PAYMENT)],
        problems: &[
            Kind::NotFound,
            Kind::Conflict,
            Kind::AccountReceivesOnly,
            Kind::OrderPaid,
            Kind::OrderCancelled,
            Kind::OrderExpired,
            Kind::OrderCorrupt,
            Kind::GatewayRefused,
            Kind::GatewayUnknown,
        ],
        ..OPEN
    },
    Route {
        method: "put",
        path: REFUND_PATH,
        id: "request_refund",
        about: "Give back of what a payment brought.",
        access: REFUNDS,
        body: Some(Body::Json("RequestRefund")),
        answers: &[written(201, REFUND), written(200, REFUND)],
        problems: &[
            Kind::NotFound,
            Kind::Conflict,
            Kind::Held,
            Kind::RefundTooMuch,
            Kind::RefundsClosed,
            Kind::AccountReceivesOnly,
            Kind::OrderCorrupt,
        ],
        ..OPEN
    },
    Route {
        method: "post",
        path: RETRY_PATH,
        id: "retry_refund",
        about: "Ask for a refund again that needs action.",
        access: REFUNDS,
        body: Some(Body::JsonIfAny("Nothing")),
        answers: &[written(200, REFUND)],
        problems: &[
            Kind::NotFound,
            Kind::Conflict,
            Kind::AccountReceivesOnly,
            Kind::RefundsClosed,
            Kind::RefundTooMuch,
            Kind::OrderCorrupt,
        ],
        ..OPEN
    },
    Route {
        method: "put",
        path: "/v1/orders/{order_no}/shipment",
        id: "dispatch_shipment",
        about: "Say that a parcel has left, or correct its data.",
        access: SHIP,
        body: Some(Body::Json("DispatchShipment")),
        answers: &[written(201, SHIPMENT), written(200, SHIPMENT)],
        problems: SHIPMENT_PROBLEMS,
        ..OPEN
    },
    Route {
        method: "post",
        path: "/v1/orders/{order_no}/shipment/delivered",
        id: "deliver_shipment",
        about: "Say that the shipment arrived.",
        access: SHIP,
        body: Some(Body::JsonIfAny("Nothing")),
        answers: &[written(200, SHIPMENT)],
        problems: SHIPMENT_PROBLEMS,
        ..OPEN
    },
    Route {
        method: "post",
        path: "/v1/orders/{order_no}/shipment/hold",
        id: "hold_shipment",
        about: "Hold the shipment, as a person's decision.",
        access: SHIP,
        body: Some(Body::Json("HoldShipment")),
        answers: &[written(200, SHIPMENT)],
        problems: SHIPMENT_PROBLEMS,
        ..OPEN
    },
    Route {
        method: "post",
        path: "/v1/orders/{order_no}/shipment/release",
        id: "release_shipment",
        about: "End a person's hold.",
        access: SHIP,
        body: Some(Body::JsonIfAny("Nothing")),
        answers: &[written(200, SHIPMENT)],
        problems: SHIPMENT_PROBLEMS,
        ..OPEN
    },
    Route {
        path: "/v1/shipments",
        id: "list_shipments",
        about: "List shipments, the newest first.",
        access: READ,
        parameters: &["limit", "after", "shipment_status"],
        answers: &[ok(&[Content::Json("ShipmentPage")], PAGE)],
        ..OPEN
    },
    Route {
        path: "/v1/reports/daily",
        id: "read_daily_report",
        about: "Sums by day, account and method, of both days and all between; at most 3660 days.",
        access: READ,
        parameters: &["from", "to"],
        answers: &[ok(
            &[Content::Json("DailyReport"), Content::Text("text/csv")],
            PAGE,
        )],
        ..OPEN
    },
    Route {
        path: "/v1/exceptions",
        id: "list_exceptions",
        about: "List money that needs, or needed, a person, the newest first.",
        access: READ,
        parameters: &["limit", "after", "exception_status"],
        answers: &[ok(&[Content::Json("ExceptionPage")], PAGE)],
        ..OPEN
    },
    Route {
        method: "post",
        path: "/v1/exceptions/{id}/resolve",
        id: "resolve_exception",
        about: "Decide what becomes of money.",
        access: Access::Scope(Scope::ExceptionsResolve),
        body: Some(Body::Json("ResolveException")),
        answers: &[written(200, &[Content::Json("Exception")])],
        problems: &[
            Kind::NotFound,
            Kind::Conflict,
            Kind::OrderPaid,
            Kind::OrderCorrupt,
            Kind::AccountReceivesOnly,
            Kind::RefundTooMuch,
            Kind::RefundsClosed,
            Kind::Behind,
        ],
        ..OPEN
    },
    Route {
        path: "/v1/events",
        id: "read_feed",
        about: "Read the feed by pages, or keep it open by `Accept: text/event-stream`.",
        access: Access::Scope(Scope::EventsRead),
        parameters: &["limit", "after", "type", "last_event_id"],
        answers: &[ok(
            &[
                Content::Json("FeedPage"),
                Content::Text("text/event-stream"),
            ],
            "Events behind `after`; `next` is where to go on, also at the end.",
        )],
        ..OPEN
    },
    Route {
        path: "/v1/accounts",
        id: "list_accounts",
        about: "List the accounts at the gateways, and what each can do.",
        access: READ,
        parameters: &["limit", "after"],
        answers: &[ok(
            &[Content::Json("AccountPage")],
            "The accounts, by name.",
        )],
        problems: &[Kind::Invalid, Kind::CursorUnknown],
        ..OPEN
    },
    Route {
        method: "post",
        path: "/notify/{account}",
        id: "take_notify",
        about: "What a gateway says: answered in its own form once it is stored.",
        body: Some(Body::Notify),
        answers: &[
            ok(
                &[Content::Text("text/plain"), Content::Text("text/xml")],
                "Alipay, WeChat Pay v2.",
            ),
            Answer {
                status: 204,
                about: "WeChat Pay v3.",
                contents: &[],
                headers: &[],
            },
            Answer {
                status: 400,
                about: "It is not taken, in the gateway's form.",
                contents: &[Content::Text("text/plain"), Content::Json("GatewayFailure")],
                headers: &[],
            },
            Answer {
                status: 401,
                about: "It is not authentic, in the gateway's form.",
                contents: &[Content::Json("GatewayFailure")],
                headers: &[],
            },
            Answer {
                status: 503,
                about: "It could not be stored now, in the gateway's form.",
                contents: &[
                    Content::Text("text/plain"),
                    Content::Text("text/xml"),
                    Content::Json("GatewayFailure"),
                ],
                headers: &[],
            },
        ],
        problems: &[Kind::NotFound],
        ..OPEN
    },
    Route {
        path: "/return/{account}",
        id: "take_return",
        about: "The buyer's browser comes back, and is sent on or sees a page.",
        answers: &[
            ok(HTML, "A result page, or a neutral one."),
            Answer {
                status: 303,
                about: "On to the shop.",
                contents: &[],
                headers: &["Location"],
            },
            Answer {
                status: 503,
                about: "A neutral page.",
                contents: HTML,
                headers: &[],
            },
        ],
        problems: &[Kind::NotFound],
        ..OPEN
    },
    Route {
        path: "/result/{token}",
        id: "read_result",
        about: "The result page, brought up to date.",
        answers: &[
            ok(HTML, "A result page, or a neutral one."),
            Answer {
                status: 503,
                about: "A neutral page.",
                contents: HTML,
                headers: &[],
            },
        ],
        ..OPEN
    },
    Route {
        path: "/healthz",
        id: "alive",
        about: "The program answers.",
        answers: &[ok(&[Content::Json("Alive")], "Alive.")],
        ..OPEN
    },
    Route {
        path: "/readyz",
        id: "ready",
        about: "The store can be written, and the program is not stopping.",
        answers: &[
            ok(&[Content::Json("Ready")], "Ready."),
            Answer {
                status: 503,
                about: "Not ready.",
                contents: &[Content::Json("Ready")],
                headers: &[],
            },
        ],
        ..OPEN
    },
    Route {
        path: "/metrics",
        id: "metrics",
        about: "What is counted, as Prometheus reads it.",
        access: Access::Scope(Scope::Admin),
        answers: &[ok(
            &[Content::Text("application/openmetrics-text")],
            "The metrics.",
        )],
        ..OPEN
    },
];

//! What happened to an order as a whole, to its shipment, and to exceptions.

use super::field::{EXCEPTION_ID, EXCEPTION_KINDS, ORDER_NO, always, event, known};
use super::{EventSchema, FieldForm};

pub(super) const EVENTS: &[EventSchema] = &[
    event(
        "OrderPlaced",
        "The shop placed the order.",
        &[&[
            always("order_no", ORDER_NO, "The order's name."),
            always("amount", FieldForm::Money, "Its full price."),
            always(
                "fulfilment",
                FieldForm::OneOf(&["ship", "none"]),
                "Whether it ships.",
            ),
            always(
                "expires_at",
                FieldForm::Instant,
                "When it can no longer be paid.",
            ),
        ]],
    ),
    event(
        "CancelRequested",
        "The shop wishes the order cancelled.",
        &[],
    ),
    event("OrderCancelled", "The order was cancelled.", &[]),
    event("OrderExpired", "The order's time ran out.", &[]),
    event("ShipmentRequested", "The order is to be shipped.", &[]),
    event(
        "ShipmentHeld",
        "The shipment must not leave now.",
        &[&[always(
            "holds",
            FieldForm::List(&[
                always(
                    "hold",
                    FieldForm::OneOf(&["person", "refunds", "exception"]),
                    "The reason.",
                ),
                known(
                    "exception",
                    EXCEPTION_ID,
                    "The exception, where that is the reason.",
                ),
            ]),
            "Every reason that stands now.",
        )]],
    ),
    event(
        "ShipmentReleased",
        "No reason to hold the shipment stands any more.",
        &[],
    ),
    event("ShipmentCancelled", "The shipment will not leave.", &[]),
    event(
        "ShipmentDispatched",
        "A parcel left, or a parcel's data was corrected.",
        &[&[
            always(
                "parcel",
                FieldForm::Text,
                "The parcel's name within the shipment.",
            ),
            always("carrier", FieldForm::Text, "Who carries it."),
            always("tracking_no", FieldForm::Text, "The carrier's number."),
            always(
                "place",
                FieldForm::OneOf(&["last", "more_follow"]),
                "Whether more parcels follow.",
            ),
        ]],
    ),
    event("ShipmentDelivered", "The shipment arrived.", &[]),
    event(
        "ExceptionResolved",
        "An exception was decided.",
        &[&[
            always("exception", EXCEPTION_ID, "The exception."),
            always("kind", EXCEPTION_KINDS, "What it is about."),
            always(
                "action",
                FieldForm::OneOf(&["accept", "refund", "retry", "dismiss"]),
                "What was decided.",
            ),
            always(
                "by",
                FieldForm::OneOf(&["policy", "key", "events"]),
                "What decided it.",
            ),
            known("key", FieldForm::Text, "The name of the caller's API key."),
            known(
                "order_no",
                ORDER_NO,
                "The order that takes unmatched money.",
            ),
        ]],
    ),
];

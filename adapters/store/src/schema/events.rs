//! The table of events.

use super::{EventSchema, Field, FieldForm, Presence};

const fn always(name: &'static str, form: FieldForm, about: &'static str) -> Field {
    Field {
        name,
        form,
        presence: Presence::Always,
        about,
    }
}

const fn known(name: &'static str, form: FieldForm, about: &'static str) -> Field {
    Field {
        name,
        form,
        presence: Presence::WhereKnown,
        about,
    }
}

const fn event(
    name: &'static str,
    about: &'static str,
    fields: &'static [&'static [Field]],
) -> EventSchema {
    EventSchema {
        name,
        about,
        fields,
    }
}

const ACCOUNT: FieldForm = FieldForm::Pattern("^[a-z0-9_]{1,32}$");
const APP_ID: FieldForm = FieldForm::Pattern("^[0-9A-Za-z_-]{1,32}$");
const EXCEPTION_ID: FieldForm = FieldForm::Pattern("^[0-9a-f]{32}$");
const ORDER_NO: FieldForm = FieldForm::Pattern("^[0-9A-Za-z_-]{1,64}$");
const OUT_TRADE_NO: FieldForm = FieldForm::Pattern("^[0-9A-Za-z_|*-]{1,64}$");
const REFUND_NO: FieldForm = FieldForm::Pattern("^[0-9A-Za-z_|*@-]{1,64}$");
const TRANSACTION_ID: FieldForm = FieldForm::Pattern("^[0-9A-Za-z_-]{1,64}$");

const METHODS: FieldForm = FieldForm::OneOf(&[
    "alipay.page",
    "alipay.wap",
    "alipay.app",
    "alipay.jsapi",
    "alipay.qr",
    "wechatpay.native",
    "wechatpay.jsapi",
    "wechatpay.mini",
    "wechatpay.h5",
    "wechatpay.app",
    "external",
    "unknown",
]);

const EXCEPTION_KINDS: FieldForm = FieldForm::OneOf(&[
    "late",
    "double",
    "mismatch",
    "unmatched",
    "external_refund",
    "refund_failed",
    "refund_needs_action",
    "contradiction",
    "corrupt",
    "bill_missing_here",
    "bill_missing_there",
    "bill_other_amount",
    "bill_other_state",
]);

const PAYMENT: &[Field] = &[
    always("account", ACCOUNT, "The account."),
    always(
        "out_trade_no",
        OUT_TRADE_NO,
        "The payment's number in its account.",
    ),
];

const METHOD: &[Field] = &[always("method", METHODS, "How the payment is made.")];

const SOURCE: &[Field] = &[always(
    "source",
    FieldForm::OneOf(&["notify", "query", "bill"]),
    "By which way it became known.",
)];

const EXCEPTION: &[Field] = &[always(
    "exception",
    EXCEPTION_ID,
    "The exception that it opens.",
)];

const REFUND: &[Field] = &[always("refund_no", REFUND_NO, "The refund's number.")];

const TRANSACTION: &[Field] = &[always(
    "transaction_id",
    TRANSACTION_ID,
    "The money it is given back out of.",
)];

const SPOKEN_TRANSACTION: &[Field] = &[known(
    "transaction_id",
    TRANSACTION_ID,
    "The transaction spoken of, where one was named.",
)];

const ATTEMPT: &[Field] = &[always(
    "attempt",
    FieldForm::Integer(1),
    "Which try this is, from 1.",
)];

const RECEIPT: &[Field] = &[
    always(
        "transaction_id",
        TRANSACTION_ID,
        "The gateway's number of the money.",
    ),
    always(
        "amount",
        FieldForm::Money,
        "The order amount at the gateway, before coupons.",
    ),
    always(
        "application",
        FieldForm::OneOf(&["listed", "unlisted", "unstated"]),
        "Whether the account lists the application it was paid through.",
    ),
    known("app_id", APP_ID, "That application, where stated."),
    always(
        "paid_at",
        FieldForm::Instant,
        "The gateway's own time of the payment.",
    ),
];

const REFUND_FACT: &[Field] = &[
    known(
        "transaction_id",
        TRANSACTION_ID,
        "The money it is given back out of.",
    ),
    known("refund_no", REFUND_NO, "The refund's number."),
    always(
        "size",
        FieldForm::OneOf(&["exactly", "running_total", "unknown"]),
        "What the amount is: of this refund, of all refunds so far, or not stated.",
    ),
    known("amount", FieldForm::Money, "How much."),
    always(
        "state",
        FieldForm::OneOf(&["processing", "succeeded", "needs_action", "failed"]),
        "How it stands at the gateway.",
    ),
    known(
        "succeeded_at",
        FieldForm::Instant,
        "The gateway's own time of it.",
    ),
];

/// Every event of the feed, in the order in which an order meets them; streams of other subjects last.
pub const EVENTS: &[EventSchema] = &[
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
    event(
        "PaymentStarted",
        "A payment is about to be started.",
        &[
            PAYMENT,
            METHOD,
            &[
                always("asked", FieldForm::Money, "What is asked."),
                known("app_id", APP_ID, "The application, where one is named."),
                known(
                    "expires_at",
                    FieldForm::Instant,
                    "When the gateway stops taking it.",
                ),
            ],
        ],
    ),
    event(
        "PaymentOffered",
        "The buyer can pay.",
        &[
            PAYMENT,
            METHOD,
            &[
                always(
                    "offer",
                    FieldForm::OneOf(&["signed", "code", "prepay", "link", "elsewhere"]),
                    "How the buyer gets to pay.",
                ),
                known("content", FieldForm::Text, "The code, prepay_id or link."),
                known(
                    "valid_until",
                    FieldForm::Instant,
                    "Until when the offer works.",
                ),
            ],
        ],
    ),
    event(
        "PaymentPending",
        "The gateway knows it; nothing was paid yet.",
        &[PAYMENT, METHOD],
    ),
    event(
        "PaymentStartFailed",
        "The gateway refused to start the payment.",
        &[
            PAYMENT,
            METHOD,
            &[
                always("gateway_code", FieldForm::Text, "The gateway's error code."),
                always("gateway_message", FieldForm::Text, "The gateway's words."),
            ],
        ],
    ),
    event(
        "PaymentClosed",
        "The payment ended without money.",
        &[PAYMENT, METHOD, SOURCE],
    ),
    event(
        "PaymentFinished",
        "What was paid can no longer be refunded.",
        &[PAYMENT, METHOD, SPOKEN_TRANSACTION],
    ),
    event(
        "ReturnObserved",
        "The buyer's browser came back.",
        &[PAYMENT, METHOD],
    ),
    event(
        "PaymentConfirmed",
        "The order is paid, by this money.",
        &[
            PAYMENT,
            METHOD,
            RECEIPT,
            SOURCE,
            &[
                always(
                    "basis",
                    FieldForm::OneOf(&["as_asked", "accepted"]),
                    "Why it counts.",
                ),
                known(
                    "exception",
                    EXCEPTION_ID,
                    "The exception whose decision took it.",
                ),
            ],
        ],
    ),
    event(
        "DuplicateNotifyIgnored",
        "A notify said what was already known, or older news.",
        &[
            PAYMENT,
            METHOD,
            SPOKEN_TRANSACTION,
            &[always(
                "staleness",
                FieldForm::OneOf(&["repeat", "older_news"]),
                "Why it said nothing new.",
            )],
        ],
    ),
    event(
        "LatePaymentReceived",
        "Money came after the order was cancelled or had expired.",
        &[PAYMENT, METHOD, RECEIPT, SOURCE, EXCEPTION],
    ),
    event(
        "DoublePaymentReceived",
        "Money came for an order that other money had paid.",
        &[PAYMENT, METHOD, RECEIPT, SOURCE, EXCEPTION],
    ),
    event(
        "MismatchedPaymentReceived",
        "Money came that is not what was asked.",
        &[
            PAYMENT,
            METHOD,
            RECEIPT,
            SOURCE,
            &[
                always("expected", FieldForm::Money, "What was asked."),
                known("expected_app_id", APP_ID, "Through which application."),
            ],
            EXCEPTION,
        ],
    ),
    event(
        "ContradictionObserved",
        "The gateway's statements do not fit together.",
        &[
            PAYMENT,
            METHOD,
            SPOKEN_TRANSACTION,
            &[
                always(
                    "contradiction",
                    FieldForm::OneOf(&[
                        "other_amount",
                        "foreign_transaction",
                        "unpaid_after_paid",
                        "other_refund_amount",
                        "refunded_too_much",
                    ]),
                    "In what they do not fit.",
                ),
                known("refund_no", REFUND_NO, "The refund it is about."),
                known(
                    "known",
                    FieldForm::Money,
                    "As known, asked for, or received.",
                ),
                known("stated", FieldForm::Money, "As stated now."),
            ],
            EXCEPTION,
        ],
    ),
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
        "RefundRequested",
        "Money is to be given back.",
        &[
            PAYMENT,
            METHOD,
            TRANSACTION,
            REFUND,
            &[
                always("amount", FieldForm::Money, "How much."),
                always(
                    "origin",
                    FieldForm::OneOf(&["caller", "exception"]),
                    "Who wishes it.",
                ),
                known(
                    "exception",
                    EXCEPTION_ID,
                    "The exception whose decision it is.",
                ),
                known("attempt", FieldForm::Integer(1), "That decision's try."),
            ],
        ],
    ),
    event(
        "RefundSubmitted",
        "The gateway took the refund up.",
        &[PAYMENT, METHOD, REFUND],
    ),
    event(
        "RefundHintReceived",
        "An unsigned notify claims something of a refund.",
        &[
            PAYMENT,
            METHOD,
            &[always(
                "claimed",
                FieldForm::Object(REFUND_FACT),
                "What is claimed; proven by nothing.",
            )],
        ],
    ),
    event(
        "RefundNeedsAction",
        "The refund is stuck; a person must act.",
        &[PAYMENT, METHOD, REFUND, EXCEPTION],
    ),
    event(
        "RefundRetried",
        "A refund is asked for again, under the same number.",
        &[PAYMENT, METHOD, REFUND, ATTEMPT],
    ),
    event(
        "RefundSucceeded",
        "The refund is with the buyer.",
        &[
            PAYMENT,
            METHOD,
            REFUND,
            &[
                always("amount", FieldForm::Money, "How much was given back."),
                always(
                    "succeeded_at",
                    FieldForm::Instant,
                    "The gateway's own time of it.",
                ),
            ],
        ],
    ),
    event(
        "RefundFailed",
        "The refund was refused or closed; nothing is given back.",
        &[PAYMENT, METHOD, REFUND, EXCEPTION],
    ),
    event(
        "ExternalRefundObserved",
        "Money was given back that nobody here asked for.",
        &[
            PAYMENT,
            METHOD,
            TRANSACTION,
            &[
                known("refund_no", REFUND_NO, "The refund's number, where stated."),
                known(
                    "amount",
                    FieldForm::Money,
                    "How much more than was known, where stated.",
                ),
                always(
                    "refunded_at",
                    FieldForm::Instant,
                    "The gateway's own time of it.",
                ),
            ],
            EXCEPTION,
        ],
    ),
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
    event(
        "UnmatchedPaymentReceived",
        "Money came for a number that no order has claimed.",
        &[PAYMENT, METHOD, RECEIPT, SOURCE, EXCEPTION],
    ),
    event(
        "UnmatchedRefundReceived",
        "A refund came for a number that no order has claimed.",
        &[
            PAYMENT,
            &[always(
                "refund",
                FieldForm::Object(REFUND_FACT),
                "What is stated.",
            )],
            EXCEPTION,
        ],
    ),
    event(
        "StrayTakenUp",
        "An order claimed the number.",
        &[
            PAYMENT,
            &[always("order_no", ORDER_NO, "The order that has it now.")],
        ],
    ),
    event(
        "AccountRecorded",
        "The account's identity at its gateway.",
        &[&[
            always("account", ACCOUNT, "The account's name here."),
            always(
                "gateway",
                FieldForm::OneOf(&["alipay", "wechatpay"]),
                "Its gateway.",
            ),
            always(
                "merchant_id",
                FieldForm::Text,
                "Alipay's seller_id, WeChat Pay's mch_id.",
            ),
            known("app_id", APP_ID, "Alipay's app_id."),
        ]],
    ),
    event(
        "UnknownMessageReceived",
        "An authentic message of a kind or with a state that was not known.",
        &[&[
            always("account", ACCOUNT, "The account."),
            always(
                "kind",
                FieldForm::Text,
                "The gateway's name for the kind or state.",
            ),
        ]],
    ),
    event(
        "CorruptOrderMessaged",
        "An authentic message for an order whose events cannot be read.",
        &[
            PAYMENT,
            &[
                always("order_no", ORDER_NO, "The order."),
                known(
                    "receipt",
                    FieldForm::Object(RECEIPT),
                    "Money that the message states.",
                ),
            ],
            EXCEPTION,
        ],
    ),
    event(
        "BillImported",
        "A gateway's bill of one day was read whole and matched against the events.",
        &[&[
            always("account", ACCOUNT, "The account."),
            always(
                "date",
                FieldForm::Text,
                "The bill's day, YYYY-MM-DD in Asia/Shanghai.",
            ),
            always(
                "digest",
                FieldForm::Pattern("^[0-9a-f]{64}$"),
                "SHA-256 of the bill as read.",
            ),
            always(
                "currency",
                FieldForm::Pattern("^[A-Z]{3}$"),
                "The currency of the sums.",
            ),
            always("payments", FieldForm::Integer(0), "Payment rows."),
            always("paid_minor", FieldForm::Integer(i64::MIN), "Their sum."),
            always("refunds", FieldForm::Integer(0), "Refund rows."),
            always("refunded_minor", FieldForm::Integer(i64::MIN), "Their sum."),
            always(
                "fee_minor",
                FieldForm::Integer(i64::MIN),
                "The gateway's fees.",
            ),
            always(
                "foreign",
                FieldForm::Integer(0),
                "Rows of the merchant's other applications.",
            ),
        ]],
    ),
    event(
        "BillDifferenceFound",
        "A row of the bill and the events say different things.",
        &[
            PAYMENT,
            SPOKEN_TRANSACTION,
            &[
                always(
                    "difference",
                    FieldForm::OneOf(&[
                        "missing_here",
                        "missing_there",
                        "other_amount",
                        "other_state",
                    ]),
                    "In what the two differ.",
                ),
                known("here", FieldForm::Money, "As the events have it."),
                known("there", FieldForm::Money, "As the bill has it."),
            ],
            EXCEPTION,
        ],
    ),
];

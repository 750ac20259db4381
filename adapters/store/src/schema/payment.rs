//! What happened to an order's payments.

use super::field::{
    APP_ID, EXCEPTION, EXCEPTION_ID, METHOD, PAYMENT, RECEIPT, REFUND_NO, SOURCE,
    SPOKEN_TRANSACTION, always, event, known,
};
use super::{EventSchema, FieldForm};

pub(super) const EVENTS: &[EventSchema] = &[
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
                known(
                    "gateway_message",
                    FieldForm::Text,
                    "The gateway's words, in an event of an older payfold; they are private since.",
                ),
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
];

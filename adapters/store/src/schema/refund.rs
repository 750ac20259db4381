//! What happened to an order's refunds.

use super::field::{
    ATTEMPT, EXCEPTION, EXCEPTION_ID, METHOD, NUMBER_OWNER, PAYMENT, REFUND, REFUND_FACT,
    REFUND_NO, TRANSACTION, always, event, known,
};
use super::{EventSchema, FieldForm};

pub(super) const EVENTS: &[EventSchema] = &[
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
                    "How much more than was known, where it is more and stated.",
                ),
                known(
                    "size",
                    FieldForm::Money,
                    "How much the refund gave back by itself, where stated; a running total does not.",
                ),
                NUMBER_OWNER,
                always(
                    "refunded_at",
                    FieldForm::Instant,
                    "The gateway's own time of it.",
                ),
            ],
            EXCEPTION,
        ],
    ),
];

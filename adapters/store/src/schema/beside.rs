//! What happened beside the orders: to strays, accounts and bills.

use super::field::{
    ACCOUNT, APP_ID, EXCEPTION, METHOD, NUMBER_OWNER, ORDER_NO, OUT_TRADE_NO, PAYMENT, RECEIPT,
    REFUND_FACT, REFUND_NO, SOURCE, SPOKEN_TRANSACTION, TRANSACTION_ID, always, event, known,
};
use super::{EventSchema, Field, FieldForm};

const NEIGHBOUR_ROW: &[Field] = &[
    always(
        "date",
        FieldForm::Text,
        "The neighbour day, YYYY-MM-DD in Asia/Shanghai.",
    ),
    always("out_trade_no", OUT_TRADE_NO, "The payment's number."),
    always("transaction_id", TRANSACTION_ID, "The transaction."),
    known("refund_no", REFUND_NO, "The refund, where it is one."),
    known("amount", FieldForm::Money, "As the events have it."),
];

pub(super) const EVENTS: &[EventSchema] = &[
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
            &[
                always("refund", FieldForm::Object(REFUND_FACT), "What is stated."),
                NUMBER_OWNER,
            ],
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
        "An authentic message for an order whose events cannot be read, or for a number whose own cannot.",
        &[
            PAYMENT,
            &[
                known(
                    "order_no",
                    ORDER_NO,
                    "The order, where one has claimed the number.",
                ),
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
            always(
                "awaited",
                FieldForm::List(NEIGHBOUR_ROW),
                "Money that the events have at the edge of the day and this bill lacks.",
            ),
            always(
                "carried",
                FieldForm::List(NEIGHBOUR_ROW),
                "Money of this bill that the events have on a neighbour day.",
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
                known("refund_no", REFUND_NO, "The refund that it is about."),
                known("here", FieldForm::Money, "As the events have it."),
                known("there", FieldForm::Money, "As the bill has it."),
            ],
            EXCEPTION,
        ],
    ),
];

//! The fields that several events share, and the words that the tables are written in.

use super::{EventSchema, Field, FieldForm, Presence};

pub(super) const fn always(name: &'static str, form: FieldForm, about: &'static str) -> Field {
    Field {
        name,
        form,
        presence: Presence::Always,
        about,
    }
}

pub(super) const fn known(name: &'static str, form: FieldForm, about: &'static str) -> Field {
    Field {
        name,
        form,
        presence: Presence::WhereKnown,
        about,
    }
}

pub(super) const fn event(
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

pub(super) const ACCOUNT: FieldForm = FieldForm::Pattern("^[a-z0-9_]{1,32}$");
pub(super) const APP_ID: FieldForm = FieldForm::Pattern("^[0-9A-Za-z_-]{1,32}$");
pub(super) const EXCEPTION_ID: FieldForm = FieldForm::Pattern("^[0-9a-f]{32}$");
pub(super) const ORDER_NO: FieldForm = FieldForm::Pattern("^[0-9A-Za-z_-]{1,64}$");
pub(super) const OUT_TRADE_NO: FieldForm = FieldForm::Pattern("^[0-9A-Za-z_|*-]{1,64}$");
pub(super) const REFUND_NO: FieldForm = FieldForm::Pattern("^[0-9A-Za-z_|*@-]{1,64}$");
pub(super) const TRANSACTION_ID: FieldForm = FieldForm::Pattern("^[0-9A-Za-z_-]{1,64}$");

pub(super) const NUMBER_OWNER: Field = known(
    "number",
    FieldForm::OneOf(&["payment", "another"]),
    "Whose the refund's number is: `another` where another payment of the account had it first.",
);

pub(super) const METHODS: FieldForm = FieldForm::OneOf(&[
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

pub(super) const EXCEPTION_KINDS: FieldForm = FieldForm::OneOf(&[
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

pub(super) const PAYMENT: &[Field] = &[
    always("account", ACCOUNT, "The account."),
    always(
        "out_trade_no",
        OUT_TRADE_NO,
        "The payment's number in its account.",
    ),
];

pub(super) const METHOD: &[Field] = &[always("method", METHODS, "How the payment is made.")];

pub(super) const SOURCE: &[Field] = &[always(
    "source",
    FieldForm::OneOf(&["notify", "query", "bill"]),
    "By which way it became known.",
)];

pub(super) const EXCEPTION: &[Field] = &[always(
    "exception",
    EXCEPTION_ID,
    "The exception that it opens.",
)];

pub(super) const REFUND: &[Field] = &[always("refund_no", REFUND_NO, "The refund's number.")];

pub(super) const TRANSACTION: &[Field] = &[always(
    "transaction_id",
    TRANSACTION_ID,
    "The money it is given back out of.",
)];

pub(super) const SPOKEN_TRANSACTION: &[Field] = &[known(
    "transaction_id",
    TRANSACTION_ID,
    "The transaction spoken of, where one was named.",
)];

pub(super) const ATTEMPT: &[Field] = &[always(
    "attempt",
    FieldForm::Integer(1),
    "Which try this is, from 1.",
)];

pub(super) const RECEIPT: &[Field] = &[
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

pub(super) const REFUND_FACT: &[Field] = &[
    known(
        "transaction_id",
        TRANSACTION_ID,
        "The money it is given back out of.",
    ),
    known("refund_no", REFUND_NO, "The refund's number."),
    known(
        "number",
        FieldForm::OneOf(&["foreign"]),
        "Where its number is another system's that no refund here can have; that is not kept.",
    ),
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

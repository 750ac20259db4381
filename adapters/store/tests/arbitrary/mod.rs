//! Arbitrary events: every name and form, with every field as wide as its type.

mod part;

use payfold_domain::Gateway;
use payfold_domain::event::{
    AccountEvent, AccountIdentity, Basis, BillDifference, BillDifferenceFound, BillEvent,
    BillImported, CorruptOrderMessaged, Event, Fulfilment, Hold, MismatchedMoney, NeighbourRow,
    Offer, OrderEvent, OrderPlaced, ParcelPlace, PaymentClosed, PaymentConfirmed, PaymentFinished,
    PaymentOffered, PaymentStartFailed, PaymentStarted, ShipmentDispatched, ShipmentHeld,
    StrayEvent, StrayTakenUp, UnknownMessageReceived, UnmatchedRefundReceived,
};
use proptest::collection::vec;
use proptest::option::of;
use proptest::prelude::*;
use proptest::sample::select;

pub(crate) use part::instant;
use part::{
    account, app_id, contradiction, currency, duplicate, exception, external_refund, hint, money,
    named, number_owner, order_no, payment, receipt, received, refund_fact, refund_named,
    refund_no, refund_requested, resolved, retried, source, succeeded, text, transaction, troubled,
    unexpected,
};

fn placed() -> impl Strategy<Value = OrderPlaced> {
    let fulfilment = select(&[Fulfilment::Ship, Fulfilment::None]);
    let private = (of(text()), of(text()));
    (order_no(), money(), fulfilment, instant(), private).prop_map(
        |(order_no, amount, fulfilment, expires_at, (subject, metadata))| OrderPlaced {
            order_no,
            amount,
            fulfilment,
            expires_at,
            subject,
            metadata,
        },
    )
}

fn started() -> impl Strategy<Value = PaymentStarted> {
    let private = (of(text()), of(text()), of(text()));
    (named(), money(), of(app_id()), of(instant()), private).prop_map(
        |(named, asked, app_id, expires_at, (return_url, openid, client_ip))| PaymentStarted {
            payment: named.payment,
            method: named.method,
            asked,
            app_id,
            expires_at,
            return_url,
            openid,
            client_ip,
        },
    )
}

fn offered() -> impl Strategy<Value = PaymentOffered> {
    let offer = prop_oneof![
        Just(Offer::Signed),
        text().prop_map(Offer::Code),
        text().prop_map(Offer::Prepay),
        text().prop_map(Offer::Link),
        Just(Offer::Elsewhere),
    ];
    (named(), offer, of(instant())).prop_map(|(named, offer, valid_until)| PaymentOffered {
        payment: named.payment,
        method: named.method,
        offer,
        valid_until,
    })
}

fn payment_event() -> impl Strategy<Value = OrderEvent> {
    prop_oneof![
        started().prop_map(OrderEvent::PaymentStarted),
        offered().prop_map(OrderEvent::PaymentOffered),
        named().prop_map(OrderEvent::PaymentPending),
        (named(), text(), of(text())).prop_map(|(named, gateway_code, gateway_message)| {
            OrderEvent::PaymentStartFailed(PaymentStartFailed {
                payment: named.payment,
                method: named.method,
                gateway_code,
                gateway_message,
            })
        }),
        (named(), source()).prop_map(|(named, source)| {
            OrderEvent::PaymentClosed(PaymentClosed {
                payment: named.payment,
                method: named.method,
                source,
            })
        }),
        finished().prop_map(OrderEvent::PaymentFinished),
        named().prop_map(OrderEvent::ReturnObserved),
        duplicate().prop_map(OrderEvent::DuplicateNotifyIgnored),
    ]
}

fn finished() -> impl Strategy<Value = PaymentFinished> {
    (named(), of(transaction())).prop_map(|(named, transaction_id)| PaymentFinished {
        payment: named.payment,
        method: named.method,
        transaction_id,
    })
}

fn money_event() -> impl Strategy<Value = OrderEvent> {
    let basis = prop_oneof![Just(Basis::AsAsked), exception().prop_map(Basis::Accepted)];
    let mismatched = (received(), money(), of(app_id()), exception());
    prop_oneof![
        (received(), basis).prop_map(|(money, basis)| {
            OrderEvent::PaymentConfirmed(PaymentConfirmed { money, basis })
        }),
        unexpected().prop_map(OrderEvent::LatePaymentReceived),
        unexpected().prop_map(OrderEvent::DoublePaymentReceived),
        mismatched.prop_map(|(money, expected, expected_app_id, exception)| {
            OrderEvent::MismatchedPaymentReceived(MismatchedMoney {
                money,
                expected,
                expected_app_id,
                exception,
            })
        }),
        contradiction().prop_map(OrderEvent::ContradictionObserved),
    ]
}

fn refund_event() -> impl Strategy<Value = OrderEvent> {
    prop_oneof![
        refund_requested().prop_map(OrderEvent::RefundRequested),
        refund_named().prop_map(OrderEvent::RefundSubmitted),
        hint().prop_map(OrderEvent::RefundHintReceived),
        troubled().prop_map(OrderEvent::RefundNeedsAction),
        retried().prop_map(OrderEvent::RefundRetried),
        succeeded().prop_map(OrderEvent::RefundSucceeded),
        troubled().prop_map(OrderEvent::RefundFailed),
        external_refund().prop_map(OrderEvent::ExternalRefundObserved),
    ]
}

fn order_event() -> impl Strategy<Value = OrderEvent> {
    let hold = prop_oneof![
        Just(Hold::Person),
        Just(Hold::Refunds),
        exception().prop_map(Hold::Exception),
    ];
    let held = (prop::collection::vec(hold, 0..4), of(text()));
    let place = select(&[ParcelPlace::Last, ParcelPlace::MoreFollow]);
    let bare = select(&[
        OrderEvent::CancelRequested,
        OrderEvent::OrderCancelled,
        OrderEvent::OrderExpired,
        OrderEvent::ShipmentRequested,
        OrderEvent::ShipmentReleased,
        OrderEvent::ShipmentCancelled,
        OrderEvent::ShipmentDelivered,
    ]);
    prop_oneof![
        placed().prop_map(OrderEvent::OrderPlaced),
        bare,
        held.prop_map(|(holds, reason)| OrderEvent::ShipmentHeld(ShipmentHeld { holds, reason })),
        (text(), text(), text(), place).prop_map(|(parcel, carrier, tracking_no, place)| {
            OrderEvent::ShipmentDispatched(ShipmentDispatched {
                parcel,
                carrier,
                tracking_no,
                place,
            })
        }),
        resolved().prop_map(OrderEvent::ExceptionResolved),
        payment_event(),
        money_event(),
        refund_event(),
    ]
}

fn stray_event() -> impl Strategy<Value = StrayEvent> {
    prop_oneof![
        unexpected().prop_map(StrayEvent::UnmatchedPaymentReceived),
        (payment(), refund_fact(), number_owner(), exception()).prop_map(
            |(payment, refund, number, exception)| {
                StrayEvent::UnmatchedRefundReceived(UnmatchedRefundReceived {
                    payment,
                    refund,
                    number,
                    exception,
                })
            }
        ),
        (payment(), order_no()).prop_map(|(payment, order_no)| {
            StrayEvent::StrayTakenUp(StrayTakenUp { payment, order_no })
        }),
        finished().prop_map(StrayEvent::PaymentFinished),
        duplicate().prop_map(StrayEvent::DuplicateNotifyIgnored),
        refund_requested().prop_map(StrayEvent::RefundRequested),
        refund_named().prop_map(StrayEvent::RefundSubmitted),
        hint().prop_map(StrayEvent::RefundHintReceived),
        troubled().prop_map(StrayEvent::RefundNeedsAction),
        retried().prop_map(StrayEvent::RefundRetried),
        succeeded().prop_map(StrayEvent::RefundSucceeded),
        troubled().prop_map(StrayEvent::RefundFailed),
        external_refund().prop_map(StrayEvent::ExternalRefundObserved),
        contradiction().prop_map(StrayEvent::ContradictionObserved),
        resolved().prop_map(StrayEvent::ExceptionResolved),
    ]
}

fn account_event() -> impl Strategy<Value = AccountEvent> {
    let gateway = select(&[Gateway::Alipay, Gateway::WechatPay]);
    let corrupt = (payment(), of(order_no()), of(receipt()), exception());
    prop_oneof![
        (account(), gateway, text(), of(app_id())).prop_map(
            |(account, gateway, merchant_id, app_id)| {
                AccountEvent::AccountRecorded(AccountIdentity {
                    account,
                    gateway,
                    merchant_id,
                    app_id,
                })
            }
        ),
        (account(), text()).prop_map(|(account, kind)| {
            AccountEvent::UnknownMessageReceived(UnknownMessageReceived { account, kind })
        }),
        corrupt.prop_map(|(payment, order_no, receipt, exception)| {
            AccountEvent::CorruptOrderMessaged(CorruptOrderMessaged {
                payment,
                order_no,
                receipt,
                exception,
            })
        }),
        resolved().prop_map(AccountEvent::ExceptionResolved),
    ]
}

fn neighbour_row() -> impl Strategy<Value = NeighbourRow> {
    let numbers = (payment(), transaction(), of(refund_no()));
    (text(), numbers, of(money())).prop_map(|(date, numbers, amount)| {
        let (payment, transaction_id, refund_no) = numbers;
        NeighbourRow {
            date,
            out_trade_no: payment.out_trade_no,
            transaction_id,
            refund_no,
            amount,
        }
    })
}

fn bill_event() -> impl Strategy<Value = BillEvent> {
    let difference = select(&[
        BillDifference::MissingHere,
        BillDifference::MissingThere,
        BillDifference::OtherAmount,
        BillDifference::OtherState,
    ]);
    let found = (
        payment(),
        (of(transaction()), of(refund_no())),
        difference,
        (of(money()), of(money())),
        exception(),
    );
    let sums = (any::<[u64; 3]>(), any::<[i64; 3]>());
    let rows = (vec(neighbour_row(), 0..3), vec(neighbour_row(), 0..3));
    let imported = (account(), text(), any::<[u8; 32]>(), sums, currency(), rows);
    prop_oneof![
        imported.prop_map(|(account, date, digest, (rows, sums), currency, beside)| {
            BillEvent::BillImported(BillImported {
                account,
                date,
                digest,
                payments: rows[0],
                paid_minor: sums[0],
                refunds: rows[1],
                refunded_minor: sums[1],
                fee_minor: sums[2],
                foreign: rows[2],
                currency,
                awaited: beside.0,
                carried: beside.1,
            })
        }),
        found.prop_map(
            |(payment, (transaction_id, refund_no), difference, (here, there), exception)| {
                BillEvent::BillDifferenceFound(BillDifferenceFound {
                    payment,
                    transaction_id,
                    refund_no,
                    difference,
                    here,
                    there,
                    exception,
                })
            }
        ),
        resolved().prop_map(BillEvent::ExceptionResolved),
    ]
}

pub(crate) fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        6 => order_event().prop_map(Event::Order),
        3 => stray_event().prop_map(Event::Stray),
        1 => account_event().prop_map(Event::Account),
        1 => bill_event().prop_map(Event::Bill),
    ]
}

//! One event of every name, and of every form that a name has, each with all that it can hold.

mod part;

use payfold_domain::event::{
    AccountEvent, AccountIdentity, Basis, BillDifference, BillDifferenceFound, BillEvent,
    BillImported, Contradiction, CorruptOrderMessaged, DuplicateNotifyIgnored, Event,
    ExternalRefundObserved, Hold, MismatchedMoney, NeighbourRow, NumberOwner, Offer, OrderEvent,
    ParcelPlace, PaymentClosed, PaymentConfirmed, PaymentFinished, RefundOrigin, RefundRetried,
    RefundSucceeded, ShipmentDispatched, ShipmentHeld, Staleness, StrayEvent, StrayTakenUp,
    UnknownMessageReceived, UnmatchedRefundReceived,
};
use payfold_domain::exception::{ExceptionKind, Resolver};
use payfold_domain::{
    Application, Currency, Gateway, Method, Money, RefundFact, RefundNo, RefundNumber, RefundSize,
    RefundState, Source,
};

pub(crate) use part::{
    account, confirmed, exception, external_refund, order_no, payment, placed, refund_no,
    refund_requested, started, time, transaction,
};
use part::{
    app_id, contradiction, hint, money, named, offered, receipt, refund_fact, refund_named,
    resolved, start_failed, troubled, unexpected,
};

/// Every sample, by the name of its golden file.
pub(crate) fn all() -> Vec<(&'static str, Event)> {
    let orders = [
        order_events(),
        payment_events(),
        money_events(),
        refund_events(),
    ]
    .concat();
    let orders = orders
        .into_iter()
        .map(|(name, event)| (name, Event::Order(event)));
    orders
        .chain(stray_events())
        .chain(account_and_bill_events())
        .collect()
}

/// Forms that were written once and are only read now, by the name of their golden file: each reads as
/// the event that another form is written of.
pub(crate) fn only_read() -> Vec<(&'static str, Event)> {
    vec![("PaymentStartFailed", Event::Order(start_failed()))]
}

fn order_events() -> Vec<(&'static str, OrderEvent)> {
    let holds = vec![
        Hold::Person,
        Hold::Refunds,
        Hold::Exception(exception(ExceptionKind::ExternalRefund)),
    ];
    vec![
        ("OrderPlaced", OrderEvent::OrderPlaced(placed())),
        ("CancelRequested", OrderEvent::CancelRequested),
        ("OrderCancelled", OrderEvent::OrderCancelled),
        ("OrderExpired", OrderEvent::OrderExpired),
        ("ShipmentRequested", OrderEvent::ShipmentRequested),
        (
            "ShipmentHeld",
            OrderEvent::ShipmentHeld(ShipmentHeld {
                holds,
                reason: Some("the address is wrong".to_owned()),
            }),
        ),
        ("ShipmentReleased", OrderEvent::ShipmentReleased),
        ("ShipmentCancelled", OrderEvent::ShipmentCancelled),
        (
            "ShipmentDispatched",
            OrderEvent::ShipmentDispatched(ShipmentDispatched {
                parcel: "1".to_owned(),
                carrier: "SF Express".to_owned(),
                tracking_no: "SF1234567890".to_owned(),
                place: ParcelPlace::Last,
            }),
        ),
        ("ShipmentDelivered", OrderEvent::ShipmentDelivered),
        (
            "ExceptionResolved",
            OrderEvent::ExceptionResolved(resolved(
                ExceptionKind::Late,
                Resolver::Key("console".to_owned()),
            )),
        ),
        (
            "ExceptionResolved.policy",
            OrderEvent::ExceptionResolved(resolved(ExceptionKind::Double, Resolver::Policy)),
        ),
        (
            "ExceptionResolved.events",
            OrderEvent::ExceptionResolved(resolved(ExceptionKind::Mismatch, Resolver::Events)),
        ),
    ]
}

fn payment_events() -> Vec<(&'static str, OrderEvent)> {
    vec![
        ("PaymentStarted", OrderEvent::PaymentStarted(started())),
        ("PaymentOffered.signed", offered(Offer::Signed)),
        (
            "PaymentOffered.code",
            offered(Offer::Code("https://qr.alipay.com/bax".to_owned())),
        ),
        (
            "PaymentOffered.prepay",
            offered(Offer::Prepay("wx25".to_owned())),
        ),
        (
            "PaymentOffered.link",
            offered(Offer::Link("https://wx.tenpay.com/mweb".to_owned())),
        ),
        ("PaymentOffered.elsewhere", offered(Offer::Elsewhere)),
        ("PaymentPending", OrderEvent::PaymentPending(named())),
        ("PaymentStartFailed.private_words", start_failed()),
        (
            "PaymentClosed",
            OrderEvent::PaymentClosed(PaymentClosed {
                payment: payment(),
                method: Method::AlipayPage,
                source: Source::Query,
            }),
        ),
        (
            "PaymentFinished",
            OrderEvent::PaymentFinished(PaymentFinished {
                payment: payment(),
                method: Method::AlipayPage,
                transaction_id: Some(transaction()),
            }),
        ),
        ("ReturnObserved", OrderEvent::ReturnObserved(named())),
        (
            "DuplicateNotifyIgnored",
            OrderEvent::DuplicateNotifyIgnored(DuplicateNotifyIgnored {
                payment: payment(),
                method: Method::AlipayPage,
                transaction_id: Some(transaction()),
                staleness: Staleness::Repeat,
            }),
        ),
    ]
}

fn money_events() -> Vec<(&'static str, OrderEvent)> {
    let late = exception(ExceptionKind::Late);
    let (known, stated) = (Money::cny(8800), Money::cny(8801));
    vec![
        (
            "PaymentConfirmed",
            OrderEvent::PaymentConfirmed(confirmed()),
        ),
        (
            "PaymentConfirmed.accepted",
            OrderEvent::PaymentConfirmed(PaymentConfirmed {
                money: money(Application::Unlisted(app_id())),
                basis: Basis::Accepted(late),
            }),
        ),
        (
            "LatePaymentReceived",
            OrderEvent::LatePaymentReceived(unexpected(ExceptionKind::Late)),
        ),
        (
            "DoublePaymentReceived",
            OrderEvent::DoublePaymentReceived(unexpected(ExceptionKind::Double)),
        ),
        (
            "MismatchedPaymentReceived",
            OrderEvent::MismatchedPaymentReceived(MismatchedMoney {
                money: money(Application::Unlisted(app_id())),
                expected: Money::cny(9900),
                expected_app_id: Some(app_id()),
                exception: exception(ExceptionKind::Mismatch),
            }),
        ),
        (
            "ContradictionObserved.other_amount",
            contradiction(Contradiction::OtherAmount { known, stated }),
        ),
        (
            "ContradictionObserved.foreign_transaction",
            contradiction(Contradiction::ForeignTransaction),
        ),
        (
            "ContradictionObserved.unpaid_after_paid",
            contradiction(Contradiction::UnpaidAfterPaid),
        ),
        (
            "ContradictionObserved.other_refund_amount",
            contradiction(Contradiction::OtherRefundAmount {
                refund_no: refund_no(),
                asked: known,
                stated,
            }),
        ),
        (
            "ContradictionObserved.refunded_too_much",
            contradiction(Contradiction::RefundedTooMuch {
                received: known,
                stated,
            }),
        ),
    ]
}

fn refund_events() -> Vec<(&'static str, OrderEvent)> {
    let of_exception = RefundOrigin::Exception {
        id: exception(ExceptionKind::Double),
        attempt: 1,
    };
    let total = RefundSize::RunningTotal(Money::cny(2000));
    vec![
        (
            "RefundRequested",
            OrderEvent::RefundRequested(refund_requested(RefundOrigin::Caller)),
        ),
        (
            "RefundRequested.exception",
            OrderEvent::RefundRequested(refund_requested(of_exception)),
        ),
        (
            "RefundSubmitted",
            OrderEvent::RefundSubmitted(refund_named()),
        ),
        (
            "RefundHintReceived",
            hint(total, RefundState::Succeeded(Some(time()))),
        ),
        (
            "RefundHintReceived.unknown",
            hint(RefundSize::Unknown, RefundState::Processing),
        ),
        (
            "RefundNeedsAction",
            OrderEvent::RefundNeedsAction(troubled(ExceptionKind::RefundNeedsAction)),
        ),
        (
            "RefundRetried",
            OrderEvent::RefundRetried(RefundRetried {
                payment: payment(),
                method: Method::AlipayPage,
                refund_no: refund_no(),
                attempt: 2,
            }),
        ),
        (
            "RefundSucceeded",
            OrderEvent::RefundSucceeded(RefundSucceeded {
                payment: payment(),
                method: Method::AlipayPage,
                refund_no: refund_no(),
                amount: Money::cny(1000),
                succeeded_at: time(),
            }),
        ),
        (
            "RefundFailed",
            OrderEvent::RefundFailed(troubled(ExceptionKind::RefundFailed)),
        ),
        (
            "ExternalRefundObserved",
            OrderEvent::ExternalRefundObserved(external_refund()),
        ),
        (
            "ExternalRefundObserved.sized",
            OrderEvent::ExternalRefundObserved(ExternalRefundObserved {
                amount: None,
                size: Some(Money::cny(1000)),
                number: NumberOwner::Another,
                ..external_refund()
            }),
        ),
    ]
}

fn stray_events() -> Vec<(&'static str, Event)> {
    vec![
        (
            "UnmatchedPaymentReceived",
            Event::Stray(StrayEvent::UnmatchedPaymentReceived(unexpected(
                ExceptionKind::Unmatched,
            ))),
        ),
        (
            "UnmatchedRefundReceived",
            Event::Stray(StrayEvent::UnmatchedRefundReceived(
                UnmatchedRefundReceived {
                    payment: payment(),
                    refund: refund_fact(),
                    number: NumberOwner::Payment,
                    exception: exception(ExceptionKind::Unmatched),
                },
            )),
        ),
        (
            "UnmatchedRefundReceived.foreign_number",
            Event::Stray(StrayEvent::UnmatchedRefundReceived(
                UnmatchedRefundReceived {
                    payment: payment(),
                    refund: RefundFact {
                        number: RefundNumber::Foreign,
                        ..refund_fact()
                    },
                    number: NumberOwner::Payment,
                    exception: exception(ExceptionKind::Unmatched),
                },
            )),
        ),
        (
            "StrayTakenUp",
            Event::Stray(StrayEvent::StrayTakenUp(StrayTakenUp {
                payment: payment(),
                order_no: order_no(),
            })),
        ),
    ]
}

fn account_and_bill_events() -> Vec<(&'static str, Event)> {
    vec![
        (
            "AccountRecorded",
            Event::Account(AccountEvent::AccountRecorded(AccountIdentity {
                account: account(),
                gateway: Gateway::Alipay,
                merchant_id: "2088000000000000".to_owned(),
                app_id: Some(app_id()),
            })),
        ),
        (
            "UnknownMessageReceived",
            Event::Account(AccountEvent::UnknownMessageReceived(
                UnknownMessageReceived {
                    account: account(),
                    kind: "PAYSCORE.USER_PAID".to_owned(),
                },
            )),
        ),
        (
            "CorruptOrderMessaged",
            Event::Account(AccountEvent::CorruptOrderMessaged(CorruptOrderMessaged {
                payment: payment(),
                order_no: Some(order_no()),
                receipt: Some(receipt()),
                exception: exception(ExceptionKind::Corrupt),
            })),
        ),
        (
            "CorruptOrderMessaged.stray",
            Event::Account(AccountEvent::CorruptOrderMessaged(CorruptOrderMessaged {
                payment: payment(),
                order_no: None,
                receipt: Some(receipt()),
                exception: exception(ExceptionKind::Corrupt),
            })),
        ),
        (
            "BillImported",
            Event::Bill(BillEvent::BillImported(BillImported {
                account: account(),
                date: "2026-11-24".to_owned(),
                digest: [0xa5; 32],
                payments: 12,
                paid_minor: 105_600,
                refunds: 1,
                refunded_minor: 1000,
                fee_minor: 634,
                foreign: 3,
                currency: Currency::CNY,
                awaited: vec![neighbour_row("2026-11-25", None, Some(Money::cny(8800)))],
                carried: vec![neighbour_row("2026-11-23", Some(refund_no()), None)],
            })),
        ),
        (
            "BillDifferenceFound",
            Event::Bill(BillEvent::BillDifferenceFound(BillDifferenceFound {
                payment: payment(),
                transaction_id: Some(transaction()),
                refund_no: Some(refund_no()),
                difference: BillDifference::OtherAmount,
                here: Some(Money::cny(8800)),
                there: Some(Money::cny(8801)),
                exception: exception(ExceptionKind::Bill(BillDifference::OtherAmount)),
            })),
        ),
    ]
}

fn neighbour_row(date: &str, refund_no: Option<RefundNo>, amount: Option<Money>) -> NeighbourRow {
    NeighbourRow {
        date: date.to_owned(),
        out_trade_no: payment().out_trade_no,
        transaction_id: transaction(),
        refund_no,
        amount,
    }
}

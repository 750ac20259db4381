//! One event of every name, and of every form that a name has, each with all that it can hold.

use payfold_domain::event::{
    AccountEvent, AccountIdentity, Basis, BillDifference, BillDifferenceFound, BillEvent,
    BillImported, Contradiction, ContradictionObserved, CorruptOrderMessaged,
    DuplicateNotifyIgnored, Event, ExceptionResolved, ExternalRefundObserved, Fulfilment, Hold,
    MismatchedMoney, MoneyReceived, Offer, OrderEvent, OrderPlaced, ParcelPlace, PaymentClosed,
    PaymentConfirmed, PaymentFinished, PaymentNamed, PaymentOffered, PaymentStartFailed,
    PaymentStarted, RefundHintReceived, RefundNamed, RefundOrigin, RefundRequested, RefundRetried,
    RefundSucceeded, RefundTroubled, ShipmentDispatched, ShipmentHeld, Staleness, StrayEvent,
    StrayTakenUp, UnexpectedMoney, UnknownMessageReceived, UnmatchedRefundReceived,
};
use payfold_domain::exception::{ExceptionId, ExceptionKind, ResolutionAction, Resolver};
use payfold_domain::{
    AccountName, AppId, Application, Currency, Gateway, Method, Money, OrderNo, OutTradeNo,
    PaymentRef, Receipt, RefundFact, RefundNo, RefundSize, RefundState, Source, Timestamp,
    TransactionId,
};

pub(crate) fn account() -> AccountName {
    AccountName::new("ali").unwrap()
}

pub(crate) fn order_no() -> OrderNo {
    OrderNo::new("T-20261125-1").unwrap()
}

pub(crate) fn payment() -> PaymentRef {
    PaymentRef {
        account: account(),
        out_trade_no: OutTradeNo::new("P0000000001").unwrap(),
    }
}

pub(crate) fn transaction() -> TransactionId {
    TransactionId::from_gateway("2026112522001400000000000001").unwrap()
}

pub(crate) fn refund_no() -> RefundNo {
    RefundNo::new("R-1").unwrap()
}

fn app_id() -> AppId {
    AppId::new("2021000000000000").unwrap()
}

pub(crate) fn exception(kind: ExceptionKind) -> ExceptionId {
    ExceptionId::derive(&account(), transaction().as_str(), kind)
}

pub(crate) fn time() -> Timestamp {
    Timestamp::from_micros(1_795_571_999_250_001)
}

fn receipt() -> Receipt {
    Receipt {
        transaction_id: transaction(),
        amount: Money::cny(8800),
        application: Application::Listed(app_id()),
        paid_at: time(),
    }
}

fn money(application: Application) -> MoneyReceived {
    MoneyReceived {
        payment: payment(),
        method: Method::AlipayPage,
        receipt: Receipt {
            application,
            ..receipt()
        },
        source: Source::Notify,
    }
}

fn unexpected(kind: ExceptionKind) -> UnexpectedMoney {
    UnexpectedMoney {
        money: money(Application::Unstated),
        exception: exception(kind),
    }
}

fn named() -> PaymentNamed {
    PaymentNamed {
        payment: payment(),
        method: Method::AlipayPage,
    }
}

fn refund_named() -> RefundNamed {
    RefundNamed {
        payment: payment(),
        method: Method::AlipayPage,
        refund_no: refund_no(),
    }
}

fn troubled(kind: ExceptionKind) -> RefundTroubled {
    RefundTroubled {
        payment: payment(),
        method: Method::AlipayPage,
        refund_no: refund_no(),
        exception: exception(kind),
    }
}

fn refund_fact() -> RefundFact {
    RefundFact {
        transaction_id: Some(transaction()),
        refund_no: Some(refund_no()),
        size: RefundSize::Exactly(Money::cny(1000)),
        state: RefundState::Succeeded(Some(time())),
    }
}

pub(crate) fn placed() -> OrderPlaced {
    OrderPlaced {
        order_no: order_no(),
        amount: Money::cny(8800),
        fulfilment: Fulfilment::Ship,
        expires_at: time().plus_secs(7200),
        subject: Some("两人份的茶 \"tea for two\"".to_owned()),
        metadata: Some("{\"cart\": 7}".to_owned()),
    }
}

pub(crate) fn started() -> PaymentStarted {
    PaymentStarted {
        payment: payment(),
        method: Method::AlipayPage,
        asked: Money::cny(8800),
        app_id: Some(app_id()),
        expires_at: Some(time().plus_secs(7200)),
        return_url: Some("https://shop.example.com/thanks".to_owned()),
        openid: Some("oUpF8uMuAJO_M2pxb1Q9zNjWeS6o".to_owned()),
        client_ip: Some("192.0.2.7".to_owned()),
    }
}

pub(crate) fn confirmed() -> PaymentConfirmed {
    PaymentConfirmed {
        money: money(Application::Listed(app_id())),
        basis: Basis::AsAsked,
    }
}

fn offered(offer: Offer) -> OrderEvent {
    OrderEvent::PaymentOffered(PaymentOffered {
        payment: payment(),
        method: Method::AlipayPage,
        offer,
        valid_until: Some(time().plus_secs(7200)),
    })
}

fn contradiction(contradiction: Contradiction) -> OrderEvent {
    OrderEvent::ContradictionObserved(ContradictionObserved {
        payment: payment(),
        method: Method::AlipayPage,
        transaction_id: Some(transaction()),
        contradiction,
        exception: exception(ExceptionKind::Contradiction),
    })
}

fn hint(size: RefundSize, state: RefundState) -> OrderEvent {
    OrderEvent::RefundHintReceived(RefundHintReceived {
        payment: payment(),
        method: Method::WechatpayNative,
        claimed: RefundFact {
            transaction_id: None,
            size,
            state,
            ..refund_fact()
        },
    })
}

pub(crate) fn refund_requested(origin: RefundOrigin) -> RefundRequested {
    RefundRequested {
        payment: payment(),
        method: Method::AlipayPage,
        transaction_id: transaction(),
        refund_no: refund_no(),
        amount: Money::cny(1000),
        origin,
        reason: Some("a cup was broken".to_owned()),
    }
}

pub(crate) fn external_refund() -> ExternalRefundObserved {
    ExternalRefundObserved {
        payment: payment(),
        method: Method::AlipayPage,
        transaction_id: transaction(),
        refund_no: Some(refund_no()),
        amount: Some(Money::cny(1000)),
        refunded_at: time(),
        exception: exception(ExceptionKind::ExternalRefund),
    }
}

fn resolved(kind: ExceptionKind, by: Resolver) -> ExceptionResolved {
    ExceptionResolved {
        exception: exception(kind),
        kind,
        action: ResolutionAction::Accept,
        by,
        order_no: Some(order_no()),
        note: Some("the buyer called".to_owned()),
    }
}

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
        (
            "PaymentStartFailed",
            OrderEvent::PaymentStartFailed(PaymentStartFailed {
                payment: payment(),
                method: Method::AlipayQr,
                gateway_code: "ACQ.TRADE_HAS_CLOSE".to_owned(),
                gateway_message: "交易已经关闭".to_owned(),
            }),
        ),
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
                order_no: order_no(),
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
            })),
        ),
        (
            "BillDifferenceFound",
            Event::Bill(BillEvent::BillDifferenceFound(BillDifferenceFound {
                payment: payment(),
                transaction_id: Some(transaction()),
                difference: BillDifference::OtherAmount,
                here: Some(Money::cny(8800)),
                there: Some(Money::cny(8801)),
                exception: exception(ExceptionKind::Bill(BillDifference::OtherAmount)),
            })),
        ),
    ]
}

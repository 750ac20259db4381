//! What the samples are made of.

use payfold_domain::event::{
    Basis, Contradiction, ContradictionObserved, ExceptionResolved, ExternalRefundObserved,
    Fulfilment, MoneyReceived, NumberOwner, Offer, OrderEvent, OrderPlaced, PaymentConfirmed,
    PaymentNamed, PaymentOffered, PaymentStartFailed, PaymentStarted, RefundHintReceived,
    RefundNamed, RefundOrigin, RefundRequested, RefundTroubled, UnexpectedMoney,
};
use payfold_domain::exception::{ExceptionId, ExceptionKind, ResolutionAction, Resolver};
use payfold_domain::{
    AccountName, AppId, Application, Method, Money, OrderNo, OutTradeNo, PaymentRef, Receipt,
    RefundFact, RefundNo, RefundNumber, RefundSize, RefundState, Source, Timestamp, TransactionId,
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

pub(crate) fn app_id() -> AppId {
    AppId::new("2021000000000000").unwrap()
}

pub(crate) fn exception(kind: ExceptionKind) -> ExceptionId {
    ExceptionId::derive(&account(), transaction().as_str(), kind)
}

pub(crate) fn time() -> Timestamp {
    Timestamp::from_micros(1_795_571_999_250_001)
}

pub(crate) fn receipt() -> Receipt {
    Receipt {
        transaction_id: transaction(),
        amount: Money::cny(8800),
        application: Application::Listed(app_id()),
        paid_at: time(),
    }
}

pub(crate) fn money(application: Application) -> MoneyReceived {
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

pub(crate) fn unexpected(kind: ExceptionKind) -> UnexpectedMoney {
    UnexpectedMoney {
        money: money(Application::Unstated),
        exception: exception(kind),
    }
}

pub(crate) fn named() -> PaymentNamed {
    PaymentNamed {
        payment: payment(),
        method: Method::AlipayPage,
    }
}

pub(crate) fn refund_named() -> RefundNamed {
    RefundNamed {
        payment: payment(),
        method: Method::AlipayPage,
        refund_no: refund_no(),
    }
}

pub(crate) fn troubled(kind: ExceptionKind) -> RefundTroubled {
    RefundTroubled {
        payment: payment(),
        method: Method::AlipayPage,
        refund_no: refund_no(),
        exception: exception(kind),
    }
}

pub(crate) fn refund_fact() -> RefundFact {
    RefundFact {
        transaction_id: Some(transaction()),
        number: RefundNumber::Stated(refund_no()),
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

pub(crate) fn offered(offer: Offer) -> OrderEvent {
    OrderEvent::PaymentOffered(PaymentOffered {
        payment: payment(),
        method: Method::AlipayPage,
        offer,
        valid_until: Some(time().plus_secs(7200)),
    })
}

pub(crate) fn start_failed() -> OrderEvent {
    OrderEvent::PaymentStartFailed(PaymentStartFailed {
        payment: payment(),
        method: Method::AlipayQr,
        gateway_code: "ACQ.TRADE_HAS_CLOSE".to_owned(),
        gateway_message: Some("交易已经关闭".to_owned()),
    })
}

pub(crate) fn contradiction(contradiction: Contradiction) -> OrderEvent {
    OrderEvent::ContradictionObserved(ContradictionObserved {
        payment: payment(),
        method: Method::AlipayPage,
        transaction_id: Some(transaction()),
        contradiction,
        exception: exception(ExceptionKind::Contradiction),
    })
}

pub(crate) fn hint(size: RefundSize, state: RefundState) -> OrderEvent {
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
        size: None,
        number: NumberOwner::Payment,
        refunded_at: time(),
        exception: exception(ExceptionKind::ExternalRefund),
    }
}

pub(crate) fn resolved(kind: ExceptionKind, by: Resolver) -> ExceptionResolved {
    ExceptionResolved {
        exception: exception(kind),
        kind,
        action: ResolutionAction::Accept,
        by,
        order_no: Some(order_no()),
        note: Some("the buyer called".to_owned()),
    }
}

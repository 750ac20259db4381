//! The words of the stories: commands and facts in short forms.

use payfold_domain::command::{
    Command, Conclude, DispatchShipment, Excused, FailPaymentStart, Foreign, HoldShipment, Observe,
    ObserveRefundHint, ObserveReturn, OfferPayment, PlaceOrder, RequestRefund, ResolveException,
    RetryRefund, StartPayment, SubmitRefund, TakeUpBasis, TakeUpStray,
};
use payfold_domain::event::{Fulfilment, Offer, ParcelPlace};
use payfold_domain::exception::{ExceptionId, ExceptionKind, ResolutionAction, Resolver};
use payfold_domain::order::Pending;
use payfold_domain::policy::{Capability, Policy};
use payfold_domain::{
    AccountName, AppId, Application, Fact, Method, Money, Observation, OrderNo, OutTradeNo,
    PaymentRef, Receipt, RefundFact, RefundHint, RefundNo, RefundNumber, RefundSize, RefundState,
    Source, Timestamp, TransactionId,
};

pub(crate) const P1: &str = "pay001";
pub(crate) const P2: &str = "pay002";
pub(crate) const PRICE: i64 = 8800;
/// When everything happens.
pub(crate) const NOW: Timestamp = Timestamp::from_secs(1_790_000_000);
/// When the orders expire: two hours later.
pub(crate) const EXPIRES_AT: Timestamp = Timestamp::from_secs(1_790_007_200);

pub(crate) fn account() -> AccountName {
    AccountName::new("ali").unwrap()
}

pub(crate) fn payment(out_trade_no: &str) -> PaymentRef {
    PaymentRef {
        account: account(),
        out_trade_no: OutTradeNo::from_gateway(out_trade_no).unwrap(),
    }
}

pub(crate) fn order_no() -> OrderNo {
    OrderNo::new("order-1").unwrap()
}

pub(crate) fn transaction(id: &str) -> TransactionId {
    TransactionId::from_gateway(id).unwrap()
}

pub(crate) fn refund_no(no: &str) -> RefundNo {
    RefundNo::from_gateway(no).unwrap()
}

pub(crate) fn app(id: &str) -> AppId {
    AppId::new(id).unwrap()
}

/// The exception of that kind about the money of that transaction.
pub(crate) fn exception(transaction_id: &str, kind: ExceptionKind) -> ExceptionId {
    ExceptionId::derive(&account(), transaction_id, kind)
}

pub(crate) fn key() -> Resolver {
    Resolver::Key("shop".to_owned())
}

pub(crate) fn place() -> Command {
    Command::Place(placing())
}

pub(crate) fn placing() -> PlaceOrder {
    PlaceOrder {
        order_no: order_no(),
        amount: Money::cny(PRICE),
        subject: "Tea".to_owned(),
        fulfilment: Fulfilment::Ship,
        expires_at: EXPIRES_AT,
        metadata: None,
    }
}

pub(crate) fn start(out_trade_no: &str) -> Command {
    Command::StartPayment(starting(out_trade_no))
}

pub(crate) fn starting(out_trade_no: &str) -> StartPayment {
    StartPayment {
        payment: payment(out_trade_no),
        method: Method::AlipayQr,
        app_id: None,
        expires_at: Some(EXPIRES_AT),
        return_url: None,
        openid: None,
        client_ip: None,
        offer: None,
        capability: Capability::Full,
        now: NOW,
    }
}

pub(crate) fn offer(out_trade_no: &str) -> Command {
    Command::OfferPayment(OfferPayment {
        payment: payment(out_trade_no),
        offer: Offer::Code("https://qr.example/1".to_owned()),
        valid_until: None,
    })
}

pub(crate) fn fail_start(out_trade_no: &str) -> Command {
    fail_try(out_trade_no, NOW)
}

/// The try that began then was refused.
pub(crate) fn fail_try(out_trade_no: &str, started_at: Timestamp) -> Command {
    Command::FailPaymentStart(FailPaymentStart {
        payment: payment(out_trade_no),
        started_at,
        gateway_code: "ACQ.SYSTEM_ERROR".to_owned(),
        gateway_message: "busy".to_owned(),
    })
}

pub(crate) fn receipt(id: &str, minor: i64) -> Receipt {
    Receipt {
        transaction_id: transaction(id),
        amount: Money::cny(minor),
        application: Application::Listed(app("2021")),
        paid_at: NOW,
    }
}

pub(crate) fn paid(id: &str, minor: i64) -> Fact {
    Fact::Paid(receipt(id, minor))
}

pub(crate) fn refund(no: Option<&str>, size: RefundSize, state: RefundState) -> Fact {
    Fact::Refund(RefundFact {
        transaction_id: None,
        number: no.map(refund_no).into(),
        size,
        state,
    })
}

/// The refund of that number gave back exactly so much.
pub(crate) fn gave_back(no: &str, minor: i64) -> Fact {
    let size = RefundSize::Exactly(Money::cny(minor));
    refund(Some(no), size, RefundState::Succeeded(None))
}

/// The refund of that number, when so much was given back in all.
pub(crate) fn running_total(no: Option<&str>, minor: i64) -> Fact {
    let size = RefundSize::RunningTotal(Money::cny(minor));
    refund(no, size, RefundState::Succeeded(None))
}

/// There was some refund.
pub(crate) fn some_refund() -> Fact {
    refund(None, RefundSize::Unknown, RefundState::Succeeded(None))
}

/// The refund of that number stands so.
pub(crate) fn stands(no: &str, minor: i64, state: RefundState) -> Fact {
    refund(Some(no), RefundSize::Exactly(Money::cny(minor)), state)
}

pub(crate) fn observing(
    out_trade_no: &str,
    source: Source,
    facts: impl IntoIterator<Item = Fact>,
) -> Observe {
    Observe {
        observation: Observation {
            payment: payment(out_trade_no),
            source,
            facts: facts.into_iter().collect(),
        },
        foreign: Foreign::default(),
        capability: Capability::Full,
        policy: Policy::HOLD,
        now: NOW,
    }
}

pub(crate) fn notify(out_trade_no: &str, facts: impl IntoIterator<Item = Fact>) -> Command {
    Command::Observe(observing(out_trade_no, Source::Notify, facts))
}

pub(crate) fn query(out_trade_no: &str, facts: impl IntoIterator<Item = Fact>) -> Command {
    Command::Observe(observing(out_trade_no, Source::Query, facts))
}

pub(crate) fn notify_by(policy: Policy, out_trade_no: &str, fact: Fact) -> Command {
    Command::Observe(Observe {
        policy,
        ..observing(out_trade_no, Source::Notify, [fact])
    })
}

pub(crate) fn buyer_returns(out_trade_no: &str) -> Command {
    Command::ObserveReturn(ObserveReturn {
        payment: payment(out_trade_no),
    })
}

pub(crate) fn hint(out_trade_no: &str, no: &str) -> Command {
    Command::ObserveRefundHint(ObserveRefundHint {
        hint: RefundHint {
            payment: payment(out_trade_no),
            refund: RefundFact {
                transaction_id: None,
                number: RefundNumber::Stated(refund_no(no)),
                size: RefundSize::Exactly(Money::cny(PRICE)),
                state: RefundState::Succeeded(None),
            },
        },
    })
}

pub(crate) fn take_up(
    out_trade_no: &str,
    basis: TakeUpBasis,
    facts: impl IntoIterator<Item = Fact>,
) -> Command {
    let observe = observing(out_trade_no, Source::Notify, facts);
    Command::TakeUpStray(TakeUpStray {
        observation: observe.observation,
        foreign: observe.foreign,
        basis,
        capability: observe.capability,
        policy: observe.policy,
        now: observe.now,
    })
}

pub(crate) fn concluding<'a>(
    excused: impl IntoIterator<Item = &'a str>,
    now: Timestamp,
) -> Conclude {
    let at_any_stage = |name| {
        let pending = [Pending::Unheard, Pending::Heard];
        pending.into_iter().flat_map(move |pending| {
            [true, false].map(|was_offered| Excused {
                payment: payment(name),
                was_offered,
                pending,
            })
        })
    };
    Conclude {
        excused: excused.into_iter().flat_map(at_any_stage).collect(),
        now,
    }
}

/// Cancels, after the gateway did not know the payment while it had, or had not, been offered.
pub(crate) fn cancel_after_asking(name: &str, was_offered: bool) -> Command {
    let payment = payment(name);
    Command::Cancel(Conclude {
        excused: vec![Excused {
            payment,
            was_offered,
            pending: Pending::Unheard,
        }],
        now: NOW,
    })
}

pub(crate) fn cancel<'a>(excused: impl IntoIterator<Item = &'a str>) -> Command {
    Command::Cancel(concluding(excused, NOW))
}

pub(crate) fn expire(now: Timestamp) -> Command {
    Command::Expire(concluding([], now))
}

pub(crate) fn ask_refund(out_trade_no: &str, no: &str, minor: i64) -> Command {
    Command::RequestRefund(asking_refund(out_trade_no, no, minor))
}

pub(crate) fn asking_refund(out_trade_no: &str, no: &str, minor: i64) -> RequestRefund {
    RequestRefund {
        payment: payment(out_trade_no),
        refund_no: refund_no(no),
        minor,
        reason: None,
        capability: Capability::Full,
    }
}

pub(crate) fn submit(out_trade_no: &str, no: &str) -> Command {
    Command::SubmitRefund(SubmitRefund {
        payment: payment(out_trade_no),
        refund_no: refund_no(no),
    })
}

pub(crate) fn retry(out_trade_no: &str, no: &str) -> Command {
    Command::RetryRefund(RetryRefund {
        payment: payment(out_trade_no),
        refund_no: refund_no(no),
        capability: Capability::Full,
        by: key(),
    })
}

pub(crate) fn dispatch(parcel: &str, tracking_no: &str) -> Command {
    Command::DispatchShipment(DispatchShipment {
        parcel: parcel.to_owned(),
        carrier: "SF".to_owned(),
        tracking_no: tracking_no.to_owned(),
        place: ParcelPlace::Last,
    })
}

pub(crate) fn hold() -> Command {
    Command::HoldShipment(HoldShipment { reason: None })
}

pub(crate) fn resolve(exception: &ExceptionId, action: ResolutionAction) -> Command {
    Command::ResolveException(resolving(exception, action))
}

pub(crate) fn resolving(exception: &ExceptionId, action: ResolutionAction) -> ResolveException {
    ResolveException {
        exception: exception.clone(),
        action,
        order_no: None,
        by: key(),
        note: None,
        capability: Capability::Full,
    }
}

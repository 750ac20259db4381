//! Arbitrary events: every name and form, with every field as wide as its type.

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
use proptest::option::of;
use proptest::prelude::*;
use proptest::sample::select;

fn account() -> impl Strategy<Value = AccountName> {
    "[a-z0-9_]{1,32}".prop_map(|text| AccountName::new(&text).unwrap())
}

fn order_no() -> impl Strategy<Value = OrderNo> {
    "[0-9A-Za-z_-]{1,64}".prop_map(|text| OrderNo::new(&text).unwrap())
}

fn app_id() -> impl Strategy<Value = AppId> {
    "[0-9A-Za-z_-]{1,32}".prop_map(|text| AppId::new(&text).unwrap())
}

pub(crate) fn payment() -> impl Strategy<Value = PaymentRef> {
    let number = "[0-9A-Za-z_|*-]{1,64}";
    (account(), number).prop_map(|(account, number)| PaymentRef {
        account,
        out_trade_no: OutTradeNo::from_gateway(&number).unwrap(),
    })
}

fn transaction() -> impl Strategy<Value = TransactionId> {
    "[0-9A-Za-z_-]{1,64}".prop_map(|text| TransactionId::from_gateway(&text).unwrap())
}

fn refund_no() -> impl Strategy<Value = RefundNo> {
    "[0-9A-Za-z_|*@-]{1,64}".prop_map(|text| RefundNo::from_gateway(&text).unwrap())
}

fn exception() -> impl Strategy<Value = ExceptionId> {
    "[0-9a-f]{32}".prop_map(|text| ExceptionId::parse(&text).unwrap())
}

fn currency() -> impl Strategy<Value = Currency> {
    "[A-Z]{3}".prop_map(|code| Currency::new(&code).unwrap())
}

fn money() -> impl Strategy<Value = Money> {
    (any::<i64>(), currency()).prop_map(|(minor, currency)| Money { minor, currency })
}

/// Any instant of the years 0000 to 9999.
pub(crate) fn instant() -> impl Strategy<Value = Timestamp> {
    (-62_167_219_200_000_000..253_402_300_800_000_000_i64).prop_map(Timestamp::from_micros)
}

fn method() -> impl Strategy<Value = Method> {
    select(&Method::ALL)
}

fn source() -> impl Strategy<Value = Source> {
    select(&[Source::Notify, Source::Query, Source::Bill])
}

/// Any text, also such that JSON must escape.
fn text() -> impl Strategy<Value = String> {
    any::<String>()
}

fn application() -> impl Strategy<Value = Application> {
    prop_oneof![
        app_id().prop_map(Application::Listed),
        app_id().prop_map(Application::Unlisted),
        Just(Application::Unstated),
    ]
}

fn receipt() -> impl Strategy<Value = Receipt> {
    (transaction(), money(), application(), instant()).prop_map(
        |(transaction_id, amount, application, paid_at)| Receipt {
            transaction_id,
            amount,
            application,
            paid_at,
        },
    )
}

fn received() -> impl Strategy<Value = MoneyReceived> {
    (payment(), method(), receipt(), source()).prop_map(|(payment, method, receipt, source)| {
        MoneyReceived {
            payment,
            method,
            receipt,
            source,
        }
    })
}

fn unexpected() -> impl Strategy<Value = UnexpectedMoney> {
    (received(), exception()).prop_map(|(money, exception)| UnexpectedMoney { money, exception })
}

fn refund_fact() -> impl Strategy<Value = RefundFact> {
    let size = prop_oneof![
        money().prop_map(RefundSize::Exactly),
        money().prop_map(RefundSize::RunningTotal),
        Just(RefundSize::Unknown),
    ];
    let state = prop_oneof![
        of(instant()).prop_map(RefundState::Succeeded),
        Just(RefundState::Processing),
        Just(RefundState::NeedsAction),
        Just(RefundState::Failed),
    ];
    (of(transaction()), of(refund_no()), size, state).prop_map(
        |(transaction_id, refund_no, size, state)| RefundFact {
            transaction_id,
            refund_no,
            size,
            state,
        },
    )
}

fn named() -> impl Strategy<Value = PaymentNamed> {
    (payment(), method()).prop_map(|(payment, method)| PaymentNamed { payment, method })
}

fn refund_named() -> impl Strategy<Value = RefundNamed> {
    (named(), refund_no()).prop_map(|(named, refund_no)| RefundNamed {
        payment: named.payment,
        method: named.method,
        refund_no,
    })
}

fn troubled() -> impl Strategy<Value = RefundTroubled> {
    (refund_named(), exception()).prop_map(|(named, exception)| RefundTroubled {
        payment: named.payment,
        method: named.method,
        refund_no: named.refund_no,
        exception,
    })
}

fn duplicate() -> impl Strategy<Value = DuplicateNotifyIgnored> {
    let staleness = select(&[Staleness::Repeat, Staleness::OlderNews]);
    (named(), of(transaction()), staleness).prop_map(|(named, transaction_id, staleness)| {
        DuplicateNotifyIgnored {
            payment: named.payment,
            method: named.method,
            transaction_id,
            staleness,
        }
    })
}

fn contradiction() -> impl Strategy<Value = ContradictionObserved> {
    let contradiction = prop_oneof![
        (money(), money()).prop_map(|(known, stated)| Contradiction::OtherAmount { known, stated }),
        Just(Contradiction::ForeignTransaction),
        Just(Contradiction::UnpaidAfterPaid),
        (refund_no(), money(), money()).prop_map(|(refund_no, asked, stated)| {
            Contradiction::OtherRefundAmount {
                refund_no,
                asked,
                stated,
            }
        }),
        (money(), money())
            .prop_map(|(received, stated)| Contradiction::RefundedTooMuch { received, stated }),
    ];
    (named(), of(transaction()), contradiction, exception()).prop_map(
        |(named, transaction_id, contradiction, exception)| ContradictionObserved {
            payment: named.payment,
            method: named.method,
            transaction_id,
            contradiction,
            exception,
        },
    )
}

fn resolved() -> impl Strategy<Value = ExceptionResolved> {
    let by = prop_oneof![
        Just(Resolver::Policy),
        Just(Resolver::Events),
        text().prop_map(Resolver::Key),
    ];
    let kind = select(&ExceptionKind::ALL);
    let action = select(&ResolutionAction::ALL);
    (exception(), kind, action, by, of(order_no()), of(text())).prop_map(
        |(exception, kind, action, by, order_no, note)| ExceptionResolved {
            exception,
            kind,
            action,
            by,
            order_no,
            note,
        },
    )
}

fn refund_requested() -> impl Strategy<Value = RefundRequested> {
    let origin = prop_oneof![
        Just(RefundOrigin::Caller),
        (exception(), any::<u32>())
            .prop_map(|(id, attempt)| RefundOrigin::Exception { id, attempt }),
    ];
    (refund_named(), transaction(), money(), origin, of(text())).prop_map(
        |(named, transaction_id, amount, origin, reason)| RefundRequested {
            payment: named.payment,
            method: named.method,
            transaction_id,
            refund_no: named.refund_no,
            amount,
            origin,
            reason,
        },
    )
}

fn retried() -> impl Strategy<Value = RefundRetried> {
    (refund_named(), any::<u32>()).prop_map(|(named, attempt)| RefundRetried {
        payment: named.payment,
        method: named.method,
        refund_no: named.refund_no,
        attempt,
    })
}

fn succeeded() -> impl Strategy<Value = RefundSucceeded> {
    (refund_named(), money(), instant()).prop_map(|(named, amount, succeeded_at)| RefundSucceeded {
        payment: named.payment,
        method: named.method,
        refund_no: named.refund_no,
        amount,
        succeeded_at,
    })
}

fn external_refund() -> impl Strategy<Value = ExternalRefundObserved> {
    let size = (of(refund_no()), of(money()));
    (named(), transaction(), size, instant(), exception()).prop_map(
        |(named, transaction_id, (refund_no, amount), refunded_at, exception)| {
            ExternalRefundObserved {
                payment: named.payment,
                method: named.method,
                transaction_id,
                refund_no,
                amount,
                refunded_at,
                exception,
            }
        },
    )
}

fn hint() -> impl Strategy<Value = RefundHintReceived> {
    (named(), refund_fact()).prop_map(|(named, claimed)| RefundHintReceived {
        payment: named.payment,
        method: named.method,
        claimed,
    })
}

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
        (named(), text(), text()).prop_map(|(named, gateway_code, gateway_message)| {
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
        (named(), of(transaction())).prop_map(|(named, transaction_id)| {
            OrderEvent::PaymentFinished(PaymentFinished {
                payment: named.payment,
                method: named.method,
                transaction_id,
            })
        }),
        named().prop_map(OrderEvent::ReturnObserved),
        duplicate().prop_map(OrderEvent::DuplicateNotifyIgnored),
    ]
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
        (payment(), refund_fact(), exception()).prop_map(|(payment, refund, exception)| {
            StrayEvent::UnmatchedRefundReceived(UnmatchedRefundReceived {
                payment,
                refund,
                exception,
            })
        }),
        (payment(), order_no()).prop_map(|(payment, order_no)| {
            StrayEvent::StrayTakenUp(StrayTakenUp { payment, order_no })
        }),
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
    let corrupt = (payment(), order_no(), of(receipt()), exception());
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

fn bill_event() -> impl Strategy<Value = BillEvent> {
    let difference = select(&[
        BillDifference::MissingHere,
        BillDifference::MissingThere,
        BillDifference::OtherAmount,
        BillDifference::OtherState,
    ]);
    let found = (
        payment(),
        of(transaction()),
        difference,
        (of(money()), of(money())),
        exception(),
    );
    let sums = (any::<[u64; 3]>(), any::<[i64; 3]>());
    let imported = (account(), text(), any::<[u8; 32]>(), sums, currency());
    prop_oneof![
        imported.prop_map(|(account, date, digest, (rows, sums), currency)| {
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
            })
        }),
        found.prop_map(
            |(payment, transaction_id, difference, (here, there), exception)| {
                BillEvent::BillDifferenceFound(BillDifferenceFound {
                    payment,
                    transaction_id,
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

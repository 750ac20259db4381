//! Arbitrary parts of events, each as wide as its type.

use payfold_domain::event::{
    Contradiction, ContradictionObserved, DuplicateNotifyIgnored, ExceptionResolved,
    ExternalRefundObserved, MoneyReceived, NumberOwner, PaymentNamed, RefundHintReceived,
    RefundNamed, RefundOrigin, RefundRequested, RefundRetried, RefundSucceeded, RefundTroubled,
    Staleness, UnexpectedMoney,
};
use payfold_domain::exception::{ExceptionId, ExceptionKind, ResolutionAction, Resolver};
use payfold_domain::{
    AccountName, AppId, Application, Currency, Method, Money, OrderNo, OutTradeNo, PaymentRef,
    Receipt, RefundFact, RefundNo, RefundNumber, RefundSize, RefundState, Source, Timestamp,
    TransactionId,
};
use proptest::option::of;
use proptest::prelude::*;
use proptest::sample::select;

pub(crate) fn account() -> impl Strategy<Value = AccountName> {
    "[a-z0-9_]{1,32}".prop_map(|text| AccountName::new(&text).unwrap())
}

pub(crate) fn order_no() -> impl Strategy<Value = OrderNo> {
    "[0-9A-Za-z_-]{1,64}".prop_map(|text| OrderNo::new(&text).unwrap())
}

pub(crate) fn app_id() -> impl Strategy<Value = AppId> {
    "[0-9A-Za-z_-]{1,32}".prop_map(|text| AppId::new(&text).unwrap())
}

pub(crate) fn payment() -> impl Strategy<Value = PaymentRef> {
    let number = "[0-9A-Za-z_|*-]{1,64}";
    (account(), number).prop_map(|(account, number)| PaymentRef {
        account,
        out_trade_no: OutTradeNo::from_gateway(&number).unwrap(),
    })
}

pub(crate) fn transaction() -> impl Strategy<Value = TransactionId> {
    "[0-9A-Za-z_-]{1,64}".prop_map(|text| TransactionId::from_gateway(&text).unwrap())
}

pub(crate) fn refund_no() -> impl Strategy<Value = RefundNo> {
    "[0-9A-Za-z_|*@-]{1,64}".prop_map(|text| RefundNo::from_gateway(&text).unwrap())
}

pub(crate) fn exception() -> impl Strategy<Value = ExceptionId> {
    "[0-9a-f]{32}".prop_map(|text| ExceptionId::parse(&text).unwrap())
}

pub(crate) fn currency() -> impl Strategy<Value = Currency> {
    "[A-Z]{3}".prop_map(|code| Currency::new(&code).unwrap())
}

pub(crate) fn money() -> impl Strategy<Value = Money> {
    (any::<i64>(), currency()).prop_map(|(minor, currency)| Money { minor, currency })
}

/// Any instant of the years 0000 to 9999.
pub(crate) fn instant() -> impl Strategy<Value = Timestamp> {
    (-62_167_219_200_000_000..253_402_300_800_000_000_i64).prop_map(Timestamp::from_micros)
}

pub(crate) fn method() -> impl Strategy<Value = Method> {
    select(&Method::ALL)
}

pub(crate) fn source() -> impl Strategy<Value = Source> {
    select(&[Source::Notify, Source::Query, Source::Bill])
}

/// Any text, also such that JSON must escape.
pub(crate) fn text() -> impl Strategy<Value = String> {
    any::<String>()
}

pub(crate) fn application() -> impl Strategy<Value = Application> {
    prop_oneof![
        app_id().prop_map(Application::Listed),
        app_id().prop_map(Application::Unlisted),
        Just(Application::Unstated),
    ]
}

pub(crate) fn receipt() -> impl Strategy<Value = Receipt> {
    (transaction(), money(), application(), instant()).prop_map(
        |(transaction_id, amount, application, paid_at)| Receipt {
            transaction_id,
            amount,
            application,
            paid_at,
        },
    )
}

pub(crate) fn received() -> impl Strategy<Value = MoneyReceived> {
    (payment(), method(), receipt(), source()).prop_map(|(payment, method, receipt, source)| {
        MoneyReceived {
            payment,
            method,
            receipt,
            source,
        }
    })
}

pub(crate) fn unexpected() -> impl Strategy<Value = UnexpectedMoney> {
    (received(), exception()).prop_map(|(money, exception)| UnexpectedMoney { money, exception })
}

fn refund_number() -> impl Strategy<Value = RefundNumber> {
    prop_oneof![
        Just(RefundNumber::Unstated),
        refund_no().prop_map(RefundNumber::Stated),
        Just(RefundNumber::Foreign),
    ]
}

pub(crate) fn refund_fact() -> impl Strategy<Value = RefundFact> {
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
    (of(transaction()), refund_number(), size, state).prop_map(
        |(transaction_id, number, size, state)| RefundFact {
            transaction_id,
            number,
            size,
            state,
        },
    )
}

pub(crate) fn named() -> impl Strategy<Value = PaymentNamed> {
    (payment(), method()).prop_map(|(payment, method)| PaymentNamed { payment, method })
}

pub(crate) fn refund_named() -> impl Strategy<Value = RefundNamed> {
    (named(), refund_no()).prop_map(|(named, refund_no)| RefundNamed {
        payment: named.payment,
        method: named.method,
        refund_no,
    })
}

pub(crate) fn troubled() -> impl Strategy<Value = RefundTroubled> {
    (refund_named(), exception()).prop_map(|(named, exception)| RefundTroubled {
        payment: named.payment,
        method: named.method,
        refund_no: named.refund_no,
        exception,
    })
}

pub(crate) fn duplicate() -> impl Strategy<Value = DuplicateNotifyIgnored> {
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

pub(crate) fn contradiction() -> impl Strategy<Value = ContradictionObserved> {
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

pub(crate) fn resolved() -> impl Strategy<Value = ExceptionResolved> {
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

pub(crate) fn refund_requested() -> impl Strategy<Value = RefundRequested> {
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

pub(crate) fn retried() -> impl Strategy<Value = RefundRetried> {
    (refund_named(), any::<u32>()).prop_map(|(named, attempt)| RefundRetried {
        payment: named.payment,
        method: named.method,
        refund_no: named.refund_no,
        attempt,
    })
}

pub(crate) fn succeeded() -> impl Strategy<Value = RefundSucceeded> {
    (refund_named(), money(), instant()).prop_map(|(named, amount, succeeded_at)| RefundSucceeded {
        payment: named.payment,
        method: named.method,
        refund_no: named.refund_no,
        amount,
        succeeded_at,
    })
}

pub(crate) fn external_refund() -> impl Strategy<Value = ExternalRefundObserved> {
    let size = (of(refund_no()), of(money()), of(money()), number_owner());
    (named(), transaction(), size, instant(), exception()).prop_map(
        |(named, transaction_id, (refund_no, amount, size, number), refunded_at, exception)| {
            ExternalRefundObserved {
                payment: named.payment,
                method: named.method,
                transaction_id,
                refund_no,
                amount,
                size,
                number,
                refunded_at,
                exception,
            }
        },
    )
}

pub(crate) fn number_owner() -> impl Strategy<Value = NumberOwner> {
    prop_oneof![Just(NumberOwner::Payment), Just(NumberOwner::Another)]
}

pub(crate) fn hint() -> impl Strategy<Value = RefundHintReceived> {
    (named(), refund_fact()).prop_map(|(named, claimed)| RefundHintReceived {
        payment: named.payment,
        method: named.method,
        claimed,
    })
}

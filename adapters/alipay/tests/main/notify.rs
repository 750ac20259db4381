//! What a notify is taken for.

use payfold_alipay::{Refusal, verify_again};
use payfold_domain::{
    AppId, Application, Fact, Message, Money, Receipt, RefundFact, RefundNo, RefundNumber,
    RefundSize, RefundState, Timestamp, TransactionId,
};

use crate::fixture::{APP_ID, Draft, account, bytes, facts, today, vectors, verify};

fn paid() -> Fact {
    Fact::Paid(Receipt {
        transaction_id: TransactionId::from_gateway("2026010522001499160501589436").unwrap(),
        amount: Money::cny(8888),
        application: Application::Listed(AppId::new(APP_ID).unwrap()),
        paid_at: Timestamp::from_secs(1_767_578_392),
    })
}

fn refund(refund_no: &str, total_fen: i64, at_micros: i64) -> Fact {
    Fact::Refund(RefundFact {
        transaction_id: Some(TransactionId::from_gateway("2026010522001499160501589436").unwrap()),
        number: RefundNumber::Stated(RefundNo::from_gateway(refund_no).unwrap()),
        size: RefundSize::RunningTotal(Money::cny(total_fen)),
        state: RefundState::Succeeded(Some(Timestamp::from_micros(at_micros))),
    })
}

fn vector(name: &str) -> Vec<u8> {
    let vectors = vectors("notify");
    let all = vectors.pointer("/vectors").unwrap().as_array().unwrap();
    let found = all.iter().find(|vector| vector["name"] == name).unwrap();
    bytes(found, "/body_base64")
}

#[test]
fn every_vector_of_a_payment_says_paid() {
    for name in ["pay_utf8", "pay_gbk", "pay_empty_dropped", "pay_empty_kept"] {
        assert_eq!(facts(&vector(name)), [paid()], "{name}");
    }
}

#[test]
fn a_partial_refund_says_paid_and_refunded() {
    assert_eq!(
        facts(&vector("refund_partial")),
        [paid(), refund("RF0001", 3000, 1_767_580_200_123_000)]
    );
}

#[test]
fn a_full_refund_says_paid_and_refunded() {
    assert_eq!(
        facts(&vector("refund_full")),
        [paid(), refund("RF0002", 8888, 1_767_582_000_001_000)]
    );
}

#[test]
fn every_vector_to_refuse_is_refused_for_its_own_reason() {
    let expectations = [
        ("tampered_amount", "signature_wrong"),
        ("downgrade_sha1", "sign_type_refused"),
        ("resplit", "malformed"),
    ];
    for (name, label) in expectations {
        assert_eq!(verify(&vector(name)).unwrap_err().label(), label, "{name}");
    }
}

#[test]
fn the_second_implementation_agrees_on_every_vector() {
    let (_, key) = &account().public_keys()[0];
    let vectors = vectors("notify");
    for vector in vectors.pointer("/vectors").unwrap().as_array().unwrap() {
        let held = verify_again(&bytes(vector, "/body_base64"), key).is_ok();
        assert_eq!(held, vector["signature_valid"], "{}", vector["name"]);
    }
}

#[test]
fn a_stored_notify_is_translated_again_as_it_was() {
    let body = vector("refund_partial");
    let first = verify(&body).unwrap().message;
    assert_eq!(account().reread(&body, today()), Ok(first));
}

#[test]
fn the_key_that_verified_is_among_the_public_keys() {
    let authentic = verify(&vector("pay_utf8")).unwrap();
    assert_eq!(authentic.key, account().public_keys()[0].0);
    assert!(authentic.signed_headers.is_empty());
}

#[test]
fn waiting_for_the_buyer_says_not_paid_yet() {
    let body = Draft::paid()
        .with("trade_status", "WAIT_BUYER_PAY")
        .signed();
    assert_eq!(facts(&body), [Fact::NotPaidYet]);
}

#[test]
fn finished_says_paid_and_no_more_refunds() {
    let body = Draft::paid()
        .with("trade_status", "TRADE_FINISHED")
        .signed();
    assert_eq!(facts(&body), [paid(), Fact::NoMoreRefunds]);
    let body = Draft::refunded("TRADE_FINISHED", "30.00").signed();
    let refund = refund("RF0001", 3000, 1_767_580_200_123_000);
    assert_eq!(facts(&body), [paid(), refund, Fact::NoMoreRefunds]);
}

#[test]
fn closed_without_a_refund_says_finally_unpaid() {
    let closed = Draft::paid().with("trade_status", "TRADE_CLOSED");
    assert_eq!(facts(&closed.signed()), [Fact::FinallyUnpaid]);
    let closed = closed.with("refund_fee", "0.00").without("gmt_payment");
    assert_eq!(facts(&closed.signed()), [Fact::FinallyUnpaid]);
}

#[test]
fn closed_with_half_of_a_refunds_fields_is_refused() {
    let closed = Draft::paid().with("trade_status", "TRADE_CLOSED");
    let fee_alone = closed.clone().with("refund_fee", "88.88").signed();
    assert_eq!(verify(&fee_alone), Err(Refusal::FieldMissing("gmt_refund")));
    let time_alone = closed.with("gmt_refund", "2026-01-05 10:30:00").signed();
    assert_eq!(
        verify(&time_alone),
        Err(Refusal::FieldMissing("refund_fee"))
    );
}

#[test]
fn a_refund_fee_of_nothing_is_no_refund() {
    let body = Draft::paid().with("refund_fee", "0.00").signed();
    assert_eq!(facts(&body), [paid()]);
}

#[test]
fn more_refunded_than_paid_is_a_fact_to_judge() {
    let body = Draft::refunded("TRADE_SUCCESS", "99.99").signed();
    assert_eq!(
        facts(&body),
        [paid(), refund("RF0001", 9999, 1_767_580_200_123_000)]
    );
}

#[test]
fn without_a_time_of_payment_it_is_the_time_of_observation() {
    let body = Draft::paid().without("gmt_payment").signed();
    let [Fact::Paid(receipt)] = &facts(&body)[..] else {
        panic!("not paid");
    };
    assert_eq!(receipt.paid_at, today());
}

#[test]
fn an_unknown_state_is_kept_by_its_name() {
    let body = Draft::paid().with("trade_status", "TRADE_PENDING").signed();
    let unknown = Message::Unknown("TRADE_PENDING".to_owned());
    assert_eq!(verify(&body).unwrap().message, unknown);
}

#[test]
fn an_unknown_kind_is_kept_by_its_name_without_a_trades_fields() {
    let mut draft = Draft(Vec::new()).with("app_id", APP_ID);
    for (name, kind) in [
        ("msg_method", "alipay.trade.refund.depositback.completed"),
        ("notify_type", "dut_user_sign"),
    ] {
        draft = draft.with(name, kind);
        let unknown = Message::Unknown(kind.to_owned());
        assert_eq!(verify(&draft.signed()).unwrap().message, unknown);
    }
}

#[test]
fn a_message_for_another_application_or_payee_is_not_ours() {
    for field in ["app_id", "seller_id"] {
        let body = Draft::paid().with(field, "2088000000000009").signed();
        assert_eq!(verify(&body), Err(Refusal::NotOurs { field }));
        let unknown = Draft::paid()
            .with("notify_type", "dut_user_sign")
            .with(field, "2088000000000009");
        assert_eq!(verify(&unknown.signed()), Err(Refusal::NotOurs { field }));
    }
}

#[test]
fn every_required_field_is_required_and_blank_is_missing() {
    for field in [
        "app_id",
        "notify_type",
        "out_trade_no",
        "seller_id",
        "total_amount",
        "trade_no",
        "trade_status",
    ] {
        let missing = Err(Refusal::FieldMissing(field));
        assert_eq!(verify(&Draft::paid().without(field).signed()), missing);
        assert_eq!(verify(&Draft::paid().with(field, "").signed()), missing);
        assert_eq!(verify(&Draft::paid().with(field, " \t").signed()), missing);
    }
}

#[test]
fn a_field_outside_its_grammar_is_refused_used_or_not() {
    for (field, value) in [
        ("total_amount", "88.888"),
        ("total_amount", "+88.88"),
        ("total_amount", "８８.88"),
        ("point_amount", "1e2"),
        ("receipt_amount", "088.88"),
        ("refund_fee", "-1"),
        ("gmt_create", "2026-02-30 09:59:40"),
        ("gmt_payment", "2026-01-05T09:59:52"),
        ("gmt_close", "2026-01-05 24:00:00"),
        ("gmt_refund", "2026-01-05 10:30:00.1234"),
        ("notify_time", "now"),
        ("trade_no", "20260105x"),
        ("buyer_id", "2088 722"),
        ("out_trade_no", "vec|0001"),
        ("out_biz_no", "RF\t0001"),
        ("out_biz_no", "RF=0001"),
        ("out_biz_no", "RF&0001"),
        ("charset", "utf-16"),
        ("trade_status", "TRADE SUCCESS"),
    ] {
        let refused = verify(&Draft::paid().with(field, value).signed()).unwrap_err();
        assert!(
            matches!(refused, Refusal::Malformed { field: named, .. } if named == field),
            "{field}={value}: {refused:?}"
        );
    }
}

#[test]
fn a_refund_under_a_number_that_no_refund_here_can_have_is_one_without_a_number() {
    let (gbk, _, _) = encoding_rs::GBK.encode("退款一");
    let longest = "退".repeat(64);
    for number in [
        "RF.2026/1".as_bytes(),
        b"RF 0001",
        "退款#1".as_bytes(),
        longest.as_bytes(),
        gbk.as_ref(),
    ] {
        let refunded = Draft::refunded("TRADE_SUCCESS", "30.00").with("out_biz_no", number);
        let mut expected = refund("RF0001", 3000, 1_767_580_200_123_000);
        if let Fact::Refund(refund) = &mut expected {
            refund.number = RefundNumber::Foreign;
        }
        assert_eq!(facts(&refunded.signed()), [paid(), expected.clone()]);

        // That there is a number tells it from a payment's notify, where no time does.
        if let Fact::Refund(refund) = &mut expected {
            refund.state = RefundState::Succeeded(None);
        }
        let timeless = refunded.without("gmt_refund");
        assert_eq!(facts(&timeless.signed()), [paid(), expected]);
    }
    let too_long = Draft::paid().with("out_biz_no", "退".repeat(65));
    assert!(verify(&too_long.signed()).is_err());
}

#[test]
fn amounts_have_no_to_two_decimals_and_charsets_no_case() {
    let body = Draft::paid()
        .with("total_amount", "20")
        .with("point_amount", "0.5")
        .with("charset", "GB18030")
        .with("gmt_refund", "2026-01-05 10:30:00.1");
    let [Fact::Paid(receipt)] = &facts(&body.signed())[..] else {
        panic!("not paid");
    };
    assert_eq!(receipt.amount, Money::cny(2000));
}

#[test]
fn a_blank_value_may_be_signed_or_left_out() {
    let draft = Draft::paid();
    let left_out = draft.signed_string();
    let all = draft.clone().with("body", " ").with("store_id", "");
    let without_empty = draft.clone().with("body", " ").signed_string();
    for signed in [all.signed_string(), without_empty, left_out] {
        let body = all.signed_as("RSA2", &crate::fixture::sign(&signed));
        assert_eq!(facts(&body), [paid()]);
    }
}

#[test]
fn refusals_tell_nothing_that_the_sender_wrote() {
    let body = Draft::paid().with("buyer_id", "Zhang San").signed();
    let told = verify(&body).unwrap_err().to_string();
    assert_eq!(told, "buyer_id is malformed: expected 1 to 64 digits");
}

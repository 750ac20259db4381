//! What v3 notifies mean, once their signature holds.

use payfold_domain::{
    AppId, Application, Currency, Fact, Message, Money, Receipt, RefundFact, RefundNo,
    RefundNumber, RefundSize, RefundState, Source, Timestamp, TransactionId,
};
use payfold_wechatpay::Refusal;
use serde_json::{Value, json};

use crate::gateway::{
    NOW, envelope, facts, now, observation, refund, take_transaction, take_v3, transaction,
};

fn changed(mut value: Value, pointer: &str, new: Value) -> String {
    *value.pointer_mut(pointer).unwrap() = new;
    value.to_string()
}

fn without(mut value: Value, object: &str, name: &str) -> String {
    value
        .pointer_mut(object)
        .unwrap()
        .as_object_mut()
        .unwrap()
        .remove(name)
        .unwrap();
    value.to_string()
}

fn receipt() -> Receipt {
    Receipt {
        transaction_id: TransactionId::from_gateway("4200000215202611230261405420").unwrap(),
        amount: Money::cny(100),
        application: Application::Listed(AppId::new("wx8888888888888888").unwrap()),
        paid_at: Timestamp::from_secs(NOW - 1),
    }
}

fn take_refund(event_type: &str, plain: &Value) -> Result<payfold_domain::Authentic, Refusal> {
    take_v3(&envelope(event_type, "refund", &plain.to_string()).to_string())
}

#[test]
fn a_success_is_money_of_the_order_amount_whatever_the_buyer_paid_of_it() {
    let authentic = take_transaction(&transaction().to_string()).unwrap();
    assert_eq!(facts(&authentic), [Fact::Paid(receipt())]);
    assert_eq!(observation(&authentic).source, Source::Notify);
    assert_eq!(
        observation(&authentic).payment.out_trade_no.as_str(),
        "PF202611230001"
    );
    assert_eq!(observation(&authentic).payment.account.as_str(), "wx");
}

#[test]
fn coupons_may_bring_the_buyers_part_to_nothing() {
    let authentic =
        take_transaction(&changed(transaction(), "/amount/payer_total", json!(0))).unwrap();
    assert_eq!(facts(&authentic), [Fact::Paid(receipt())]);
}

#[test]
fn a_state_of_refund_is_the_payment_first_and_then_a_refund_of_unknown_size() {
    let authentic =
        take_transaction(&changed(transaction(), "/trade_state", json!("REFUND"))).unwrap();
    let refund = RefundFact {
        transaction_id: Some(receipt().transaction_id),
        number: RefundNumber::Unstated,
        size: RefundSize::Unknown,
        state: RefundState::Processing,
    };
    assert_eq!(
        facts(&authentic),
        [Fact::Paid(receipt()), Fact::Refund(refund)]
    );
}

#[test]
fn each_other_state_has_its_one_fact() {
    for (state, fact) in [
        ("NOTPAY", Fact::NotPaidYet),
        ("USERPAYING", Fact::NotPaidYet),
        ("ACCEPT", Fact::NotPaidYet),
        ("PAYERROR", Fact::NotPaidYet),
        ("CLOSED", Fact::FinallyUnpaid),
        ("REVOKED", Fact::FinallyUnpaid),
    ] {
        let authentic =
            take_transaction(&changed(transaction(), "/trade_state", json!(state))).unwrap();
        assert_eq!(facts(&authentic), [fact], "{state}");
    }
}

#[test]
fn an_unpaid_transaction_need_not_say_amount_or_transaction_id() {
    let plain =
        json!({ "mchid": "1900000109", "out_trade_no": "PF202611230001", "trade_state": "CLOSED" });
    assert_eq!(
        facts(&take_transaction(&plain.to_string()).unwrap()),
        [Fact::FinallyUnpaid]
    );
}

#[test]
fn an_unknown_state_is_kept_by_its_name() {
    let authentic =
        take_transaction(&changed(transaction(), "/trade_state", json!("ESCROWED"))).unwrap();
    assert_eq!(
        authentic.message,
        Message::Unknown("TRANSACTION.SUCCESS/ESCROWED".to_owned())
    );
}

#[test]
fn an_application_that_is_not_listed_is_said_to_be_so() {
    let listed = take_transaction(&changed(
        transaction(),
        "/appid",
        json!("wx00000000000000aa"),
    ))
    .unwrap();
    let unlisted = take_transaction(&changed(
        transaction(),
        "/appid",
        json!("wx00000000000000bb"),
    ))
    .unwrap();
    let application = |id, of: fn(AppId) -> Application| {
        [Fact::Paid(Receipt {
            application: of(AppId::new(id).unwrap()),
            ..receipt()
        })]
    };
    assert_eq!(
        facts(&listed),
        application("wx00000000000000aa", Application::Listed)
    );
    assert_eq!(
        facts(&unlisted),
        application("wx00000000000000bb", Application::Unlisted)
    );
}

#[test]
fn another_merchants_message_is_not_ours() {
    let refused =
        take_transaction(&changed(transaction(), "/mchid", json!("1900000108"))).unwrap_err();
    assert_eq!((refused.v3_status(), refused), (400, Refusal::NotOurs));
}

#[test]
fn another_currency_is_told_as_it_is_and_none_is_renminbi() {
    let dollars =
        take_transaction(&changed(transaction(), "/amount/currency", json!("USD"))).unwrap();
    let amount = Money {
        minor: 100,
        currency: Currency::new("USD").unwrap(),
    };
    assert_eq!(
        facts(&dollars),
        [Fact::Paid(Receipt {
            amount,
            ..receipt()
        })]
    );
    let silent = take_transaction(&without(transaction(), "/amount", "currency")).unwrap();
    assert_eq!(facts(&silent), [Fact::Paid(receipt())]);
}

#[test]
fn a_time_of_any_offset_is_the_same_instant() {
    let authentic = take_transaction(&changed(
        transaction(),
        "/success_time",
        json!("2026-11-23T08:01:02Z"),
    ))
    .unwrap();
    assert_eq!(facts(&authentic), [Fact::Paid(receipt())]);
}

#[test]
fn a_required_field_that_is_missing_is_malformed() {
    for name in [
        "mchid",
        "appid",
        "out_trade_no",
        "transaction_id",
        "trade_state",
        "success_time",
        "amount",
    ] {
        let refused = take_transaction(&without(transaction(), "", name)).unwrap_err();
        assert_eq!(
            (refused.label(), refused.v3_status()),
            ("malformed", 400),
            "{name}"
        );
    }
    let refused = take_transaction(&without(transaction(), "/amount", "total")).unwrap_err();
    assert_eq!(refused.label(), "malformed");
}

#[test]
fn a_total_that_is_no_positive_integer_is_malformed() {
    for total in [
        "100.0",
        "1e2",
        "\"100\"",
        "-100",
        "0",
        "null",
        "true",
        "[100]",
        "99999999999999999999",
        "100000000000",
    ] {
        let plain = transaction()
            .to_string()
            .replace("\"total\":100", &format!("\"total\":{total}"));
        let refused = take_transaction(&plain).unwrap_err();
        assert!(
            matches!(
                refused,
                Refusal::Malformed {
                    field: "amount.total",
                    ..
                }
            ),
            "{total}: {refused}"
        );
    }
}

#[test]
fn a_name_twice_in_any_object_is_malformed() {
    let plain = transaction().to_string();
    for (once, twice) in [
        ("\"total\":100", "\"total\":100,\"total\":1"),
        ("\"attach\":\"\"", "\"attach\":\"\",\"attach\":\"\""),
        ("\"mchid\":", "\"mch\\u0069d\":\"1900000108\",\"mchid\":"),
    ] {
        assert!(plain.contains(once));
        let refused = take_transaction(&plain.replacen(once, twice, 1)).unwrap_err();
        assert_eq!(refused.label(), "malformed", "{twice}");
    }
    let outer = envelope("TRANSACTION.SUCCESS", "transaction", &plain).to_string();
    let twice = outer.replacen(
        "\"event_type\":",
        "\"event_type\":\"REFUND.SUCCESS\",\"event_type\":",
        1,
    );
    assert_eq!(take_v3(&twice).unwrap_err().label(), "malformed");
}

#[test]
fn ids_outside_their_grammar_are_malformed() {
    for (pointer, value) in [
        ("/out_trade_no", "PF 1"),
        ("/out_trade_no", ""),
        ("/out_trade_no", "ＰＦ２０２６"),
        ("/transaction_id", "42000002152026112302614054x0"),
        ("/transaction_id", ""),
        ("/transaction_id", "420000021520261123026140542000000"),
        ("/appid", "wx8888 8888"),
        ("/trade_state", "SUCCESS\u{0}"),
        ("/success_time", "2026-11-23 16:01:02"),
        ("/amount/currency", "cny"),
    ] {
        let refused = take_transaction(&changed(transaction(), pointer, json!(value))).unwrap_err();
        assert_eq!(refused.label(), "malformed", "{pointer} {value:?}");
    }
}

#[test]
fn a_refund_is_its_own_amount_and_proves_the_payment_too() {
    let mut plain = refund("SUCCESS");
    plain["success_time"] = json!("2026-11-23T16:31:02+08:00");
    let authentic = take_refund("REFUND.SUCCESS", &plain).unwrap();
    let paid = Receipt {
        application: Application::Unstated,
        paid_at: now(),
        ..receipt()
    };
    let refund = RefundFact {
        transaction_id: Some(receipt().transaction_id),
        number: RefundNumber::Stated(RefundNo::from_gateway("PFR202611230001").unwrap()),
        size: RefundSize::Exactly(Money::cny(40)),
        state: RefundState::Succeeded(Some(Timestamp::from_secs(NOW - 1 + 1800))),
    };
    assert_eq!(facts(&authentic), [Fact::Paid(paid), Fact::Refund(refund)]);
}

#[test]
fn a_refund_that_is_stuck_or_closed_proves_the_payment_as_well() {
    for (event_type, status, state) in [
        ("REFUND.ABNORMAL", "ABNORMAL", RefundState::NeedsAction),
        ("REFUND.CLOSED", "CLOSED", RefundState::Failed),
    ] {
        let authentic = take_refund(event_type, &refund(status)).unwrap();
        assert!(
            matches!(facts(&authentic), [Fact::Paid(_), Fact::Refund(refund)] if refund.state == state),
            "{status}"
        );
    }
}

#[test]
fn a_refund_whose_status_is_unknown_or_contradicts_its_event_is_kept_and_believed_in_nothing() {
    for (event_type, status) in [
        ("REFUND.SUCCESS", "CLOSED"),
        ("REFUND.CLOSED", "SUCCESS"),
        ("REFUND.SUCCESS", "HALFWAY"),
    ] {
        let authentic = take_refund(event_type, &refund(status)).unwrap();
        assert_eq!(
            authentic.message,
            Message::Unknown(format!("{event_type}/{status}"))
        );
    }
}

#[test]
fn a_refunds_state_is_not_read_from_the_name_that_the_refund_call_answers_it_under() {
    let mut plain = refund("SUCCESS");
    let fields = plain.as_object_mut().unwrap();
    let status = fields.remove("refund_status").unwrap();
    fields.insert("status".to_owned(), status);
    assert_eq!(
        take_refund("REFUND.SUCCESS", &plain).unwrap_err().label(),
        "malformed"
    );
}

#[test]
fn an_unknown_event_is_kept_whatever_it_holds() {
    let with_resource = envelope(
        "PAYSCORE.USER_OPEN_SERVICE",
        "payscore",
        r#"{"mchid":"1900000109","x":1}"#,
    )
    .to_string();
    let mut bare = envelope("SECURITY_ECHO.SUCCESS", "security", "{}");
    bare.as_object_mut().unwrap().remove("resource");
    for (body, name) in [
        (with_resource, "PAYSCORE.USER_OPEN_SERVICE"),
        (
            envelope("SECURITY_ECHO.SUCCESS", "security", "not JSON").to_string(),
            "SECURITY_ECHO.SUCCESS",
        ),
        (bare.to_string(), "SECURITY_ECHO.SUCCESS"),
    ] {
        assert_eq!(
            take_v3(&body).unwrap().message,
            Message::Unknown(name.to_owned())
        );
    }
}

#[test]
fn an_event_of_another_product_is_kept_although_payments_share_its_kind() {
    let combined = r#"{"combine_mchid":"1900000109","sub_orders":[{"mchid":"1900000109"}]}"#;
    let through_a_provider = r#"{"sp_mchid":"1900000108","sub_mchid":"1900000109"}"#;
    for (event_type, original_type, plain) in [
        ("TRANSACTION.SUCCESS", "transaction", combined),
        ("TRANSACTION.SUCCESS", "transaction", through_a_provider),
        ("REFUND.SUCCESS", "refund", through_a_provider),
        (
            "TRANSACTION.SUCCESS",
            "profitsharing",
            r#"{"mchid":"1900000109"}"#,
        ),
    ] {
        let body = envelope(event_type, original_type, plain).to_string();
        assert_eq!(
            take_v3(&body).unwrap().message,
            Message::Unknown(event_type.to_owned()),
            "{plain}"
        );
    }
    for (original_type, plain) in [
        ("transaction", r#"{"combine_mchid":"1900000108"}"#),
        ("profitsharing", r#"{"mchid":"1900000108"}"#),
    ] {
        let body = envelope("TRANSACTION.SUCCESS", original_type, plain).to_string();
        assert_eq!(take_v3(&body), Err(Refusal::NotOurs), "{plain}");
    }
}

#[test]
fn an_unknown_event_for_another_merchant_is_not_ours() {
    let body = envelope("COUPON.USE", "coupon", r#"{"mchid":"1900000108"}"#).to_string();
    assert_eq!(take_v3(&body), Err(Refusal::NotOurs));
}

#[test]
fn a_notify_without_associated_data_is_read() {
    let sealed = envelope("TRANSACTION.SUCCESS", "", &transaction().to_string());
    let with_type = |mut body: Value| {
        body["resource"]["original_type"] = json!("transaction");
        body
    };
    let empty = with_type(sealed.clone());
    let mut null = with_type(sealed.clone());
    null["resource"]["associated_data"] = Value::Null;
    let mut absent = with_type(sealed);
    absent["resource"]
        .as_object_mut()
        .unwrap()
        .remove("associated_data");
    for body in [empty, null, absent] {
        assert_eq!(
            facts(&take_v3(&body.to_string()).unwrap()),
            [Fact::Paid(receipt())]
        );
    }
}

#[test]
fn a_resource_whose_tag_does_not_hold_is_refused() {
    let good = envelope(
        "TRANSACTION.SUCCESS",
        "transaction",
        &transaction().to_string(),
    );
    for (field, value) in [
        ("associated_data", "other"),
        ("nonce", "abcdefghijkm"),
        ("ciphertext", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="),
    ] {
        let body = changed(good.clone(), &format!("/resource/{field}"), json!(value));
        assert_eq!(
            take_v3(&body),
            Err(Refusal::Undecryptable {
                key: "api_v3_key_file"
            }),
            "{field}"
        );
    }
}

#[test]
fn a_resource_of_another_form_is_malformed() {
    let good = envelope(
        "TRANSACTION.SUCCESS",
        "transaction",
        &transaction().to_string(),
    );
    for (field, value) in [
        ("algorithm", "AEAD_SM4_GCM"),
        ("nonce", "short"),
        ("nonce", "abcdefghijklmnop"),
        ("ciphertext", "AAAA"),
        ("ciphertext", "not base64!"),
        ("original_type", "refund"),
    ] {
        let body = changed(good.clone(), &format!("/resource/{field}"), json!(value));
        assert_eq!(take_v3(&body).unwrap_err().label(), "malformed", "{field}");
    }
}

#[test]
fn what_is_not_json_is_refused_with_400_once_its_signature_held() {
    for body in [
        "",
        "{",
        "[]",
        "null",
        "\u{feff}{}",
        "{} {}",
        "{\"id\":\"1\"}",
    ] {
        let refused = take_v3(body).unwrap_err();
        assert_eq!(
            (refused.label(), refused.v3_status()),
            ("malformed", 400),
            "{body}"
        );
    }
}

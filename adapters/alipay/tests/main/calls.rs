//! What the answers to calls say of a payment or a refund, once they are verified.

use payfold_alipay::{Call, CallFault, RefundAnswer, Refusal, Reply, Verified};
use payfold_domain::{
    AccountName, Application, Authentic, Fact, Message, Money, OutTradeNo, Receipt, RefundFact,
    RefundNo, RefundSize, RefundState, Source, Timestamp, TransactionId,
};
use serde_json::{Value, json};

use crate::answers;
use crate::fixture::{account, today};

const TRADE_NO: &str = "2026010522001499160501589436";

pub(crate) fn out_trade_no() -> OutTradeNo {
    OutTradeNo::new("vec_0001").unwrap()
}

pub(crate) fn refund_no() -> RefundNo {
    RefundNo::new("RF0001").unwrap()
}

/// A signed answer to a call, read.
fn read<T>(
    call: Call,
    node: &str,
    content: &Value,
    read: impl FnOnce(Verified<'_>) -> Result<T, CallFault>,
) -> Result<T, CallFault> {
    let body = answers::signed(node, content.to_string().as_bytes());
    match answers::verify(call, &body)? {
        Reply::Done(verified) => read(verified),
        refused @ Reply::Refused { .. } => panic!("{refused:?}"),
    }
}

fn trade(status: &str) -> Value {
    json!({
        "code": "10000",
        "msg": "Success",
        "buyer_logon_id": "159****5620",
        "out_trade_no": "vec_0001",
        "trade_no": TRADE_NO,
        "trade_status": status,
        "total_amount": "88.88",
        "receipt_amount": "0.00",
        "buyer_pay_amount": "0.00",
        "fund_bill_list": [{"amount": "88.88", "fund_channel": "ALIPAYACCOUNT"}],
    })
}

fn with(mut content: Value, name: &str, value: &str) -> Value {
    content[name] = json!(value);
    content
}

fn without(mut content: Value, name: &str) -> Value {
    content.as_object_mut().unwrap().remove(name);
    content
}

fn queried(content: &Value) -> Result<Message, CallFault> {
    let node = "alipay_trade_query_response";
    let authentic = read(Call::Query, node, content, |verified| {
        account().read_query(verified, &out_trade_no(), today())
    })?;
    assert_eq!(authentic.key, account().public_keys()[0].0);
    assert!(authentic.signed_headers.is_empty());
    Ok(authentic.message)
}

/// The facts of a message of a query about the payment.
fn facts(message: Message) -> Vec<Fact> {
    let Message::Observation(observation) = message else {
        panic!("no facts: {message:?}")
    };
    assert_eq!(observation.source, Source::Query);
    assert_eq!(
        observation.payment.account,
        AccountName::new("ali").unwrap()
    );
    assert_eq!(observation.payment.out_trade_no, out_trade_no());
    observation.facts
}

fn transaction_id() -> TransactionId {
    TransactionId::from_gateway(TRADE_NO).unwrap()
}

fn paid(paid_at: Timestamp) -> Fact {
    Fact::Paid(Receipt {
        transaction_id: transaction_id(),
        amount: Money::cny(8888),
        application: Application::Unstated,
        paid_at,
    })
}

fn refund(refund_no: Option<RefundNo>, size: RefundSize, state: RefundState) -> Fact {
    Fact::Refund(RefundFact {
        transaction_id: Some(transaction_id()),
        number: refund_no.into(),
        size,
        state,
    })
}

#[test]
fn a_query_says_how_the_trade_stands_and_no_application() {
    let at = Timestamp::from_secs(1_767_578_392);
    let dated = |status: &str| with(trade(status), "send_pay_date", "2026-01-05 09:59:52");
    for (content, expected) in [
        (trade("WAIT_BUYER_PAY"), vec![Fact::NotPaidYet]),
        (dated("TRADE_SUCCESS"), vec![paid(at)]),
        (trade("TRADE_SUCCESS"), vec![paid(today())]),
        (dated("TRADE_FINISHED"), vec![paid(at), Fact::NoMoreRefunds]),
        (trade("TRADE_CLOSED"), vec![Fact::FinallyUnpaid]),
    ] {
        assert_eq!(facts(queried(&content).unwrap()), expected, "{content}");
    }
}

#[test]
fn a_closed_trade_that_brought_money_was_refunded_in_full() {
    let all = RefundSize::RunningTotal(Money::cny(8888));
    let given_back = refund(None, all, RefundState::Succeeded(None));
    let dated = with(
        trade("TRADE_CLOSED"),
        "send_pay_date",
        "2026-01-05 09:59:52",
    );
    let at = Timestamp::from_secs(1_767_578_392);
    assert_eq!(
        facts(queried(&dated).unwrap()),
        [paid(at), given_back.clone()]
    );
    for field in ["receipt_amount", "buyer_pay_amount"] {
        let content = with(trade("TRADE_CLOSED"), field, "88.88");
        let facts = facts(queried(&content).unwrap());
        assert_eq!(facts, [paid(today()), given_back.clone()], "{field}");
    }
}

#[test]
fn a_state_that_is_not_known_says_only_that() {
    let message = queried(&trade("TRADE_PENDING")).unwrap();
    assert_eq!(message, Message::Unknown("query/TRADE_PENDING".to_owned()));
}

#[test]
fn an_answer_about_another_trade_or_without_what_it_must_have_is_not_read() {
    let success = || trade("TRADE_SUCCESS");
    for (content, refusal) in [
        (
            with(success(), "out_trade_no", "vec_0002"),
            Refusal::NotAsked {
                field: "out_trade_no",
            },
        ),
        (
            without(success(), "out_trade_no"),
            Refusal::FieldMissing("out_trade_no"),
        ),
        (
            without(success(), "trade_no"),
            Refusal::FieldMissing("trade_no"),
        ),
        (
            with(success(), "total_amount", " "),
            Refusal::FieldMissing("total_amount"),
        ),
        (
            with(success(), "total_amount", "8e1"),
            Refusal::Malformed {
                field: "total_amount",
                expected: "yuan in digits with at most two decimals",
            },
        ),
        (
            with(success(), "send_pay_date", "yesterday"),
            Refusal::Malformed {
                field: "send_pay_date",
                expected: "yyyy-MM-dd HH:mm:ss, with at most three decimals",
            },
        ),
    ] {
        assert_eq!(queried(&content), Err(CallFault::Unreadable(refusal)));
    }
}

#[test]
fn what_answers_one_call_is_not_read_as_an_answer_to_another() {
    let node = "alipay_trade_close_response";
    let content = trade("TRADE_SUCCESS");
    let not_asked = CallFault::Unreadable(Refusal::NotAsked { field: "method" });
    let as_query = read(Call::Close, node, &content, |verified| {
        account().read_query(verified, &out_trade_no(), today())
    });
    assert_eq!(as_query, Err(not_asked.clone()));
    let as_refund = read(Call::Close, node, &content, |verified| {
        account().read_refund(verified, &out_trade_no(), &refund_no(), today())
    });
    assert_eq!(as_refund, Err(not_asked.clone()));
    let as_code = read(Call::Close, node, &content, |verified| {
        verified.qr_code(&out_trade_no())
    });
    assert_eq!(as_code, Err(not_asked));
}

#[test]
fn a_close_that_was_done_says_that_the_trade_is_never_paid() {
    let closed = |content: &Value| {
        read(
            Call::Close,
            "alipay_trade_close_response",
            content,
            |verified| account().read_close(verified, &out_trade_no()),
        )
    };
    let content = json!({"code": "10000", "out_trade_no": "vec_0001", "trade_no": TRADE_NO});
    let message = closed(&content).unwrap().message;
    assert_eq!(facts(message), [Fact::FinallyUnpaid]);
    let other = with(content, "out_trade_no", "vec_0002");
    assert!(closed(&other).is_err());
}

fn refunded(content: &Value) -> Result<RefundAnswer, CallFault> {
    let node = "alipay_trade_refund_response";
    read(Call::Refund, node, content, |verified| {
        account().read_refund(verified, &out_trade_no(), &refund_no(), today())
    })
}

fn refund_queried(content: &Value) -> Result<RefundAnswer, CallFault> {
    let node = "alipay_trade_fastpay_refund_query_response";
    read(Call::RefundQuery, node, content, |verified| {
        account().read_refund(verified, &out_trade_no(), &refund_no(), today())
    })
}

fn said(answer: Result<RefundAnswer, CallFault>) -> Message {
    match answer {
        Ok(RefundAnswer::Said(Authentic { message, .. })) => message,
        other => panic!("nothing said: {other:?}"),
    }
}

#[test]
fn a_refund_has_succeeded_when_money_moved_in_the_very_call() {
    let content = json!({
        "code": "10000",
        "msg": "Success",
        "out_trade_no": "vec_0001",
        "trade_no": TRADE_NO,
        "fund_change": "Y",
        "refund_fee": "50.00",
        "gmt_refund_pay": "2026-01-05 10:00:12",
    });
    let total = RefundSize::RunningTotal(Money::cny(5000));
    let of_ours = |state| vec![refund(Some(refund_no()), total, state)];
    let at = Timestamp::from_secs(1_767_578_412);
    let done = RefundState::Succeeded(Some(at));
    assert_eq!(facts(said(refunded(&content))), of_ours(done));
    let undated = without(content.clone(), "gmt_refund_pay");
    let done = RefundState::Succeeded(None);
    assert_eq!(facts(said(refunded(&undated))), of_ours(done));
    for repeated in [
        with(content.clone(), "fund_change", "N"),
        without(content.clone(), "fund_change"),
    ] {
        let on_its_way = of_ours(RefundState::Processing);
        assert_eq!(facts(said(refunded(&repeated))), on_its_way);
    }
    assert!(refunded(&with(content, "fund_change", "y")).is_err());
}

#[test]
fn a_refund_that_is_asked_about_has_succeeded_when_its_status_says_so() {
    let content = json!({
        "code": "10000",
        "msg": "Success",
        "out_trade_no": "vec_0001",
        "trade_no": TRADE_NO,
        "out_request_no": "RF0001",
        "refund_amount": "30.00",
        "total_amount": "88.88",
        "refund_status": "REFUND_SUCCESS",
        "gmt_refund_pay": "2026-01-05 10:00:12",
    });
    let this = RefundSize::Exactly(Money::cny(3000));
    let of_ours = |state| vec![paid(today()), refund(Some(refund_no()), this, state)];
    let at = Timestamp::from_secs(1_767_578_412);
    let done = RefundState::Succeeded(Some(at));
    assert_eq!(facts(said(refund_queried(&content))), of_ours(done));
    let silent = without(content.clone(), "refund_status");
    let likely = of_ours(RefundState::Processing);
    assert_eq!(facts(said(refund_queried(&silent))), likely);
    let new = with(content.clone(), "refund_status", "REFUND_SOON");
    let unknown = Message::Unknown("refund/REFUND_SOON".to_owned());
    assert_eq!(said(refund_queried(&new)), unknown);
    let other = with(content, "out_request_no", "RF0002");
    assert_eq!(
        refund_queried(&other),
        Err(CallFault::Unreadable(Refusal::NotAsked {
            field: "out_request_no"
        }))
    );
}

#[test]
fn of_a_refund_that_the_gateway_shows_no_sign_of_nothing_is_said() {
    for content in [
        json!({"code": "10000", "msg": "Success"}),
        json!({"code": "10000", "out_trade_no": "vec_0001", "trade_no": TRADE_NO}),
        json!({"code": "10000", "out_request_no": "RF0001", "refund_amount": ""}),
    ] {
        assert_eq!(refund_queried(&content), Ok(RefundAnswer::NotThere));
    }
}

#[test]
fn a_code_a_trade_and_a_bill_are_read_out_of_their_answers() {
    let number = out_trade_no();
    let code = json!({"code": "10000", "out_trade_no": "vec_0001", "qr_code": "https://qr.alipay.com/bax0"});
    let code = read(
        Call::Precreate,
        "alipay_trade_precreate_response",
        &code,
        |verified| verified.qr_code(&number),
    );
    assert_eq!(code.unwrap(), "https://qr.alipay.com/bax0");
    let trade = json!({"code": "10000", "out_trade_no": "vec_0001", "trade_no": TRADE_NO});
    let trade = read(
        Call::Create,
        "alipay_trade_create_response",
        &trade,
        |verified| verified.trade_no(&number),
    );
    assert_eq!(trade.unwrap(), transaction_id());
    let node = "alipay_data_dataservice_bill_downloadurl_query_response";
    let url = "https://dwbillcenter.alipay.com/download?token=x";
    let bill = json!({"code": "10000", "bill_download_url": url});
    let bill = read(Call::BillUrl, node, &bill, |verified| verified.bill_url());
    assert_eq!(bill.unwrap(), url);
}

#[test]
fn what_a_refusal_means_goes_by_the_call() {
    use payfold_domain::Verdict::{AskAgain, NeedsAction, No, NotThere};
    for (call, code, sub_code, verdict) in [
        (Call::Query, "40004", "ACQ.TRADE_NOT_EXIST", NotThere),
        (Call::Query, "40004", "ACQ.INVALID_PARAMETER", No),
        (Call::Close, "40004", "ACQ.TRADE_NOT_EXIST", NotThere),
        (Call::Close, "40004", "ACQ.TRADE_STATUS_ERROR", No),
        (Call::Close, "40004", "ACQ.REASON_TRADE_STATUS_INVALID", No),
        (Call::Refund, "40004", "ACQ.TRADE_NOT_EXIST", No),
        (Call::Refund, "40004", "ACQ.TRADE_HAS_FINISHED", No),
        (Call::Refund, "40004", "ACQ.REFUND_AMT_NOT_EQUAL_TOTAL", No),
        (
            Call::Refund,
            "40004",
            "ACQ.SELLER_BALANCE_NOT_ENOUGH",
            NeedsAction,
        ),
        (
            Call::Refund,
            "40004",
            "ACQ.REASON_TRADE_BEEN_FREEZEN",
            NeedsAction,
        ),
        (Call::Refund, "40006", "ACQ.ACCESS_FORBIDDEN", NeedsAction),
        (Call::Refund, "40002", "ACQ.INVALID_PARAMETER", No),
        (Call::Refund, "40005", "isv.call-limited", AskAgain),
        (Call::RefundQuery, "40004", "TRADE_NOT_EXIST", NotThere),
        (
            Call::RefundQuery,
            "40004",
            "ACQ.INVALID_PARAMETER",
            NeedsAction,
        ),
        (Call::RefundQuery, "40004", "ACQ.NEVER_SEEN", NeedsAction),
        (Call::RefundQuery, "40004", "USER_RATE_LIMIT", AskAgain),
        (Call::RefundQuery, "40005", "isv.call-limited", AskAgain),
        (Call::Precreate, "40004", "ACQ.TRADE_HAS_SUCCESS", No),
        (Call::Precreate, "40004", "ACQ.NEVER_SEEN", No),
        (
            Call::Precreate,
            "40002",
            "isv.invalid-signature",
            NeedsAction,
        ),
        (Call::Precreate, "40002", "isv.invalid-timestamp", AskAgain),
        (Call::BillUrl, "40004", "NO_BILL_DATA", NotThere),
        (Call::BillUrl, "40004", "BILL_NOT_EXIST", AskAgain),
        (Call::BillUrl, "40004", "isp.bill_not_exist", AskAgain),
        (Call::BillUrl, "40004", "USER_RATE_LIMIT", AskAgain),
        (Call::BillUrl, "40004", "INVAILID_ARGUMENTS", No),
    ] {
        let expected = Reply::Refused {
            verdict,
            code: sub_code.to_owned(),
            message: "why".to_owned(),
        };
        let content = json!({"code": code, "msg": "x", "sub_code": sub_code, "sub_msg": "why"});
        let body = answers::signed("error_response", content.to_string().as_bytes());
        assert_eq!(
            answers::verify(call, &body),
            Ok(expected),
            "{call:?} {sub_code}"
        );
    }
}

#[test]
fn what_the_gateway_does_not_know_itself_is_no_refusal() {
    for (call, code, sub_code) in [
        (Call::Query, "20000", "isp.unknow-error"),
        (Call::Refund, "20000", "aop.unknow-error"),
        (Call::Refund, "10003", ""),
        (Call::Refund, "10000", "ACQ.SYSTEM_ERROR"),
        (Call::Refund, "40004", "ACQ.SYSTEM_ERROR"),
        (Call::Refund, "40004", "AQC.SYSTEM_ERROR"),
        (Call::Refund, "40004", "aop.ACQ.SYSTEM_ERROR"),
        (Call::Refund, "40004", "ACQ.DISCORDANT_REPEAT_REQUEST"),
        (Call::Refund, "40004", "ACQ.NEVER_SEEN"),
        (Call::RefundQuery, "40004", "ACQ.SYSTEM_ERROR"),
        (Call::RefundQuery, "40004", "isp.unknow-error"),
        (Call::Precreate, "40004", "ACQ.SYSTEM_ERROR"),
        (Call::Precreate, "40002", "isp.unknow-error"),
        (Call::Precreate, "40004", "isp.unknow-error"),
        (Call::Precreate, "40004", ""),
        (Call::BillUrl, "40004", "UNKNOWN_ERROR"),
        (Call::Query, "10001", ""),
        (Call::Query, "x", ""),
    ] {
        let content = json!({"code": code, "msg": "x", "sub_code": sub_code});
        let body = answers::signed("error_response", content.to_string().as_bytes());
        let reply = answers::verify(call, &body);
        let open = matches!(reply, Err(CallFault::Undecided { .. }));
        assert!(open, "{call:?} {code} {sub_code}: {reply:?}");
    }
}

//! Refunds 「统一收单交易退款」, 「统一收单交易退款查询」. A refund has one number for ever: whatever came of a
//! call, the same number is sent again, for another one would pay twice.

use bytes::Bytes;
use http::Request;
use payfold_domain::{
    Application, Authentic, Fact, Message, Money, OutTradeNo, Receipt, RefundFact, RefundNo,
    RefundNumber, RefundSize, RefundState, Timestamp, TransactionId,
};
use serde_json::json;

use super::members::Members;
use super::reply::{CallFault, Verified};
use super::request::Call;
use crate::{AlipayAccount, Refusal, UnsentRequest, grammar, parameters};

/// What is to be given back of a payment.
#[derive(Debug, Clone, Copy)]
pub struct RefundRequest<'a> {
    /// The payment's number.
    pub out_trade_no: &'a OutTradeNo,
    /// The money it is given back out of: one number may have brought money twice.
    pub transaction_id: &'a TransactionId,
    /// The refund's number, `out_request_no`.
    pub refund_no: &'a RefundNo,
    /// How much is given back; renminbi.
    pub amount: Money,
    /// Why, for the buyer to read; at most 256 characters.
    pub reason: Option<&'a str>,
    /// Alipay compares it with its own clock.
    pub now: Timestamp,
}

/// What an answer says of a refund.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RefundAnswer {
    /// Facts, or a status that is not known here.
    Said(Authentic),
    /// The gateway shows no sign of it: not received, on its way, or failed. Within 10 s of a refund's
    /// request that says nothing; later, the refund is worth sending again under the same number.
    NotThere,
}

impl AlipayAccount {
    /// The request that gives money back. Refunds of one payment go one after the other, 3 s apart.
    ///
    /// # Errors
    ///
    /// Where the account cannot sign, or Alipay takes no such amount.
    pub fn refund_request(
        &self,
        refund: &RefundRequest<'_>,
    ) -> Result<Request<Bytes>, UnsentRequest> {
        let content = parameters::biz_content([
            ("out_trade_no", Some(refund.out_trade_no.as_str().into())),
            ("trade_no", Some(refund.transaction_id.as_str().into())),
            ("out_request_no", Some(refund.refund_no.as_str().into())),
            ("refund_amount", Some(parameters::amount(refund.amount)?)),
            ("refund_reason", refund.reason.map(Into::into)),
        ]);
        self.call(Call::Refund, content, refund.now)
    }

    /// The request that asks how a refund stands.
    ///
    /// # Errors
    ///
    /// Where the account cannot sign.
    pub fn refund_query_request(
        &self,
        out_trade_no: &OutTradeNo,
        transaction_id: Option<&TransactionId>,
        refund_no: &RefundNo,
        now: Timestamp,
    ) -> Result<Request<Bytes>, UnsentRequest> {
        let content = parameters::biz_content([
            ("out_trade_no", Some(out_trade_no.as_str().into())),
            ("trade_no", transaction_id.map(|id| id.as_str().into())),
            ("out_request_no", Some(refund_no.as_str().into())),
            ("query_options", Some(json!(["gmt_refund_pay"]))),
        ]);
        self.call(Call::RefundQuery, content, now)
    }

    /// What the answer to either request says of that refund.
    ///
    /// # Errors
    ///
    /// Where the answer cannot be read, or speaks of another refund.
    pub fn read_refund(
        &self,
        answer: Verified<'_>,
        out_trade_no: &OutTradeNo,
        refund_no: &RefundNo,
        observed_at: Timestamp,
    ) -> Result<RefundAnswer, CallFault> {
        let said = answer.members().and_then(|members| match answer.call() {
            Call::Refund => taken_up(&members, out_trade_no, refund_no).map(Some),
            Call::RefundQuery => standing(&members, out_trade_no, refund_no, observed_at),
            Call::Query
            | Call::Close
            | Call::Create
            | Call::Precreate
            | Call::BillUrl
            | Call::Certificate => Err(Refusal::NotAsked { field: "method" }),
        });
        Ok(match said.map_err(CallFault::Unreadable)? {
            Some(Standing::Facts(facts)) => {
                let observed = self.observed(out_trade_no, facts);
                RefundAnswer::Said(answer.saying(Message::Observation(observed)))
            }
            Some(Standing::Unknown(status)) => {
                RefundAnswer::Said(answer.saying(Message::Unknown(status)))
            }
            None => RefundAnswer::NotThere,
        })
    }
}

/// How a refund stands.
enum Standing {
    Facts(Vec<Fact>),
    Unknown(String),
}

/// The answer to a refund's request. That money moved in this very call is success; else the number may
/// have been sent before, and a query tells. Its `refund_fee` is the trade's running total.
fn taken_up(
    answer: &Members<'_>,
    out_trade_no: &OutTradeNo,
    refund_no: &RefundNo,
) -> Result<Standing, Refusal> {
    answer.check_is_of(out_trade_no)?;
    let refunded_at = answer.time("gmt_refund_pay")?;
    let state = match answer.optional_text("fund_change")?.as_deref() {
        Some("Y") => RefundState::Succeeded(refunded_at),
        Some("N") | None => RefundState::Processing,
        Some(_) => {
            return Err(Refusal::Malformed {
                field: "fund_change",
                expected: "Y or N",
            });
        }
    };
    let refund = RefundFact {
        transaction_id: Some(grammar::trade_no(answer.text("trade_no")?.as_bytes())?),
        number: RefundNumber::Stated(refund_no.clone()),
        size: RefundSize::RunningTotal(answer.amount("refund_fee")?),
        state,
    };
    Ok(Standing::Facts(vec![Fact::Refund(refund)]))
}

/// The answer to a refund's query. Of a number that Alipay does not know it says little or nothing.
/// Only paid money can be refunded, so that of one that it knows proves the payment too.
fn standing(
    answer: &Members<'_>,
    out_trade_no: &OutTradeNo,
    refund_no: &RefundNo,
    observed_at: Timestamp,
) -> Result<Option<Standing>, Refusal> {
    if answer.optional_text("refund_amount")?.is_none() {
        return Ok(None);
    }
    answer.check_is_of(out_trade_no)?;
    if answer.text("out_request_no")? != refund_no.as_str() {
        return Err(Refusal::NotAsked {
            field: "out_request_no",
        });
    }
    let refunded_at = answer.time("gmt_refund_pay")?;
    let state = match answer.optional_text("refund_status")?.as_deref() {
        Some("REFUND_SUCCESS") => RefundState::Succeeded(refunded_at),
        // Answers of before 2021 had no status; it may have succeeded.
        None => RefundState::Processing,
        Some(other) => {
            let status = grammar::word("refund_status", other.as_bytes())?;
            return Ok(Some(Standing::Unknown(format!("refund/{status}"))));
        }
    };
    let transaction_id = grammar::trade_no(answer.text("trade_no")?.as_bytes())?;
    let paid = Receipt {
        transaction_id: transaction_id.clone(),
        amount: answer.amount("total_amount")?,
        application: Application::Unstated,
        paid_at: observed_at,
    };
    let refund = RefundFact {
        transaction_id: Some(transaction_id),
        number: RefundNumber::Stated(refund_no.clone()),
        size: RefundSize::Exactly(answer.amount("refund_amount")?),
        state,
    };
    let facts = vec![Fact::Paid(paid), Fact::Refund(refund)];
    Ok(Some(Standing::Facts(facts)))
}

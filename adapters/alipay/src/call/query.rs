//! Asking how a trade stands 「统一收单交易查询」.

use bytes::Bytes;
use http::Request;
use payfold_domain::{
    Application, Authentic, Message, OutTradeNo, Receipt, RefundFact, RefundNumber, RefundSize,
    RefundState, Timestamp,
};

use super::members::Members;
use super::reply::{CallFault, Verified};
use super::request::Call;
use crate::trade::Trade;
use crate::{AlipayAccount, Refusal, UnsentRequest, grammar, parameters};

impl AlipayAccount {
    /// The request that asks how a trade stands. A refusal that says
    /// [`NotThere`](crate::Verdict::NotThere) does not mean that it cannot be paid: there is no trade
    /// before the buyer acts.
    ///
    /// # Errors
    ///
    /// Where the account cannot sign.
    pub fn query_request(
        &self,
        out_trade_no: &OutTradeNo,
        now: Timestamp,
    ) -> Result<Request<Bytes>, UnsentRequest> {
        let content =
            parameters::biz_content([("out_trade_no", Some(out_trade_no.as_str().into()))]);
        self.call(Call::Query, content, now)
    }

    /// What the answer to [`query_request`](Self::query_request) says of that trade: facts, or a state
    /// that is not known here. It names no application; that it is ours, our signature said.
    ///
    /// # Errors
    ///
    /// Where the answer cannot be read, or speaks of another trade.
    pub fn read_query(
        &self,
        answer: Verified<'_>,
        out_trade_no: &OutTradeNo,
        observed_at: Timestamp,
    ) -> Result<Authentic, CallFault> {
        answer.check_call(Call::Query)?;
        answer
            .members()
            .and_then(|members| self.trade_in(&members, out_trade_no, observed_at))
            .map(|message| answer.saying(message))
            .map_err(CallFault::Unreadable)
    }

    fn trade_in(
        &self,
        answer: &Members<'_>,
        out_trade_no: &OutTradeNo,
        observed_at: Timestamp,
    ) -> Result<Message, Refusal> {
        answer.check_is_of(out_trade_no)?;
        let status = answer.text("trade_status")?;
        let Some(facts) = trade(answer, status.as_bytes(), observed_at)?.facts() else {
            let status = grammar::word("trade_status", status.as_bytes())?;
            return Ok(Message::Unknown(format!("query/{status}")));
        };
        Ok(Message::Observation(self.observed(out_trade_no, facts)))
    }
}

/// A trade as a query's answer states it. Refunds are not in it; but a trade that was paid and is
/// closed was refunded in full.
fn trade<'a>(
    answer: &Members<'_>,
    status: &'a [u8],
    observed_at: Timestamp,
) -> Result<Trade<'a>, Refusal> {
    let transaction_id = grammar::trade_no(answer.text("trade_no")?.as_bytes())?;
    let amount = answer.amount("total_amount")?;
    let paid_at = answer.time("send_pay_date")?;
    let was_paid = paid_at.is_some() || has_brought_money(answer)?;
    let refund = (status == b"TRADE_CLOSED" && was_paid).then(|| RefundFact {
        transaction_id: Some(transaction_id.clone()),
        number: RefundNumber::Unstated,
        size: RefundSize::RunningTotal(amount),
        state: RefundState::Succeeded(None),
    });
    Ok(Trade {
        status,
        receipt: Receipt {
            transaction_id,
            amount,
            application: Application::Unstated,
            paid_at: paid_at.unwrap_or(observed_at),
        },
        refund,
    })
}

/// These can be nothing of a paid trade too, but never something of an unpaid one.
fn has_brought_money(answer: &Members<'_>) -> Result<bool, Refusal> {
    for field in ["buyer_pay_amount", "receipt_amount"] {
        if answer
            .optional_amount(field)?
            .is_some_and(|money| money.minor > 0)
        {
            return Ok(true);
        }
    }
    Ok(false)
}

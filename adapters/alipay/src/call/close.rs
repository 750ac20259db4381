//! Closing a trade that is not paid 「统一收单交易关闭」. A buyer may pay meanwhile; then Alipay refuses, and
//! a query tells.

use bytes::Bytes;
use http::Request;
use payfold_domain::{Authentic, Fact, Message, OutTradeNo, Timestamp};

use super::reply::{CallFault, Verified};
use super::request::Call;
use crate::{AlipayAccount, UnsentRequest, parameters};

impl AlipayAccount {
    /// The request that closes a trade. A refusal that says [`NotThere`](crate::Verdict::NotThere)
    /// closes nothing: the buyer may still begin. One that says [`No`](crate::Verdict::No) is of a
    /// trade that is paid or closed already.
    ///
    /// # Errors
    ///
    /// Where the account cannot sign.
    pub fn close_request(
        &self,
        out_trade_no: &OutTradeNo,
        now: Timestamp,
    ) -> Result<Request<Bytes>, UnsentRequest> {
        let content =
            parameters::biz_content([("out_trade_no", Some(out_trade_no.as_str().into()))]);
        self.call(Call::Close, content, now)
    }

    /// What the answer to [`close_request`](Self::close_request) says: the trade can no longer be paid.
    ///
    /// # Errors
    ///
    /// Where the answer cannot be read, or speaks of another trade.
    pub fn read_close(
        &self,
        answer: Verified<'_>,
        out_trade_no: &OutTradeNo,
    ) -> Result<Authentic, CallFault> {
        answer.check_call(Call::Close)?;
        answer
            .members()
            .and_then(|members| members.check_is_of(out_trade_no))
            .map_err(CallFault::Unreadable)?;
        let closed = self.observed(out_trade_no, vec![Fact::FinallyUnpaid]);
        Ok(answer.saying(Message::Observation(closed)))
    }
}

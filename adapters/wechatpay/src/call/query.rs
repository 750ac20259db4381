//! Asking how an order stands 「商户订单号查询订单」.

use bytes::Bytes;
use http::Request;
use payfold_domain::{Authentic, Message, OutTradeNo, Source, Timestamp};

use super::reply::{CallFault, Verified};
use super::request::{Call, UnsentRequest, in_path};
use crate::grammar::malformed;
use crate::v3::{self, Origin};
use crate::{Refusal, WechatPayAccount};

impl WechatPayAccount {
    /// The request that asks for an order. A refusal with the code `ORDER_NOT_EXIST` soon after an
    /// order was asked for does not prove that there is none.
    ///
    /// # Errors
    ///
    /// Where the account cannot sign.
    pub fn query_request(
        &self,
        out_trade_no: &OutTradeNo,
        now: Timestamp,
        nonce: &str,
    ) -> Result<Request<Bytes>, UnsentRequest> {
        let number = in_path(out_trade_no.as_str());
        let path = format!(
            "/v3/pay/transactions/out-trade-no/{number}?mchid={}",
            self.mch_id
        );
        self.signed_request(Call::get(path), now, nonce)
    }

    /// What the answer to [`query_request`](Self::query_request) says of that order: facts, or a state
    /// that is not known here.
    ///
    /// # Errors
    ///
    /// Where the answer cannot be read, or speaks of another order.
    pub fn read_query(
        &self,
        answer: Verified<'_>,
        out_trade_no: &OutTradeNo,
        observed_at: Timestamp,
    ) -> Result<Authentic, CallFault> {
        self.transaction_in(&answer, out_trade_no, observed_at)
            .map(|message| answer.saying(message))
            .map_err(CallFault::Unreadable)
    }

    fn transaction_in(
        &self,
        answer: &Verified<'_>,
        out_trade_no: &OutTradeNo,
        observed_at: Timestamp,
    ) -> Result<Message, Refusal> {
        let transaction = answer.json()?;
        if transaction.text("mchid", "mchid")? != self.mch_id {
            return Err(Refusal::NotOurs);
        }
        if transaction.text("out_trade_no", "out_trade_no")? != out_trade_no.as_str() {
            return Err(malformed("out_trade_no", "the one that was asked for"));
        }
        let origin = Origin {
            source: Source::Query,
            kind: "query",
        };
        v3::transaction(self, &origin, &transaction, observed_at)
    }
}

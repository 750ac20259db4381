//! Refunds 「退款申请」「查询单笔退款」. A refund has one number for ever: whatever came of a call, the
//! same number is sent again, for another one would pay twice.

use bytes::Bytes;
use http::Request;
use payfold_domain::{
    Authentic, Currency, Message, Money, RefundNo, Source, Timestamp, TransactionId,
};
use serde::Serialize;

use super::reply::{CallFault, Verified};
use super::request::{Call, UnsentRequest, first_bytes, in_path};
use crate::grammar::malformed;
use crate::v3::{self, Origin};
use crate::{Refusal, WechatPayAccount};

/// The most bytes of a reason: limits are counted in UTF-8.
const MOST_REASON: usize = 80;

/// What is to be given back of a payment.
#[derive(Debug, Clone, Copy)]
pub struct RefundRequest<'a> {
    /// The money it is given back out of: one number may have brought money twice.
    pub transaction_id: &'a TransactionId,
    /// The refund's number.
    pub refund_no: &'a RefundNo,
    /// How much is given back; renminbi.
    pub amount: Money,
    /// What the payment brought, before coupons.
    pub paid: Money,
    /// Why, for the buyer to read. WeChat Pay takes 80 bytes of it, and gets no more.
    pub reason: Option<&'a str>,
    /// Where the gateway is to tell of it.
    pub notify_url: &'a str,
    /// The time that the request is signed at.
    pub now: Timestamp,
    /// 1 to 32 letters and digits, random for each request.
    pub nonce: &'a str,
}

#[derive(Serialize)]
struct Refund<'a> {
    transaction_id: &'a str,
    out_refund_no: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
    notify_url: &'a str,
    amount: RefundAmount<'a>,
}

#[derive(Serialize)]
struct RefundAmount<'a> {
    refund: i64,
    total: i64,
    currency: &'a str,
}

impl WechatPayAccount {
    /// The request that gives money back. Its answer is only that it was taken up:
    /// [`read_refund`](Self::read_refund) says how it stands.
    ///
    /// # Errors
    ///
    /// Where the account cannot sign, or an amount is not in renminbi.
    pub fn refund_request(
        &self,
        refund: &RefundRequest<'_>,
    ) -> Result<Request<Bytes>, UnsentRequest> {
        for amount in [refund.amount, refund.paid] {
            if amount.currency != Currency::CNY {
                return Err(UnsentRequest::NotRenminbi(amount.currency));
            }
        }
        let body = Refund {
            transaction_id: refund.transaction_id.as_str(),
            out_refund_no: refund.refund_no.as_str(),
            reason: refund.reason.map(|reason| first_bytes(reason, MOST_REASON)),
            notify_url: refund.notify_url,
            amount: RefundAmount {
                refund: refund.amount.minor,
                total: refund.paid.minor,
                currency: refund.amount.currency.as_str(),
            },
        };
        let call = Call::post("/v3/refund/domestic/refunds".to_owned(), &body)?;
        self.signed_request(call, refund.now, refund.nonce)
    }

    /// The request that asks how a refund stands; `RESOURCE_NOT_EXISTS` refuses one that there is not.
    ///
    /// # Errors
    ///
    /// Where the account cannot sign.
    pub fn refund_query_request(
        &self,
        refund_no: &RefundNo,
        now: Timestamp,
        nonce: &str,
    ) -> Result<Request<Bytes>, UnsentRequest> {
        let path = format!(
            "/v3/refund/domestic/refunds/{}",
            in_path(refund_no.as_str())
        );
        self.signed_request(Call::get(path), now, nonce)
    }

    /// What the answer to either request says of that refund: facts, or a status that is not known
    /// here.
    ///
    /// # Errors
    ///
    /// Where the answer cannot be read, or speaks of another refund.
    pub fn read_refund(
        &self,
        answer: Verified<'_>,
        refund_no: &RefundNo,
        observed_at: Timestamp,
    ) -> Result<Authentic, CallFault> {
        self.refund_in(&answer, refund_no, observed_at)
            .map(|message| answer.saying(message))
            .map_err(CallFault::Unreadable)
    }

    fn refund_in(
        &self,
        answer: &Verified<'_>,
        refund_no: &RefundNo,
        observed_at: Timestamp,
    ) -> Result<Message, Refusal> {
        let refund = answer.json()?;
        if refund.text("out_refund_no", "out_refund_no")? != refund_no.as_str() {
            return Err(malformed("out_refund_no", "the one that was asked for"));
        }
        let origin = Origin {
            source: Source::Query,
            kind: "refund",
        };
        let status = refund.text("status", "status")?;
        v3::refund(self, &origin, status, &refund, observed_at)
    }
}

//! Orders: what a payment asks the buyer for.

use bytes::Bytes;
use chrono::{DateTime, FixedOffset};
use http::Request;
use payfold_domain::{Currency, Method, Money, OutTradeNo, Timestamp};
use serde::Serialize;

use super::request::{Call, UnsentRequest};
use crate::WechatPayAccount;

/// What a payment asks the buyer for.
#[derive(Debug, Clone, Copy)]
pub struct PayRequest<'a> {
    /// The payment's number.
    pub out_trade_no: &'a OutTradeNo,
    /// How much; renminbi.
    pub amount: Money,
    /// What for, at most 127 characters.
    pub description: &'a str,
    /// Until when it may be paid.
    pub time_expire: Timestamp,
    /// Where the gateway is to tell of it: https, without query.
    pub notify_url: &'a str,
    /// The time that the request is signed at.
    pub now: Timestamp,
    /// 1 to 32 letters and digits, random for each request.
    pub nonce: &'a str,
}

/// The body of 「Native下单」.
#[derive(Serialize)]
struct NativeOrder<'a> {
    appid: &'a str,
    mchid: &'a str,
    description: &'a str,
    out_trade_no: &'a str,
    time_expire: String,
    notify_url: &'a str,
    amount: OrderAmount<'a>,
}

#[derive(Serialize)]
struct OrderAmount<'a> {
    total: i64,
    currency: &'a str,
}

impl WechatPayAccount {
    /// The request that starts a `wechatpay.native` payment 「Native下单」; sent again with the same
    /// number and content it answers the same order. [`Verified::code_url`](crate::Verified::code_url)
    /// reads its answer.
    ///
    /// # Errors
    ///
    /// Where the account cannot sign, or `pay` holds what the gateway does not take.
    pub fn native_request(&self, pay: &PayRequest<'_>) -> Result<Request<Bytes>, UnsentRequest> {
        if pay.amount.currency != Currency::CNY {
            return Err(UnsentRequest::NotRenminbi(pay.amount.currency));
        }
        let order = NativeOrder {
            appid: self.app_id_for(Method::WechatpayNative).as_str(),
            mchid: &self.mch_id,
            description: pay.description,
            out_trade_no: pay.out_trade_no.as_str(),
            time_expire: beijing_rfc3339(pay.time_expire).ok_or(UnsentRequest::BadTime)?,
            notify_url: pay.notify_url,
            amount: OrderAmount {
                total: pay.amount.minor,
                currency: pay.amount.currency.as_str(),
            },
        };
        let call = Call::post("/v3/pay/transactions/native".to_owned(), &order)?;
        self.signed_request(call, pay.now, pay.nonce)
    }
}

/// RFC 3339 at Beijing's offset, as the gateway's documents write times.
fn beijing_rfc3339(time: Timestamp) -> Option<String> {
    let beijing = FixedOffset::east_opt(8 * 3600)?;
    let time = DateTime::from_timestamp(time.as_secs(), 0)?.with_timezone(&beijing);
    Some(time.format("%Y-%m-%dT%H:%M:%S%:z").to_string())
}

//! Requests to the gateway, signed 「如何构造请求签名」. Sending them, and how often, is the caller's part.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use chrono::{DateTime, FixedOffset};
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue, USER_AGENT};
use http::{Method as HttpMethod, Request};
use payfold_domain::{Currency, Method, Money, OutTradeNo, Timestamp};
use serde::Serialize;

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

/// Why a request could not be made.
#[derive(Debug, thiserror::Error)]
pub enum UnsentRequest {
    /// The account has no private key.
    #[error("signing a request: the account only receives; expected merchant_private_key_file")]
    ReceivesOnly,
    /// The amount is in another currency than renminbi.
    #[error("asking for a payment in {0:?}: expected CNY")]
    NotRenminbi(Currency),
    /// The nonce is outside its grammar.
    #[error("signing a request: expected a nonce of 1 to 32 letters and digits")]
    BadNonce,
    /// A time that no calendar has.
    #[error("writing time_expire: expected a time of years 0 to 9999")]
    BadTime,
    /// The body could not be written.
    #[error("writing the body of a request")]
    Body(#[from] serde_json::Error),
    /// The private key refused to sign.
    #[error("signing a request: the private key refused")]
    Unsignable,
    /// The request could not be put together.
    #[error("putting a request together")]
    Http(#[from] http::Error),
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
        let body = serde_json::to_vec(&NativeOrder {
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
        })?;
        let call = Call {
            method: HttpMethod::POST,
            path_and_query: "/v3/pay/transactions/native",
            body: body.into(),
        };
        self.signed_request(call, pay.now, pay.nonce)
    }

    /// Signs a call and gives it its headers.
    fn signed_request(
        &self,
        call: Call<'_>,
        now: Timestamp,
        nonce: &str,
    ) -> Result<Request<Bytes>, UnsentRequest> {
        let path_and_query = format!("{}{}", self.gateway.base_path, call.path_and_query);
        let authorization =
            self.authorization(&call.method, &path_and_query, now, nonce, &call.body)?;
        let mut request = Request::builder()
            .method(call.method)
            .uri(format!("{}{path_and_query}", self.gateway.origin))
            .header(AUTHORIZATION, authorization)
            .header(ACCEPT, "application/json")
            .header(USER_AGENT, concat!("payfold/", env!("CARGO_PKG_VERSION")));
        if !call.body.is_empty() {
            request = request.header(CONTENT_TYPE, "application/json");
        }
        // Chooses the key that the answer is signed with; without it, it is a platform certificate's.
        if let Some(id) = self.public_key_id() {
            request = request.header("Wechatpay-Serial", id);
        }
        Ok(request.body(call.body)?)
    }

    /// The `Authorization` of a request: a signature over exactly the bytes that are sent.
    fn authorization(
        &self,
        method: &HttpMethod,
        path_and_query: &str,
        now: Timestamp,
        nonce: &str,
        body: &[u8],
    ) -> Result<HeaderValue, UnsentRequest> {
        let merchant = self.merchant().ok_or(UnsentRequest::ReceivesOnly)?;
        if !(1..=32).contains(&nonce.len())
            || !nonce.bytes().all(|byte| byte.is_ascii_alphanumeric())
        {
            return Err(UnsentRequest::BadNonce);
        }
        let timestamp = now.as_secs();
        let mut message =
            format!("{method}\n{path_and_query}\n{timestamp}\n{nonce}\n").into_bytes();
        message.extend_from_slice(body);
        message.push(b'\n');
        let signature = STANDARD.encode(
            merchant
                .key
                .sign(&message)
                .ok_or(UnsentRequest::Unsignable)?,
        );
        let value = format!(
            r#"WECHATPAY2-SHA256-RSA2048 mchid="{}",nonce_str="{nonce}",signature="{signature}",timestamp="{timestamp}",serial_no="{}""#,
            self.mch_id, merchant.cert_serial
        );
        Ok(HeaderValue::try_from(value).map_err(http::Error::from)?)
    }
}

/// One call of the gateway's, before it is signed.
struct Call<'a> {
    method: HttpMethod,
    /// As it is sent, percent-encoded.
    path_and_query: &'a str,
    body: Bytes,
}

/// RFC 3339 at Beijing's offset, as the gateway's documents write times.
fn beijing_rfc3339(time: Timestamp) -> Option<String> {
    let beijing = FixedOffset::east_opt(8 * 3600)?;
    let time = DateTime::from_timestamp(time.as_secs(), 0)?.with_timezone(&beijing);
    Some(time.format("%Y-%m-%dT%H:%M:%S%:z").to_string())
}

#[cfg(test)]
mod tests;

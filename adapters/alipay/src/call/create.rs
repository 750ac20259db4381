//! Payments that start with a call: a code that the buyer scans 「统一收单线下交易预创建」, and a trade that a
//! page in the Alipay app opens 「统一收单交易创建」. Those that a browser opens are `pay`'s.

use bytes::Bytes;
use http::Request;
use payfold_domain::{Money, OutTradeNo, Timestamp, TransactionId};
use serde_json::Value;

use super::reply::{CallFault, Verified};
use super::request::Call;
use crate::{AlipayAccount, UnsentRequest, grammar, parameters};

/// What a payment asks the buyer for.
#[derive(Debug, Clone, Copy)]
pub struct CreateRequest<'a> {
    /// The payment's number.
    pub out_trade_no: &'a OutTradeNo,
    /// Its amount: CNY 0.01 to 100000000.00.
    pub amount: Money,
    /// What the buyer reads, at most 256 characters.
    pub subject: &'a str,
    /// When it can no longer be paid, `time_expire`; whole seconds.
    pub time_expire: Timestamp,
    /// Where Alipay notifies, without a query.
    pub notify_url: &'a str,
    /// Alipay compares it with its own clock.
    pub now: Timestamp,
}

impl AlipayAccount {
    /// A code that the buyer scans; answers [`qr_code`](Verified::qr_code). There is no trade before
    /// somebody scans it.
    ///
    /// # Errors
    ///
    /// Where the account cannot sign, or the request has no form at Alipay.
    pub fn precreate_request(
        &self,
        create: &CreateRequest<'_>,
    ) -> Result<Request<Bytes>, UnsentRequest> {
        let [number, amount, subject, time_expire] = asked(create)?;
        let content = parameters::biz_content([
            number,
            amount,
            subject,
            time_expire,
            ("product_code", Some("QR_CODE_OFFLINE".into())),
        ]);
        self.notified_call(Call::Precreate, content, create.notify_url, create.now)
    }

    /// A trade that a page or a mini program in the Alipay app opens; answers
    /// [`trade_no`](Verified::trade_no). `openid` is the buyer's: of 16 digits that start with 2088 a
    /// `buyer_id`, else a `buyer_open_id`, which newer applications are given.
    ///
    /// # Errors
    ///
    /// Where the account cannot sign, or the request has no form at Alipay.
    pub fn create_request(
        &self,
        create: &CreateRequest<'_>,
        openid: &str,
    ) -> Result<Request<Bytes>, UnsentRequest> {
        let [number, amount, subject, time_expire] = asked(create)?;
        let content = parameters::biz_content([
            number,
            amount,
            subject,
            time_expire,
            ("product_code", Some("JSAPI_PAY".into())),
            ("op_app_id", Some(self.app_id().as_str().into())),
            (buyer_field(openid), Some(openid.into())),
        ]);
        self.notified_call(Call::Create, content, create.notify_url, create.now)
    }
}

impl Verified<'_> {
    /// What the code of a [`precreate_request`](AlipayAccount::precreate_request) holds.
    ///
    /// # Errors
    ///
    /// Where the answer holds none, or is of another payment.
    pub fn qr_code(&self, out_trade_no: &OutTradeNo) -> Result<String, CallFault> {
        self.check_call(Call::Precreate)?;
        self.members()
            .and_then(|members| {
                members.check_is_of(out_trade_no)?;
                members.short_text("qr_code")
            })
            .map_err(CallFault::Unreadable)
    }

    /// Alipay's number of the trade of a [`create_request`](AlipayAccount::create_request), with which
    /// a page opens it.
    ///
    /// # Errors
    ///
    /// Where the answer holds none, or is of another payment.
    pub fn trade_no(&self, out_trade_no: &OutTradeNo) -> Result<TransactionId, CallFault> {
        self.check_call(Call::Create)?;
        self.members()
            .and_then(|members| {
                members.check_is_of(out_trade_no)?;
                grammar::trade_no(members.text("trade_no")?.as_bytes())
            })
            .map_err(CallFault::Unreadable)
    }
}

type Member = (&'static str, Option<Value>);

/// What every such payment asks.
fn asked(create: &CreateRequest<'_>) -> Result<[Member; 4], UnsentRequest> {
    Ok([
        ("out_trade_no", Some(create.out_trade_no.as_str().into())),
        ("total_amount", Some(parameters::amount(create.amount)?)),
        ("subject", Some(parameters::harmless(create.subject))),
        ("time_expire", Some(parameters::time(create.time_expire)?)),
    ])
}

fn buyer_field(openid: &str) -> &'static str {
    let is_buyer_id =
        openid.len() == 16 && openid.starts_with("2088") && grammar::is_digits(openid.as_bytes());
    if is_buyer_id {
        "buyer_id"
    } else {
        "buyer_open_id"
    }
}

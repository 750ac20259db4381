//! Orders: what a payment asks the buyer for, by each of the ways in which it can be paid.

use std::net::IpAddr;

use bytes::Bytes;
use chrono::{DateTime, FixedOffset};
use http::Request;
use payfold_domain::{Currency, Method, Money, OutTradeNo, Timestamp};
use serde::Serialize;

use super::request::{Call, UnsentRequest, first_bytes};
use crate::WechatPayAccount;

/// The most bytes of a description: limits are counted in UTF-8 「字节数 135，大于最大值 127」.
const MOST_DESCRIPTION: usize = 127;

/// What a payment asks the buyer for.
#[derive(Debug, Clone, Copy)]
pub struct PayRequest<'a> {
    /// The payment's number.
    pub out_trade_no: &'a OutTradeNo,
    /// How much; renminbi.
    pub amount: Money,
    /// What for. WeChat Pay takes 127 bytes of it, and gets no more.
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

/// Where inside WeChat a payment is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InWechat {
    /// A page, `wechatpay.jsapi`.
    Page,
    /// A mini program, `wechatpay.mini`.
    MiniProgram,
}

impl InWechat {
    pub(super) fn method(self) -> Method {
        match self {
            Self::Page => Method::WechatpayJsapi,
            Self::MiniProgram => Method::WechatpayMini,
        }
    }
}

/// The body of an order; `payer` and `scene_info` where the way of paying asks for them.
#[derive(Serialize)]
struct Order<'a> {
    appid: &'a str,
    mchid: &'a str,
    description: &'a str,
    out_trade_no: &'a str,
    time_expire: String,
    notify_url: &'a str,
    amount: OrderAmount<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    payer: Option<Payer<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    scene_info: Option<SceneInfo>,
}

#[derive(Serialize)]
struct OrderAmount<'a> {
    total: i64,
    currency: &'a str,
}

#[derive(Serialize)]
struct Payer<'a> {
    openid: &'a str,
}

#[derive(Serialize)]
struct SceneInfo {
    payer_client_ip: IpAddr,
    h5_info: H5Info,
}

#[derive(Serialize)]
struct H5Info {
    r#type: &'static str,
}

/// What the body of an order has beyond what every order has.
#[derive(Default)]
struct Extra<'a> {
    payer: Option<Payer<'a>>,
    scene_info: Option<SceneInfo>,
}

// Each of these, sent again with the same number and content, answers the same order anew; with other
// content it is refused (`INVALID_REQUEST`).
impl WechatPayAccount {
    /// A QR code that the buyer scans 「Native下单」; answers
    /// [`code_url`](crate::Verified::code_url).
    ///
    /// # Errors
    ///
    /// Where the account cannot sign, or the amount is not in renminbi.
    pub fn native_request(&self, pay: &PayRequest<'_>) -> Result<Request<Bytes>, UnsentRequest> {
        self.order_request("native", Method::WechatpayNative, pay, Extra::default())
    }

    /// A page in WeChat or a mini program 「JSAPI/小程序下单」; answers
    /// [`prepay_id`](crate::Verified::prepay_id). `openid` is the buyer's with the application that the
    /// account names for it.
    ///
    /// # Errors
    ///
    /// Where the account cannot sign, or the amount is not in renminbi.
    pub fn jsapi_request(
        &self,
        pay: &PayRequest<'_>,
        place: InWechat,
        openid: &str,
    ) -> Result<Request<Bytes>, UnsentRequest> {
        let extra = Extra {
            payer: Some(Payer { openid }),
            ..Extra::default()
        };
        self.order_request("jsapi", place.method(), pay, extra)
    }

    /// The shop's app 「APP下单」; answers [`prepay_id`](crate::Verified::prepay_id).
    ///
    /// # Errors
    ///
    /// Where the account cannot sign, or the amount is not in renminbi.
    pub fn app_request(&self, pay: &PayRequest<'_>) -> Result<Request<Bytes>, UnsentRequest> {
        self.order_request("app", Method::WechatpayApp, pay, Extra::default())
    }

    /// A phone's browser outside WeChat 「H5下单」; answers [`h5_url`](crate::Verified::h5_url).
    ///
    /// # Errors
    ///
    /// Where the account cannot sign, or the amount is not in renminbi.
    pub fn h5_request(
        &self,
        pay: &PayRequest<'_>,
        client_ip: IpAddr,
    ) -> Result<Request<Bytes>, UnsentRequest> {
        let scene_info = SceneInfo {
            payer_client_ip: client_ip,
            h5_info: H5Info { r#type: "Wap" },
        };
        let extra = Extra {
            scene_info: Some(scene_info),
            ..Extra::default()
        };
        self.order_request("h5", Method::WechatpayH5, pay, extra)
    }

    fn order_request(
        &self,
        way: &str,
        method: Method,
        pay: &PayRequest<'_>,
        extra: Extra<'_>,
    ) -> Result<Request<Bytes>, UnsentRequest> {
        if pay.amount.currency != Currency::CNY {
            return Err(UnsentRequest::NotRenminbi(pay.amount.currency));
        }
        // A bill's cells begin behind a comma and a backtick, with nothing to quote those in a text.
        let description = pay.description.replace('`', "｀");
        let order = Order {
            appid: self.app_id_for(method).as_str(),
            mchid: &self.mch_id,
            description: first_bytes(&description, MOST_DESCRIPTION),
            out_trade_no: pay.out_trade_no.as_str(),
            time_expire: beijing_rfc3339(pay.time_expire).ok_or(UnsentRequest::BadTime)?,
            notify_url: pay.notify_url,
            amount: OrderAmount {
                total: pay.amount.minor,
                currency: pay.amount.currency.as_str(),
            },
            payer: extra.payer,
            scene_info: extra.scene_info,
        };
        let call = Call::post(format!("/v3/pay/transactions/{way}"), &order)?;
        self.signed_request(call, pay.now, pay.nonce)
    }
}

/// RFC 3339 at Beijing's offset, as the gateway's documents write times.
fn beijing_rfc3339(time: Timestamp) -> Option<String> {
    let beijing = FixedOffset::east_opt(8 * 3600)?;
    let time = DateTime::from_timestamp(time.as_secs(), 0)?.with_timezone(&beijing);
    Some(time.format("%Y-%m-%dT%H:%M:%S%:z").to_string())
}

//! Starting a payment at its gateway, where that takes a call: what the buyer pays by comes back. Sent
//! again with the same content it answers the same payment.

use std::net::IpAddr;
use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response};
use payfold_alipay::{AlipayAccount, Call, CreateRequest};
use payfold_domain::event::Offer;
use payfold_domain::order::{Payment, PlacedOrder};
use payfold_domain::{Method, Money, OutTradeNo, PaymentRef, Timestamp, Verdict};
use payfold_wechatpay::{InWechat, PayRequest, Reply, Verified, WechatPayAccount};

use super::{CallKind, unknown, unsigned};
use crate::app::accounts::{Account, GatewayAccount};
use crate::app::{App, AppError};

/// How long WeChat Pay's `code_url` and `prepay_id` work 「Native下单」「JSAPI/小程序下单」, and Alipay's
/// `qr_code` (`alipay.trade.precreate`), in seconds.
const OFFER_SECS: i64 = 2 * 60 * 60;

/// How long an `h5_url` works 「H5下单」, in seconds.
const LINK_SECS: i64 = 5 * 60;

/// What a gateway made of a payment that it was asked to start.
pub(crate) enum Started {
    /// The buyer can pay.
    Offered {
        /// By this.
        offer: Offer,
        /// Until then.
        valid_until: Timestamp,
    },
    /// The gateway refused, and did nothing.
    Refused {
        /// The gateway's code.
        code: String,
        /// The gateway's words.
        message: String,
    },
}

/// What a payment asks for, as the signing thread takes it along.
struct Asking {
    method: Method,
    out_trade_no: OutTradeNo,
    amount: Money,
    description: String,
    time_expire: Timestamp,
    notify_url: String,
    openid: String,
    client_ip: Option<IpAddr>,
}

impl App {
    /// Asks a gateway to start a payment.
    ///
    /// # Errors
    ///
    /// Where nobody knows what came of it; a refusal that may pass is one of these.
    pub(crate) async fn ask_for_offer(
        &self,
        account: &Arc<Account>,
        order: &PlacedOrder,
        payment: &Payment,
    ) -> Result<Started, AppError> {
        let time_expire = payment.expires_at.unwrap_or(order.expires_at);
        let asking = Asking {
            method: payment.method,
            out_trade_no: payment.payment.out_trade_no.clone(),
            amount: payment.asked,
            description: self.subject_of(order),
            time_expire,
            notify_url: self.settings.notify_url(&account.name),
            openid: payment.openid.clone().unwrap_or_default(),
            client_ip: payment.client_ip.as_deref().and_then(|ip| ip.parse().ok()),
        };
        let (method, name) = (payment.method, &payment.payment);
        self.exchange(
            account,
            CallKind::Start,
            move |account, now, nonce| match &account.gateway {
                GatewayAccount::Alipay(alipay) => asking.of_alipay(alipay, now),
                GatewayAccount::WechatPay(wechatpay) => asking.of_wechatpay(wechatpay, now, nonce),
            },
            |answer, now| {
                let started = read(account, method, name, answer, now)?;
                Ok(match started {
                    Started::Offered { offer, valid_until } => Started::Offered {
                        offer,
                        valid_until: valid_until.min(time_expire),
                    },
                    Started::Refused { .. } => started,
                })
            },
        )
        .await
    }

    /// What the buyer reads at the gateway.
    pub(crate) fn subject_of(&self, order: &PlacedOrder) -> String {
        match &order.subject {
            Some(subject) => subject.clone(),
            None => order.order_no.to_string(),
        }
    }
}

impl Asking {
    fn of_alipay(
        &self,
        alipay: &AlipayAccount,
        now: Timestamp,
    ) -> Result<Request<Bytes>, AppError> {
        let create = CreateRequest {
            out_trade_no: &self.out_trade_no,
            amount: self.amount,
            subject: &self.description,
            time_expire: self.time_expire,
            notify_url: &self.notify_url,
            now,
        };
        let request = match alipay_call(self.method) {
            Call::Create => alipay.create_request(&create, &self.openid),
            Call::Query
            | Call::Close
            | Call::Refund
            | Call::RefundQuery
            | Call::Precreate
            | Call::BillUrl => alipay.precreate_request(&create),
        };
        request.map_err(unsigned)
    }

    fn of_wechatpay(
        &self,
        wechatpay: &WechatPayAccount,
        now: Timestamp,
        nonce: &str,
    ) -> Result<Request<Bytes>, AppError> {
        let pay = PayRequest {
            out_trade_no: &self.out_trade_no,
            amount: self.amount,
            description: &self.description,
            time_expire: self.time_expire,
            notify_url: &self.notify_url,
            now,
            nonce,
        };
        let request = match self.method {
            Method::WechatpayJsapi => wechatpay.jsapi_request(&pay, InWechat::Page, &self.openid),
            Method::WechatpayMini => {
                wechatpay.jsapi_request(&pay, InWechat::MiniProgram, &self.openid)
            }
            Method::WechatpayApp => wechatpay.app_request(&pay),
            Method::WechatpayH5 => match self.client_ip {
                Some(client_ip) => wechatpay.h5_request(&pay, client_ip),
                None => {
                    return Err(AppError::Signing(
                        "the buyer's address is not known any more".to_owned(),
                    ));
                }
            },
            Method::WechatpayNative
            | Method::AlipayPage
            | Method::AlipayWap
            | Method::AlipayApp
            | Method::AlipayJsapi
            | Method::AlipayQr
            | Method::External
            | Method::Unknown => wechatpay.native_request(&pay),
        };
        request.map_err(unsigned)
    }
}

fn read(
    account: &Account,
    method: Method,
    payment: &PaymentRef,
    answer: &Response<Bytes>,
    now: Timestamp,
) -> Result<Started, AppError> {
    match &account.gateway {
        GatewayAccount::Alipay(alipay) => {
            let call = alipay_call(method);
            let reply = alipay.verify_response(call, answer.status(), answer.body());
            match reply.map_err(unknown)? {
                payfold_alipay::Reply::Done(verified) => {
                    offer_of_alipay(&verified, call, payment, now)
                }
                payfold_alipay::Reply::Refused {
                    verdict,
                    code,
                    message,
                } => refused(verdict, code, message),
            }
        }
        GatewayAccount::WechatPay(wechatpay) => {
            let reply =
                wechatpay.verify_response(answer.status(), answer.headers(), answer.body(), now);
            match reply.map_err(unknown)? {
                Reply::Done(verified) => offer_of_wechatpay(&verified, method, now),
                Reply::Refused {
                    verdict,
                    code,
                    message,
                    proof: _,
                } => refused(verdict, code, message),
            }
        }
    }
}

/// What starts a payment by that method at Alipay.
fn alipay_call(method: Method) -> Call {
    match method {
        Method::AlipayJsapi => Call::Create,
        Method::AlipayQr
        | Method::AlipayPage
        | Method::AlipayWap
        | Method::AlipayApp
        | Method::WechatpayNative
        | Method::WechatpayJsapi
        | Method::WechatpayMini
        | Method::WechatpayH5
        | Method::WechatpayApp
        | Method::External
        | Method::Unknown => Call::Precreate,
    }
}

fn refused(verdict: Verdict, code: String, message: String) -> Result<Started, AppError> {
    match verdict {
        Verdict::AskAgain => Err(AppError::GatewayUnknown(code)),
        Verdict::NotThere | Verdict::NeedsAction | Verdict::No => {
            Ok(Started::Refused { code, message })
        }
    }
}

fn offer_of_alipay(
    answer: &payfold_alipay::Verified<'_>,
    call: Call,
    payment: &PaymentRef,
    now: Timestamp,
) -> Result<Started, AppError> {
    let number = &payment.out_trade_no;
    let offer = match call {
        Call::Create => answer
            .trade_no(number)
            .map(|trade_no| Offer::Prepay(trade_no.to_string())),
        Call::Query
        | Call::Close
        | Call::Refund
        | Call::RefundQuery
        | Call::Precreate
        | Call::BillUrl => answer.qr_code(number).map(Offer::Code),
    };
    Ok(Started::Offered {
        offer: offer.map_err(unknown)?,
        valid_until: now.plus_secs(OFFER_SECS),
    })
}

fn offer_of_wechatpay(
    answer: &Verified<'_>,
    method: Method,
    now: Timestamp,
) -> Result<Started, AppError> {
    let (offer, secs) = match method {
        Method::WechatpayJsapi | Method::WechatpayMini | Method::WechatpayApp => {
            (answer.prepay_id().map(Offer::Prepay), OFFER_SECS)
        }
        Method::WechatpayH5 => (answer.h5_url().map(Offer::Link), LINK_SECS),
        Method::WechatpayNative
        | Method::AlipayPage
        | Method::AlipayWap
        | Method::AlipayApp
        | Method::AlipayJsapi
        | Method::AlipayQr
        | Method::External
        | Method::Unknown => (answer.code_url().map(Offer::Code), OFFER_SECS),
    };
    Ok(Started::Offered {
        offer: offer.map_err(unknown)?,
        valid_until: now.plus_secs(secs),
    })
}

//! Starting a payment at its gateway, where that takes a call: what the buyer pays by comes back. Sent
//! again with the same content it answers the same payment.

use std::net::IpAddr;
use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response};
use payfold_alipay::{Call, CreateRequest};
use payfold_domain::event::Offer;
use payfold_domain::order::{Payment, PlacedOrder};
use payfold_domain::{Method, Money, OutTradeNo, Timestamp, Verdict};
use payfold_wechatpay::{InWechat, PayRequest, Proof, Reply};

use super::{CallKind, not_now, unknown, unknown_at_alipay, unsigned};
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

/// The calls that start payments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// A trade for a page in the Alipay app, `alipay.jsapi`.
    AlipayTrade,
    /// A code for Alipay, `alipay.qr`.
    AlipayCode,
    /// A code for WeChat, `wechatpay.native`.
    WechatPayCode,
    /// A page in WeChat or a mini program.
    InWechat(InWechat),
    /// The shop's app, `wechatpay.app`.
    WechatPayApp,
    /// A phone's browser, `wechatpay.h5`.
    WechatPayBrowser,
}

impl Way {
    /// The call that starts payments by that method, where it takes one.
    pub(crate) fn of(method: Method) -> Option<Self> {
        match method {
            Method::AlipayJsapi => Some(Self::AlipayTrade),
            Method::AlipayQr => Some(Self::AlipayCode),
            Method::WechatpayNative => Some(Self::WechatPayCode),
            Method::WechatpayJsapi => Some(Self::InWechat(InWechat::Page)),
            Method::WechatpayMini => Some(Self::InWechat(InWechat::MiniProgram)),
            Method::WechatpayApp => Some(Self::WechatPayApp),
            Method::WechatpayH5 => Some(Self::WechatPayBrowser),
            Method::AlipayPage
            | Method::AlipayWap
            | Method::AlipayApp
            | Method::External
            | Method::Unknown => None,
        }
    }
}

/// What a payment asks for, as the signing thread takes it along.
struct Asking {
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
        way: Way,
        order: &PlacedOrder,
        payment: &Payment,
    ) -> Result<Started, AppError> {
        let time_expire = payment.expires_at.unwrap_or(order.expires_at);
        let asking = Asking {
            out_trade_no: payment.payment.out_trade_no.clone(),
            amount: payment.asked,
            description: self.subject_of(order),
            time_expire,
            notify_url: self.settings.notify_url(&account.name),
            openid: payment.openid.clone().unwrap_or_default(),
            client_ip: payment.client_ip.as_deref().and_then(|ip| ip.parse().ok()),
        };
        let number = &payment.payment.out_trade_no;
        self.exchange(
            account,
            CallKind::Start,
            move |account, now, nonce| asking.request(account, way, now, nonce),
            |answer, now| {
                let started = read(account, way, number, answer, now)?;
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
    fn request(
        &self,
        account: &Account,
        way: Way,
        now: Timestamp,
        nonce: &str,
    ) -> Result<Request<Bytes>, AppError> {
        match (&account.gateway, way) {
            (GatewayAccount::Alipay(alipay), Way::AlipayTrade) => alipay
                .create_request(&self.of_alipay(now), &self.openid)
                .map_err(unsigned),
            (GatewayAccount::Alipay(alipay), Way::AlipayCode) => alipay
                .precreate_request(&self.of_alipay(now))
                .map_err(unsigned),
            (GatewayAccount::WechatPay(wechatpay), Way::WechatPayCode) => wechatpay
                .native_request(&self.of_wechatpay(now, nonce))
                .map_err(unsigned),
            (GatewayAccount::WechatPay(wechatpay), Way::InWechat(place)) => wechatpay
                .jsapi_request(&self.of_wechatpay(now, nonce), place, &self.openid)
                .map_err(unsigned),
            (GatewayAccount::WechatPay(wechatpay), Way::WechatPayApp) => wechatpay
                .app_request(&self.of_wechatpay(now, nonce))
                .map_err(unsigned),
            (GatewayAccount::WechatPay(wechatpay), Way::WechatPayBrowser) => {
                let client_ip = self.client_ip.ok_or_else(|| {
                    AppError::Signing("the buyer's address is not known any more".to_owned())
                })?;
                wechatpay
                    .h5_request(&self.of_wechatpay(now, nonce), client_ip)
                    .map_err(unsigned)
            }
            (GatewayAccount::Alipay(_) | GatewayAccount::WechatPay(_), _) => {
                Err(not_offered(account))
            }
        }
    }

    fn of_alipay(&self, now: Timestamp) -> CreateRequest<'_> {
        CreateRequest {
            out_trade_no: &self.out_trade_no,
            amount: self.amount,
            subject: &self.description,
            time_expire: self.time_expire,
            notify_url: &self.notify_url,
            now,
        }
    }

    fn of_wechatpay<'a>(&'a self, now: Timestamp, nonce: &'a str) -> PayRequest<'a> {
        PayRequest {
            out_trade_no: &self.out_trade_no,
            amount: self.amount,
            description: &self.description,
            time_expire: self.time_expire,
            notify_url: &self.notify_url,
            now,
            nonce,
        }
    }
}

fn not_offered(account: &Account) -> AppError {
    AppError::MethodNotOffered {
        offered: account.methods().to_vec(),
    }
}

fn read(
    account: &Account,
    way: Way,
    number: &OutTradeNo,
    answer: &Response<Bytes>,
    now: Timestamp,
) -> Result<Started, AppError> {
    let offered = |offer, secs| Started::Offered {
        offer,
        valid_until: now.plus_secs(secs),
    };
    match &account.gateway {
        GatewayAccount::Alipay(alipay) => {
            let call = match way {
                Way::AlipayTrade => Call::Create,
                Way::AlipayCode => Call::Precreate,
                Way::WechatPayCode
                | Way::InWechat(_)
                | Way::WechatPayApp
                | Way::WechatPayBrowser => return Err(not_offered(account)),
            };
            let reply = alipay.verify_response(call, answer.status(), answer.body());
            match reply.map_err(unknown_at_alipay)? {
                payfold_alipay::Reply::Done(verified) => {
                    let offer = if way == Way::AlipayTrade {
                        let trade_no = verified.trade_no(number);
                        trade_no.map(|trade_no| Offer::Prepay(trade_no.to_string()))
                    } else {
                        verified.qr_code(number).map(Offer::Code)
                    };
                    Ok(offered(offer.map_err(unknown)?, OFFER_SECS))
                }
                payfold_alipay::Reply::Refused {
                    verdict,
                    code,
                    message,
                } => refused(verdict, code, message, Proof::Signed),
            }
        }
        GatewayAccount::WechatPay(wechatpay) => {
            let reply =
                wechatpay.verify_response(answer.status(), answer.headers(), answer.body(), now);
            match reply.map_err(unknown)? {
                Reply::Done(verified) => {
                    let (offer, secs) = match way {
                        Way::InWechat(_) | Way::WechatPayApp => {
                            (verified.prepay_id().map(Offer::Prepay), OFFER_SECS)
                        }
                        Way::WechatPayBrowser => (verified.h5_url().map(Offer::Link), LINK_SECS),
                        Way::WechatPayCode => (verified.code_url().map(Offer::Code), OFFER_SECS),
                        Way::AlipayTrade | Way::AlipayCode => return Err(not_offered(account)),
                    };
                    Ok(offered(offer.map_err(unknown)?, secs))
                }
                Reply::Refused {
                    verdict,
                    code,
                    message,
                    proof,
                } => refused(verdict, code, message, proof),
            }
        }
    }
}

fn refused(
    verdict: Verdict,
    code: String,
    message: String,
    proof: Proof,
) -> Result<Started, AppError> {
    match verdict {
        Verdict::AskAgain => Err(not_now(code, proof)),
        Verdict::NotThere | Verdict::NeedsAction | Verdict::No => {
            Ok(Started::Refused { code, message })
        }
    }
}

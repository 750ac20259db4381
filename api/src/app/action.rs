//! What the buyer does to pay: the answer's `action`. What is signed here is signed anew for each
//! answer; the same content at the same instant has the same signature.

use std::sync::Arc;

use payfold_alipay::{PayRequest, UnsentRequest};
use payfold_domain::event::Offer;
use payfold_domain::order::{CancelWish, OrderStatus, Payment, PaymentStage, PlacedOrder};
use payfold_domain::{Method, Timestamp};
use payfold_wechatpay::{AppParameters, InWechat, JsapiParameters, h5_url_with_return};

use super::accounts::{Account, GatewayAccount};
use super::{App, AppError};

/// How long Alipay takes a signed request, in seconds: its own page lets the buyer finish for 15
/// minutes, and a request is refused whose timestamp is too far from its clock.
const SIGNED_SECS: i64 = 15 * 60;

/// What the buyer does to pay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// The browser goes there.
    Redirect {
        /// The address.
        url: String,
        /// Until when it works.
        expires_at: Timestamp,
    },
    /// The buyer scans a code.
    Qr {
        /// What the code holds.
        content: String,
        /// Until when it works.
        expires_at: Timestamp,
    },
    /// The shop's front end hands these to the gateway's SDK.
    Sdk {
        /// What the SDK takes.
        params: SdkParams,
        /// Until when it works.
        expires_at: Timestamp,
    },
    /// Nothing, or nothing any more.
    None,
}

/// What a gateway's SDK takes in the shop's front end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SdkParams {
    /// Alipay's app SDK: a signed order string.
    OrderString(String),
    /// Alipay's JSAPI `tradePay`: the number of the trade.
    TradeNo(String),
    /// `WeixinJSBridge` and `wx.requestPayment`.
    Jsapi(JsapiParameters),
    /// WeChat's app SDK.
    App(AppParameters),
}

/// Whether what has run out is made anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Freshness {
    /// As it was when the payment was started: for readers.
    AsStarted,
    /// Anew, where the old one has run out: for the caller who starts the payment (again).
    Fresh,
}

impl App {
    /// What the buyer does to pay by that payment. An account that is gone, or has lost its key, signs
    /// nothing, and one that starts no payments makes none fresh.
    pub async fn action(
        &self,
        order: &PlacedOrder,
        payment: &Payment,
        freshness: Freshness,
    ) -> Result<Action, AppError> {
        let PaymentStage::Open { offer, valid_until } = &payment.stage else {
            return Ok(Action::None);
        };
        if order.status != OrderStatus::Open
            || order.cancel_wish == CancelWish::Requested
            || !payment.transactions.is_empty()
        {
            return Ok(Action::None);
        }
        let expires_at = valid_until.unwrap_or(order.expires_at);
        let account = self.accounts.get(&payment.payment.account);
        let runs_out_at = match offer {
            Offer::Signed => payment.started_at.plus_secs(SIGNED_SECS),
            Offer::Code(_) | Offer::Link(_) | Offer::Prepay(_) | Offer::Elsewhere => expires_at,
        };
        let is_renewed =
            *offer == Offer::Signed && account.as_ref().is_some_and(|of| of.starts_payments());
        if freshness == Freshness::Fresh && runs_out_at <= self.world.now() && !is_renewed {
            return Ok(Action::None);
        }
        match offer {
            Offer::Signed => match account {
                Some(account) => self.sign(account, order, payment, freshness).await,
                None => Ok(Action::None),
            },
            Offer::Code(content) => Ok(Action::Qr {
                content: content.clone(),
                expires_at,
            }),
            Offer::Link(url) => Ok(Action::Redirect {
                url: h5_url_with_return(url, &self.returns_to(payment)),
                expires_at,
            }),
            Offer::Prepay(prepaid) => {
                let params = match account {
                    Some(account) => self.sign_prepaid(account, payment, prepaid.clone()).await?,
                    None => None,
                };
                Ok(params.map_or(Action::None, |params| Action::Sdk { params, expires_at }))
            }
            Offer::Elsewhere => Ok(Action::None),
        }
    }

    /// Where WeChat Pay sends the buyer back to, with the token by which the return is known.
    fn returns_to(&self, payment: &Payment) -> String {
        let url = self.settings.return_url(&payment.payment.account);
        let token = self.tokens.return_token(&payment.payment);
        format!("{url}?rt={token}")
    }

    /// What the SDK takes; `None` where the account has no key to sign it with.
    async fn sign_prepaid(
        &self,
        account: Arc<Account>,
        payment: &Payment,
        prepaid: String,
    ) -> Result<Option<SdkParams>, AppError> {
        let (method, now) = (payment.method, self.world.now());
        let nonce = self.world.id().simple().to_string();
        let signing = move || match (&account.gateway, method) {
            (GatewayAccount::Alipay(_), _) => Ok(SdkParams::TradeNo(prepaid)),
            (GatewayAccount::WechatPay(wechatpay), Method::WechatpayApp) => wechatpay
                .app_parameters(&prepaid, now, &nonce)
                .map(SdkParams::App),
            (GatewayAccount::WechatPay(wechatpay), Method::WechatpayMini) => wechatpay
                .jsapi_parameters(InWechat::MiniProgram, &prepaid, now, &nonce)
                .map(SdkParams::Jsapi),
            (GatewayAccount::WechatPay(wechatpay), _) => wechatpay
                .jsapi_parameters(InWechat::Page, &prepaid, now, &nonce)
                .map(SdkParams::Jsapi),
        };
        match self.world.tasks.blocking(signing).await? {
            Ok(params) => Ok(Some(params)),
            Err(payfold_wechatpay::UnsentRequest::ReceivesOnly) => Ok(None),
            Err(fault) => Err(AppError::Signing(fault.to_string())),
        }
    }

    async fn sign(
        &self,
        account: Arc<Account>,
        order: &PlacedOrder,
        payment: &Payment,
        freshness: Freshness,
    ) -> Result<Action, AppError> {
        let now = self.world.now();
        let ran_out = payment.started_at.plus_secs(SIGNED_SECS) <= now;
        let signed_at = match freshness {
            Freshness::Fresh if ran_out => now,
            Freshness::Fresh | Freshness::AsStarted => payment.started_at,
        };
        let request = self.pay_request(order, payment, signed_at);
        let method = payment.method;
        let signing = move || signed(&account, method, &request);
        let signed = match self.world.tasks.blocking(signing).await? {
            Ok(signed) => signed,
            Err(UnsentRequest::ReceivesOnly) => return Ok(Action::None),
            Err(fault) => return Err(AppError::Signing(fault.to_string())),
        };
        let expires_at = signed_at.plus_secs(SIGNED_SECS).min(order.expires_at);
        Ok(if method == Method::AlipayApp {
            Action::Sdk {
                params: SdkParams::OrderString(signed),
                expires_at,
            }
        } else {
            Action::Redirect {
                url: signed,
                expires_at,
            }
        })
    }

    fn pay_request(&self, order: &PlacedOrder, payment: &Payment, now: Timestamp) -> PayRequest {
        let account = &payment.payment.account;
        PayRequest {
            out_trade_no: payment.payment.out_trade_no.clone(),
            amount: payment.asked,
            subject: self.subject_of(order),
            time_expire: payment.expires_at.unwrap_or(order.expires_at),
            notify_url: self.settings.notify_url(account),
            return_url: Some(self.settings.return_url(account)),
            quit_url: payment.return_url.clone(),
            now,
        }
    }
}

fn signed(
    account: &Account,
    method: Method,
    request: &PayRequest,
) -> Result<String, UnsentRequest> {
    let GatewayAccount::Alipay(alipay) = &account.gateway else {
        return Err(UnsentRequest::ReceivesOnly);
    };
    match method {
        Method::AlipayWap => alipay.wap_pay(request),
        Method::AlipayApp => alipay.app_pay(request),
        Method::AlipayPage
        | Method::AlipayJsapi
        | Method::AlipayQr
        | Method::WechatpayNative
        | Method::WechatpayJsapi
        | Method::WechatpayMini
        | Method::WechatpayH5
        | Method::WechatpayApp
        | Method::External
        | Method::Unknown => alipay.page_pay(request),
    }
}

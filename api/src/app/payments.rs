//! Starting payments: the intent is stored first, then the gateway is called where it has to be,
//! then what came of it is stored. A time-out is unknown, never failed; a repeat carries the same
//! number and the same content.

use http::StatusCode;
use payfold_domain::command::{Command, FailPaymentStart, OfferPayment, Rejection, StartPayment};
use payfold_domain::event::Offer;
use payfold_domain::order::{Order, Payment, PaymentStage, PlacedOrder};
use payfold_domain::{Method, OrderNo, PaymentRef, decide};
use payfold_wechatpay::{PayRequest, Reply, WechatPayAccount};

use super::accounts::{Account, GatewayAccount};
use super::aggregate::Folded;
use super::handle::Ground;
use super::orders::Written;
use super::{App, AppError};

/// How long a native code works, in seconds 「Native下单」.
const CODE_SECS: i64 = 2 * 60 * 60;

/// A payment that a caller starts.
#[derive(Debug, Clone)]
pub struct StartRequest {
    /// How it is made.
    pub method: Method,
    /// Where the buyer is sent back to.
    pub return_url: Option<String>,
    /// The buyer's id in the application.
    pub openid: Option<String>,
    /// The buyer's address.
    pub client_ip: Option<String>,
}

impl App {
    /// Starts a payment of the order's amount.
    pub async fn start_payment(
        &self,
        order_no: &OrderNo,
        payment: PaymentRef,
        request: StartRequest,
    ) -> Result<Written, AppError> {
        let account = self.account(&payment.account)?;
        if !account.methods().contains(&request.method) {
            return Err(AppError::MethodNotOffered {
                offered: account.methods().to_vec(),
            });
        }
        if self
            .order_of(&payment)
            .await?
            .is_some_and(|owner| owner != *order_no)
        {
            return Err(AppError::NumberTaken);
        }
        let written = self
            .store_intent(&account, order_no, &payment, &request)
            .await?;
        self.take_up_claimed(&account, &payment, order_no).await?;
        match request.method {
            Method::WechatpayNative => {
                self.offer_native(&account, written, order_no, &payment)
                    .await
            }
            Method::AlipayPage
            | Method::AlipayWap
            | Method::AlipayApp
            | Method::AlipayJsapi
            | Method::AlipayQr
            | Method::WechatpayJsapi
            | Method::WechatpayMini
            | Method::WechatpayH5
            | Method::WechatpayApp
            | Method::External
            | Method::Unknown => Ok(Written {
                made: written.made,
                // Money may have waited for the number.
                order: self.fold_now::<Order>(order_no).await?,
            }),
        }
    }

    async fn store_intent(
        &self,
        account: &Account,
        order_no: &OrderNo,
        payment: &PaymentRef,
        request: &StartRequest,
    ) -> Result<Written, AppError> {
        let changed = self
            .change::<Order, AppError>(order_no, Ground::Nothing, |order, taken| {
                if taken.claims().next().is_some() {
                    return Err(AppError::NumberTaken);
                }
                let expires_at = match (order, request.method) {
                    (_, Method::External) | (Order::Unplaced | Order::Corrupt(_), _) => None,
                    (Order::Placed(placed), _) => Some(placed.expires_at),
                };
                let start = StartPayment {
                    payment: payment.clone(),
                    method: request.method,
                    app_id: account.app_id_for(request.method),
                    expires_at,
                    return_url: request.return_url.clone(),
                    openid: request.openid.clone(),
                    client_ip: request.client_ip.clone(),
                    offer: offer_without_call(request.method),
                    capability: account.capability,
                    now: self.world.now(),
                };
                Ok(decide(order, Command::StartPayment(start))?)
            })
            .await?;
        Ok(Written {
            made: changed.made,
            order: changed.folded,
        })
    }

    /// Asks WeChat Pay for a code, where the payment has none that works. Asked again, WeChat Pay lets
    /// the code before die, so one asks at a time.
    async fn offer_native(
        &self,
        account: &Account,
        written: Written,
        order_no: &OrderNo,
        payment: &PaymentRef,
    ) -> Result<Written, AppError> {
        let GatewayAccount::WechatPay(wechatpay) = &account.gateway else {
            return Err(AppError::MethodNotOffered {
                offered: account.methods().to_vec(),
            });
        };
        let _alone = self.starts.enter(payment).await;
        let Folded {
            state: Order::Placed(order),
            ..
        } = self.fold_now::<Order>(order_no).await?
        else {
            return Err(Rejection::NoSuchOrder.into());
        };
        let started = order.payment(payment).ok_or(Rejection::NoSuchPayment)?;
        if !self.needs_code(started) {
            return Ok(Written {
                made: written.made,
                order: self.fold_now::<Order>(order_no).await?,
            });
        }
        match self.ask_for_code(wechatpay, &order, started).await? {
            Ok(content) => {
                let offer = OfferPayment {
                    payment: payment.clone(),
                    offer: Offer::Code(content),
                    valid_until: Some(self.world.now().plus_secs(CODE_SECS).min(order.expires_at)),
                };
                let offered = self.command(order_no, Command::OfferPayment(offer)).await?;
                Ok(Written {
                    made: written.made,
                    order: offered.order,
                })
            }
            Err(GatewayRefusal { code, message }) => {
                let failed = FailPaymentStart {
                    payment: payment.clone(),
                    gateway_code: code.clone(),
                    gateway_message: message.clone(),
                };
                self.command(order_no, Command::FailPaymentStart(failed))
                    .await?;
                Err(AppError::GatewayRefused { code, message })
            }
        }
    }

    /// One call of the gateway. A refusal that may pass (the gateway is busy, the clock is off) is an
    /// unknown outcome, like a time-out: the same request asks again.
    async fn ask_for_code(
        &self,
        wechatpay: &WechatPayAccount,
        order: &PlacedOrder,
        payment: &Payment,
    ) -> Result<Result<String, GatewayRefusal>, AppError> {
        let account = &payment.payment.account;
        let request = wechatpay
            .native_request(&PayRequest {
                out_trade_no: &payment.payment.out_trade_no,
                amount: payment.asked,
                description: order.subject.as_deref().unwrap_or(order.order_no.as_str()),
                time_expire: payment.expires_at.unwrap_or(order.expires_at),
                notify_url: &self.settings.notify_url(account),
                now: self.world.now(),
                nonce: &self.world.id().simple().to_string(),
            })
            .map_err(|fault| AppError::Signing(fault.to_string()))?;
        let answer = self
            .world
            .http
            .send(request)
            .await
            .map_err(|error| AppError::GatewayUnknown(error.to_string()))?;
        let reply = wechatpay
            .verify_response(
                answer.status(),
                answer.headers(),
                answer.body(),
                self.world.now(),
            )
            .map_err(|fault| AppError::GatewayUnknown(fault.to_string()))?;
        match reply {
            Reply::Done(verified) => verified
                .code_url()
                .map(Ok)
                .map_err(|fault| AppError::GatewayUnknown(fault.to_string())),
            Reply::Refused { status, code, .. } if status == StatusCode::TOO_MANY_REQUESTS => {
                Err(AppError::GatewayUnknown(code))
            }
            Reply::Refused { code, message, .. } => Ok(Err(GatewayRefusal { code, message })),
        }
    }

    fn needs_code(&self, payment: &Payment) -> bool {
        match &payment.stage {
            PaymentStage::Starting => payment.transactions.is_empty(),
            PaymentStage::Open { valid_until, .. } => {
                payment.transactions.is_empty()
                    && valid_until.is_some_and(|until| until <= self.world.now())
            }
            PaymentStage::Failed { .. } | PaymentStage::Closed => false,
        }
    }
}

/// The gateway refused, and did nothing.
struct GatewayRefusal {
    code: String,
    message: String,
}

/// An offer that needs no call of the gateway.
fn offer_without_call(method: Method) -> Option<Offer> {
    match method {
        Method::AlipayPage | Method::AlipayWap | Method::AlipayApp => Some(Offer::Signed),
        Method::External => Some(Offer::Elsewhere),
        Method::AlipayJsapi
        | Method::AlipayQr
        | Method::WechatpayNative
        | Method::WechatpayJsapi
        | Method::WechatpayMini
        | Method::WechatpayH5
        | Method::WechatpayApp
        | Method::Unknown => None,
    }
}

//! Starting payments: the intent is stored first, then the gateway is called where it has to be,
//! then what came of it is stored. A time-out is unknown, never failed; a repeat carries the same
//! number and the same content.

use std::sync::Arc;

use payfold_domain::command::{Command, FailPaymentStart, OfferPayment, Rejection, StartPayment};
use payfold_domain::event::Offer;
use payfold_domain::order::{CancelWish, Order, OrderStatus, Payment, PaymentStage, PlacedOrder};
use payfold_domain::{Method, OrderNo, PaymentRef, Timestamp, decide};

use super::accounts::Account;
use super::aggregate::Folded;
use super::calls::{Started, Way};
use super::handle::{Ground, Made};
use super::orders::Written;
use super::strays::TakeUp;
use super::{App, AppError};

/// What gateways call it that the number to be started was paid already
/// (`alipay.trade.precreate`, 「Native下单」).
const PAID_ALREADY: [&str; 4] = [
    "ACQ.TRADE_HAS_SUCCESS",
    "TRADE_HAS_SUCCESS",
    "ORDERPAID",
    "ORDER_PAID",
];

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
        // Every order of an account shares its one name: thousands are kept in memory.
        let payment = PaymentRef {
            account: account.name.clone(),
            ..payment
        };
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
        let taken_up = self.take_up_claimed(&payment, order_no).await?;
        if let Some(way) = Way::of(request.method) {
            return self
                .offer(&account, way, written.made, order_no, &payment)
                .await;
        }
        match taken_up {
            TakeUp::Nothing | TakeUp::Unreadable => Ok(written),
            TakeUp::Done => Ok(Written {
                made: written.made,
                order: Arc::new(self.fold_now::<Order>(order_no).await?),
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
        self.owners.put(payment, order_no);
        Ok(Written {
            made: changed.made,
            order: changed.folded,
        })
    }

    /// A payment that was offered after its order had ended is closed at once: its gateway may not have
    /// known it when the order ended.
    fn close_if_too_late(&self, order: &Folded<Order>) {
        if let Order::Placed(order) = &order.state
            && order.status != OrderStatus::Open
        {
            self.unwanted.put(&order.order_no);
        }
    }

    /// Asks the gateway for what the buyer pays by, where the payment has nothing that works. Asked
    /// again, a gateway may let the offer before die, so one asks at a time.
    async fn offer(
        &self,
        account: &Arc<Account>,
        way: Way,
        made: Made,
        order_no: &OrderNo,
        payment: &PaymentRef,
    ) -> Result<Written, AppError> {
        let _alone = self.starts.enter(payment).await;
        let folded = self.fold_now::<Order>(order_no).await?;
        let Order::Placed(order) = &folded.state else {
            return Err(Rejection::NoSuchOrder.into());
        };
        let started = order.payment(payment).ok_or(Rejection::NoSuchPayment)?;
        if !account.starts_payments() || !self.needs_offer(order, started) {
            return Ok(Written {
                made,
                order: Arc::new(folded),
            });
        }
        match self.ask_for_offer(account, way, order, started).await? {
            Started::Offered { offer, valid_until } => {
                let offer = OfferPayment {
                    payment: payment.clone(),
                    offer,
                    valid_until: Some(valid_until),
                };
                let offered = self.command(order_no, Command::OfferPayment(offer)).await?;
                self.close_if_too_late(&offered.order);
                Ok(Written {
                    made,
                    order: offered.order,
                })
            }
            Started::Refused { code, message } => {
                match self.paid_already(account, order_no, payment).await {
                    Ok(Some(order)) => {
                        return Ok(Written {
                            made,
                            order: Arc::new(order),
                        });
                    }
                    Ok(None) => {}
                    Err(error) if made == Made::There || PAID_ALREADY.contains(&&*code) => {
                        return Err(error);
                    }
                    // As far as this process knows nobody asked before.
                    Err(error) => {
                        tracing::warn!(account = %account.name, %error, "a payment whose start was refused could not be asked about");
                    }
                }
                let failed = FailPaymentStart {
                    payment: payment.clone(),
                    started_at: started.started_at,
                    gateway_code: code.clone(),
                    gateway_message: message.clone(),
                };
                self.command(order_no, Command::FailPaymentStart(failed))
                    .await?;
                Err(AppError::GatewayRefused { code, message })
            }
        }
    }

    /// A gateway that refuses to start a payment is asked about it, for a try before may have reached it and
    /// got no answer: the order with the money, if there is some. What can still be paid there keeps its
    /// order open.
    async fn paid_already(
        &self,
        account: &Arc<Account>,
        order_no: &OrderNo,
        payment: &PaymentRef,
    ) -> Result<Option<Folded<Order>>, AppError> {
        self.ask(account, payment).await?;
        let folded = self.fold_now::<Order>(order_no).await?;
        let Order::Placed(order) = &folded.state else {
            return Ok(None);
        };
        let paid = order
            .payment(payment)
            .is_some_and(|payment| !payment.transactions.is_empty());
        Ok(paid.then_some(folded))
    }

    fn needs_offer(&self, order: &PlacedOrder, payment: &Payment) -> bool {
        let ran_out = match &payment.stage {
            PaymentStage::Starting => true,
            PaymentStage::Open { valid_until, .. } => {
                valid_until.is_some_and(|until| until <= self.world.now())
            }
            PaymentStage::Failed { .. } | PaymentStage::Closed => false,
        };
        ran_out && payment.transactions.is_empty() && wants_payments(order, self.world.now())
    }
}

/// Whether the order may still be paid by a payment that is open.
pub(crate) fn wants_payments(order: &PlacedOrder, now: Timestamp) -> bool {
    order.status == OrderStatus::Open
        && order.cancel_wish == CancelWish::None
        && now < order.expires_at
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

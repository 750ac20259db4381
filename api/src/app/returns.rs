//! The buyer's browser comes back. A return proves at most that the buyer was sent back: it is
//! recorded, and never makes an order paid.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use payfold_domain::command::{Command, ObserveReturn};
use payfold_domain::order::{Order, OrderStatus};
use payfold_domain::{OrderNo, PaymentRef};

use super::accounts::{Account, GatewayAccount};
use super::calls::Turn;
use super::handle::{Ground, Proven};
use super::{App, AppError};

/// A return, once it is known whether it is genuine.
#[derive(Debug, Clone)]
pub enum Returned {
    /// The gateway, or payfold itself, sent the buyer back.
    Genuine {
        /// The order.
        order_no: OrderNo,
        /// Its version now.
        version: u64,
        /// Where the shop wants the buyer, where it said so.
        return_url: Option<String>,
    },
    /// Anybody may have written this; it says nothing and is not recorded.
    NotGenuine,
}

impl App {
    /// Takes a return in, by the raw query that the browser brought.
    pub async fn observe_return(
        &self,
        account: &Account,
        query: &[u8],
    ) -> Result<Returned, AppError> {
        let Some((payment, evidence)) = self.returned_payment(account, query) else {
            self.metrics.return_refused(&account.name);
            return Ok(Returned::NotGenuine);
        };
        let Some(order_no) = self.order_of(&payment).await? else {
            return Ok(Returned::NotGenuine);
        };
        let ground = evidence.as_ref().map_or(Ground::Nothing, Ground::Message);
        let command = Command::ObserveReturn(ObserveReturn {
            payment: payment.clone(),
        });
        let written = self.command_over(&order_no, ground, command).await?;
        let return_url = match &written.order.state {
            Order::Placed(placed) => placed
                .payments
                .iter()
                .find(|started| started.payment == payment)
                .and_then(|started| started.return_url.clone()),
            Order::Unplaced | Order::Corrupt(_) => None,
        };
        Ok(Returned::Genuine {
            order_no,
            version: written.order.head.version,
            return_url,
        })
    }

    /// Asks the gateways about those payments of an order that it may still be paid by, for somebody
    /// waits. Nobody waits for the answers themselves: what they say rings the order's bell. Where one
    /// was asked about a moment ago, and so before the money came, says in how long it is to be asked
    /// about again.
    pub fn ask_for_waiters(self: &Arc<Self>, order: &Order) -> Option<Duration> {
        let mut again: Option<Duration> = None;
        if let Order::Placed(order) = order
            && order.status == OrderStatus::Open
        {
            for payment in order.payments.iter().filter(|payment| payment.is_endless()) {
                if let Turn::In(left) = self.ask_for_waiter(&order.order_no, &payment.payment) {
                    again = Some(again.map_or(left, |again| again.min(left)));
                }
            }
        }
        again
    }

    /// Asks the gateway about a payment, unless that was done a moment ago.
    fn ask_for_waiter(self: &Arc<Self>, order_no: &OrderNo, payment: &PaymentRef) -> Turn {
        let Some(account) = self.askable(&payment.account) else {
            return Turn::Now;
        };
        let turn = self.recently_asked.take_turn(payment, self.world.now());
        if turn != Turn::Now {
            return turn;
        }
        let (app, order_no, payment) = (Arc::clone(self), order_no.clone(), payment.clone());
        self.world.tasks.spawn(async move {
            tokio::select! {
                biased;
                asked = app.look_after(&account, &order_no, &payment) => if let Err(error) = asked {
                    tracing::warn!(account = %account.name, %error, "a payment that is waited for could not be asked about");
                },
                () = app.world.tasks.stopping() => {}
            }
        });
        Turn::Now
    }

    fn returned_payment(
        &self,
        account: &Account,
        query: &[u8],
    ) -> Option<(PaymentRef, Option<Proven>)> {
        match &account.gateway {
            GatewayAccount::Alipay(alipay) => {
                let Ok(returned) = alipay.verify_return(query) else {
                    return self.payment_by_token(account, query);
                };
                let evidence = account.return_evidence(
                    returned.key,
                    Bytes::copy_from_slice(query),
                    self.world.now(),
                );
                Some((returned.payment, Some(evidence)))
            }
            GatewayAccount::WechatPay(_) => self.payment_by_token(account, query),
        }
    }

    /// The payment that payfold's own token names. At Alipay only an external payment has one.
    fn payment_by_token(
        &self,
        account: &Account,
        query: &[u8],
    ) -> Option<(PaymentRef, Option<Proven>)> {
        let query = std::str::from_utf8(query).ok()?;
        let token = query.split('&').find_map(|pair| pair.strip_prefix("rt="))?;
        Some((self.tokens.returned_payment(&account.name, token)?, None))
    }
}

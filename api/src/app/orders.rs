//! What callers ask of an order as a whole: place, read, wait, cancel.

use std::sync::Arc;
use std::time::Duration;

use payfold_domain::command::{Command, Conclude, PlaceOrder, Rejection};
use payfold_domain::event::Fulfilment;
use payfold_domain::order::{Order, OrderStatus};
use payfold_domain::{Money, OrderNo, Timestamp, decide};
use payfold_store::{Position, Recorded, StreamName};

use super::aggregate::Folded;
use super::handle::{Ground, Made};
use super::jobs::Ending;
use super::{App, AppError};

/// An order that a caller places.
#[derive(Debug, Clone)]
pub struct PlaceRequest {
    /// Its name.
    pub order_no: OrderNo,
    /// Its full price.
    pub amount: Money,
    /// What the buyer reads at the gateway.
    pub subject: String,
    /// Whether it ships.
    pub fulfilment: Fulfilment,
    /// When it can no longer be paid; by configuration where the caller names nothing.
    pub expires_at: Option<Timestamp>,
    /// The shop's own JSON object, as text.
    pub metadata: Option<String>,
}

/// What came of a caller's write.
#[derive(Debug, Clone)]
pub struct Written {
    /// Whether anything was written.
    pub made: Made,
    /// The order after it.
    pub order: Arc<Folded<Order>>,
}

impl App {
    /// Places an order.
    pub async fn place_order(&self, request: PlaceRequest) -> Result<Written, AppError> {
        let expires_at = request
            .expires_at
            .unwrap_or_else(|| self.world.now().plus_secs(self.settings.expires_after_secs));
        let order_no = request.order_no.clone();
        let place = PlaceOrder {
            order_no: request.order_no,
            amount: request.amount,
            subject: request.subject,
            fulfilment: request.fulfilment,
            expires_at,
            metadata: request.metadata,
        };
        self.command(&order_no, Command::Place(place)).await
    }

    /// The order, folded from its events; `None` where none was placed under that name.
    pub async fn order(&self, order_no: &OrderNo) -> Result<Option<Folded<Order>>, AppError> {
        self.order_at(order_no, Position(u64::MAX)).await
    }

    /// The order as it stood at a position.
    pub async fn order_at(
        &self,
        order_no: &OrderNo,
        position: Position,
    ) -> Result<Option<Folded<Order>>, AppError> {
        let folded = self.fold::<Order>(order_no, position).await?;
        Ok(match folded.state {
            Order::Unplaced => None,
            Order::Placed(_) | Order::Corrupt(_) => Some(folded),
        })
    }

    /// The order's events, in order, with their private parts.
    pub async fn order_events(&self, order_no: &OrderNo) -> Result<Vec<Recorded>, AppError> {
        Ok(self
            .store
            .load(&StreamName::Order(order_no.clone()), 0)
            .await?)
    }

    /// Waits until the order is no longer at version `seen`, the time is over, or the program stops.
    pub async fn order_changed(
        &self,
        order_no: &OrderNo,
        seen: u64,
        patience: Duration,
    ) -> Result<(), AppError> {
        let stream = StreamName::Order(order_no.clone());
        let bell = self.waiters.bell(order_no);
        let changed = async {
            loop {
                let mut rung = std::pin::pin!(bell.notified());
                rung.as_mut().enable();
                if self.store.head(&stream).await?.version != seen {
                    return Ok(());
                }
                rung.await;
            }
        };
        tokio::select! {
            biased;
            changed = changed => changed,
            () = tokio::time::sleep(patience) => Ok(()),
            () = self.world.tasks.stopping() => Ok(()),
        }
    }

    /// Wishes the order cancelled. The wish is stored first; then its open payments are closed at their
    /// gateways. Those whose gateway cannot be asked, or does not know them, count as closed; they are
    /// watched until they can no longer be paid.
    pub async fn cancel(&self, order_no: &OrderNo) -> Result<Written, AppError> {
        let wish = Conclude {
            excused: Vec::new(),
            now: self.world.now(),
        };
        let wished = self.command(order_no, Command::Cancel(wish)).await?;
        if !is_open(&wished.order) {
            return Ok(wished);
        }
        match self.conclude(order_no, Ending::Cancel).await {
            Ok(written) if is_open(&written.order) => Err(Rejection::PaymentsStillOpen.into()),
            Ok(written) => Ok(Written {
                made: wished.made,
                order: written.order,
            }),
            Err(
                error @ (AppError::GatewayUnknown(_)
                | AppError::GatewayUndecided(_)
                | AppError::GatewayNotAsked(_)
                | AppError::GatewayRefused { .. }
                | AppError::GatewayRefusedForNow { .. }),
            ) => {
                tracing::warn!(%error, "an order could not be cancelled yet");
                Err(Rejection::PaymentsStillOpen.into())
            }
            Err(error) => Err(error),
        }
    }

    /// Decides a command that needs nothing beside the order itself.
    pub(crate) async fn command(
        &self,
        order_no: &OrderNo,
        command: Command,
    ) -> Result<Written, AppError> {
        self.command_over(order_no, Ground::Nothing, command).await
    }

    /// Decides a command that rests on something beside the order.
    pub(crate) async fn command_over(
        &self,
        order_no: &OrderNo,
        ground: Ground<'_>,
        command: Command,
    ) -> Result<Written, AppError> {
        let changed = self
            .change::<Order, AppError>(order_no, ground, |order, taken| {
                if taken.claims().next().is_some() {
                    return Err(AppError::NumberTaken);
                }
                Ok(decide(order, command.clone())?)
            })
            .await?;
        Ok(Written {
            made: changed.made,
            order: changed.folded,
        })
    }
}

fn is_open(folded: &Folded<Order>) -> bool {
    match &folded.state {
        Order::Placed(order) => order.status == OrderStatus::Open,
        Order::Unplaced | Order::Corrupt(_) => false,
    }
}

//! What callers say of an order's shipment.

use payfold_domain::OrderNo;
use payfold_domain::command::{Command, DispatchShipment, HoldShipment};

use super::orders::Written;
use super::{App, AppError};

impl App {
    /// A parcel leaves, or its data is corrected.
    pub async fn dispatch_shipment(
        &self,
        order_no: &OrderNo,
        parcel: DispatchShipment,
    ) -> Result<Written, AppError> {
        self.command(order_no, Command::DispatchShipment(parcel))
            .await
    }

    /// The shipment arrived.
    pub async fn deliver_shipment(&self, order_no: &OrderNo) -> Result<Written, AppError> {
        self.command(order_no, Command::DeliverShipment).await
    }

    /// A person holds the shipment.
    pub async fn hold_shipment(
        &self,
        order_no: &OrderNo,
        reason: Option<String>,
    ) -> Result<Written, AppError> {
        self.command(order_no, Command::HoldShipment(HoldShipment { reason }))
            .await
    }

    /// A person ends a person's hold.
    pub async fn release_shipment(&self, order_no: &OrderNo) -> Result<Written, AppError> {
        self.command(order_no, Command::ReleaseShipment).await
    }
}

//! An order as callers see it, and what the holder of a read token sees of it.

use payfold_domain::event::{Fulfilment, ParcelPlace};
use payfold_domain::order::{CancelWish, Order, OrderStatus, Parcel, PlacedOrder, Shipment};
use payfold_domain::{Money, OrderNo};
use serde::Serialize;
use serde_json::value::RawValue;

use crate::app::{App, Folded, Freshness};
use crate::http::answer::cursor_of;
use crate::http::exception::answer::{ExceptionAnswer, of_order};
use crate::http::instant;
use crate::http::payment::answer::{ActionAnswer, PaymentAnswer, action_of, payment_answer};
use crate::http::problem::{Kind, Problem};

/// Whether an order's payments are shown with what the buyer does to pay.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Actions {
    /// They are, that fresh.
    Shown(Freshness),
    /// They are not: in lists.
    LeftOut,
}

/// An amount.
#[derive(Serialize)]
pub(crate) struct MoneyAnswer {
    currency: String,
    minor: i64,
}

impl From<Money> for MoneyAnswer {
    fn from(money: Money) -> Self {
        Self {
            currency: money.currency.as_str().to_owned(),
            minor: money.minor,
        }
    }
}

/// An order; of one whose events cannot be read only what is known without them.
#[derive(Serialize)]
#[serde(untagged)]
pub(crate) enum OrderAnswer {
    /// A placed one.
    Placed(Box<PlacedAnswer>),
    /// One whose events cannot be read.
    Corrupt(CorruptAnswer),
}

#[derive(Serialize)]
pub(crate) struct PlacedAnswer {
    order_no: String,
    status: &'static str,
    amount: MoneyAnswer,
    subject: Option<String>,
    fulfilment: &'static str,
    metadata: Option<Box<RawValue>>,
    created_at: String,
    expires_at: String,
    cancel_requested: bool,
    paid: i64,
    refunded: i64,
    held: i64,
    returned: i64,
    payments: Vec<PaymentAnswer>,
    shipment: Option<ShipmentAnswer>,
    exceptions: Vec<ExceptionAnswer>,
    version: u64,
    as_of: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    read_token: Option<String>,
}

#[derive(Serialize)]
pub(crate) struct CorruptAnswer {
    order_no: String,
    status: &'static str,
    version: u64,
    as_of: String,
}

/// A shipment.
#[derive(Serialize)]
pub(crate) struct ShipmentAnswer {
    pub(crate) status: &'static str,
    pub(crate) parcels: Vec<ParcelAnswer>,
}

#[derive(Serialize)]
pub(crate) struct ParcelAnswer {
    parcel: String,
    carrier: String,
    tracking_no: String,
    last: bool,
    dispatched_at: String,
}

/// What the holder of a read token sees.
#[derive(Serialize)]
pub(crate) struct RestrictedAnswer {
    order_no: String,
    status: &'static str,
    amount: MoneyAnswer,
    paid: i64,
    refunded: i64,
    payments: Vec<RestrictedPayment>,
    shipment: Option<ShipmentAnswer>,
}

#[derive(Serialize)]
struct RestrictedPayment {
    method: &'static str,
    status: &'static str,
    action: ActionAnswer,
}

/// The order as callers with a key see it.
pub(crate) async fn order_answer(
    app: &App,
    order_no: &OrderNo,
    folded: &Folded<Order>,
    actions: Actions,
) -> Result<OrderAnswer, Problem> {
    let as_of = cursor_of(app, folded).to_string();
    let version = folded.head.version;
    let order = match &folded.state {
        Order::Placed(order) => order,
        Order::Unplaced => return Err(Problem::not_found("order")),
        Order::Corrupt(_) => {
            let order_no = order_no.to_string();
            return Ok(OrderAnswer::Corrupt(CorruptAnswer {
                order_no,
                status: "corrupt",
                version,
                as_of,
            }));
        }
    };
    let mut payments = Vec::with_capacity(order.payments.len());
    for payment in &order.payments {
        payments.push(payment_answer(app, order, payment, actions).await?);
    }
    Ok(OrderAnswer::Placed(Box::new(PlacedAnswer {
        order_no: order.order_no.to_string(),
        status: order.status.as_str(),
        amount: order.amount.into(),
        subject: order.subject.clone(),
        fulfilment: fulfilment_name(order.fulfilment),
        metadata: order
            .metadata
            .clone()
            .and_then(|text| RawValue::from_string(text).ok()),
        created_at: instant::write(order.created_at),
        expires_at: instant::write(order.expires_at),
        cancel_requested: order.cancel_wish == CancelWish::Requested,
        paid: order.paid_minor(),
        refunded: order.refunded_minor(),
        held: order.held_minor(),
        returned: order.returned_minor(),
        payments,
        shipment: order.shipment.as_ref().map(ShipmentAnswer::from),
        exceptions: of_order(app, order),
        version,
        as_of,
        read_token: None,
    })))
}

impl OrderAnswer {
    /// The order with a token that reads it.
    pub(crate) fn with_read_token(mut self, token: String) -> Self {
        if let Self::Placed(placed) = &mut self {
            placed.read_token = Some(token);
        }
        self
    }
}

/// The order as the holder of its read token sees it.
pub(crate) async fn restricted(
    app: &App,
    order: &PlacedOrder,
) -> Result<RestrictedAnswer, Problem> {
    let mut payments = Vec::with_capacity(order.payments.len());
    for payment in &order.payments {
        payments.push(RestrictedPayment {
            method: payment.method.as_str(),
            status: order.payment_status(payment).as_str(),
            action: action_of(app, order, payment, Freshness::AsStarted).await?,
        });
    }
    Ok(RestrictedAnswer {
        order_no: order.order_no.to_string(),
        status: order.status.as_str(),
        amount: order.amount.into(),
        paid: order.paid_minor(),
        refunded: order.refunded_minor(),
        payments,
        shipment: order.shipment.as_ref().map(ShipmentAnswer::from),
    })
}

/// The placed order, or why there is none.
pub(crate) fn placed(folded: &Folded<Order>) -> Result<&PlacedOrder, Problem> {
    match &folded.state {
        Order::Placed(order) => Ok(order),
        Order::Unplaced => Err(Problem::not_found("order")),
        Order::Corrupt(_) => Err(Problem::new(
            Kind::OrderCorrupt,
            "the order's events cannot be read",
        )),
    }
}

/// How an order's status is told to a buyer's browser.
pub(crate) fn told_to_buyers(status: OrderStatus) -> &'static str {
    match status {
        OrderStatus::Open => "pending",
        OrderStatus::Paid => "paid",
        OrderStatus::Cancelled | OrderStatus::Expired => "closed",
    }
}

fn fulfilment_name(fulfilment: Fulfilment) -> &'static str {
    match fulfilment {
        Fulfilment::Ship => "ship",
        Fulfilment::None => "none",
    }
}

impl From<&Shipment> for ShipmentAnswer {
    fn from(shipment: &Shipment) -> Self {
        let parcels = shipment.parcels.iter().map(ParcelAnswer::from).collect();
        Self {
            status: shipment.status.as_str(),
            parcels,
        }
    }
}

impl From<&Parcel> for ParcelAnswer {
    fn from(parcel: &Parcel) -> Self {
        Self {
            parcel: parcel.parcel.clone(),
            carrier: parcel.carrier.clone(),
            tracking_no: parcel.tracking_no.clone(),
            last: parcel.place == ParcelPlace::Last,
            dispatched_at: instant::write(parcel.dispatched_at),
        }
    }
}

//! The forms of an order's own events, and of a stray's being taken up.

use payfold_domain::OrderNo;
use payfold_domain::event::{Fulfilment, OrderPlaced, StrayTakenUp};
use payfold_domain::{AccountName, OutTradeNo};
use serde::{Deserialize, Serialize};

use super::field::{Amount, Instant, Text, payment};
use super::form::{Form, Mismatch, PartedForm};

#[derive(Serialize, Deserialize)]
pub(super) struct OrderPlacedData {
    order_no: Text<OrderNo>,
    amount: Amount,
    fulfilment: Text<Fulfilment>,
    expires_at: Instant,
}

#[derive(Default, Serialize, Deserialize)]
pub(super) struct OrderPlacedPrivate {
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    metadata: Option<String>,
}

impl PartedForm for OrderPlaced {
    type Data = OrderPlacedData;
    type Private = OrderPlacedPrivate;

    fn split(&self) -> (OrderPlacedData, Option<OrderPlacedPrivate>) {
        let data = OrderPlacedData {
            order_no: Text(self.order_no.clone()),
            amount: self.amount.into(),
            fulfilment: Text(self.fulfilment),
            expires_at: Instant(self.expires_at),
        };
        let private =
            (self.subject.is_some() || self.metadata.is_some()).then(|| OrderPlacedPrivate {
                subject: self.subject.clone(),
                metadata: self.metadata.clone(),
            });
        (data, private)
    }

    fn join(data: OrderPlacedData, private: OrderPlacedPrivate) -> Result<Self, Mismatch> {
        Ok(Self {
            order_no: data.order_no.0,
            amount: data.amount.into(),
            fulfilment: data.fulfilment.0,
            expires_at: data.expires_at.0,
            subject: private.subject,
            metadata: private.metadata,
        })
    }
}

#[derive(Serialize, Deserialize)]
pub(super) struct StrayTakenUpData {
    account: Text<AccountName>,
    out_trade_no: Text<OutTradeNo>,
    order_no: Text<OrderNo>,
}

impl Form for StrayTakenUp {
    type Data = StrayTakenUpData;

    fn data(&self) -> StrayTakenUpData {
        StrayTakenUpData {
            account: Text(self.payment.account.clone()),
            out_trade_no: Text(self.payment.out_trade_no.clone()),
            order_no: Text(self.order_no.clone()),
        }
    }

    fn event(data: StrayTakenUpData) -> Result<Self, Mismatch> {
        Ok(Self {
            payment: payment(data.account, data.out_trade_no),
            order_no: data.order_no.0,
        })
    }
}

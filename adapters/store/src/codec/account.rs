//! The forms of the events of an account's own stream.

use payfold_domain::event::{AccountIdentity, CorruptOrderMessaged, UnknownMessageReceived};
use payfold_domain::exception::ExceptionId;
use payfold_domain::{AccountName, AppId, Gateway, OrderNo, OutTradeNo, Receipt};
use serde::{Deserialize, Serialize};

use super::field::{Text, payment, plain, text};
use super::form::{Form, Mismatch};
use super::money::ReceiptData;

#[derive(Serialize, Deserialize)]
pub(super) struct AccountRecordedData {
    account: Text<AccountName>,
    gateway: Text<Gateway>,
    merchant_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    app_id: Option<Text<AppId>>,
}

impl Form for AccountIdentity {
    type Data = AccountRecordedData;

    fn data(&self) -> AccountRecordedData {
        AccountRecordedData {
            account: Text(self.account.clone()),
            gateway: Text(self.gateway),
            merchant_id: self.merchant_id.clone(),
            app_id: text(self.app_id.as_ref()),
        }
    }

    fn event(data: AccountRecordedData) -> Result<Self, Mismatch> {
        Ok(Self {
            account: data.account.0,
            gateway: data.gateway.0,
            merchant_id: data.merchant_id,
            app_id: plain(data.app_id),
        })
    }
}

#[derive(Serialize, Deserialize)]
pub(super) struct UnknownMessageReceivedData {
    account: Text<AccountName>,
    kind: String,
}

impl Form for UnknownMessageReceived {
    type Data = UnknownMessageReceivedData;

    fn data(&self) -> UnknownMessageReceivedData {
        UnknownMessageReceivedData {
            account: Text(self.account.clone()),
            kind: self.kind.clone(),
        }
    }

    fn event(data: UnknownMessageReceivedData) -> Result<Self, Mismatch> {
        Ok(Self {
            account: data.account.0,
            kind: data.kind,
        })
    }
}

#[derive(Serialize, Deserialize)]
pub(super) struct CorruptOrderMessagedData {
    account: Text<AccountName>,
    out_trade_no: Text<OutTradeNo>,
    #[serde(skip_serializing_if = "Option::is_none")]
    order_no: Option<Text<OrderNo>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    receipt: Option<ReceiptData>,
    exception: Text<ExceptionId>,
}

impl Form for CorruptOrderMessaged {
    type Data = CorruptOrderMessagedData;

    fn data(&self) -> CorruptOrderMessagedData {
        CorruptOrderMessagedData {
            account: Text(self.payment.account.clone()),
            out_trade_no: Text(self.payment.out_trade_no.clone()),
            order_no: text(self.order_no.as_ref()),
            receipt: self.receipt.as_ref().map(ReceiptData::from),
            exception: Text(self.exception.clone()),
        }
    }

    fn event(data: CorruptOrderMessagedData) -> Result<Self, Mismatch> {
        Ok(Self {
            payment: payment(data.account, data.out_trade_no),
            order_no: plain(data.order_no),
            receipt: data.receipt.map(Receipt::try_from).transpose()?,
            exception: data.exception.0,
        })
    }
}

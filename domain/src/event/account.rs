//! The events of an account's own stream.

use crate::exception::ExceptionId;
use crate::{AccountName, AppId, Gateway, OrderNo, PaymentRef, Receipt};

/// See [`AccountEvent::AccountRecorded`](super::AccountEvent::AccountRecorded).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountIdentity {
    /// The account's name here.
    pub account: AccountName,
    /// Its gateway.
    pub gateway: Gateway,
    /// The merchant there: Alipay's `seller_id`, WeChat Pay's `mch_id`.
    pub merchant_id: String,
    /// Alipay's `app_id`; `None` for WeChat Pay, whose identity is the `mch_id` alone.
    pub app_id: Option<AppId>,
}

/// See [`AccountEvent::UnknownMessageReceived`](super::AccountEvent::UnknownMessageReceived).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownMessageReceived {
    /// The account.
    pub account: AccountName,
    /// The gateway's name for the kind or state.
    pub kind: String,
}

/// See [`AccountEvent::CorruptOrderMessaged`](super::AccountEvent::CorruptOrderMessaged).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CorruptOrderMessaged {
    /// The payment spoken of.
    pub payment: PaymentRef,
    /// The order, where one has claimed the number. Its events cannot be read, or those of the stray
    /// that the number was before.
    pub order_no: Option<OrderNo>,
    /// Money that the message states, where it does.
    pub receipt: Option<Receipt>,
    /// The exception that it opens.
    pub exception: ExceptionId,
}

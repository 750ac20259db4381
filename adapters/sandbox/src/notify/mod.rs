//! What the gateways tell a shop: letters, each sent again by its gateway's schedule until the shop
//! accepts it. What stands in a letter is made in the files beside this one.

mod alipay;
mod deliver;
mod schedule;
pub(crate) mod wechatpay_v2;
mod wechatpay_v3;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::books::{About, Gateway, Refund, Trade, TradeId};
use crate::outside::Call;
use crate::sandbox::Sandbox;

pub(crate) use self::alipay::signed_return;
use self::wechatpay_v2::Digest;
pub(crate) use self::wechatpay_v3::{described, encrypted, paid_transaction};

/// A message to a shop that has not been accepted yet.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Letter {
    /// Its number among all letters.
    number: u64,
    about: About,
    trade: TradeId,
    gateway: Gateway,
    out_trade_no: String,
    url: String,
    content: Content,
    sendings: usize,
    /// By the sandbox's own clock.
    due: DateTime<Utc>,
    waits: Waits,
}

/// What a letter waits for beside its time.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum Waits {
    ForNothing,
    /// For a later letter about the same trade to overtake it.
    ForOvertakingByItsOwn,
    /// For any later letter to overtake it.
    ForOvertakingByAny,
    /// It was overtaken.
    NoLonger,
}

#[derive(Clone, Serialize, Deserialize)]
enum Content {
    Alipay(alipay::Form),
    V3(wechatpay_v3::Envelope),
    V2(wechatpay_v2::Letter),
}

/// The letters of both gateways.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Outbox {
    waiting: Vec<Letter>,
    /// Those that are on the wire now. Where the sandbox ends before their answers come, they are
    /// sent again.
    under_way: Vec<Letter>,
    written: u64,
}

/// Which of WeChat Pay's two protocols tells the shop.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Via {
    V2,
    /// v2 signed by HMAC-SHA256 instead of MD5.
    #[serde(rename = "v2-hmac")]
    V2Hmac,
    #[default]
    V3,
}

/// A message that could not be written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unwritten {
    #[error(transparent)]
    Unsigned(#[from] crate::sign::SigningFailed),
    #[error("encrypting for the merchant failed: {0}")]
    Unencrypted(&'static str),
    #[error("writing a message as JSON failed: {0}")]
    Json(#[from] serde_json::Error),
}

/// How a letter is put on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Writing {
    Genuine,
    /// Changed after it was signed.
    Tampered,
    /// With the wrong signature by which WeChat Pay probes whether a shop looks.
    Probe,
}

impl Outbox {
    /// When the next notify about a trade leaves, by the sandbox's own clock.
    pub(crate) fn next(&self, id: TradeId) -> Option<DateTime<Utc>> {
        let own = self.waiting.iter().filter(|letter| letter.trade == id);
        own.map(|letter| letter.due).min()
    }

    /// As it is after the sandbox ended: whose answer did not come is due again.
    pub(crate) fn resumed(mut self) -> Self {
        self.waiting.append(&mut self.under_way);
        self
    }
}

impl Sandbox {
    /// Tells the shop that a trade was paid; nothing where it named no address.
    pub(crate) fn tell_paid(&self, id: TradeId, trade: &Trade, via: Via) -> Result<(), Unwritten> {
        let content = match trade.gateway {
            Gateway::Alipay => Content::Alipay(alipay::payment(self, trade)),
            Gateway::WechatPay => match via {
                Via::V2 => Content::V2(wechatpay_v2::payment(self, trade, Digest::Md5)),
                Via::V2Hmac => Content::V2(wechatpay_v2::payment(self, trade, Digest::HmacSha256)),
                Via::V3 => Content::V3(wechatpay_v3::payment(self, trade)?),
            },
        };
        let url = trade.terms.notify_url.as_deref();
        self.put_in_outbox(id, trade, About::Payment, url, content);
        Ok(())
    }

    /// Tells the shop how an Alipay trade stands; nothing where it named no address.
    pub(crate) fn tell_alipay(&self, id: TradeId, trade: &Trade) -> Result<(), Unwritten> {
        let content = Content::Alipay(alipay::payment(self, trade));
        let url = trade.terms.notify_url.as_deref();
        self.put_in_outbox(id, trade, About::Payment, url, content);
        Ok(())
    }

    /// Tells the shop that money was given back; nothing where it named no address for that.
    pub(crate) fn tell_refunded(
        &self,
        id: TradeId,
        trade: &Trade,
        refund: &Refund,
    ) -> Result<(), Unwritten> {
        let content = match trade.gateway {
            Gateway::Alipay => Content::Alipay(alipay::refund(self, trade, refund)),
            Gateway::WechatPay => match refund.via {
                Via::V2 | Via::V2Hmac => Content::V2(wechatpay_v2::refund(self, trade, refund)?),
                Via::V3 => Content::V3(wechatpay_v3::refund(self, trade, refund)?),
            },
        };
        let about = About::Refund(refund.refund_no.clone());
        let url = refund.notify_url.as_deref();
        self.put_in_outbox(id, trade, about, url, content);
        Ok(())
    }

    fn put_in_outbox(
        &self,
        id: TradeId,
        trade: &Trade,
        about: About,
        url: Option<&str>,
        content: Content,
    ) {
        let Some(url) = url.map(str::to_owned) else {
            return;
        };
        let mut state = self.state();
        let due = self.schedule_now(&state);
        let outbox = &mut state.outbox;
        outbox.written += 1;
        outbox.waiting.push(Letter {
            number: outbox.written,
            about,
            trade: id,
            gateway: trade.gateway,
            out_trade_no: trade.out_trade_no.clone(),
            url,
            content,
            sendings: 0,
            due,
            waits: Waits::ForNothing,
        });
        drop(state);
        self.wake();
    }

    fn write(&self, letter: &Letter, writing: Writing) -> Result<Call, Unwritten> {
        match &letter.content {
            Content::Alipay(form) => form.write(self, &letter.url, writing),
            Content::V3(envelope) => envelope.write(self, &letter.url, writing),
            Content::V2(document) => Ok(document.write(&letter.url, writing)),
        }
    }
}

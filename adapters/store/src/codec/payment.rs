//! The forms of a payment's events, its money apart (see `money`).

use payfold_domain::event::{
    DuplicateNotifyIgnored, Offer, PaymentClosed, PaymentFinished, PaymentNamed, PaymentOffered,
    PaymentStartFailed, PaymentStarted, Staleness,
};
use payfold_domain::{AccountName, AppId, Method, OutTradeNo, Source, TransactionId};
use serde::{Deserialize, Serialize};

use super::field::{Amount, Instant, Text, payment, plain, spelled_choice, text};
use super::form::{Form, Mismatch, PartedForm};

#[derive(Serialize, Deserialize)]
pub(super) struct PaymentStartedData {
    account: Text<AccountName>,
    out_trade_no: Text<OutTradeNo>,
    method: Text<Method>,
    asked: Amount,
    #[serde(skip_serializing_if = "Option::is_none")]
    app_id: Option<Text<AppId>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<Instant>,
}

#[derive(Default, Serialize, Deserialize)]
pub(super) struct PaymentStartedPrivate {
    #[serde(skip_serializing_if = "Option::is_none")]
    return_url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    openid: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_ip: Option<String>,
}

impl PartedForm for PaymentStarted {
    type Data = PaymentStartedData;
    type Private = PaymentStartedPrivate;

    fn split(&self) -> (PaymentStartedData, Option<PaymentStartedPrivate>) {
        let data = PaymentStartedData {
            account: Text(self.payment.account.clone()),
            out_trade_no: Text(self.payment.out_trade_no.clone()),
            method: Text(self.method),
            asked: self.asked.into(),
            app_id: text(self.app_id.as_ref()),
            expires_at: self.expires_at.map(Instant),
        };
        let parts = [&self.return_url, &self.openid, &self.client_ip];
        let private = parts
            .iter()
            .any(|part| part.is_some())
            .then(|| PaymentStartedPrivate {
                return_url: self.return_url.clone(),
                openid: self.openid.clone(),
                client_ip: self.client_ip.clone(),
            });
        (data, private)
    }

    fn join(data: PaymentStartedData, private: PaymentStartedPrivate) -> Result<Self, Mismatch> {
        Ok(Self {
            payment: payment(data.account, data.out_trade_no),
            method: data.method.0,
            asked: data.asked.into(),
            app_id: plain(data.app_id),
            expires_at: data.expires_at.map(|instant| instant.0),
            return_url: private.return_url,
            openid: private.openid,
            client_ip: private.client_ip,
        })
    }
}

/// The name of an [`Offer`], its content apart.
#[derive(Clone, Copy)]
enum OfferKind {
    Signed,
    Code,
    Prepay,
    Link,
    Elsewhere,
}

spelled_choice!(OfferKind {
    Signed = "signed",
    Code = "code",
    Prepay = "prepay",
    Link = "link",
    Elsewhere = "elsewhere",
});

#[derive(Serialize, Deserialize)]
pub(super) struct PaymentOfferedData {
    account: Text<AccountName>,
    out_trade_no: Text<OutTradeNo>,
    method: Text<Method>,
    offer: Text<OfferKind>,
    #[serde(skip_serializing_if = "Option::is_none")]
    content: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    valid_until: Option<Instant>,
}

impl Form for PaymentOffered {
    type Data = PaymentOfferedData;

    fn data(&self) -> PaymentOfferedData {
        let (offer, content) = match &self.offer {
            Offer::Signed => (OfferKind::Signed, None),
            Offer::Code(content) => (OfferKind::Code, Some(content)),
            Offer::Prepay(content) => (OfferKind::Prepay, Some(content)),
            Offer::Link(content) => (OfferKind::Link, Some(content)),
            Offer::Elsewhere => (OfferKind::Elsewhere, None),
        };
        PaymentOfferedData {
            account: Text(self.payment.account.clone()),
            out_trade_no: Text(self.payment.out_trade_no.clone()),
            method: Text(self.method),
            offer: Text(offer),
            content: content.cloned(),
            valid_until: self.valid_until.map(Instant),
        }
    }

    fn event(data: PaymentOfferedData) -> Result<Self, Mismatch> {
        let offer = match (data.offer.0, data.content) {
            (OfferKind::Signed, None) => Offer::Signed,
            (OfferKind::Code, Some(content)) => Offer::Code(content),
            (OfferKind::Prepay, Some(content)) => Offer::Prepay(content),
            (OfferKind::Link, Some(content)) => Offer::Link(content),
            (OfferKind::Elsewhere, None) => Offer::Elsewhere,
            (OfferKind::Signed | OfferKind::Elsewhere, Some(_)) => {
                return Err(Mismatch("content beside an offer that has none"));
            }
            (OfferKind::Code | OfferKind::Prepay | OfferKind::Link, None) => {
                return Err(Mismatch("an offer without its content"));
            }
        };
        Ok(Self {
            payment: payment(data.account, data.out_trade_no),
            method: data.method.0,
            offer,
            valid_until: data.valid_until.map(|instant| instant.0),
        })
    }
}

#[derive(Serialize, Deserialize)]
pub(super) struct PaymentNamedData {
    account: Text<AccountName>,
    out_trade_no: Text<OutTradeNo>,
    method: Text<Method>,
}

impl Form for PaymentNamed {
    type Data = PaymentNamedData;

    fn data(&self) -> PaymentNamedData {
        PaymentNamedData {
            account: Text(self.payment.account.clone()),
            out_trade_no: Text(self.payment.out_trade_no.clone()),
            method: Text(self.method),
        }
    }

    fn event(data: PaymentNamedData) -> Result<Self, Mismatch> {
        Ok(Self {
            payment: payment(data.account, data.out_trade_no),
            method: data.method.0,
        })
    }
}

#[derive(Serialize, Deserialize)]
pub(super) struct PaymentStartFailedData {
    account: Text<AccountName>,
    out_trade_no: Text<OutTradeNo>,
    method: Text<Method>,
    gateway_code: String,
    /// Where the words stood before they became private.
    #[serde(skip_serializing)]
    gateway_message: Option<String>,
}

#[derive(Default, Serialize, Deserialize)]
pub(super) struct PaymentStartFailedPrivate {
    #[serde(skip_serializing_if = "Option::is_none")]
    gateway_message: Option<String>,
}

impl PartedForm for PaymentStartFailed {
    type Data = PaymentStartFailedData;
    type Private = PaymentStartFailedPrivate;

    fn split(&self) -> (PaymentStartFailedData, Option<PaymentStartFailedPrivate>) {
        let data = PaymentStartFailedData {
            account: Text(self.payment.account.clone()),
            out_trade_no: Text(self.payment.out_trade_no.clone()),
            method: Text(self.method),
            gateway_code: self.gateway_code.clone(),
            gateway_message: None,
        };
        let words = self.gateway_message.clone();
        let private = words.map(|words| PaymentStartFailedPrivate {
            gateway_message: Some(words),
        });
        (data, private)
    }

    fn join(
        data: PaymentStartFailedData,
        private: PaymentStartFailedPrivate,
    ) -> Result<Self, Mismatch> {
        Ok(Self {
            payment: payment(data.account, data.out_trade_no),
            method: data.method.0,
            gateway_code: data.gateway_code,
            gateway_message: private.gateway_message.or(data.gateway_message),
        })
    }
}

#[derive(Serialize, Deserialize)]
pub(super) struct PaymentClosedData {
    account: Text<AccountName>,
    out_trade_no: Text<OutTradeNo>,
    method: Text<Method>,
    source: Text<Source>,
}

impl Form for PaymentClosed {
    type Data = PaymentClosedData;

    fn data(&self) -> PaymentClosedData {
        PaymentClosedData {
            account: Text(self.payment.account.clone()),
            out_trade_no: Text(self.payment.out_trade_no.clone()),
            method: Text(self.method),
            source: Text(self.source),
        }
    }

    fn event(data: PaymentClosedData) -> Result<Self, Mismatch> {
        Ok(Self {
            payment: payment(data.account, data.out_trade_no),
            method: data.method.0,
            source: data.source.0,
        })
    }
}

#[derive(Serialize, Deserialize)]
pub(super) struct PaymentFinishedData {
    account: Text<AccountName>,
    out_trade_no: Text<OutTradeNo>,
    method: Text<Method>,
    #[serde(skip_serializing_if = "Option::is_none")]
    transaction_id: Option<Text<TransactionId>>,
}

impl Form for PaymentFinished {
    type Data = PaymentFinishedData;

    fn data(&self) -> PaymentFinishedData {
        PaymentFinishedData {
            account: Text(self.payment.account.clone()),
            out_trade_no: Text(self.payment.out_trade_no.clone()),
            method: Text(self.method),
            transaction_id: text(self.transaction_id.as_ref()),
        }
    }

    fn event(data: PaymentFinishedData) -> Result<Self, Mismatch> {
        Ok(Self {
            payment: payment(data.account, data.out_trade_no),
            method: data.method.0,
            transaction_id: plain(data.transaction_id),
        })
    }
}

#[derive(Serialize, Deserialize)]
pub(super) struct DuplicateNotifyIgnoredData {
    account: Text<AccountName>,
    out_trade_no: Text<OutTradeNo>,
    method: Text<Method>,
    #[serde(skip_serializing_if = "Option::is_none")]
    transaction_id: Option<Text<TransactionId>>,
    staleness: Text<Staleness>,
}

impl Form for DuplicateNotifyIgnored {
    type Data = DuplicateNotifyIgnoredData;

    fn data(&self) -> DuplicateNotifyIgnoredData {
        DuplicateNotifyIgnoredData {
            account: Text(self.payment.account.clone()),
            out_trade_no: Text(self.payment.out_trade_no.clone()),
            method: Text(self.method),
            transaction_id: text(self.transaction_id.as_ref()),
            staleness: Text(self.staleness),
        }
    }

    fn event(data: DuplicateNotifyIgnoredData) -> Result<Self, Mismatch> {
        Ok(Self {
            payment: payment(data.account, data.out_trade_no),
            method: data.method.0,
            transaction_id: plain(data.transaction_id),
            staleness: data.staleness.0,
        })
    }
}

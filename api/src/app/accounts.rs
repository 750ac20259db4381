//! The shop's accounts at the gateways: whose messages they take, and what each can do.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use bytes::Bytes;
use http::HeaderMap;
use payfold_alipay::AlipayAccount;
use payfold_domain::policy::Capability;
use payfold_domain::{
    AccountName, AppId, Authentic, Gateway, KeyFingerprint, Message, Method, Timestamp,
};
use payfold_store::{Channel, EvidenceKey, EvidenceMessage};
use payfold_wechatpay::{Protocol, WechatPayAccount};

use super::handle::Proven;

/// An account at a gateway. A clone knows the keys that the account has adopted so far, and adopts by
/// itself.
#[derive(Clone)]
pub struct Account {
    /// Its name in the configuration.
    pub name: AccountName,
    /// What speaks its gateway's language.
    pub gateway: GatewayAccount,
    /// What it can do.
    pub capability: Capability,
    /// The merchant at the gateway: Alipay's `seller_id`, WeChat Pay's `mch_id`.
    pub merchant_id: String,
    /// The application that payments are started through unless a method has its own.
    pub app_id: String,
    /// The keys that may verify its messages; those of a shared secret have no public half.
    keys: BTreeMap<KeyFingerprint, Bytes>,
}

/// What speaks a gateway's language.
#[derive(Clone)]
pub enum GatewayAccount {
    /// Alipay.
    Alipay(AlipayAccount),
    /// WeChat Pay.
    WechatPay(WechatPayAccount),
}

/// Why a message was not taken, as the gateway's adapter says it.
#[derive(Debug)]
pub(crate) enum Refusal {
    Alipay(payfold_alipay::Refusal),
    WechatPay(payfold_wechatpay::Refusal),
}

impl Refusal {
    /// The cause, for counters and logs.
    pub(crate) fn label(&self) -> &'static str {
        match self {
            Self::Alipay(refusal) => refusal.label(),
            Self::WechatPay(refusal) => refusal.label(),
        }
    }
}

/// An answer to a notify, in the gateway's form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotifyAnswer {
    /// The HTTP status.
    pub status: u16,
    /// The `Content-Type`, where there is a body.
    pub content_type: Option<&'static str>,
    /// The body.
    pub body: &'static str,
}

/// What became of a notify.
#[derive(Debug)]
pub(crate) enum Fate {
    /// What it says is durably stored.
    Accepted,
    /// It is not authentic, not well-formed, or not for this account.
    Refused(Refusal),
    /// It is authentic and could not be stored now.
    Unavailable,
}

impl Account {
    /// An account, ready to take messages.
    pub fn new(
        name: AccountName,
        gateway: GatewayAccount,
        capability: Capability,
        merchant_id: String,
        app_id: String,
    ) -> Self {
        let keys = public_keys(&gateway);
        Self {
            name,
            gateway,
            capability,
            merchant_id,
            app_id,
            keys,
        }
    }

    /// Its gateway.
    pub fn gateway(&self) -> Gateway {
        match self.gateway {
            GatewayAccount::Alipay(_) => Gateway::Alipay,
            GatewayAccount::WechatPay(_) => Gateway::WechatPay,
        }
    }

    /// Who it is at its gateway. Two accounts must not be the same.
    pub fn identity(&self) -> (Gateway, &str, Option<&str>) {
        let app_id = match self.gateway {
            GatewayAccount::Alipay(_) => Some(self.app_id.as_str()),
            GatewayAccount::WechatPay(_) => None,
        };
        (self.gateway(), &self.merchant_id, app_id)
    }

    /// The methods of its gateway that this payfold can start, `external` among them.
    pub fn methods(&self) -> &'static [Method] {
        match self.gateway {
            GatewayAccount::Alipay(_) => &[
                Method::AlipayPage,
                Method::AlipayWap,
                Method::AlipayApp,
                Method::AlipayJsapi,
                Method::AlipayQr,
                Method::External,
            ],
            GatewayAccount::WechatPay(_) => &[
                Method::WechatpayNative,
                Method::WechatpayJsapi,
                Method::WechatpayMini,
                Method::WechatpayH5,
                Method::WechatpayApp,
                Method::External,
            ],
        }
    }

    /// Whether payments are started by it.
    pub(crate) fn starts_payments(&self) -> bool {
        match self.capability {
            Capability::Full => true,
            Capability::Retired | Capability::ReceivesOnly => false,
        }
    }

    /// The application that a method's payments are started through; `None` for a payment that the
    /// shop starts through whichever it likes.
    pub(crate) fn app_id_for(&self, method: Method) -> Option<AppId> {
        match (&self.gateway, method) {
            (_, Method::External) => None,
            (GatewayAccount::Alipay(account), _) => Some(account.app_id().clone()),
            (GatewayAccount::WechatPay(account), method) => {
                Some(account.app_id_for(method).clone())
            }
        }
    }

    /// Verifies a notify over its raw bytes, and says what it means.
    pub(crate) fn verify(
        &self,
        headers: &HeaderMap,
        body: &[u8],
        now: Timestamp,
    ) -> Result<Authentic, Refusal> {
        match &self.gateway {
            GatewayAccount::Alipay(account) => {
                account.verify_notify(body, now).map_err(Refusal::Alipay)
            }
            GatewayAccount::WechatPay(account) => account
                .verify(headers, body, now)
                .map_err(Refusal::WechatPay),
        }
    }

    /// Whether a notify may have been refused because the gateway signs with a certificate that is not
    /// known yet. WeChat Pay's name theirs; Alipay's do not.
    pub(crate) fn may_have_renewed(&self, refusal: &Refusal) -> bool {
        use payfold_alipay::Refusal as AlipayRefusal;
        use payfold_wechatpay::Refusal as WechatPayRefusal;
        match (&self.gateway, refusal) {
            (GatewayAccount::Alipay(account), Refusal::Alipay(AlipayRefusal::SignatureWrong)) => {
                account.newest_certificate().is_some()
            }
            (
                GatewayAccount::WechatPay(_),
                Refusal::WechatPay(WechatPayRefusal::UnknownCertificateSerial),
            ) => true,
            (GatewayAccount::Alipay(_) | GatewayAccount::WechatPay(_), _) => false,
        }
    }

    /// Translates a message again that was authentic when it was stored.
    pub(crate) fn reread(&self, message: &EvidenceMessage) -> Result<Message, Refusal> {
        match &self.gateway {
            GatewayAccount::Alipay(account) => account
                .reread(&message.body, message.received_at)
                .map_err(Refusal::Alipay),
            GatewayAccount::WechatPay(account) => account
                .reread(&message.body, message.received_at)
                .map_err(Refusal::WechatPay),
        }
    }

    /// The gateway's form of an answer to a notify with that body.
    pub(crate) fn answer(&self, body: &[u8], fate: &Fate) -> NotifyAnswer {
        match &self.gateway {
            GatewayAccount::Alipay(_) => {
                use payfold_alipay::NotifyAnswer as Answer;
                let answer = match fate {
                    Fate::Accepted => Answer::ACCEPTED,
                    Fate::Refused(_) => Answer::REFUSED,
                    Fate::Unavailable => Answer::UNAVAILABLE,
                };
                NotifyAnswer {
                    status: answer.status,
                    content_type: Some(answer.content_type),
                    body: answer.body,
                }
            }
            GatewayAccount::WechatPay(_) => {
                let protocol = Protocol::of(body);
                let answer = match fate {
                    Fate::Accepted => protocol.accepted(),
                    Fate::Refused(Refusal::WechatPay(refusal)) => protocol.refused(refusal),
                    Fate::Refused(Refusal::Alipay(_)) | Fate::Unavailable => protocol.unavailable(),
                };
                NotifyAnswer {
                    status: answer.status,
                    content_type: answer.content_type,
                    body: answer.body,
                }
            }
        }
    }

    /// A notify as evidence, with the key that verified it.
    pub(crate) fn notify_evidence(
        &self,
        headers: Vec<(String, String)>,
        key: KeyFingerprint,
        body: Bytes,
        received_at: Timestamp,
    ) -> Proven {
        let channel = match self.gateway {
            GatewayAccount::Alipay(_) => Channel::AlipayNotify,
            GatewayAccount::WechatPay(_) => match Protocol::of(&body) {
                Protocol::V3 => Channel::WechatPayV3Notify,
                Protocol::V2 => Channel::WechatPayV2Notify,
            },
        };
        self.evidence(channel, headers, key, body, received_at)
    }

    /// A return's query as evidence, with the key that verified it.
    pub(crate) fn return_evidence(
        &self,
        key: KeyFingerprint,
        query: Bytes,
        received_at: Timestamp,
    ) -> Proven {
        self.evidence(Channel::AlipayReturn, Vec::new(), key, query, received_at)
    }

    /// A message as evidence, with the key that verified it.
    pub(crate) fn evidence(
        &self,
        channel: Channel,
        headers: Vec<(String, String)>,
        key: KeyFingerprint,
        body: Bytes,
        received_at: Timestamp,
    ) -> Proven {
        let message = EvidenceMessage {
            channel,
            account: self.name.clone(),
            received_at,
            headers,
            body,
        };
        Proven {
            message,
            key: self.evidence_key(key),
        }
    }

    fn evidence_key(&self, fingerprint: KeyFingerprint) -> EvidenceKey {
        let spki_der = match self.keys.get(&fingerprint) {
            Some(spki_der) => Some(spki_der.clone()),
            // One that came later, as platform certificates do.
            None => public_keys(&self.gateway).remove(&fingerprint),
        };
        EvidenceKey {
            fingerprint,
            spki_der,
        }
    }
}

fn public_keys(gateway: &GatewayAccount) -> BTreeMap<KeyFingerprint, Bytes> {
    let keys = match gateway {
        GatewayAccount::Alipay(account) => account.public_keys(),
        GatewayAccount::WechatPay(account) => account.public_keys(),
    };
    keys.into_iter()
        .map(|(fingerprint, der)| (fingerprint, der.into()))
        .collect()
}

/// The accounts by name, exchanged as a whole when keys are read again.
pub struct Accounts(RwLock<Arc<BTreeMap<AccountName, Arc<Account>>>>);

impl Accounts {
    /// These accounts.
    pub fn new(accounts: impl IntoIterator<Item = Account>) -> Self {
        Self(RwLock::new(Arc::new(by_name(accounts))))
    }

    /// Takes these accounts instead, for what comes from now on.
    pub fn replace(&self, accounts: impl IntoIterator<Item = Account>) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(by_name(accounts));
    }

    /// The account of that name.
    pub fn get(&self, name: &AccountName) -> Option<Arc<Account>> {
        self.all().get(name).cloned()
    }

    /// The other accounts of an account's merchant, who may have several applications.
    pub(crate) fn others_of(&self, account: &Account) -> Vec<AccountName> {
        let (gateway, merchant_id, _) = account.identity();
        let all = self.all();
        let others = all.values().filter(|other| {
            let (others_gateway, others_merchant_id, _) = other.identity();
            other.name != account.name
                && (others_gateway, others_merchant_id) == (gateway, merchant_id)
        });
        others.map(|other| other.name.clone()).collect()
    }

    /// All accounts, in the order of their names.
    pub fn all(&self) -> Arc<BTreeMap<AccountName, Arc<Account>>> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }
}

fn by_name(accounts: impl IntoIterator<Item = Account>) -> BTreeMap<AccountName, Arc<Account>> {
    accounts
        .into_iter()
        .map(|account| (account.name.clone(), Arc::new(account)))
        .collect()
}

//! Fetching the gateways' certificates: now and then, and at once when a message names one that is not
//! known. WeChat Pay has a list of them; Alipay has one, whose SN is in every answer to an account in
//! certificate mode. A merchant with a public key alone has none, which is no fault.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use http::{Response, StatusCode};
use payfold_alipay::AlipayAccount;
use payfold_domain::{AccountName, Timestamp};
use payfold_store::{Store, StoreError};
use payfold_wechatpay::WechatPayAccount;
use tokio::sync::Mutex;

use super::kept::{self, Brought};
use super::{CallKind, unknown, unsigned};
use crate::app::accounts::{Account, GatewayAccount};
use crate::app::{App, AppError};

/// How long an account's certificates are not asked for again, in seconds: anybody can send a message
/// that names a serial.
const APART_SECS: i64 = 60;

/// How often certificates are asked for without a reason, in seconds: new ones appear days before the
/// old end.
const ROUTINE_SECS: i64 = 12 * 60 * 60;

/// When the certificates of each account were asked for last. Who holds it asks.
#[derive(Default)]
pub(crate) struct Fetched(Mutex<BTreeMap<AccountName, Times>>);

#[derive(Clone, Copy, Default)]
struct Times {
    asked: Option<Timestamp>,
    /// When the gateway told last, this process or another.
    told: Option<Timestamp>,
}

impl Times {
    fn is_due(self, now: Timestamp) -> bool {
        self.told
            .is_none_or(|told| now < told || told.plus_secs(ROUTINE_SECS) <= now)
    }
}

impl Fetched {
    /// Takes what was kept of these accounts' certificates among their keys.
    pub(crate) async fn recall(
        &self,
        store: &dyn Store,
        accounts: &[Account],
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut fetched = self.0.lock().await;
        for account in accounts {
            let told = kept::recall(store, account, now).await?;
            fetched.entry(account.name.clone()).or_default().told = told;
        }
        Ok(())
    }
}

impl App {
    /// Takes these accounts instead of those that are there, with what was kept of their certificates.
    pub async fn replace_accounts(&self, accounts: Vec<Account>) -> Result<(), AppError> {
        let now = self.world.now();
        let recalled = self
            .certificates_fetched
            .recall(&*self.store, &accounts, now);
        recalled.await?;
        self.accounts.replace(accounts);
        Ok(())
    }

    /// Asks for the certificates that nobody was told of for long.
    pub(crate) async fn fetch_due_certificates(&self) -> Result<(), AppError> {
        let mut failed = Ok(());
        for name in self.accounts.all().keys() {
            if let Some(account) = self.askable(name)
                && let Err(error) = self.fetch_if_due(&account).await
            {
                failed = Err(error);
            }
        }
        failed
    }

    async fn fetch_if_due(&self, account: &Arc<Account>) -> Result<(), AppError> {
        let now = self.world.now();
        {
            let mut fetched = self.certificates_fetched.0.lock().await;
            let times = fetched.entry(account.name.clone()).or_default();
            if times.is_due(now) {
                // Another node may have been told meanwhile.
                times.told = kept::recall(&*self.store, account, now).await?;
            }
            if !times.is_due(now) {
                return Ok(());
            }
        }
        self.refresh_certificates(account).await.map(drop)
    }

    /// Asks for an account's certificates, unless that was done a moment ago; one asks at a time, and
    /// who waited for it may look again. Says whether there may be new ones.
    pub(crate) async fn refresh_certificates(
        &self,
        account: &Arc<Account>,
    ) -> Result<bool, AppError> {
        let asked_at = self.world.now();
        let mut fetched = self.certificates_fetched.0.lock().await;
        let times = fetched.entry(account.name.clone()).or_default();
        if let Some(last) = times.asked
            && self.world.now() < last.plus_secs(APART_SECS)
        {
            return Ok(asked_at <= last);
        }
        times.asked = Some(self.world.now());
        let brought = self.fetch_certificates(account).await?;
        let now = self.world.now();
        times.told = Some(now);
        let is_new = brought.is_some();
        if let Err(error) = kept::keep(&*self.store, &account.name, now, brought).await {
            tracing::warn!(account = %account.name, %error, "certificates could not be kept");
        }
        Ok(is_new)
    }

    /// Fetches the certificate that an answer names, where it is none that is known: then the answer
    /// can be verified.
    pub(super) async fn learn_certificate(&self, account: &Arc<Account>, answer: &Response<Bytes>) {
        let GatewayAccount::Alipay(alipay) = &account.gateway else {
            return;
        };
        if alipay.unknown_certificate(answer.body()).is_none() {
            return;
        }
        // This asks by the same way as what was answered here.
        let refreshing = Box::pin(self.refresh_certificates(account));
        if let Err(error) = refreshing.await {
            tracing::warn!(account = %account.name, %error, "Alipay's new certificate could not be fetched");
        }
    }

    /// The answer that brought certificates which were not known, if one did.
    async fn fetch_certificates(
        &self,
        account: &Arc<Account>,
    ) -> Result<Option<Brought>, AppError> {
        match &account.gateway {
            GatewayAccount::Alipay(alipay) => self.fetch_from_alipay(account, alipay).await,
            GatewayAccount::WechatPay(wechatpay) => {
                self.fetch_from_wechat_pay(account, wechatpay).await
            }
        }
    }

    /// Whatever Alipay answers, it names the certificate that signs now; that one is fetched unless it
    /// is known.
    async fn fetch_from_alipay(
        &self,
        account: &Arc<Account>,
        alipay: &AlipayAccount,
    ) -> Result<Option<Brought>, AppError> {
        let Some(known) = alipay.newest_certificate() else {
            return Ok(None);
        };
        let named = self
            .ask_for_certificate(account, known, |answer, _| {
                if answer.status().is_success() {
                    return Ok(alipay.unknown_certificate(answer.body()));
                }
                Err(AppError::GatewayUnknown(format!(
                    "the gateway answered {}, expected 200",
                    answer.status()
                )))
            })
            .await?;
        let Some(sn) = named else { return Ok(None) };
        let wanted = sn.clone();
        self.ask_for_certificate(account, sn, |answer, now| {
            let is_new = alipay
                .take_certificate(&wanted, answer.status(), answer.body(), now)
                .map_err(unknown)?;
            let brought = Brought::new(Some(wanted.clone()), answer.body());
            Ok(brought.filter(|_| is_new))
        })
        .await
    }

    async fn ask_for_certificate<T>(
        &self,
        account: &Arc<Account>,
        sn: String,
        read: impl FnOnce(&Response<Bytes>, Timestamp) -> Result<T, AppError>,
    ) -> Result<T, AppError> {
        let make = move |account: &Account, now: Timestamp, _nonce: &str| match &account.gateway {
            GatewayAccount::Alipay(alipay) => {
                alipay.certificate_request(&sn, now).map_err(unsigned)
            }
            GatewayAccount::WechatPay(_) => Err(AppError::Signing(
                "WeChat Pay's certificates have no SN".to_owned(),
            )),
        };
        self.exchange(account, CallKind::Certificates, make, read)
            .await
    }

    async fn fetch_from_wechat_pay(
        &self,
        account: &Arc<Account>,
        wechatpay: &WechatPayAccount,
    ) -> Result<Option<Brought>, AppError> {
        self.exchange(
            account,
            CallKind::Certificates,
            |account, now, nonce| match &account.gateway {
                GatewayAccount::WechatPay(wechatpay) => {
                    wechatpay.certificates_request(now, nonce).map_err(unsigned)
                }
                GatewayAccount::Alipay(_) => Err(AppError::Signing(
                    "Alipay has no list of certificates".to_owned(),
                )),
            },
            |answer, now| {
                if answer.status() == StatusCode::NOT_FOUND {
                    return Ok(None);
                }
                let new = wechatpay
                    .take_certificates(answer.status(), answer.headers(), answer.body(), now)
                    .map_err(unknown)?;
                Ok(Brought::new(None, answer.body()).filter(|_| new > 0))
            },
        )
        .await
    }
}

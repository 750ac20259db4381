//! Fetching the gateways' certificates: now and then, and at once when a message may be signed with one
//! that is not known. WeChat Pay has a list of them; Alipay has one, whose SN is in every answer to an
//! account in certificate mode. A merchant with a public key alone has none, which is no fault.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError};

use bytes::Bytes;
use http::{Response, StatusCode};
use payfold_alipay::AlipayAccount;
use payfold_domain::{AccountName, Timestamp};
use payfold_wechatpay::WechatPayAccount;
use tokio::sync::{Mutex, OwnedMutexGuard};

use super::kept::{self, Brought};
use super::{CallKind, unknown, unsigned};
use crate::app::accounts::{Account, GatewayAccount};
use crate::app::{App, AppError};

/// How long nobody else's message has an account's certificates asked for again, in seconds: anybody
/// can send one that does not verify.
const APART_SECS: i64 = 60;

/// How often certificates are asked for without a reason, in seconds: new ones appear days before the
/// old end.
const ROUTINE_SECS: i64 = 12 * 60 * 60;

/// When the certificates of each account were asked for. Who holds an account's times exchanges its
/// certificates; nobody waits for another account's.
#[derive(Default)]
pub(crate) struct Fetched(std::sync::Mutex<BTreeMap<AccountName, Arc<Mutex<Times>>>>);

#[derive(Default)]
pub(crate) struct Times {
    asked: Option<Timestamp>,
    /// When the gateway told last, this process or another.
    told: Option<Timestamp>,
    /// It was asked and has not told since. Whoever asked may have hung up.
    is_unanswered: bool,
}

impl Times {
    fn is_due(&self, now: Timestamp) -> bool {
        self.is_unanswered
            || self
                .told
                .is_none_or(|told| now < told || told.plus_secs(ROUTINE_SECS) <= now)
    }
}

impl Fetched {
    async fn of(&self, account: &AccountName) -> OwnedMutexGuard<Times> {
        let times = {
            let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(all.entry(account.clone()).or_default())
        };
        times.lock_owned().await
    }
}

impl App {
    /// Takes these accounts instead of those that are there, with what was kept of their certificates.
    /// Where that cannot be read now, they are asked for.
    pub async fn replace_accounts(&self, accounts: Vec<Account>) {
        let mut held = Vec::new();
        for account in &accounts {
            held.push(self.recall_certificates(account).await);
        }
        self.accounts.replace(accounts);
        // Until now nobody could give a certificate to an account that goes.
        drop(held);
    }

    /// Takes what was kept of the accounts' certificates among their keys.
    pub(crate) async fn recall_all_certificates(&self) {
        for account in self.accounts.all().values() {
            self.recall_certificates(account).await;
        }
    }

    async fn recall_certificates(&self, account: &Account) -> OwnedMutexGuard<Times> {
        let mut times = self.certificates_fetched.of(&account.name).await;
        let recalled = kept::recall(&*self.store, account, self.world.now()).await;
        times.told = recalled.unwrap_or_else(|error| {
            tracing::warn!(account = %account.name, %error, "what was kept of its certificates cannot be read");
            None
        });
        times
    }

    /// Asks for the certificates that nobody was told of for long, or that were asked for in vain.
    pub(crate) async fn fetch_due_certificates(&self) -> Result<(), AppError> {
        let mut failed = Ok(());
        for name in self.accounts.all().keys() {
            if let Err(error) = self.fetch_if_due(name).await {
                failed = Err(error);
            }
        }
        failed
    }

    async fn fetch_if_due(&self, name: &AccountName) -> Result<(), AppError> {
        let mut times = self.certificates_fetched.of(name).await;
        let now = self.world.now();
        match self.askable(name) {
            Some(account) if times.is_due(now) => {
                self.fetch_unless_kept(&account, &mut times).await.map(drop)
            }
            Some(_) | None => Ok(()),
        }
    }

    /// Has an account's certificates asked for, unless that was done a moment ago; one asks at a time,
    /// and who waited for it may look again. Says whether there may be new ones.
    pub(crate) async fn refresh_certificates(&self, name: &AccountName) -> Result<bool, AppError> {
        let wanted_at = self.world.now();
        let mut times = self.certificates_fetched.of(name).await;
        // Keys may have been read again meanwhile.
        let Some(account) = self.askable(name) else {
            return Ok(false);
        };
        if times.told.is_some_and(|told| wanted_at <= told) {
            return Ok(true);
        }
        let now = self.world.now();
        if let Some(asked) = times.asked
            && asked <= now
            && now < asked.plus_secs(APART_SECS)
        {
            return Ok(false);
        }
        self.fetch_unless_kept(&account, &mut times).await
    }

    /// Takes what another node was told since, and asks where none was. Says whether there may be new
    /// certificates.
    async fn fetch_unless_kept(
        &self,
        account: &Arc<Account>,
        times: &mut Times,
    ) -> Result<bool, AppError> {
        let now = self.world.now();
        times.asked = Some(now);
        let kept_at = kept::recall(&*self.store, account, now).await?;
        if kept_at > times.told {
            times.told = kept_at;
            times.is_unanswered = false;
            return Ok(true);
        }
        // Who asks may be gone before the answer is here: then the job asks.
        times.is_unanswered = true;
        let brought = self.fetch_certificates(account).await?;
        times.is_unanswered = false;
        let now = self.world.now();
        times.told = Some(now);
        let is_new = brought.is_some();
        if let Err(error) = kept::keep(&*self.store, account, now, brought).await {
            tracing::warn!(account = %account.name, %error, "certificates could not be kept");
        }
        Ok(is_new)
    }

    /// Fetches the certificate that an answer names, where it is none that is known: then the answer
    /// can be verified.
    pub(super) async fn learn_certificate(&self, account: &Arc<Account>, answer: &Response<Bytes>) {
        let is_known = match &account.gateway {
            GatewayAccount::Alipay(alipay) => alipay.unknown_certificate(answer.body()).is_none(),
            GatewayAccount::WechatPay(wechatpay) => {
                !wechatpay.lacks_certificate_of(answer.headers())
            }
        };
        if is_known {
            return;
        }
        // This asks by the same way as what was answered here.
        let refreshing = Box::pin(self.refresh_certificates(&account.name));
        if let Err(error) = refreshing.await {
            tracing::warn!(account = %account.name, %error, "the gateway's new certificate could not be fetched");
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

//! Fetching the gateways' certificates: now and then, and at once when a message names one that is not
//! known. WeChat Pay has a list of them; Alipay has one, whose SN is in every answer to an account in
//! certificate mode. A merchant with a public key alone has none, which is no fault.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use http::{Response, StatusCode};
use payfold_alipay::AlipayAccount;
use payfold_domain::{AccountName, Timestamp};
use payfold_wechatpay::WechatPayAccount;
use tokio::sync::Mutex;

use super::{CallKind, unknown, unsigned};
use crate::app::accounts::{Account, GatewayAccount};
use crate::app::{App, AppError};

/// How long an account's certificates are not asked for again, in seconds: anybody can send a message
/// that names a serial.
const APART_SECS: i64 = 60;

/// When the certificates of each account were asked for last. Who holds it asks.
#[derive(Default)]
pub(crate) struct Fetched(Mutex<BTreeMap<AccountName, Timestamp>>);

impl App {
    /// Asks for an account's certificates, unless that was done a moment ago; one asks at a time, and
    /// who waited for it may look again. Says whether there may be new ones.
    pub(crate) async fn refresh_certificates(
        &self,
        account: &Arc<Account>,
    ) -> Result<bool, AppError> {
        let asked_at = self.world.now();
        let mut fetched = self.certificates_fetched.0.lock().await;
        if let Some(last) = fetched.get(&account.name)
            && self.world.now() < last.plus_secs(APART_SECS)
        {
            return Ok(asked_at <= *last);
        }
        let now = self.world.now();
        fetched.insert(account.name.clone(), now);
        let new = self.fetch_certificates(account).await?;
        Ok(new > 0)
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

    async fn fetch_certificates(&self, account: &Arc<Account>) -> Result<usize, AppError> {
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
    ) -> Result<usize, AppError> {
        let Some(known) = alipay.newest_certificate() else {
            return Ok(0);
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
        let Some(sn) = named else { return Ok(0) };
        let wanted = sn.clone();
        let is_new = self
            .ask_for_certificate(account, sn, |answer, now| {
                alipay
                    .take_certificate(&wanted, answer.status(), answer.body(), now)
                    .map_err(unknown)
            })
            .await?;
        Ok(usize::from(is_new))
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
    ) -> Result<usize, AppError> {
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
                    return Ok(0);
                }
                wechatpay
                    .take_certificates(answer.status(), answer.headers(), answer.body(), now)
                    .map_err(unknown)
            },
        )
        .await
    }
}

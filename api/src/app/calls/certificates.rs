//! Fetching WeChat Pay's platform certificates: now and then, and at once when a message names one that
//! is not known. A merchant with a public key alone has none, which is no fault.

use std::collections::BTreeMap;
use std::sync::Arc;

use http::StatusCode;
use payfold_domain::{AccountName, Timestamp};
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

    async fn fetch_certificates(&self, account: &Arc<Account>) -> Result<usize, AppError> {
        let GatewayAccount::WechatPay(wechatpay) = &account.gateway else {
            return Ok(0);
        };
        self.exchange(
            account,
            CallKind::Certificates,
            |account, now, nonce| match &account.gateway {
                GatewayAccount::WechatPay(wechatpay) => {
                    wechatpay.certificates_request(now, nonce).map_err(unsigned)
                }
                GatewayAccount::Alipay(_) => Err(AppError::Signing(
                    "Alipay has no certificates to fetch".to_owned(),
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

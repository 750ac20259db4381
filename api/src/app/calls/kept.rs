//! What was told of an account's certificates last, kept in a cell: a process that starts, or reads its
//! keys again, knows what was learned before, and a node looks there before it asks the gateway.

use bytes::Bytes;
use http::StatusCode;
use payfold_domain::{AccountName, Timestamp};
use payfold_store::{Cell, CellOutcome, Store, StoreError};
use serde::{Deserialize, Serialize};

use super::unknown;
use crate::app::AppError;
use crate::app::accounts::{Account, GatewayAccount};

/// What an account's cell holds.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Kept {
    /// When the gateway told last, in seconds since 1970.
    told_at_secs: i64,
    /// Its last answer that brought a certificate, as it came.
    brought: Option<Brought>,
}

/// An answer that brought certificates. What makes it trusted is in it: WeChat Pay's are sealed by the
/// APIv3 key, Alipay's chain to the configured root. It is verified again whenever it is read.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Brought {
    /// The SN that Alipay was asked for.
    sn: Option<String>,
    /// The body.
    answer: String,
}

impl Brought {
    /// `None` for a body that is no text, which none of the gateways sends.
    pub(super) fn new(sn: Option<String>, body: &Bytes) -> Option<Self> {
        let answer = str::from_utf8(body).ok()?.to_owned();
        Some(Self { sn, answer })
    }

    fn take(&self, account: &Account, now: Timestamp) -> Result<(), AppError> {
        let body = self.answer.as_bytes();
        match (&account.gateway, &self.sn) {
            (GatewayAccount::Alipay(alipay), Some(sn)) => alipay
                .take_certificate(sn, StatusCode::OK, body, now)
                .map(|_is_new| ())
                .map_err(unknown),
            (GatewayAccount::WechatPay(wechatpay), None) => wechatpay
                .take_kept_certificates(body)
                .map(|_new| ())
                .map_err(unknown),
            (GatewayAccount::Alipay(_), None) | (GatewayAccount::WechatPay(_), Some(_)) => Err(
                AppError::GatewayUnknown("it was told by another gateway".to_owned()),
            ),
        }
    }
}

fn name_of(account: &AccountName) -> String {
    format!("certificates/{account}")
}

/// The cell of an account and its content; what cannot be read counts as never told.
async fn read(
    store: &dyn Store,
    account: &AccountName,
) -> Result<(Option<Cell>, Kept), StoreError> {
    let cell = store.cell(&name_of(account)).await?;
    let kept = match &cell {
        Some(cell) => serde_json::from_slice(&cell.value).unwrap_or_else(|error| {
            tracing::warn!(%account, %error, "what was kept of its certificates cannot be read");
            Kept::default()
        }),
        None => Kept::default(),
    };
    Ok((cell, kept))
}

/// Takes what was kept of an account's certificates among its keys, and says when the gateway told it;
/// `None` where it has to be asked.
pub(super) async fn recall(
    store: &dyn Store,
    account: &Account,
    now: Timestamp,
) -> Result<Option<Timestamp>, StoreError> {
    let (cell, kept) = read(store, &account.name).await?;
    if cell.is_none() {
        return Ok(None);
    }
    if let Some(brought) = &kept.brought
        && let Err(error) = brought.take(account, now)
    {
        // As it is when the APIv3 key or the configured root has changed since.
        tracing::warn!(account = %account.name, %error, "kept certificates are not taken");
        return Ok(None);
    }
    Ok(Some(Timestamp::from_secs(kept.told_at_secs)))
}

/// Keeps that an account's gateway told now, and what it brought; what it brought before, while that can
/// still be taken. Where another node keeps at the same time, one of the two stays: the other's
/// certificates are fetched again once they are missed.
pub(super) async fn keep(
    store: &dyn Store,
    account: &Account,
    now: Timestamp,
    brought: Option<Brought>,
) -> Result<(), StoreError> {
    let (cell, kept) = read(store, &account.name).await?;
    let before = kept
        .brought
        .filter(|brought| brought.take(account, now).is_ok());
    let kept = Kept {
        told_at_secs: now.as_secs(),
        brought: brought.or(before),
    };
    let Ok(value) = serde_json::to_vec(&kept) else {
        return Ok(());
    };
    let revision = cell.map_or(0, |cell| cell.revision);
    match store
        .set_cell(&name_of(&account.name), revision, value.into())
        .await?
    {
        CellOutcome::Written { .. } | CellOutcome::Conflict { .. } => Ok(()),
    }
}

//! Accounts that the configuration names no more, while their payments are young enough that a gateway
//! may still tell of them, or give them back.

use std::collections::BTreeSet;

use bytes::Bytes;
use payfold_domain::event::{Event, OrderEvent};
use payfold_domain::{AccountName, InvalidName, OutTradeNo, PaymentRef, Timestamp};
use payfold_store::{Cell, CellOutcome, Claim, Store, StreamName, decode};

use super::AppError;
use super::identity::IdentityProblem;

/// How long a payment can still be refunded at a gateway: a year, in seconds.
const YEAR_SECS: i64 = 365 * 86_400;

/// How many payments are looked at a time.
const PAGE: usize = 64;

/// The cell that names the accounts whose payments were all older when they were looked at. An account
/// that is not configured gets no new ones, so they are not looked at again at every start; money of such
/// a one that a person gives to an order is no reason to want it back.
const CELL: &str = "accounts-long-gone";

/// The accounts with payments of the last year that are not among these.
pub(super) async fn accounts_gone(
    store: &dyn Store,
    configured: &BTreeSet<&AccountName>,
    now: Timestamp,
) -> Result<Vec<AccountName>, IdentityProblem> {
    let year_ago = now.plus_secs(-YEAR_SECS);
    let kept = store.cell(CELL).await.map_err(AppError::from)?;
    let long_gone = kept.as_ref().map(names).unwrap_or_default();
    let (mut gone, mut old) = (Vec::new(), BTreeSet::new());
    let mut after = None;
    loop {
        let page = payments(store, after.as_ref()).await?;
        let Some((first, _)) = page.first() else {
            keep(store, kept.as_ref(), &old).await;
            return Ok(gone);
        };
        let account = first.account.clone();
        let own = page
            .into_iter()
            .take_while(|(payment, _)| payment.account == account);
        let own: Vec<(PaymentRef, StreamName)> = own.collect();
        let is_known = configured.contains(&account);
        let is_old = !is_known && long_gone.contains(account.as_str());
        let is_young = !is_known && !is_old && any_since(store, &own, year_ago).await?;
        if is_young {
            old.remove(&account);
            gone.push(account.clone());
        } else if !is_known {
            old.insert(account.clone());
        }
        let seen = own.into_iter().next_back().map(|(payment, _)| payment);
        after = match seen {
            Some(payment) if !is_known && !is_old && !is_young => Some(Claim::Payment(payment)),
            Some(_) | None => Some(Claim::Payment(last_of(account)?)),
        };
    }
}

/// What the cell holds: a name a line.
fn names(cell: &Cell) -> BTreeSet<String> {
    let text = String::from_utf8_lossy(&cell.value);
    text.lines().map(str::to_owned).collect()
}

fn lines<'a>(names: impl Iterator<Item = &'a str>) -> Bytes {
    Bytes::from(names.collect::<Vec<_>>().join("\n"))
}

/// Whatever orders are given of its money from now on, the account may stay gone.
pub(super) async fn let_stay_gone(
    store: &dyn Store,
    account: &AccountName,
) -> Result<(), AppError> {
    let kept = store.cell(CELL).await?;
    let mut gone = kept.as_ref().map(names).unwrap_or_default();
    if !gone.insert(account.as_str().to_owned()) {
        return Ok(());
    }
    let revision = kept.map_or(0, |kept| kept.revision);
    let value = lines(gone.iter().map(String::as_str));
    match store.set_cell(CELL, revision, value).await? {
        CellOutcome::Written { .. } => Ok(()),
        CellOutcome::Conflict { .. } => Err(AppError::Contended),
    }
}

/// Keeps these names. Where they are not kept, as by who only reads, the next start looks again.
async fn keep(store: &dyn Store, kept: Option<&Cell>, old: &BTreeSet<AccountName>) {
    let value = lines(old.iter().map(AccountName::as_str));
    if kept.map_or(value.is_empty(), |kept| kept.value == value) {
        return;
    }
    let revision = kept.map_or(0, |kept| kept.revision);
    if let Err(error) = store.set_cell(CELL, revision, value).await {
        tracing::debug!(%error, "accounts that are long gone could not be kept");
    }
}

/// The next payments that orders have claimed, account by account: that is the order of claims.
async fn payments(
    store: &dyn Store,
    after: Option<&Claim>,
) -> Result<Vec<(PaymentRef, StreamName)>, AppError> {
    let claims = store.claims(after, PAGE).await?;
    let payment = |(claim, owner)| match claim {
        Claim::Payment(payment) => Some((payment, owner)),
        Claim::Transaction(..) | Claim::Refund(..) => None,
    };
    Ok(claims.into_iter().map_while(payment).collect())
}

/// Whether any of these payments was started, or brought money, since then.
async fn any_since(
    store: &dyn Store,
    payments: &[(PaymentRef, StreamName)],
    since: Timestamp,
) -> Result<bool, AppError> {
    for (payment, stream) in payments {
        for recorded in store.load(stream, 0).await? {
            // An event that cannot be read tells nothing; its order shows as corrupt.
            let at = match decode(&recorded) {
                Ok(Event::Order(OrderEvent::PaymentStarted(started)))
                    if started.payment == *payment =>
                {
                    recorded.time
                }
                Ok(Event::Order(OrderEvent::PaymentConfirmed(confirmed)))
                    if confirmed.money.payment == *payment =>
                {
                    confirmed.money.receipt.paid_at
                }
                Ok(_) | Err(_) => continue,
            };
            if since <= at {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

/// No payment of the account comes after this one.
fn last_of(account: AccountName) -> Result<PaymentRef, InvalidName> {
    let out_trade_no = OutTradeNo::from_gateway(&"|".repeat(64))?;
    Ok(PaymentRef {
        account,
        out_trade_no,
    })
}

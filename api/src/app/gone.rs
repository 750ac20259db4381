//! Accounts that the configuration names no more, while their payments are young enough that a gateway
//! may still tell of them, or give them back.

use std::collections::BTreeSet;

use payfold_domain::event::{Event, OrderEvent};
use payfold_domain::{AccountName, InvalidName, OutTradeNo, PaymentRef, Timestamp};
use payfold_store::{Claim, Store, StreamName, decode};

use super::AppError;
use super::identity::IdentityProblem;

/// How long a payment can still be refunded at a gateway: a year, in seconds.
const YEAR_SECS: i64 = 365 * 86_400;

/// How many payments are looked at a time.
const PAGE: usize = 64;

/// The accounts with payments of the last year that are not among these.
pub(super) async fn accounts_gone(
    store: &dyn Store,
    configured: &BTreeSet<&AccountName>,
    now: Timestamp,
) -> Result<Vec<AccountName>, IdentityProblem> {
    let year_ago = now.plus_secs(-YEAR_SECS);
    let mut gone = Vec::new();
    let mut after = None;
    loop {
        let page = payments(store, after.as_ref()).await?;
        let Some((first, _)) = page.first() else {
            return Ok(gone);
        };
        let account = first.account.clone();
        let own = page
            .into_iter()
            .take_while(|(payment, _)| payment.account == account);
        let own: Vec<(PaymentRef, StreamName)> = own.collect();
        let is_known = configured.contains(&account);
        let is_young = !is_known && any_since(store, &own, year_ago).await?;
        if is_young {
            gone.push(account.clone());
        }
        let seen = own.into_iter().next_back().map(|(payment, _)| payment);
        after = match seen {
            Some(payment) if !is_known && !is_young => Some(Claim::Payment(payment)),
            Some(_) | None => Some(Claim::Payment(last_of(account)?)),
        };
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

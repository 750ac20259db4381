//! Tokens that payfold hands out and takes back: the `read_token` of an order and the `rt` of a
//! return. Both are signed by a secret that all nodes share, and need no memory.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use hmac::{Hmac, KeyInit, Mac};
use payfold_domain::{AccountName, OrderNo, OutTradeNo, PaymentRef, Timestamp};
use payfold_store::{CellOutcome, Store, StoreError};
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::world::World;

/// The cell that keeps the secret.
const CELL: &str = "token-secret";

/// How long a `read_token` is good for, in seconds.
const READ_TOKEN_SECS: i64 = 24 * 60 * 60;

/// Makes and checks tokens.
pub struct Tokens {
    /// HMAC's key, padded with zeros to its block.
    secret: Zeroizing<[u8; 64]>,
}

impl Tokens {
    /// Reads the secret that all nodes share; the first one to ask makes it.
    pub async fn load(store: &dyn Store, world: &World) -> Result<Self, StoreError> {
        loop {
            if let Some(cell) = store.cell(CELL).await? {
                let mut secret = Zeroizing::new([0; 64]);
                secret
                    .iter_mut()
                    .zip(cell.value.iter())
                    .for_each(|(to, from)| *to = *from);
                return Ok(Self { secret });
            }
            let fresh = Bytes::copy_from_slice(&world.salt());
            match store.set_cell(CELL, 0, fresh).await? {
                CellOutcome::Written { .. } | CellOutcome::Conflict { .. } => {}
            }
        }
    }

    /// A bearer token for one order, good for 24 h.
    pub fn read_token(&self, order_no: &OrderNo, now: Timestamp) -> String {
        let until = now.plus_secs(READ_TOKEN_SECS).as_secs().to_string();
        let mac = self.mac("read", &[order_no.as_str(), &until]);
        format!(
            "pfr.{order_no}.{until}.{}",
            URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes())
        )
    }

    /// The order that a `read_token` shows, if it is one of ours and still good.
    pub fn read_token_order(&self, token: &str, now: Timestamp) -> Option<OrderNo> {
        let mut parts = token.strip_prefix("pfr.")?.split('.');
        let (order_no, until, mac) = (parts.next()?, parts.next()?, parts.next()?);
        let genuine = parts.next().is_none() && self.verifies("read", &[order_no, until], mac);
        (genuine && now.as_secs() < until.parse().ok()?).then(|| OrderNo::new(order_no).ok())?
    }

    /// The `rt` that the return of a payment carries.
    pub fn return_token(&self, payment: &PaymentRef) -> String {
        let number = payment.out_trade_no.as_str();
        let mac = self.mac("return", &[payment.account.as_str(), number]);
        format!(
            "{}.{}",
            URL_SAFE_NO_PAD.encode(number),
            URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes())
        )
    }

    /// The payment that an `rt` speaks of, if it is one of ours.
    pub fn returned_payment(&self, account: &AccountName, token: &str) -> Option<PaymentRef> {
        let (number, mac) = token.split_once('.')?;
        let number = String::from_utf8(URL_SAFE_NO_PAD.decode(number).ok()?).ok()?;
        if !self.verifies("return", &[account.as_str(), &number], mac) {
            return None;
        }
        let out_trade_no = OutTradeNo::from_gateway(&number).ok()?;
        Some(PaymentRef {
            account: account.clone(),
            out_trade_no,
        })
    }

    fn verifies(&self, purpose: &str, parts: &[&str], mac: &str) -> bool {
        URL_SAFE_NO_PAD
            .decode(mac)
            .is_ok_and(|bytes| self.mac(purpose, parts).verify_slice(&bytes).is_ok())
    }

    fn mac(&self, purpose: &str, parts: &[&str]) -> Hmac<Sha256> {
        let mut mac = Hmac::<Sha256>::new((&*self.secret).into());
        for part in std::iter::once(&purpose).chain(parts) {
            mac.update(part.as_bytes());
            mac.update(b"\n");
        }
        mac
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens() -> Tokens {
        Tokens {
            secret: Zeroizing::new([7; 64]),
        }
    }

    fn payment() -> PaymentRef {
        PaymentRef {
            account: AccountName::new("wx").unwrap(),
            out_trade_no: OutTradeNo::from_gateway("a|b*c-1").unwrap(),
        }
    }

    #[test]
    fn a_read_token_shows_its_order_for_24_hours() {
        let (order_no, now) = (OrderNo::new("o-1").unwrap(), Timestamp::from_secs(1_000));
        let token = tokens().read_token(&order_no, now);
        let shown = |secs| tokens().read_token_order(&token, now.plus_secs(secs));
        assert_eq!(shown(READ_TOKEN_SECS - 1), Some(order_no));
        assert_eq!(shown(READ_TOKEN_SECS), None);
    }

    #[test]
    fn a_read_token_changed_in_any_character_shows_nothing() {
        let now = Timestamp::from_secs(1_000);
        let token = tokens().read_token(&OrderNo::new("o-1").unwrap(), now);
        for at in 0..token.len() {
            for other in ['0', 'A', '.'] {
                let mut changed: Vec<char> = token.chars().collect();
                if changed[at] == other {
                    continue;
                }
                changed[at] = other;
                let changed: String = changed.into_iter().collect();
                assert_eq!(tokens().read_token_order(&changed, now), None, "{changed}");
            }
        }
    }

    #[test]
    fn a_return_token_speaks_of_its_payment_in_its_account_alone() {
        let token = tokens().return_token(&payment());
        assert_eq!(
            tokens().returned_payment(&payment().account, &token),
            Some(payment())
        );
        let other = AccountName::new("other").unwrap();
        assert_eq!(tokens().returned_payment(&other, &token), None);
        assert_eq!(tokens().returned_payment(&payment().account, "x.y"), None);
    }

    #[test]
    fn a_token_of_one_kind_is_none_of_the_other() {
        let now = Timestamp::from_secs(1_000);
        let token = tokens().return_token(&payment());
        assert_eq!(
            tokens().read_token_order(&format!("pfr.{token}"), now),
            None
        );
    }
}

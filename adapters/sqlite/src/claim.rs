//! Claims as rows: a kind, an account, a number.

use payfold_domain::{AccountName, OutTradeNo, PaymentRef, RefundNo, TransactionId};
use payfold_store::{Claim, StoreError};

/// The key of a claim's row. Rows are in the order of the claims themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ClaimKey<'a> {
    pub(crate) kind: i64,
    pub(crate) account: &'a str,
    pub(crate) number: &'a str,
}

const PAYMENT: i64 = 1;
const TRANSACTION: i64 = 2;
const REFUND: i64 = 3;

impl<'a> ClaimKey<'a> {
    pub(crate) fn of(claim: &'a Claim) -> Self {
        let (kind, account, number) = match claim {
            Claim::Payment(payment) => (PAYMENT, &payment.account, payment.out_trade_no.as_str()),
            Claim::Transaction(account, transaction) => {
                (TRANSACTION, account, transaction.as_str())
            }
            Claim::Refund(account, refund) => (REFUND, account, refund.as_str()),
        };
        Self {
            kind,
            account: account.as_str(),
            number,
        }
    }

    /// The claim that a stored row stands for.
    pub(crate) fn read(self) -> Result<Claim, StoreError> {
        let claim = match (self.kind, AccountName::new(self.account)) {
            (PAYMENT, Ok(account)) => {
                OutTradeNo::from_gateway(self.number)
                    .ok()
                    .map(|out_trade_no| {
                        Claim::Payment(PaymentRef {
                            account,
                            out_trade_no,
                        })
                    })
            }
            (TRANSACTION, Ok(account)) => TransactionId::from_gateway(self.number)
                .ok()
                .map(|transaction| Claim::Transaction(account, transaction)),
            (REFUND, Ok(account)) => RefundNo::from_gateway(self.number)
                .ok()
                .map(|refund| Claim::Refund(account, refund)),
            _ => None,
        };
        claim.ok_or_else(|| StoreError::Damaged {
            place: format!("claim {} {} {}", self.kind, self.account, self.number),
            problem: "no claim has that kind and those names".to_owned(),
        })
    }
}

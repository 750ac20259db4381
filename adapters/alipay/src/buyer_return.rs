//! The return: the query that the buyer's browser brings back from Alipay's page to `return_url`
//! 「电脑网站支付」, 「手机网站支付」. It is signed as a notify is, says nothing of money, and proves at most
//! that Alipay sent a browser back from this trade.

use payfold_domain::{KeyFingerprint, Money, PaymentRef, TransactionId};

use crate::form::Form;
use crate::{AlipayAccount, Refusal, grammar, signature};

/// A verified return. It never says that anything was paid; it is a reason to ask.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Return {
    /// The payment that the buyer comes back from.
    pub payment: PaymentRef,
    /// The trade's amount, `total_amount`.
    pub total_amount: Money,
    /// Alipay's number of the trade, `trade_no`.
    pub trade_no: TransactionId,
    /// The key that verified it.
    pub key: KeyFingerprint,
}

impl AlipayAccount {
    /// Verifies the query of a return: the bytes after `?` as received.
    ///
    /// # Errors
    ///
    /// The first reason not to take it.
    pub fn verify_return(&self, query: &[u8]) -> Result<Return, Refusal> {
        let form = Form::parse(query)?;
        let keys = self.alipay_keys();
        let key = signature::verify(&keys, &form)?;
        self.check_app_id(&form)?;
        self.check_seller_id(&form)?;
        grammar::check(&form)?;
        check_method(&form)?;
        Ok(Return {
            payment: PaymentRef {
                account: self.name().clone(),
                out_trade_no: grammar::out_trade_no(form.require("out_trade_no")?)?,
            },
            total_amount: grammar::amount("total_amount", form.require("total_amount")?)?,
            trade_no: grammar::trade_no(form.require("trade_no")?)?,
            key: key.fingerprint(),
        })
    }
}

/// A notify's body, signed by the same rule, is no return.
fn check_method(form: &Form<'_>) -> Result<(), Refusal> {
    match form.require("method")? {
        b"alipay.trade.page.pay.return" | b"alipay.trade.wap.pay.return" => Ok(()),
        _ => Err(Refusal::Malformed {
            field: "method",
            expected: "alipay.trade.page.pay.return or alipay.trade.wap.pay.return",
        }),
    }
}

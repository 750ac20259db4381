//! The names in a path, percent-decoded and checked by their grammars.

use std::convert::Infallible;

use axum::extract::{FromRequestParts, RawPathParams};
use http::request::Parts;
use payfold_domain::exception::ExceptionId;
use payfold_domain::{
    AccountName, Gateway, InvalidName, OrderNo, OutTradeNo, PaymentRef, RefundNo,
};

use super::body::Flaws;
use super::problem::Problem;

/// What a path's placeholders stand for.
pub(crate) struct PathNames(Vec<(String, String)>);

impl<S: Send + Sync> FromRequestParts<S> for PathNames {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Infallible> {
        // What cannot be decoded has no name in it, and so is told as a name that is wrong.
        let names = RawPathParams::from_request_parts(parts, state).await;
        let pairs = names.iter().flatten();
        Ok(Self(
            pairs
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
        ))
    }
}

impl PathNames {
    /// The order.
    pub(crate) fn order_no(&self) -> Result<OrderNo, Problem> {
        self.named("order_no", OrderNo::new)
    }

    /// The account.
    pub(crate) fn account(&self) -> Result<AccountName, Problem> {
        self.named("account", AccountName::new)
    }

    /// The exception.
    pub(crate) fn exception_id(&self) -> Result<ExceptionId, Problem> {
        self.named("id", ExceptionId::parse)
    }

    /// A payment that is there, by whatever number a gateway takes.
    pub(crate) fn payment(&self) -> Result<PaymentRef, Problem> {
        let account = self.account()?;
        let out_trade_no = self.named("out_trade_no", OutTradeNo::from_gateway)?;
        Ok(PaymentRef {
            account,
            out_trade_no,
        })
    }

    /// A payment that payfold starts.
    pub(crate) fn new_payment(&self) -> Result<PaymentRef, Problem> {
        let account = self.account()?;
        Ok(PaymentRef {
            account,
            out_trade_no: self.named("out_trade_no", OutTradeNo::new)?,
        })
    }

    /// A payment that the shop starts at that gateway.
    pub(crate) fn external_payment(&self, gateway: Gateway) -> Result<PaymentRef, Problem> {
        let account = self.account()?;
        let external = |text: &str| OutTradeNo::external(gateway, text);
        Ok(PaymentRef {
            account,
            out_trade_no: self.named("out_trade_no", external)?,
        })
    }

    /// A refund that the caller names.
    pub(crate) fn refund_no(&self) -> Result<RefundNo, Problem> {
        self.named("refund_no", RefundNo::new)
    }

    /// A refund that is there, payfold's own ones among them.
    pub(crate) fn any_refund_no(&self) -> Result<RefundNo, Problem> {
        self.named("refund_no", RefundNo::from_gateway)
    }

    /// What stands for a placeholder, unchecked.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }

    fn named<T>(
        &self,
        name: &str,
        grammar: impl FnOnce(&str) -> Result<T, InvalidName>,
    ) -> Result<T, Problem> {
        let value = self.text(name).unwrap_or_default();
        let mut flaws = Flaws::default();
        let checked = grammar(value).map_err(|invalid| format!("must be {}", invalid.expected));
        let checked = flaws.check(&format!("/path/{name}"), checked);
        flaws.into_result(checked)
    }
}

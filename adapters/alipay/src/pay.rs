//! Payments that start without a call: signed parameters that the buyer's browser or app carries to
//! Alipay 「电脑网站支付」, 「手机网站支付」, 「App支付」. Whether to start one is others' part.

use payfold_domain::{Money, OutTradeNo, Timestamp};

use crate::parameters::{self, Draft, Signed};
use crate::{AlipayAccount, UnsentRequest};

/// A payment to start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PayRequest {
    /// The payment's number.
    pub out_trade_no: OutTradeNo,
    /// Its amount: CNY 0.01 to 100000000.00.
    pub amount: Money,
    /// What the buyer reads, at most 256 characters.
    pub subject: String,
    /// When it can no longer be paid, `time_expire`; whole seconds.
    pub time_expire: Timestamp,
    /// Where Alipay notifies, without a query.
    pub notify_url: String,
    /// Where the buyer's browser is sent back to; not for an app.
    pub return_url: Option<String>,
    /// Where a buyer on a phone goes who gives up; only for a phone's page.
    pub quit_url: Option<String>,
    /// Alipay compares it with its own clock.
    pub now: Timestamp,
}

/// A page-type method and the product that it stands for.
struct Product {
    method: &'static str,
    product_code: &'static str,
}

const PAGE: Product = Product {
    method: "alipay.trade.page.pay",
    product_code: "FAST_INSTANT_TRADE_PAY",
};
const WAP: Product = Product {
    method: "alipay.trade.wap.pay",
    product_code: "QUICK_WAP_WAY",
};
const APP: Product = Product {
    method: "alipay.trade.app.pay",
    product_code: "QUICK_MSECURITY_PAY",
};

impl AlipayAccount {
    /// A URL for the browser of a buyer at a computer (`alipay.trade.page.pay`). Signing is heavy on
    /// the CPU, here and in the others.
    ///
    /// # Errors
    ///
    /// Where the account cannot sign, or the request has no form at Alipay.
    pub fn page_pay(&self, request: &PayRequest) -> Result<String, UnsentRequest> {
        let signed = self.sign_payment(&PAGE, request, request.return_url.as_deref(), None)?;
        Ok(format!("{}?{}", self.gateway_url(), signed.whole()))
    }

    /// A URL for the browser of a buyer at a phone (`alipay.trade.wap.pay`).
    ///
    /// # Errors
    ///
    /// As of [`Self::page_pay`].
    pub fn wap_pay(&self, request: &PayRequest) -> Result<String, UnsentRequest> {
        let quit_url = request.quit_url.as_deref();
        let signed = self.sign_payment(&WAP, request, request.return_url.as_deref(), quit_url)?;
        Ok(format!("{}?{}", self.gateway_url(), signed.whole()))
    }

    /// The order string that the shop's app hands to Alipay's kit (`alipay.trade.app.pay`).
    ///
    /// # Errors
    ///
    /// As of [`Self::page_pay`].
    pub fn app_pay(&self, request: &PayRequest) -> Result<String, UnsentRequest> {
        let signed = self.sign_payment(&APP, request, None, None)?;
        Ok(signed.whole())
    }

    fn sign_payment(
        &self,
        product: &Product,
        request: &PayRequest,
        return_url: Option<&str>,
        quit_url: Option<&str>,
    ) -> Result<Signed, UnsentRequest> {
        let biz_content = parameters::biz_content([
            ("out_trade_no", Some(request.out_trade_no.as_str().into())),
            ("total_amount", Some(parameters::amount(request.amount)?)),
            ("subject", Some(parameters::harmless(&request.subject))),
            ("product_code", Some(product.product_code.into())),
            ("time_expire", Some(parameters::time(request.time_expire)?)),
            ("quit_url", quit_url.map(Into::into)),
        ]);
        self.sign(&Draft {
            method: product.method,
            biz_content,
            notify_url: &request.notify_url,
            return_url: return_url.unwrap_or_default(),
            now: request.now,
        })
    }
}

//! What every call of the gateway has: its name, its address and its form 「自行实现签名」. What is asked
//! stands beside, one file a call; sending it, and how often, is the caller's part.

use bytes::Bytes;
use http::Request;
use http::header::{CONTENT_TYPE, USER_AGENT};
use payfold_domain::Timestamp;

use crate::parameters::Draft;
use crate::{AlipayAccount, UnsentRequest};

/// What is asked of the gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Call {
    /// How a trade stands, `alipay.trade.query`.
    Query,
    /// To close a trade that is not paid, `alipay.trade.close`.
    Close,
    /// To give money back, `alipay.trade.refund`.
    Refund,
    /// How a refund stands, `alipay.trade.fastpay.refund.query`.
    RefundQuery,
    /// To make a trade for a page in the Alipay app, `alipay.trade.create`.
    Create,
    /// To make a code that a buyer scans, `alipay.trade.precreate`.
    Precreate,
    /// Where a day's bill lies, `alipay.data.dataservice.bill.downloadurl.query`.
    BillUrl,
    /// A certificate of Alipay's by its SN, `alipay.open.app.alipaycert.download`.
    Certificate,
}

impl Call {
    fn method(self) -> &'static str {
        match self {
            Self::Query => "alipay.trade.query",
            Self::Close => "alipay.trade.close",
            Self::Refund => "alipay.trade.refund",
            Self::RefundQuery => "alipay.trade.fastpay.refund.query",
            Self::Create => "alipay.trade.create",
            Self::Precreate => "alipay.trade.precreate",
            Self::BillUrl => "alipay.data.dataservice.bill.downloadurl.query",
            Self::Certificate => "alipay.open.app.alipaycert.download",
        }
    }

    /// The name of the node of its answers.
    pub(super) fn node(self) -> String {
        format!("{}_response", self.method().replace('.', "_"))
    }
}

impl AlipayAccount {
    /// Signs a call that the gateway tells of nowhere else.
    pub(super) fn call(
        &self,
        call: Call,
        biz_content: String,
        now: Timestamp,
    ) -> Result<Request<Bytes>, UnsentRequest> {
        self.notified_call(call, biz_content, "", now)
    }

    /// Signs a call, of whose trade the gateway is to tell at `notify_url`.
    pub(super) fn notified_call(
        &self,
        call: Call,
        biz_content: String,
        notify_url: &str,
        now: Timestamp,
    ) -> Result<Request<Bytes>, UnsentRequest> {
        let signed = self.sign(&Draft {
            method: call.method(),
            biz_content,
            notify_url,
            return_url: "",
            now,
        })?;
        let request = Request::post(format!("{}?{}", self.gateway_url(), signed.query()))
            .header(
                CONTENT_TYPE,
                "application/x-www-form-urlencoded;charset=utf-8",
            )
            .header(USER_AGENT, concat!("payfold/", env!("CARGO_PKG_VERSION")));
        Ok(request.body(signed.body().into())?)
    }
}

//! Where the bill of a day lies 「查询对账单下载地址」. What is in it is others' part.

use bytes::Bytes;
use chrono::NaiveDate;
use http::header::USER_AGENT;
use http::uri::Authority;
use http::{Request, Uri};
use payfold_domain::Timestamp;

use super::reply::{CallFault, Verified};
use super::request::Call;
use crate::{AlipayAccount, Refusal, UnsentRequest, parameters};

/// Where bills are fetched, beside the gateway that is configured 「查询对账单下载地址」.
const DOWNLOAD_HOST: &str = "dwbillcenter.alipay.com";

impl AlipayAccount {
    /// The request that asks where the trade bill of a day lies, Beijing's; answers
    /// [`bill_url`](Verified::bill_url). A day's bill is there from about 09:00 of the next.
    ///
    /// # Errors
    ///
    /// Where the account cannot sign.
    pub fn bill_url_request(
        &self,
        date: NaiveDate,
        now: Timestamp,
    ) -> Result<Request<Bytes>, UnsentRequest> {
        let content = parameters::biz_content([
            ("bill_type", Some("trade".into())),
            (
                "bill_date",
                Some(date.format("%Y-%m-%d").to_string().into()),
            ),
            // Else the address is http.
            ("secure", Some("true".into())),
        ]);
        self.call(Call::BillUrl, content, now)
    }
}

impl AlipayAccount {
    /// The request that fetches the bill at an address that [`bill_url`](Verified::bill_url) gave. It
    /// bears no signature, for the address is the permission.
    ///
    /// # Errors
    ///
    /// Where the address is not the gateway's: nothing is fetched from anywhere else.
    pub fn bill_download_request(&self, url: &str) -> Result<Request<Bytes>, CallFault> {
        let refused = |expected| {
            CallFault::Unreadable(Refusal::Malformed {
                field: "bill_download_url",
                expected,
            })
        };
        let url: Uri = url.parse().map_err(|_invalid| refused("a URL"))?;
        let gateway: Uri = self
            .gateway_url()
            .parse()
            .map_err(|_invalid| refused("a URL beside gateway_url"))?;
        let own = url.scheme() == gateway.scheme() && url.authority() == gateway.authority();
        let bills = url.scheme_str() == Some("https")
            && url.authority().map(Authority::as_str) == Some(DOWNLOAD_HOST);
        if !own && !bills {
            return Err(refused("a URL of the gateway's own host"));
        }
        Request::get(url)
            .header(USER_AGENT, concat!("payfold/", env!("CARGO_PKG_VERSION")))
            .body(Bytes::new())
            .map_err(|_invalid| refused("a URL that can be asked"))
    }
}

impl Verified<'_> {
    /// Where the bill can be fetched, once and within 30 s.
    ///
    /// # Errors
    ///
    /// Where the answer holds no address.
    pub fn bill_url(&self) -> Result<String, CallFault> {
        self.check_call(Call::BillUrl)?;
        self.members()
            .and_then(|members| members.short_text("bill_download_url"))
            .map_err(CallFault::Unreadable)
    }
}

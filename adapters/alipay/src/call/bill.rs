//! Where the bill of a day lies 「查询对账单下载地址」. What is in it is others' part.

use bytes::Bytes;
use chrono::NaiveDate;
use http::Request;
use payfold_domain::Timestamp;

use super::reply::{CallFault, Verified};
use super::request::Call;
use crate::{AlipayAccount, UnsentRequest, parameters};

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

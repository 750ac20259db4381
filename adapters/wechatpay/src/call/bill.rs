//! Where the trade bill of a day lies, and fetching it 「申请交易账单」「下载账单」. What is in it is `bill`'s
//! part.

use bytes::Bytes;
use chrono::NaiveDate;
use http::Request;
use payfold_domain::Timestamp;

use super::reply::{CallFault, Verified};
use super::request::{Call, UnsentRequest};
use crate::grammar::malformed;
use crate::{Refusal, WechatPayAccount};

/// Where bills are fetched, beside the gateway that is configured.
const DOWNLOAD_ORIGIN: &str = "https://api.mch.weixin.qq.com";

/// A bill that waits to be fetched, for some minutes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OfferedBill {
    /// The host it lies at, with its scheme.
    origin: String,
    path_and_query: String,
    /// SHA-1 of the bill before it is packed.
    pub sha1: [u8; 20],
}

impl WechatPayAccount {
    /// The request for the trade bill of a day, Beijing's; answers
    /// [`offered_bill`](Self::offered_bill). A day's bill is there from about 10:00 of the next; before
    /// that the refusal's code is `STATEMENT_CREATING`, and `NO_STATEMENT_EXIST` where there is none.
    ///
    /// # Errors
    ///
    /// Where the account cannot sign.
    pub fn bill_request(
        &self,
        date: NaiveDate,
        now: Timestamp,
        nonce: &str,
    ) -> Result<Request<Bytes>, UnsentRequest> {
        let date = date.format("%Y-%m-%d");
        let path = format!("/v3/bill/tradebill?bill_date={date}&bill_type=ALL&tar_type=GZIP");
        self.signed_request(Call::get(path), now, nonce)
    }

    /// The bill that the answer to [`bill_request`](Self::bill_request) offers.
    ///
    /// # Errors
    ///
    /// Where the answer offers none, or one at a host that is not the gateway's: a signature of the
    /// account's goes nowhere else.
    pub fn offered_bill(&self, answer: &Verified<'_>) -> Result<OfferedBill, CallFault> {
        self.offer_in(answer).map_err(CallFault::Unreadable)
    }

    /// The request that fetches an offered bill. The answer bears no signature: the bill's hash is its
    /// proof.
    ///
    /// # Errors
    ///
    /// Where the account cannot sign.
    pub fn bill_download_request(
        &self,
        bill: &OfferedBill,
        now: Timestamp,
        nonce: &str,
    ) -> Result<Request<Bytes>, UnsentRequest> {
        let call = Call::get(bill.path_and_query.clone());
        self.signed_request_to(&bill.origin, call, now, nonce)
    }

    fn offer_in(&self, answer: &Verified<'_>) -> Result<OfferedBill, Refusal> {
        let answer = answer.json()?;
        if answer.text("hash_type", "hash_type")? != "SHA1" {
            return Err(malformed("hash_type", "SHA1"));
        }
        let sha1 = sha1_of(answer.text("hash_value", "hash_value")?)
            .ok_or(malformed("hash_value", "40 hexadecimal digits"))?;
        let url: http::Uri = answer
            .text("download_url", "download_url")?
            .parse()
            .map_err(|_invalid| malformed("download_url", "a URL"))?;
        let (Some(scheme), Some(authority), Some(path_and_query)) =
            (url.scheme_str(), url.authority(), url.path_and_query())
        else {
            return Err(malformed("download_url", "a whole URL"));
        };
        let origin = format!("{scheme}://{authority}");
        if origin != self.gateway.origin && origin != DOWNLOAD_ORIGIN {
            return Err(malformed("download_url", "a URL of the gateway's own host"));
        }
        Ok(OfferedBill {
            origin,
            path_and_query: path_and_query.to_string(),
            sha1,
        })
    }
}

fn sha1_of(hex: &str) -> Option<[u8; 20]> {
    let digits = hex.as_bytes();
    if digits.len() != 40 {
        return None;
    }
    let mut sha1 = [0; 20];
    for (byte, pair) in sha1.iter_mut().zip(digits.chunks(2)) {
        let pair = str::from_utf8(pair).ok()?;
        if !pair.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return None;
        }
        *byte = u8::from_str_radix(pair, 16).ok()?;
    }
    Some(sha1)
}

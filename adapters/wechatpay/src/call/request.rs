//! What every request to the gateway has: its signature and its headers 「如何构造请求签名」. What is asked
//! stands beside, one file a call; sending it, and how often, is the caller's part.

use std::fmt::Display;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue, USER_AGENT};
use http::{Method as HttpMethod, Request};
use payfold_domain::{Currency, Timestamp};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use serde::Serialize;

use crate::WechatPayAccount;

/// Why a request could not be made.
#[derive(Debug, thiserror::Error)]
pub enum UnsentRequest {
    /// The account has no private key.
    #[error("signing a request: the account only receives; expected merchant_private_key_file")]
    ReceivesOnly,
    /// The amount is in another currency than renminbi.
    #[error("asking for a payment in {0:?}: expected CNY")]
    NotRenminbi(Currency),
    /// The nonce is outside its grammar.
    #[error("signing a request: expected a nonce of 1 to 32 letters and digits")]
    BadNonce,
    /// A time that no calendar has.
    #[error("writing time_expire: expected a time of years 0 to 9999")]
    BadTime,
    /// The body could not be written.
    #[error("writing the body of a request")]
    Body(#[from] serde_json::Error),
    /// The private key refused to sign.
    #[error("signing a request: the private key refused")]
    Unsignable,
    /// The request could not be put together.
    #[error("putting a request together")]
    Http(#[from] http::Error),
}

impl WechatPayAccount {
    /// Signs a call of the gateway and gives it its headers.
    pub(super) fn signed_request(
        &self,
        call: Call,
        now: Timestamp,
        nonce: &str,
    ) -> Result<Request<Bytes>, UnsentRequest> {
        let path_and_query = format!("{}{}", self.gateway.base_path, call.path_and_query);
        let call = Call {
            path_and_query,
            ..call
        };
        self.signed_request_to(&self.gateway.origin, call, now, nonce)
    }

    /// Signs a call, whose path is whole, of whatever lies at `origin`.
    pub(super) fn signed_request_to(
        &self,
        origin: &str,
        call: Call,
        now: Timestamp,
        nonce: &str,
    ) -> Result<Request<Bytes>, UnsentRequest> {
        let Call {
            method,
            path_and_query,
            body,
        } = call;
        let authorization = self.authorization(&method, &path_and_query, now, nonce, &body)?;
        let mut request = Request::builder()
            .method(method)
            .uri(format!("{origin}{path_and_query}"))
            .header(AUTHORIZATION, authorization)
            .header(ACCEPT, "application/json")
            .header(USER_AGENT, concat!("payfold/", env!("CARGO_PKG_VERSION")));
        if !body.is_empty() {
            request = request.header(CONTENT_TYPE, "application/json");
        }
        // Chooses the key that the answer is signed with; without it, it is a platform certificate's.
        if let Some(id) = self.public_key_id() {
            request = request.header("Wechatpay-Serial", id);
        }
        Ok(request.body(body)?)
    }

    /// The `Authorization` of a request: a signature over exactly the bytes that are sent.
    fn authorization(
        &self,
        method: &HttpMethod,
        path_and_query: &str,
        now: Timestamp,
        nonce: &str,
        body: &[u8],
    ) -> Result<HeaderValue, UnsentRequest> {
        let merchant = self.merchant().ok_or(UnsentRequest::ReceivesOnly)?;
        check_nonce(nonce)?;
        let timestamp = now.as_secs();
        let mut message =
            format!("{method}\n{path_and_query}\n{timestamp}\n{nonce}\n").into_bytes();
        message.extend_from_slice(body);
        message.push(b'\n');
        let signature = STANDARD.encode(
            merchant
                .key
                .sign(&message)
                .ok_or(UnsentRequest::Unsignable)?,
        );
        let value = format!(
            r#"WECHATPAY2-SHA256-RSA2048 mchid="{}",nonce_str="{nonce}",signature="{signature}",timestamp="{timestamp}",serial_no="{}""#,
            self.mch_id, merchant.cert_serial
        );
        Ok(HeaderValue::try_from(value).map_err(http::Error::from)?)
    }
}

/// One call of the gateway's, before it is signed.
pub(super) struct Call {
    pub(super) method: HttpMethod,
    /// As it is sent, percent-encoded.
    pub(super) path_and_query: String,
    /// Empty where there is none.
    pub(super) body: Bytes,
}

impl Call {
    pub(super) fn get(path_and_query: String) -> Self {
        Self {
            method: HttpMethod::GET,
            path_and_query,
            body: Bytes::new(),
        }
    }

    pub(super) fn post(
        path_and_query: String,
        body: &impl Serialize,
    ) -> Result<Self, UnsentRequest> {
        let body = serde_json::to_vec(body)?.into();
        Ok(Self {
            method: HttpMethod::POST,
            path_and_query,
            body,
        })
    }
}

pub(super) fn check_nonce(nonce: &str) -> Result<(), UnsentRequest> {
    if (1..=32).contains(&nonce.len()) && nonce.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        Ok(())
    } else {
        Err(UnsentRequest::BadNonce)
    }
}

/// A number of the merchant's as a part of a path: of what numbers may hold, `|` has no place there.
pub(super) fn in_path(number: &str) -> impl Display {
    const OUTSIDE_PATHS: &AsciiSet = &CONTROLS.add(b'|');
    utf8_percent_encode(number, OUTSIDE_PATHS)
}

/// As much of a text as fits into so many bytes.
pub(super) fn first_bytes(text: &str, most: usize) -> &str {
    text.get(..text.floor_char_boundary(most))
        .unwrap_or_default()
}

#[cfg(test)]
pub(super) mod tests;

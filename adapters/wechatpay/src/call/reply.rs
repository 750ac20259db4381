//! What an answer to a call says and proves 「如何验证签名」. Only two things are certain: a 2xx whose
//! signature holds, and a refusal of the call (4xx). All else leaves the outcome unknown, which is
//! never a failure of the payment: ask again.

use http::{HeaderMap, StatusCode};
use payfold_domain::{Authentic, KeyFingerprint, Message, Timestamp, Verdict};

use super::verdict::verdict;
use crate::grammar::{self, malformed};
use crate::v3::{self, Object, SignedHeaders};
use crate::{Refusal, WechatPayAccount};

/// What the gateway answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply<'a> {
    /// It did as asked, and signed that.
    Done(Verified<'a>),
    /// It refused the call (4xx), and did nothing.
    Refused {
        /// What it means.
        verdict: Verdict,
        /// The gateway's code, from an open set.
        code: String,
        /// The gateway's message, for whoever asked. It may quote the request, and the buyer in it.
        message: String,
        /// Whether the refusal is signed.
        proof: Proof,
    },
}

/// Whether the gateway signed a refusal; it need not. Nothing that is final may rest on an unsigned one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proof {
    /// The signature holds.
    Signed,
    /// There is no signature.
    Unsigned,
}

/// An answer whose signature holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified<'a> {
    body: &'a [u8],
    signed_headers: Vec<(String, String)>,
    key: KeyFingerprint,
}

/// Why nobody knows what came of a call.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CallFault {
    /// The answer's signature does not hold, or it has none; a probe of the gateway is one of these.
    #[error("verifying the gateway's answer")]
    Unverified(#[source] Refusal),
    /// The gateway failed (5xx), or something between answered in its place.
    #[error("the gateway answered {status}: expected 2xx, or 4xx with a code")]
    Status {
        /// The HTTP status.
        status: u16,
        /// The gateway's code, where there is one.
        code: Option<String>,
    },
    /// The answer is signed and does not hold what it should.
    #[error("reading the gateway's answer")]
    Unreadable(#[source] Refusal),
}

impl WechatPayAccount {
    /// Whether an answer says that a platform certificate signed it which the account does not have.
    /// Nothing is verified yet.
    pub fn lacks_certificate_of(&self, headers: &HeaderMap) -> bool {
        let (Ok(signed), Ok(keys)) = (SignedHeaders::read(headers), self.v3_keys()) else {
            return false;
        };
        let called = keys.platform.called(signed.serial);
        called.is_err_and(|refusal| refusal == Refusal::UnknownCertificateSerial)
    }

    /// Sorts an answer to a call by its status and verifies it over its raw bytes (of a 204, none).
    /// A refusal (4xx) need not be signed, but a signature that is there must hold.
    ///
    /// # Errors
    ///
    /// Where the outcome stays unknown.
    pub fn verify_response<'a>(
        &self,
        status: StatusCode,
        headers: &HeaderMap,
        body: &'a [u8],
        now: Timestamp,
    ) -> Result<Reply<'a>, CallFault> {
        let verify = || {
            let signed = SignedHeaders::read(headers).map_err(CallFault::Unverified)?;
            let key = v3::verify_signature(self, &signed, body, now);
            Ok(Verified {
                body,
                signed_headers: signed.to_stored(),
                key: key.map_err(CallFault::Unverified)?.fingerprint,
            })
        };
        if status.is_success() {
            return verify().map(Reply::Done);
        }
        let status_code = status.as_u16();
        let (code, message) = error_of(body);
        match code {
            Some(code) if status.is_client_error() && status != StatusCode::REQUEST_TIMEOUT => {
                let proof = if SignedHeaders::are_absent(headers) {
                    Proof::Unsigned
                } else {
                    verify().map(|_verified| Proof::Signed)?
                };
                Ok(Reply::Refused {
                    verdict: verdict(status, &code),
                    code,
                    message,
                    proof,
                })
            }
            code => Err(CallFault::Status {
                status: status_code,
                code,
            }),
        }
    }
}

impl<'a> Verified<'a> {
    /// The `code_url` of a native order: what the QR code holds, for two hours 「Native下单」.
    ///
    /// # Errors
    ///
    /// Where the answer holds none.
    pub fn code_url(&self) -> Result<String, CallFault> {
        self.short_text("code_url").map_err(CallFault::Unreadable)
    }

    /// The `prepay_id` of an order in WeChat or in the shop's app, for two hours.
    ///
    /// # Errors
    ///
    /// Where the answer holds none.
    pub fn prepay_id(&self) -> Result<String, CallFault> {
        self.short_text("prepay_id").map_err(CallFault::Unreadable)
    }

    /// The `h5_url` of an order in a phone's browser, for five minutes 「H5下单」.
    ///
    /// # Errors
    ///
    /// Where the answer holds none.
    pub fn h5_url(&self) -> Result<String, CallFault> {
        self.short_text("h5_url").map_err(CallFault::Unreadable)
    }

    /// What the answer was found to mean, with the proof of its sender.
    pub(super) fn saying(self, message: Message) -> Authentic {
        Authentic {
            message,
            signed_headers: self.signed_headers,
            key: self.key,
        }
    }

    pub(super) fn json(&self) -> Result<Object<'a>, Refusal> {
        v3::parse_json(self.body, "the answer")
    }

    fn short_text(&self, name: &'static str) -> Result<String, Refusal> {
        let answer = self.json()?;
        let text = answer.text(name, name)?;
        if (1..=2048).contains(&text.len()) {
            Ok(text.to_owned())
        } else {
            Err(malformed(name, "1 to 2048 bytes"))
        }
    }
}

/// The code of an error, where its body has one.
pub(super) fn error_code(body: &[u8]) -> Option<String> {
    error_of(body).0
}

/// `code` and `message` of an error, cut to what is worth keeping; no code where the body has none that
/// reads as one, for codes are public and words are not.
fn error_of(body: &[u8]) -> (Option<String>, String) {
    let Ok(error) = v3::parse_json(body, "the error") else {
        return (None, String::new());
    };
    let text = |name, most| match error.optional_text(name, name) {
        Ok(text) => text.map(|text| text.chars().take(most).collect::<String>()),
        Err(_other_kind) => None,
    };
    (
        text("code", 64).filter(|code| grammar::state(code, "code").is_ok()),
        text("message", 256).unwrap_or_default(),
    )
}

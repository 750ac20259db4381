//! v3 notifies 「支付成功回调通知」: the signature over the raw bytes, the envelope, and what lies in it.
//! The order of checks is fixed: nothing of the body is parsed before its signature held.

mod envelope;
mod headers;
mod json;
mod refund;
mod sealed;
mod transaction;

use std::sync::Arc;

use payfold_domain::{Authentic, Message, Source, Timestamp};
use rsa::pkcs8::DecodePublicKey;
use rsa::signature::Verifier;

use crate::platform::PlatformKey;
use crate::{Refusal, WechatPayAccount};

pub(crate) use headers::SignedHeaders;
pub(crate) use json::{Object, parse as parse_json};
pub(crate) use refund::translate as refund;
pub(crate) use sealed::open;
pub(crate) use transaction::translate as transaction;

/// Where a transaction or a refund was found: the same objects come in notifies and in answers.
pub(crate) struct Origin<'a> {
    pub(crate) source: Source,
    /// The gateway's name for the message, which an unknown state is kept under.
    pub(crate) kind: &'a str,
}

impl WechatPayAccount {
    /// Verifies a v3 notify and says what it means. `body` is the bytes as received; `now` is compared
    /// with the signed timestamp (at most 300 s apart, the bound included) and is the time of
    /// observation where the message states none.
    ///
    /// # Errors
    ///
    /// The first reason not to take it.
    pub fn verify_v3(
        &self,
        headers: &http::HeaderMap,
        body: &[u8],
        now: Timestamp,
    ) -> Result<Authentic, Refusal> {
        let signed = SignedHeaders::read(headers)?;
        let key = verify_signature(self, &signed, body, now)?;
        Ok(Authentic {
            message: translate(self, body, now)?,
            signed_headers: signed.to_stored(),
            key: key.fingerprint,
        })
    }
}

/// Whether the platform signed `body` under these headers, lately; by which key. Serves notifies and
/// the answers to calls alike 「如何验证签名」.
pub(crate) fn verify_signature(
    account: &WechatPayAccount,
    signed: &SignedHeaders<'_>,
    body: &[u8],
    now: Timestamp,
) -> Result<Arc<PlatformKey>, Refusal> {
    signed.check_clock(now)?;
    let key = account.v3_keys()?.platform.called(signed.serial)?;
    key.verify(&signed.message(body), &signed.signature()?)?;
    Ok(key)
}

/// What an authentic body means.
pub(crate) fn translate(
    account: &WechatPayAccount,
    body: &[u8],
    observed_at: Timestamp,
) -> Result<Message, Refusal> {
    let envelope = parse_json(body, "the body")?;
    envelope::translate(account, &envelope, observed_at)
}

/// Verifies a stored v3 message a second time, by another implementation (the `rsa` crate): its
/// signed headers by lower-case name, its body, and the DER `SubjectPublicKeyInfo` of the key that
/// verified it. The clock is not asked.
///
/// # Errors
///
/// The first reason why the signature does not hold.
pub fn verify_again_v3(
    signed_headers: &[(String, String)],
    body: &[u8],
    public_key_der: &[u8],
) -> Result<(), Refusal> {
    let signed = SignedHeaders::read_stored(signed_headers)?;
    let key = rsa::PublicKey::from_public_key_der(public_key_der)
        .map_err(|_error| Refusal::StoredKeyUnreadable)?;
    let signature = rsa::pkcs1v15::Signature::try_from(signed.signature()?.as_slice())
        .map_err(|_error| Refusal::SignatureWrong)?;
    rsa::pkcs1v15::VerifyingKey::<sha2::Sha256>::new(key)
        .verify(&signed.message(body), &signature)
        .map_err(|_error| Refusal::SignatureWrong)
}

//! The form of an answer 「自行实现验签」: one node with what is said, its signature beside it, in any order.
//! The signature covers the node's bytes as received; nothing is taken from anywhere else.

use std::borrow::Cow;
use std::sync::Arc;

use encoding_rs::GB18030;
use payfold_domain::KeyFingerprint;

use super::members::Members;
use super::request::Call;
use crate::keys::AlipayKey;
use crate::{AlipayAccount, Refusal, signature};

/// The body of an answer, taken apart.
pub(super) struct Answer<'a> {
    /// The node's name.
    name: String,
    /// What is said, as text.
    pub(super) node: Cow<'a, str>,
    /// The same as it was received, which is what is signed.
    signed: Cow<'a, [u8]>,
    sign: Option<String>,
    certificate_sn: Option<String>,
}

/// A node that a gateway failure may be told in, whatever was asked.
const ERROR_NODE: &str = "error_response";

/// Ample: with all its details an answer has some kilobytes.
const LARGEST_BYTES: usize = 1024 * 1024;

impl<'a> Answer<'a> {
    /// Of the answer to `call`.
    pub(super) fn to(call: Call, body: &'a [u8]) -> Result<Self, Refusal> {
        let answer = Self::parse(body)?;
        if answer.name == ERROR_NODE || answer.name == call.node() {
            Ok(answer)
        } else {
            Err(unreadable("the node of the method that was called"))
        }
    }

    /// Of the answer to whatever was called.
    pub(super) fn parse(body: &'a [u8]) -> Result<Self, Refusal> {
        if body.len() > LARGEST_BYTES {
            return Err(unreadable("at most 1 MiB"));
        }
        match decoded(body)? {
            Cow::Borrowed(text) => {
                let parts = Parts::of(text)?;
                let node = parts.node;
                Ok(parts.into_answer(node.into(), node.as_bytes().into()))
            }
            Cow::Owned(text) => {
                let parts = Parts::of(&text)?;
                let node = parts.node.to_owned();
                let signed = GB18030.encode(&node).0.into_owned();
                Ok(parts.into_answer(node.into(), signed.into()))
            }
        }
    }

    /// The account's key that signed it. Where the answer names a certificate, that one's and no other.
    pub(super) fn verify(&self, account: &AlipayAccount) -> Result<KeyFingerprint, Refusal> {
        let signature = self.signature()?;
        let signed_by = |key: &&Arc<AlipayKey>| key.verifies(&self.signed, &signature);
        let keys = account.alipay_keys();
        let mut keys = keys.iter();
        let key = match self.named_certificate(account) {
            Some(sn) => {
                let key = keys.find(|key| key.certificate_sn() == Some(sn));
                let key = key.ok_or(Refusal::CertificateUnknown)?;
                Some(key).filter(signed_by)
            }
            None => keys.find(signed_by),
        };
        key.map(|key| key.fingerprint())
            .ok_or(Refusal::SignatureWrong)
    }

    /// Verifies it with a key that it brings itself, and that was held to the account's roots.
    pub(super) fn verify_by(&self, key: &AlipayKey) -> Result<(), Refusal> {
        if key.verifies(&self.signed, &self.signature()?) {
            Ok(())
        } else {
            Err(Refusal::SignatureWrong)
        }
    }

    /// The certificate that it names, to an account in certificate mode.
    pub(super) fn named_certificate(&self, account: &AlipayAccount) -> Option<&str> {
        let named = self.certificate_sn.as_deref();
        named.filter(|_| account.trust().is_some())
    }

    fn signature(&self) -> Result<Vec<u8>, Refusal> {
        let sign = self.sign.as_deref().ok_or(Refusal::SignMissing)?;
        signature::decode(sign.as_bytes())
    }
}

/// Verifies a stored answer a second time, by another implementation (the `rsa` crate): its body as
/// received, and the DER `SubjectPublicKeyInfo` of the key that verified it.
///
/// # Errors
///
/// The first reason why the signature does not hold.
pub fn verify_answer_again(body: &[u8], public_key_der: &[u8]) -> Result<(), Refusal> {
    let answer = Answer::parse(body)?;
    let signature = answer.signature()?;
    signature::verify_by_rsa([&answer.signed].into_iter(), &signature, public_key_der)
}

/// An answer's parts as they stand in its text.
struct Parts<'t> {
    name: String,
    node: &'t str,
    sign: Option<String>,
    certificate_sn: Option<String>,
}

impl<'t> Parts<'t> {
    fn of(text: &'t str) -> Result<Self, Refusal> {
        let members = Members::parse(text)?;
        let mut nodes = members
            .iter()
            .filter(|(name, _)| name.ends_with("_response"));
        let (Some((name, node)), None) = (nodes.next(), nodes.next()) else {
            return Err(unreadable("one node whose name ends in _response"));
        };
        let owned = |field| Ok(members.optional_text(field)?.map(Cow::into_owned));
        Ok(Self {
            name: name.to_owned(),
            node,
            sign: owned("sign")?,
            certificate_sn: owned("alipay_cert_sn")?,
        })
    }

    fn into_answer<'a>(self, node: Cow<'a, str>, signed: Cow<'a, [u8]>) -> Answer<'a> {
        Answer {
            name: self.name,
            node,
            signed,
            sign: self.sign,
            certificate_sn: self.certificate_sn,
        }
    }
}

/// The body as text: UTF-8, which every request asks for. A gateway that did not come to read that
/// answers in GBK; such a text must be the body again when it is encoded, for the body is what is signed.
fn decoded(body: &[u8]) -> Result<Cow<'_, str>, Refusal> {
    if let Ok(text) = str::from_utf8(body) {
        return Ok(Cow::Borrowed(text));
    }
    let text = GB18030.decode_without_bom_handling_and_without_replacement(body);
    text.filter(|text| *GB18030.encode(text).0 == *body)
        .ok_or(unreadable("text in UTF-8 or GBK"))
}

fn unreadable(expected: &'static str) -> Refusal {
    Refusal::AnswerUnreadable { expected }
}

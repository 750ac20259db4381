//! The sign of a v2 document 「安全规范」: every element but `sign`, joined by name, then the shared key,
//! under MD5 or HMAC-SHA256. Which elements a document has is `xml`'s part.

use aws_lc_rs::hmac as aws_hmac;
use hmac::{Hmac, KeyInit, Mac};
use md5::{Digest, Md5};
use sha2::Sha256;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::xml::Elements;
use crate::Refusal;
use crate::account::AllowedSignTypes;
use crate::keys::SharedSecret;

const SIGN: &str = "sign";

/// How a document is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum SignType {
    Md5,
    HmacSha256,
}

/// Whether the document is signed with `secret`, by a method that is allowed.
pub(super) fn verify(
    elements: &Elements<'_>,
    secret: &SharedSecret,
    allowed: AllowedSignTypes,
) -> Result<(), Refusal> {
    let sign = elements.get(SIGN).ok_or(Refusal::SignMissing)?;
    let sign_type = sign_type_of(elements, sign)?;
    let is_allowed = match allowed {
        AllowedSignTypes::Any => true,
        AllowedSignTypes::Md5 => sign_type == SignType::Md5,
        AllowedSignTypes::HmacSha256 => sign_type == SignType::HmacSha256,
    };
    if !is_allowed {
        return Err(Refusal::SignTypeRefused);
    }
    let expected = match sign_type {
        SignType::Md5 => upper_hex(&md5_of(elements, secret)),
        SignType::HmacSha256 => upper_hex(hmac_of(elements, secret).as_ref()),
    };
    compare(&expected, sign)
}

/// The same, written another way: the signed string as one text, and HMAC by another library.
pub(super) fn verify_again(elements: &Elements<'_>, secret: &SharedSecret) -> Result<(), Refusal> {
    let sign = elements.get(SIGN).ok_or(Refusal::SignMissing)?;
    let mut text = Zeroizing::new(Vec::with_capacity(2048));
    for (name, value) in elements.iter().filter(|(name, _)| *name != SIGN) {
        text.extend_from_slice(format!("{name}={value}&").as_bytes());
    }
    text.extend_from_slice(b"key=");
    text.extend_from_slice(secret.as_bytes());
    let expected = match sign_type_of(elements, sign)? {
        SignType::Md5 => upper_hex(&Md5::digest(&text)),
        SignType::HmacSha256 => {
            let mut hmac = Hmac::<Sha256>::new_from_slice(secret.as_bytes())
                .map_err(|_length| Refusal::SignatureWrong)?;
            hmac.update(&text);
            upper_hex(&hmac.finalize().into_bytes())
        }
    };
    compare(&expected, sign)
}

/// `sign_type` decides where it is there, else the length of `sign`: notifies of orders that were
/// placed with HMAC-SHA256 usually carry none.
fn sign_type_of(elements: &Elements<'_>, sign: &str) -> Result<SignType, Refusal> {
    match (elements.get("sign_type"), sign.len()) {
        (Some("MD5"), _) | (None, 32) => Ok(SignType::Md5),
        (Some("HMAC-SHA256"), _) | (None, 64) => Ok(SignType::HmacSha256),
        (Some(_), _) => Err(Refusal::SignTypeRefused),
        (None, _) => Err(Refusal::SignatureWrong),
    }
}

fn md5_of(elements: &Elements<'_>, secret: &SharedSecret) -> [u8; 16] {
    let mut hash = Md5::new();
    feed(elements, secret, |bytes| hash.update(bytes));
    hash.finalize().into()
}

fn hmac_of(elements: &Elements<'_>, secret: &SharedSecret) -> aws_hmac::Tag {
    let key = aws_hmac::Key::new(aws_hmac::HMAC_SHA256, secret.as_bytes());
    let mut hmac = aws_hmac::Context::with_key(&key);
    feed(elements, secret, |bytes| hmac.update(bytes));
    hmac.sign()
}

/// Feeds the signed string to `sink` piece by piece, so that the key lies in no text of ours.
fn feed(elements: &Elements<'_>, secret: &SharedSecret, mut sink: impl FnMut(&[u8])) {
    for (name, value) in elements.iter().filter(|(name, _)| *name != SIGN) {
        for piece in [name, "=", value, "&"] {
            sink(piece.as_bytes());
        }
    }
    sink(b"key=");
    sink(secret.as_bytes());
}

fn compare(expected: &str, sign: &str) -> Result<(), Refusal> {
    if bool::from(expected.as_bytes().ct_eq(sign.as_bytes())) {
        Ok(())
    } else {
        Err(Refusal::SignatureWrong)
    }
}

fn upper_hex(bytes: &[u8]) -> String {
    let digit = |nibble: u8| {
        char::from(if nibble < 10 {
            b'0' + nibble
        } else {
            b'A' + nibble - 10
        })
    };
    bytes
        .iter()
        .flat_map(|byte| [digit(byte >> 4), digit(byte & 0xF)])
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    use crate::v2::xml;

    #[test]
    fn every_published_digest_is_reproduced() {
        let vector: serde_json::Value =
            serde_json::from_str(include_str!("../../tests/vectors/v2_sign.json")).unwrap();
        for case in vector["cases"].as_array().unwrap() {
            let params = case["params"].as_object().unwrap();
            let fields: String = params
                .iter()
                .map(|(name, value)| {
                    format!("<{name}><![CDATA[{}]]></{name}>", value.as_str().unwrap())
                })
                .collect();
            let document = format!("<xml>{fields}<sign>dropped</sign></xml>");
            let elements = xml::parse(document.as_bytes(), "xml").unwrap();
            let secret = SharedSecret::from_text(case["key"].as_str().unwrap()).unwrap();
            assert_eq!(upper_hex(&md5_of(&elements, &secret)), case["md5"]);
            assert_eq!(
                upper_hex(hmac_of(&elements, &secret).as_ref()),
                case["hmac_sha256"]
            );
        }
    }
}

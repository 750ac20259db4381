//! Whether Alipay signed a form 「异步返回结果的验签」: V1, which leaves `sign` and `sign_type` out of the
//! signed string. What the form says is others' part; so is which part of an answer is signed.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rsa::pkcs8::DecodePublicKey;
use rsa::signature::Verifier;

use crate::Refusal;
use crate::form::Form;
use crate::keys::AlipayKey;

/// The key among those of the account that signed the form. Alipay's notifies do not name their key,
/// so with several certificates known each is tried, and no others.
pub(crate) fn verify<'a>(
    keys: &'a [Arc<AlipayKey>],
    form: &Form<'_>,
) -> Result<&'a AlipayKey, Refusal> {
    let signature = signature(form)?;
    for signed in form.signed_strings() {
        if let Some(key) = keys.iter().find(|key| key.verifies(&signed, &signature)) {
            return Ok(key);
        }
    }
    Err(Refusal::SignatureWrong)
}

/// Verifies a stored notify a second time, by another implementation (the `rsa` crate): its body as
/// received, and the DER `SubjectPublicKeyInfo` of the key that verified it.
///
/// # Errors
///
/// The first reason why the signature does not hold.
pub fn verify_again(body: &[u8], public_key_der: &[u8]) -> Result<(), Refusal> {
    let form = Form::parse(body)?;
    let signature = signature(&form)?;
    verify_by_rsa(form.signed_strings(), &signature, public_key_der)
}

/// Whether one of these is what was signed, by the `rsa` crate.
pub(crate) fn verify_by_rsa(
    mut candidates: impl Iterator<Item = impl AsRef<[u8]>>,
    signature: &[u8],
    public_key_der: &[u8],
) -> Result<(), Refusal> {
    let signature =
        rsa::pkcs1v15::Signature::try_from(signature).map_err(|_error| Refusal::SignUnreadable)?;
    let key = rsa::PublicKey::from_public_key_der(public_key_der)
        .map_err(|_error| Refusal::SignatureWrong)?;
    let key = rsa::pkcs1v15::VerifyingKey::<sha2::Sha256>::new(key);
    if candidates.any(|signed| key.verify(signed.as_ref(), &signature).is_ok()) {
        Ok(())
    } else {
        Err(Refusal::SignatureWrong)
    }
}

/// The signature of a form that claims the one algorithm there is.
fn signature(form: &Form<'_>) -> Result<Vec<u8>, Refusal> {
    let signature = decode(form.get("sign").ok_or(Refusal::SignMissing)?)?;
    match form.get("sign_type") {
        Some(b"RSA2") => Ok(signature),
        Some(_) | None => Err(Refusal::SignTypeRefused),
    }
}

/// A signature out of its Base64, by a key of 2048 to 8192 bits.
pub(crate) fn decode(sign: &[u8]) -> Result<Vec<u8>, Refusal> {
    STANDARD
        .decode(sign)
        .ok()
        .filter(|signature| (256..=1024).contains(&signature.len()))
        .ok_or(Refusal::SignUnreadable)
}

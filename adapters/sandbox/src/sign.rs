//! RSA signatures as both gateways make and check them: PKCS#1 v1.5 over SHA-256, in Base64.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rsa::pkcs1v15::{Signature, SigningKey, VerifyingKey};
use rsa::pkcs8::{DecodePrivateKey, EncodePrivateKey as _};
use rsa::sha2::Sha256;
use rsa::signature::{SignatureEncoding as _, Signer as _, Verifier as _};
use rsa::{PrivateKey, PublicKey};

use crate::keys::Keys;

/// Signs a message with one key: the raw signature, PKCS#1 v1.5 over SHA-256.
pub type Sign = Arc<dyn Fn(&[u8]) -> Result<Vec<u8>, SigningFailed> + Send + Sync>;

/// Makes a signer out of a private key, PKCS#8 in DER. [`rsa_signer`] unless a faster one is wanted.
pub type SignerFor = fn(&[u8]) -> Result<Sign, SigningFailed>;

/// What both gateways sign with.
pub struct Signers {
    pub(crate) alipay: Sign,
    pub(crate) next_alipay: Sign,
    pub(crate) public_key: Sign,
    pub(crate) certificate: Sign,
    pub(crate) next_certificate: Sign,
}

impl Signers {
    /// Makes a signer out of each of these keys.
    ///
    /// # Errors
    /// Where one cannot be made.
    pub fn of(keys: &Keys, make: SignerFor) -> Result<Self, SigningFailed> {
        let signer = |key: &PrivateKey| {
            let der = key.to_pkcs8_der().map_err(|error| SigningFailed {
                problem: error.to_string(),
            })?;
            make(der.as_bytes())
        };
        Ok(Self {
            alipay: signer(&keys.alipay.gateway)?,
            next_alipay: signer(&keys.alipay.certs.next.key)?,
            public_key: signer(&keys.wechatpay.public_key)?,
            certificate: signer(&keys.wechatpay.platform)?,
            next_certificate: signer(&keys.wechatpay.next.key)?,
        })
    }
}

/// A private key that cannot be read, or that refused to sign.
#[derive(Debug, thiserror::Error)]
#[error("signing with a key of the sandbox failed: {problem}")]
pub struct SigningFailed {
    /// What happened.
    pub problem: String,
}

/// A signer by the `rsa` crate, with blinding.
///
/// # Errors
/// Where the bytes are no RSA private key in PKCS#8.
pub fn rsa_signer(pkcs8_der: &[u8]) -> Result<Sign, SigningFailed> {
    let key = PrivateKey::from_pkcs8_der(pkcs8_der).map_err(|error| SigningFailed {
        problem: error.to_string(),
    })?;
    let key = SigningKey::<Sha256>::new(key);
    Ok(Arc::new(move |message| {
        key.try_sign(message)
            .map(|signature| signature.to_vec())
            .map_err(|error| SigningFailed {
                problem: error.to_string(),
            })
    }))
}

/// A signature in the form in which both gateways send it.
pub(crate) fn base64_signature(sign: &Sign, message: &[u8]) -> Result<String, SigningFailed> {
    sign(message).map(|signature| STANDARD.encode(signature))
}

/// Whether a Base64 signature is this key's over this message.
pub(crate) fn verifies(key: &PublicKey, message: &[u8], signature: &str) -> bool {
    let Ok(signature) = STANDARD.decode(signature) else {
        return false;
    };
    let Ok(signature) = Signature::try_from(signature.as_slice()) else {
        return false;
    };
    VerifyingKey::<Sha256>::new(key.clone())
        .verify(message, &signature)
        .is_ok()
}

//! RSA signatures as both gateways make and check them: PKCS#1 v1.5 over SHA-256, in Base64.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rsa::pkcs1::{DecodeRsaPublicKey as _, EncodeRsaPublicKey as _};
use rsa::pkcs1v15::{Signature, SigningKey, VerifyingKey};
use rsa::pkcs8::{DecodePrivateKey, EncodePrivateKey as _};
use rsa::sha2::Sha256;
use rsa::signature::{SignatureEncoding as _, Signer as _, Verifier as _};
use rsa::{PrivateKey, PublicKey};

use crate::keys::Keys;

/// Signs a message with one key: the raw signature, PKCS#1 v1.5 over SHA-256.
pub type Sign = Arc<dyn Fn(&[u8]) -> Result<Vec<u8>, SigningFailed> + Send + Sync>;

/// Makes a signer out of a private key, PKCS#8 in DER.
pub type SignerFor = fn(&[u8]) -> Result<Sign, SigningFailed>;

/// Whether a raw signature, PKCS#1 v1.5 over SHA-256, is one key's over a message.
pub type Verify = Arc<dyn Fn(&[u8], &[u8]) -> bool + Send + Sync>;

/// What makes a verifier out of a public key, PKCS#1 in DER.
pub type VerifierFor = fn(&[u8]) -> Option<Verify>;

/// The library that does the cryptography: [`Library::RSA`] unless a faster one is wanted.
#[derive(Clone, Copy)]
pub struct Library {
    /// Makes signers.
    pub signer: SignerFor,
    /// Makes verifiers.
    pub verifier: VerifierFor,
}

impl Library {
    /// The `rsa` crate, which payfold does not sign or verify by: one implementation is held against another.
    pub const RSA: Self = Self {
        signer: rsa_signer,
        verifier: rsa_verifier,
    };
}

/// What both gateways sign with, and what they verify the merchant's signatures by.
pub struct Signers {
    pub(crate) alipay: Sign,
    pub(crate) next_alipay: Sign,
    pub(crate) public_key: Sign,
    pub(crate) certificate: Sign,
    pub(crate) next_certificate: Sign,
    pub(crate) of_alipay_app: Verify,
    pub(crate) of_wechatpay_merchant: Verify,
}

impl Signers {
    /// Makes a signer or a verifier out of each of these keys.
    ///
    /// # Errors
    /// Where one cannot be made.
    pub fn of(keys: &Keys, library: Library) -> Result<Self, SigningFailed> {
        let signer = |key: &PrivateKey| {
            let der = key.to_pkcs8_der().map_err(SigningFailed::of)?;
            (library.signer)(der.as_bytes())
        };
        let verifier = |key: &PrivateKey| {
            let der = key.to_public_key().to_pkcs1_der();
            let der = der.map_err(SigningFailed::of)?;
            (library.verifier)(der.as_bytes()).ok_or_else(|| SigningFailed {
                problem: "the public key was not taken".to_owned(),
            })
        };
        Ok(Self {
            alipay: signer(&keys.alipay.gateway)?,
            next_alipay: signer(&keys.alipay.certs.next.key)?,
            public_key: signer(&keys.wechatpay.public_key)?,
            certificate: signer(&keys.wechatpay.platform)?,
            next_certificate: signer(&keys.wechatpay.next.key)?,
            of_alipay_app: verifier(&keys.alipay.app)?,
            of_wechatpay_merchant: verifier(&keys.wechatpay.merchant)?,
        })
    }
}

/// A key that cannot be read, or that refused to sign.
#[derive(Debug, thiserror::Error)]
#[error("signing with a key of the sandbox failed: {problem}")]
pub struct SigningFailed {
    /// What happened.
    pub problem: String,
}

impl SigningFailed {
    fn of(error: impl std::fmt::Display) -> Self {
        Self {
            problem: error.to_string(),
        }
    }
}

/// With blinding.
fn rsa_signer(pkcs8_der: &[u8]) -> Result<Sign, SigningFailed> {
    let key = PrivateKey::from_pkcs8_der(pkcs8_der).map_err(SigningFailed::of)?;
    let key = SigningKey::<Sha256>::new(key);
    Ok(Arc::new(move |message| {
        key.try_sign(message)
            .map(|signature| signature.to_vec())
            .map_err(SigningFailed::of)
    }))
}

fn rsa_verifier(pkcs1_der: &[u8]) -> Option<Verify> {
    let key = VerifyingKey::<Sha256>::new(PublicKey::from_pkcs1_der(pkcs1_der).ok()?);
    Some(Arc::new(move |message, signature| {
        Signature::try_from(signature)
            .is_ok_and(|signature| key.verify(message, &signature).is_ok())
    }))
}

/// A signature in the form in which both gateways send it.
pub(crate) fn base64_signature(sign: &Sign, message: &[u8]) -> Result<String, SigningFailed> {
    sign(message).map(|signature| STANDARD.encode(signature))
}

/// Whether a Base64 signature is over this message.
pub(crate) fn verifies(verify: &Verify, message: &[u8], signature: &str) -> bool {
    let signature = STANDARD.decode(signature);
    signature.is_ok_and(|signature| verify(message, &signature))
}

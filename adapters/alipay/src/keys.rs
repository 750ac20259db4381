//! The keys of an account: Alipay's, which verify, and the application's own, which signs. Reading files
//! and noticing that they changed is the caller's part; certificates are `certificate`'s.

use std::sync::{Arc, PoisonError, RwLock};

use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeyPair;
use aws_lc_rs::signature::{
    KeyPair as _, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256,
};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use payfold_domain::KeyFingerprint;
use rsa::pkcs1::{DecodeRsaPublicKey, EncodeRsaPublicKey};
use rsa::pkcs8::{DecodePublicKey, EncodePublicKey};
use rsa::traits::PublicKeyParts;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

/// A key or a certificate that cannot be used: what was expected of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected {0}")]
pub(crate) struct Unusable(pub(crate) &'static str);

const SHORTEST_MODULUS_BITS: u32 = 2048;

/// One public key of Alipay's, read once.
pub(crate) struct AlipayKey {
    parsed: ParsedPublicKey,
    spki_der: Vec<u8>,
    fingerprint: KeyFingerprint,
    certificate_sn: Option<String>,
}

impl AlipayKey {
    /// From the text of a key file: `SubjectPublicKeyInfo` or PKCS#1, in PEM or as bare Base64.
    pub(crate) fn from_text(text: &str) -> Result<Self, Unusable> {
        const EXPECTED: Unusable = Unusable(
            "Alipay's RSA public key of 2048 bits or more, in PEM or as the bare Base64 of its console",
        );
        let der = der(text, &["PUBLIC KEY", "RSA PUBLIC KEY"]).ok_or(EXPECTED)?;
        let key = rsa::PublicKey::from_public_key_der(&der)
            .or_else(|_not_spki| rsa::PublicKey::from_pkcs1_der(&der))
            .map_err(|_error| EXPECTED)?;
        Self::new(&key, None).ok_or(EXPECTED)
    }

    /// From a certificate's DER `SubjectPublicKeyInfo` and its SN; `None` where it is no RSA key of 2048
    /// bits or more.
    pub(crate) fn from_certificate(spki_der: &[u8], sn: String) -> Option<Self> {
        Self::new(
            &rsa::PublicKey::from_public_key_der(spki_der).ok()?,
            Some(sn),
        )
    }

    fn new(key: &rsa::PublicKey, certificate_sn: Option<String>) -> Option<Self> {
        if key.n().bit_width() < SHORTEST_MODULUS_BITS {
            return None;
        }
        let pkcs1 = key.to_pkcs1_der().ok()?;
        let spki_der = key.to_public_key_der().ok()?.into_vec();
        let parsed = ParsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, pkcs1.as_bytes()).ok()?;
        let fingerprint = KeyFingerprint(Sha256::digest(&spki_der).into());
        Some(Self {
            parsed,
            spki_der,
            fingerprint,
            certificate_sn,
        })
    }

    pub(crate) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        self.parsed.verify_sig(message, signature).is_ok()
    }

    pub(crate) fn spki_der(&self) -> &[u8] {
        &self.spki_der
    }

    pub(crate) fn fingerprint(&self) -> KeyFingerprint {
        self.fingerprint
    }

    /// What answers name its certificate by, `alipay_cert_sn`; `None` in public-key mode.
    pub(crate) fn certificate_sn(&self) -> Option<&str> {
        self.certificate_sn.as_deref()
    }
}

/// Every key of Alipay's that may verify. It only grows: certificates are adopted while the account is
/// in use.
pub(crate) struct AlipayKeys(RwLock<Arc<[Arc<AlipayKey>]>>);

impl AlipayKeys {
    pub(crate) fn new(keys: Vec<AlipayKey>) -> Self {
        Self(RwLock::new(keys.into_iter().map(Arc::new).collect()))
    }

    pub(crate) fn all(&self) -> Arc<[Arc<AlipayKey>]> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Adds a certificate's key, and says whether it is new.
    pub(crate) fn adopt(&self, key: AlipayKey) -> bool {
        let mut keys = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let is_known = |known: &Arc<AlipayKey>| known.certificate_sn == key.certificate_sn;
        if keys.iter().any(is_known) {
            return false;
        }
        *keys = keys.iter().cloned().chain([Arc::new(key)]).collect();
        true
    }
}

impl Clone for AlipayKeys {
    fn clone(&self) -> Self {
        Self(RwLock::new(self.all()))
    }
}

/// The application's own key, which signs requests. `aws-lc-rs` wipes it.
pub(crate) struct AppKey {
    pair: KeyPair,
    spki_der: Vec<u8>,
}

impl AppKey {
    /// From the text of a key file: PKCS#8 or PKCS#1, in PEM or as the bare Base64 that Alipay's key
    /// tool writes.
    pub(crate) fn from_text(text: &str) -> Result<Self, Unusable> {
        const EXPECTED: Unusable = Unusable(
            "an unencrypted RSA private key of 2048 bits or more, PKCS#8 or PKCS#1, in PEM or as the bare Base64 of Alipay's key tool",
        );
        let der = der(text, &["PRIVATE KEY", "RSA PRIVATE KEY"]).ok_or(EXPECTED)?;
        let pair = KeyPair::from_pkcs8(&der)
            .or_else(|_not_pkcs8| KeyPair::from_der(&der))
            .map_err(|_rejected| EXPECTED)?;
        let spki: PublicKeyX509Der<'_> = pair.public_key().as_der().map_err(|_error| EXPECTED)?;
        let spki_der = spki.as_ref().to_vec();
        Ok(Self { pair, spki_der })
    }

    /// The public half, as DER `SubjectPublicKeyInfo`.
    pub(crate) fn public_spki_der(&self) -> &[u8] {
        &self.spki_der
    }

    /// RSA2, in Base64; `None` where the library refuses to sign.
    pub(crate) fn sign(&self, message: &[u8]) -> Option<String> {
        let mut signature = vec![0; self.pair.public_modulus_len()];
        self.pair
            .sign(
                &RSA_PKCS1_SHA256,
                &SystemRandom::new(),
                message,
                &mut signature,
            )
            .ok()?;
        Some(STANDARD.encode(signature))
    }
}

/// The DER in a key file's text: of the first PEM block with one of these labels, else of the whole
/// text as Base64. Line breaks, spaces and a byte order mark do not count.
fn der(text: &str, labels: &[&str]) -> Option<Zeroizing<Vec<u8>>> {
    let text = text.trim_start_matches('\u{feff}');
    let encoded = if text.contains("-----BEGIN ") {
        labels.iter().find_map(|label| pem_body(text, label))?
    } else {
        text
    };
    let mut dense = Zeroizing::new(String::with_capacity(encoded.len()));
    dense.extend(
        encoded
            .chars()
            .filter(|character| !character.is_whitespace()),
    );
    STANDARD.decode(dense.as_bytes()).ok().map(Zeroizing::new)
}

fn pem_body<'a>(text: &'a str, label: &str) -> Option<&'a str> {
    let (_before, rest) = text.split_once(&format!("-----BEGIN {label}-----"))?;
    let (body, _after) = rest.split_once(&format!("-----END {label}-----"))?;
    Some(body)
}

/// Every certificate in a PEM text, as DER, in the order of the file; what is no Base64 is left out.
pub(crate) fn certificates_der(text: &str) -> Vec<Vec<u8>> {
    text.split("-----BEGIN CERTIFICATE-----")
        .skip(1)
        .filter_map(|rest| {
            let (body, _after) = rest.split_once("-----END CERTIFICATE-----")?;
            let dense: String = body.split_whitespace().collect();
            STANDARD.decode(dense).ok()
        })
        .collect()
}

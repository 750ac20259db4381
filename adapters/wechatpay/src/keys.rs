//! The merchant's own keys: what signs requests, and the secrets shared with the gateway. Reading files
//! and noticing that they changed is the caller's part.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeyPair;
use aws_lc_rs::signature::RSA_PKCS1_SHA256;
use payfold_domain::KeyFingerprint;
use rsa::pkcs8::SecretDocument;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

/// A key that cannot be used: what was expected of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected {0}")]
pub(crate) struct UnusableKey(pub(crate) &'static str);

/// The merchant's key, which signs requests. `aws-lc-rs` wipes it.
pub(crate) struct MerchantKey {
    pair: KeyPair,
}

impl MerchantKey {
    /// From PEM, PKCS#8 or PKCS#1.
    pub(crate) fn from_pem(pem: &str) -> Result<Self, UnusableKey> {
        const EXPECTED: UnusableKey =
            UnusableKey("an RSA private key of 2048 bits or more in PEM (PKCS#8 or PKCS#1)");
        let (label, der) = SecretDocument::from_pem(pem.trim()).map_err(|_error| EXPECTED)?;
        let pair = match label {
            "PRIVATE KEY" => KeyPair::from_pkcs8(der.as_bytes()),
            "RSA PRIVATE KEY" => KeyPair::from_der(der.as_bytes()),
            _ => return Err(EXPECTED),
        };
        pair.map(|pair| Self { pair }).map_err(|_error| EXPECTED)
    }

    /// RSASSA-PKCS1-v1_5 with SHA-256; `None` where the library refuses to sign.
    pub(crate) fn sign(&self, message: &[u8]) -> Option<Vec<u8>> {
        let mut signature = vec![0; self.pair.public_modulus_len()];
        self.pair
            .sign(
                &RSA_PKCS1_SHA256,
                &SystemRandom::new(),
                message,
                &mut signature,
            )
            .ok()?;
        Some(signature)
    }
}

/// A shared secret of 32 bytes of text (the APIv2 key).
pub(crate) struct SharedSecret(Zeroizing<[u8; 32]>);

impl SharedSecret {
    /// 32 visible ASCII characters; one line end after them, as editors leave it, does not count.
    pub(crate) fn from_text(text: &str) -> Result<Self, UnusableKey> {
        const EXPECTED: UnusableKey = UnusableKey("exactly 32 bytes of text");
        let line = text
            .strip_suffix('\n')
            .map_or(text, |line| line.strip_suffix('\r').unwrap_or(line));
        let bytes: [u8; 32] = line.as_bytes().try_into().map_err(|_length| EXPECTED)?;
        let bytes = Zeroizing::new(bytes);
        if !bytes.iter().all(u8::is_ascii_graphic) {
            return Err(EXPECTED);
        }
        Ok(Self(bytes))
    }

    pub(crate) fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// SHA-256 over a tag and the secret's own SHA-256, which names the key and gives nothing away.
    pub(crate) fn fingerprint(&self) -> KeyFingerprint {
        let mut hash = Sha256::new();
        hash.update(b"payfold wechatpay v2 key\0");
        hash.update(Sha256::digest(self.0.as_slice()));
        KeyFingerprint(hash.finalize().into())
    }
}

/// The APIv3 key, which opens resources (AES-256-GCM).
pub(crate) struct ResourceKey(LessSafeKey);

impl ResourceKey {
    /// See [`SharedSecret::from_text`].
    pub(crate) fn from_text(text: &str) -> Result<Self, UnusableKey> {
        let secret = SharedSecret::from_text(text)?;
        UnboundKey::new(&AES_256_GCM, secret.as_bytes())
            .map(|key| Self(LessSafeKey::new(key)))
            .map_err(|_unspecified| UnusableKey("exactly 32 bytes of text"))
    }

    /// Opens `sealed` (encrypted bytes, then the tag) in place; `None` where the tag does not hold.
    pub(crate) fn open<'a>(
        &self,
        nonce: [u8; 12],
        associated_data: &[u8],
        sealed: &'a mut [u8],
    ) -> Option<&'a mut [u8]> {
        self.0
            .open_in_place(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(associated_data),
                sealed,
            )
            .ok()
    }
}

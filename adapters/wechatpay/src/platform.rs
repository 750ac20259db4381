//! The gateway's public keys: platform certificates and WeChat Pay public keys in one table, from
//! which `Wechatpay-Serial` alone picks 「如何从平台证书切换成微信支付公钥」. During a change-over both
//! kinds verify. Fetching new certificates is the caller's part.

use std::sync::{Arc, PoisonError, RwLock};

use aws_lc_rs::signature::{ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256};
use payfold_domain::KeyFingerprint;
use rsa::pkcs1::EncodeRsaPublicKey;
use rsa::pkcs8::{DecodePublicKey, EncodePublicKey};
use rsa::traits::PublicKeyParts;
use sha2::{Digest, Sha256};

use crate::Refusal;
use crate::keys::UnusableKey;

/// Shorter keys are refused: 2048 bits is what the gateway uses 「如何验证签名」.
const SHORTEST_MODULUS_BITS: u32 = 2048;

/// Every key that may verify. It only grows: certificates are adopted while the account is in use.
pub(crate) struct PlatformKeys(RwLock<Vec<Arc<PlatformKey>>>);

impl PlatformKeys {
    pub(crate) fn new(keys: Vec<PlatformKey>) -> Self {
        Self(RwLock::new(keys.into_iter().map(Arc::new).collect()))
    }

    /// The key that `Wechatpay-Serial` names, chosen by that header alone: a message is never tried
    /// with one key after another.
    pub(crate) fn called(&self, serial: &str) -> Result<Arc<PlatformKey>, Refusal> {
        let is_hex = serial.bytes().all(|byte| byte.is_ascii_hexdigit());
        let keys = self.0.read().unwrap_or_else(PoisonError::into_inner);
        match keys.iter().find(|key| key.is_called(serial)) {
            Some(key) => Ok(Arc::clone(key)),
            None if is_hex => Err(Refusal::UnknownCertificateSerial),
            None => Err(Refusal::UnknownPublicKeyId),
        }
    }

    /// Adds those that the table lacks, and says how many.
    pub(crate) fn adopt(&self, found: Vec<PlatformKey>) -> usize {
        let mut keys = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let before = keys.len();
        for key in found {
            if !keys.iter().any(|known| known.has_name_of(&key)) {
                keys.push(Arc::new(key));
            }
        }
        keys.len().saturating_sub(before)
    }

    /// Every key as DER `SubjectPublicKeyInfo`, by its fingerprint.
    pub(crate) fn public(&self) -> Vec<(KeyFingerprint, Vec<u8>)> {
        let keys = self.0.read().unwrap_or_else(PoisonError::into_inner);
        keys.iter()
            .map(|key| (key.fingerprint, key.spki_der.clone()))
            .collect()
    }

    /// The id of the public key, where there is one.
    pub(crate) fn public_key_id(&self) -> Option<String> {
        let keys = self.0.read().unwrap_or_else(PoisonError::into_inner);
        keys.iter()
            .find_map(|key| key.public_key_id().map(str::to_owned))
    }
}

impl Clone for PlatformKeys {
    fn clone(&self) -> Self {
        let keys = self.0.read().unwrap_or_else(PoisonError::into_inner);
        Self(RwLock::new(keys.clone()))
    }
}

/// One public key of the gateway, read once.
pub(crate) struct PlatformKey {
    name: KeyName,
    parsed: ParsedPublicKey,
    spki_der: Vec<u8>,
    pub(crate) fingerprint: KeyFingerprint,
}

/// What `Wechatpay-Serial` calls a key by.
enum KeyName {
    /// `PUB_KEY_ID_…`, compared as text.
    PublicKeyId(PublicKeyId),
    /// A certificate's serial in hex, upper case, without leading zeros.
    CertificateSerial(String),
}

/// The id of a WeChat Pay public key.
pub(crate) struct PublicKeyId(String);

impl PublicKeyId {
    /// `PUB_KEY_ID_` and 1 to 64 letters and digits.
    pub(crate) fn new(text: &str) -> Result<Self, UnusableKey> {
        let is_id = text.strip_prefix("PUB_KEY_ID_").is_some_and(|rest| {
            (1..=64).contains(&rest.len()) && rest.bytes().all(|byte| byte.is_ascii_alphanumeric())
        });
        if is_id {
            Ok(Self(text.to_owned()))
        } else {
            Err(UnusableKey("PUB_KEY_ID_ and digits"))
        }
    }
}

impl PlatformKey {
    /// A WeChat Pay public key 「微信支付公钥」: its id and its PEM `SubjectPublicKeyInfo`.
    pub(crate) fn from_public_key(id: PublicKeyId, pem: &str) -> Result<Self, UnusableKey> {
        const EXPECTED: UnusableKey =
            UnusableKey("an RSA public key of 2048 bits or more in PEM (BEGIN PUBLIC KEY)");
        let key = rsa::PublicKey::from_public_key_pem(pem.trim()).map_err(|_error| EXPECTED)?;
        Self::new(KeyName::PublicKeyId(id), &key).ok_or(EXPECTED)
    }

    /// A platform certificate 「微信支付平台证书」 in PEM; its serial is read from itself.
    pub(crate) fn from_certificate(pem: &str) -> Result<Self, UnusableKey> {
        const EXPECTED: UnusableKey = UnusableKey(
            "an X.509 certificate with an RSA key of 2048 bits or more in PEM (BEGIN CERTIFICATE)",
        );
        let (_rest, block) =
            x509_parser::pem::parse_x509_pem(pem.as_bytes()).map_err(|_error| EXPECTED)?;
        let certificate = block.parse_x509().map_err(|_error| EXPECTED)?;
        let key = rsa::PublicKey::from_public_key_der(certificate.public_key().raw)
            .map_err(|_error| EXPECTED)?;
        let serial = certificate
            .raw_serial()
            .iter()
            .map(|byte| format!("{byte:02X}"))
            .collect::<String>();
        let serial = serial.trim_start_matches('0').to_owned();
        Self::new(KeyName::CertificateSerial(serial), &key).ok_or(EXPECTED)
    }

    /// `None` for a key that is too short; the parser of the hot path takes shorter ones.
    fn new(name: KeyName, key: &rsa::PublicKey) -> Option<Self> {
        if key.n().bit_width() < SHORTEST_MODULUS_BITS {
            return None;
        }
        let pkcs1 = key.to_pkcs1_der().ok()?;
        let spki_der = key.to_public_key_der().ok()?.into_vec();
        let parsed = ParsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, pkcs1.as_bytes()).ok()?;
        let fingerprint = KeyFingerprint(Sha256::digest(&spki_der).into());
        Some(Self {
            name,
            parsed,
            spki_der,
            fingerprint,
        })
    }

    /// The id, where this is a public key and no certificate's.
    fn public_key_id(&self) -> Option<&str> {
        match &self.name {
            KeyName::PublicKeyId(PublicKeyId(id)) => Some(id),
            KeyName::CertificateSerial(_) => None,
        }
    }

    /// Whether both are called by the same serial or id.
    pub(crate) fn has_name_of(&self, other: &Self) -> bool {
        match &other.name {
            KeyName::PublicKeyId(PublicKeyId(id)) => self.is_called(id),
            KeyName::CertificateSerial(serial) => self.is_called(serial),
        }
    }

    pub(crate) fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), Refusal> {
        self.parsed
            .verify_sig(message, signature)
            .map_err(|_unspecified| Refusal::SignatureWrong)
    }

    pub(crate) fn is_called(&self, serial: &str) -> bool {
        match &self.name {
            KeyName::PublicKeyId(PublicKeyId(id)) => id == serial,
            KeyName::CertificateSerial(own) => {
                own.eq_ignore_ascii_case(serial.trim_start_matches('0'))
            }
        }
    }
}

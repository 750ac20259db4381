//! The keys of an account: what verifies the gateway, what signs for the merchant, and the shared
//! secrets. Reading files and noticing that they changed is the caller's part.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeyPair;
use aws_lc_rs::signature::{ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256};
use payfold_domain::KeyFingerprint;
use rsa::pkcs1::{DecodeRsaPrivateKey, EncodeRsaPrivateKey, EncodeRsaPublicKey};
use rsa::pkcs8::{DecodePrivateKey, DecodePublicKey, EncodePublicKey};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::Refusal;

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

/// A key that cannot be used: what was expected of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected {0}")]
pub(crate) struct UnusableKey(pub(crate) &'static str);

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

    fn new(name: KeyName, key: &rsa::PublicKey) -> Option<Self> {
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

    /// The key as DER `SubjectPublicKeyInfo`.
    pub(crate) fn spki_der(&self) -> &[u8] {
        &self.spki_der
    }

    /// The id, where this is a public key and no certificate's.
    pub(crate) fn public_key_id(&self) -> Option<&str> {
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

    fn is_called(&self, serial: &str) -> bool {
        match &self.name {
            KeyName::PublicKeyId(PublicKeyId(id)) => id == serial,
            KeyName::CertificateSerial(own) => {
                own.eq_ignore_ascii_case(serial.trim_start_matches('0'))
            }
        }
    }
}

/// The key that `Wechatpay-Serial` names, chosen by that header alone: a message is never tried with
/// one key after another.
pub(crate) fn key_called<'a>(
    keys: &'a [PlatformKey],
    serial: &str,
) -> Result<&'a PlatformKey, Refusal> {
    let is_hex = serial.bytes().all(|byte| byte.is_ascii_hexdigit());
    match keys.iter().find(|key| key.is_called(serial)) {
        Some(key) => Ok(key),
        None if is_hex => Err(Refusal::UnknownCertificateSerial),
        None => Err(Refusal::UnknownPublicKeyId),
    }
}

/// The merchant's key, which signs requests. `aws-lc-rs` wipes it.
pub(crate) struct MerchantKey {
    pair: KeyPair,
}

impl MerchantKey {
    /// From PEM, PKCS#8 or PKCS#1.
    pub(crate) fn from_pem(pem: &str) -> Result<Self, UnusableKey> {
        const EXPECTED: UnusableKey =
            UnusableKey("an RSA private key of 2048 bits or more in PEM (PKCS#8 or PKCS#1)");
        let pem = pem.trim();
        let key = rsa::PrivateKey::from_pkcs8_pem(pem)
            .or_else(|_not_pkcs8| rsa::PrivateKey::from_pkcs1_pem(pem))
            .map_err(|_error| EXPECTED)?;
        let der = key.to_pkcs1_der().map_err(|_error| EXPECTED)?;
        let pair = KeyPair::from_der(der.as_bytes()).map_err(|_error| EXPECTED)?;
        Ok(Self { pair })
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

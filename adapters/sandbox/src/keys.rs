//! The keys, certificates and account numbers of both sides, made on the spot, and the mark by
//! which they are told from real ones. Where they are kept is `dir`'s matter.

use std::convert::Infallible;
use std::str::FromStr as _;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use rsa::pkcs1::{DecodeRsaPrivateKey as _, DecodeRsaPublicKey as _};
use rsa::pkcs8::{DecodePrivateKey as _, DecodePublicKey as _};
use rsa::rand_core::{TryCryptoRng, TryRng};
use rsa::sha2::Sha256;
use rsa::traits::PublicKeyParts as _;
use rsa::{BoxedUint, PrivateKey, PublicKey};
use x509_cert::Certificate;
use x509_cert::builder::{Builder as _, CertificateBuilder, profile::BuilderProfile};
use x509_cert::der::asn1::UtcTime;
use x509_cert::der::pem::LineEnding;
use x509_cert::der::referenced::OwnedToRef as _;
use x509_cert::der::{Decode as _, DecodePem as _, EncodePem as _};
use x509_cert::ext::Extension;
use x509_cert::name::Name;
use x509_cert::serial_number::SerialNumber;
use x509_cert::spki::{SubjectPublicKeyInfo, SubjectPublicKeyInfoRef};
use x509_cert::time::{Time, Validity};

use crate::beijing;
use crate::draw;
use crate::outside::Entropy;

/// The mark of the sandbox's keys: their public exponent. Every RSA library takes it, no key tool
/// makes it, and it stays in a private key, its public half and its certificate alike, whatever
/// form they are written in.
const MARK: u32 = 65_539;
const KEY_BITS: usize = 2_048;
const CERTIFICATE_LIFE: Duration = Duration::from_secs(10 * 365 * 86_400);

/// A key or a certificate that could not be made.
#[derive(Debug, thiserror::Error)]
#[error("making the sandbox's {what} failed: {problem}")]
pub struct KeyNotMade {
    /// Which one.
    pub what: &'static str,
    /// What happened.
    pub problem: String,
}

/// Everything that the two sides of both gateways hold.
pub struct Keys {
    pub(crate) alipay: AlipayKeys,
    pub(crate) wechatpay: WechatPayKeys,
    /// The demo shop's key to payfold's API.
    pub(crate) api_key: String,
}

/// The merchant's and Alipay's keys.
pub(crate) struct AlipayKeys {
    pub(crate) app_id: String,
    pub(crate) seller_id: String,
    pub(crate) app: PrivateKey,
    pub(crate) gateway: PrivateKey,
}

/// The merchant's and WeChat Pay's keys.
pub(crate) struct WechatPayKeys {
    pub(crate) app_id: String,
    pub(crate) mch_id: String,
    pub(crate) api_v3_key: String,
    pub(crate) api_v2_key: String,
    pub(crate) merchant: PrivateKey,
    pub(crate) merchant_cert: Cert,
    pub(crate) public_key_id: String,
    pub(crate) public_key: PrivateKey,
    pub(crate) platform: PrivateKey,
    pub(crate) platform_cert: Cert,
}

/// A certificate.
pub(crate) struct Cert {
    pub(crate) pem: String,
    /// 40 upper-case hexadecimal digits.
    pub(crate) serial: String,
    /// From when until when it is good, as WeChat Pay writes times.
    pub(crate) from: String,
    pub(crate) to: String,
}

impl Keys {
    /// Makes all keys. Takes about a second in a release build.
    pub(crate) fn make(now: DateTime<Utc>, entropy: &Entropy) -> Result<Self, KeyNotMade> {
        let merchant = key(entropy, "merchant key")?;
        let platform = key(entropy, "platform key")?;
        let mch_id = format!("19{}", draw::digits(entropy, 8));
        let merchant_name = format!("CN={mch_id},O=payfold sandbox merchant,C=CN");
        Ok(Self {
            alipay: AlipayKeys {
                app_id: format!("2021{}", draw::digits(entropy, 12)),
                seller_id: format!("2088{}", draw::digits(entropy, 12)),
                app: key(entropy, "app key")?,
                gateway: key(entropy, "Alipay key")?,
            },
            wechatpay: WechatPayKeys {
                app_id: format!("wx{}", draw::hex(entropy, 16)),
                mch_id,
                api_v3_key: draw::alphanumeric(entropy, 32),
                api_v2_key: draw::alphanumeric(entropy, 32),
                merchant_cert: certificate(&merchant, &merchant_name, now, entropy)?,
                merchant,
                public_key_id: format!("PUB_KEY_ID_01{}", draw::digits(entropy, 30)),
                public_key: key(entropy, "WeChat Pay key")?,
                platform_cert: certificate(
                    &platform,
                    "CN=payfold sandbox platform,O=payfold sandbox,C=CN",
                    now,
                    entropy,
                )?,
                platform,
            },
            api_key: api_key(entropy),
        })
    }
}

/// Whether these bytes hold a key or a certificate that a sandbox made: private or public, PKCS#1,
/// PKCS#8, SubjectPublicKeyInfo or X.509, as PEM, as bare Base64 or as DER. Anything else is not.
pub fn is_sandbox_key(bytes: &[u8]) -> bool {
    let der = bare(bytes).unwrap_or_else(|| bytes.to_vec());
    public_half(&der).is_some_and(|key| *key.e() == BoxedUint::from(MARK))
}

/// The DER inside PEM lines or bare Base64, whatever its line breaks.
fn bare(bytes: &[u8]) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(bytes).ok()?;
    let inner = match text.split_once("-----BEGIN ") {
        Some((_, rest)) => rest.split_once("-----")?.1.split_once("-----END ")?.0,
        None => text,
    };
    let packed: String = inner
        .chars()
        .filter(|letter| !letter.is_whitespace() && *letter != '\u{feff}')
        .collect();
    STANDARD.decode(packed).ok()
}

fn public_half(der: &[u8]) -> Option<PublicKey> {
    if let Ok(key) = PrivateKey::from_pkcs8_der(der).or_else(|_| PrivateKey::from_pkcs1_der(der)) {
        return Some(key.to_public_key());
    }
    if let Ok(key) = PublicKey::from_public_key_der(der).or_else(|_| PublicKey::from_pkcs1_der(der))
    {
        return Some(key);
    }
    let certificate = Certificate::from_der(der).ok()?;
    PublicKey::try_from(
        certificate
            .tbs_certificate()
            .subject_public_key_info()
            .owned_to_ref(),
    )
    .ok()
}

fn key(entropy: &Entropy, what: &'static str) -> Result<PrivateKey, KeyNotMade> {
    PrivateKey::new_with_exp(&mut Lots(entropy), KEY_BITS, BoxedUint::from(MARK)).map_err(|error| {
        KeyNotMade {
            what,
            problem: error.to_string(),
        }
    })
}

fn api_key(entropy: &Entropy) -> String {
    let mut bytes = [0; 32];
    entropy(&mut bytes);
    format!("pfk_{}", URL_SAFE_NO_PAD.encode(bytes))
}

fn certificate(
    key: &PrivateKey,
    name: &str,
    now: DateTime<Utc>,
    entropy: &Entropy,
) -> Result<Cert, KeyNotMade> {
    let failed = |problem: String| KeyNotMade {
        what: "certificate",
        problem,
    };
    let mut serial = [0; 20];
    entropy(&mut serial);
    // 40 digits: neither a sign bit nor a leading zero.
    serial[0] = serial[0] & 0x3f | 0x40;
    let from = Duration::from_secs(u64::try_from(now.timestamp()).unwrap_or(0));
    let time = |at| UtcTime::from_unix_duration(at).map(Time::UtcTime);
    let validity = Validity::new(
        time(from).map_err(|error| failed(error.to_string()))?,
        time(from + CERTIFICATE_LIFE).map_err(|error| failed(error.to_string()))?,
    );
    let subject = Name::from_str(name).map_err(|error| failed(error.to_string()))?;
    let builder = CertificateBuilder::new(
        SelfSigned(subject),
        SerialNumber::new(&serial).map_err(|error| failed(error.to_string()))?,
        validity,
        SubjectPublicKeyInfo::from_key(&key.to_public_key())
            .map_err(|error| failed(error.to_string()))?,
    )
    .map_err(|error| failed(error.to_string()))?;
    let signer = rsa::pkcs1v15::SigningKey::<Sha256>::new(key.clone());
    let certificate = builder
        .build::<_, rsa::pkcs1v15::Signature>(&signer)
        .map_err(|error| failed(error.to_string()))?;
    Cert::new(&certificate)
}

impl Cert {
    fn new(certificate: &Certificate) -> Result<Self, KeyNotMade> {
        let pem = certificate
            .to_pem(LineEnding::LF)
            .map_err(|error| KeyNotMade {
                what: "certificate",
                problem: error.to_string(),
            })?;
        let serial = certificate.tbs_certificate().serial_number().as_bytes();
        let serial = serial.iter().map(|byte| format!("{byte:02X}")).collect();
        let validity = certificate.tbs_certificate().validity();
        let time = |time: &Time| {
            let seconds = i64::try_from(time.to_unix_duration().as_secs()).unwrap_or(0);
            beijing::rfc3339(DateTime::from_timestamp(seconds, 0).unwrap_or_default())
        };
        let (from, to) = (time(&validity.not_before), time(&validity.not_after));
        Ok(Self {
            pem,
            serial,
            from,
            to,
        })
    }

    pub(crate) fn from_pem(pem: &str) -> Result<Self, KeyNotMade> {
        let certificate = Certificate::from_pem(pem).map_err(|error| KeyNotMade {
            what: "certificate",
            problem: error.to_string(),
        })?;
        Self::new(&certificate)
    }
}

/// A certificate that speaks for itself and promises nothing more.
struct SelfSigned(Name);

impl BuilderProfile for SelfSigned {
    fn get_issuer(&self, subject: &Name) -> Name {
        subject.clone()
    }

    fn get_subject(&self) -> Name {
        self.0.clone()
    }

    fn build_extensions(
        &self,
        _spk: SubjectPublicKeyInfoRef<'_>,
        _issuer_spk: SubjectPublicKeyInfoRef<'_>,
        _tbs: &x509_cert::TbsCertificate,
    ) -> x509_cert::builder::Result<Vec<Extension>> {
        Ok(Vec::new())
    }
}

/// The entropy passed in, as the `rsa` crate wants it.
struct Lots<'a>(&'a Entropy);

impl TryRng for Lots<'_> {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let mut bytes = [0; 4];
        (self.0)(&mut bytes);
        Ok(u32::from_le_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let mut bytes = [0; 8];
        (self.0)(&mut bytes);
        Ok(u64::from_le_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        (self.0)(bytes);
        Ok(())
    }
}

impl TryCryptoRng for Lots<'_> {}

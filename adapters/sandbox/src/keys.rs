//! The keys, certificates and account numbers of both sides, made on the spot, and the mark by
//! which they are told from real ones. Where they are kept is `dir`'s matter.

use std::convert::Infallible;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use chrono::{DateTime, TimeDelta, Utc};
use rsa::pkcs1::{RsaPrivateKey, RsaPublicKey, UintRef};
use rsa::pkcs8::PrivateKeyInfoRef;
use rsa::rand_core::{TryCryptoRng, TryRng};
use rsa::{BoxedUint, PrivateKey};
use x509_cert::Certificate;
use x509_cert::der::{self, Decode as _};
use x509_cert::spki::SubjectPublicKeyInfoRef;

use crate::certificate::{Cert, Holder, Role, issued, self_signed};
use crate::draw;
use crate::outside::Entropy;

/// The mark of the sandbox's keys: their public exponent. Every RSA library takes it, no key tool
/// makes it, and it stays in a private key, its public half and its certificate alike, whatever
/// form they are written in.
const MARK: u32 = 65_539;
const KEY_BITS: usize = 2_048;

/// How much earlier the platform certificate is valid than the next one: SDKs take the one that is
/// valid from last, or until last, for the newest.
const BEFORE_THE_NEXT: TimeDelta = TimeDelta::days(90);

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
    pub(crate) certs: AlipayCerts,
}

/// What certificate mode needs.
pub(crate) struct AlipayCerts {
    pub(crate) app: Cert,
    /// Alipay's, and its issuer's behind it.
    pub(crate) alipay: Cert,
    pub(crate) root: Cert,
    /// What Alipay's is renewed with.
    pub(crate) next: NextCert,
}

/// The key and the certificate that come after the present ones.
pub(crate) struct NextCert {
    pub(crate) key: PrivateKey,
    pub(crate) cert: Cert,
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
    /// What the platform certificate is renewed with.
    pub(crate) next: NextCert,
}

impl Keys {
    /// Makes all keys. Takes a second or two in a release build.
    pub(crate) fn make(now: DateTime<Utc>, entropy: &Entropy) -> Result<Self, KeyNotMade> {
        let merchant = key(entropy, "merchant key")?;
        let platform = key(entropy, "platform key")?;
        let mch_id = format!("19{}", draw::digits(entropy, 8));
        let merchant_name = format!("CN={mch_id},O=payfold sandbox merchant,C=CN");
        let merchant_cert = self_signed(
            &Holder {
                name: &merchant_name,
                key: &merchant,
            },
            now,
            entropy,
        )?;
        let (app, gateway) = (key(entropy, "app key")?, key(entropy, "Alipay key")?);
        let seller_id = format!("2088{}", draw::digits(entropy, 12));
        Ok(Self {
            alipay: AlipayKeys {
                app_id: format!("2021{}", draw::digits(entropy, 12)),
                certs: AlipayCerts::make(&app, &gateway, &seller_id, now, entropy)?,
                seller_id,
                app,
                gateway,
            },
            wechatpay: WechatPayKeys {
                app_id: format!("wx{}", draw::hex(entropy, 16)),
                mch_id,
                api_v3_key: draw::alphanumeric(entropy, 32),
                api_v2_key: draw::alphanumeric(entropy, 32),
                merchant_cert,
                merchant,
                public_key_id: format!("PUB_KEY_ID_01{}", draw::digits(entropy, 30)),
                public_key: key(entropy, "WeChat Pay key")?,
                platform_cert: platform_cert(&platform, now - BEFORE_THE_NEXT, entropy)?,
                platform,
                next: NextCert::of_the_platform(now, entropy)?,
            },
            api_key: api_key(entropy),
        })
    }
}

impl AlipayCerts {
    /// Makes a root, an issuer, and what it issues to the merchant and to Alipay.
    pub(crate) fn make(
        app: &PrivateKey,
        gateway: &PrivateKey,
        seller_id: &str,
        now: DateTime<Utc>,
        entropy: &Entropy,
    ) -> Result<Self, KeyNotMade> {
        let next = key(entropy, "next Alipay key")?;
        // Root and issuer share a key; it is not kept, for nothing is issued later.
        let key = &key(entropy, "certification authority's key")?;
        let root = Holder {
            name: "CN=payfold sandbox Certification Authority R1,OU=Certification Authority,O=payfold sandbox,C=CN",
            key,
        };
        let issuer = Holder {
            name: "CN=payfold sandbox Certification Authority Class 2 R1,OU=Certification Authority,O=payfold sandbox,C=CN",
            key,
        };
        let holder_name = format!("CN={seller_id},OU=Alipay,O=payfold sandbox merchant,C=CN");
        let holder = |name, key| Holder { name, key };
        let merchant = holder(&holder_name, app);
        let name = "CN=payfold sandbox Alipay,OU=Alipay,O=payfold sandbox,C=CN";
        let (alipay, next_alipay) = (holder(name, gateway), holder(name, &next));
        let issuer_cert = issued(&issuer, &root, Role::Authority, now, entropy)?;
        let mut alipay = issued(&alipay, &issuer, Role::Leaf, now, entropy)?;
        let mut next_alipay = issued(&next_alipay, &issuer, Role::Leaf, now, entropy)?;
        for chained in [&mut alipay, &mut next_alipay] {
            chained.pem.push_str(&issuer_cert.pem);
        }
        Ok(Self {
            app: issued(&merchant, &issuer, Role::Leaf, now, entropy)?,
            alipay,
            root: issued(&root, &root, Role::Authority, now, entropy)?,
            next: NextCert {
                cert: next_alipay,
                key: next,
            },
        })
    }
}

impl NextCert {
    /// Of WeChat Pay's platform.
    pub(crate) fn of_the_platform(
        now: DateTime<Utc>,
        entropy: &Entropy,
    ) -> Result<Self, KeyNotMade> {
        let key = key(entropy, "next platform key")?;
        let cert = platform_cert(&key, now, entropy)?;
        Ok(Self { key, cert })
    }
}

fn platform_cert(
    key: &PrivateKey,
    now: DateTime<Utc>,
    entropy: &Entropy,
) -> Result<Cert, KeyNotMade> {
    let name = "CN=payfold sandbox platform,O=payfold sandbox,C=CN";
    self_signed(&Holder { name, key }, now, entropy)
}

/// Whether these bytes hold a key or a certificate that a sandbox made: private or public, PKCS#1,
/// PKCS#8, SubjectPublicKeyInfo or X.509, as PEM, as bare Base64 or as DER. Anything else is not.
pub fn is_sandbox_key(bytes: &[u8]) -> bool {
    let der = bare(bytes).unwrap_or_else(|| bytes.to_vec());
    is_marked(&der).unwrap_or(false)
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

/// Whether the public exponent in these bytes is the mark. Only their form is looked at: nobody
/// verifies or signs with them here.
/// PKCS#8 is opened once: a key in it is bare, and whoever nests it deeper has no key.
fn is_marked(der: &[u8]) -> der::Result<bool> {
    let pkcs8 = PrivateKeyInfoRef::from_der(der);
    let der = pkcs8.map_or(der, |key| key.private_key.as_bytes());
    if let Ok(key) = RsaPrivateKey::from_der(der) {
        return Ok(is_mark(key.public_exponent));
    }
    if let Ok(key) = RsaPublicKey::from_der(der) {
        return Ok(is_mark(key.public_exponent));
    }
    let bits = match SubjectPublicKeyInfoRef::from_der(der) {
        Ok(key) => key.subject_public_key.raw_bytes().to_vec(),
        Err(_) => {
            let certificate = Certificate::from_der(der)?;
            let key = certificate.tbs_certificate().subject_public_key_info();
            key.subject_public_key.raw_bytes().to_vec()
        }
    };
    Ok(is_mark(RsaPublicKey::from_der(&bits)?.public_exponent))
}

fn is_mark(exponent: UintRef<'_>) -> bool {
    let mark = MARK.to_be_bytes();
    let zeros = mark.iter().take_while(|byte| **byte == 0).count();
    mark.get(zeros..) == Some(exponent.as_bytes())
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

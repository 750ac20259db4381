//! One merchant's account, made once from its configuration: who it is and which keys it has. Reading
//! the files that the configuration names is the caller's part.

use std::sync::Arc;

use payfold_domain::{AccountName, AppId, KeyFingerprint, Timestamp};
use zeroize::Zeroizing;

use crate::Refusal;
use crate::certificate::{AlipayCertificates, AppCertificate, Roots, Trust};
use crate::form::Form;
use crate::grammar::is_digits;
use crate::keys::{AlipayKey, AlipayKeys, AppKey, Unusable};

/// What the configuration says of an account, with the contents of the files that it names. Either
/// `alipay_public_key` or the certificates; the two modes exclude each other 「证书模式 接入说明」.
pub struct AccountConfig {
    /// The account's name.
    pub name: AccountName,
    /// `app_id`.
    pub app_id: String,
    /// `seller_id`: the payee, 2088….
    pub seller_id: String,
    /// `gateway_url`.
    pub gateway_url: String,
    /// The text of `app_private_key_file`; without it the account only receives.
    pub app_private_key: Option<Zeroizing<String>>,
    /// The text of `alipay_public_key_file`.
    pub alipay_public_key: Option<String>,
    /// The text of `app_cert_file`; an account that only receives needs none.
    pub app_cert: Option<String>,
    /// The text of `alipay_cert_file`.
    pub alipay_cert: Option<String>,
    /// The text of `alipay_root_cert_file`.
    pub alipay_root_cert: Option<String>,
}

/// One thing that is wrong in an account's configuration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{key}: expected {expected}")]
pub struct InvalidSetting {
    /// The configuration key.
    pub key: &'static str,
    /// What it must be.
    pub expected: &'static str,
}

/// A merchant's account at Alipay. A clone knows the keys that the account has adopted so far, and adopts
/// by itself.
#[derive(Clone)]
pub struct AlipayAccount {
    name: AccountName,
    app_id: AppId,
    seller_id: String,
    gateway_url: String,
    alipay: AlipaySide,
    signer: Option<Arc<Signer>>,
}

/// What verifies Alipay's messages.
#[derive(Clone)]
struct AlipaySide {
    keys: AlipayKeys,
    /// In certificate mode.
    certificates: Option<Arc<CertificateMode>>,
}

struct CertificateMode {
    root_sn: String,
    expires_at: Timestamp,
    trust: Trust,
}

/// What signs requests.
pub(crate) struct Signer {
    pub(crate) key: AppKey,
    /// What requests name the certificates by, in certificate mode.
    pub(crate) sns: Option<CertificateSns>,
}

/// `app_cert_sn` and `alipay_root_cert_sn`.
pub(crate) struct CertificateSns {
    pub(crate) app: String,
    pub(crate) root: String,
    app_expires_at: Timestamp,
}

impl AlipayAccount {
    /// The account of that configuration; certificates must be valid at `now`.
    ///
    /// # Errors
    ///
    /// Everything that is wrong in it, at once.
    pub fn new(config: &AccountConfig, now: Timestamp) -> Result<Self, Vec<InvalidSetting>> {
        let mut faults = Faults(Vec::new());
        let app_id = faults.take("app_id", app_id(&config.app_id));
        let seller_id = faults.take("seller_id", seller_id(&config.seller_id));
        let gateway_url = faults.take("gateway_url", gateway_url(&config.gateway_url));
        let app_key = config
            .app_private_key
            .as_ref()
            .and_then(|text| faults.take("app_private_key_file", AppKey::from_text(text)));
        let alipay = read_alipay_side(config, now, &mut faults);
        if let (Some(app_key), Some(alipay)) = (&app_key, &alipay) {
            check_sides_differ(app_key, alipay, &mut faults);
        }
        let signer =
            app_key.and_then(|key| read_signer(config, key, alipay.as_ref()?, now, &mut faults));
        match (app_id, seller_id, gateway_url, alipay) {
            (Some(app_id), Some(seller_id), Some(gateway_url), Some(alipay))
                if faults.0.is_empty() =>
            {
                Ok(Self {
                    name: config.name.clone(),
                    app_id,
                    seller_id,
                    gateway_url,
                    alipay,
                    signer: signer.map(Arc::new),
                })
            }
            _ => Err(faults.0),
        }
    }

    /// The account's name.
    pub fn name(&self) -> &AccountName {
        &self.name
    }

    /// The application.
    pub fn app_id(&self) -> &AppId {
        &self.app_id
    }

    /// The payee.
    pub fn seller_id(&self) -> &str {
        &self.seller_id
    }

    /// Whether the account only receives, for it has no private key to sign requests with.
    pub fn receives_only(&self) -> bool {
        self.signer.is_none()
    }

    /// When the first of its certificates ends, Alipay's or the application's; `None` in public-key
    /// mode.
    pub fn certificates_expire_at(&self) -> Option<Timestamp> {
        let alipay = self.alipay.certificates.as_ref()?.expires_at;
        let signer = self.signer.as_ref();
        let app = signer.and_then(|signer| Some(signer.sns.as_ref()?.app_expires_at));
        Some(app.map_or(alipay, |app| app.min(alipay)))
    }

    /// Every public key that may verify a message, as DER `SubjectPublicKeyInfo`.
    pub fn public_keys(&self) -> Vec<(KeyFingerprint, Vec<u8>)> {
        let keys = self.alipay.keys.all();
        keys.iter()
            .map(|key| (key.fingerprint(), key.spki_der().to_vec()))
            .collect()
    }

    pub(crate) fn alipay_keys(&self) -> Arc<[Arc<AlipayKey>]> {
        self.alipay.keys.all()
    }

    /// Takes one more key among those that verify, and says whether it is new.
    pub(crate) fn adopt(&self, key: AlipayKey) -> bool {
        self.alipay.keys.adopt(key)
    }

    /// What certificates that come later are held to; `None` in public-key mode.
    pub(crate) fn trust(&self) -> Option<&Trust> {
        self.alipay.certificates.as_ref().map(|mode| &mode.trust)
    }

    pub(crate) fn gateway_url(&self) -> &str {
        &self.gateway_url
    }

    pub(crate) fn signer(&self) -> Option<&Signer> {
        self.signer.as_deref()
    }

    pub(crate) fn check_app_id(&self, form: &Form<'_>) -> Result<(), Refusal> {
        check_ours(form, "app_id", self.app_id.as_str())
    }

    pub(crate) fn check_seller_id(&self, form: &Form<'_>) -> Result<(), Refusal> {
        check_ours(form, "seller_id", &self.seller_id)
    }
}

fn check_ours(form: &Form<'_>, field: &'static str, ours: &str) -> Result<(), Refusal> {
    if form.require(field)? == ours.as_bytes() {
        Ok(())
    } else {
        Err(Refusal::NotOurs { field })
    }
}

/// Gathers what is wrong, so that all of it is told at once.
struct Faults(Vec<InvalidSetting>);

impl Faults {
    fn take<T>(&mut self, key: &'static str, value: Result<T, Unusable>) -> Option<T> {
        match value {
            Ok(value) => Some(value),
            Err(Unusable(expected)) => {
                self.add(key, expected);
                None
            }
        }
    }

    fn add(&mut self, key: &'static str, expected: &'static str) {
        self.0.push(InvalidSetting { key, expected });
    }
}

fn read_alipay_side(
    config: &AccountConfig,
    now: Timestamp,
    faults: &mut Faults,
) -> Option<AlipaySide> {
    let certificates = [
        &config.app_cert,
        &config.alipay_cert,
        &config.alipay_root_cert,
    ];
    let any_certificate = certificates.into_iter().any(Option::is_some);
    match &config.alipay_public_key {
        Some(_) if any_certificate => {
            faults.add(
                "alipay_public_key_file",
                "either it or the certificates, as the application is set at Alipay",
            );
            None
        }
        Some(text) => {
            let key = faults.take("alipay_public_key_file", AlipayKey::from_text(text))?;
            Some(AlipaySide {
                keys: AlipayKeys::new(vec![key]),
                certificates: None,
            })
        }
        None if any_certificate => read_certificates(config, now, faults),
        None => {
            faults.add(
                "alipay_public_key_file",
                "it, or app_cert_file, alipay_cert_file and alipay_root_cert_file, to verify messages with",
            );
            None
        }
    }
}

fn read_certificates(
    config: &AccountConfig,
    now: Timestamp,
    faults: &mut Faults,
) -> Option<AlipaySide> {
    let missing = Unusable("the file, as in certificate mode");
    let roots = config.alipay_root_cert.as_deref().ok_or(missing);
    let roots = faults.take("alipay_root_cert_file", roots.and_then(Roots::from_text));
    let leaf = faults.take(
        "alipay_cert_file",
        config.alipay_cert.as_deref().ok_or(missing),
    );
    let roots = roots?;
    let read = AlipayCertificates::from_text(leaf?, &roots, now);
    let alipay = faults.take("alipay_cert_file", read)?;
    Some(AlipaySide {
        keys: AlipayKeys::new(alipay.keys),
        certificates: Some(Arc::new(CertificateMode {
            root_sn: roots.sn,
            expires_at: alipay.expires_at,
            trust: alipay.trust,
        })),
    })
}

/// The most frequent mistake of all is to verify with the application's own public key.
fn check_sides_differ(app_key: &AppKey, alipay: &AlipaySide, faults: &mut Faults) {
    let own = |key: &Arc<AlipayKey>| key.spki_der() == app_key.public_spki_der();
    if alipay.keys.all().iter().any(own) {
        let key = match alipay.certificates {
            None => "alipay_public_key_file",
            Some(_) => "alipay_cert_file",
        };
        faults.add(
            key,
            "Alipay's key, and this is the public half of app_private_key_file",
        );
    }
}

fn read_signer(
    config: &AccountConfig,
    key: AppKey,
    alipay: &AlipaySide,
    now: Timestamp,
    faults: &mut Faults,
) -> Option<Signer> {
    let Some(mode) = &alipay.certificates else {
        return Some(Signer { key, sns: None });
    };
    let text = config.app_cert.as_deref().ok_or(Unusable(
        "the file beside app_private_key_file, as in certificate mode",
    ));
    let read = text
        .and_then(|text| AppCertificate::from_text(text, now))
        .and_then(|certificate| {
            if certificate.spki_der == key.public_spki_der() {
                Ok(certificate)
            } else {
                Err(Unusable(
                    "the certificate of the key in app_private_key_file",
                ))
            }
        });
    let certificate = faults.take("app_cert_file", read)?;
    Some(Signer {
        key,
        sns: Some(CertificateSns {
            app: certificate.sn,
            root: mode.root_sn.clone(),
            app_expires_at: certificate.expires_at,
        }),
    })
}

fn app_id(text: &str) -> Result<AppId, Unusable> {
    const EXPECTED: Unusable = Unusable("1 to 32 digits");
    if !is_digits(text.as_bytes()) {
        return Err(EXPECTED);
    }
    AppId::new(text).map_err(|_invalid| EXPECTED)
}

fn seller_id(text: &str) -> Result<String, Unusable> {
    if is_digits(text.as_bytes()) && text.len() <= 30 {
        Ok(text.to_owned())
    } else {
        Err(Unusable("1 to 30 digits (2088…)"))
    }
}

fn gateway_url(text: &str) -> Result<String, Unusable> {
    let rest = text
        .strip_prefix("https://")
        .or_else(|| text.strip_prefix("http://"));
    let plain = |rest: &str| {
        !rest.is_empty()
            && !rest.starts_with('/')
            && rest
                .bytes()
                .all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'?' | b'#' | b'"'))
    };
    if rest.is_some_and(plain) {
        Ok(text.to_owned())
    } else {
        Err(Unusable("an http or https URL without query"))
    }
}

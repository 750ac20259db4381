//! One merchant's account, made once from its configuration: who it is and which keys it has. Reading
//! the files that the configuration names is the caller's part.

use std::collections::BTreeMap;
use std::sync::Arc;

use payfold_domain::{
    AccountName, AppId, Application, Authentic, KeyFingerprint, Message, Method, Timestamp,
};
use zeroize::Zeroizing;

use crate::keys::{MerchantKey, ResourceKey, SharedSecret, UnusableKey};
use crate::platform::{PlatformKey, PlatformKeys, PublicKeyId};
use crate::{Protocol, Refusal, v2, v3};

/// What the configuration says of an account, with the contents of the files that it names.
pub struct AccountConfig {
    /// The account's name.
    pub name: AccountName,
    /// `app_id`: the application used where `app_ids` names none.
    pub app_id: String,
    /// `app_ids`: other applications of the same merchant, by the method's last part (`jsapi`, `mini`,
    /// `app`, `h5`, `native`).
    pub app_ids: BTreeMap<String, String>,
    /// `mch_id`: the merchant number.
    pub mch_id: String,
    /// `gateway_url`: scheme and host, and a path before `/v3` where a proxy asks for one.
    pub gateway_url: String,
    /// The text of `api_v3_key_file`.
    pub api_v3_key: Option<Zeroizing<String>>,
    /// The text of `api_v2_key_file`.
    pub api_v2_key: Option<Zeroizing<String>>,
    /// `v2_sign_type`: `any` (as when it is absent), `MD5` or `HMAC-SHA256`.
    pub v2_sign_type: Option<String>,
    /// The PEM of `merchant_private_key_file`.
    pub merchant_private_key: Option<Zeroizing<String>>,
    /// `merchant_cert_serial`: hex.
    pub merchant_cert_serial: Option<String>,
    /// `platform_public_key_id`.
    pub platform_public_key_id: Option<String>,
    /// The PEM of `platform_public_key_file`.
    pub platform_public_key: Option<String>,
    /// The PEMs of `platform_cert_files`.
    pub platform_certs: Vec<String>,
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

/// A merchant's account at WeChat Pay. A clone knows the keys that the account has adopted so far, and
/// adopts by itself.
#[derive(Clone)]
pub struct WechatPayAccount {
    pub(crate) name: AccountName,
    pub(crate) mch_id: String,
    pub(crate) gateway: GatewayUrl,
    app_id: AppId,
    app_ids: Vec<(Method, AppId)>,
    v3: Option<V3Keys>,
    v2: Option<Arc<V2Keys>>,
    merchant: Option<Arc<Merchant>>,
}

/// Where requests go: what stands before the path, and what stands before `/v3` in it.
#[derive(Clone)]
pub(crate) struct GatewayUrl {
    pub(crate) origin: String,
    pub(crate) base_path: String,
}

/// What takes v3 messages.
#[derive(Clone)]
pub(crate) struct V3Keys {
    pub(crate) resource: Arc<ResourceKey>,
    pub(crate) platform: PlatformKeys,
}

/// What takes v2 messages.
pub(crate) struct V2Keys {
    pub(crate) secret: SharedSecret,
    pub(crate) fingerprint: KeyFingerprint,
    pub(crate) allowed: AllowedSignTypes,
}

/// Which sign methods a v2 message may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AllowedSignTypes {
    Any,
    Md5,
    HmacSha256,
}

/// What signs requests.
pub(crate) struct Merchant {
    pub(crate) key: MerchantKey,
    pub(crate) cert_serial: String,
}

impl WechatPayAccount {
    /// The account of that configuration.
    ///
    /// # Errors
    ///
    /// Everything that is wrong in it, at once.
    pub fn new(config: &AccountConfig) -> Result<Self, Vec<InvalidSetting>> {
        let mut faults = Faults(Vec::new());
        let app_id = faults.take("app_id", app_id(&config.app_id));
        let app_ids = read_app_ids(config, &mut faults);
        let mch_id = faults.take("mch_id", mch_id(&config.mch_id));
        let gateway = faults.take("gateway_url", gateway_url(&config.gateway_url));
        let v3 = read_v3_keys(config, &mut faults);
        let v2 = read_v2_keys(config, &mut faults);
        let merchant = read_merchant(config, &mut faults);
        if v3.is_none() && v2.is_none() && faults.0.is_empty() {
            faults.missing(
                "api_v3_key_file",
                "it or api_v2_key_file, to verify any message with",
            );
        }
        match (app_id, mch_id, gateway) {
            (Some(app_id), Some(mch_id), Some(gateway)) if faults.0.is_empty() => Ok(Self {
                name: config.name.clone(),
                mch_id,
                gateway,
                app_id,
                app_ids,
                v3,
                v2: v2.map(Arc::new),
                merchant: merchant.map(Arc::new),
            }),
            _ => Err(faults.0),
        }
    }

    /// The account's name.
    pub fn name(&self) -> &AccountName {
        &self.name
    }

    /// The merchant number.
    pub fn mch_id(&self) -> &str {
        &self.mch_id
    }

    /// Whether the account only receives, for it has no private key to sign requests with.
    pub fn receives_only(&self) -> bool {
        self.merchant.is_none()
    }

    /// Verifies a notify of either protocol and says what it means; `now` is also the time of
    /// observation.
    ///
    /// # Errors
    ///
    /// The first reason not to take it.
    pub fn verify(
        &self,
        headers: &http::HeaderMap,
        body: &[u8],
        now: Timestamp,
    ) -> Result<Authentic, Refusal> {
        match Protocol::of(body) {
            Protocol::V3 => self.verify_v3(headers, body, now),
            Protocol::V2 => self.verify_v2(body),
        }
    }

    /// Translates the body of a message again that was authentic when it was stored. Its signature is
    /// not looked at: see [`verify_again_v3`](crate::verify_again_v3).
    ///
    /// # Errors
    ///
    /// Where this account can no longer open or read it.
    pub fn reread(&self, body: &[u8], observed_at: Timestamp) -> Result<Message, Refusal> {
        match Protocol::of(body) {
            Protocol::V3 => v3::translate(self, body, observed_at),
            Protocol::V2 => v2::translate(self, body),
        }
    }

    /// Every public key that may verify a message, as DER `SubjectPublicKeyInfo`.
    pub fn public_keys(&self) -> Vec<(KeyFingerprint, Vec<u8>)> {
        self.v3
            .as_ref()
            .map(|v3| v3.platform.public())
            .unwrap_or_default()
    }

    /// The application that a payment of that method is made through.
    pub fn app_id_for(&self, method: Method) -> &AppId {
        self.app_ids
            .iter()
            .find(|(of, _)| *of == method)
            .map_or(&self.app_id, |(_, app_id)| app_id)
    }

    /// Whether the account lists an application.
    pub(crate) fn application(&self, app_id: AppId) -> Application {
        if app_id == self.app_id || self.app_ids.iter().any(|(_, listed)| *listed == app_id) {
            Application::Listed(app_id)
        } else {
            Application::Unlisted(app_id)
        }
    }

    pub(crate) fn v3_keys(&self) -> Result<&V3Keys, Refusal> {
        self.v3.as_ref().ok_or(Refusal::NotConfigured {
            protocol: "v3",
            expected: "api_v3_key_file, and platform_public_key_file or platform_cert_files",
        })
    }

    pub(crate) fn v2_keys(&self) -> Result<&V2Keys, Refusal> {
        self.v2.as_deref().ok_or(Refusal::NotConfigured {
            protocol: "v2",
            expected: "api_v2_key_file",
        })
    }

    pub(crate) fn merchant(&self) -> Option<&Merchant> {
        self.merchant.as_deref()
    }

    /// The id of the platform public key, where the account is in public-key mode.
    pub(crate) fn public_key_id(&self) -> Option<String> {
        self.v3.as_ref()?.platform.public_key_id()
    }
}

/// Gathers what is wrong, so that all of it is told at once.
struct Faults(Vec<InvalidSetting>);

impl Faults {
    fn take<T>(&mut self, key: &'static str, value: Result<T, UnusableKey>) -> Option<T> {
        match value {
            Ok(value) => Some(value),
            Err(UnusableKey(expected)) => {
                self.0.push(InvalidSetting { key, expected });
                None
            }
        }
    }

    fn missing(&mut self, key: &'static str, expected: &'static str) {
        self.0.push(InvalidSetting { key, expected });
    }
}

fn read_app_ids(config: &AccountConfig, faults: &mut Faults) -> Vec<(Method, AppId)> {
    const EXPECTED: UnusableKey = UnusableKey(
        "applications by method: native, jsapi, mini, app or h5, each wx and 16 hex digits or another id",
    );
    config
        .app_ids
        .iter()
        .filter_map(|(method, id)| {
            let method = Method::from_name(&format!("wechatpay.{method}")).ok_or(EXPECTED);
            let read =
                method.and_then(|method| app_id(id).map(|id| (method, id)).map_err(|_id| EXPECTED));
            faults.take("app_ids", read)
        })
        .collect()
}

fn read_v3_keys(config: &AccountConfig, faults: &mut Faults) -> Option<V3Keys> {
    let mut platform = Vec::new();
    match (&config.platform_public_key_id, &config.platform_public_key) {
        (Some(id), Some(pem)) => {
            if let Some(id) = faults.take("platform_public_key_id", PublicKeyId::new(id)) {
                let key = PlatformKey::from_public_key(id, pem);
                platform.extend(faults.take("platform_public_key_file", key));
            }
        }
        (Some(_), None) => faults.missing(
            "platform_public_key_file",
            "the file of the key that platform_public_key_id names",
        ),
        (None, Some(_)) => faults.missing(
            "platform_public_key_id",
            "the id of the key in platform_public_key_file",
        ),
        (None, None) => {}
    }
    for pem in &config.platform_certs {
        if let Some(key) = faults.take("platform_cert_files", PlatformKey::from_certificate(pem)) {
            if platform
                .iter()
                .any(|other: &PlatformKey| key.has_name_of(other))
            {
                faults.missing("platform_cert_files", "each certificate once");
            }
            platform.push(key);
        }
    }
    let names_keys = config.platform_public_key_id.is_some()
        || config.platform_public_key.is_some()
        || !config.platform_certs.is_empty();
    match &config.api_v3_key {
        Some(text) if names_keys => {
            let resource = faults.take("api_v3_key_file", ResourceKey::from_text(text))?;
            Some(V3Keys {
                resource: Arc::new(resource),
                platform: PlatformKeys::new(platform),
            })
        }
        Some(_) => {
            faults.missing(
                "platform_public_key_file",
                "it or platform_cert_files beside api_v3_key_file, to verify v3 messages with",
            );
            None
        }
        None => {
            if names_keys {
                faults.missing(
                    "api_v3_key_file",
                    "the file of the APIv3 key, to open v3 messages with",
                );
            }
            None
        }
    }
}

fn read_v2_keys(config: &AccountConfig, faults: &mut Faults) -> Option<V2Keys> {
    let allowed = match config.v2_sign_type.as_deref() {
        None | Some("any") => Ok(AllowedSignTypes::Any),
        Some("MD5") => Ok(AllowedSignTypes::Md5),
        Some("HMAC-SHA256") => Ok(AllowedSignTypes::HmacSha256),
        Some(_) => Err(UnusableKey("any, MD5 or HMAC-SHA256")),
    };
    let allowed = faults.take("v2_sign_type", allowed);
    let text = config.api_v2_key.as_ref()?;
    let secret = faults.take("api_v2_key_file", SharedSecret::from_text(text))?;
    Some(V2Keys {
        fingerprint: secret.fingerprint(),
        secret,
        allowed: allowed?,
    })
}

fn read_merchant(config: &AccountConfig, faults: &mut Faults) -> Option<Merchant> {
    let pem = config.merchant_private_key.as_ref()?;
    let key = faults.take("merchant_private_key_file", MerchantKey::from_pem(pem));
    let serial = config.merchant_cert_serial.as_deref().ok_or(UnusableKey(
        "the serial of the merchant certificate in hex, beside merchant_private_key_file",
    ));
    let cert_serial = faults.take("merchant_cert_serial", serial.and_then(cert_serial));
    if config.api_v3_key.is_none() {
        faults.missing(
            "api_v3_key_file",
            "the file of the APIv3 key beside merchant_private_key_file, for calls are v3",
        );
    }
    Some(Merchant {
        key: key?,
        cert_serial: cert_serial?,
    })
}

fn app_id(text: &str) -> Result<AppId, UnusableKey> {
    AppId::new(text).map_err(|invalid| UnusableKey(invalid.expected))
}

fn mch_id(text: &str) -> Result<String, UnusableKey> {
    if (1..=32).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit()) {
        Ok(text.to_owned())
    } else {
        Err(UnusableKey("1 to 32 digits"))
    }
}

fn cert_serial(text: &str) -> Result<String, UnusableKey> {
    if (1..=40).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        Ok(text.to_ascii_uppercase())
    } else {
        Err(UnusableKey("1 to 40 hex digits"))
    }
}

fn gateway_url(text: &str) -> Result<GatewayUrl, UnusableKey> {
    const EXPECTED: UnusableKey = UnusableKey("an http or https URL without query");
    let uri: http::Uri = text.parse().map_err(|_invalid| EXPECTED)?;
    let (Some(scheme @ ("https" | "http")), Some(authority), None) =
        (uri.scheme_str(), uri.authority(), uri.query())
    else {
        return Err(EXPECTED);
    };
    Ok(GatewayUrl {
        origin: format!("{scheme}://{authority}"),
        base_path: uri.path().trim_end_matches('/').to_owned(),
    })
}

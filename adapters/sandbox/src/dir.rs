//! The folder in which the sandbox keeps what both sides need: key files as the gateways hand them
//! out, account numbers, and a configuration with which payfold starts at once.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use rsa::PrivateKey;
use rsa::pkcs1::{DecodeRsaPrivateKey as _, EncodeRsaPrivateKey as _};
use rsa::pkcs8::{DecodePrivateKey as _, EncodePrivateKey as _, EncodePublicKey as _, LineEnding};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::certificate::Cert;
use crate::keys::{AlipayCerts, AlipayKeys, KeyNotMade, Keys, NextCert, WechatPayKeys};
use crate::outside::{Clock, Entropy};
use crate::service::Service;

/// The ports on which the two sides meet.
#[derive(Debug, Clone, Copy)]
pub struct Ports {
    /// Where the sandbox listens, on 127.0.0.1.
    pub sandbox: u16,
    /// Where payfold is told to listen, in a configuration that is written for the first time.
    pub service: u16,
}

/// A folder that could not be opened or made.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// A file or folder is out of reach.
    #[error("opening the sandbox's folder: {path}: {problem}")]
    File {
        /// Which one.
        path: PathBuf,
        /// What happened.
        problem: std::io::Error,
    },
    /// A file holds something else than the sandbox wrote there.
    #[error("reading the sandbox's {path}: {problem}; remove the folder to have it made anew")]
    Content {
        /// Which one.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// A key could not be made.
    #[error(transparent)]
    Key(#[from] KeyNotMade),
}

/// An opened folder: the keys, and the payfold whose configuration lies in it.
pub struct Opened {
    /// The keys of both sides.
    pub keys: Keys,
    /// The payfold that is told of payments which the sandbox heard of from nobody.
    pub service: Service,
}

/// Opens the folder, and makes what is missing in it. The keys are made once and kept; addresses
/// that name the sandbox follow its port.
///
/// # Errors
/// Where a file cannot be read or written, or holds something else.
pub fn open(
    dir: &Path,
    ports: Ports,
    clock: &Clock,
    entropy: &Entropy,
) -> Result<Opened, OpenError> {
    let folder = Folder(dir);
    let keys = if dir.join(WECHATPAY_ACCOUNT).exists() {
        folder.read_keys(clock, entropy)?
    } else {
        let keys = Keys::make(clock(), entropy)?;
        folder.write_keys(&keys)?;
        keys
    };
    folder.write_private(ALIPAY_APP_KEY_PKCS8, &keys.alipay.app)?;
    folder.write_accounts(&keys, ports)?;
    folder.write_configuration(&keys, ports)?;
    let service = Service::configured(dir.join(CONFIGURATION), keys.api_key.clone());
    Ok(Opened { keys, service })
}

const CONFIGURATION: &str = "payfold.toml";
const API_KEY: &str = "api.key";
const ALIPAY_ACCOUNT: &str = "alipay/account.json";
const ALIPAY_APP_KEY: &str = "alipay/app_private_key.pem";
/// The same key in the form that Java's SDKs want. It follows the other.
const ALIPAY_APP_KEY_PKCS8: &str = "alipay/app_private_key_pkcs8.pem";
const ALIPAY_PUBLIC_KEY: &str = "alipay/alipay_public_key.pem";
const ALIPAY_GATEWAY_KEY: &str = "alipay/gateway_private_key.pem";
const ALIPAY_APP_CERT: &str = "alipay/app_cert.pem";
const ALIPAY_CERT: &str = "alipay/alipay_cert.pem";
const ALIPAY_ROOT_CERT: &str = "alipay/alipay_root_cert.pem";
const ALIPAY_NEXT_KEY: &str = "alipay/gateway_next_private_key.pem";
const ALIPAY_NEXT_CERT: &str = "alipay/alipay_next_cert.pem";
const WECHATPAY_ACCOUNT: &str = "wechatpay/account.json";
const WECHATPAY_API_V3_KEY: &str = "wechatpay/api_v3.key";
const WECHATPAY_API_V2_KEY: &str = "wechatpay/api_v2.key";
const WECHATPAY_MERCHANT_KEY: &str = "wechatpay/apiclient_key.pem";
const WECHATPAY_MERCHANT_CERT: &str = "wechatpay/apiclient_cert.pem";
const WECHATPAY_PUBLIC_KEY: &str = "wechatpay/pub_key.pem";
const WECHATPAY_PUBLIC_KEY_PRIVATE: &str = "wechatpay/pub_key_private.pem";
const WECHATPAY_PLATFORM_KEY: &str = "wechatpay/platform_private_key.pem";
const WECHATPAY_PLATFORM_CERT: &str = "wechatpay/platform_cert.pem";
const WECHATPAY_NEXT_KEY: &str = "wechatpay/platform_next_private_key.pem";
const WECHATPAY_NEXT_CERT: &str = "wechatpay/platform_next_cert.pem";

#[derive(Serialize, Deserialize)]
struct AlipayAccount {
    app_id: String,
    seller_id: String,
    gateway_url: String,
    /// For certificate mode: the files, and the SNs by which requests and answers name them.
    #[serde(default)]
    certificate_mode: CertificateMode,
}

#[derive(Default, Serialize, Deserialize)]
struct CertificateMode {
    app_cert_file: String,
    alipay_cert_file: String,
    alipay_root_cert_file: String,
    app_cert_sn: String,
    alipay_cert_sn: String,
    alipay_root_cert_sn: String,
}

#[derive(Serialize, Deserialize)]
struct WechatPayAccount {
    app_id: String,
    mch_id: String,
    merchant_cert_serial: String,
    api_v3_key: String,
    api_v2_key: String,
    platform_public_key_id: String,
    gateway_url: String,
}

struct Folder<'a>(&'a Path);

impl Folder<'_> {
    /// Reads the keys; what an older sandbox did not make yet is made now.
    fn read_keys(&self, clock: &Clock, entropy: &Entropy) -> Result<Keys, OpenError> {
        let alipay: AlipayAccount = self.json(ALIPAY_ACCOUNT)?;
        let wechatpay: WechatPayAccount = self.json(WECHATPAY_ACCOUNT)?;
        let app = self.private_key(ALIPAY_APP_KEY)?;
        let gateway = self.private_key(ALIPAY_GATEWAY_KEY)?;
        if !self.0.join(ALIPAY_NEXT_CERT).exists() {
            let certs = AlipayCerts::make(&app, &gateway, &alipay.seller_id, clock(), entropy)?;
            self.write_certs(&certs)?;
        }
        if !self.0.join(WECHATPAY_NEXT_CERT).exists() {
            self.write_next(&NextCert::of_the_platform(clock(), entropy)?)?;
        }
        Ok(Keys {
            alipay: AlipayKeys {
                app_id: alipay.app_id,
                seller_id: alipay.seller_id,
                app,
                gateway,
                certs: AlipayCerts {
                    app: self.certificate(ALIPAY_APP_CERT)?,
                    alipay: self.certificate(ALIPAY_CERT)?,
                    root: self.certificate(ALIPAY_ROOT_CERT)?,
                    next: NextCert {
                        key: self.private_key(ALIPAY_NEXT_KEY)?,
                        cert: self.certificate(ALIPAY_NEXT_CERT)?,
                    },
                },
            },
            wechatpay: WechatPayKeys {
                app_id: wechatpay.app_id,
                mch_id: wechatpay.mch_id,
                api_v3_key: wechatpay.api_v3_key,
                api_v2_key: wechatpay.api_v2_key,
                merchant: self.private_key(WECHATPAY_MERCHANT_KEY)?,
                merchant_cert: self.certificate(WECHATPAY_MERCHANT_CERT)?,
                public_key_id: wechatpay.platform_public_key_id,
                public_key: self.private_key(WECHATPAY_PUBLIC_KEY_PRIVATE)?,
                platform: self.private_key(WECHATPAY_PLATFORM_KEY)?,
                platform_cert: self.certificate(WECHATPAY_PLATFORM_CERT)?,
                next: NextCert {
                    key: self.private_key(WECHATPAY_NEXT_KEY)?,
                    cert: self.certificate(WECHATPAY_NEXT_CERT)?,
                },
            },
            api_key: self.text(API_KEY)?.trim().to_owned(),
        })
    }

    fn write_keys(&self, keys: &Keys) -> Result<(), OpenError> {
        self.write(API_KEY, &keys.api_key)?;
        self.write(
            ALIPAY_APP_KEY,
            &self.pkcs1(ALIPAY_APP_KEY, &keys.alipay.app)?,
        )?;
        self.write(
            ALIPAY_PUBLIC_KEY,
            &self.spki(ALIPAY_PUBLIC_KEY, &keys.alipay.gateway)?,
        )?;
        self.write_private(ALIPAY_GATEWAY_KEY, &keys.alipay.gateway)?;
        self.write_certs(&keys.alipay.certs)?;
        let wechatpay = &keys.wechatpay;
        self.write(WECHATPAY_API_V3_KEY, &wechatpay.api_v3_key)?;
        self.write(WECHATPAY_API_V2_KEY, &wechatpay.api_v2_key)?;
        self.write_private(WECHATPAY_MERCHANT_KEY, &wechatpay.merchant)?;
        self.write(WECHATPAY_MERCHANT_CERT, &wechatpay.merchant_cert.pem)?;
        let public_key = self.spki(WECHATPAY_PUBLIC_KEY, &wechatpay.public_key)?;
        self.write(WECHATPAY_PUBLIC_KEY, &public_key)?;
        self.write_private(WECHATPAY_PUBLIC_KEY_PRIVATE, &wechatpay.public_key)?;
        self.write_private(WECHATPAY_PLATFORM_KEY, &wechatpay.platform)?;
        self.write(WECHATPAY_PLATFORM_CERT, &wechatpay.platform_cert.pem)?;
        self.write_next(&wechatpay.next)
    }

    /// The next one last: where it lies, the others do.
    fn write_certs(&self, certs: &AlipayCerts) -> Result<(), OpenError> {
        self.write(ALIPAY_APP_CERT, &certs.app.pem)?;
        self.write(ALIPAY_CERT, &certs.alipay.pem)?;
        self.write(ALIPAY_ROOT_CERT, &certs.root.pem)?;
        self.write_private(ALIPAY_NEXT_KEY, &certs.next.key)?;
        self.write(ALIPAY_NEXT_CERT, &certs.next.cert.pem)
    }

    fn write_next(&self, next: &NextCert) -> Result<(), OpenError> {
        self.write_private(WECHATPAY_NEXT_KEY, &next.key)?;
        self.write(WECHATPAY_NEXT_CERT, &next.cert.pem)
    }

    /// The account numbers, WeChat Pay's last: where they lie, the keys are complete.
    fn write_accounts(&self, keys: &Keys, ports: Ports) -> Result<(), OpenError> {
        let alipay = AlipayAccount {
            app_id: keys.alipay.app_id.clone(),
            seller_id: keys.alipay.seller_id.clone(),
            gateway_url: alipay_gateway(ports),
            certificate_mode: CertificateMode {
                app_cert_file: named_in(ALIPAY_APP_CERT),
                alipay_cert_file: named_in(ALIPAY_CERT),
                alipay_root_cert_file: named_in(ALIPAY_ROOT_CERT),
                app_cert_sn: keys.alipay.certs.app.sn.clone(),
                alipay_cert_sn: keys.alipay.certs.alipay.sn.clone(),
                alipay_root_cert_sn: keys.alipay.certs.root.sn.clone(),
            },
        };
        let wechatpay = WechatPayAccount {
            app_id: keys.wechatpay.app_id.clone(),
            mch_id: keys.wechatpay.mch_id.clone(),
            merchant_cert_serial: keys.wechatpay.merchant_cert.serial.clone(),
            api_v3_key: keys.wechatpay.api_v3_key.clone(),
            api_v2_key: keys.wechatpay.api_v2_key.clone(),
            platform_public_key_id: keys.wechatpay.public_key_id.clone(),
            gateway_url: wechatpay_gateway(ports),
        };
        self.write(ALIPAY_ACCOUNT, &self.to_json(ALIPAY_ACCOUNT, &alipay)?)?;
        self.write(
            WECHATPAY_ACCOUNT,
            &self.to_json(WECHATPAY_ACCOUNT, &wechatpay)?,
        )
    }

    /// Writes the configuration where there is none; in one that a person may have changed, only
    /// the gateways' addresses follow the sandbox's port.
    fn write_configuration(&self, keys: &Keys, ports: Ports) -> Result<(), OpenError> {
        if !self.0.join(CONFIGURATION).exists() {
            return self.write(CONFIGURATION, &configuration::fresh(keys, ports));
        }
        let text = self.text(CONFIGURATION)?;
        let moved = configuration::moved(&text, ports);
        if moved == text {
            Ok(())
        } else {
            self.write(CONFIGURATION, &moved)
        }
    }

    fn pkcs1(&self, name: &str, key: &PrivateKey) -> Result<String, OpenError> {
        key.to_pkcs1_pem(LineEnding::LF)
            .map(|pem| pem.as_str().to_owned())
            .map_err(|error| self.wrong(name, error))
    }

    fn spki(&self, name: &str, key: &PrivateKey) -> Result<String, OpenError> {
        key.to_public_key()
            .to_public_key_pem(LineEnding::LF)
            .map_err(|error| self.wrong(name, error))
    }

    fn write_private(&self, name: &str, key: &PrivateKey) -> Result<(), OpenError> {
        let pem = key
            .to_pkcs8_pem(LineEnding::LF)
            .map_err(|error| self.wrong(name, error))?;
        self.write(name, &pem)
    }

    fn private_key(&self, name: &str) -> Result<PrivateKey, OpenError> {
        let pem = self.text(name)?;
        PrivateKey::from_pkcs8_pem(&pem)
            .or_else(|_pkcs1| PrivateKey::from_pkcs1_pem(&pem))
            .map_err(|error| self.wrong(name, error))
    }

    fn certificate(&self, name: &str) -> Result<Cert, OpenError> {
        Cert::from_pem(&self.text(name)?).map_err(|error| self.wrong(name, error))
    }

    fn json<T: DeserializeOwned>(&self, name: &str) -> Result<T, OpenError> {
        serde_json::from_str(&self.text(name)?).map_err(|error| self.wrong(name, error))
    }

    fn to_json<T: Serialize>(&self, name: &str, value: &T) -> Result<String, OpenError> {
        serde_json::to_string_pretty(value)
            .map(|text| text + "\n")
            .map_err(|error| self.wrong(name, error))
    }

    fn text(&self, name: &str) -> Result<String, OpenError> {
        let path = self.0.join(name);
        fs::read_to_string(&path).map_err(|problem| OpenError::File { path, problem })
    }

    /// Writes a file that only its owner may read, whole or not at all.
    fn write(&self, name: &str, content: &str) -> Result<(), OpenError> {
        let path = self.0.join(name);
        let written = path.with_extension("new");
        let parent = path.parent().unwrap_or(self.0);
        fs::create_dir_all(parent)
            .and_then(|()| owners_alone(&written))
            .and_then(|mut file| {
                file.write_all(content.as_bytes())
                    .and_then(|()| file.sync_all())
            })
            .and_then(|()| fs::rename(&written, &path))
            .map_err(|problem| OpenError::File { path, problem })
    }

    fn wrong(&self, name: &str, problem: impl ToString) -> OpenError {
        OpenError::Content {
            path: self.0.join(name),
            problem: problem.to_string(),
        }
    }
}

#[cfg(unix)]
fn owners_alone(path: &Path) -> std::io::Result<fs::File> {
    use std::os::unix::fs::OpenOptionsExt as _;
    fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)
}

#[cfg(not(unix))]
fn owners_alone(path: &Path) -> std::io::Result<fs::File> {
    fs::File::create(path)
}

/// A file's name beside the account file that tells of it.
fn named_in(path: &str) -> String {
    path.rsplit('/').next().unwrap_or(path).to_owned()
}

fn alipay_gateway(ports: Ports) -> String {
    format!("http://127.0.0.1:{}/gateway.do", ports.sandbox)
}

fn wechatpay_gateway(ports: Ports) -> String {
    format!("http://127.0.0.1:{}", ports.sandbox)
}

mod configuration {
    //! payfold's configuration file, as the sandbox writes it.

    use rsa::sha2::{Digest as _, Sha256};

    use super::{Keys, Ports, alipay_gateway, wechatpay_gateway};

    pub(super) fn fresh(keys: &Keys, ports: Ports) -> String {
        let digest = Sha256::digest(keys.api_key.as_bytes());
        let sha256: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        let (alipay, wechatpay) = (&keys.alipay, &keys.wechatpay);
        format!(
            r#"# payfold against the sandbox: start it with `payfold serve --config payfold.toml`.
# All keys here are the sandbox's; payfold refuses them where public_url is not a loopback address.

[server]
listen = "127.0.0.1:{service}"
public_url = "http://127.0.0.1:{service}"
return_origins = ["{sandbox}"]

[store]
kind = "sqlite"
path = "payfold-data"

# The key itself lies in api.key.
[[api_keys]]
name = "shop"
sha256 = "{sha256}"
scopes = ["orders:read", "orders:write", "refunds:write", "shipments:write", "events:read", "exceptions:resolve", "admin"]

[accounts.ali]
gateway = "alipay"
app_id = "{ali_app}"
seller_id = "{seller}"
gateway_url = "{alipay_gateway}"
app_private_key_file = "alipay/app_private_key.pem"
alipay_public_key_file = "alipay/alipay_public_key.pem"
# Certificate mode, instead of the line above:
# app_cert_file = "alipay/app_cert.pem"
# alipay_cert_file = "alipay/alipay_cert.pem"
# alipay_root_cert_file = "alipay/alipay_root_cert.pem"

[accounts.wx]
gateway = "wechatpay"
app_id = "{wx_app}"
mch_id = "{mch}"
gateway_url = "{sandbox}"
api_v3_key_file = "wechatpay/api_v3.key"
api_v2_key_file = "wechatpay/api_v2.key"
merchant_private_key_file = "wechatpay/apiclient_key.pem"
merchant_cert_serial = "{serial}"
platform_public_key_id = "{public_key_id}"
platform_public_key_file = "wechatpay/pub_key.pem"
platform_cert_files = ["wechatpay/platform_cert.pem"]
"#,
            service = ports.service,
            sandbox = wechatpay_gateway(ports),
            alipay_gateway = alipay_gateway(ports),
            ali_app = alipay.app_id,
            seller = alipay.seller_id,
            wx_app = wechatpay.app_id,
            mch = wechatpay.mch_id,
            serial = wechatpay.merchant_cert.serial,
            public_key_id = wechatpay.public_key_id,
        )
    }

    /// The same text with every loopback gateway, and the demo shop's origin, at the sandbox's port.
    pub(super) fn moved(text: &str, ports: Ports) -> String {
        let line = |line: &str| {
            let ours = "\"http://127.0.0.1:";
            match line.split_once(ours) {
                Some((key, rest)) if key.starts_with("gateway_url = ") => {
                    let tail = rest.trim_start_matches(|letter: char| letter.is_ascii_digit());
                    format!("{key}{ours}{}{tail}", ports.sandbox)
                }
                Some(("return_origins = [", rest)) => {
                    let tail = rest.trim_start_matches(|letter: char| letter.is_ascii_digit());
                    format!("return_origins = [{ours}{}{tail}", ports.sandbox)
                }
                _ => line.to_owned(),
            }
        };
        text.split('\n').map(line).collect::<Vec<_>>().join("\n")
    }
}

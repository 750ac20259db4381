//! With which of its keys WeChat Pay signs: the merchant's choice, the stage of a change from platform
//! certificate to public key, and the stage of a certificate's renewal (如何从平台证书切换成微信支付公钥).

use serde::{Deserialize, Serialize};

use crate::books::PlatformKey;
use crate::draw;
use crate::sandbox::Sandbox;

/// How things stand for the merchant.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Platform {
    pub(crate) signs_with: SignsWith,
    pub(crate) certificate: Renewal,
}

/// Which kind of key signs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum SignsWith {
    /// The one that `Wechatpay-Serial` names; for a notify, the one that it named with the order.
    #[default]
    AsAsked,
    /// The public key alone: a merchant who never had a platform certificate.
    PublicKey,
    /// The platform certificate alone: a merchant who has not begun to change.
    Certificate,
    /// Answers as asked, and each sending of a notify by lot.
    ChangeOver,
}

/// How far the platform certificate's renewal has come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Renewal {
    #[default]
    Current,
    /// The next one can be fetched, and does not sign yet.
    Announced,
    /// The next one signs; the old one can still be fetched.
    Renewed,
}

/// What is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Occasion {
    Answer,
    Notify,
}

/// The key that signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SigningKey {
    PublicKey,
    Certificate,
    NextCertificate,
}

impl Sandbox {
    /// The key that signs where this one was asked for.
    pub(crate) fn signing_key(&self, asked: PlatformKey, occasion: Occasion) -> SigningKey {
        let Platform {
            signs_with,
            certificate,
        } = self.state().platform;
        let kind = match (signs_with, occasion) {
            (SignsWith::AsAsked, _) | (SignsWith::ChangeOver, Occasion::Answer) => asked,
            (SignsWith::PublicKey, _) => PlatformKey::PublicKey,
            (SignsWith::Certificate, _) => PlatformKey::Certificate,
            (SignsWith::ChangeOver, Occasion::Notify) => {
                if draw::chance(&self.outside().entropy, 2) {
                    PlatformKey::PublicKey
                } else {
                    PlatformKey::Certificate
                }
            }
        };
        match (kind, certificate) {
            (PlatformKey::PublicKey, _) => SigningKey::PublicKey,
            (PlatformKey::Certificate, Renewal::Renewed) => SigningKey::NextCertificate,
            (PlatformKey::Certificate, Renewal::Current | Renewal::Announced) => {
                SigningKey::Certificate
            }
        }
    }
}

impl SigningKey {
    /// By which name the merchant knows it.
    pub(crate) fn serial(self, sandbox: &Sandbox) -> &str {
        let wechatpay = &sandbox.keys().wechatpay;
        match self {
            Self::PublicKey => &wechatpay.public_key_id,
            Self::Certificate => &wechatpay.platform_cert.serial,
            Self::NextCertificate => &wechatpay.next.cert.serial,
        }
    }
}

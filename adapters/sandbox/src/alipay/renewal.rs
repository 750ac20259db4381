//! Which of its certificates Alipay signs with to a merchant in certificate mode (证书模式 接入说明). A
//! merchant by plain keys never hears of it.

use serde::{Deserialize, Serialize};

use crate::certificate::Cert;
use crate::sandbox::Sandbox;
use crate::sign::Sign;

/// By what the merchant and Alipay know each other's keys: as the merchant's last request said.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Mode {
    #[default]
    Keys,
    Certificates,
}

/// How things stand for a merchant in certificate mode.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Signing {
    pub(crate) certificate: Renewal,
}

/// How far the certificate's renewal has come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Renewal {
    #[default]
    Current,
    /// The next one signs; both can be downloaded.
    Renewed,
}

impl Sandbox {
    /// Takes note of the mode of a request.
    pub(crate) fn note_mode(&self, mode: Mode) {
        let mut state = self.state();
        // What is written is saved.
        if state.alipay_mode != mode {
            state.alipay_mode = mode;
        }
    }

    /// What signs to a merchant in that mode.
    pub(crate) fn alipay_signer(&self, mode: Mode) -> &Sign {
        match (mode, self.state().alipay.certificate) {
            (Mode::Keys, _) | (Mode::Certificates, Renewal::Current) => self.first_alipay_signer(),
            (Mode::Certificates, Renewal::Renewed) => self.next_alipay_signer(),
        }
    }

    /// The certificate that signs.
    pub(crate) fn alipay_certificate(&self) -> &Cert {
        let certs = &self.keys().alipay.certs;
        match self.state().alipay.certificate {
            Renewal::Current => &certs.alipay,
            Renewal::Renewed => &certs.next.cert,
        }
    }

    /// The certificate of that SN that can be downloaded.
    pub(crate) fn alipay_certificate_of(&self, sn: &str) -> Option<&Cert> {
        let certs = &self.keys().alipay.certs;
        let renewed = self.state().alipay.certificate == Renewal::Renewed;
        let next = renewed.then_some(&certs.next.cert);
        let mut known = [Some(&certs.alipay), next].into_iter().flatten();
        known.find(|cert| cert.sn == sn)
    }
}

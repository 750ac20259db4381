//! Fetching the certificate that Alipay has changed over to, in certificate mode 「证书模式 接入说明」: answers
//! name by its SN the one that signed them, notifies name none. How often to ask is the caller's part.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{Request, StatusCode};
use payfold_domain::Timestamp;

use super::answer::Answer;
use super::members::Members;
use super::reply::{CallFault, Told};
use super::request::Call;
use super::verdict::Outcome;
use crate::keys::AlipayKey;
use crate::{AlipayAccount, Refusal, UnsentRequest, parameters};

const CONTENT: Refusal = Refusal::Malformed {
    field: "alipay_cert_content",
    expected: "the Base64 of a certificate in PEM, of the SN that was asked for, of Alipay's, that leads to a root in alipay_root_cert_file",
};

impl AlipayAccount {
    /// The SN that an answer names and that the account does not have; `None` in public-key mode.
    /// Nothing is verified yet.
    pub fn unknown_certificate(&self, body: &[u8]) -> Option<String> {
        // Every answer comes by here, and in public-key mode none is looked at.
        self.trust()?;
        let answer = Answer::parse(body).ok()?;
        let sn = answer.named_certificate(self)?;
        let is_sn = sn.len() == 32 && sn.bytes().all(|byte| byte.is_ascii_hexdigit());
        let keys = self.alipay_keys();
        let is_known = keys.iter().any(|key| key.certificate_sn() == Some(sn));
        (is_sn && !is_known).then(|| sn.to_owned())
    }

    /// The SN of the newest certificate that the account has; `None` in public-key mode.
    pub fn newest_certificate(&self) -> Option<String> {
        let keys = self.alipay_keys();
        Some(keys.last()?.certificate_sn()?.to_owned())
    }

    /// The request for the certificate of an SN; answers
    /// [`take_certificate`](Self::take_certificate).
    ///
    /// # Errors
    ///
    /// Where the account cannot sign.
    pub fn certificate_request(
        &self,
        sn: &str,
        now: Timestamp,
    ) -> Result<Request<Bytes>, UnsentRequest> {
        let content = parameters::biz_content([("alipay_cert_sn", Some(sn.into()))]);
        self.call(Call::Certificate, content, now)
    }

    /// Takes the certificate that the answer brings among the keys that verify, beside those that are
    /// known, and says whether it is new. It must lead to a root that is configured and be of the
    /// same holder as the certificates that are. The answer is verified with a certificate that is
    /// known, or with the one that it brings itself: that one signs already.
    ///
    /// # Errors
    ///
    /// Where nothing was taken.
    pub fn take_certificate(
        &self,
        sn: &str,
        status: StatusCode,
        body: &[u8],
        now: Timestamp,
    ) -> Result<bool, CallFault> {
        if !status.is_success() {
            return Err(CallFault::Status {
                status: status.as_u16(),
            });
        }
        let answer = Answer::to(Call::Certificate, body).map_err(CallFault::Unreadable)?;
        let told = Told::read(&answer.node).map_err(CallFault::Unreadable)?;
        let outcome = Outcome::of(Call::Certificate, &told.code, told.sub_code.as_deref());
        if outcome != Outcome::Done {
            let (code, message) = told.into_parts();
            return Err(CallFault::Undecided { code, message });
        }
        let brought = self
            .certificate_in(&answer, sn, now)
            .map_err(CallFault::Unreadable)?;
        let verified = match answer.named_certificate(self) {
            Some(named) if named == sn => answer.verify_by(&brought),
            Some(_) | None => answer.verify(self).map(drop),
        };
        verified.map_err(CallFault::Unverified)?;
        Ok(self.adopt(brought))
    }

    fn certificate_in(
        &self,
        answer: &Answer<'_>,
        sn: &str,
        now: Timestamp,
    ) -> Result<AlipayKey, Refusal> {
        let members = Members::parse(&answer.node)?;
        let content = STANDARD
            .decode(members.text("alipay_cert_content")?.as_bytes())
            .map_err(|_no_base64| CONTENT)?;
        let pem = str::from_utf8(&content).map_err(|_no_text| CONTENT)?;
        let trust = self.trust().ok_or(CONTENT)?;
        trust.key_of(pem, sn, now).map_err(|_unusable| CONTENT)
    }
}

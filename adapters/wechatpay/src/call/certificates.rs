//! Fetching platform certificates 「获取平台证书列表」: new ones appear days before the old end, and a notify
//! may be signed with one that is not known yet. How often to ask is the caller's part.

use bytes::Bytes;
use http::{HeaderMap, Request, StatusCode};
use payfold_domain::Timestamp;

use super::reply::{CallFault, error_code};
use super::request::{Call, UnsentRequest};
use crate::grammar::malformed;
use crate::platform::PlatformKey;
use crate::v3::{self, Object, SignedHeaders};
use crate::{Refusal, WechatPayAccount};

impl WechatPayAccount {
    /// The request for the certificates of this merchant. A merchant with a public key alone is
    /// answered 404, `RESOURCE_NOT_EXISTS`, which is no fault.
    ///
    /// # Errors
    ///
    /// Where the account cannot sign.
    pub fn certificates_request(
        &self,
        now: Timestamp,
        nonce: &str,
    ) -> Result<Request<Bytes>, UnsentRequest> {
        self.signed_request(Call::get("/v3/certificates".to_owned()), now, nonce)
    }

    /// Takes the certificates that the answer holds among the keys that verify, and says how many were
    /// new. The answer is verified with a certificate that is known, on first contact with one that it
    /// brings itself: the APIv3 key, which seals each, is the proof then.
    ///
    /// # Errors
    ///
    /// Where nothing was taken.
    pub fn take_certificates(
        &self,
        status: StatusCode,
        headers: &HeaderMap,
        body: &[u8],
        now: Timestamp,
    ) -> Result<usize, CallFault> {
        if !status.is_success() {
            return Err(CallFault::Status {
                status: status.as_u16(),
                code: error_code(body),
            });
        }
        let signed = SignedHeaders::read(headers).map_err(CallFault::Unverified)?;
        signed.check_clock(now).map_err(CallFault::Unverified)?;
        let brought = self.certificates_in(body).map_err(CallFault::Unreadable)?;
        self.verify_list(&signed, body, &brought)
            .map_err(CallFault::Unverified)?;
        let keys = self.v3_keys().map_err(CallFault::Unreadable)?;
        Ok(keys.platform.adopt(brought))
    }

    /// Takes the certificates of an answer that [`take_certificates`](Self::take_certificates) took
    /// before, in another process perhaps, and says how many were new. Its time has passed and its
    /// signature may be one of theirs; the APIv3 key, which seals each, is the proof.
    ///
    /// # Errors
    ///
    /// Where nothing was taken.
    pub fn take_kept_certificates(&self, body: &[u8]) -> Result<usize, Refusal> {
        let brought = self.certificates_in(body)?;
        Ok(self.v3_keys()?.platform.adopt(brought))
    }

    fn verify_list(
        &self,
        signed: &SignedHeaders<'_>,
        body: &[u8],
        brought: &[PlatformKey],
    ) -> Result<(), Refusal> {
        let (message, signature) = (signed.message(body), signed.signature()?);
        match self.v3_keys()?.platform.called(signed.serial) {
            Ok(known) => known.verify(&message, &signature),
            Err(unknown) => brought
                .iter()
                .find(|key| key.is_called(signed.serial))
                .ok_or(unknown)?
                .verify(&message, &signature),
        }
    }

    /// Opens every certificate of the list.
    fn certificates_in(&self, body: &[u8]) -> Result<Vec<PlatformKey>, Refusal> {
        let list = v3::parse_json(body, "the answer")?;
        list.objects("data", "data")?
            .into_iter()
            .map(|entry| self.certificate_in(entry))
            .collect()
    }

    fn certificate_in(&self, entry: &Object<'_>) -> Result<PlatformKey, Refusal> {
        let sealed = entry
            .optional_object("encrypt_certificate", "encrypt_certificate")?
            .ok_or(malformed("encrypt_certificate", "an object"))?;
        let pem = v3::open(&self.v3_keys()?.resource, sealed)?;
        let expected = malformed(
            "encrypt_certificate",
            "an X.509 certificate in PEM, of serial_no",
        );
        let pem = str::from_utf8(&pem).map_err(|_invalid| expected.clone())?;
        let key = PlatformKey::from_certificate(pem).map_err(|_unusable| expected.clone())?;
        if key.is_called(entry.text("serial_no", "serial_no")?) {
            Ok(key)
        } else {
            Err(expected)
        }
    }
}

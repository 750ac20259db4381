//! The headers that carry a v3 signature, and the bytes that it covers 「如何验证签名」. Which key
//! verifies them is `keys`' part.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use payfold_domain::Timestamp;

use crate::Refusal;

const TIMESTAMP: &str = "wechatpay-timestamp";
const NONCE: &str = "wechatpay-nonce";
const SERIAL: &str = "wechatpay-serial";
const SIGNATURE: &str = "wechatpay-signature";
const SIGNATURE_TYPE: &str = "wechatpay-signature-type";

/// The only scheme there is for RSA merchants; messages from before the header existed lack it.
const RSA_SHA256: &str = "WECHATPAY2-SHA256-RSA2048";

/// How a probe's signature begins 「应对签名探测流量」.
const PROBE_PREFIX: &str = "WECHATPAY/SIGNTEST/";

/// How far the signed timestamp may lie from our clock; the bound itself is within.
const CLOCK_WINDOW_SECS: i64 = 300;

/// Digits that a timestamp may have: enough for any year until 33658, too few to overflow.
const TIMESTAMP_DIGITS_MAX: usize = 12;

/// The signature headers of one message, each present exactly once.
pub(crate) struct SignedHeaders<'a> {
    /// As text, for this is what was signed.
    timestamp: &'a str,
    timestamp_secs: i64,
    nonce: &'a str,
    pub(crate) serial: &'a str,
    signature: &'a str,
    signature_type: Option<&'a str>,
}

impl<'a> SignedHeaders<'a> {
    pub(crate) fn read(headers: &'a HeaderMap) -> Result<Self, Refusal> {
        Self::from_lookup(|name| {
            let mut values = headers.get_all(name).iter();
            match (values.next(), values.next()) {
                (None, _) => Ok(None),
                (Some(value), None) => match value.to_str() {
                    Ok(text) => Ok(Some(text)),
                    Err(_opaque) => Err(Refusal::HeaderUnreadable(name)),
                },
                (Some(_), Some(_)) => Err(Refusal::HeaderRepeated(name)),
            }
        })
    }

    /// From what [`to_stored`](Self::to_stored) made.
    pub(crate) fn read_stored(headers: &'a [(String, String)]) -> Result<Self, Refusal> {
        Self::from_lookup(|name| {
            let mut values = headers.iter().filter(|(stored, _)| stored == name);
            match (values.next(), values.next()) {
                (None, _) => Ok(None),
                (Some((_, text)), None) => Ok(Some(text.as_str())),
                (Some(_), Some(_)) => Err(Refusal::HeaderRepeated(name)),
            }
        })
    }

    fn from_lookup(
        lookup: impl Fn(&'static str) -> Result<Option<&'a str>, Refusal>,
    ) -> Result<Self, Refusal> {
        let required = |name| match lookup(name)? {
            None => Err(Refusal::HeaderMissing(name)),
            Some(text) if is_visible(text) => Ok(text),
            Some(_) => Err(Refusal::HeaderUnreadable(name)),
        };
        let timestamp = required(TIMESTAMP)?;
        let nonce = required(NONCE)?;
        let serial = required(SERIAL)?;
        let signature = required(SIGNATURE)?;
        let signature_type = lookup(SIGNATURE_TYPE)?;
        let timestamp_secs = read_seconds(timestamp).ok_or(Refusal::TimestampUnreadable)?;
        if signature_type.is_some_and(|scheme| scheme != RSA_SHA256) {
            return Err(Refusal::SignatureTypeUnknown);
        }
        Ok(Self {
            timestamp,
            timestamp_secs,
            nonce,
            serial,
            signature,
            signature_type,
        })
    }

    /// Whether none of the signature headers is there at all.
    pub(crate) fn are_absent(headers: &HeaderMap) -> bool {
        [TIMESTAMP, NONCE, SERIAL, SIGNATURE, SIGNATURE_TYPE]
            .iter()
            .all(|name| !headers.contains_key(*name))
    }

    pub(crate) fn check_clock(&self, now: Timestamp) -> Result<(), Refusal> {
        let skew_secs = now.as_secs().saturating_sub(self.timestamp_secs);
        if (-CLOCK_WINDOW_SECS..=CLOCK_WINDOW_SECS).contains(&skew_secs) {
            Ok(())
        } else {
            Err(Refusal::OutsideClockWindow { skew_secs })
        }
    }

    pub(crate) fn signature(&self) -> Result<Vec<u8>, Refusal> {
        if self.signature.starts_with(PROBE_PREFIX) {
            return Err(Refusal::SignatureProbe);
        }
        STANDARD
            .decode(self.signature)
            .map_err(|_malformed| Refusal::SignatureUnreadable)
    }

    /// The bytes that the signature covers: timestamp, nonce and body, each with a line end. No header
    /// can hold a line end, so no two messages share these bytes.
    pub(crate) fn message(&self, body: &[u8]) -> Vec<u8> {
        let mut message =
            Vec::with_capacity(self.timestamp.len() + self.nonce.len() + body.len() + 3);
        for part in [self.timestamp.as_bytes(), self.nonce.as_bytes(), body] {
            message.extend_from_slice(part);
            message.push(b'\n');
        }
        message
    }

    /// The headers by lower-case name, as evidence.
    pub(crate) fn to_stored(&self) -> Vec<(String, String)> {
        let mut stored = vec![
            (TIMESTAMP.to_owned(), self.timestamp.to_owned()),
            (NONCE.to_owned(), self.nonce.to_owned()),
            (SERIAL.to_owned(), self.serial.to_owned()),
            (SIGNATURE.to_owned(), self.signature.to_owned()),
        ];
        stored.extend(
            self.signature_type
                .map(|scheme| (SIGNATURE_TYPE.to_owned(), scheme.to_owned())),
        );
        stored
    }
}

fn is_visible(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic())
}

fn read_seconds(text: &str) -> Option<i64> {
    let plain =
        text.len() <= TIMESTAMP_DIGITS_MAX && text.bytes().all(|byte| byte.is_ascii_digit());
    if plain { text.parse().ok() } else { None }
}

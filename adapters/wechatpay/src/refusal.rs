//! Why a message of the gateway is not taken: one variant a cause. What the gateway is then told is
//! `answer`'s part; counting and logging are the caller's.

/// Why a notify, or the signature of an answer, is refused. Nothing here holds personal data or key
/// material, so every message may be logged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The account has no key for this protocol.
    #[error("the account has no keys for WeChat Pay {protocol} messages: expected {expected}")]
    NotConfigured {
        /// `v3` or `v2`.
        protocol: &'static str,
        /// The configuration keys that are missing.
        expected: &'static str,
    },
    /// A signature header is missing.
    #[error("the header {0} is missing")]
    HeaderMissing(&'static str),
    /// A signature header came more than once.
    #[error("the header {0} came more than once")]
    HeaderRepeated(&'static str),
    /// A signature header is empty or not visible ASCII.
    #[error("the header {0} is unreadable: expected visible ASCII characters")]
    HeaderUnreadable(&'static str),
    /// `Wechatpay-Timestamp` is not plain digits.
    #[error("Wechatpay-Timestamp is unreadable: expected seconds in plain digits")]
    TimestampUnreadable,
    /// `Wechatpay-Timestamp` lies too far from our clock.
    #[error("Wechatpay-Timestamp is {skew_secs} s off our clock: expected at most 300 s")]
    OutsideClockWindow {
        /// How far the message lies behind our clock, in seconds; negative where it lies ahead.
        skew_secs: i64,
    },
    /// `Wechatpay-Signature-Type` names another scheme than RSA with SHA-256.
    #[error("Wechatpay-Signature-Type is unknown: expected WECHATPAY2-SHA256-RSA2048 or none")]
    SignatureTypeUnknown,
    /// `Wechatpay-Serial` has the form of a certificate serial, and no such certificate is configured.
    #[error("Wechatpay-Serial names a platform certificate that is not configured")]
    UnknownCertificateSerial,
    /// `Wechatpay-Serial` names no configured public key and is no certificate serial.
    #[error("Wechatpay-Serial names no configured platform public key")]
    UnknownPublicKeyId,
    /// The gateway's own probe of whether signatures are verified at all 「应对签名探测流量」.
    #[error("a signature probe of the gateway, which has to be refused")]
    SignatureProbe,
    /// `Wechatpay-Signature` is not Base64.
    #[error("Wechatpay-Signature is unreadable: expected Base64")]
    SignatureUnreadable,
    /// The signature does not fit the bytes.
    #[error("the signature does not fit the message")]
    SignatureWrong,
    /// The key that a stored message was verified by cannot be read.
    #[error("the stored public key is unreadable: expected RSA as DER SubjectPublicKeyInfo")]
    StoredKeyUnreadable,
    /// The encrypted part does not open with the account's key.
    #[error("the encrypted part does not open: expected it under the account's {key}")]
    Undecryptable {
        /// The configuration key of the secret it was tried with.
        key: &'static str,
    },
    /// Authentic, but not well-formed.
    #[error("{field} is malformed: expected {expected}")]
    Malformed {
        /// The field, or the part of the document.
        field: &'static str,
        /// What the protocol asks for.
        expected: &'static str,
    },
    /// Authentic, but for another merchant.
    #[error("the message is for another merchant number than the account's mch_id")]
    NotOurs,
    /// A v2 document that is not XML of the plain form that v2 has.
    #[error("the XML is refused: expected {expected}")]
    XmlRefused {
        /// What the document broke.
        expected: &'static str,
    },
    /// A v2 document whose `return_code` is not `SUCCESS`: such ones are never signed.
    #[error("return_code is not SUCCESS, and such a document is not signed")]
    ReturnCodeNotSuccess,
    /// A v2 document without `sign`.
    #[error("sign is missing")]
    SignMissing,
    /// A v2 document signed by a method that is unknown or that the account does not allow.
    #[error("the sign method is refused: expected MD5 or HMAC-SHA256, as v2_sign_type allows")]
    SignTypeRefused,
    /// A v2 document whose signed string can also be read as another document.
    #[error("the signed string reads as another document too: a value holds &{field}=")]
    Ambiguous {
        /// The field that a value seems to hold.
        field: &'static str,
    },
}

impl Refusal {
    /// A stable name for counters.
    pub fn label(&self) -> &'static str {
        match self {
            Self::NotConfigured { .. } => "not_configured",
            Self::HeaderMissing(_) => "header_missing",
            Self::HeaderRepeated(_) => "header_repeated",
            Self::HeaderUnreadable(_) => "header_unreadable",
            Self::TimestampUnreadable => "timestamp_unreadable",
            Self::OutsideClockWindow { .. } => "outside_clock_window",
            Self::SignatureTypeUnknown => "signature_type_unknown",
            Self::UnknownCertificateSerial => "unknown_certificate_serial",
            Self::UnknownPublicKeyId => "unknown_public_key_id",
            Self::SignatureProbe => "signature_probe",
            Self::SignatureUnreadable => "signature_unreadable",
            Self::SignatureWrong => "signature_wrong",
            Self::StoredKeyUnreadable => "stored_key_unreadable",
            Self::Undecryptable { .. } => "undecryptable",
            Self::Malformed { .. } => "malformed",
            Self::NotOurs => "not_ours",
            Self::XmlRefused { .. } => "xml_refused",
            Self::ReturnCodeNotSuccess => "return_code_not_success",
            Self::SignMissing => "sign_missing",
            Self::SignTypeRefused => "sign_type_refused",
            Self::Ambiguous { .. } => "ambiguous",
        }
    }

    /// The HTTP status that a v3 notify is refused with: 401 as long as no signature held, 400 after
    /// it did, 503 where another try may find the platform certificate.
    pub fn v3_status(&self) -> u16 {
        match self {
            Self::UnknownCertificateSerial => 503,
            Self::Undecryptable { .. } | Self::Malformed { .. } | Self::NotOurs => 400,
            Self::NotConfigured { .. }
            | Self::HeaderMissing(_)
            | Self::HeaderRepeated(_)
            | Self::HeaderUnreadable(_)
            | Self::TimestampUnreadable
            | Self::OutsideClockWindow { .. }
            | Self::SignatureTypeUnknown
            | Self::UnknownPublicKeyId
            | Self::SignatureProbe
            | Self::SignatureUnreadable
            | Self::SignatureWrong
            | Self::StoredKeyUnreadable
            | Self::XmlRefused { .. }
            | Self::ReturnCodeNotSuccess
            | Self::SignMissing
            | Self::SignTypeRefused
            | Self::Ambiguous { .. } => 401,
        }
    }
}

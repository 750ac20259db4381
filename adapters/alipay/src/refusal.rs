//! Why a message is not taken: one variant a cause. What Alipay is then told is `answer`'s part;
//! counting and logging are the caller's.

/// Why a notify, a return or an answer is refused. Nothing here holds personal data or what the sender wrote, so
/// every message may be logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The body or the query is no form.
    #[error("the form is unreadable: expected {expected}")]
    FormUnreadable {
        /// What the form broke.
        expected: &'static str,
    },
    /// The body of an answer is not what Alipay's answers look like.
    #[error("the answer is unreadable: expected {expected}")]
    AnswerUnreadable {
        /// What the answer broke.
        expected: &'static str,
    },
    /// A field came more than once.
    #[error("a field came more than once: expected each name once")]
    FieldRepeated,
    /// There is no `sign`.
    #[error("sign is missing")]
    SignMissing,
    /// `sign` is not the Base64 of a signature.
    #[error("sign is unreadable: expected the Base64, with padding, of an RSA signature")]
    SignUnreadable,
    /// `sign_type` is not the account's. Which algorithm holds is the account's choice, never the
    /// sender's.
    #[error("sign_type is refused: expected RSA2")]
    SignTypeRefused,
    /// `alipay_cert_sn` names a certificate that the account does not have: Alipay has changed over.
    #[error("alipay_cert_sn names a certificate that is not in alipay_cert_file")]
    CertificateUnknown,
    /// The signature does not fit.
    #[error("the signature does not fit the message")]
    SignatureWrong,
    /// Authentic, but a field that such a message must have is missing or blank.
    #[error("{0} is missing")]
    FieldMissing(&'static str),
    /// Authentic, but a field is outside its grammar.
    #[error("{field} is malformed: expected {expected}")]
    Malformed {
        /// The field.
        field: &'static str,
        /// What the protocol asks for.
        expected: &'static str,
    },
    /// Authentic, but the signed string reads as another message too.
    #[error("the signed string reads as another message too: a value holds &{field}=")]
    Ambiguous {
        /// The field that a value seems to hold.
        field: &'static str,
    },
    /// Authentic, but it answers another question.
    #[error("the answer is to another question: expected the {field} that was asked about")]
    NotAsked {
        /// The field that says so.
        field: &'static str,
    },
    /// Authentic, but for another application or another payee.
    #[error("the message is not for this account: expected the account's own {field}")]
    NotOurs {
        /// `app_id` or `seller_id`.
        field: &'static str,
    },
}

impl Refusal {
    /// A stable name for counters.
    pub fn label(&self) -> &'static str {
        match self {
            Self::FormUnreadable { .. } => "form_unreadable",
            Self::AnswerUnreadable { .. } => "answer_unreadable",
            Self::FieldRepeated => "field_repeated",
            Self::SignMissing => "sign_missing",
            Self::SignUnreadable => "sign_unreadable",
            Self::SignTypeRefused => "sign_type_refused",
            Self::CertificateUnknown => "certificate_unknown",
            Self::SignatureWrong => "signature_wrong",
            Self::FieldMissing(_) => "field_missing",
            Self::Malformed { .. } => "malformed",
            Self::Ambiguous { .. } => "ambiguous",
            Self::NotAsked { .. } => "not_asked",
            Self::NotOurs { .. } => "not_ours",
        }
    }
}

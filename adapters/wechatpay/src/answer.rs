//! What the gateway is told after a notify 「支付结果通知」, in the form of the protocol that it spoke.
//! Whether a message is taken is decided elsewhere.

use crate::Refusal;

/// Which of the two protocols a notify speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// JSON, signed in headers.
    V3,
    /// XML, signed within.
    V2,
}

/// An answer to a notify.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotifyAnswer {
    /// The HTTP status.
    pub status: u16,
    /// The `Content-Type`, where there is a body.
    pub content_type: Option<&'static str>,
    /// The body.
    pub body: &'static str,
}

impl Protocol {
    /// The protocol of a body: v2 where it starts with `<`, else v3.
    pub fn of(body: &[u8]) -> Self {
        match body.first() {
            Some(b'<') => Self::V2,
            Some(_) | None => Self::V3,
        }
    }

    /// The message is durably stored. v3 goes by the status alone, v2 by the body.
    pub fn accepted(self) -> NotifyAnswer {
        match self {
            Self::V3 => NotifyAnswer {
                status: 204,
                content_type: None,
                body: "",
            },
            Self::V2 => xml(200, V2_SUCCESS),
        }
    }

    /// The message is refused.
    pub fn refused(self, refusal: &Refusal) -> NotifyAnswer {
        match self {
            Self::V3 => json(refusal.v3_status(), V3_REFUSED),
            Self::V2 => xml(200, V2_REFUSED),
        }
    }

    /// The message is authentic and could not be stored now; the gateway sends it again.
    pub fn unavailable(self) -> NotifyAnswer {
        match self {
            Self::V3 => json(503, V3_UNAVAILABLE),
            Self::V2 => xml(503, V2_UNAVAILABLE),
        }
    }
}

const V3_REFUSED: &str = r#"{"code":"FAIL","message":"refused"}"#;
const V3_UNAVAILABLE: &str = r#"{"code":"FAIL","message":"try again later"}"#;
const V2_SUCCESS: &str = "<xml><return_code><![CDATA[SUCCESS]]></return_code><return_msg><![CDATA[OK]]></return_msg></xml>";
const V2_REFUSED: &str = "<xml><return_code><![CDATA[FAIL]]></return_code><return_msg><![CDATA[refused]]></return_msg></xml>";
const V2_UNAVAILABLE: &str = "<xml><return_code><![CDATA[FAIL]]></return_code><return_msg><![CDATA[try again later]]></return_msg></xml>";

fn json(status: u16, body: &'static str) -> NotifyAnswer {
    NotifyAnswer {
        status,
        content_type: Some("application/json"),
        body,
    }
}

fn xml(status: u16, body: &'static str) -> NotifyAnswer {
    NotifyAnswer {
        status,
        content_type: Some("text/xml; charset=utf-8"),
        body,
    }
}

//! Problem documents (RFC 9457): the one place where what went wrong becomes HTTP. Every answer that
//! is not a success is made here, but a gateway's own failure forms and the buyer's pages.

mod causes;
mod kind;

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use payfold_domain::command::Difference;
use serde::Serialize;
use serde_json::Value;

pub(crate) use kind::Kind;

/// One thing wrong with a request.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Flaw {
    /// Where: a JSON pointer into the body, or `/path/NAME`, `/query/NAME`, `/header/NAME`.
    pub(crate) pointer: String,
    /// What is wrong there.
    pub(crate) reason: String,
    /// What is there already, for a conflict.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) have: Option<Value>,
    /// What was asked for now, for a conflict.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) got: Option<Value>,
}

impl Flaw {
    pub(crate) fn new(pointer: impl Into<String>, reason: impl Into<String>) -> Self {
        Self {
            pointer: pointer.into(),
            reason: reason.into(),
            have: None,
            got: None,
        }
    }
}

/// A problem, on its way to becoming an answer.
#[derive(Debug, Clone)]
pub(crate) struct Problem(Box<Told>);

#[derive(Debug, Clone)]
struct Told {
    kind: Kind,
    detail: String,
    errors: Vec<Flaw>,
    left_minor: Option<i64>,
    gateway: Option<(String, String)>,
}

/// The document, as it is written.
#[derive(Serialize)]
struct Document<'a> {
    r#type: String,
    title: &'static str,
    status: u16,
    detail: &'a str,
    #[serde(skip_serializing_if = "<[Flaw]>::is_empty")]
    errors: &'a [Flaw],
    #[serde(skip_serializing_if = "Option::is_none")]
    left_minor: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    gateway_code: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    gateway_message: Option<&'a str>,
}

impl Problem {
    pub(crate) fn new(kind: Kind, detail: impl Into<String>) -> Self {
        let detail = detail.into();
        Self(Box::new(Told {
            kind,
            detail,
            errors: Vec::new(),
            left_minor: None,
            gateway: None,
        }))
    }

    /// A request with these flaws.
    pub(crate) fn invalid(errors: Vec<Flaw>) -> Self {
        let detail = match errors.as_slice() {
            [flaw] if flaw.pointer.is_empty() => flaw.reason.clone(),
            [flaw] => format!("{}: {}", flaw.pointer, flaw.reason),
            flaws => format!("{} things in the request are wrong", flaws.len()),
        };
        let mut problem = Self::new(Kind::Invalid, detail);
        problem.0.errors = errors;
        problem
    }

    /// A request with one flaw.
    pub(crate) fn flaw(pointer: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::invalid(vec![Flaw::new(pointer, reason)])
    }

    /// There is no such thing.
    pub(crate) fn not_found(what: &str) -> Self {
        Self::new(Kind::NotFound, format!("there is no such {what}"))
    }

    /// The number that a path names is at another order.
    pub(crate) fn number_taken(pointer: &str) -> Self {
        let mut problem = Self::new(Kind::Conflict, "the number belongs to another order");
        problem.0.errors = vec![Flaw::new(pointer, "it belongs to another order")];
        problem
    }

    /// The payment has a refund of that number that was not asked for here.
    fn refunded_elsewhere() -> Self {
        let detail = "the payment has a refund of that number that was made elsewhere";
        let mut problem = Self::new(Kind::Conflict, detail);
        let reason = "expected a number that no refund of the payment has";
        problem.0.errors = vec![Flaw::new("/path/refund_no", reason)];
        problem
    }

    /// What was asked for is there with other content.
    fn conflict(differences: Vec<Difference>) -> Self {
        let names: Vec<&str> = differences
            .iter()
            .map(|difference| difference.pointer)
            .collect();
        let detail = format!("it is there already, with another {}", names.join(", "));
        let mut problem = Self::new(Kind::Conflict, detail);
        problem.0.errors = differences.into_iter().map(differing).collect();
        problem
    }
}

/// A differing field, its sides in the type that the field has.
fn differing(difference: Difference) -> Flaw {
    let side = |text: String| match text.parse::<i64>() {
        Ok(number) if difference.pointer.ends_with("/minor") => Value::from(number),
        Ok(_) | Err(_) if text.is_empty() => Value::Null,
        Ok(_) | Err(_) => Value::from(text),
    };
    Flaw {
        pointer: difference.pointer.to_owned(),
        reason: "differs from what is there".to_owned(),
        have: Some(side(difference.have)),
        got: Some(side(difference.got)),
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let kind = self.0.kind;
        let status = kind.status();
        let document = Document {
            r#type: format!("/problems/{}", kind.name()),
            title: kind.title(),
            status: status.as_u16(),
            detail: &self.0.detail,
            errors: &self.0.errors,
            left_minor: self.0.left_minor,
            gateway_code: self.0.gateway.as_ref().map(|(code, _)| code.as_str()),
            gateway_message: self.0.gateway.as_ref().map(|(_, message)| message.as_str()),
        };
        // The document has no map keys but field names, so writing it cannot fail.
        let body = serde_json::to_vec(&document).unwrap_or_default();
        let mut response = (status, body).into_response();
        let headers = response.headers_mut();
        let json = HeaderValue::from_static("application/problem+json");
        headers.insert(header::CONTENT_TYPE, json);
        if status == StatusCode::UNAUTHORIZED {
            let bearer = HeaderValue::from_static("Bearer realm=\"payfold\"");
            headers.insert(header::WWW_AUTHENTICATE, bearer);
        }
        if status == StatusCode::SERVICE_UNAVAILABLE {
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        if status == StatusCode::PAYLOAD_TOO_LARGE {
            // The rest of the body is never read, so nothing can follow on this connection.
            headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use payfold_domain::command::Rejection;

    use super::*;
    use crate::app::AppError;

    async fn written(problem: Problem) -> (StatusCode, Value) {
        let response = problem.into_response();
        let status = response.status();
        let body = axum::body::to_bytes(response.into_body(), 65_536)
            .await
            .unwrap();
        (status, serde_json::from_slice(&body).unwrap())
    }

    #[tokio::test]
    async fn a_conflict_names_each_differing_field_with_both_sides() {
        let differences = vec![
            Difference {
                pointer: "/amount/minor",
                have: "8800".into(),
                got: "9900".into(),
            },
            Difference {
                pointer: "/openid",
                have: "".into(),
                got: "o1".into(),
            },
        ];
        let (status, document) = written(Rejection::Conflict(differences).into()).await;
        assert_eq!(status, StatusCode::CONFLICT);
        assert_eq!(document["type"], "/problems/conflict");
        assert_eq!(document["errors"][0]["have"], 8800);
        assert_eq!(document["errors"][0]["got"], 9900);
        assert_eq!(document["errors"][1]["have"], Value::Null);
        assert_eq!(document["errors"][1]["got"], "o1");
    }

    #[tokio::test]
    async fn a_refund_that_is_too_much_tells_what_is_left() {
        let (_, document) = written(Rejection::RefundTooMuch { left_minor: 700 }.into()).await;
        assert_eq!(document["type"], "/problems/refund-too-much");
        assert_eq!(document["left_minor"], 700);
        assert_eq!(document["status"], 409);
    }

    #[tokio::test]
    async fn a_gateways_refusal_carries_its_code_and_words() {
        let refused = AppError::GatewayRefused {
            code: "ACQ.X".into(),
            message: "no".into(),
        };
        let (status, document) = written(refused.into()).await;
        assert_eq!(status, StatusCode::BAD_GATEWAY);
        assert_eq!(document["gateway_code"], "ACQ.X");
        assert_eq!(document["gateway_message"], "no");
    }

    #[test]
    fn every_kind_has_a_name_of_its_own() {
        let mut names: Vec<&str> = Kind::ALL.iter().map(|kind| kind.name()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), Kind::ALL.len());
    }
}

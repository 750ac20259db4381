//! One call of the merchant, from its bytes to its signed answer; what it is about is the caller's.

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, Method, Uri};
use axum::response::{IntoResponse, Response};
use serde_json::Value;

use super::answer::{Refusal, Signature, answered, asked_key};
use super::auth::admitted;
use crate::books::PlatformKey;
use crate::draw;
use crate::faults::FaultKind;
use crate::sandbox::Sandbox;
use crate::weather::Weather;

/// A call, as it came.
pub(super) struct Called {
    pub(super) method: Method,
    pub(super) uri: Uri,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

impl<S: Send + Sync> FromRequest<S> for Called {
    type Rejection = Response;

    async fn from_request(request: Request, state: &S) -> Result<Self, Response> {
        let (method, uri) = (request.method().clone(), request.uri().clone());
        let headers = request.headers().clone();
        let body = Bytes::from_request(request, state).await;
        body.map(|body| Self {
            method,
            uri,
            headers,
            body,
        })
        .map_err(IntoResponse::into_response)
    }
}

impl Called {
    /// The body as JSON; null where it is none.
    pub(super) fn content(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// Answers a call about a number, once it is known to be the merchant's.
    pub(super) async fn answer(
        &self,
        sandbox: &Sandbox,
        out_trade_no: &str,
        work: impl FnOnce(PlatformKey) -> Result<Value, Refusal>,
    ) -> Response {
        let (signer, outcome) = self.checked(sandbox, out_trade_no, work).await;
        let signature = if outcome.is_ok() && sandbox.probes(out_trade_no) {
            Signature::Probe
        } else {
            Signature::Genuine
        };
        answered(sandbox, signer, outcome, signature)
    }

    /// What came of a call about a number, and with which key that is to be answered.
    pub(super) async fn checked<T>(
        &self,
        sandbox: &Sandbox,
        out_trade_no: &str,
        work: impl FnOnce(PlatformKey) -> Result<T, Refusal>,
    ) -> (PlatformKey, Result<T, Refusal>) {
        let weather = sandbox.weather(out_trade_no).await;
        let key = asked_key(sandbox, &self.headers);
        let signer = *key.as_ref().unwrap_or(&PlatformKey::Certificate);
        let outcome = match weather {
            Weather::Down => Err(Refusal::down()),
            Weather::Fair => admitted(sandbox, self).and(key).and_then(work),
        };
        (signer, outcome)
    }
}

impl Sandbox {
    /// Whether the answer to a call about a number is a signature probe.
    fn probes(&self, out_trade_no: &str) -> bool {
        let now = self.now();
        let mut state = self.state();
        let struck = state.faults.strike(FaultKind::Probe, out_trade_no, now);
        let one_in = self.settings().answer_probe_one_in;
        struck.is_some() || draw::chance(&self.outside().entropy, one_in)
    }
}

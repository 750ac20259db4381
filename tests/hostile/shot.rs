//! One request of an attacker, and what may come back.

use std::time::Duration;

use http::Method;

use crate::gateway::Message;
use crate::shop::{Answer, Shop};

/// How long an answer may take on a machine that has much to do.
const PATIENCE: Duration = Duration::from_secs(60);

/// A request that nobody honest sends.
#[derive(Debug, Clone)]
pub(crate) struct Shot {
    pub(crate) kind: &'static str,
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) headers: Vec<(&'static str, Vec<u8>)>,
    pub(crate) body: Vec<u8>,
    pub(crate) wanted: Wanted,
}

/// What may come back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// A gateway's success: it says what was said before.
    Success,
    /// Anything but a gateway's success.
    Failure,
    /// Either, for it may say the same as before in other bytes.
    Either,
    /// The page that says nothing of any order, or a refusal.
    Neutral,
    /// A refusal, by status.
    Refusal,
    /// It may be cut off before its answer.
    Cut,
}

impl Shot {
    /// A message to an account.
    pub(crate) fn notify(
        kind: &'static str,
        account: &str,
        message: Message,
        wanted: Wanted,
    ) -> Self {
        let headers = message.headers.into_iter();
        Self {
            kind,
            method: Method::POST,
            path: format!("/notify/{account}"),
            headers: headers
                .map(|(name, value)| (name, value.into_bytes()))
                .collect(),
            body: message.body.into_bytes(),
            wanted,
        }
    }

    /// A question.
    pub(crate) fn get(kind: &'static str, path: String, wanted: Wanted) -> Self {
        Self {
            kind,
            method: Method::GET,
            path,
            headers: Vec::new(),
            body: Vec::new(),
            wanted,
        }
    }

    pub(crate) fn with(mut self, name: &'static str, value: impl Into<Vec<u8>>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// Sends it, and judges what comes back.
    pub(crate) async fn send(self, shop: &Shop, round: u64) {
        let mut request = shop.anybody(self.method.clone(), &self.path);
        for (name, value) in &self.headers {
            request = request.header(*name, value.as_slice());
        }
        let Ok(request) = request.body(self.body.clone()).build() else {
            // What no client can write is not sent.
            return;
        };
        let answer = tokio::time::timeout(PATIENCE, shop.try_execute(request)).await;
        let Ok(answer) = answer else {
            panic!("round {round}: {self:?} is never answered");
        };
        if let Err(wrong) = self.judge(answer.as_ref()) {
            panic!("round {round}: {wrong}: {self:?} got {answer:?}");
        }
    }

    fn judge(&self, answer: Option<&Answer>) -> Result<(), &'static str> {
        let Some(answer) = answer else {
            return if self.wanted == Wanted::Cut {
                Ok(())
            } else {
                Err("no answer")
            };
        };
        let status = answer.status.as_u16();
        if status == 503 {
            return Ok(());
        }
        if status >= 500 {
            return Err("a failure of its own");
        }
        let fits = match self.wanted {
            Wanted::Success => is_success(answer),
            Wanted::Failure => !is_success(answer),
            Wanted::Either => true,
            Wanted::Neutral => {
                let names_one = ["K-", "F-"].iter().any(|name| answer.text.contains(name));
                answer.header("location").is_empty() && !names_one
            }
            Wanted::Refusal | Wanted::Cut => (400..500).contains(&status),
        };
        if fits {
            Ok(())
        } else {
            Err("the wrong answer")
        }
    }
}

/// Whether a gateway would send it no more.
fn is_success(answer: &Answer) -> bool {
    match answer.status.as_u16() {
        200 => answer.text == "success" || answer.text.contains("SUCCESS"),
        status => status == 204,
    }
}

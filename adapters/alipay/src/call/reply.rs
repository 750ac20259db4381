//! What an answer to a call says and proves 「自行实现验签」, 「公共错误码」. Only what is signed is certain. All
//! else leaves the outcome unknown, which is never a failure of the payment: ask again.

use std::borrow::Cow;

use http::StatusCode;
use payfold_domain::{
    Authentic, Fact, KeyFingerprint, Message, Observation, OutTradeNo, PaymentRef, Source, Verdict,
};

use super::answer::Answer;
use super::members::Members;
use super::request::Call;
use super::verdict::Outcome;
use crate::{AlipayAccount, Refusal, grammar};

/// How many characters of the gateway's words are kept.
const MOST_WORDS: usize = 256;

/// What the gateway answered, under its signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply<'a> {
    /// It did as asked.
    Done(Verified<'a>),
    /// It did not, and nothing happened.
    Refused {
        /// What that means.
        verdict: Verdict,
        /// The gateway's code, from an open set: `sub_code`, where there is one that reads as a code.
        code: String,
        /// The gateway's message, for whoever asked. It may quote the request, and the buyer in it.
        message: String,
    },
}

/// An answer whose signature holds and which says that the call was carried out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified<'a> {
    call: Call,
    node: Cow<'a, str>,
    key: KeyFingerprint,
}

/// Why nobody knows what came of a call. Printed, it names codes and never the gateway's words, which
/// may quote the request, and the buyer in it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CallFault {
    /// The gateway failed, or something between answered in its place.
    #[error("the gateway answered {status}: expected 200")]
    Status {
        /// The HTTP status.
        status: u16,
    },
    /// The answer has no signature. What it claims is for the operator to look at and proves nothing; a
    /// wrong `app_id` is told so.
    #[error("the gateway's answer is not signed; it claims {code}")]
    Unsigned {
        /// The code that it claims.
        code: String,
        /// The message that it claims.
        message: String,
    },
    /// The answer's signature does not hold.
    #[error("verifying the gateway's answer")]
    Unverified(#[source] Refusal),
    /// The gateway says itself that it does not know, or what it says is not known here.
    #[error("the gateway does not say what came of the call ({code})")]
    Undecided {
        /// The gateway's code.
        code: String,
        /// The gateway's message.
        message: String,
    },
    /// The answer does not hold what it should.
    #[error("reading the gateway's answer")]
    Unreadable(#[source] Refusal),
}

impl AlipayAccount {
    /// Verifies the answer to `call` over its raw bytes and sorts it by what it says. Its media type
    /// says nothing 「公共错误码」.
    ///
    /// # Errors
    ///
    /// Where the outcome stays unknown.
    pub fn verify_response<'a>(
        &self,
        call: Call,
        status: StatusCode,
        body: &'a [u8],
    ) -> Result<Reply<'a>, CallFault> {
        if !status.is_success() {
            return Err(CallFault::Status {
                status: status.as_u16(),
            });
        }
        let answer = Answer::to(call, body).map_err(CallFault::Unreadable)?;
        let key = match answer.verify(self) {
            Ok(key) => key,
            Err(Refusal::SignMissing) => return Err(unsigned(&answer.node)),
            Err(refusal) => return Err(CallFault::Unverified(refusal)),
        };
        let told = Told::read(&answer.node).map_err(CallFault::Unreadable)?;
        match Outcome::of(call, &told.code, told.sub_code.as_deref()) {
            Outcome::Done => Ok(Reply::Done(Verified {
                call,
                node: answer.node,
                key,
            })),
            Outcome::Refused(verdict) => {
                let (code, message) = told.into_parts();
                Ok(Reply::Refused {
                    verdict,
                    code,
                    message,
                })
            }
            Outcome::Open => {
                let (code, message) = told.into_parts();
                Err(CallFault::Undecided { code, message })
            }
        }
    }

    /// What an answer about that payment says.
    pub(super) fn observed(&self, out_trade_no: &OutTradeNo, facts: Vec<Fact>) -> Observation {
        Observation {
            payment: PaymentRef {
                account: self.name().clone(),
                out_trade_no: out_trade_no.clone(),
            },
            source: Source::Query,
            facts,
        }
    }
}

impl Verified<'_> {
    /// What the answer was found to mean, with the proof of its sender.
    pub(super) fn saying(self, message: Message) -> Authentic {
        Authentic {
            message,
            signed_headers: Vec::new(),
            key: self.key,
        }
    }

    pub(super) fn members(&self) -> Result<Members<'_>, Refusal> {
        Members::parse(&self.node)
    }

    pub(super) fn call(&self) -> Call {
        self.call
    }

    /// Whether it answers that call.
    pub(super) fn check_call(&self, call: Call) -> Result<(), CallFault> {
        if self.call == call {
            Ok(())
        } else {
            Err(CallFault::Unreadable(Refusal::NotAsked { field: "method" }))
        }
    }
}

fn unsigned(node: &str) -> CallFault {
    match Told::read(node) {
        Ok(told) => {
            let (code, message) = told.into_parts();
            CallFault::Unsigned { code, message }
        }
        Err(refusal) => CallFault::Unreadable(refusal),
    }
}

/// How a call went, by the members that every answer has.
pub(super) struct Told {
    pub(super) code: String,
    message: String,
    pub(super) sub_code: Option<String>,
    sub_message: Option<String>,
}

impl Told {
    pub(super) fn read(node: &str) -> Result<Self, Refusal> {
        let members = Members::parse(node)?;
        let words = |name| -> Result<Option<String>, Refusal> {
            let text = members.optional_text(name)?;
            Ok(text.map(|text| text.chars().take(MOST_WORDS).collect()))
        };
        let sub_code = members.optional_text("sub_code")?;
        Ok(Self {
            code: grammar::code("code", &members.text("code")?)?,
            message: words("msg")?.unwrap_or_default(),
            sub_code: sub_code.map(Cow::into_owned),
            sub_message: words("sub_msg")?,
        })
    }

    /// Code and message, the business's own where there are such. What does not read as a code is not
    /// told as one, for codes are public and words are not.
    pub(super) fn into_parts(self) -> (String, String) {
        let sub_code = self
            .sub_code
            .and_then(|code| grammar::code("sub_code", &code).ok());
        (
            sub_code.unwrap_or(self.code),
            self.sub_message.unwrap_or(self.message),
        )
    }
}

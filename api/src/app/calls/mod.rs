//! Calls of gateways: each is signed off the async threads, sent with a deadline over its account's
//! line, and what came back is verified before anything is made of it. What is unknown stays unknown;
//! who asks again, and when, is the jobs' part.

mod ask;
mod bill;
mod certificates;
mod close;
mod kept;
mod line;
mod recent;
mod refund;
mod start;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use payfold_alipay::CallFault;
use payfold_domain::policy::Capability;
use payfold_domain::{AccountName, Authentic, Timestamp};
use payfold_store::Channel;
use payfold_wechatpay::Proof;

pub(crate) use ask::Asked;
pub(crate) use bill::BillAnswer;
pub(crate) use certificates::Fetched;
pub(crate) use line::Breaker;
pub(crate) use recent::{Recent, Turn};
pub(crate) use refund::{AskedBack, RefundCall};
pub(crate) use start::{Started, Way};

use super::accounts::{Account, GatewayAccount};
use super::handle::Proven;
use super::{App, AppError};
use line::{Line, Outcome};

/// How long a gateway may take for an answer.
const DEADLINE: Duration = Duration::from_secs(10);

/// What is asked of a gateway, by the names that metrics have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum CallKind {
    Start,
    Query,
    Close,
    Refund,
    RefundQuery,
    Certificates,
    Bill,
}

impl CallKind {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Query => "query",
            Self::Close => "close",
            Self::Refund => "refund",
            Self::RefundQuery => "refund_query",
            Self::Certificates => "certificates",
            Self::Bill => "bill",
        }
    }

    /// Whether the line's breaker stops such calls and learns from them. Certificates are asked for once
    /// a minute at most, and may be all that a line which was cut lacks: answers that nobody can verify
    /// count as failures.
    fn minds_the_breaker(self) -> bool {
        match self {
            Self::Certificates => false,
            Self::Start
            | Self::Query
            | Self::Close
            | Self::Refund
            | Self::RefundQuery
            | Self::Bill => true,
        }
    }
}

/// The lines to the gateways, one for each account.
#[derive(Default)]
pub(crate) struct LinesOut(Mutex<BTreeMap<AccountName, Arc<Line>>>);

impl LinesOut {
    fn of(&self, account: &AccountName) -> Arc<Line> {
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match lines.get(account) {
            Some(line) => Arc::clone(line),
            None => {
                let line = Arc::new(Line::new());
                lines.insert(account.clone(), Arc::clone(&line));
                line
            }
        }
    }

    /// Of each account that was called: its name, how many calls are in flight, and its breaker.
    pub(crate) fn standing(&self) -> Vec<(AccountName, usize, Breaker)> {
        let lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        lines
            .iter()
            .map(|(account, line)| (account.clone(), line.in_flight(), line.breaker()))
            .collect()
    }
}

impl App {
    /// One call: signs what `make` puts together (by the time and a fresh nonce), sends it, and gives
    /// the answer to `read`, which verifies it.
    ///
    /// # Errors
    ///
    /// [`AppError::GatewayUnknown`] where nobody knows what came of it, [`AppError::GatewayNotAsked`]
    /// where it was not sent; and those of `read`.
    pub(crate) async fn exchange<T>(
        &self,
        account: &Arc<Account>,
        kind: CallKind,
        make: impl FnOnce(&Account, Timestamp, &str) -> Result<Request<Bytes>, AppError>
        + Send
        + 'static,
        read: impl FnOnce(&Response<Bytes>, Timestamp) -> Result<T, AppError>,
    ) -> Result<T, AppError> {
        let line = self.lines_out.of(&account.name);
        let entered = if kind.minds_the_breaker() {
            line.enter(self.world.now()).await
        } else {
            line.enter_though_cut().await
        };
        let place = match entered {
            Ok(place) => place,
            Err(error) => {
                self.metrics.gateway_call(&account.name, kind, "not_sent");
                return Err(error);
            }
        };
        let (now, nonce) = (self.world.now(), self.world.id().simple().to_string());
        let signer = Arc::clone(account);
        let making = move || make(&signer, now, &nonce);
        let request = self.world.tasks.blocking(making).await??;
        let sent = tokio::time::timeout(DEADLINE, self.world.http.send(request)).await;
        drop(place);
        if let (Ok(Ok(answer)), true) = (&sent, kind != CallKind::Certificates) {
            self.learn_certificate(account, answer).await;
        }
        let now = self.world.now();
        let answer = match sent {
            Ok(Ok(answer)) => read(&answer, now),
            Ok(Err(error)) => Err(AppError::GatewayUnknown(error.to_string())),
            Err(_elapsed) => Err(AppError::GatewayUnknown(format!(
                "no answer within {} s",
                DEADLINE.as_secs()
            ))),
        };
        let (outcome, label) = match &answer {
            Err(AppError::GatewayUnknown(_)) => (Outcome::Unknown, "unknown"),
            Ok(_) | Err(_) => (Outcome::Answered, "answered"),
        };
        if kind.minds_the_breaker() {
            line.learn(outcome, now);
        }
        self.metrics.gateway_call(&account.name, kind, label);
        answer
    }

    /// The account, where its gateway can be asked, closed and refunded by it.
    pub(crate) fn askable(&self, name: &AccountName) -> Option<Arc<Account>> {
        self.accounts
            .get(name)
            .filter(|account| match account.capability {
                Capability::Full | Capability::Retired => true,
                Capability::ReceivesOnly => false,
            })
    }

    /// The names of those accounts.
    pub(crate) fn askable_accounts(&self) -> BTreeSet<AccountName> {
        let all = self.accounts.all();
        let names = all.keys().filter(|name| self.askable(name).is_some());
        names.cloned().collect()
    }
}

/// The raw answer that something was read from, as evidence.
fn answer_evidence(
    account: &Account,
    answer: &Response<Bytes>,
    authentic: &Authentic,
    now: Timestamp,
) -> Proven {
    let channel = match account.gateway {
        GatewayAccount::Alipay(_) => Channel::AlipayAnswer,
        GatewayAccount::WechatPay(_) => Channel::WechatPayV3Answer,
    };
    account.evidence(
        channel,
        authentic.signed_headers.clone(),
        authentic.key,
        answer.body().clone(),
        now,
    )
}

fn unknown(fault: impl std::error::Error) -> AppError {
    let mut told = fault.to_string();
    let mut cause = fault.source();
    while let Some(error) = cause {
        told = format!("{told}: {error}");
        cause = error.source();
    }
    AppError::GatewayUnknown(told)
}

/// Nobody knows what came of a call of Alipay's. What it signed is its answer nonetheless.
fn unknown_at_alipay(fault: CallFault) -> AppError {
    match fault {
        CallFault::Undecided { code, .. } => AppError::GatewayUndecided(code),
        CallFault::Status { .. }
        | CallFault::Unsigned { .. }
        | CallFault::Unverified(_)
        | CallFault::Unreadable(_) => unknown(fault),
    }
}

/// A refusal that may pass. Where nobody signed it, something between may have answered in the gateway's
/// place.
fn not_now(code: String, proof: Proof) -> AppError {
    match proof {
        Proof::Signed => AppError::GatewayUndecided(code),
        Proof::Unsigned => AppError::GatewayUnknown(code),
    }
}

fn unsigned(fault: impl std::error::Error) -> AppError {
    AppError::Signing(fault.to_string())
}

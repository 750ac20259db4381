//! What is counted. Names and labels are the metrics' whole content: no number of an order, no
//! personal data.

use std::fmt::Debug;
use std::hash::Hash;

use payfold_domain::AccountName;
use prometheus_client::encoding::{EncodeLabelSet, EncodeMetric};
use prometheus_client::metrics::TypedMetric;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use super::accounts::Fate;
use super::calls::{Breaker, CallKind, LinesOut};

/// What is counted.
pub struct Metrics {
    registry: Registry,
    notifies: Family<NotifyLabels, Counter>,
    returns_refused: Family<AccountLabels, Counter>,
    jobs_failed: Family<JobLabels, Counter>,
    jobs_late: Family<JobLabels, Gauge>,
    bills_given_up: Family<AccountLabels, Counter>,
    gateway_calls: Family<CallLabels, Counter>,
    unknown_answers: Family<AccountLabels, Counter>,
    calls_in_flight: Family<AccountLabels, Gauge>,
    breakers_open: Family<AccountLabels, Gauge>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct NotifyLabels {
    account: String,
    outcome: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct AccountLabels {
    account: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CallLabels {
    account: String,
    call: &'static str,
    outcome: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct JobLabels {
    job: String,
}

impl AccountLabels {
    fn of(account: &AccountName) -> Self {
        Self {
            account: account.to_string(),
        }
    }
}

impl JobLabels {
    fn of(job: &str) -> Self {
        Self {
            job: job.to_owned(),
        }
    }
}

impl Metrics {
    pub(crate) fn new() -> Self {
        let mut registry = Registry::with_prefix("payfold");
        Self {
            notifies: family(
                &mut registry,
                "notifies",
                "Notifies taken in, by what became of them",
            ),
            returns_refused: family(
                &mut registry,
                "returns_refused",
                "Returns without a good signature or token",
            ),
            jobs_failed: family(
                &mut registry,
                "jobs_failed",
                "Runs of jobs that could not finish",
            ),
            jobs_late: family(
                &mut registry,
                "jobs_late_seconds",
                "How long what a job has to do first has been due",
            ),
            bills_given_up: family(
                &mut registry,
                "bills_given_up",
                "Days that were not reconciled in time and whose bill is fetched no more",
            ),
            gateway_calls: family(
                &mut registry,
                "gateway_calls",
                "Calls of gateways: answered, unknown, or not sent at all",
            ),
            unknown_answers: family(
                &mut registry,
                "gateway_unknown_states",
                "Verified answers with a state that is not known",
            ),
            calls_in_flight: family(
                &mut registry,
                "gateway_calls_in_flight",
                "Calls of gateways that wait for their answer",
            ),
            breakers_open: family(
                &mut registry,
                "gateway_breaker_open",
                "1 where a gateway failed too often and is left alone",
            ),
            registry,
        }
    }

    /// The text that Prometheus reads.
    pub(crate) fn encode(&self, lines: &LinesOut) -> Result<String, std::fmt::Error> {
        for (account, in_flight, breaker) in lines.standing() {
            let labels = AccountLabels::of(&account);
            let in_flight = i64::try_from(in_flight).unwrap_or(i64::MAX);
            self.calls_in_flight.get_or_create(&labels).set(in_flight);
            let open = match breaker {
                Breaker::Closed => 0,
                Breaker::Open => 1,
            };
            self.breakers_open.get_or_create(&labels).set(open);
        }
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &self.registry)?;
        Ok(text)
    }

    pub(crate) fn gateway_call(
        &self,
        account: &AccountName,
        kind: CallKind,
        outcome: &'static str,
    ) {
        let labels = CallLabels {
            account: account.to_string(),
            call: kind.as_str(),
            outcome,
        };
        self.gateway_calls.get_or_create(&labels).inc();
    }

    pub(crate) fn unknown_answer(&self, account: &AccountName) {
        let labels = AccountLabels::of(account);
        self.unknown_answers.get_or_create(&labels).inc();
    }

    pub(crate) fn job_late(&self, job: &str, secs: i64) {
        self.jobs_late.get_or_create(&JobLabels::of(job)).set(secs);
    }

    pub(crate) fn notify(&self, account: &AccountName, fate: &Fate) {
        let outcome = match fate {
            Fate::Accepted => "accepted",
            Fate::Unavailable => "unavailable",
            Fate::Refused(refusal) => refusal.label(),
        };
        let labels = NotifyLabels {
            account: account.to_string(),
            outcome,
        };
        self.notifies.get_or_create(&labels).inc();
    }

    pub(crate) fn return_refused(&self, account: &AccountName) {
        let labels = AccountLabels::of(account);
        self.returns_refused.get_or_create(&labels).inc();
    }

    pub(crate) fn bill_given_up(&self, account: &AccountName) {
        let labels = AccountLabels::of(account);
        self.bills_given_up.get_or_create(&labels).inc();
    }

    pub(crate) fn job_failed(&self, job: &str) {
        self.jobs_failed.get_or_create(&JobLabels::of(job)).inc();
    }
}

/// A family of metrics, registered.
fn family<L, M>(registry: &mut Registry, name: &str, help: &str) -> Family<L, M>
where
    L: EncodeLabelSet + Debug + Clone + Eq + Hash + Send + Sync + 'static,
    M: EncodeMetric + TypedMetric + Default + Debug + Send + Sync + 'static,
{
    let family = Family::<L, M>::default();
    registry.register(name, help, family.clone());
    family
}

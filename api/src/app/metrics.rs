//! What is counted. Names and labels are the metrics' whole content: no number of an order, no
//! personal data.

use payfold_domain::AccountName;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::Registry;

use super::accounts::Fate;

/// What is counted.
pub struct Metrics {
    registry: Registry,
    notifies: Family<NotifyLabels, Counter>,
    returns_refused: Family<AccountLabels, Counter>,
    jobs_failed: Family<JobLabels, Counter>,
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
struct JobLabels {
    job: String,
}

impl Metrics {
    pub(crate) fn new() -> Self {
        let mut registry = Registry::with_prefix("payfold");
        let notifies = Family::default();
        let returns_refused = Family::default();
        registry.register(
            "notifies",
            "Notifies taken in, by what became of them",
            notifies.clone(),
        );
        registry.register(
            "returns_refused",
            "Returns without a good signature or token",
            returns_refused.clone(),
        );
        let jobs_failed = Family::default();
        registry.register(
            "jobs_failed",
            "Runs of jobs that could not finish",
            jobs_failed.clone(),
        );
        Self {
            registry,
            notifies,
            returns_refused,
            jobs_failed,
        }
    }

    /// The text that Prometheus reads.
    pub fn encode(&self) -> Result<String, std::fmt::Error> {
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &self.registry)?;
        Ok(text)
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
        let labels = AccountLabels {
            account: account.to_string(),
        };
        self.returns_refused.get_or_create(&labels).inc();
    }

    pub(crate) fn job_failed(&self, job: &str) {
        self.jobs_failed
            .get_or_create(&JobLabels {
                job: job.to_owned(),
            })
            .inc();
    }
}

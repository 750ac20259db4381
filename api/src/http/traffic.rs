//! What is counted of requests and of those who read along: by route, never by what is in a request.

use std::sync::Arc;

use axum::extract::{MatchedPath, Request};
use http::{Method, StatusCode};
use payfold_domain::Timestamp;
use payfold_projections::View;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use crate::app::App;

/// The bounds of the answers' times, in seconds; a held answer may take 30.
const BOUNDS: [f64; 12] = [
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 2.5, 5.0, 30.0,
];

/// The end of a text of metrics.
const END: &str = "# EOF\n";

/// What is counted.
pub(crate) struct Traffic {
    registry: Registry,
    answers: Family<AnswerLabels, Counter>,
    times: Family<RouteLabels, Histogram, fn() -> Histogram>,
    behind: Family<ViewLabels, Gauge>,
    readers: Gauge,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct AnswerLabels {
    route: String,
    method: &'static str,
    status: u16,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RouteLabels {
    route: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ViewLabels {
    view: &'static str,
}

impl Traffic {
    pub(super) fn new() -> Self {
        let mut registry = Registry::with_prefix("payfold");
        let answers = Family::default();
        let times: Family<RouteLabels, Histogram, fn() -> Histogram> =
            Family::new_with_constructor(histogram);
        let behind = Family::default();
        let readers = Gauge::default();
        registry.register("http_answers", "Answers to requests", answers.clone());
        registry.register(
            "http_answer_seconds",
            "How long answers took",
            times.clone(),
        );
        registry.register(
            "view_behind",
            "How many positions a view lags",
            behind.clone(),
        );
        registry.register("feed_readers", "Readers of the open feed", readers.clone());
        Self {
            registry,
            answers,
            times,
            behind,
            readers,
        }
    }

    /// The text that Prometheus reads, what the application counts first.
    pub(super) fn encode(&self, app: &App) -> Result<String, std::fmt::Error> {
        let tip = app.store.tip().borrow().0;
        let standing = app.views.standing();
        for view in View::ALL {
            let behind = tip.saturating_sub(standing.of(view).position.0);
            let gauge = self.behind.get_or_create(&ViewLabels {
                view: view.as_str(),
            });
            gauge.set(i64::try_from(behind).unwrap_or(i64::MAX));
        }
        let counted = app.counted()?;
        let mut text = counted.strip_suffix(END).unwrap_or(&counted).to_owned();
        encode(&mut text, &self.registry)?;
        Ok(text)
    }

    /// Counts an answer that went out at that time.
    pub(super) fn count(&self, answering: Answering, status: StatusCode, ended: Timestamp) {
        let Answering {
            route,
            method,
            began,
        } = answering;
        let took = ended.as_micros().saturating_sub(began.as_micros());
        let micros = u32::try_from(took).unwrap_or_default();
        let labels = RouteLabels { route };
        self.times
            .get_or_create(&labels)
            .observe(f64::from(micros) / 1e6);
        let labels = AnswerLabels {
            route: labels.route,
            method,
            status: status.as_u16(),
        };
        self.answers.get_or_create(&labels).inc();
    }

    /// Counts a reader of the open feed until it is dropped.
    pub(super) fn reader(self: Arc<Self>) -> ReaderCounted {
        self.readers.inc();
        ReaderCounted(self)
    }
}

fn histogram() -> Histogram {
    Histogram::new(BOUNDS)
}

/// A reader of the open feed, as long as it reads.
pub(super) struct ReaderCounted(Arc<Traffic>);

impl Drop for ReaderCounted {
    fn drop(&mut self) {
        self.0.readers.dec();
    }
}

/// A request that is being answered.
pub(super) struct Answering {
    route: String,
    method: &'static str,
    began: Timestamp,
}

impl Answering {
    /// A request that came at that time.
    pub(super) fn begin(request: &Request, began: Timestamp) -> Self {
        let route = request.extensions().get::<MatchedPath>();
        Self {
            route: route.map_or("none", MatchedPath::as_str).to_owned(),
            method: method_name(request.method()),
            began,
        }
    }
}

/// The methods that a label may be; a caller can invent any other.
fn method_name(method: &Method) -> &'static str {
    [
        (&Method::GET, "GET"),
        (&Method::HEAD, "HEAD"),
        (&Method::PUT, "PUT"),
        (&Method::POST, "POST"),
    ]
    .into_iter()
    .find(|(known, _)| *known == method)
    .map_or("other", |(_, name)| name)
}

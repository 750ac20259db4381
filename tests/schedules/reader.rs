//! A reader of the open feed: it remembers the last cursor, comes back with it whenever the stream
//! ends, and keeps what it was told in the order in which it was told.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::body::Body;
use futures_util::StreamExt as _;
use http::{Request, header};
use http_body_util::BodyExt as _;
use serde_json::Value;
use tokio::time::sleep;
use tower::ServiceExt as _;

use crate::node::{Door, Site};

/// What was read of some kinds of events.
pub(crate) struct SomeEvents {
    pub(crate) kinds: &'static [&'static str],
    pub(crate) ids: Vec<String>,
}

/// The reader.
pub(crate) struct Reader {
    site: Arc<Site>,
    api_key: Arc<str>,
    told: Mutex<Told>,
}

/// What a reader asks for who wants some of the events alone.
const SOME: &[&str] = &["OrderPlaced", "PaymentConfirmed", "ExceptionResolved"];

/// Events on a page, so few that it ends in the middle of what was looked at.
const A_PAGE: usize = 2;

/// More pages than any schedule has.
const PAGES: usize = 500;

/// What the reader was told.
#[derive(Default, Clone)]
pub(crate) struct Told {
    last: Option<String>,
    /// The events' ids; a new list for each time that it came.
    pub(crate) visits: Vec<Vec<String>>,
}

impl Reader {
    pub(crate) fn new(site: Arc<Site>, api_key: Arc<str>) -> Arc<Self> {
        Arc::new(Self {
            site,
            api_key,
            told: Mutex::default(),
        })
    }

    pub(crate) fn told(&self) -> Told {
        self.lock().clone()
    }

    /// Reads for ever.
    pub(crate) async fn read(self: Arc<Self>) {
        for visit in 0.. {
            let door = self.site.next_door(visit).await;
            self.lock().visits.push(Vec::new());
            tokio::select! {
                biased;
                () = door.life.ended() => {}
                () = self.visit(&door) => {}
            }
            sleep(Duration::from_millis(200)).await;
        }
    }

    async fn visit(&self, door: &Door) {
        let mut request = Request::get("/v1/events")
            .header(header::AUTHORIZATION, format!("Bearer {}", self.api_key))
            .header(header::ACCEPT, "text/event-stream");
        if let Some(last) = self.lock().last.clone() {
            request = request.header("last-event-id", last);
        }
        let request = request.body(Body::empty()).unwrap();
        let answer = door.router.clone().oneshot(request).await.unwrap();
        if !answer.status().is_success() {
            return;
        }
        let mut stream = answer.into_body().into_data_stream();
        let mut unread = String::new();
        while let Some(Ok(chunk)) = stream.next().await {
            unread.push_str(std::str::from_utf8(&chunk).unwrap());
            while let Some((frame, rest)) = unread.split_once("\n\n") {
                self.hear(frame);
                unread = rest.to_owned();
            }
        }
    }

    /// Reads some kinds of events alone, page by page: their ids, and the kinds.
    pub(crate) async fn read_some(&self, door: &Door) -> SomeEvents {
        let path = format!("/v1/events?type={}&limit={A_PAGE}", SOME.join(","));
        let (mut ids, mut after) = (Vec::new(), String::new());
        for _ in 0..PAGES {
            let request = Request::get(format!("{path}{after}"))
                .header(header::AUTHORIZATION, format!("Bearer {}", self.api_key))
                .body(Body::empty());
            let answer = door.router.clone().oneshot(request.unwrap()).await.unwrap();
            let page = answer.into_body().collect().await.unwrap().to_bytes();
            let page: Value = serde_json::from_slice(&page).unwrap();
            let items = page["items"].as_array().unwrap();
            if items.is_empty() {
                break;
            }
            ids.extend(
                items
                    .iter()
                    .map(|item| item["id"].as_str().unwrap().to_owned()),
            );
            after = format!("&after={}", page["next"].as_str().unwrap());
        }
        SomeEvents { kinds: SOME, ids }
    }

    fn hear(&self, frame: &str) {
        let mut told = self.lock();
        for line in frame.lines() {
            if let Some(data) = line.strip_prefix("data:") {
                let event: Value = serde_json::from_str(data.trim()).unwrap();
                let id = event["id"].as_str().unwrap().to_owned();
                told.visits.last_mut().unwrap().push(id);
            } else if let Some(id) = line.strip_prefix("id:") {
                told.last = Some(id.trim().to_owned());
            }
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Told> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

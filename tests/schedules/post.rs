//! The way from the gateways to the nodes: notifies get lost, come twice or late, and each answer of
//! success is held against what is stored at that moment.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use http_body_util::BodyExt as _;
use payfold::world::Clock as _;
use payfold_domain::{PaymentRef, Timestamp};
use payfold_sandbox::{Answer, Call, Outbound, Pending, Unreached};
use payfold_store::{EvidenceMessage, Position, Scope, Store as _, decode};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::sleep;
use tower::ServiceExt as _;

use crate::aftermath::repeated;
use crate::luck::Fate;
use crate::node::{Door, Site};
use crate::rules::MOST_REPEATS;
use crate::schedule::{Edge, Notifies};

/// The gateways' post.
pub(crate) struct Post {
    /// The site holds the gateways, and they the post.
    site: OnceLock<Weak<Site>>,
    kept: Mutex<Kept>,
    broken: Mutex<Vec<String>>,
    turned_away: Mutex<Vec<TurnedAway>>,
    turn: AtomicUsize,
    stragglers: UnboundedSender<Straggler>,
}

/// A message that is still on its way when its gateway has given it up, and how long.
pub(crate) type Straggler = (Duration, Call);

/// A notify that was answered with something else than success.
#[derive(Debug)]
pub(crate) struct TurnedAway {
    pub(crate) from: Timestamp,
    pub(crate) until: Timestamp,
    /// When the gateway says that it sent it, where the notify tells.
    pub(crate) sent_secs: Option<i64>,
    pub(crate) is_probe: bool,
    pub(crate) status: u16,
    pub(crate) url: String,
}

/// The bodies of all messages that the store keeps, as far as it was read.
#[derive(Default)]
struct Kept {
    after: Position,
    bodies: BTreeSet<Bytes>,
}

impl Post {
    /// The post, and what it has to bring later.
    pub(crate) fn new() -> (Arc<Self>, UnboundedReceiver<Straggler>) {
        let (stragglers, later) = unbounded_channel();
        let post = Self {
            site: OnceLock::new(),
            kept: Mutex::default(),
            broken: Mutex::default(),
            turned_away: Mutex::default(),
            turn: AtomicUsize::new(0),
            stragglers,
        };
        (Arc::new(post), later)
    }

    /// Brings what comes late, for ever.
    pub(crate) async fn bring_later(self: Arc<Self>, mut later: UnboundedReceiver<Straggler>) {
        let mut under_way = FuturesUnordered::new();
        loop {
            tokio::select! {
                biased;
                Some((wait, call)) = later.recv() => under_way.push(self.bring(wait, call)),
                Some(()) = under_way.next() => {}
                else => return,
            }
        }
    }

    async fn bring(&self, wait: Duration, call: Call) {
        sleep(wait).await;
        if let Err(lost) = self.arrive(&call).await {
            tracing::debug!(%lost, "a straggler did not arrive");
        }
    }

    pub(crate) fn to(&self, site: &Arc<Site>) {
        let site = Arc::downgrade(site);
        assert!(self.site.set(site).is_ok(), "the post has one address");
    }

    fn site(&self) -> Arc<Site> {
        self.site.get().and_then(Weak::upgrade).unwrap()
    }

    /// Answers of success whose message was not stored.
    pub(crate) fn broken_promises(&self) -> Vec<String> {
        let mut broken = self.broken.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut broken)
    }

    /// What was not taken in.
    pub(crate) fn turned_away(&self) -> Vec<TurnedAway> {
        let mut turned_away = self
            .turned_away
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut turned_away)
    }

    async fn deliver(&self, call: Call) -> Result<Answer, Unreached> {
        let site = self.site();
        site.luck.pause(("notify", &call.url)).await;
        let fate = site.luck.of_notify();
        let lost = site.setting.notifies == Notifies::AllLost;
        match fate {
            Fate::Lost(Edge::Before) => return Err(unreached(&call)),
            _ if lost => return Err(unreached(&call)),
            Fate::Slow(ms) if Duration::from_millis(ms) >= call.deadline => {
                let later = Duration::from_millis(ms) - call.deadline;
                sleep(call.deadline).await;
                let given_up = unreached(&call);
                self.stragglers.send((later, call)).unwrap();
                return Err(given_up);
            }
            Fate::Slow(ms) => sleep(Duration::from_millis(ms)).await,
            _ => {}
        }
        let answer = if fate == Fate::Twice {
            let (first, second) =
                futures_util::future::join(self.arrive(&call), self.arrive(&call)).await;
            first.or(second)?
        } else {
            self.arrive(&call).await?
        };
        match fate {
            Fate::Lost(Edge::After) => Err(unreached(&call)),
            _ => Ok(answer),
        }
    }

    async fn arrive(&self, call: &Call) -> Result<Answer, Unreached> {
        let site = self.site();
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        let Some(door) = site.door(turn) else {
            return Err(unreached(call));
        };
        let from = site.clock.now();
        let asked = ask(&door, call);
        let answer = tokio::select! {
            biased;
            () = door.life.ended() => return Err(unreached(call)),
            answer = tokio::time::timeout(call.deadline, asked) => answer,
        };
        let answer = answer.map_err(|_elapsed| unreached(call))?;
        if is_success(&answer) {
            self.hold_to_promise(&site, call).await;
        } else {
            let turned_away = TurnedAway {
                from,
                until: site.clock.now(),
                sent_secs: header(call, "Wechatpay-Timestamp").and_then(|secs| secs.parse().ok()),
                is_probe: header(call, "Wechatpay-Signature")
                    .is_some_and(|signature| signature.starts_with("WECHATPAY/SIGNTEST/")),
                status: answer.status,
                url: call.url.clone(),
            };
            self.turned_away
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(turned_away);
        }
        Ok(answer)
    }

    /// What was acknowledged is stored.
    async fn hold_to_promise(&self, site: &Site, call: &Call) {
        if self.is_kept(call) {
            return;
        }
        let after = self
            .kept
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .after;
        let read = site.store.read_evidence(after, 1000).await.unwrap();
        {
            let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
            for (position, stored) in read {
                kept.after = kept.after.max(position);
                let (_, bytes) = stored.message.opening.unwrap();
                kept.bodies
                    .insert(EvidenceMessage::decode(&bytes).unwrap().body);
            }
        }
        if !self.is_kept(call) && !has_heard_enough(site, call).await {
            let body = String::from_utf8_lossy(&call.body).into_owned();
            let mut broken = self.broken.lock().unwrap_or_else(PoisonError::into_inner);
            broken.push(format!("to {}: {body}", call.url));
        }
    }

    fn is_kept(&self, call: &Call) -> bool {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.bodies.contains(&call.body)
    }
}

/// Whether as many messages that say nothing new are stored of one payment of the account as are kept: what
/// comes then is only counted.
async fn has_heard_enough(site: &Site, call: &Call) -> bool {
    let feed = site.store.read(Position(0), 100_000, Scope::Public).await;
    let mut told: BTreeMap<(PaymentRef, &str), u32> = BTreeMap::new();
    for recorded in feed.unwrap().events {
        if let Ok(event) = decode(&recorded)
            && let Some(payment) = repeated(&event)
        {
            *told.entry((payment.clone(), event.name())).or_default() += 1;
        }
    }
    let mut told = told.into_iter();
    told.any(|((payment, _), times)| {
        MOST_REPEATS <= times && call.url.ends_with(&format!("/notify/{}", payment.account))
    })
}

impl Outbound for Post {
    fn send(&self, call: Call) -> Pending<'_, Result<Answer, Unreached>> {
        Box::pin(self.deliver(call))
    }
}

async fn ask(door: &Door, call: &Call) -> Answer {
    let mut request = http::Request::builder().method(&call.method).uri(&call.url);
    for (name, value) in &call.headers {
        request = request.header(*name, value);
    }
    let request = request.body(Body::from(call.body.clone())).unwrap();
    let answer = door.router.clone().oneshot(request).await.unwrap();
    let status = answer.status().as_u16();
    let body = answer.into_body().collect().await.unwrap().to_bytes();
    Answer { status, body }
}

fn header<'a>(call: &'a Call, wanted: &str) -> Option<&'a str> {
    call.headers
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(wanted))
        .map(|(_, value)| value.as_str())
}

/// Whether the answer is one of the gateways' own forms of success.
fn is_success(answer: &Answer) -> bool {
    match answer.status {
        204 => true,
        200 => {
            let body = &answer.body[..];
            body == b"success" || body.windows(9).any(|window| window == b"[SUCCESS]")
        }
        _ => false,
    }
}

fn unreached(call: &Call) -> Unreached {
    Unreached {
        url: call.url.clone(),
        problem: "as if the network were bad".to_owned(),
    }
}

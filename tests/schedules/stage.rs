//! Plays one schedule in a world of its own, from nothing to the end of all faults, and says what was
//! broken. One thread, a clock that passes only while everybody waits, nothing left to chance.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_lc_rs::signature::{
    ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RsaKeyPair,
};
use bytes::Bytes;
use chrono::{DateTime, Utc};
use http::Method;
use payfold::config::Config;
use payfold_domain::Timestamp;
use payfold_projections::Place;
use payfold_sandbox::{
    Keys, Library, Ports, Sandbox, Service, Settings, Sign, Signers, SigningFailed, Verify,
};
use payfold_sqlite::SqliteStore;
use payfold_store::Store as _;
use serde_json::{Value, json};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::task::JoinSet;
use tokio::time::sleep;
use uuid::Uuid;

use crate::aftermath::{Aftermath, Record, Violation};
use crate::draw::Shared;
use crate::luck::Luck;
use crate::next_day;
use crate::node::{Door, Outfit, START_SECS, Site, VirtualClock};
use crate::plan;
use crate::post::{Post, Straggler};
use crate::reader::{Reader, SomeEvents};
use crate::schedule::{Act, Afterwards, Beginning, Fault, Notifies, Schedule, Signer, Step};
use crate::shop::Shop;
use crate::times::Settled;

const PORTS: Ports = Ports {
    sandbox: 8090,
    service: 8080,
};

/// Where a service keeps what it was told of WeChat Pay's certificates.
const CERTIFICATES: &str = "certificates/wx";

/// The seed of the keys.
const KEYS: u64 = 7;

/// The faster library.
const AWS_LC: Library = Library {
    signer: aws_lc_signer,
    verifier: aws_lc_verifier,
};

/// How many signatures of a key are remembered.
const SIGNED: usize = 1000;

/// How often the gateways' retries are let go on at the end, at most.
const RETRIES: usize = 64;

/// How long what was slow when nothing was well yet may still be under way.
const UNDER_WAY: Duration = Duration::from_secs(40);

/// How long it takes at most until a node compares unmatched money with the orders' numbers again.
const SWEPT: Duration = Duration::from_secs(65);

/// How long it takes at most until a short order has ended by time.
const ENDED: Duration = Duration::from_secs(300 + 180);

/// Who has not been told of an event after this time is never told.
const SILENCE: Duration = Duration::from_secs(2);

/// What became of a schedule.
#[derive(Debug)]
pub(crate) struct Played {
    pub(crate) violations: Vec<Violation>,
    /// How many events there were.
    pub(crate) events: usize,
    /// The hash of all of them: the same schedule leaves the same.
    pub(crate) trace: u64,
    /// What happened, an event a line.
    pub(crate) story: Vec<String>,
}

thread_local! {
    static PANICS: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

/// Keeps what panics in tasks, where it would be lost.
pub(crate) fn keep_panics() {
    std::panic::set_hook(Box::new(|panic| {
        PANICS.with_borrow_mut(|panics| panics.push(panic.to_string()));
    }));
}

/// The keys of both sides and the configuration that names them, made once for a thread.
pub(crate) struct Equipment {
    keys: Arc<Keys>,
    by_aws_lc: Arc<Signers>,
    by_rsa: Arc<Signers>,
    api_key: Arc<str>,
    outfit: Arc<Outfit>,
    /// What a service keeps once it was told WeChat Pay's certificates.
    certificates: Bytes,
    /// The last story's store, whose memory the next one takes over.
    spent: RefCell<Option<Arc<SqliteStore>>>,
}

impl Equipment {
    /// The same keys each time, in a folder of their own.
    pub(crate) fn make() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock: payfold_sandbox::Clock = Arc::new(start);
        let entropy = entropy_of(&Arc::new(Shared::new(KEYS)));
        let opened = payfold_sandbox::open(folder.path(), PORTS, &clock, &entropy).unwrap();
        let api_key = std::fs::read_to_string(folder.path().join("api.key")).unwrap();
        let now = Timestamp::from_micros(START_SECS * 1_000_000);
        let file = folder.path().join("payfold.toml");
        let config = Config::read(&file, std::iter::empty(), now).unwrap();
        let by_aws_lc = Signers::of(&opened.keys, AWS_LC).unwrap();
        let by_rsa = Signers::of(&opened.keys, Library::RSA).unwrap();
        let mut equipment = Self {
            keys: Arc::new(opened.keys),
            by_aws_lc: Arc::new(by_aws_lc),
            by_rsa: Arc::new(by_rsa),
            api_key: api_key.trim().into(),
            outfit: Arc::new(Outfit {
                settings: config.settings,
                accounts: config.accounts,
                views: Place::in_memory(),
            }),
            certificates: Bytes::new(),
            spent: RefCell::default(),
        };
        equipment.certificates = on_paused_time(told_certificates(&equipment));
        equipment
    }

    /// A new store.
    fn store(&self) -> Arc<SqliteStore> {
        let id = Uuid::from_u128(7);
        let spent = self.spent.take().and_then(Arc::into_inner);
        let store = match spent {
            Some(spent) => SqliteStore::in_memory_from(spent, id),
            None => SqliteStore::in_memory(id),
        };
        let store = Arc::new(store.unwrap());
        self.spent.replace(Some(Arc::clone(&store)));
        store
    }
}

fn entropy_of(entropy: &Arc<Shared>) -> payfold_sandbox::Entropy {
    let entropy = Arc::clone(entropy);
    Arc::new(move |bytes| entropy.with(|draw| draw.fill(bytes)))
}

fn start() -> DateTime<Utc> {
    DateTime::from_timestamp(START_SECS, 0).unwrap()
}

/// Everything that is left when it is done ends with it.
fn on_paused_time<T>(story: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    runtime.block_on(story)
}

/// What a service keeps of WeChat Pay's certificates that starts from nothing while all is well.
async fn told_certificates(equipment: &Equipment) -> Bytes {
    let mut quiet = plan::schedule(0);
    quiet.faults.clear();
    let (world, _late) = Stage::set(&quiet, equipment);
    let mut background = JoinSet::new();
    background.spawn(Arc::clone(&world.site).keep_up(0));
    loop {
        match world.store.cell(CERTIFICATES).await.unwrap() {
            Some(cell) => return cell.value,
            None => sleep(Duration::from_millis(100)).await,
        }
    }
}

/// Plays a schedule.
pub(crate) fn play(schedule: &Schedule, equipment: &Equipment) -> Played {
    PANICS.with_borrow_mut(Vec::clear);
    let mut played = on_paused_time(on_stage(schedule, equipment));
    let panics = PANICS.with_borrow_mut(std::mem::take);
    let panics = panics.into_iter().map(|what| Violation {
        rule: "nothing panics",
        what,
    });
    played.violations.extend(panics);
    played
}

async fn on_stage(schedule: &Schedule, equipment: &Equipment) -> Played {
    let (world, late) = Stage::set(schedule, equipment);
    if schedule.setting.beginning == Beginning::InService {
        let told = equipment.certificates.clone();
        world.store.set_cell(CERTIFICATES, 0, told).await.unwrap();
    }
    let mut background = JoinSet::new();
    for node in 0..schedule.setting.nodes {
        background.spawn(Arc::clone(&world.site).keep_up(node));
    }
    background.spawn(Arc::clone(&world.reader).read());
    background.spawn(deliver(world.sandbox.clone()));
    background.spawn(Arc::clone(&world.post).bring_later(late));
    let mut crashes = JoinSet::new();
    for fault in schedule.faults.iter().copied() {
        if let Fault::Crash {
            node,
            at_ms,
            down_ms,
        } = fault
        {
            let site = Arc::clone(&world.site);
            crashes.spawn(async move {
                sleep(Duration::from_millis(at_ms)).await;
                site.crash(node, down_ms);
            });
        }
    }
    let mut steps = JoinSet::new();
    for step in &schedule.steps {
        steps.spawn(Arc::clone(&world.shop).take(step.clone()));
    }
    while steps.join_next().await.is_some() {}
    crashes.shutdown().await;
    let (settled, imported_again) = world.calm_down(schedule).await;
    world.look_back(schedule, settled, imported_again).await
}

struct Stage {
    site: Arc<Site>,
    store: Arc<SqliteStore>,
    sandbox: Sandbox,
    post: Arc<Post>,
    shop: Arc<Shop>,
    reader: Arc<Reader>,
}

impl Stage {
    fn set(schedule: &Schedule, equipment: &Equipment) -> (Self, UnboundedReceiver<Straggler>) {
        let Schedule {
            seed,
            setting,
            faults,
            ..
        } = schedule;
        let clock = VirtualClock::start();
        let entropy = Arc::new(Shared::new(seed ^ 0x5eed));
        let luck = Luck::new(seed ^ 0x1acc, setting.latency_ms, faults.clone(), clock);
        let (post, late) = Post::new();
        let now = move || start() + chrono::TimeDelta::from_std(clock.elapsed()).unwrap();
        let outside = payfold_sandbox::Outside {
            clock: Arc::new(now),
            entropy: entropy_of(&entropy),
            outbound: Arc::<Post>::clone(&post),
            wait: Arc::new(|time| Box::pin(sleep(time))),
        };
        let settings = Settings {
            probe_one_in: 20,
            ..Settings::at(format!("http://127.0.0.1:{}", PORTS.sandbox))
        };
        let service = Service::at(
            &format!("http://127.0.0.1:{}", PORTS.service),
            equipment.api_key.to_string(),
        );
        let keys = Arc::clone(&equipment.keys);
        let signers = Arc::clone(match setting.signer {
            Signer::AwsLc => &equipment.by_aws_lc,
            Signer::Rsa => &equipment.by_rsa,
        });
        let sandbox = Sandbox::new(keys, signers, service, outside, settings);
        let store = equipment.store();
        let api_key = Arc::clone(&equipment.api_key);
        let site = Site::new(
            Arc::clone(&equipment.outfit),
            *setting,
            Arc::clone(&store),
            sandbox.router(),
            luck,
            clock,
            entropy,
        );
        post.to(&site);
        let shop = Shop::new(Arc::clone(&site), Arc::clone(&api_key));
        let reader = Reader::new(Arc::clone(&site), api_key);
        let stage = Self {
            site,
            store,
            sandbox,
            post,
            shop,
            reader,
        };
        (stage, late)
    }

    /// Ends all faults, and lets time go on until everything that was under way has arrived. Answers
    /// with the gateways' books when everything had ended there.
    async fn calm_down(&self, schedule: &Schedule) -> (Settled, Option<Vec<String>>) {
        self.site.luck.calm_down();
        let faults = "/_sandbox/faults";
        self.shop
            .sandbox(Method::DELETE, faults, &Value::Null)
            .await;
        self.site.all_up().await;
        sleep(UNDER_WAY).await;
        // What was slow may have ended a process since.
        self.site.all_up().await;
        if asks_again(schedule) {
            self.ask_again(schedule).await;
        }
        self.let_notifies_arrive().await;
        let settled = Settled {
            at: self.shop.now(),
            trades: self.shop.books().await["items"].as_array().unwrap().clone(),
        };
        let mut imported_again = None;
        match self.site.setting.afterwards {
            Afterwards::Briefly => sleep(SWEPT).await,
            Afterwards::ForLong => sleep(ENDED).await,
            Afterwards::NextDay => {
                sleep(SWEPT).await;
                imported_again = Some(next_day::comes(&self.site).await);
            }
        }
        self.fall_silent().await;
        (settled, imported_again)
    }

    /// The shop asks again for every start that was cut off.
    async fn ask_again(&self, schedule: &Schedule) {
        for step in &schedule.steps {
            if let Act::Start(pay) | Act::StartOnce(pay) = step.act
                && self.shop.is_starting(pay).await
            {
                let at_ms = step.at_ms;
                let act = Act::Start(pay);
                Arc::clone(&self.shop).take(Step { at_ms, act }).await;
            }
        }
    }

    /// Lets the gateways' clock jump from one notify to the next, until each is accepted or given up.
    async fn let_notifies_arrive(&self) {
        if self.site.setting.notifies == Notifies::AllLost {
            return;
        }
        for _ in 0..RETRIES {
            let Some(left) = self.sandbox.next_on_schedule() else {
                break;
            };
            let jump = json!({ "advance_s": left.as_secs() + 1 });
            self.shop
                .sandbox(Method::POST, "/_sandbox/clock", &jump)
                .await;
            sleep(Duration::from_secs(1)).await;
        }
    }

    /// Waits until nothing has happened for a while, so that everybody has been told of the last event.
    async fn fall_silent(&self) {
        let tip = self.store.tip();
        for _ in 0..RETRIES {
            let before = *tip.borrow();
            sleep(SILENCE).await;
            if *tip.borrow() == before {
                return;
            }
        }
    }

    /// Reads some kinds of events while nothing happens.
    async fn read_in_silence(&self, door: &Door) -> SomeEvents {
        let tip = self.store.tip();
        loop {
            let before = *tip.borrow();
            let some = self.reader.read_some(door).await;
            if *tip.borrow() == before {
                return some;
            }
            self.fall_silent().await;
        }
    }

    async fn look_back(
        &self,
        schedule: &Schedule,
        settled: Settled,
        imported_again: Option<Vec<String>>,
    ) -> Played {
        let door = self.site.next_door(0).await;
        let some = self.read_in_silence(&door).await;
        let books = self.shop.books().await;
        let record = Record {
            schedule,
            told: self.reader.told(),
            some,
            stored: self.site.stored.appends(),
            said: std::mem::take(&mut *self.shop.said()),
            promises: self.post.broken_promises(),
            turned_away: self.post.turned_away(),
            wishes: self.site.calls.wishes(),
            troubles: self.site.luck.troubles.in_order(),
            unhurried: self.site.luck.troubles.unhurried(),
            settled,
            imported_again,
            asked_again: asks_again(schedule),
            now: self.shop.now(),
        };
        let aftermath = Aftermath::read(&self.store, &books, record).await;
        Played {
            violations: aftermath
                .judge((&self.site.outfit.views, &door.views))
                .await,
            events: aftermath.count(),
            trace: aftermath.trace(),
            story: aftermath.story(),
        }
    }
}

/// Whether the shop asks for its starts again; else the jobs alone heal them.
fn asks_again(schedule: &Schedule) -> bool {
    schedule.seed.is_multiple_of(2)
}

/// Lets the gateways' notifies leave when they are due.
async fn deliver(sandbox: Sandbox) {
    loop {
        sandbox.deliver_due().await;
        match sandbox.next_due() {
            Some(left) => tokio::select! {
                biased;
                () = sandbox.changed() => {}
                () = sleep(left) => {}
            },
            None => sandbox.changed().await,
        }
    }
}

/// A signature over the same bytes is the same each time, and gateways often say the same: it is made once.
fn aws_lc_signer(pkcs8_der: &[u8]) -> Result<Sign, SigningFailed> {
    let failed = |problem: &str| SigningFailed {
        problem: problem.to_owned(),
    };
    let key = RsaKeyPair::from_pkcs8(pkcs8_der).map_err(|error| failed(&error.to_string()))?;
    let random = aws_lc_rs::rand::SystemRandom::new();
    let signed = Mutex::new(HashMap::<Vec<u8>, Vec<u8>>::new());
    Ok(Arc::new(move |message| {
        let mut signed = signed.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(signature) = signed.get(message) {
            return Ok(signature.clone());
        }
        let mut signature = vec![0; key.public_modulus_len()];
        key.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature)
            .map_err(|_unspecified| failed("it refused to sign"))?;
        if signed.len() == SIGNED {
            signed.clear();
        }
        signed.insert(message.to_vec(), signature.clone());
        Ok(signature)
    }))
}

fn aws_lc_verifier(pkcs1_der: &[u8]) -> Option<Verify> {
    let key = ParsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, pkcs1_der).ok()?;
    Some(Arc::new(move |message, signature| {
        key.verify_sig(message, signature).is_ok()
    }))
}

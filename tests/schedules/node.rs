//! The nodes: each is the whole application over the one store, with views of its own, and is started
//! again when it has ended.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use payfold::app::{Account, App, Settings};
use payfold::world::{Clock, Entropy, Phase, Tasks, World};
use payfold_domain::Timestamp;
use payfold_projections::{Place, Runner, Views, follow};
use payfold_sqlite::SqliteStore;
use payfold_store::Store;
use tokio::time::{Instant, sleep};

use crate::asked::Calls;
use crate::draw::Shared;
use crate::luck::Luck;
use crate::next_day::Bills;
use crate::ports::{Life, NodeOutbound, NodeStore};
use crate::schedule::Setting;
use crate::stored::Stored;

/// When every world begins: 2026-11-23 16:00:00 in Beijing.
pub(crate) const START_SECS: i64 = 1_795_420_800;

/// How long the views rest once they have caught up.
const VIEW_PAUSE: Duration = Duration::from_millis(50);

/// How long a node rests before it tries again what failed.
const AFTER_FAILURE: Duration = Duration::from_secs(1);

/// The time of one world: it passes only while everybody waits.
#[derive(Clone, Copy)]
pub(crate) struct VirtualClock(Instant);

impl VirtualClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "the runtime's clock is paused: this is the world's own time"
    )]
    pub(crate) fn start() -> Self {
        Self(Instant::now())
    }

    pub(crate) fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }
}

impl Clock for VirtualClock {
    fn now(&self) -> Timestamp {
        let micros = i64::try_from(self.elapsed().as_micros()).unwrap();
        Timestamp::from_micros(START_SECS * 1_000_000 + micros)
    }
}

impl Entropy for Shared {
    fn fill(&self, bytes: &mut [u8]) {
        self.with(|draw| draw.fill(bytes));
    }
}

/// What every process starts with: its configuration, read once, and where it keeps its views.
pub(crate) struct Outfit {
    pub(crate) settings: Settings,
    pub(crate) accounts: Vec<Account>,
    pub(crate) views: Place,
}

/// What all nodes of a world share.
pub(crate) struct Site {
    pub(crate) outfit: Arc<Outfit>,
    pub(crate) setting: Setting,
    pub(crate) store: Arc<SqliteStore>,
    pub(crate) gateways: Router,
    pub(crate) luck: Arc<Luck>,
    pub(crate) clock: VirtualClock,
    pub(crate) entropy: Arc<Shared>,
    /// The bills that gateways handed out.
    pub(crate) bills: Bills,
    /// What the gateways were asked to do.
    pub(crate) calls: Arc<Calls>,
    pub(crate) stored: Arc<Stored>,
    doors: Vec<Mutex<Option<Door>>>,
}

/// A node that takes requests.
#[derive(Clone)]
pub(crate) struct Door {
    pub(crate) app: Arc<App>,
    pub(crate) router: Router,
    pub(crate) views: Views,
    pub(crate) life: Arc<Life>,
}

/// One process of a node.
struct Process {
    world: World,
    life: Arc<Life>,
    /// Since when the node has taken no requests.
    down_since: Timestamp,
}

impl Site {
    pub(crate) fn new(
        outfit: Arc<Outfit>,
        setting: Setting,
        store: Arc<SqliteStore>,
        gateways: Router,
        luck: Arc<Luck>,
        clock: VirtualClock,
        entropy: Arc<Shared>,
    ) -> Arc<Self> {
        let doors = (0..setting.nodes).map(|_| Mutex::new(None)).collect();
        Arc::new(Self {
            outfit,
            setting,
            store,
            gateways,
            luck,
            clock,
            entropy,
            bills: Bills::default(),
            calls: Arc::default(),
            stored: Arc::default(),
            doors,
        })
    }

    /// A node that takes requests now, that one if it does.
    pub(crate) fn door(&self, wanted: usize) -> Option<Door> {
        let first = wanted % self.doors.len();
        let in_turn = self.doors[first..].iter().chain(&self.doors[..first]);
        in_turn.filter_map(open_door).next()
    }

    /// A node, once one takes requests.
    pub(crate) async fn next_door(&self, wanted: usize) -> Door {
        loop {
            match self.door(wanted) {
                Some(door) => return door,
                None => sleep(Duration::from_millis(100)).await,
            }
        }
    }

    /// Waits until every node takes requests.
    pub(crate) async fn all_up(&self) {
        while !self.doors.iter().all(|door| open_door(door).is_some()) {
            sleep(Duration::from_millis(100)).await;
        }
    }

    /// Ends the process of a node, if it runs.
    pub(crate) fn crash(&self, node: usize, down_ms: u64) {
        let at = node % self.doors.len();
        let door = self.doors[at]
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(door) = &*door {
            door.life.end(down_ms);
        }
    }

    /// Runs a node, and again each time that it has ended.
    pub(crate) async fn keep_up(self: Arc<Self>, node: usize) {
        let mut down_since = self.clock.now();
        for turn in 0.. {
            let process = self.process(node, turn, down_since);
            let start = self.start(&process, node);
            tokio::select! {
                biased;
                () = process.life.ended() => {}
                () = start => process.life.ended().await,
            }
            down_since = self.clock.now();
            self.set_door(node, None);
            // What is left of the process waits for its ports for ever; loops that wait for none end.
            process.world.tasks.stop(Duration::ZERO).await;
            sleep(process.life.down()).await;
        }
    }

    fn process(&self, node: usize, turn: u64, down_since: Timestamp) -> Process {
        let life = Arc::new(Life::of(node, turn));
        let http = NodeOutbound {
            gateways: self.gateways.clone(),
            luck: Arc::clone(&self.luck),
            life: Arc::clone(&life),
            bills: self.bills.clone(),
            calls: Arc::clone(&self.calls),
            clock: self.clock,
        };
        let entropy: Arc<dyn Entropy> = Arc::<Shared>::clone(&self.entropy);
        let world = World {
            clock: Arc::new(self.clock),
            entropy,
            http: Arc::new(http),
            tasks: Tasks::on_one_thread(),
        };
        Process {
            world,
            life,
            down_since,
        }
    }

    /// Starts a process, as often as it takes.
    async fn start(&self, process: &Process, node: usize) {
        while self.try_to_start(process, node).await.is_none() {
            sleep(AFTER_FAILURE).await;
        }
    }

    async fn try_to_start(&self, process: &Process, node: usize) -> Option<()> {
        let Process {
            world,
            life,
            down_since,
        } = process;
        let store: Arc<dyn Store> = Arc::new(NodeStore {
            inner: Arc::clone(&self.store),
            luck: Arc::clone(&self.luck),
            life: Arc::clone(life),
            stored: Arc::clone(&self.stored),
            clock: self.clock,
        });
        let (runner, views) = Runner::open(self.outfit.views.clone(), store.id()).unwrap();
        keep_views(world, &store, runner);
        let settings = Settings {
            policy: self.setting.policy,
            ..self.outfit.settings.clone()
        };
        let started = App::start(
            world.clone(),
            store,
            views.clone(),
            settings,
            self.outfit.accounts.clone(),
        );
        let app = started.await.ok()?;
        app.record_identities().await.ok()?;
        let router = payfold::http::router(&app);
        world.tasks.spawn(Arc::clone(&app).run_jobs());
        let life = Arc::clone(life);
        self.set_door(
            node,
            Some(Door {
                app,
                router,
                views,
                life,
            }),
        );
        self.luck.troubles.over(*down_since);
        Some(())
    }

    fn set_door(&self, node: usize, door: Option<Door>) {
        *self.doors[node]
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = door;
    }
}

fn open_door(door: &Mutex<Option<Door>>) -> Option<Door> {
    let door = door.lock().unwrap_or_else(PoisonError::into_inner);
    door.clone().filter(|door| !door.life.is_over())
}

fn keep_views(world: &World, store: &Arc<dyn Store>, mut runner: Runner) {
    let (tasks, store) = (world.tasks.clone(), Arc::clone(store));
    world.tasks.spawn(async move {
        while tasks.phase() == Phase::Running {
            let pause = || sleep(VIEW_PAUSE);
            let followed = follow(&*store, &mut runner, tasks.stopping(), pause).await;
            if followed.is_err() {
                sleep(AFTER_FAILURE).await;
            }
        }
    });
}

//! The service, put together and taken down: store, views, application, jobs, listeners.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use payfold_projections::{Place, Runner, Views, follow};
use payfold_sqlite::{Options, SqliteStore};
use payfold_store::{Sealer, Store};

use super::exit::Failure;
use crate::app::{App, IdentityProblem};
use crate::config::Config;
use crate::control;
use crate::http;
use crate::world::World;

/// How long a stop waits for what is in flight.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long the views rest once they have caught up, so that under load many events share a commit.
const VIEW_PAUSE: Duration = Duration::from_millis(50);

/// How long a job rests after a failure before it tries again.
const AFTER_FAILURE: Duration = Duration::from_secs(1);

/// How often the sealer looks at the feed.
const SEAL_PAUSE: Duration = Duration::from_secs(1);

/// The application over its store and views, without listeners and jobs.
pub(crate) struct Offline {
    pub(crate) app: Arc<App>,
    store: Arc<SqliteStore>,
}

impl Offline {
    /// Opens the store, and keeps the views up.
    pub(crate) async fn open(config: Config, world: World) -> Result<Self, Failure> {
        let store = open_store(&config.store_folder, &world)?;
        let folder = config.store_folder.join("views");
        let (runner, views) =
            Runner::open(Place::Folder(folder), store.id()).map_err(Failure::job)?;
        keep_views(&world, &store, runner);
        match start_app(&store, views, config.settings, config.accounts, &world).await {
            Ok(app) => Ok(Self { app, store }),
            Err(failure) => Err(give_up(&world, &store, failure).await),
        }
    }

    /// Tells every task to stop, waits for what is in flight, and closes the store.
    pub(crate) async fn close(self) -> Result<(), Failure> {
        wind_down(&self.app.world, &self.store).await
    }
}

/// A service that runs.
pub(crate) struct Service(Offline);

impl Service {
    /// Starts everything that the configuration asks for; ready to take requests when it returns.
    pub(crate) async fn start(config: Config, world: World) -> Result<Self, Failure> {
        let folder = config.store_folder.clone();
        let listeners = http::Listeners {
            listen: config.listen,
            public_listen: config.public_listen,
            metrics_listen: config.metrics_listen,
        };
        let offline = Offline::open(config, world.clone()).await?;
        keep_seals(&world, &offline.store);
        world.tasks.spawn(Arc::clone(&offline.app).run_jobs());
        match listen(&folder, &offline.app, listeners).await {
            Ok(()) => Ok(Self(offline)),
            Err(failure) => Err(give_up(&world, &offline.store, failure).await),
        }
    }

    /// The application.
    pub(crate) fn app(&self) -> &Arc<App> {
        &self.0.app
    }

    /// Stops: no new requests, streams and waits end at once, what is in flight finishes.
    pub(crate) async fn stop(self) -> Result<(), Failure> {
        self.0.close().await
    }
}

async fn listen(folder: &Path, app: &Arc<App>, listeners: http::Listeners) -> Result<(), Failure> {
    control::listen(folder, app).map_err(Failure::job)?;
    http::serve(app, listeners).await.map_err(Failure::usage)
}

async fn wind_down(world: &World, store: &SqliteStore) -> Result<(), Failure> {
    let all_ended = world.tasks.stop(PATIENCE).await;
    store.close();
    if all_ended {
        Ok(())
    } else {
        Err(Failure::job("stopping: some tasks did not end within 10 s"))
    }
}

/// Ends what a start had begun before it failed: a task that is left keeps the process from its end,
/// and the failure from being told.
async fn give_up(world: &World, store: &SqliteStore, failure: Failure) -> Failure {
    if let Err(left_over) = wind_down(world, store).await {
        left_over.tell();
    }
    failure
}

fn open_store(folder: &Path, world: &World) -> Result<Arc<SqliteStore>, Failure> {
    #[expect(
        clippy::disallowed_methods,
        reason = "the store ends its threads itself when it is closed"
    )]
    let spawn = |name: &'static str, work: Box<dyn FnOnce() + Send>| {
        std::thread::Builder::new()
            .name(name.to_owned())
            .spawn(work)
            .map(drop)
    };
    SqliteStore::open(folder, world.id(), Options::default(), &spawn)
        .map(Arc::new)
        .map_err(Failure::job)
}

async fn start_app(
    store: &Arc<SqliteStore>,
    views: Views,
    settings: crate::app::Settings,
    accounts: Vec<crate::app::Account>,
    world: &World,
) -> Result<Arc<App>, Failure> {
    let store: Arc<dyn Store> = Arc::<SqliteStore>::clone(store);
    let app = App::start(world.clone(), store, views, settings, accounts)
        .await
        .map_err(Failure::job)?;
    let recorded = app.record_identities().await;
    recorded.map_err(|problems| accounts_wrong(&problems))?;
    Ok(app)
}

/// The accounts of the configuration do not go with the store.
pub(super) fn accounts_wrong(problems: &[IdentityProblem]) -> Failure {
    let lines: Vec<String> = problems
        .iter()
        .map(|problem| format!("accounts: {problem}"))
        .collect();
    Failure::usage(lines.join("\n"))
}

/// Keeps the views up with the feed. Folding takes stretches of a thread, so it has one of its own.
fn keep_views(world: &World, store: &Arc<SqliteStore>, mut runner: Runner) {
    let (tasks, store) = (world.tasks.clone(), Arc::clone(store));
    world.tasks.spawn_apart({
        let tasks = tasks.clone();
        async move {
            while tasks.phase() == crate::world::Phase::Running {
                let pause = || tokio::time::sleep(VIEW_PAUSE);
                if let Err(error) = follow(&*store, &mut runner, tasks.stopping(), pause).await {
                    tracing::error!(%error, "the views fall behind");
                    tokio::time::sleep(AFTER_FAILURE).await;
                }
            }
        }
    });
}

/// Seals the feed, and once more at the stop.
fn keep_seals(world: &World, store: &Arc<SqliteStore>) {
    let (world, store) = (world.clone(), Arc::clone(store));
    let tasks = world.tasks.clone();
    tasks.spawn(async move {
        while world.tasks.phase() == crate::world::Phase::Running {
            if let Err(error) = seal_on(&world, &store).await {
                tracing::error!(%error, "the feed could not be sealed");
                tokio::time::sleep(AFTER_FAILURE).await;
            }
        }
    });
}

async fn seal_on(world: &World, store: &SqliteStore) -> Result<(), payfold_store::SealError> {
    let mut sealer = Sealer::open(store, world.now()).await?;
    loop {
        sealer.read(store).await?;
        let stopping = world.tasks.phase() == crate::world::Phase::Stopping;
        let full = sealer.due(world.now());
        if full || stopping {
            sealer.seal(store, world.now()).await?;
        }
        match (full, stopping) {
            // There may be more than one seal's worth.
            (true, _) => {}
            (false, true) => return Ok(()),
            (false, false) => {
                tokio::select! {
                    () = tokio::time::sleep(SEAL_PAUSE) => {}
                    () = world.tasks.stopping() => {}
                }
            }
        }
    }
}

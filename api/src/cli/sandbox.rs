//! `payfold sandbox`: the simulated gateways alone, for payfold or for anybody's SDK.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use chrono::DateTime;
use clap::Args;
use payfold_sandbox::{
    Answer, Call, Library, Outbound, Outside, Pending, Ports, Sandbox, Settings, Signers,
    StateFile, Unreached,
};

use super::exit::{Failure, say};
use super::serve::{runtime, start_logging, told_to_stop};
use super::system::{self, Network};
use crate::http::{self, HeaderNames};
use crate::world::{Tasks, World};

/// The service's port unless told.
pub(super) const SERVICE_PORT: u16 = 8080;

/// The sandbox's port unless told.
pub(super) const SANDBOX_PORT: u16 = 8090;

/// How much of a shop's answer is read, in bytes.
const ANSWER_BYTES: usize = 64 * 1024;

/// What `sandbox` takes.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Where the keys, the account files and a configuration for payfold are kept
    #[arg(long)]
    dir: PathBuf,
    /// The port to listen on, on 127.0.0.1
    #[arg(long, default_value_t = SANDBOX_PORT)]
    port: u16,
    /// How many seconds of the gateways' clock pass in one
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    speed: u32,
    /// A file in which trades, notifies and faults survive a restart; without it they do not
    #[arg(long)]
    state: Option<PathBuf>,
}

/// How long after a change the state is saved, so that many changes are saved at once.
const SAVED_AFTER: Duration = Duration::from_millis(200);

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    start_logging();
    let world = system::world().map_err(Failure::job)?;
    runtime()?.block_on(async {
        let ports = Ports {
            sandbox: arguments.port,
            service: SERVICE_PORT,
        };
        let state = arguments.state.as_deref();
        let started = start(&arguments.dir, ports, arguments.speed, state, &world).await?;
        let address = format!("http://127.0.0.1:{}", arguments.port);
        say(format!("sandbox: {address}"));
        say(format!(
            "its books, and buttons for buyers and bad luck: {address}/"
        ));
        say(format!(
            "configuration: {}",
            arguments.dir.join("payfold.toml").display()
        ));
        told_to_stop().await?;
        world.tasks.stop(Duration::from_secs(10)).await;
        started.save()
    })
}

/// The simulated gateways, started.
pub(super) struct Started {
    sandbox: Sandbox,
    file: Option<Arc<StateFile>>,
}

impl Started {
    /// Saves the state a last time, where it is saved at all.
    fn save(&self) -> Result<(), Failure> {
        match &self.file {
            Some(file) => file.save(&self.sandbox).map_err(Failure::job),
            None => Ok(()),
        }
    }
}

/// Starts the simulated gateways; they stop with the world's tasks.
pub(super) async fn start(
    dir: &Path,
    ports: Ports,
    speed: u32,
    state: Option<&Path>,
    world: &World,
) -> Result<Started, Failure> {
    let outside = outside(world).map_err(Failure::job)?;
    let opened = payfold_sandbox::open(dir, ports, &outside.clock, &outside.entropy)
        .map_err(Failure::job)?;
    let settings = Settings {
        speed,
        ..Settings::at(format!("http://127.0.0.1:{}", ports.sandbox))
    };
    let signers = Signers::of(&opened.keys, Library::RSA).map_err(Failure::job)?;
    let sandbox = Sandbox::new(opened.keys, signers, opened.service, outside, settings);
    let file = state
        .map(|path| StateFile::open(path, &sandbox).map(Arc::new))
        .transpose()
        .map_err(Failure::job)?;
    let address = std::net::SocketAddr::from(([127, 0, 0, 1], ports.sandbox));
    let names = HeaderNames::TitleCase;
    http::serve_router(&world.tasks, address, sandbox.router(), names, 1)
        .await
        .map_err(|error| {
            Failure::usage(format!(
                "{error}; another port is set by --port (sandbox) or --sandbox-port (demo)"
            ))
        })?;
    let started = Started { sandbox, file };
    let (tasks, sandbox) = (world.tasks.clone(), started.sandbox.clone());
    world.tasks.spawn(async move {
        tokio::select! {
            () = deliver(&sandbox) => {}
            () = tasks.stopping() => {}
        }
    });
    if let Some(file) = &started.file {
        let (tasks, sandbox) = (world.tasks.clone(), started.sandbox.clone());
        let file = Arc::clone(file);
        world.tasks.spawn(async move {
            tokio::select! {
                () = keep(&file, &sandbox, &tasks) => {}
                () = tasks.stopping() => {}
            }
        });
    }
    Ok(started)
}

/// Saves the state a moment after it changed.
async fn keep(file: &Arc<StateFile>, sandbox: &Sandbox, tasks: &Tasks) {
    loop {
        sandbox.altered().await;
        tokio::time::sleep(SAVED_AFTER).await;
        let (file, sandbox) = (Arc::clone(file), sandbox.clone());
        match tasks.blocking(move || file.save(&sandbox)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::error!(%error, "the sandbox's state was not saved"),
            Err(error) => tracing::error!(%error, "the sandbox's state was not saved"),
        }
    }
}

async fn deliver(sandbox: &Sandbox) {
    loop {
        sandbox.deliver_due().await;
        match sandbox.next_due() {
            Some(left) => {
                tokio::select! {
                    () = tokio::time::sleep(left) => {}
                    () = sandbox.changed() => {}
                }
            }
            None => sandbox.changed().await,
        }
    }
}

fn outside(world: &World) -> Result<Outside, crate::world::HttpError> {
    let (clock, entropy) = (Arc::clone(&world.clock), Arc::clone(&world.entropy));
    Ok(Outside {
        clock: Arc::new(move || {
            DateTime::from_timestamp_micros(clock.now().as_micros()).unwrap_or_default()
        }),
        entropy: Arc::new(move |bytes: &mut [u8]| entropy.fill(bytes)),
        outbound: Arc::new(Shops(Network::new()?)),
        wait: Arc::new(|stretch| Box::pin(tokio::time::sleep(stretch))),
    })
}

/// The shops that the gateways call.
struct Shops(Network);

impl Outbound for Shops {
    fn send(&self, call: Call) -> Pending<'_, Result<Answer, Unreached>> {
        Box::pin(async move {
            let url = call.url.clone();
            let unreached = |problem: String| Unreached {
                url: url.clone(),
                problem,
            };
            let request = call.headers.iter().fold(
                ::http::Request::builder()
                    .method(call.method.clone())
                    .uri(&call.url),
                |request, (name, value)| request.header(*name, value),
            );
            let request = request
                .body(call.body)
                .map_err(|error| unreached(error.to_string()))?;
            let answer = self
                .0
                .exchange(request, call.deadline, ANSWER_BYTES)
                .await
                .map_err(|error| unreached(error.to_string()))?;
            Ok(Answer {
                status: answer.status().as_u16(),
                body: answer.into_body(),
            })
        })
    }
}

//! `payfold demo`: the service beside a sandbox, with nothing to configure, and one order's whole
//! story as it happens. Then it keeps serving, so that a person can open the demo shop and click.

mod story;

use std::path::{Path, PathBuf};

use clap::Args;
use payfold_sandbox::Ports;

use super::exit::{Failure, say};
use super::sandbox;
use super::serve::{read_config, runtime, start_logging, until_told_to_stop};
use super::service::Service;
use super::system;
use story::Story;

/// What `demo` takes.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Where everything is kept; its payfold.toml is the service's configuration
    #[arg(long, default_value = "payfold-demo")]
    data: PathBuf,
    /// The service's port, on 127.0.0.1
    #[arg(long, default_value_t = sandbox::SERVICE_PORT)]
    port: u16,
    /// The sandbox's port, on 127.0.0.1
    #[arg(long, default_value_t = sandbox::SANDBOX_PORT)]
    sandbox_port: u16,
    /// Ends after the story: with 0 if all of it held
    #[arg(long)]
    once: bool,
}

impl Default for Arguments {
    fn default() -> Self {
        Self {
            data: PathBuf::from("payfold-demo"),
            port: sandbox::SERVICE_PORT,
            sandbox_port: sandbox::SANDBOX_PORT,
            once: false,
        }
    }
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    start_logging();
    let world = system::world().map_err(Failure::job)?;
    let ports = Ports {
        sandbox: arguments.sandbox_port,
        service: arguments.port,
    };
    runtime()?.block_on(async {
        say(
            "payfold demo: a service and, beside it, a simulated Alipay and a simulated WeChat Pay",
        );
        sandbox::start(&arguments.data, ports, 1, None, &world).await?;
        let file = arguments.data.join("payfold.toml");
        move_service(&file, arguments.port).map_err(Failure::job)?;
        let config = read_config(&file, &world)?;
        let key = std::fs::read_to_string(arguments.data.join("api.key")).map_err(Failure::job)?;
        let service = Service::start(config, world).await?;
        let payfold = format!("http://127.0.0.1:{}", arguments.port);
        let gateways = format!("http://127.0.0.1:{}", arguments.sandbox_port);
        say(format!("service: {payfold} (its API: {payfold}/docs)"));
        say(format!(
            "sandbox: {gateways} (the demo shop: {gateways}/shop; its books and buttons: {gateways}/)"
        ));
        say(format!("configuration: {}", file.display()));
        say(format!("api-key: {}", key.trim()));
        say("");
        let story = Story::new(payfold, &gateways, key.trim())?;
        let told = story.tell(&service.app().world).await;
        match (arguments.once, told) {
            (true, told) => {
                service.stop().await?;
                told
            }
            (false, told) => {
                if let Err(failure) = told {
                    failure.tell();
                }
                say("");
                say(format!(
                    "Open {gateways}/shop and buy something. Ctrl-C ends the demo."
                ));
                until_told_to_stop(service.app(), &file).await?;
                service.stop().await
            }
        }
    })
}

/// The configuration of an earlier run names the port of then; the flag moves it.
fn move_service(file: &Path, port: u16) -> std::io::Result<()> {
    const LISTEN: &str = "listen = \"127.0.0.1:";
    const PUBLIC_URL: &str = "public_url = \"http://127.0.0.1:";
    let text = std::fs::read_to_string(file)?;
    let line = |line: &str| {
        let ours = [LISTEN, PUBLIC_URL];
        match ours.iter().find(|start| line.starts_with(**start)) {
            Some(start) => format!("{start}{port}\""),
            None => line.to_owned(),
        }
    };
    let moved = text.split('\n').map(line).collect::<Vec<_>>().join("\n");
    if moved == text {
        Ok(())
    } else {
        std::fs::write(file, moved)
    }
}

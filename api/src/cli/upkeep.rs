//! Commands that write beside a service: they go through it by its socket, and do the work
//! themselves where none runs.

use std::fs::File;
use std::path::Path;

use super::exit::{Failure, say, tell_operator};
use super::serve::{read_config, runtime, start_logging};
use super::service::Offline;
use super::system;
use crate::app::Progress;
use crate::config::Config;
use crate::control::{self, Reply, Request};

/// Lets a request be carried out, with the file that it is about.
pub(super) fn run(
    config: &Path,
    request: &Request,
    mut attached: Option<File>,
) -> Result<(), Failure> {
    start_logging();
    let world = system::world().map_err(Failure::job)?;
    let config = read_config(config, &world)?;
    if let Request::ImportBill { account, .. } = request {
        has_account(&config, account)?;
    }
    let reply = runtime()?.block_on(async {
        let folder = &config.store_folder;
        let asked = control::ask(folder, request, &mut attached, |line| tell_operator(line)).await;
        match asked.map_err(Failure::job)? {
            Some(reply) => Ok(reply),
            None => {
                let offline = Offline::open(config, world).await?;
                let reply = in_place(&offline, request, attached).await;
                offline.close().await?;
                Ok(reply)
            }
        }
    })?;
    match reply {
        Reply::Done(line) => {
            say(line);
            Ok(())
        }
        Reply::Failed(problem) | Reply::Progress(problem) => Err(Failure::job(problem)),
    }
}

fn has_account(config: &Config, name: &str) -> Result<(), Failure> {
    let names: Vec<&str> = config
        .accounts
        .iter()
        .map(|account| account.name.as_str())
        .collect();
    if names.contains(&name) {
        return Ok(());
    }
    Err(Failure::usage(format!(
        "found the account {name:?}, expected one of {}",
        names.join(", ")
    )))
}

async fn in_place(offline: &Offline, request: &Request, attached: Option<File>) -> Reply {
    let (progress, mut lines) = Progress::channel();
    let show = async {
        while let Some(line) = lines.recv().await {
            tell_operator(line);
        }
    };
    let work = control::carry_out(&offline.app, request, attached, progress);
    let (reply, ()) = tokio::join!(work, show);
    reply
}

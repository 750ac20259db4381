//! Commands that write beside a service: they go through it by its socket, and do the work
//! themselves where none runs.

use std::path::Path;

use super::exit::{Failure, say, tell_operator};
use super::serve::{read_config, runtime, start_logging};
use super::service::Offline;
use super::system;
use crate::app::Progress;
use crate::control::{self, Reply, Request};

pub(super) fn run(config: &Path, request: &Request) -> Result<(), Failure> {
    start_logging();
    let world = system::world().map_err(Failure::job)?;
    let config = read_config(config, &world)?;
    let reply = runtime()?.block_on(async {
        let asked = control::ask(&config.store_folder, request, |line| tell_operator(line)).await;
        match asked.map_err(Failure::job)? {
            Some(reply) => Ok(reply),
            None => {
                let offline = Offline::open(config, world).await?;
                let reply = in_place(&offline, request).await;
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

async fn in_place(offline: &Offline, request: &Request) -> Reply {
    let (progress, mut lines) = Progress::channel();
    let show = async {
        while let Some(line) = lines.recv().await {
            tell_operator(line);
        }
    };
    let (reply, ()) = tokio::join!(control::carry_out(&offline.app, request, progress), show);
    reply
}

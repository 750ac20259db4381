//! The accept loop: bounds on connections and on how long a client may take, and an orderly end:
//! no new connections, answers in flight are finished, streams end at once, and requests that are sent
//! in part are not waited for.

use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;

use super::linger::Lingering;
use super::turn::{Heard, Turn};
use crate::world::Tasks;

/// The most connections of one address at a time; more wait to be accepted.
const MOST_CONNECTIONS: usize = 4_096;

/// Files that are not left to connections: the store, the views and their readers, and the calls of
/// gateways need some two hundred.
const OTHER_FILES: usize = 256;

/// How many files a process may usually have open, where the system does not tell.
const USUAL_FILES: usize = 1_024;

/// How long a client may take to send a request's head, and how long an idle connection is kept.
const HEAD_PATIENCE: Duration = Duration::from_secs(30);

/// The most bytes of a request's head.
const MOST_HEAD_BYTES: usize = 32 * 1024;

/// How long no connection is accepted after the system refused one (out of file descriptors, say).
const BACK_OFF: Duration = Duration::from_millis(100);

/// How long an answer in flight may take once the program winds down.
const LAST_PATIENCE: Duration = Duration::from_secs(9);

/// How long the rest of a request may take once the program winds down.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// An address that cannot be listened on.
#[derive(Debug, thiserror::Error)]
#[error("listening on {address}: {source}")]
pub struct ListenError {
    /// The address.
    pub address: SocketAddr,
    /// What the system says.
    pub source: io::Error,
}

/// An address of the configuration that cannot be listened on.
#[derive(Debug, thiserror::Error)]
#[error("{source}; another address is set by {setting}")]
pub struct ServeError {
    /// What sets the address.
    pub setting: &'static str,
    /// What went wrong.
    pub source: ListenError,
}

/// How many connections each of so many addresses may have at a time, so that the rest of the program
/// never lacks a file however many clients come.
fn most_connections(addresses: usize) -> usize {
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap_or_default();
    share(files_of(&limits), addresses)
}

fn share(files: usize, addresses: usize) -> usize {
    (files.saturating_sub(OTHER_FILES) / addresses.max(1)).clamp(16, MOST_CONNECTIONS)
}

/// The soft limit of open files (proc_pid_limits(5)).
fn files_of(limits: &str) -> usize {
    let line = limits
        .lines()
        .find_map(|line| line.strip_prefix("Max open files"));
    match line.and_then(|line| line.split_whitespace().next()) {
        Some("unlimited") => usize::MAX,
        Some(number) => number.parse().unwrap_or(USUAL_FILES),
        None => USUAL_FILES,
    }
}

/// How the names of an answer's headers are spelled over HTTP/1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HeaderNames {
    /// `wechatpay-serial`.
    Lowercase,
    /// `Wechatpay-Serial`, as the gateways spell theirs: some of their SDKs know no other spelling.
    TitleCase,
}

/// Answers on an address with a router, until the program winds down; says on which address, for
/// port 0 is a free one. It listens when this returns; the program listens on so many `addresses` in
/// all, which share the connections.
///
/// # Errors
///
/// Where the port is taken, or the address is not this machine's.
pub async fn serve_router(
    tasks: &Tasks,
    address: SocketAddr,
    router: Router,
    names: HeaderNames,
    addresses: usize,
) -> Result<SocketAddr, ListenError> {
    let failed = |source| ListenError { address, source };
    let socket = TcpListener::bind(address).await.map_err(failed)?;
    let listened_on = socket.local_addr().map_err(failed)?;
    let most = most_connections(addresses);
    tasks.spawn(accept(socket, (router, names), tasks.clone(), most));
    Ok(listened_on)
}

type Answerer = (Router, HeaderNames);

async fn accept(socket: TcpListener, answerer: Answerer, tasks: Tasks, most: usize) {
    let places = Arc::new(Semaphore::new(most));
    loop {
        let next = async {
            let place = Arc::clone(&places).acquire_owned().await;
            (place, socket.accept().await)
        };
        let (place, accepted) = tokio::select! {
            next = next => next,
            () = tasks.stopping() => return,
        };
        match accepted {
            Ok((stream, _)) => {
                let answering = answer(stream, answerer.clone(), tasks.clone());
                tasks.spawn(async move {
                    answering.await;
                    drop(place);
                });
            }
            Err(error) if concerns_one_client(&error) => {}
            Err(error) => {
                tracing::warn!(%error, "no connection can be accepted");
                tokio::time::sleep(BACK_OFF).await;
            }
        }
    }
}

/// A client that went away before it was accepted is no reason to wait.
fn concerns_one_client(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionRefused
            | io::ErrorKind::ConnectionReset
    )
}

async fn answer(stream: TcpStream, (router, names): Answerer, tasks: Tasks) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "a connection could not be set to answer at once");
    }
    let turn = Turn::new();
    let service = {
        let (router, turn) = (TowerToHyperService::new(router), turn.clone());
        service_fn(move |request: Request<Incoming>| {
            router.call(request.map(|body| Heard::new(body, turn.clone())))
        })
    };
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_PATIENCE)
        .max_buf_size(MOST_HEAD_BYTES)
        .title_case_headers(names == HeaderNames::TitleCase)
        .serve_connection(TokioIo::new(Lingering::new(stream, turn.clone())), service);
    let mut connection = pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = tasks.stopping() => {
            connection.as_mut().graceful_shutdown();
            tokio::select! {
                ended = connection => ended,
                // A client that says no more, or takes no answer, does not keep the program from its end.
                () = last_patience(&turn) => return,
            }
        }
    };
    if let Err(error) = ended {
        // Clients break off, and speak no HTTP; that is no news to an operator.
        tracing::debug!(%error, "a connection broke off");
    }
}

/// Ends when a connection of a program that winds down is waited for no longer.
async fn last_patience(turn: &Turn) {
    tokio::time::sleep(LAST_WORDS).await;
    if turn.owes_an_answer() {
        tokio::time::sleep(LAST_PATIENCE.saturating_sub(LAST_WORDS)).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_leave_files_to_everything_else() {
        let limits = |soft: &str| {
            format!("Limit  Soft Limit  Hard Limit  Units\nMax open files  {soft}  524288  files\n")
        };
        assert_eq!(share(files_of(&limits("1024")), 1), 768);
        assert_eq!(share(files_of(&limits("1024")), 3), 256);
        assert_eq!(share(files_of(&limits("524288")), 3), MOST_CONNECTIONS);
        assert_eq!(share(files_of(&limits("unlimited")), 1), MOST_CONNECTIONS);
        assert_eq!(share(files_of(&limits("64")), 1), 16);
        assert_eq!(files_of(""), USUAL_FILES);
    }
}

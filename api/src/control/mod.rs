//! The socket in the store's folder, by which a command that writes goes through the service that
//! runs: one process alone writes a sqlite store. A request is a line of JSON, and behind it the bytes
//! that it is about, where there are some; the answer is lines of progress and a last one.

mod socket;
mod spool;
mod wire;

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use payfold_projections::View;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};

pub(crate) use socket::{SocketError, check_length};
pub use wire::Mode;
pub(crate) use wire::{Reply, Request};

use payfold_domain::AccountName;

use crate::app::{App, AskedBill, BillError, Progress};
use socket::{failed, socket};

/// How long a request may be, in bytes.
const REQUEST_BYTES: u64 = 64 * 1024;

/// How long a request may take to arrive.
const REQUEST_PATIENCE: Duration = Duration::from_secs(5);

/// Takes requests until the program stops. Whoever may write the folder may ask.
pub(crate) fn listen(folder: &Path, app: &Arc<App>) -> Result<(), SocketError> {
    let path = socket(folder);
    // The store's lock is held, so a socket that lies here is a dead process's.
    match std::fs::remove_file(&path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            return Err(failed(folder, "removing the one of before")(error));
        }
        Ok(()) | Err(_) => {}
    }
    let listener = UnixListener::bind(&path).map_err(failed(folder, "listening on it"))?;
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600))
        .map_err(failed(folder, "keeping it for its owner"))?;
    let tasks = app.world.tasks.clone();
    let (app, folder) = (Arc::clone(app), folder.to_owned());
    tasks.clone().spawn(async move {
        tokio::select! {
            () = accept(&listener, &app, &folder) => {}
            () = tasks.stopping() => {}
        }
    });
    Ok(())
}

async fn accept(listener: &UnixListener, app: &Arc<App>, folder: &Path) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                let (app, folder) = (Arc::clone(app), folder.to_owned());
                let tasks = app.world.tasks.clone();
                tasks.clone().spawn(async move {
                    let answered = tokio::select! {
                        answered = answer(stream, &app, &folder) => answered,
                        () = tasks.stopping() => Ok(()),
                    };
                    if let Err(error) = answered {
                        tracing::debug!(%error, "a control connection broke");
                    }
                });
            }
            Err(error) => {
                tracing::warn!(%error, "the control socket takes no connection now");
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        }
    }
}

async fn answer(stream: UnixStream, app: &App, folder: &Path) -> io::Result<()> {
    let (reader, mut writer) = stream.into_split();
    let mut line = String::new();
    let mut reader = BufReader::new(reader.take(REQUEST_BYTES));
    match tokio::time::timeout(REQUEST_PATIENCE, reader.read_line(&mut line)).await {
        Ok(read) => read?,
        Err(_elapsed) => return Ok(()),
    };
    let (progress, mut lines) = Progress::channel();
    let work = async {
        match serde_json::from_str::<Request>(&line) {
            Ok(request) => {
                let attached = match request.attached() {
                    Some(bytes) => {
                        // What was read ahead counts.
                        let ahead = u64::try_from(reader.buffer().len()).unwrap_or(u64::MAX);
                        reader.get_mut().set_limit(bytes.saturating_sub(ahead));
                        let spooled = spool::take_in(&mut reader, bytes, folder, &app.world);
                        spooled.await.map(Some)
                    }
                    None => Ok(None),
                };
                match attached {
                    Ok(attached) => carry_out(app, &request, attached, progress).await,
                    Err(error) => Reply::Failed(format!("taking in what follows: {error}")),
                }
            }
            Err(error) => Reply::Failed(format!("the request cannot be read: {error}")),
        }
    };
    let mut work = std::pin::pin!(work);
    let last = loop {
        tokio::select! {
            biased;
            Some(line) = lines.recv() => send(&mut writer, &Reply::Progress(line)).await?,
            last = &mut work => break last,
        }
    };
    while let Ok(line) = lines.try_recv() {
        send(&mut writer, &Reply::Progress(line)).await?;
    }
    send(&mut writer, &last).await
}

async fn send(writer: &mut (impl AsyncWriteExt + Unpin), reply: &Reply) -> io::Result<()> {
    let mut line = serde_json::to_vec(reply)?;
    line.push(b'\n');
    writer.write_all(&line).await
}

/// Does what a request asks for, in the process that has the store, with the file that it is about.
pub(crate) async fn carry_out(
    app: &App,
    request: &Request,
    attached: Option<File>,
    progress: Progress,
) -> Reply {
    let done = match request {
        Request::Rebuild { views } => {
            let views: Vec<View> = views
                .iter()
                .filter_map(|name| View::from_name(name))
                .collect();
            app.rebuild(&views, &progress).await.map_err(told)
        }
        Request::Reread { since, mode } => app.reread(since, *mode, &progress).await.map_err(told),
        Request::ImportBill { account, mode, .. } => {
            import_bill(app, account, attached, *mode, &progress).await
        }
    };
    match done {
        Ok(line) => Reply::Done(line),
        Err(problem) => Reply::Failed(problem),
    }
}

async fn import_bill(
    app: &App,
    account: &str,
    bill: Option<File>,
    mode: Mode,
    progress: &Progress,
) -> Result<String, String> {
    let account = AccountName::new(account).map_err(told)?;
    let bill = bill.ok_or("found no bill behind the request, expected one")?;
    let asked = AskedBill::ByHand;
    let imported = app.import_bill(&account, bill, asked, mode, progress).await;
    imported
        .map(|report| report.to_string())
        .map_err(|error: BillError| told(error))
}

fn told(error: impl std::error::Error) -> String {
    error.to_string()
}

/// Asks the service that runs on the folder, gives it the file that it is asked about, and shows its
/// progress; `None` where none runs.
pub(crate) async fn ask(
    folder: &Path,
    request: &Request,
    attached: &mut Option<File>,
    mut show: impl FnMut(&str),
) -> Result<Option<Reply>, SocketError> {
    let stream = match UnixStream::connect(socket(folder)).await {
        Ok(stream) => stream,
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused
            ) =>
        {
            return Ok(None);
        }
        Err(error) => return Err(failed(folder, "connecting to it")(error)),
    };
    let asked = ask_over(stream, request, attached, &mut show).await;
    asked
        .map(Some)
        .map_err(failed(folder, "asking the service behind it"))
}

async fn ask_over(
    mut stream: UnixStream,
    request: &Request,
    attached: &mut Option<File>,
    show: &mut impl FnMut(&str),
) -> io::Result<Reply> {
    let mut line = serde_json::to_vec(request)?;
    line.push(b'\n');
    stream.write_all(&line).await?;
    if let Some(file) = attached {
        // A service that wants no more of it says why.
        match hand_over(&mut stream, file).await {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => return Err(error),
            Ok(()) | Err(_) => {}
        }
    }
    let mut lines = BufReader::new(stream).lines();
    while let Some(line) = lines.next_line().await? {
        match serde_json::from_str(&line)? {
            Reply::Progress(line) => show(&line),
            last @ (Reply::Done(_) | Reply::Failed(_)) => return Ok(last),
        }
    }
    Err(io::Error::new(
        io::ErrorKind::UnexpectedEof,
        "the service stopped before it was done",
    ))
}

async fn hand_over(stream: &mut UnixStream, file: &mut File) -> io::Result<()> {
    let mut chunk = vec![0; 64 * 1024];
    loop {
        match file.read(&mut chunk)? {
            0 => return Ok(()),
            read => stream.write_all(chunk.split_at(read).0).await?,
        }
    }
}

//! What follows a request: it is written to a file in the store's folder that has no name, so that
//! nothing of it is left, whatever happens.

use std::fs::{File, OpenOptions, remove_file};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt};

use crate::world::World;

/// How many bytes may follow a request.
pub(crate) const MOST_BYTES: u64 = 1024 * 1024 * 1024;

/// How many bytes are written at a time.
const CHUNK_BYTES: u64 = 1024 * 1024;

/// How long the next of them may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// Takes in exactly so many bytes.
pub(super) async fn take_in(
    reader: &mut (impl AsyncRead + Unpin),
    bytes: u64,
    folder: &Path,
    world: &World,
) -> io::Result<File> {
    if bytes > MOST_BYTES {
        let problem = format!("found {bytes} bytes, expected at most {MOST_BYTES}");
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, problem));
    }
    let mut file = without_name(folder, world)?;
    let mut left = bytes;
    while left > 0 {
        let mut chunk = Vec::new();
        let mut next = reader.take(left.min(CHUNK_BYTES));
        let read = tokio::time::timeout(PATIENCE, next.read_to_end(&mut chunk)).await??;
        if read == 0 {
            let problem = format!("{left} bytes of {bytes} did not come");
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, problem));
        }
        left -= u64::try_from(read).unwrap_or(left).min(left);
        let writing = move || file.write_all(&chunk).map(|()| file);
        file = world
            .tasks
            .blocking(writing)
            .await
            .map_err(io::Error::other)??;
    }
    Ok(file)
}

fn without_name(folder: &Path, world: &World) -> io::Result<File> {
    let path = folder.join(format!("spool-{}", world.id().simple()));
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&path)?;
    remove_file(&path)?;
    Ok(file)
}

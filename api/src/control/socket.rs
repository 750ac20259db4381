//! Where the socket lies, and whether the system takes a path of that length.

use std::io;
use std::path::{Path, PathBuf};

/// How long a socket's path may be, in bytes: `sun_path` without its end.
const LONGEST: usize = if cfg!(target_os = "linux") { 107 } else { 103 };

/// Why there is no socket.
#[derive(Debug, thiserror::Error)]
#[error("the control socket {path}: {doing}: {source}")]
pub(crate) struct SocketError {
    path: PathBuf,
    doing: &'static str,
    source: io::Error,
}

/// A folder whose socket no system would take.
#[derive(Debug, thiserror::Error)]
#[error("the control socket there, {path}, is a path of {found} bytes, expected at most {LONGEST}")]
pub(crate) struct TooLong {
    path: PathBuf,
    found: usize,
}

/// The socket of the store in that folder.
pub(super) fn socket(folder: &Path) -> PathBuf {
    folder.join("control.sock")
}

/// Whether the store's folder can have a socket.
pub(crate) fn check_length(folder: &Path) -> Result<(), TooLong> {
    let path = socket(folder);
    let found = path.as_os_str().len();
    if found > LONGEST {
        return Err(TooLong { path, found });
    }
    Ok(())
}

/// Says of which socket it failed, and what was being done.
pub(super) fn failed(folder: &Path, doing: &'static str) -> impl FnOnce(io::Error) -> SocketError {
    let path = socket(folder);
    move |source| SocketError {
        path,
        doing,
        source,
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::SocketAddr;

    use super::*;

    #[test]
    fn the_longest_path_is_the_one_that_the_system_still_takes() {
        for (more, is_taken) in [(0, true), (1, false)] {
            let folder = PathBuf::from("x".repeat(LONGEST - "/control.sock".len() + more));
            assert_eq!(check_length(&folder).is_ok(), is_taken);
            assert_eq!(SocketAddr::from_pathname(socket(&folder)).is_ok(), is_taken);
        }
    }
}

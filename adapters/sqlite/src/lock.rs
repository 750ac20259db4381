//! The lock by which one process has a store's folder for itself.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io;
use std::path::Path;

use crate::error::OpenError;

/// Held as long as it lives; the system lets go of it when the process ends, however it ends.
#[derive(Debug)]
pub(crate) struct FolderLock {
    _file: File,
}

impl FolderLock {
    /// Takes the lock on `folder`, made where there is none, or says that another process has it.
    pub(crate) fn take(folder: &Path) -> Result<Self, OpenError> {
        let failed = |doing| {
            move |source| OpenError::Folder {
                folder: folder.to_owned(),
                doing,
                source,
            }
        };
        make(folder).map_err(failed("making the folder"))?;
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(folder.join("lock"))
            .map_err(failed("opening the file lock"))?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => Err(OpenError::InUse {
                folder: folder.to_owned(),
            }),
            Err(TryLockError::Error(source)) => Err(failed("locking the file lock")(source)),
        }
    }
}

/// Makes the folder where there is none, for its owner alone: orders name people.
fn make(folder: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

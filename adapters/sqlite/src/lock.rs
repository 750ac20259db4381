//! The lock by which one process has a store's folder for itself.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::Path;

use crate::error::OpenError;

/// Held as long as it lives; the system lets go of it when the process ends, however it ends.
#[derive(Debug)]
pub(crate) struct FolderLock {
    _file: File,
}

impl FolderLock {
    /// Takes the lock on `folder`, or says that another process has it.
    pub(crate) fn take(folder: &Path) -> Result<Self, OpenError> {
        let failed = |doing| {
            move |source| OpenError::Folder {
                folder: folder.to_owned(),
                doing,
                source,
            }
        };
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

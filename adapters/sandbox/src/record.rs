//! What survives a restart where that is asked for: the books, the letters that wait, the faults, the
//! keys in use and the clock, in one file. The addresses of bills, good for minutes, do not.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use chrono::TimeDelta;
use rsa::sha2::{Digest as _, Sha256};
use serde::{Deserialize, Serialize};

use crate::sandbox::{Sandbox, State};

/// How many bytes of state are kept: some hundred thousand trades.
const MOST_BYTES: u64 = 256 * 1024 * 1024;

/// The form of the file.
const FORMAT: u32 = 1;

/// A file of which the state cannot be had, or to which it cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// The file, or the one beside it, is out of reach.
    #[error("keeping the sandbox's state in {path}: {doing}: {problem}")]
    File {
        /// Which one.
        path: PathBuf,
        /// What was tried.
        doing: &'static str,
        /// What happened.
        problem: io::Error,
    },
    /// Another sandbox keeps its state there.
    #[error("the state in {path} is in use by another sandbox")]
    InUse {
        /// Which one.
        path: PathBuf,
    },
    /// The file holds something else than a sandbox of these keys wrote. It was not changed.
    #[error(
        "the state in {path} is not this sandbox's: {problem}; the file was not changed: move it away to start with empty books"
    )]
    Content {
        /// Which one.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// There is more than is kept.
    #[error("the state for {path} has {bytes} bytes; at most {MOST_BYTES} are kept")]
    TooLarge {
        /// Which one.
        path: PathBuf,
        /// How much.
        bytes: u64,
    },
}

/// The file in which a sandbox's state survives a restart. One sandbox at a time has it.
pub struct StateFile {
    path: PathBuf,
    /// The hash of what stands in the file.
    written: Mutex<Option<[u8; 32]>>,
    _lock: File,
}

/// What stands in the file.
#[derive(Serialize, Deserialize)]
struct Record<S> {
    format: u32,
    app_id: String,
    mch_id: String,
    /// How far the sandbox's own clock is ahead of the true one.
    ahead_ms: i64,
    state: S,
}

/// What says whether the rest can be read.
#[derive(Deserialize)]
struct Head {
    format: u32,
}

impl StateFile {
    /// Opens the file for a sandbox, which goes on from what stands in it. Where there is none, the
    /// sandbox stays as it is and the file is made.
    ///
    /// # Errors
    /// Where the file is out of reach, in use, too large, or not of a sandbox with these keys; the
    /// sandbox and the file are then as before.
    pub fn open(path: &Path, sandbox: &Sandbox) -> Result<Self, StateError> {
        let file = Self {
            path: path.to_owned(),
            written: Mutex::new(None),
            _lock: locked(path)?,
        };
        if let Some(text) = file.read()? {
            sandbox
                .restore(&text)
                .map_err(|problem| StateError::Content {
                    path: path.to_owned(),
                    problem,
                })?;
        }
        file.save(sandbox)?;
        Ok(file)
    }

    /// Writes the state as it is now, whole or not at all; nothing where it stands there already.
    ///
    /// # Errors
    /// Where there is too much of it, or the file cannot be written; it is then as before.
    pub fn save(&self, sandbox: &Sandbox) -> Result<(), StateError> {
        let mut written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        let text = sandbox
            .record()
            .map_err(|problem| self.failed("writing it as JSON")(problem.into()))?;
        let bytes = u64::try_from(text.len()).unwrap_or(u64::MAX);
        if bytes > MOST_BYTES {
            let path = self.path.clone();
            return Err(StateError::TooLarge { path, bytes });
        }
        let hash: [u8; 32] = Sha256::digest(&text).into();
        if *written == Some(hash) {
            return Ok(());
        }
        let new = beside(&self.path, ".new");
        let mut file = File::create(&new).map_err(self.failed("making the file beside it"))?;
        file.write_all(&text)
            .and_then(|()| file.sync_all())
            .map_err(self.failed("writing the file beside it"))?;
        fs::rename(&new, &self.path).map_err(self.failed("putting the new file in its place"))?;
        *written = Some(hash);
        Ok(())
    }

    fn read(&self) -> Result<Option<Vec<u8>>, StateError> {
        let file = match File::open(&self.path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(self.failed("opening it")(error)),
        };
        let mut text = Vec::new();
        let read = file.take(MOST_BYTES + 1).read_to_end(&mut text);
        let bytes = read.map_err(self.failed("reading it"))?;
        match u64::try_from(bytes) {
            Ok(bytes) if bytes <= MOST_BYTES => Ok(Some(text)),
            Ok(_) | Err(_) => Err(StateError::Content {
                path: self.path.clone(),
                problem: format!("it has more than {MOST_BYTES} bytes"),
            }),
        }
    }

    fn failed(&self, doing: &'static str) -> impl Fn(io::Error) -> StateError {
        let path = self.path.clone();
        move |problem| StateError::File {
            path: path.clone(),
            doing,
            problem,
        }
    }
}

impl Sandbox {
    fn record(&self) -> Result<Vec<u8>, serde_json::Error> {
        let state = self.state();
        let ahead = self.schedule_now(&state) - self.now();
        serde_json::to_vec(&Record {
            format: FORMAT,
            app_id: self.keys().alipay.app_id.clone(),
            mch_id: self.keys().wechatpay.mch_id.clone(),
            ahead_ms: ahead.num_milliseconds(),
            state: &*state,
        })
    }

    /// Goes on from a record, or says what is wrong with it and stays as it is.
    fn restore(&self, text: &[u8]) -> Result<(), String> {
        let head: Head = serde_json::from_slice(text).map_err(|error| error.to_string())?;
        if head.format != FORMAT {
            let format = head.format;
            return Err(format!(
                "its format is {format}; this sandbox reads {FORMAT}"
            ));
        }
        let record: Record<State> =
            serde_json::from_slice(text).map_err(|error| error.to_string())?;
        let own = [
            ("app_id", &record.app_id, &self.keys().alipay.app_id),
            ("mch_id", &record.mch_id, &self.keys().wechatpay.mch_id),
        ];
        if let Some((name, got, expected)) = own.iter().find(|(_, got, own)| got != own) {
            return Err(format!("its {name} is {got}; expected {expected}"));
        }
        let ahead = TimeDelta::try_milliseconds(record.ahead_ms.max(0));
        let ahead = ahead.ok_or("its clock is too far ahead")?;
        *self.state() = record.state.resumed(ahead);
        self.wake();
        Ok(())
    }
}

fn locked(path: &Path) -> Result<File, StateError> {
    let failed = |doing| {
        move |problem| StateError::File {
            path: path.to_owned(),
            doing,
            problem,
        }
    };
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(beside(path, ".lock"))
        .map_err(failed("making the lock beside it"))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(StateError::InUse {
            path: path.to_owned(),
        }),
        Err(TryLockError::Error(problem)) => Err(failed("locking it")(problem)),
    }
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}
